// SPDX-License-Identifier: MIT
#include "index/index.h"

#include <algorithm>
#include <numeric>

namespace h4mk {
namespace {

constexpr size_t kMaxCachedPages = 64;
constexpr uint64_t kMaxCachedEntries = 1u << 18;

// Roughly what a page takes in memory. Pages are dropped when they take too much together.
uint64_t EntryCount(const IndexPage& page) { return page.clusters.size() + page.span_count(); }

// Binary search in `count` places, of which some are empty: the place behind the last one for which
// `before` is true. REQUIRES: among the places that are not empty, before(i) is true up to some
// place, and false from there on.
template <typename Has, typename Before>
size_t PartitionPoint(size_t count, Has has, Before before) {
  size_t low = 0, high = count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    size_t probe = middle;  // places without anything take the place of the next one with something
    while (probe < high && !has(probe)) ++probe;
    if (probe < high && before(probe))
      low = probe + 1;
    else
      high = middle;
  }
  return low;
}

// The last place before one that has something; kNoPlace: none.
constexpr size_t kNoPlace = SIZE_MAX;
template <typename Has>
size_t LastBefore(size_t place, Has has) {
  while (place > 0)
    if (has(--place)) return place;
  return kNoPlace;
}

}  // namespace

Status ReadIndexPage(ChunkReader& chunks, uint64_t offset, const TrackIds& tracks,
                     uint64_t file_size, IndexPage* page, uint64_t* chunk_size,
                     IndexBudget* budget) {
  Bytes payload;
  H4MK_TRY(chunks.ReadChunk(offset, kTagIndex, &payload));
  *chunk_size = payload.size() + kChunkOverhead;
  if (DecodePage(payload, tracks, offset, file_size, page, budget)) return {};
  return Corrupt(offset, "index page contradicts itself");
}

void Index::Changed() {
  ++revision_;
  ordered_.clear();
  sums_.clear();
  times_page_ = SIZE_MAX;
}

void Index::Clear() {
  pages_.clear();
  cached_.clear();
  cached_entries_ = 0;
  Changed();
}

void Index::AddPage(PageRef ref) {
  pages_.push_back({std::move(ref), nullptr, false});
  Changed();
}

void Index::AddPage(IndexPage page) {
  Slot slot;
  slot.ref = Summarize(page, 0, 0, pages_.empty() ? nullptr : &pages_.back().ref);
  slot.page = std::make_unique<IndexPage>(std::move(page));
  slot.resident = true;
  pages_.push_back(std::move(slot));
  Changed();
}

void Index::ReplaceLastPage(IndexPage page) {
  pages_.pop_back();
  AddPage(std::move(page));
}

void Index::GrowTo(size_t tracks) {
  for (Slot& slot : pages_) {
    slot.ref.tracks.resize(tracks);
    if (slot.page) slot.page->GrowTo(tracks);
  }
  Changed();
}

uint64_t Index::keys(uint32_t track) const {
  uint64_t sum = 0;
  for (const Slot& slot : pages_) sum += slot.ref.tracks[track].keys;
  return sum;
}

uint64_t Index::bytes() const {
  uint64_t sum = 0;
  for (const Slot& slot : pages_) sum += slot.ref.size;
  return sum;
}

bool Index::Agrees(const IndexPage& page, const PageRef& ref) {
  if (page.clusters.size() != ref.clusters) return false;
  const auto sum = [](const Values& counts) {
    return static_cast<uint64_t>(std::reduce(counts.begin(), counts.end()));
  };
  for (size_t i = 0; i < ref.tracks.size(); ++i) {
    const PageTrack& track = page.tracks[i];
    const PageRef::Track& stated = ref.tracks[i];
    if (sum(track.blocks) != stated.blocks || sum(track.hidden) != stated.hidden ||
        track.keys() != stated.keys)
      return false;
  }
  return true;
}

