// SPDX-License-Identifier: MIT
#include "file/index.h"

#include <algorithm>

namespace h4mk {
namespace {

constexpr size_t kMaxCachedPages = 64;
constexpr uint64_t kMaxCachedEntries = 1u << 18;

}  // namespace

void Index::Clear() {
  pages_.clear();
  cached_.clear();
  cached_entries_ = 0;
  ordered_.clear();
}

void Index::AddPage(PageRef ref) {
  pages_.push_back({std::move(ref), nullptr, false});
  ordered_.clear();
}

void Index::AddPage(IndexPage page) {
  Slot slot;
  slot.ref = Summarize(page, 0, 0);
  slot.page = std::make_unique<IndexPage>(std::move(page));
  slot.resident = true;
  pages_.push_back(std::move(slot));
  ordered_.clear();
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
  ordered_.clear();
}

uint64_t Index::entries(uint32_t track) const {
  uint64_t sum = 0;
  for (const Slot& slot : pages_) sum += slot.ref.tracks[track].entries;
  return sum;
}

uint64_t Index::bytes() const {
  uint64_t sum = 0;
  for (const Slot& slot : pages_) sum += slot.ref.size;
  return sum;
}

Result<const IndexPage*> Index::Page(size_t number) {
  Slot& slot = pages_[number];
  if (slot.page != nullptr) return static_cast<const IndexPage*>(slot.page.get());
  ChunkHeader header;
  H4MK_TRY(chunks_.ReadHeader(slot.ref.offset, &header));
  if (header.tag != kTagIndex || header.size() != slot.ref.size)
    return Corrupt(slot.ref.offset, "index page expected, found chunk " + TagText(header.tag));
  Bytes payload;
  H4MK_TRY(chunks_.ReadPayload(slot.ref.offset, header, &payload));
  auto page = std::make_unique<IndexPage>();
  if (!DecodePage(payload, tracks_, slot.ref.offset, page.get()))
    return Corrupt(slot.ref.offset, "index page contradicts itself");
  for (size_t i = 0; i < tracks_.size(); ++i)
    if (page->tracks[i].cluster.size() != slot.ref.tracks[i].entries ||
        page->clusters.size() != slot.ref.clusters)
      return Corrupt(slot.ref.offset, "index page contradicts the index top");
  MakeRoom();
  slot.page = std::move(page);
  cached_.push_back(number);
  cached_entries_ += slot.page->entry_count();
  return static_cast<const IndexPage*>(slot.page.get());
}

void Index::MakeRoom() {
  while (!cached_.empty() &&
         (cached_.size() >= kMaxCachedPages || cached_entries_ > kMaxCachedEntries)) {
    Slot& oldest = pages_[cached_.front()];
    cached_entries_ -= oldest.page->entry_count();
    oldest.page.reset();
    cached_.pop_front();
  }
}

bool Index::IsOrdered(uint32_t track) {
  if (ordered_.empty()) ordered_.assign(tracks_.size(), -1);
  int8_t& known = ordered_[track];
  if (known >= 0) return known != 0;
  bool ordered = true;
  const PageRef::Track* before = nullptr;
  for (const Slot& slot : pages_) {
    const PageRef::Track& summary = slot.ref.tracks[track];
    if (summary.entries == 0) continue;
    ordered = ordered && summary.ordered && (!before || summary.first_time > before->last_time);
    before = &summary;
  }
  known = ordered ? 1 : 0;
  return ordered;
}

Status Index::FindBackward(uint32_t track, int64_t time, std::vector<ClusterRef>* clusters) {
  return IsOrdered(track) ? FindOrdered(track, time, true, clusters)
                          : FindUnordered(track, time, true, clusters);
}

Status Index::FindForward(uint32_t track, int64_t time, std::vector<ClusterRef>* clusters) {
  return IsOrdered(track) ? FindOrdered(track, time, false, clusters)
                          : FindUnordered(track, time, false, clusters);
}

// Backward: the last entry with first_time <= time. Forward: the first entry with last_time >= time.
Status Index::FindOrdered(uint32_t track, int64_t time, bool backward,
                          std::vector<ClusterRef>* clusters) {
  clusters->clear();
  // Pages without entries of the track take the place of the next one with some.
  size_t low = 0, high = pages_.size();
  const auto with_entries = [&](size_t page) {
    while (page < pages_.size() && pages_[page].ref.tracks[track].entries == 0) ++page;
    return page;
  };
  const auto before_answer = [&](int64_t first_time, int64_t last_time) {
    return backward ? first_time <= time : last_time < time;
  };
  while (low < high) {  // first page for which before_answer is false
    const size_t middle = (low + high) / 2;
    const size_t page = with_entries(middle);
    if (page < pages_.size() && before_answer(pages_[page].ref.tracks[track].first_time,
                                              pages_[page].ref.tracks[track].last_time)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  size_t page = low;
  if (backward) {
    while (page > 0 && pages_[page - 1].ref.tracks[track].entries == 0) --page;
    if (page == 0) return {};
    --page;
  } else {
    page = with_entries(page);
    if (page == pages_.size()) return {};
  }
  Result<const IndexPage*> loaded = Page(page);
  if (!loaded.ok()) return loaded.take_status();
  const PageTrack& entries = loaded.value()->tracks[track];
  size_t first = 0, last = entries.cluster.size();
  while (first < last) {
    const size_t middle = (first + last) / 2;
    if (before_answer(entries.first_time[middle], entries.last_time[middle])) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  if (backward ? first == 0 : first == entries.cluster.size())
    return Corrupt(pages_[page].ref.offset, "index page contradicts the index top");
  return AddEntry(page, backward ? first - 1 : first, track, clusters);
}

// Times jump about: every entry whose range may hold a better answer than those that are certain.
Status Index::FindUnordered(uint32_t track, int64_t time, bool backward,
                            std::vector<ClusterRef>* clusters) {
  clusters->clear();
  bool certain = false;
  int64_t best = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t p = 0; p < pages_.size(); ++p) {
      const PageRef::Track& summary = pages_[p].ref.tracks[track];
      if (summary.entries == 0 ||
          (backward ? summary.first_time > time : summary.last_time < time))
        continue;
      Result<const IndexPage*> page = Page(p);
      if (!page.ok()) return page.take_status();
      const PageTrack& entries = page.value()->tracks[track];
      for (size_t i = 0; i < entries.cluster.size(); ++i) {
        const int64_t first = entries.first_time[i], last = entries.last_time[i];
        if (backward ? first > time : last < time) continue;
        if (pass == 0) {
          // What this entry is sure to offer.
          const int64_t offer = backward ? (last <= time ? last : first) : (first >= time ? first : last);
          if (!certain || (backward ? offer > best : offer < best)) best = offer;
          certain = true;
        } else if (backward ? std::min(last, time) >= best : std::max(first, time) <= best) {
          H4MK_TRY(AddEntry(p, i, track, clusters));
        }
      }
    }
  }
  return {};
}

Status Index::FindBetween(uint32_t track, int64_t from, int64_t to,
                          std::vector<ClusterRef>* clusters) {
  clusters->clear();
  for (size_t p = 0; p < pages_.size(); ++p) {
    const PageRef::Track& summary = pages_[p].ref.tracks[track];
    if (summary.entries == 0 || summary.first_time > to || summary.last_time < from) continue;
    Result<const IndexPage*> page = Page(p);
    if (!page.ok()) return page.take_status();
    const PageTrack& entries = page.value()->tracks[track];
    const std::vector<uint64_t>& offsets = page.value()->clusters;
    for (size_t i = 0; i < entries.cluster.size(); ++i)
      if (entries.first_time[i] <= to && entries.last_time[i] >= from)
        clusters->push_back(RefTo(p, offsets, static_cast<size_t>(entries.cluster[i])));
  }
  return {};
}

uint64_t Index::cluster_count() const {
  uint64_t sum = 0;
  for (const Slot& slot : pages_) sum += slot.ref.clusters;
  return sum;
}

Status Index::At(uint64_t number, ClusterRef* cluster) {
  size_t p = 0;
  for (; number >= pages_[p].ref.clusters; ++p) number -= pages_[p].ref.clusters;
  Result<const IndexPage*> page = Page(p);
  if (!page.ok()) return page.take_status();
  *cluster = RefTo(p, page.value()->clusters, static_cast<size_t>(number));
  return {};
}

ClusterRef Index::RefTo(size_t page, const std::vector<uint64_t>& offsets, size_t cluster) {
  const uint64_t offset = offsets[cluster];
  return {page, cluster, offset, cluster + 1 < offsets.size() ? offsets[cluster + 1] - offset : 0};
}

Status Index::AddEntry(size_t page, size_t entry, uint32_t track,
                       std::vector<ClusterRef>* clusters) {
  Result<const IndexPage*> loaded = Page(page);
  if (!loaded.ok()) return loaded.take_status();
  const PageTrack& entries = loaded.value()->tracks[track];
  ClusterRef& found = clusters->emplace_back(
      RefTo(page, loaded.value()->clusters, static_cast<size_t>(entries.cluster[entry])));
  found.time = entries.first_time[entry];
  found.has_one_time = found.time == entries.last_time[entry];
  return {};
}

Status Index::FindFirst(uint32_t track, ClusterRef* cluster, bool* found) {
  *found = false;
  for (size_t p = 0; p < pages_.size(); ++p) {
    if (pages_[p].ref.tracks[track].entries == 0) continue;
    std::vector<ClusterRef> clusters;
    H4MK_TRY(AddEntry(p, 0, track, &clusters));
    *cluster = clusters[0];
    *found = true;
    return {};
  }
  return {};
}

Status Index::First(ClusterRef* cluster, bool* found) {
  *cluster = ClusterRef();
  *found = false;
  for (size_t p = 0; p < pages_.size(); ++p) {
    if (pages_[p].ref.clusters == 0) continue;
    Result<const IndexPage*> page = Page(p);
    if (!page.ok()) return page.take_status();
    *cluster = RefTo(p, page.value()->clusters, 0);
    *found = true;
    return {};
  }
  return {};
}

Status Index::Next(ClusterRef* cluster, bool* found) {
  *found = false;
  ClusterRef next = *cluster;
  ++next.cluster;
  while (next.page < pages_.size() && next.cluster >= pages_[next.page].ref.clusters) {
    ++next.page;
    next.cluster = 0;
  }
  if (next.page >= pages_.size()) return {};
  Result<const IndexPage*> page = Page(next.page);
  if (!page.ok()) return page.take_status();
  *cluster = RefTo(next.page, page.value()->clusters, next.cluster);
  *found = true;
  return {};
}

Status Index::Between(const ClusterRef& from, const ClusterRef& to, int64_t track_or_all,
                      std::vector<ClusterRef>* clusters) {
  for (size_t p = from.page; p <= to.page && p < pages_.size(); ++p) {
    Result<const IndexPage*> page = Page(p);
    if (!page.ok()) return page.take_status();
    const std::vector<uint64_t>& offsets = page.value()->clusters;
    const auto first = static_cast<size_t>(std::ranges::lower_bound(offsets, from.offset) - offsets.begin());
    const auto last = static_cast<size_t>(std::ranges::lower_bound(offsets, to.offset) - offsets.begin());
    if (track_or_all == kAllTracks) {
      for (size_t i = first; i < last; ++i) clusters->push_back(RefTo(p, offsets, i));
      continue;
    }
    const std::vector<int64_t>& of_track = page.value()->tracks[static_cast<size_t>(track_or_all)].cluster;
    const auto until = std::ranges::lower_bound(of_track, static_cast<int64_t>(last));
    for (auto i = std::ranges::lower_bound(of_track, static_cast<int64_t>(first)); i < until; ++i)
      clusters->push_back(RefTo(p, offsets, static_cast<size_t>(*i)));
  }
  return {};
}

}  // namespace h4mk
