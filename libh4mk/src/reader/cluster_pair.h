// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_CLUSTER_PAIR_H_
#define H4MK_READER_CLUSTER_PAIR_H_

#include <memory>
#include <optional>

#include "index/index.h"
#include "reader/cluster_loader.h"

namespace h4mk {

// The two clusters that a reader has in memory: the current one, whose blocks are handed out, and
// one that seeks and lookups search, which leave the current one as it is. A seek that leads to the
// searched one swaps the two.
class ClusterPair {
 public:
  ClusterPair(Source& source, const TrackIds& tracks, BufferAllocator& allocator);

  ClusterLoader& current() { return *current_; }
  const ClusterLoader& current() const { return *current_; }
  ClusterLoader& searched() { return *searched_; }

  // Makes the cluster of a seek the current one, as ClusterLoader::LoadAt(). comes_again: the
  // offset of one that is read once more soon, and stays in memory if it is there.
  Status MakeCurrent(const ClusterRef& cluster, std::optional<uint64_t> comes_again);

  // A cluster with all its blocks, to be searched. kCorrupt, kIo, kMemory.
  Status Search(const ClusterRef& cluster);
  // The blocks of a cluster, which may be the current one. *blocks is valid until a cluster is
  // loaded.
  Status SearchAnywhere(const ClusterRef& cluster, const std::vector<BlockRecord>** blocks);

 private:
  std::unique_ptr<ClusterLoader> current_, searched_;
};

}  // namespace h4mk

#endif  // H4MK_READER_CLUSTER_PAIR_H_
