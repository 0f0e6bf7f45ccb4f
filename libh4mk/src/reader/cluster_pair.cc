// SPDX-License-Identifier: MIT
#include "reader/cluster_pair.h"

namespace h4mk {
namespace {

// Larger clusters are not kept for a seek that may need them: they would push each other out of the
// processor's cache.
constexpr uint64_t kKeptCluster = 256 << 10;

}  // namespace

ClusterPair::ClusterPair(Source& source, const TrackIds& tracks, BufferAllocator& allocator)
    : current_(std::make_unique<ClusterLoader>(source, tracks, allocator)),
      searched_(std::make_unique<ClusterLoader>(source, tracks, allocator)) {}

Status ClusterPair::MakeCurrent(const ClusterRef& cluster, std::optional<uint64_t> comes_again) {
  if (current_->Holds(cluster.offset)) return {};
  if (searched_->Holds(cluster.offset)) {
    current_.swap(searched_);
    return {};
  }
  const auto is_needed = [&](const ClusterLoader& loader) {
    return comes_again && loader.Holds(*comes_again);
  };
  const bool is_small = current_->loaded() && current_->end() - current_->offset() <= kKeptCluster;
  if ((is_small || is_needed(*current_)) && !is_needed(*searched_)) current_.swap(searched_);
  return current_->LoadAt(cluster.offset, cluster.extent);
}

Status ClusterPair::Search(const ClusterRef& cluster) {
  if (!searched_->Holds(cluster.offset)) {
    const Status status = searched_->LoadAt(cluster.offset, cluster.extent);
    if (status.code() == Code::kAgain) return Corrupt(cluster.offset, "cluster is not complete");
    H4MK_TRY(status);
  }
  return searched_->Complete();
}

Status ClusterPair::SearchAnywhere(const ClusterRef& cluster,
                                   const std::vector<BlockRecord>** blocks) {
  const bool is_current = current_->Holds(cluster.offset);
  H4MK_TRY(is_current ? current_->Complete() : Search(cluster));
  *blocks = &(is_current ? current_ : searched_)->index().blocks();
  return {};
}

}  // namespace h4mk
