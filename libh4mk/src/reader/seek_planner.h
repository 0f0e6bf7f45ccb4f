// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_SEEK_PLANNER_H_
#define H4MK_READER_SEEK_PLANNER_H_

#include <optional>
#include <span>
#include <vector>

#include "file/file_reader.h"
#include "reader/block_filter.h"
#include "reader/cluster_pair.h"
#include "reader/file_index.h"

namespace h4mk {

struct SeekRequest {
  uint32_t track = 0;
  int64_t time = 0;
  SeekMode mode = SeekMode::kBackward;
  bool any = false;  // any block will do, not seek points alone
};

// From where on the blocks of a track are handed out after a seek.
struct TrackStart {
  enum class At {
    kAnywhere,      // all that come by
    kBlock,         // from a position in the cluster on
    kFirstKeyAt,    // from its first seek point with this time on
    kLastKeyUntil,  // from its last seek point that is not later on
  };
  At at = At::kAnywhere;
  uint64_t cluster = 0;  // offset
  size_t block = 0;      // kBlock: the position
  int64_t time = 0;      // of the seek point, or not before it

  // Its place in the cluster is not known yet.
  bool is_by_time() const { return at == At::kFirstKeyAt || at == At::kLastKeyUntil; }

  // The first position of the track's blocks in the cluster. REQUIRES: that is loaded completely;
  // not kAnywhere.
  size_t PositionIn(uint32_t track, ClusterLoader& cluster) const;
  // The block itself; of a cluster of which only an outline is loaded, the others are left alone
  // where that can be. False: it is not there.
  bool FindBlock(uint32_t track, ClusterLoader& cluster, BlockRecord* block) const;
};

// The block that a seek leads to.
struct SeekTarget {
  uint32_t track = 0;
  ClusterRef cluster;
  TrackStart start;  // by time: the index says so, and the cluster was not looked at yet
};

// A request among those that are searched side by side, and what was found so far.
struct SeekSearch {
  SeekRequest request;
  std::optional<ClusterRef> candidate;  // the first cluster that the index names for it
  std::optional<SeekTarget> best;
};

// The way to a target over the clusters where the other tracks begin.
struct SeekRoute {
  std::vector<ClusterRef> clusters;    // the next one to be read stands last
  std::vector<TrackStart> starts;      // by track
  std::vector<size_t> first_position;  // by track, in the current cluster
};

// Finds targets and routes (core.md, "Seeking"). What it finds wrong with the index is kCorrupt.
class SeekPlanner {
 public:
  SeekPlanner(FileIndex& file, ClusterPair& clusters) : file_(file), clusters_(clusters) {}

  // The block that a request leads to; empty: there is none. trust_index: where the index tells the
  // time of the target, its cluster is not read.
  Status FindTarget(const SeekRequest& request, bool trust_index,
                    std::optional<SeekTarget>* target);
  // Whether FindTarget() may trust the index. Not if tracks begin behind the target, which takes
  // its place in the cluster.
  bool CanTrustIndex(const SeekRequest& request, const BlockFilter& filter);

  // The clusters to be read from where the first track begins up to the target.
  Status FindRoute(const SeekTarget& target, const BlockFilter& filter, SeekRoute* route);
  // The route to the target alone.
  SeekRoute DirectRoute(const SeekTarget& target);

 private:
  Status FindAny(const SeekRequest& request, std::optional<SeekTarget>* target);
  Status SearchCandidates(std::span<SeekSearch> searches);
  Status SearchCluster(const ClusterRef& cluster, const SeekRequest& request,
                       std::optional<SeekTarget>* target);
  Status FindStarts(const SeekTarget& target, const BlockFilter& filter, SeekRoute* route,
                    std::vector<std::optional<ClusterRef>>* begins);
  Status FindFirstBlock(uint32_t track, TrackStart* start, std::optional<ClusterRef>* begin);

  FileIndex& file_;
  ClusterPair& clusters_;
};

// kCorrupt: the index leads to a cluster without what it says.
Status NoSuchKey(const ClusterRef& cluster);

}  // namespace h4mk

#endif  // H4MK_READER_SEEK_PLANNER_H_
