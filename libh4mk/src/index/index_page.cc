// SPDX-License-Identifier: MIT
#include "index/index_page.h"

#include <algorithm>
#include <numeric>

#include "chunk/chunk_format.h"
#include "cluster/column.h"

namespace h4mk {
namespace {

constexpr uint32_t kPageMagic = Tag("H4TP");
constexpr uint32_t kTopMagic = Tag("H4TT");
constexpr uint32_t kTailMagic = Tag("H4TL");
constexpr size_t kTopFirstCluster = 12;  // behind the magic and the distance to the end
constexpr size_t kTopPageCount = kTopFirstCluster + 3 * sizeof(uint64_t);

// core.md, "Totals": which of the three times follow, and what else is known.
constexpr uint8_t kHasStart = 0x1, kHasFirstDts = 0x2, kHasEnd = 0x4;
constexpr uint8_t kNotAllKey = 0x8, kStartsWithOther = 0x10, kOverlaps = 0x20;

// A distance back from the chunk at `from`; 0 says "none".
void AppendDistance(Bytes& out, uint64_t from, uint64_t to) {
  AppendLe(out,
           to == 0 ? int64_t{0} : WrapSub(static_cast<int64_t>(from), static_cast<int64_t>(to)));
}

// Offset that a distance leads to; 0 for none. Fails the reader if it lies outside of any file.
uint64_t ReadDistance(ByteReader& reader, uint64_t from) {
  const auto distance = reader.Le<int64_t>();
  if (distance == 0) return 0;
  const int64_t to = WrapSub(static_cast<int64_t>(from), distance);
  if (to < static_cast<int64_t>(kFileHeaderSize)) reader.Fail();
  return reader.failed() ? 0 : static_cast<uint64_t>(to);
}

void AppendTotals(Bytes& out, const TrackTotals& totals) {
  out.push_back(static_cast<uint8_t>(
      (totals.start_pts != kNoTime ? kHasStart : 0) |
      (totals.first_dts != kNoTime ? kHasFirstDts : 0) | (totals.end_pts != kNoTime ? kHasEnd : 0) |
      (totals.all_key ? 0 : kNotAllKey) | (totals.starts_with_key ? 0 : kStartsWithOther) |
      (totals.overlaps ? kOverlaps : 0)));
  AppendVarint(out, totals.blocks);
  AppendVarint(out, totals.hidden);
  AppendVarint(out, totals.bytes);
  for (int64_t time : {totals.start_pts, totals.first_dts, totals.end_pts})
    if (time != kNoTime) AppendSigned(out, time);
}

TrackTotals ReadTotals(ByteReader& reader) {
  TrackTotals totals;
  const auto known = reader.Le<uint8_t>();
  totals.blocks = reader.Varint();
  totals.hidden = reader.Varint();
  totals.bytes = reader.Varint();
  if (totals.hidden > totals.blocks) reader.Fail();
  if (known & kHasStart) totals.start_pts = reader.Signed();
  if (known & kHasFirstDts) totals.first_dts = reader.Signed();
  if (known & kHasEnd) totals.end_pts = reader.Signed();
  totals.all_key = !(known & kNotAllKey);
  totals.starts_with_key = !(known & kStartsWithOther);
  totals.overlaps = known & kOverlaps;
  return totals;
}

bool ReadDeltas(ByteReader& reader, std::span<int64_t> values) {
  if (values.empty()) return !reader.failed();
  values[0] = reader.Signed();
  if (!ReadColumn(reader, values.subspan(1))) return false;
  for (size_t i = 1; i < values.size(); ++i) values[i] = WrapAdd(values[i], values[i - 1]);
  return true;
}

void AppendDifferences(Bytes& out, const Values& high, const Values& low) {
  Values values(high.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = WrapSub(high[i], low[i]);
  AppendColumn(out, values);
}

bool ReadDifferences(ByteReader& reader, Values& high, const Values& low) {
  high.resize(low.size());
  if (!ReadColumn(reader, high)) return false;
  for (size_t i = 0; i < high.size(); ++i) high[i] = WrapAdd(high[i], low[i]);
  return true;
}

// Whether these are positions, rising, in something with so many places.
bool ArePositions(const Values& positions, size_t places) {
  int64_t before = -1;
  for (int64_t position : positions) {
    if (position <= before || position >= static_cast<int64_t>(places)) return false;
    before = position;
  }
  return true;
}

// The first time of the span that each entry of key_span is for.
Values SpanTimes(const PageTrack& track) {
  Values times(track.keys());
  for (size_t i = 0; i < times.size(); ++i)
    times[i] = track.first_time[static_cast<size_t>(track.key_span[i])];
  return times;
}

void AppendPageTrack(Bytes& out, const PageTrack& track) {
  AppendVarint(out, track.spans());
  AppendDeltas(out, track.cluster);
  AppendColumn(out, track.blocks);
  AppendColumn(out, track.hidden);
  AppendDeltas(out, track.first_time);
  AppendVarint(out, track.keys());
  AppendDeltas(out, track.key_span);
  AppendDifferences(out, track.first_key, SpanTimes(track));
  AppendDifferences(out, track.last_key, track.first_key);
  AppendVarint(out, track.times.size());
  AppendBytes(out, track.times);
}

// How much the tracks of a page may still have, so that a hostile page makes no more work than the
// file has bytes.
struct PageRoom {
  IndexBudget* budget;  // null: there is no other bound
  uint64_t spans = kMaxPageSpans;
  Values blocks{};  // by cluster
};

bool ReadSpans(ByteReader& reader, PageRoom& room, PageTrack* track) {
  const uint64_t spans = reader.Varint();
  if (reader.failed() || spans > room.blocks.size() || spans > room.spans) return false;
  if (room.budget != nullptr && !room.budget->TakeValues(spans)) return false;
  room.spans -= spans;
  const auto count = static_cast<size_t>(spans);
  for (Values* values : {&track->cluster, &track->blocks, &track->hidden, &track->first_time})
    values->resize(count);
  if (!ReadDeltas(reader, track->cluster) || !ReadColumn(reader, track->blocks) ||
      !ReadColumn(reader, track->hidden) || !ReadDeltas(reader, track->first_time) ||
      !ArePositions(track->cluster, room.blocks.size()))
    return false;
  for (size_t i = 0; i < count; ++i) {
    int64_t& left = room.blocks[static_cast<size_t>(track->cluster[i])];
    const int64_t blocks = track->blocks[i], hidden = track->hidden[i];
    if (blocks < 1 || blocks > left || hidden < 0 || hidden > blocks) return false;
    left -= blocks;
  }
  return true;
}

bool ReadKeys(ByteReader& reader, PageTrack* track) {
  const uint64_t keys = reader.Varint();
  if (reader.failed() || keys > track->spans()) return false;
  track->key_span.resize(static_cast<size_t>(keys));
  return ReadDeltas(reader, track->key_span) && ArePositions(track->key_span, track->spans()) &&
         ReadDifferences(reader, track->first_key, SpanTimes(*track)) &&
         ReadDifferences(reader, track->last_key, track->first_key);
}

bool ReadPageTrack(ByteReader& reader, PageRoom& room, PageTrack* track) {
  if (!ReadSpans(reader, room, track) || !ReadKeys(reader, track)) return false;
  const ByteSpan times = reader.Take(reader.Varint());
  track->times.assign(times.begin(), times.end());
  return !reader.failed();
}

// The offsets of clusters, and how many blocks each can hold at most: every block takes a byte of
// it.
bool ReadClusters(ByteReader& reader, uint64_t chunk_offset, uint64_t file_size, IndexPage* page,
                  PageRoom* room) {
  const uint64_t first = ReadDistance(reader, chunk_offset);
  const uint64_t cluster_count = reader.Varint();
  if (reader.failed() || cluster_count > kMaxPageClusters || (cluster_count > 0 && first == 0))
    return false;
  if (cluster_count > file_size / kMinClusterSize) return false;
  if (room->budget != nullptr && !room->budget->TakeValues(cluster_count)) return false;
  Values sizes(cluster_count > 0 ? static_cast<size_t>(cluster_count) - 1 : 0);
  if (!ReadColumn(reader, sizes)) return false;
  if (cluster_count == 0) return true;
  // A cluster stands before its page, but for copies that were put in front of the file.
  const uint64_t end = page->is_copy && first > chunk_offset ? file_size : chunk_offset;
  page->clusters.resize(sizes.size() + 1);
  room->blocks.resize(sizes.size() + 1);
  uint64_t at = first;
  for (size_t i = 0; i <= sizes.size(); ++i) {
    if (at > end) return false;
    const bool is_last = i == sizes.size();  // it may reach as far as its page
    const int64_t size = is_last ? static_cast<int64_t>(end - at) : sizes[i];
    if (size < kMinClusterSize || static_cast<uint64_t>(size) > end - at) return false;
    page->clusters[i] = at;
    room->blocks[i] = std::min<int64_t>(size, kMaxClusterBlocks);
    at += static_cast<uint64_t>(size);
  }
  return true;
}

// Whether what a page says of other chunks is what such a page can say.
bool ReadPageFront(ByteReader& reader, uint64_t chunk_offset, IndexPage* page) {
  if (reader.Le<uint32_t>() != kPageMagic) return false;
  const auto flags = reader.Le<uint8_t>();
  page->is_copy = flags & kPageIsCopy;
  page->previous = ReadDistance(reader, chunk_offset);
  page->trak = ReadDistance(reader, chunk_offset);
  page->meta = ReadDistance(reader, chunk_offset);
  if (reader.failed() || (flags & ~kPageIsCopy)) return false;
  if (page->is_copy) return page->previous == 0 && page->trak == 0 && page->meta == 0;
  return page->trak != 0 && (page->previous == 0 || page->previous < chunk_offset);  // no loops
}

}  // namespace

uint64_t PageTrack::frames() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < spans(); ++i) sum += static_cast<uint64_t>(frames(i));
  return sum;
}

