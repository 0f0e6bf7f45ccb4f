// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_BLOCK_LOOKUP_H_
#define H4MK_READER_BLOCK_LOOKUP_H_

#include "reader/seek_planner.h"

namespace h4mk {

// Finds seek points by time and blocks by number. The cluster that a lookup has led to
// stays the searched one. All are run by FileIndex::LookUp().
class BlockLookup : public Lookups {
 public:
  BlockLookup(FileIndex& file, ClusterPair& clusters, SeekPlanner& planner)
      : file_(file), clusters_(clusters), planner_(planner) {}

  Status FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) override;
  Status KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                          uint64_t* total) override;
  Status BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) override;
  Status Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out, size_t* copied) override;
  // core.md, "Block by number". *block is in the searched cluster.
  Status FindOrdinal(uint32_t track, uint64_t ordinal, const BlockRecord** block);

 protected:
  FileIndex& file_;
  ClusterPair& clusters_;

 private:
  const BlockRecord* FindSearched(uint32_t track, uint64_t ordinal);
  Status FindSpanFrom(uint32_t track, uint64_t ordinal, SpanRef* span, bool* found);

  SeekPlanner& planner_;
  size_t last_ = 0;  // where the last block by number was, in the cluster that it was in
};

}  // namespace h4mk

#endif  // H4MK_READER_BLOCK_LOOKUP_H_