Result<const IndexPage*> Index::Page(size_t number) {
  Slot& slot = pages_[number];
  if (slot.page != nullptr) return static_cast<const IndexPage*>(slot.page.get());
  auto page = std::make_unique<IndexPage>();
  uint64_t size = 0;
  H4MK_TRY(ReadIndexPage(chunks_, slot.ref.offset, tracks_, file_size_, page.get(), &size));
  if (size != slot.ref.size || !Agrees(*page, slot.ref))
    return Corrupt(slot.ref.offset, "index page contradicts the index top");
  MakeRoom();
  slot.page = std::move(page);
  cached_.push_back(number);
  cached_entries_ += EntryCount(*slot.page);
  return static_cast<const IndexPage*>(slot.page.get());
}

void Index::MakeRoom() {
  while (!cached_.empty() &&
         (cached_.size() >= kMaxCachedPages || cached_entries_ > kMaxCachedEntries)) {
    Slot& oldest = pages_[cached_.front()];
    cached_entries_ -= EntryCount(*oldest.page);
    oldest.page.reset();
    cached_.pop_front();
  }
}

Status Index::PageTimes(size_t number, uint32_t track, std::span<const int64_t>* times,
                        bool* stored) {
  *stored = true;
  if (times_page_ != number || times_track_ != track) {
    H4MK_ASSIGN(const IndexPage* page, Page(number));
    const PageTrack& spans = page->tracks[track];
    *stored = !spans.times.empty();
    if (!*stored) return {};
    times_page_ = SIZE_MAX;
    if (!spans.DecodeTimes(&times_))
      return Corrupt(pages_[number].ref.offset, "index page contradicts itself");
    times_page_ = number;
    times_track_ = track;
  }
  *times = times_;
  return {};
}

// ------------------------------------------------------------------------------------------------
// seek points

bool Index::IsOrdered(uint32_t track) {
  if (ordered_.empty()) ordered_.assign(tracks_.size(), -1);
  int8_t& known = ordered_[track];
  if (known >= 0) return known != 0;
  bool ordered = true;
  const PageRef::Track* before = nullptr;
  for (const Slot& slot : pages_) {
    const PageRef::Track& summary = slot.ref.tracks[track];
    if (summary.keys == 0) continue;
    ordered = ordered && summary.ordered && (!before || summary.first_key > before->last_key);
    before = &summary;
  }
  known = ordered ? 1 : 0;
  return ordered;
}

Status Index::Find(uint32_t track, int64_t time, bool backward, Found* found, ClusterRef* cluster) {
  if (IsOrdered(track)) return FindOrdered(track, time, backward, found, cluster);
  *found = Found::kMany;
  return {};
}

// Backward: the last entry with first_key <= time. Forward: the first entry with last_key >= time.
Status Index::FindOrdered(uint32_t track, int64_t time, bool backward, Found* found,
                          ClusterRef* cluster) {
  *found = Found::kNone;
  const auto has_keys = [&](size_t page) { return pages_[page].ref.tracks[track].keys > 0; };
  const auto before_answer = [&](int64_t first, int64_t last) {
    return backward ? first <= time : last < time;
  };
  size_t number = PartitionPoint(pages_.size(), has_keys, [&](size_t page) {
    const PageRef::Track& keys = pages_[page].ref.tracks[track];
    return before_answer(keys.first_key, keys.last_key);
  });
  if (backward) {
    number = LastBefore(number, has_keys);
    if (number == kNoPlace) return {};
  } else {
    while (number < pages_.size() && !has_keys(number)) ++number;
    if (number == pages_.size()) return {};
  }
  H4MK_ASSIGN(const IndexPage* page, Page(number));
  const PageTrack& spans = page->tracks[track];
  const size_t key = PartitionPoint(
      spans.keys(), [](size_t) { return true; },
      [&](size_t i) { return before_answer(spans.first_key[i], spans.last_key[i]); });
  if (backward ? key == 0 : key == spans.keys())
    return Corrupt(pages_[number].ref.offset, "index page contradicts the index top");
  *cluster = RefToKey(number, *page, track, backward ? key - 1 : key);
  *found = Found::kOne;
  return {};
}