bool PageTrack::ordered() const {
  for (size_t i = 0; i < keys(); ++i) {
    if (last_key[i] < first_key[i]) return false;
    if (i > 0 && first_key[i] <= last_key[i - 1]) return false;
  }
  return true;
}

bool PageTrack::DecodeTimes(Values* out) const {
  out->resize(static_cast<size_t>(frames()));
  ByteReader reader{ByteSpan(times)};
  return !times.empty() && ReadDeltas(reader, *out);
}

uint64_t IndexPage::span_count() const {
  uint64_t count = 0;
  for (const PageTrack& track : tracks) count += track.spans();
  return count;
}

PageRef Summarize(const IndexPage& page, uint64_t offset, uint64_t size, const PageRef* before) {
  PageRef ref{offset, size, page.clusters.size(), {}};
  for (const PageTrack& track : page.tracks) {
    const size_t number = ref.tracks.size();
    PageRef::Track& summary = ref.tracks.emplace_back();
    // A track that came later is not in earlier pages.
    if (before != nullptr && number < before->tracks.size()) {
      summary.first_time = before->tracks[number].first_time;
      summary.first_key = summary.last_key = before->tracks[number].first_key;
    }
    bool any = false;
    for (size_t i = 0; i < track.spans(); ++i) {
      summary.blocks += static_cast<uint64_t>(track.blocks[i]);
      summary.hidden += static_cast<uint64_t>(track.hidden[i]);
      if (track.frames(i) == 0) continue;
      summary.first_time =
          any ? std::min(summary.first_time, track.first_time[i]) : track.first_time[i];
      any = true;
    }
    summary.keys = track.keys();
    summary.ordered = track.ordered();
    if (summary.keys == 0) continue;
    summary.first_key = *std::min_element(track.first_key.begin(), track.first_key.end());
    summary.last_key = *std::max_element(track.last_key.begin(), track.last_key.end());
  }
  return ref;
}

