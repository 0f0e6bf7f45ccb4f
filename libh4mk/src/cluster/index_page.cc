// SPDX-License-Identifier: MIT
#include "cluster/index_page.h"

#include <algorithm>

#include "chunk/chunk_format.h"
#include "cluster/column.h"

namespace h4mk {
namespace {

constexpr uint32_t kPageMagic = Tag("H4TP");
constexpr uint32_t kTopMagic = Tag("H4TT");
constexpr uint32_t kTailMagic = Tag("H4TL");

// core.md, "Page": which of the three times follow, and what else is known.
constexpr uint8_t kHasStart = 0x1, kHasFirstDts = 0x2, kHasEnd = 0x4;
constexpr uint8_t kNotAllKey = 0x8, kStartsWithOther = 0x10, kIrregular = 0x20;

// A distance back from the chunk at `from`; 0 says "none".
void AppendDistance(Bytes& out, uint64_t from, uint64_t to) {
  AppendLe(out, to == 0 ? int64_t{0} : WrapSub(static_cast<int64_t>(from), static_cast<int64_t>(to)));
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
  out.push_back(static_cast<uint8_t>((totals.start_pts != kNoTime ? kHasStart : 0) |
                                     (totals.first_dts != kNoTime ? kHasFirstDts : 0) |
                                     (totals.end_pts != kNoTime ? kHasEnd : 0) |
                                     (totals.all_key ? 0 : kNotAllKey) |
                                     (totals.starts_with_key ? 0 : kStartsWithOther) |
                                     (totals.regular ? 0 : kIrregular)));
  AppendVarint(out, totals.blocks);
  AppendVarint(out, totals.bytes);
  for (int64_t time : {totals.start_pts, totals.first_dts, totals.end_pts})
    if (time != kNoTime) AppendSigned(out, time);
}

TrackTotals ReadTotals(ByteReader& reader) {
  TrackTotals totals;
  const auto known = reader.Le<uint8_t>();
  totals.blocks = reader.Varint();
  totals.bytes = reader.Varint();
  if (known & kHasStart) totals.start_pts = reader.Signed();
  if (known & kHasFirstDts) totals.first_dts = reader.Signed();
  if (known & kHasEnd) totals.end_pts = reader.Signed();
  totals.all_key = !(known & kNotAllKey);
  totals.starts_with_key = !(known & kStartsWithOther);
  totals.regular = !(known & kIrregular);
  return totals;
}

// Values as differences to the one before; the first stands alone.
void AppendDeltas(Bytes& out, std::vector<int64_t> values) {
  if (values.empty()) return;
  AppendSigned(out, values[0]);
  for (size_t i = values.size() - 1; i > 0; --i) values[i] = WrapSub(values[i], values[i - 1]);
  AppendColumn(out, std::span(values).subspan(1));
}

bool ReadDeltas(ByteReader& reader, std::span<int64_t> values) {
  if (values.empty()) return !reader.failed();
  values[0] = reader.Signed();
  if (!ReadColumn(reader, values.subspan(1))) return false;
  for (size_t i = 1; i < values.size(); ++i) values[i] = WrapAdd(values[i], values[i - 1]);
  return true;
}

void AppendDifferences(Bytes& out, const std::vector<int64_t>& high,
                       const std::vector<int64_t>& low) {
  std::vector<int64_t> values(high.size());
  for (size_t i = 0; i < values.size(); ++i) values[i] = WrapSub(high[i], low[i]);
  AppendColumn(out, values);
}

bool ReadDifferences(ByteReader& reader, std::vector<int64_t>& high,
                     const std::vector<int64_t>& low) {
  high.resize(low.size());
  if (!ReadColumn(reader, high)) return false;
  for (size_t i = 0; i < high.size(); ++i) high[i] = WrapAdd(high[i], low[i]);
  return true;
}

// *room is how many entries the page may still have.
bool ReadPageTrack(ByteReader& reader, size_t cluster_count, uint64_t* room, PageTrack* track) {
  const uint64_t entries = reader.Varint();
  if (reader.failed() || entries > cluster_count || entries > *room) return false;
  *room -= entries;
  track->cluster.resize(static_cast<size_t>(entries));
  track->first_time.resize(track->cluster.size());
  if (!ReadDeltas(reader, track->cluster) || !ReadDeltas(reader, track->first_time) ||
      !ReadDifferences(reader, track->last_time, track->first_time))
    return false;
  int64_t before = -1;
  for (int64_t cluster : track->cluster) {
    if (cluster <= before || cluster >= static_cast<int64_t>(cluster_count)) return false;
    before = cluster;
  }
  return true;
}

}  // namespace

void TrackTotals::Add(const Block& block) {
  Add(block.pts, block.dts, block.duration, block.flags, block.data.size());
}

void TrackTotals::Add(const BlockRecord& block) {
  Add(block.pts, block.dts, block.duration, block.flags, block.size);
}

void TrackTotals::Add(int64_t pts, int64_t dts, int64_t duration, uint32_t flags, uint64_t size) {
  const int64_t time = SeekTime(pts, dts);
  const bool is_key = (flags & kBlockKey) && time != kNoTime;
  if (blocks == 0) {
    first_dts = dts;
    starts_with_key = is_key;
  }
  if (start_pts == kNoTime && !(flags & kBlockDiscard)) start_pts = pts;
  ++blocks;
  bytes += size;
  if (!is_key) all_key = false;
  if (time == kNoTime) return;
  CheckRegular(time, is_key);
  int64_t end = 0;
  if (__builtin_add_overflow(time, std::max<int64_t>(duration, 0), &end)) end = INT64_MAX;
  end_pts = end_pts == kNoTime ? end : std::max(end_pts, end);
}

// core.md, "Page": totals.
void TrackTotals::CheckRegular(int64_t time, bool is_key) {
  if (is_key) {
    if (max_time_ != kNoTime && max_time_ >= time) regular = false;
    key_before_ = last_key_;
    last_key_ = time;
  } else if (key_before_ != kNoTime && time <= key_before_) {
    regular = false;
  }
  max_time_ = std::max(max_time_, time);  // kNoTime is the smallest
}

bool SameTotals(const TrackTotals& a, const TrackTotals& b) {
  return a.blocks == b.blocks && a.bytes == b.bytes && a.start_pts == b.start_pts &&
         a.first_dts == b.first_dts && a.end_pts == b.end_pts && a.all_key == b.all_key &&
         a.starts_with_key == b.starts_with_key && a.regular == b.regular;
}

bool PageTrack::ordered() const {
  for (size_t i = 0; i < first_time.size(); ++i) {
    if (last_time[i] < first_time[i]) return false;
    if (i > 0 && first_time[i] <= last_time[i - 1]) return false;
  }
  return true;
}

uint64_t IndexPage::entry_count() const {
  uint64_t count = 0;
  for (const PageTrack& track : tracks) count += track.cluster.size();
  return count;
}

void IndexPage::AddKey(uint32_t track, int64_t time) {
  PageTrack& entries = tracks[track];
  const auto cluster = static_cast<int64_t>(clusters.size()) - 1;
  if (entries.cluster.empty() || entries.cluster.back() != cluster) {
    entries.cluster.push_back(cluster);
    entries.first_time.push_back(time);
    entries.last_time.push_back(time);
    return;
  }
  entries.first_time.back() = std::min(entries.first_time.back(), time);
  entries.last_time.back() = std::max(entries.last_time.back(), time);
}

PageRef Summarize(const IndexPage& page, uint64_t offset, uint64_t size) {
  PageRef ref{offset, size, page.clusters.size(), {}};
  for (const PageTrack& track : page.tracks) {
    PageRef::Track& summary = ref.tracks.emplace_back();
    summary.entries = track.cluster.size();
    summary.ordered = track.ordered();
    if (track.cluster.empty()) continue;
    summary.first_time = *std::min_element(track.first_time.begin(), track.first_time.end());
    summary.last_time = *std::max_element(track.last_time.begin(), track.last_time.end());
  }
  return ref;
}

// core.md, "Page".
Bytes EncodePage(const IndexPage& page, const TrackIds& tracks, uint64_t chunk_offset) {
  Bytes out;
  AppendLe(out, kPageMagic);
  AppendDistance(out, chunk_offset, page.previous);
  AppendDistance(out, chunk_offset, page.trak);
  AppendDistance(out, chunk_offset, page.meta);
  AppendDistance(out, chunk_offset, page.clusters.empty() ? 0 : page.clusters[0]);
  AppendVarint(out, page.clusters.size());
  std::vector<int64_t> sizes;
  for (size_t i = 1; i < page.clusters.size(); ++i)
    sizes.push_back(static_cast<int64_t>(page.clusters[i] - page.clusters[i - 1]));
  AppendColumn(out, sizes);
  AppendVarint(out, page.tracks.size());
  for (size_t i = 0; i < page.tracks.size(); ++i) {
    const PageTrack& track = page.tracks[i];
    AppendVarint(out, tracks.id(i));
    AppendVarint(out, track.cluster.size());
    AppendDeltas(out, track.cluster);
    AppendDeltas(out, track.first_time);
    AppendDifferences(out, track.last_time, track.first_time);
    AppendTotals(out, page.totals[i]);
  }
  return out;
}

bool DecodePage(ByteSpan payload, const TrackIds& tracks, uint64_t chunk_offset, IndexPage* page) {
  *page = IndexPage(tracks.size());
  ByteReader reader(payload);
  if (reader.Le<uint32_t>() != kPageMagic) return false;
  page->previous = ReadDistance(reader, chunk_offset);
  page->trak = ReadDistance(reader, chunk_offset);
  page->meta = ReadDistance(reader, chunk_offset);
  const uint64_t first = ReadDistance(reader, chunk_offset);
  const uint64_t cluster_count = reader.Varint();
  if (reader.failed() || cluster_count > kMaxPageClusters || (cluster_count > 0 && first == 0))
    return false;
  if (page->previous >= chunk_offset && page->previous != 0) return false;  // no loops
  std::vector<int64_t> sizes(cluster_count > 0 ? static_cast<size_t>(cluster_count) - 1 : 0);
  if (!ReadColumn(reader, sizes)) return false;
  if (cluster_count > 0) page->clusters.push_back(first);
  for (int64_t size : sizes) {
    // A cluster is smaller than 2^32 bytes, other chunks may lie between two.
    if (size <= 0 || size > INT64_MAX / 2 - static_cast<int64_t>(page->clusters.back()))
      return false;
    page->clusters.push_back(page->clusters.back() + static_cast<uint64_t>(size));
  }
  const uint64_t track_count = reader.Varint();
  uint64_t room = kMaxPageEntries;
  for (uint64_t i = 0; i < track_count && !reader.failed(); ++i) {
    PageTrack unknown;
    const int32_t which = tracks.Find(reader.Varint());
    PageTrack* track = which < 0 ? &unknown : &page->tracks[static_cast<size_t>(which)];
    if (!ReadPageTrack(reader, page->clusters.size(), &room, track)) return false;
    const TrackTotals totals = ReadTotals(reader);
    if (which >= 0) page->totals[static_cast<size_t>(which)] = totals;
  }
  return !reader.failed();
}

// core.md, "Top".
Bytes EncodeTop(const IndexTop& top, const TrackIds& tracks, uint64_t chunk_offset) {
  Bytes out;
  AppendLe(out, kTopMagic);
  AppendLe(out, top.file_size - chunk_offset);
  AppendDistance(out, chunk_offset, top.trak);
  AppendDistance(out, chunk_offset, top.meta);
  AppendVarint(out, top.pages.size());
  std::vector<int64_t> offsets, sizes, clusters;
  for (const PageRef& page : top.pages) {
    offsets.push_back(WrapSub(static_cast<int64_t>(chunk_offset), static_cast<int64_t>(page.offset)));
    sizes.push_back(static_cast<int64_t>(page.size));
    clusters.push_back(static_cast<int64_t>(page.clusters));
  }
  AppendDeltas(out, offsets);
  AppendColumn(out, sizes);
  AppendColumn(out, clusters);
  AppendVarint(out, tracks.size());
  for (size_t i = 0; i < tracks.size(); ++i) {
    std::vector<int64_t> entries, first, last, unordered;
    for (const PageRef& page : top.pages) {
      entries.push_back(static_cast<int64_t>(page.tracks[i].entries));
      first.push_back(page.tracks[i].first_time);
      last.push_back(page.tracks[i].last_time);
      unordered.push_back(page.tracks[i].ordered ? 0 : 1);
    }
    AppendVarint(out, tracks.id(i));
    AppendColumn(out, entries);
    AppendDeltas(out, first);
    AppendDifferences(out, last, first);
    AppendColumn(out, unordered);
    AppendTotals(out, top.totals[i]);
  }
  return out;
}

bool DecodeTop(ByteSpan payload, const TrackIds& tracks, uint64_t chunk_offset, IndexTop* top) {
  *top = IndexTop();
  ByteReader reader(payload);
  if (reader.Le<uint32_t>() != kTopMagic) return false;
  const auto to_end = reader.Le<uint64_t>();
  if (to_end > INT64_MAX - chunk_offset) return false;
  top->file_size = chunk_offset + to_end;
  top->trak = ReadDistance(reader, chunk_offset);
  top->meta = ReadDistance(reader, chunk_offset);
  const uint64_t page_count = reader.Varint();
  const uint64_t cells_a_page = std::max<uint64_t>(tracks.size(), 1);
  if (reader.failed() || page_count > kMaxTopCells / cells_a_page) return false;
  const auto count = static_cast<size_t>(page_count);
  std::vector<int64_t> offsets(count), sizes(count), clusters(count);
  if (!ReadDeltas(reader, offsets) || !ReadColumn(reader, sizes) || !ReadColumn(reader, clusters))
    return false;
  for (size_t i = 0; i < count; ++i) {
    const int64_t offset = WrapSub(static_cast<int64_t>(chunk_offset), offsets[i]);
    if (offset < static_cast<int64_t>(kFileHeaderSize) || sizes[i] <= 0 || sizes[i] > INT32_MAX ||
        clusters[i] < 0 || clusters[i] > kMaxPageClusters)
      return false;
    top->pages.push_back({static_cast<uint64_t>(offset), static_cast<uint64_t>(sizes[i]),
                          static_cast<uint64_t>(clusters[i]),
                          std::vector<PageRef::Track>(tracks.size())});
  }
  top->totals.resize(tracks.size());
  const uint64_t track_count = reader.Varint();
  std::vector<int64_t> entries(count), first(count), last, unordered(count);
  for (uint64_t t = 0; t < track_count && !reader.failed(); ++t) {
    const int32_t which = tracks.Find(reader.Varint());
    if (!ReadColumn(reader, entries) || !ReadDeltas(reader, first) ||
        !ReadDifferences(reader, last, first) || !ReadColumn(reader, unordered))
      return false;
    const TrackTotals totals = ReadTotals(reader);
    if (which < 0) continue;
    const auto track = static_cast<size_t>(which);
    top->totals[track] = totals;
    for (size_t i = 0; i < count; ++i) {
      if (entries[i] < 0 || entries[i] > clusters[i]) return false;
      top->pages[i].tracks[track] = {static_cast<uint64_t>(entries[i]), first[i], last[i],
                                     unordered[i] == 0};
    }
  }
  return !reader.failed();
}

bool IsPage(ByteSpan payload) {
  return payload.size() >= 4 && LoadLe<uint32_t>(payload.data()) == kPageMagic;
}

bool IsTop(ByteSpan payload) {
  return payload.size() >= 4 && LoadLe<uint32_t>(payload.data()) == kTopMagic;
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