// Times are not in order. A first pass finds the best time that some entry holds for certain. The
// second one visits every entry whose range may hold that time, or a better one.
Status Index::ForCandidates(uint32_t track, int64_t time, bool backward, const Visit& visit) {
  bool certain = false;
  int64_t best = 0;
  for (const bool visiting : {false, true}) {
    for (size_t p = 0; p < pages_.size(); ++p) {
      const PageRef::Track& summary = pages_[p].ref.tracks[track];
      if (summary.keys == 0 || (backward ? summary.first_key > time : summary.last_key < time))
        continue;
      H4MK_ASSIGN(const IndexPage* page, Page(p));
      const PageTrack& spans = page->tracks[track];
      for (size_t i = 0; i < spans.keys(); ++i) {
        const int64_t first = spans.first_key[i], last = spans.last_key[i];
        if (backward ? first > time : last < time) continue;
        if (!visiting) {
          const int64_t offer =
              backward ? (last <= time ? last : first) : (first >= time ? first : last);
          if (!certain || (backward ? offer > best : offer < best)) best = offer;
          certain = true;
        } else if (backward ? std::min(last, time) >= best : std::max(first, time) <= best) {
          H4MK_TRY(visit(RefToKey(p, *page, track, i)));
        }
      }
    }
  }
  return {};
}

Status Index::ForBetween(uint32_t track, int64_t from, int64_t to, const Visit& visit) {
  for (size_t p = 0; p < pages_.size(); ++p) {
    const PageRef::Track& summary = pages_[p].ref.tracks[track];
    if (summary.keys == 0 || summary.first_key > to || summary.last_key < from) continue;
    H4MK_ASSIGN(const IndexPage* page, Page(p));
    const PageTrack& spans = page->tracks[track];
    for (size_t i = 0; i < spans.keys(); ++i)
      if (spans.first_key[i] <= to && spans.last_key[i] >= from)
        H4MK_TRY(visit(RefToKey(p, *page, track, i)));
  }
  return {};
}

ClusterRef Index::RefTo(size_t page, const std::vector<uint64_t>& offsets, size_t cluster) {
  const uint64_t offset = offsets[cluster];
  return {page, cluster, offset, cluster + 1 < offsets.size() ? offsets[cluster + 1] - offset : 0};
}

ClusterRef Index::RefToKey(size_t number, const IndexPage& page, uint32_t track, size_t key) {
  const PageTrack& spans = page.tracks[track];
  const auto span = static_cast<size_t>(spans.key_span[key]);
  ClusterRef found = RefTo(number, page.clusters, static_cast<size_t>(spans.cluster[span]));
  found.time = spans.first_key[key];
  found.has_one_time = found.time == spans.last_key[key];
  return found;
}

Status Index::FindFirst(uint32_t track, ClusterRef* cluster, bool* found) {
  *found = false;
  for (size_t p = 0; p < pages_.size(); ++p) {
    if (pages_[p].ref.tracks[track].keys == 0) continue;
    H4MK_ASSIGN(const IndexPage* page, Page(p));
    *cluster = RefToKey(p, *page, track, 0);
    *found = true;
    return {};
  }
  return {};
}

Status Index::FindKeyBefore(uint32_t track, const ClusterRef& before, int64_t time,
                            ClusterRef* cluster, bool* found) {
  *found = false;
  for (size_t p = std::min(before.page + 1, pages_.size()); p-- > 0;) {
    const PageRef::Track& summary = pages_[p].ref.tracks[track];
    if (summary.keys == 0 || summary.first_key > time) continue;
    H4MK_ASSIGN(const IndexPage* page, Page(p));
    const PageTrack& spans = page->tracks[track];
    for (size_t key = spans.keys(); key-- > 0;) {
      if (spans.first_key[key] > time) continue;
      const ClusterRef candidate = RefToKey(p, *page, track, key);
      if (!(candidate < before)) continue;
      *cluster = candidate;
      *found = true;
      return {};
    }
  }
  return {};
}