void AppendDeltas(Bytes& out, Values values) {
  if (values.empty()) return;
  AppendSigned(out, values[0]);
  for (size_t i = values.size() - 1; i > 0; --i) values[i] = WrapSub(values[i], values[i - 1]);
  AppendColumn(out, std::span(values).subspan(1));
}

// core.md, "Page".
Bytes EncodePage(const IndexPage& page, const TrackIds& tracks, uint64_t chunk_offset) {
  Bytes out;
  AppendLe(out, kPageMagic);
  out.push_back(page.is_copy ? kPageIsCopy : 0);
  AppendDistance(out, chunk_offset, page.previous);
  AppendDistance(out, chunk_offset, page.trak);
  AppendDistance(out, chunk_offset, page.meta);
  AppendDistance(out, chunk_offset, page.clusters.empty() ? 0 : page.clusters[0]);
  AppendVarint(out, page.clusters.size());
  Values sizes;
  for (size_t i = 1; i < page.clusters.size(); ++i)
    sizes.push_back(static_cast<int64_t>(page.clusters[i] - page.clusters[i - 1]));
  AppendColumn(out, sizes);
  AppendVarint(out, page.tracks.size());
  for (size_t i = 0; i < page.tracks.size(); ++i) {
    AppendVarint(out, tracks.id(i));
    AppendPageTrack(out, page.tracks[i]);
    AppendTotals(out, page.totals[i]);
  }
  return out;
}

