// SPDX-License-Identifier: MIT
// Makes index pages and the totals of a file from its blocks. The writer, a reader of a file
// without an end, verify and reindex all make them here, so they agree.
#ifndef H4MK_INDEX_PAGE_BUILDER_H_
#define H4MK_INDEX_PAGE_BUILDER_H_

#include <algorithm>
#include <span>
#include <vector>

#include "index/index_page.h"

namespace h4mk {

// The times of so many frames are kept for a page, 2 MiB; a writer stores none where there are
// more.
inline constexpr size_t kMaxKeptTimes = size_t{1} << 18;

class PageBuilder {
 public:
  // Of at most most_times frames the times are kept.
  explicit PageBuilder(size_t track_count = 0, size_t most_times = kMaxKeptTimes);

  // Makes room for tracks that were added.
  void GrowTo(size_t track_count);

  // A block of the cluster that is open.
  void Add(const Block& block) {
    Add(block.track, block.pts, block.dts, block.duration, block.flags, block.data.size());
  }
  // Ends that cluster, whose chunk stands at offset. REQUIRES: it stands behind those before it.
  void EndCluster(uint64_t offset);
  // A whole cluster. Blocks of no track are left out.
  void AddCluster(uint64_t offset, std::span<const BlockRecord> blocks);

  // The totals continue these, which were read: those of the clusters before the page.
  void Resume(const std::vector<TrackTotals>& totals);

  // Whether a block that begins a cluster would be shown behind all blocks of its track before it.
  bool IsNewest(uint32_t track, int64_t time) const {
    return time > std::max(tracks_[track].max_time, tracks_[track].last_time);
  }
  // Tracks whose blocks are not all shown in the order that they come in.
  const std::vector<uint32_t>& reordered() const { return reordered_; }

  // What is known so far; of the page all but what it names, and the times of frames.
  const IndexPage& page() const { return page_; }
  const std::vector<TrackTotals>& totals() const { return totals_; }
  // Whether another cluster may be too much for the page.
  bool is_full() const {
    return page_.clusters.size() >= kMaxPageClusters ||
           span_count_ + tracks_.size() > kMaxPageSpans;
  }
  // The times of the page's frames, span by span. False: there are more than are kept.
  bool Times(size_t track, std::span<const int64_t>* times) const;

  // The page with its totals and, where they are cheap, the times of frames. The next cluster
  // begins another page.
  IndexPage Take();

 private:
  struct Track {
    // Of the cluster that is open.
    int64_t blocks = 0, hidden = 0;
    int64_t first_time = kNoTime, last_time = kNoTime;
    int64_t first_key = kNoTime, last_key = kNoTime;
    // Of all clusters before it.
    int64_t max_time = kNoTime;
    bool reordered = false;
    // Of the frames of the page.
    Values times;
    bool has_all_times = true;
  };

  void Add(uint32_t track, int64_t pts, int64_t dts, int64_t duration, uint32_t flags,
           uint64_t size);
  void DropTimes(Track& track);
  void EndSpan(uint32_t track);
  Bytes EncodeTimes(const Track& track, uint64_t most) const;

  size_t most_times_;
  std::vector<Track> tracks_;
  std::vector<uint32_t> open_;  // tracks with blocks in the cluster that is open
  std::vector<uint32_t> reordered_;
  std::vector<TrackTotals> totals_;
  IndexPage page_;
  uint64_t span_count_ = 0;
  size_t time_count_ = 0;
  uint64_t block_count_ = 0;  // of the page, all tracks
};

}  // namespace h4mk

#endif  // H4MK_INDEX_PAGE_BUILDER_H_