// ---------------------------------------------------------------------------------------------------
// clusters

Status Index::First(ClusterRef* cluster, bool* found) {
  *cluster = {.page = 0, .cluster = SIZE_MAX};  // Next() goes on to number 0
  return Next(kAllTracks, cluster, found);
}

Status Index::Next(int64_t track_or_all, ClusterRef* cluster, bool* found) {
  *found = false;
  size_t next = cluster->cluster + 1;
  for (size_t p = cluster->page; p < pages_.size(); ++p, next = 0) {
    const PageRef& ref = pages_[p].ref;
    if (next >= ref.clusters) continue;
    if (track_or_all != kAllTracks && ref.tracks[static_cast<size_t>(track_or_all)].blocks == 0)
      continue;
    H4MK_ASSIGN(const IndexPage* page, Page(p));
    if (track_or_all != kAllTracks) {
      const Values& of_track = page->tracks[static_cast<size_t>(track_or_all)].cluster;
      const auto at = std::ranges::lower_bound(of_track, static_cast<int64_t>(next));
      if (at == of_track.end()) continue;
      next = static_cast<size_t>(*at);
    }
    *cluster = RefTo(p, page->clusters, next);
    *found = true;
    return {};
  }
  return {};
}

Status Index::Between(const ClusterRef& from, const ClusterRef& to, int64_t track_or_all,
                      std::vector<ClusterRef>* clusters) {
  for (size_t p = from.page; p < pages_.size(); ++p) {
    H4MK_ASSIGN(const IndexPage* page, Page(p));
    const std::vector<uint64_t>& offsets = page->clusters;
    const auto first =
        static_cast<size_t>(std::ranges::lower_bound(offsets, from.offset) - offsets.begin());
    const auto last =
        static_cast<size_t>(std::ranges::lower_bound(offsets, to.offset) - offsets.begin());
    if (track_or_all == kAllTracks) {
      for (size_t i = first; i < last; ++i) clusters->push_back(RefTo(p, offsets, i));
    } else {
      const Values& of_track = page->tracks[static_cast<size_t>(track_or_all)].cluster;
      const auto until = std::ranges::lower_bound(of_track, static_cast<int64_t>(last));
      for (auto i = std::ranges::lower_bound(of_track, static_cast<int64_t>(first)); i < until; ++i)
        clusters->push_back(RefTo(p, offsets, static_cast<size_t>(*i)));
    }
    if (last < offsets.size()) break;  // `to` is in this page
  }
  return {};
}

// ------------------------------------------------------------------------------------------ blocks
// and frames

const Index::Sums& Index::SumsOf(uint32_t track) {
  const auto known = sums_.find(track);
  if (known != sums_.end()) return known->second;
  Sums sums{{0}, {0}};
  for (const Slot& slot : pages_) {
    sums.blocks.push_back(sums.blocks.back() + slot.ref.tracks[track].blocks);
    sums.frames.push_back(sums.frames.back() + slot.ref.tracks[track].frames());
  }
  return sums_.emplace(track, std::move(sums)).first->second;
}

Status Index::SpanAt(uint32_t track, size_t number, size_t span, SpanRef* out) {
  const Sums& sums = SumsOf(track);
  H4MK_ASSIGN(const IndexPage* page, Page(number));
  const PageTrack& spans = page->tracks[track];
  *out = {RefTo(number, page->clusters, static_cast<size_t>(spans.cluster[span])),
          span,
          sums.blocks[number],
          sums.frames[number],
          0,
          0};
  for (size_t i = 0; i < span; ++i) {
    out->first_block += static_cast<uint64_t>(spans.blocks[i]);
    out->first_frame += static_cast<uint64_t>(spans.frames(i));
  }
  out->blocks = static_cast<uint64_t>(spans.blocks[span]);
  out->frames = static_cast<uint64_t>(spans.frames(span));
  return {};
}

