// SPDX-License-Identifier: MIT
// Lookups of seek points and blocks.
#include "reader/file_lookups.h"

#include <algorithm>
#include <utility>

namespace h4mk {
namespace {

// The numbers of the first block of a track in a cluster, and of its last one: they rise there.
Status FindOrdinals(const ClusterLoader& cluster, uint32_t track, uint64_t* first, uint64_t* last) {
  const std::vector<BlockRecord>& blocks = cluster.index().blocks();
  const auto wanted = static_cast<int32_t>(track);
  const auto front = std::ranges::find(blocks, wanted, &BlockRecord::track);
  if (front == blocks.end())
    return Corrupt(cluster.offset(), "the index names blocks of a track that are not there");
  *first = front->ordinal;
  *last = std::ranges::find(blocks.rbegin(), blocks.rend(), wanted, &BlockRecord::track)->ordinal;
  return {};
}

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

// In the searched cluster, or null. Callers that ask for one block after the other mostly find the
// next one there, close behind the last one.
const BlockRecord* FileLookups::FindSearched(uint32_t track, uint64_t ordinal) {
  if (!clusters_.searched().loaded()) return nullptr;
  const std::vector<BlockRecord>& blocks = clusters_.searched().index().blocks();
  if (last_ >= blocks.size()) last_ = 0;
  for (size_t left = blocks.size(); left > 0; --left) {
    const BlockRecord& record = blocks[last_];
    if (record.track == static_cast<int32_t>(track) && record.ordinal == ordinal) return &record;
    last_ = last_ + 1 == blocks.size() ? 0 : last_ + 1;
  }
  return nullptr;
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
    H4MK_TRY(FindOrdinals(clusters_.searched(), track, &first, &last));
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
    for (const BlockRecord& block : clusters_.searched().index().blocks())
      if (block.track == static_cast<int32_t>(track) && block.ordinal >= first &&
          *copied < out.size())
        out[(*copied)++] = clusters_.searched().InfoOf(block);
    H4MK_TRY(file_.index().NextSpan(track, &span, &more));
  }
  return {};
}

}  // namespace h4mk
