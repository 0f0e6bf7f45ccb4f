// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_FILE_LOOKUPS_H_
#define H4MK_READER_FILE_LOOKUPS_H_

#include <map>

#include "reader/block_lookup.h"

namespace h4mk {

// All lookups in a file of version 2: to those of BlockLookup this adds core.md, "Frames" and
// "Decode chain": frames by number and by time, their times, and what has to be decoded for one.
// The cluster of the frame stays the searched one.
class FileLookups final : public BlockLookup {
 public:
  using BlockLookup::BlockLookup;

  Status FindFrame(uint32_t track, uint64_t number, BlockInfo* info) override;
  Status FindFrameAt(uint32_t track, int64_t time, uint64_t* number, BlockInfo* info) override;
  Status FrameTimes(uint32_t track, uint64_t first, std::span<int64_t> out,
                    size_t* copied) override;
  Status DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                     uint64_t* total) override;
  Status FrameChain(uint32_t track, uint64_t number, std::span<BlockInfo> out,
                    uint64_t* total) override;

 private:
  // A frame: its number, and its place in a cluster.
  struct FrameRef {
    uint64_t number = 0;
    ClusterRef cluster;
    size_t block = 0;
  };
  struct TimedBlock {
    int64_t time = 0;
    size_t block = 0;  // position in the cluster
  };
  // The frames of a track whose clusters overlap, in the order of presentation.
  struct FrameTable {
    struct Entry {
      int64_t time = 0;
      uint32_t page = 0, span = 0;
    };
    uint64_t revision = 0;  // of the index that it was made from
    std::vector<Entry> frames;
  };

  const std::vector<BlockRecord>& searched_blocks() {
    return clusters_.searched().index().blocks();
  }
  BlockInfo InfoOf(const FrameRef& frame);
  Status LoadFrames(uint32_t track, const SpanRef& span);
  Status LocateFrame(uint32_t track, uint64_t number, FrameRef* frame);
  Status LocateFrameAt(uint32_t track, int64_t time, FrameRef* frame);
  Status MakeFrameTable(uint32_t track, const FrameTable** table);
  Status AddToTable(uint32_t track, const SpanRef& span, size_t* place, FrameTable* table);
  Status ChainTo(uint32_t track, const FrameRef& frame, std::span<BlockInfo> out, uint64_t* total);

  std::map<uint32_t, FrameTable> tables_;  // by track, once they are needed
  std::vector<TimedBlock> frames_;         // those of LoadFrames()
};

}  // namespace h4mk

#endif  // H4MK_READER_FILE_LOOKUPS_H_