Bytes CopyOfPage(Bytes payload, uint64_t from, uint64_t to, uint64_t clusters_moved) {
  payload[kPageFlags] |= kPageIsCopy;
  for (const size_t at : {kPagePrevious, kPageTrak, kPageMeta})
    StoreLe(payload.data() + at, int64_t{0});
  const auto distance = LoadLe<int64_t>(payload.data() + kPageFirstCluster);
  if (distance != 0)
    StoreLe(payload.data() + kPageFirstCluster,
            WrapAdd(distance, static_cast<int64_t>(to - from - clusters_moved)));
  return payload;
}

bool DecodePage(ByteSpan payload, const TrackIds& tracks, uint64_t chunk_offset, uint64_t file_size,
                IndexPage* page, IndexBudget* budget) {
  if (budget != nullptr && !budget->TakePages(1, tracks.size())) return false;
  *page = IndexPage(tracks.size());
  ByteReader reader(payload);
  PageRoom room{budget};
  if (!ReadPageFront(reader, chunk_offset, page) ||
      !ReadClusters(reader, chunk_offset, file_size, page, &room))
    return false;
  const uint64_t track_count = reader.Varint();
  if (track_count > kMaxIndexTracks) return false;
  for (uint64_t i = 0; i < track_count && !reader.failed(); ++i) {
    const int32_t which = tracks.Find(reader.Varint());
    PageTrack track;
    if (!ReadPageTrack(reader, room, &track)) return false;
    const TrackTotals totals = ReadTotals(reader);
    if (which < 0) continue;
    PageTrack& known = page->tracks[static_cast<size_t>(which)];
    if (known.spans() > 0) return false;  // the same track twice
    known = std::move(track);
    page->totals[static_cast<size_t>(which)] = totals;
  }
  return !reader.failed();
}