Status Index::SpanOf(uint32_t track, uint64_t number, bool frames, SpanRef* span, bool* found) {
  const Sums& sums = SumsOf(track);
  const std::vector<uint64_t>& before = frames ? sums.frames : sums.blocks;
  *found = number < before.back();
  if (!*found) return {};
  const auto p = static_cast<size_t>(std::ranges::upper_bound(before, number) - before.begin()) - 1;
  H4MK_ASSIGN(const IndexPage* page, Page(p));
  const PageTrack& spans = page->tracks[track];
  uint64_t left = number - before[p];
  for (size_t i = 0; i < spans.spans(); ++i) {
    const auto here = static_cast<uint64_t>(frames ? spans.frames(i) : spans.blocks[i]);
    if (left < here) return SpanAt(track, p, i, span);
    left -= here;
  }
  return Corrupt(pages_[p].ref.offset, "index page contradicts the index top");
}

Status Index::SpanOfBlock(uint32_t track, uint64_t number, SpanRef* span, bool* found) {
  return SpanOf(track, number, /*frames=*/false, span, found);
}

Status Index::SpanOfFrame(uint32_t track, uint64_t number, SpanRef* span, bool* found) {
  return SpanOf(track, number, /*frames=*/true, span, found);
}

Status Index::SpanAtTime(uint32_t track, int64_t time, SpanRef* span, bool* found) {
  const auto has_frames = [&](size_t p) { return pages_[p].ref.tracks[track].frames() > 0; };
  const size_t p = LastBefore(
      PartitionPoint(pages_.size(), has_frames,
                     [&](size_t i) { return pages_[i].ref.tracks[track].first_time <= time; }),
      has_frames);
  *found = p != kNoPlace;
  if (!*found) return {};
  H4MK_ASSIGN(const IndexPage* page, Page(p));
  const PageTrack& spans = page->tracks[track];
  const auto shows = [&](size_t i) { return spans.frames(i) > 0; };
  const size_t at = LastBefore(
      PartitionPoint(spans.spans(), shows, [&](size_t i) { return spans.first_time[i] <= time; }),
      shows);
  if (at == kNoPlace) return Corrupt(pages_[p].ref.offset, "index page contradicts the index top");
  return SpanAt(track, p, at, span);
}

Status Index::FirstSpan(uint32_t track, SpanRef* span, bool* found) {
  *span = {.cluster = {}, .span = SIZE_MAX};  // the next one is number 0
  return NextSpan(track, span, found);
}

Status Index::NextSpan(uint32_t track, SpanRef* span, bool* found) {
  *found = false;
  size_t next = span->span + 1;
  for (size_t p = span->cluster.page; p < pages_.size(); ++p, next = 0) {
    if (pages_[p].ref.tracks[track].blocks == 0) continue;
    H4MK_ASSIGN(const IndexPage* page, Page(p));
    const PageTrack& spans = page->tracks[track];
    if (next >= spans.spans()) continue;
    *span = {RefTo(p, page->clusters, static_cast<size_t>(spans.cluster[next])),
             next,
             span->first_block + span->blocks,
             span->first_frame + span->frames,
             static_cast<uint64_t>(spans.blocks[next]),
             static_cast<uint64_t>(spans.frames(next))};
    *found = true;
    return {};
  }
  return {};
}

Status Index::FirstTime(uint32_t track, const SpanRef& span, int64_t* time) {
  H4MK_ASSIGN(const IndexPage* page, Page(span.cluster.page));
  *time = page->tracks[track].first_time[span.span];
  return {};
}

}  // namespace h4mk
