// SPDX-License-Identifier: MIT
// Lookups that leave the reading position as it is (core.md, "Reading"). The cluster that a search
// has led to stays in search_.
#include <algorithm>

#include "file/decode_chain.h"
#include "file/reader.h"

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
  return {block, search_->offset(), static_cast<int64_t>(search_->data_offset() + block.offset)};
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

Status Reader::DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                           uint64_t* total) {
  return WithIndex([&]() -> Status {
    DecodeChainBuilder chain(time, out);
    Target target;
    H4MK_TRY(FindTarget({track, time, SeekMode::kBackward, /*any=*/false},
                        /*may_believe=*/false, &target));
    bool more = target.found;
    while (more) {
      H4MK_TRY(LoadIntoSearch(target.cluster));
      const std::vector<BlockRecord>& blocks = search_->index().blocks();
      for (size_t i = target.block; i < blocks.size() && more; ++i)
        if (blocks[i].track == static_cast<int32_t>(track)) more = chain.Add(InfoOf(blocks[i]));
      // A track of random access points only has chains of one block: its next block may be hours
      // away.
      if (!more || totals_[track].all_key) break;
      target.block = 0;
      H4MK_TRY(index_.Next(&target.cluster, &more));
    }
    *total = chain.total();
    return {};
  });
}

Status Reader::KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                                uint64_t* total) {
  return WithIndex([&]() -> Status {
    std::vector<ClusterRef> clusters;
    uint64_t count = 0;
    H4MK_TRY(index_.FindBetween(track, from, to, &clusters));
    for (const ClusterRef& cluster : clusters) {
      H4MK_TRY(LoadIntoSearch(cluster));
      for (const BlockRecord& block : search_->index().blocks()) {
        if (block.track != static_cast<int32_t>(track) || !block.is_key() ||
            block.time() == kNoTime || block.time() < from || block.time() > to)
          continue;
        if (count < out.size()) out[static_cast<size_t>(count)] = InfoOf(block);
        ++count;
      }
    }
    *total = count;
    return {};
  });
}

// A binary search over all clusters by the ordinals in them.
Status Reader::FindOrdinal(uint32_t track, uint64_t ordinal, const BlockRecord** block) {
  const auto blocks_of_track = [&](const BlockRecord& record) {
    return record.track == static_cast<int32_t>(track);
  };
  // Who asks for one block after the other mostly finds the next one where the last one was.
  if (search_->loaded())
    for (const BlockRecord& record : search_->index().blocks())
      if (blocks_of_track(record) && record.ordinal == ordinal) {
        *block = &record;
        return {};
      }
  uint64_t low = 0, high = index_.cluster_count();
  while (low < high) {
    // Clusters without blocks of the track take the place of the next one with some.
    const uint64_t middle = low + (high - low) / 2;
    const BlockRecord *first = nullptr, *last = nullptr;
    uint64_t probe = middle;
    for (; probe < high && first == nullptr; ++probe) {
      ClusterRef cluster;
      H4MK_TRY(index_.At(probe, &cluster));
      H4MK_TRY(LoadIntoSearch(cluster));
      for (const BlockRecord& record : search_->index().blocks()) {
        if (!blocks_of_track(record)) continue;
        if (first == nullptr) first = &record;
        last = &record;
        if (record.ordinal == ordinal) {
          *block = &record;
          return {};
        }
      }
    }
    if (first == nullptr || ordinal < first->ordinal) {
      high = middle;
    } else if (ordinal > last->ordinal) {
      low = probe;
    } else {
      break;
    }
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

Status Reader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* read) {
  const BlockRecord* block = nullptr;
  H4MK_TRY(WithIndex([&] { return FindOrdinal(track, ordinal, &block); }));
  if (!IsUnderstood(*block))
    return Status(Code::kUnsupported, "block " + std::to_string(ordinal) + " needs a feature that this library does not know");
  Status status = search_->Fetch(*block);
  const bool corrupt = status.code() == Code::kCorrupt;
  if (!status.ok() && !(corrupt && keep_corrupt_)) return status;
  *read = {block,
           search_->data(*block),
           corrupt,
           InfoOf(*block).offset,
           search_->offset(),
           search_->buffer(),
           search_->index().side_data(*block)};
  return {};
}

}  // namespace h4mk