// core.md, "Top".
Bytes EncodeTop(const IndexTop& top, const TrackIds& tracks, uint64_t chunk_offset) {
  Bytes out;
  AppendLe(out, kTopMagic);
  AppendLe(out, top.file_size - chunk_offset);
  AppendDistance(out, chunk_offset, top.first_cluster);
  AppendDistance(out, chunk_offset, top.trak);
  AppendDistance(out, chunk_offset, top.meta);
  AppendVarint(out, top.pages.size());
  Values values;
  const auto of_pages = [&](const auto& value) -> const Values& {
    values.clear();
    for (const PageRef& page : top.pages) values.push_back(static_cast<int64_t>(value(page)));
    return values;
  };
  AppendDeltas(out, of_pages([&](const PageRef& page) { return chunk_offset - page.offset; }));
  AppendColumn(out, of_pages([](const PageRef& page) { return page.size; }));
  AppendColumn(out, of_pages([](const PageRef& page) { return page.clusters; }));
  AppendVarint(out, tracks.size());
  for (size_t i = 0; i < tracks.size(); ++i) {
    using Track = PageRef::Track;
    const auto of_track = [&](const auto& value) -> const Values& {
      return of_pages([&](const PageRef& page) { return value(page.tracks[i]); });
    };
    AppendVarint(out, tracks.id(i));
    AppendColumn(out, of_track([](const Track& track) { return track.blocks; }));
    AppendColumn(out, of_track([](const Track& track) { return track.hidden; }));
    AppendDeltas(out, of_track([](const Track& track) { return track.first_time; }));
    AppendColumn(out, of_track([](const Track& track) { return track.keys; }));
    AppendDeltas(out, of_track([](const Track& track) { return track.first_key; }));
    AppendColumn(
        out, of_track([](const Track& track) { return WrapSub(track.last_key, track.first_key); }));
    AppendColumn(out, of_track([](const Track& track) { return track.ordered ? 0 : 1; }));
    AppendTotals(out, top.totals[i]);
  }
  return out;
}

namespace {

// What the top says of one track; by page.
struct TopTrack {
  Values blocks, hidden, first_time, keys, first_key, last_key, unordered;
  TrackTotals totals;
};

bool ReadTopTrack(ByteReader& reader, size_t pages, TopTrack* track) {
  for (Values* values : {&track->blocks, &track->hidden, &track->first_time, &track->keys,
                         &track->first_key, &track->unordered})
    values->resize(pages);
  if (!ReadColumn(reader, track->blocks) || !ReadColumn(reader, track->hidden) ||
      !ReadDeltas(reader, track->first_time) || !ReadColumn(reader, track->keys) ||
      !ReadDeltas(reader, track->first_key) ||
      !ReadDifferences(reader, track->last_key, track->first_key) ||
      !ReadColumn(reader, track->unordered))
    return false;
  track->totals = ReadTotals(reader);
  return !reader.failed();
}

// *room is how many blocks the file may still have.
bool IsTopTrackPossible(const TopTrack& track, const std::vector<PageRef>& pages, uint64_t* room) {
  for (size_t i = 0; i < pages.size(); ++i) {
    const auto clusters = static_cast<int64_t>(pages[i].clusters);
    const int64_t blocks = track.blocks[i], hidden = track.hidden[i], keys = track.keys[i];
    if (blocks < 0 || static_cast<uint64_t>(blocks) > *room || hidden < 0 || hidden > blocks ||
        keys < 0 || keys > clusters)
      return false;
    *room -= static_cast<uint64_t>(blocks);
  }
  return true;
}

bool ReadPageRefs(ByteReader& reader, uint64_t chunk_offset, size_t count, IndexTop* top) {
  Values offsets(count), sizes(count), clusters(count);
  if (!ReadDeltas(reader, offsets) || !ReadColumn(reader, sizes) || !ReadColumn(reader, clusters))
    return false;
  uint64_t room = top->file_size / kMinClusterSize;
  for (size_t i = 0; i < count; ++i) {
    const int64_t offset = WrapSub(static_cast<int64_t>(chunk_offset), offsets[i]);
    if (offset < static_cast<int64_t>(kFileHeaderSize) || sizes[i] <= 0 || sizes[i] > INT32_MAX ||
        clusters[i] < 0 || clusters[i] > kMaxPageClusters ||
        static_cast<uint64_t>(clusters[i]) > room)
      return false;
    room -= static_cast<uint64_t>(clusters[i]);
    offsets[i] = offset;
    top->pages.push_back({static_cast<uint64_t>(offset),
                          static_cast<uint64_t>(sizes[i]),
                          static_cast<uint64_t>(clusters[i]),
                          {}});
  }
  std::sort(offsets.begin(), offsets.end());
  return std::adjacent_find(offsets.begin(), offsets.end()) == offsets.end();  // none twice
}

}  // namespace

