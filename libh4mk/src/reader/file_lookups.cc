// SPDX-License-Identifier: MIT
// Lookups of seek points and blocks.
#include "reader/file_lookups.h"

#include <algorithm>
#include <utility>

namespace h4mk {
namespace {

// So far behind the last one the next block by number mostly stands, also where tracks take turns.
constexpr size_t kNear = 64;

}  // namespace

Status FileLookups::FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) {
  std::optional<SeekTarget> target;
  H4MK_TRY(planner_.FindTarget({track, time, SeekMode::kBackward, /*any=*/false},
                               /*trust_index=*/false, &target));
  if (!target) return Status(Code::kNotFound, "no seek point of the track at or before the time");
  H4MK_TRY(clusters_.Search(target->cluster));
  const std::vector<BlockRecord>& blocks = clusters_.searched().index().blocks();
  if (target->start.block >= blocks.size())  // it was found in a copy that had been read before
    return Corrupt(target->cluster.offset, "a cluster has changed");
  *info = clusters_.searched().InfoOf(blocks[target->start.block]);
  return {};
}

Status FileLookups::KeyframesBetween(uint32_t track, int64_t from, int64_t to,
                                     std::span<BlockInfo> out, uint64_t* total) {
  *total = 0;
  return file_.index().ForBetween(track, from, to, [&](const ClusterRef& cluster) -> Status {
    H4MK_TRY(clusters_.Search(cluster));
    for (const BlockRecord& block : clusters_.searched().index().blocks()) {
      if (block.track != static_cast<int32_t>(track) || !block.is_key() ||
          block.time() == kNoTime || block.time() < from || block.time() > to)
        continue;
      if (*total < out.size())
        out[static_cast<size_t>(*total)] = clusters_.searched().InfoOf(block);
      ++*total;
    }
    return {};
  });
}

// The list of the searched cluster. Mostly it is there: callers ask for one block after the other.
const FileLookups::TrackList& FileLookups::ListSearched(uint32_t track) {
  if (!list_.IsOf(clusters_.searched(), track)) MakeList(track);
  return list_;
}

void FileLookups::MakeList(uint32_t track) {
  const std::vector<BlockRecord>& blocks = searched_blocks();
  list_.loader = nullptr;  // memory may run out
  list_.blocks.clear();
  list_.frames.clear();
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].track != static_cast<int32_t>(track)) continue;
    list_.blocks.push_back(i);
    if (IsFrame(blocks[i].time(), blocks[i].flags)) list_.frames.push_back({blocks[i].time(), i});
  }
  if (!std::ranges::is_sorted(list_.frames, {}, &TimedBlock::time))
    std::ranges::stable_sort(list_.frames, {}, &TimedBlock::time);
  list_.load = clusters_.searched().loads();
  list_.track = track;
  list_.loader = &clusters_.searched();
}

// In the searched cluster, or null.
const BlockRecord* FileLookups::FindSearched(uint32_t track, uint64_t ordinal) {
  const std::vector<BlockRecord>& blocks = searched_blocks();
  // An outline that a seek has left has no blocks yet, and no list is made of it.
  if (!clusters_.searched().loaded() || blocks.empty()) return nullptr;
  for (const size_t end = std::min(blocks.size(), last_ + kNear); last_ < end; ++last_)
    if (blocks[last_].track == static_cast<int32_t>(track) && blocks[last_].ordinal == ordinal)
      return &blocks[last_];
  const std::vector<size_t>& list = ListSearched(track).blocks;
  const uint64_t first = list.empty() ? 0 : blocks[list.front()].ordinal;
  last_ = 0;
  if (ordinal < first || ordinal - first >= list.size()) return nullptr;
  last_ = list[static_cast<size_t>(ordinal - first)];
  return &blocks[last_];
}

Status FileLookups::FindOrdinal(uint32_t track, uint64_t ordinal, const BlockRecord** block) {
  *block = FindSearched(track, ordinal);
  if (*block != nullptr) return {};
  SpanRef span;
  bool found = false;
  H4MK_TRY(FindSpanFrom(track, ordinal, &span, &found));
  if (found) {
    H4MK_TRY(clusters_.Search(span.cluster));
    *block = FindSearched(track, ordinal);
    if (*block != nullptr) return {};
  }
  return Status(Code::kNotFound, "the track has no block " + std::to_string(ordinal));
}

Status FileLookups::BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) {
  const BlockRecord* block = nullptr;
  H4MK_TRY(FindOrdinal(track, ordinal, &block));
  *info = clusters_.searched().InfoOf(*block);
  return {};
}

// The numbers of the first block of a track in the searched cluster, and of its last one.
Status FileLookups::FindOrdinals(uint32_t track, uint64_t* first, uint64_t* last) {
  const std::vector<size_t>& list = ListSearched(track).blocks;
  if (list.empty())
    return Corrupt(clusters_.searched().offset(),
                   "the index names blocks of a track that are not there");
  *first = searched_blocks()[list.front()].ordinal;
  *last = searched_blocks()[list.back()].ordinal;
  return {};
}

// The first span of a track with a block that has this number or a larger one. Ordinals count the
// blocks before, as long as none were lost. Where some were, the first cluster that was looked at
// tells how many are missing up to there; then those between low and high are halved.
Status FileLookups::FindSpanFrom(uint32_t track, uint64_t ordinal, SpanRef* span, bool* found) {
  *found = false;
  uint64_t low = 0, high = file_.totals(track).blocks, guess = ordinal;
  for (bool is_estimated = false; low < high;) {
    SpanRef tried;
    bool is_known = false;
    H4MK_TRY(file_.index().SpanOfBlock(track, std::clamp(guess, low, high - 1), &tried, &is_known));
    if (!is_known) return {};
    H4MK_TRY(clusters_.Search(tried.cluster));
    uint64_t first = 0, last = 0;
    H4MK_TRY(FindOrdinals(track, &first, &last));
    if (last < ordinal) {
      low = tried.first_block + std::max<uint64_t>(tried.blocks, 1);
    } else {
      *span = tried;
      *found = true;
      if (first <= ordinal) return {};
      high = tried.first_block;
    }
    const uint64_t missing = first - std::min(first, tried.first_block);
    guess = std::exchange(is_estimated, true) ? low + (high - low) / 2
                                              : ordinal - std::min(ordinal, missing);
  }
  return {};
}

Status FileLookups::Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out,
                           size_t* copied) {
  *copied = 0;
  SpanRef span;
  bool more = false;
  H4MK_TRY(FindSpanFrom(track, first, &span, &more));
  while (more && *copied < out.size()) {
    H4MK_TRY(clusters_.Search(span.cluster));
    const std::vector<BlockRecord>& blocks = searched_blocks();
    const std::vector<size_t>& list = ListSearched(track).blocks;
    const uint64_t front = list.empty() ? first : blocks[list.front()].ordinal;
    for (uint64_t i = first - std::min(first, front); i < list.size() && *copied < out.size(); ++i)
      out[(*copied)++] = clusters_.searched().InfoOf(blocks[list[static_cast<size_t>(i)]]);
    H4MK_TRY(file_.index().NextSpan(track, &span, &more));
  }
  return {};
}

}  // namespace h4mk
