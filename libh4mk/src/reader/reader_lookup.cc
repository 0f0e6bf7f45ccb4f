// SPDX-License-Identifier: MIT
// Lookups that leave the reading position as it is. The cluster that a search has led to stays in
// search_.
#include <algorithm>
#include <utility>

#include "reader/reader.h"

namespace h4mk {

// Runs a lookup in the index; if the index lies, once more in one that is made from the clusters.
Status Reader::WithIndex(const std::function<Status()>& lookup) {
  if (!source_.seekable() || source_.Size() < 0)
    return Status(Code::kNotSeekable, "the input cannot seek");
  if (!closed_) H4MK_TRY(RefreshIndex());
  Status status = lookup();
  if (status.code() != Code::kCorrupt || index_rebuilt_) return status;
  Warn(status.message() + "; the index is made again");
  H4MK_TRY(RebuildIndex(/*opening=*/false));
  return lookup();
}

// REQUIRES: the block is in the cluster in search_.
BlockInfo Reader::InfoOf(const BlockRecord& block) const {
  const uint64_t offset = block.flags & kBlockExternal ? search_->index().range_of(block).offset
                                                       : search_->data_offset() + block.offset;
  return {block, search_->offset(), static_cast<int64_t>(offset)};
}

Status Reader::FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) {
  return WithIndex([&]() -> Status {
    Target target;
    H4MK_TRY(FindTarget({track, time, SeekMode::kBackward, /*any=*/false},
                        /*may_believe=*/false, &target));
    if (!target.found)
      return Status(Code::kNotFound, "no random access point of the track at or before the time");
    H4MK_TRY(LoadIntoSearch(target.cluster));
    const std::vector<BlockRecord>& blocks = search_->index().blocks();
    if (target.block >= blocks.size())  // it was found in a copy that had been read before
      return Corrupt(target.cluster.offset, "a cluster has changed");
    *info = InfoOf(blocks[target.block]);
    return {};
  });
}

Status Reader::KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                                uint64_t* total) {
  return WithIndex([&]() -> Status {
    *total = 0;
    return index_.ForBetween(track, from, to, [&](const ClusterRef& cluster) -> Status {
      H4MK_TRY(LoadIntoSearch(cluster));
      for (const BlockRecord& block : search_->index().blocks()) {
        if (block.track != static_cast<int32_t>(track) || !block.is_key() ||
            block.time() == kNoTime || block.time() < from || block.time() > to)
          continue;
        if (*total < out.size()) out[static_cast<size_t>(*total)] = InfoOf(block);
        ++*total;
      }
      return {};
    });
  });
}

// In the cluster in search_: the block with this number, or null, and the first one of the track.
Status Reader::FindInCluster(uint32_t track, uint64_t ordinal, const BlockRecord** block,
                             const BlockRecord** first) {
  *block = *first = nullptr;
  for (const BlockRecord& record : search_->index().blocks()) {
    if (record.track != static_cast<int32_t>(track)) continue;
    if (*first == nullptr) *first = &record;
    if (record.ordinal != ordinal) continue;
    *block = &record;
    return {};
  }
  if (*first == nullptr)
    return Corrupt(search_->offset(), "the index names blocks of a track that are not there");
  return {};
}

// core.md, "Block by number". Numbers count the blocks before, as long as none were lost; then the
// clusters between low and high are left, and the first one that was looked at tells how many are
// missing up to there.
Status Reader::FindOrdinal(uint32_t track, uint64_t ordinal, const BlockRecord** block) {
  const BlockRecord* first = nullptr;
  // Who asks for one block after the other mostly finds the next one where the last one was.
  if (search_->loaded() && FindInCluster(track, ordinal, block, &first).ok() && *block != nullptr)
    return {};
  uint64_t low = 0, high = totals_[track].blocks, guess = ordinal;
  for (bool estimated = false; low < high;) {
    guess = std::clamp(guess, low, high - 1);
    SpanRef span;
    bool found = false;
    H4MK_TRY(index_.SpanOfBlock(track, guess, &span, &found));
    if (!found) break;
    H4MK_TRY(LoadIntoSearch(span.cluster));
    H4MK_TRY(FindInCluster(track, ordinal, block, &first));
    if (*block != nullptr) return {};
    if (ordinal < first->ordinal)
      high = span.first_block;
    else
      low = span.first_block + span.blocks;
    const uint64_t missing = first->ordinal - std::min(first->ordinal, span.first_block);
    guess = std::exchange(estimated, true) ? low + (high - low) / 2
                                           : ordinal - std::min(ordinal, missing);
  }
  return Status(Code::kNotFound, "the track has no block " + std::to_string(ordinal));
}

Status Reader::BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) {
  return WithIndex([&]() -> Status {
    const BlockRecord* block = nullptr;
    H4MK_TRY(FindOrdinal(track, ordinal, &block));
    *info = InfoOf(*block);
    return {};
  });
}

// The first span of a track with a block that has this number or a larger one. It is the one with
// as many blocks before it, unless blocks were lost.
Status Reader::FindSpanFrom(uint32_t track, uint64_t ordinal, SpanRef* span, bool* found) {
  *found = false;
  uint64_t low = 0, high = totals_[track].blocks, guess = ordinal;
  while (low < high) {
    SpanRef tried;
    bool known = false;
    H4MK_TRY(index_.SpanOfBlock(track, std::clamp(guess, low, high - 1), &tried, &known));
    if (!known) return {};
    H4MK_TRY(LoadIntoSearch(tried.cluster));
    const BlockRecord *block = nullptr, *first = nullptr;
    H4MK_TRY(FindInCluster(track, ordinal, &block, &first));
    uint64_t last = first->ordinal;
    for (const BlockRecord& record : search_->index().blocks())
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

Status Reader::Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out, size_t* copied) {
  return WithIndex([&]() -> Status {
    *copied = 0;
    SpanRef span;
    bool more = false;
    H4MK_TRY(FindSpanFrom(track, first, &span, &more));
    while (more && *copied < out.size()) {
      H4MK_TRY(LoadIntoSearch(span.cluster));
      for (const BlockRecord& block : search_->index().blocks())
        if (block.track == static_cast<int32_t>(track) && block.ordinal >= first &&
            *copied < out.size())
          out[(*copied)++] = InfoOf(block);
      H4MK_TRY(index_.NextSpan(track, &span, &more));
    }
    return {};
  });
}

Status Reader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* read) {
  const BlockRecord* block = nullptr;
  H4MK_TRY(WithIndex([&] { return FindOrdinal(track, ordinal, &block); }));
  if (!IsUnderstood(*block))
    return Status(Code::kUnsupported, "block " + std::to_string(ordinal) +
                                          " needs a feature that this library does not know");
  external_.Restart();
  Status status = Fetch(*search_, *block);
  const bool corrupt = status.code() == Code::kCorrupt;
  if (!status.ok() && (!corrupt || !keep_corrupt_ || (block->flags & kBlockExternal)))
    return status;
  FillBlock(*search_, *block, corrupt, read);
  return {};
}

}  // namespace h4mk