bool DecodeTop(ByteSpan payload, const TrackIds& tracks, uint64_t chunk_offset, IndexTop* top,
               IndexBudget* budget) {
  *top = IndexTop();
  if (!IsTop(payload)) return false;
  top->file_size = FileSizeOfTop(payload, chunk_offset);
  if (top->file_size == 0) return false;
  ByteReader reader(payload);
  reader.Take(kTopFirstCluster);
  top->first_cluster = ReadDistance(reader, chunk_offset);
  top->trak = ReadDistance(reader, chunk_offset);
  top->meta = ReadDistance(reader, chunk_offset);
  const uint64_t page_count = reader.Varint();
  if (reader.failed() || page_count > kMaxTopCells / std::max<uint64_t>(tracks.size(), 1) ||
      (budget != nullptr && !budget->TakePages(page_count, tracks.size())) ||
      !ReadPageRefs(reader, chunk_offset, static_cast<size_t>(page_count), top))
    return false;
  top->totals.resize(tracks.size());
  for (PageRef& page : top->pages) page.tracks.resize(tracks.size());
  const uint64_t track_count = reader.Varint();
  if (track_count > kMaxIndexTracks || page_count * track_count > kMaxTopCells) return false;
  uint64_t room = top->file_size;
  TopTrack track;
  std::vector<bool> seen(tracks.size());
  for (uint64_t t = 0; t < track_count && !reader.failed(); ++t) {
    const int32_t which = tracks.Find(reader.Varint());
    if (!ReadTopTrack(reader, top->pages.size(), &track) ||
        !IsTopTrackPossible(track, top->pages, &room))
      return false;
    if (which < 0) continue;
    const auto known = static_cast<size_t>(which);
    if (seen[known]) return false;
    seen[known] = true;
    top->totals[known] = track.totals;
    for (size_t i = 0; i < top->pages.size(); ++i)
      top->pages[i].tracks[known] = {static_cast<uint64_t>(track.blocks[i]),
                                     static_cast<uint64_t>(track.hidden[i]),
                                     track.first_time[i],
                                     static_cast<uint64_t>(track.keys[i]),
                                     track.first_key[i],
                                     track.last_key[i],
                                     track.unordered[i] == 0};
  }
  return !reader.failed();
}

bool IsPage(ByteSpan payload) {
  return payload.size() >= 4 && LoadLe<uint32_t>(payload.data()) == kPageMagic;
}

bool IsTop(ByteSpan payload) {
  return payload.size() >= 4 && LoadLe<uint32_t>(payload.data()) == kTopMagic;
}

uint64_t FileSizeOfTop(ByteSpan payload, uint64_t chunk_offset) {
  ByteReader reader(payload);
  reader.Le<uint32_t>();  // what IsTop() has seen
  const auto to_end = reader.Le<uint64_t>();
  if (reader.failed() || chunk_offset > INT64_MAX || to_end > INT64_MAX - chunk_offset) return 0;
  return chunk_offset + to_end;
}

uint64_t PageCountOfTop(ByteSpan payload) {
  ByteReader reader(payload);
  reader.Take(kTopPageCount);
  return reader.Varint();
}

Bytes EncodeTail(const Tail& tail, uint64_t chunk_offset) {
  Bytes out;
  AppendLe(out, kTailMagic);
  AppendDistance(out, chunk_offset, tail.top);
  AppendLe(out, tail.top_size);
  return out;
}

bool DecodeTail(ByteSpan payload, uint64_t chunk_offset, Tail* tail) {
  ByteReader reader(payload);
  const bool magic = reader.Le<uint32_t>() == kTailMagic;
  tail->top = ReadDistance(reader, chunk_offset);
  tail->top_size = reader.Le<uint32_t>();
  return magic && !reader.failed() && tail->top != 0 && tail->top < chunk_offset &&
         tail->top_size <= chunk_offset - tail->top;
}

}  // namespace h4mk
