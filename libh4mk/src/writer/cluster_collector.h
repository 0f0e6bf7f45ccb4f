// SPDX-License-Identifier: MIT
// Collects blocks and decides where one cluster ends and the next begins (core.md, "When clusters
// are closed").
#ifndef H4MK_WRITER_CLUSTER_COLLECTOR_H_
#define H4MK_WRITER_CLUSTER_COLLECTOR_H_

#include <vector>

#include "base/status.h"
#include "cluster/cluster_encoder.h"
#include "cluster/cluster_index.h"
#include "file/file_writer.h"
#include "file/tracks.h"
#include "index/page_builder.h"

namespace h4mk {

// Where clusters go.
class ClusterOutput {
 public:
  virtual ~ClusterOutput() = default;
  // The first block of a cluster was added.
  virtual Status BeginCluster() = 0;
  virtual Status WriteCluster(const ClusterEncoder::Encoded& cluster) = 0;
};

class ClusterCollector {
 public:
  // output and page must outlive the collector; page gets every block.
  ClusterCollector(const WriterOptions& options, ClusterOutput& output, PageBuilder& page)
      : size_limit_(options.cluster_size_limit),
        time_limit_ms_(options.cluster_time_limit_ms),
        output_(output),
        page_(page) {}

  void set_salt(uint32_t salt) { encoder_.set_salt(salt); }
  void AddTrack(const Track& track);

  // Adds a block, whose data is copied, to this cluster or a new one.
  Status Add(const Block& block);
  // Writes the cluster as it is, with the blocks that were waiting.
  Status Close();

  // A cluster was written that was put together elsewhere. REQUIRES: Close() was called.
  void PassCluster(const ClusterIndex& index);
  // The number within its track that the next block gets.
  uint64_t NextOrdinal(uint32_t track) const;
  // REQUIRES: Close() was called.
  void SkipTo(uint32_t track, uint64_t ordinal) { encoder_.SkipTo(track, ordinal); }

 private:
  struct TrackState {
    double tick_seconds = 0;
    bool has_other_blocks = false;  // not all are seek points
  };

  Status AppendWaiting();
  Status Append(const Block& block);
  Status SkipMissing(const Block& block);
  Status CloseCluster();
  bool IsSeekPoint(const Block& block) const;
  bool MayWait(const Block& block) const;
  bool MustCloseBefore(const Block& block) const;
  bool IsFull(const Block& block) const;
  bool WouldOverlap(const Block& block) const;
  double Seconds(const Block& block) const;

  const uint32_t size_limit_;
  const uint32_t time_limit_ms_;
  ClusterOutput& output_;
  PageBuilder& page_;
  ClusterEncoder encoder_;

  std::vector<TrackState> tracks_;
  bool any_other_blocks_ = false;  // of any track

  // Of the cluster that is collected.
  double start_ = 0;  // seconds
  bool has_time_ = false;
  bool takes_keys_ = false;  // begun by a seek point, nothing but key blocks since

  // Blocks whose cluster is not decided: they go with the next one, into this cluster or a new one.
  // Their data stands in waiting_data_ one after the other.
  std::vector<Block> waiting_;
  Bytes waiting_data_;
};

}  // namespace h4mk

#endif  // H4MK_WRITER_CLUSTER_COLLECTOR_H_
