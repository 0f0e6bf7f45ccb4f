// SPDX-License-Identifier: MIT
#include "reader/block_lookup.h"

#include <algorithm>
#include <utility>

namespace h4mk {
namespace {

// In a cluster: the block with this number, or null, and the first one of the track.
Status FindInCluster(const ClusterLoader& cluster, uint32_t track, uint64_t ordinal,
                     const BlockRecord** block, const BlockRecord** first) {
  *block = *first = nullptr;
  for (const BlockRecord& record : cluster.index().blocks()) {
    if (record.track != static_cast<int32_t>(track)) continue;
    if (*first == nullptr) *first = &record;
    if (record.ordinal != ordinal) continue;
    *block = &record;
    return {};
  }
  if (*first != nullptr) return {};
  return Corrupt(cluster.offset(), "the index names blocks of a track that are not there");
}

}  // namespace

Status BlockLookup::FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) {
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

Status BlockLookup::KeyframesBetween(uint32_t track, int64_t from, int64_t to,
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
const BlockRecord* BlockLookup::FindSearched(uint32_t track, uint64_t ordinal) {
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

// Ordinals count the blocks before, as long as none were lost. Where some were, the first cluster
// that was looked at tells how many are missing up to there; then those between low and high are
// halved.
Status BlockLookup::FindOrdinal(uint32_t track, uint64_t ordinal, const BlockRecord** block) {
  *block = FindSearched(track, ordinal);
  if (*block != nullptr) return {};
  const BlockRecord* first = nullptr;
  uint64_t low = 0, high = file_.totals(track).blocks, guess = ordinal;
  for (bool is_estimated = false; low < high;) {
    guess = std::clamp(guess, low, high - 1);
    SpanRef span;
    bool found = false;
    H4MK_TRY(file_.index().SpanOfBlock(track, guess, &span, &found));
    if (!found) break;
    H4MK_TRY(clusters_.Search(span.cluster));
    H4MK_TRY(FindInCluster(clusters_.searched(), track, ordinal, block, &first));
    if (*block != nullptr) return {};
    if (ordinal < first->ordinal)
      high = span.first_block;
    else
      low = span.first_block + span.blocks;
    const uint64_t missing = first->ordinal - std::min(first->ordinal, span.first_block);
    guess = std::exchange(is_estimated, true) ? low + (high - low) / 2
                                              : ordinal - std::min(ordinal, missing);
  }
  return Status(Code::kNotFound, "the track has no block " + std::to_string(ordinal));
}

Status BlockLookup::BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) {
  const BlockRecord* block = nullptr;
  H4MK_TRY(FindOrdinal(track, ordinal, &block));
  *info = clusters_.searched().InfoOf(*block);
  return {};
}

// The first span of a track with a block that has this number or a larger one. It is the one with
// as many blocks before it, unless blocks were lost.
Status BlockLookup::FindSpanFrom(uint32_t track, uint64_t ordinal, SpanRef* span, bool* found) {
  *found = false;
  uint64_t low = 0, high = file_.totals(track).blocks, guess = ordinal;
  while (low < high) {
    SpanRef tried;
    bool is_known = false;
    H4MK_TRY(file_.index().SpanOfBlock(track, std::clamp(guess, low, high - 1), &tried, &is_known));
    if (!is_known) return {};
    H4MK_TRY(clusters_.Search(tried.cluster));
    const BlockRecord *block = nullptr, *first = nullptr;
    H4MK_TRY(FindInCluster(clusters_.searched(), track, ordinal, &block, &first));
    uint64_t last = first->ordinal;
    for (const BlockRecord& record : clusters_.searched().index().blocks())
      if (record.track == static_cast<int32_t>(track)) last = std::max(last, record.ordinal);
    if (last < ordinal) {
      low = tried.first_block + std::max<uint64_t>(tried.blocks, 1);
    } else {
      *span = tried;
      *found = true;
      if (first->ordinal <= ordinal) return {};
      high = tried.first_block;
    }
    guess = low + (high - low) / 2;
  }
  return {};
}

Status BlockLookup::Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out,
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
