// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_FILE_LOOKUPS_H_
#define H4MK_READER_FILE_LOOKUPS_H_

#include <map>

#include "reader/seek_planner.h"

namespace h4mk {

// All lookups in a file of version 2: seek points by time, blocks by number, and core.md, "Frames"
// and "Decode chain": frames by number and by time, their times, and what has to be decoded for
// one. The cluster that a lookup has led to stays the searched one. All are run by
// FileIndex::LookUp().
class FileLookups final : public Lookups {
 public:
  FileLookups(FileIndex& file, ClusterPair& clusters, SeekPlanner& planner)
      : file_(file), clusters_(clusters), planner_(planner) {}

  // file_lookups.cc: seek points and blocks
  Status FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) override;
  Status KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                          uint64_t* total) override;
  Status BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) override;
  Status Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out, size_t* copied) override;
  // core.md, "Block by number". *block is in the searched cluster.
  Status FindOrdinal(uint32_t track, uint64_t ordinal, const BlockRecord** block);

  // frame_lookups.cc
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
  // What a track has in one cluster, so that looking it up does not go through the cluster each
  // time. It holds until the loader begins another load.
  struct TrackList {
    const ClusterLoader* loader = nullptr;  // null: there is no list
    uint64_t load = 0;
    uint32_t track = 0;
    std::vector<size_t> blocks;      // positions in the cluster, whose numbers follow each other
    std::vector<TimedBlock> frames;  // in the order of presentation

    bool IsOf(const ClusterLoader& cluster, uint32_t wanted) const {
      return loader == &cluster && load == cluster.loads() && track == wanted;
    }
  };
  // The frames of a track whose clusters overlap, in the order of presentation.
  struct FrameTable {
    struct Entry {
      int64_t time = 0;
      uint32_t page = 0, span = 0;
      uint32_t place = 0;  // in the span, in the order of presentation
    };
    uint64_t revision = 0;  // of the index that it was made from
    std::vector<Entry> frames;
  };

  const std::vector<BlockRecord>& searched_blocks() {
    return clusters_.searched().index().blocks();
  }
  const TrackList& ListSearched(uint32_t track);
  void MakeList(uint32_t track);
  const BlockRecord* FindSearched(uint32_t track, uint64_t ordinal);
  Status FindOrdinals(uint32_t track, uint64_t* first, uint64_t* last);
  Status FindSpanFrom(uint32_t track, uint64_t ordinal, SpanRef* span, bool* found);

  BlockInfo InfoOf(const FrameRef& frame);
  Status LoadFrames(uint32_t track, const SpanRef& span);
  Status LocateFrame(uint32_t track, uint64_t number, FrameRef* frame);
  Status LocateFrameAt(uint32_t track, int64_t time, FrameRef* frame);
  Status MakeFrameTable(uint32_t track, const FrameTable** table);
  Status AddToTable(uint32_t track, const SpanRef& span, size_t* place, FrameTable* table);
  size_t FindKeyIn(uint32_t track, size_t end, int64_t time);
  Status ChainTo(uint32_t track, const FrameRef& frame, std::span<BlockInfo> out, uint64_t* total);

  FileIndex& file_;
  ClusterPair& clusters_;
  SeekPlanner& planner_;
  size_t last_ = 0;  // where the last block by number was, in the cluster that it was in
  std::map<uint32_t, FrameTable> tables_;  // by track, once they are needed
  TrackList list_;                         // made last
};

}  // namespace h4mk

#endif  // H4MK_READER_FILE_LOOKUPS_H_
