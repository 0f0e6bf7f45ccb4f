// SPDX-License-Identifier: MIT
// legacy.md, "Block log": what version 1 cannot say of its blocks (decoding order, exact times,
// flags, side data), kept in META in the form of version 2's cluster indexes. The blocks of the
// file are found in it by the order that both sides know: sorted by pts in ms, then track_id.
#ifndef H4MK_LEGACY_V1_V1_BLOCK_LOG_H_
#define H4MK_LEGACY_V1_V1_BLOCK_LOG_H_

#include <utility>
#include <vector>

#include "base/json.h"
#include "cluster/cluster_encoder.h"
#include "cluster/cluster_index.h"
#include "file/tracks.h"

namespace h4mk {

// The key of META that holds {"tracks": [descriptions], "blocks": [base64 of a cluster index, …]}.
inline constexpr char kV1LogKey[] = "h4mk";
inline constexpr size_t kV1LogPageBlocks = 4096;

// Times of blocks as version 1 has them: pts (dts where there is none) in ms, rounded down; of a
// block without times that of the block before in its track.
class V1Clock {
 public:
  explicit V1Clock(TimeBase time_base) : time_base_(time_base) {}
  int64_t TimeMs(int64_t pts, int64_t dts) {
    if (const int64_t time = SeekTime(pts, dts); time != kNoTime)
      last_ms_ = Rescale(time, time_base_, {1, 1000});
    return last_ms_;
  }

 private:
  TimeBase time_base_;
  int64_t last_ms_ = 0;
};

// One for each track.
std::vector<V1Clock> V1Clocks(const std::vector<Track>& tracks);

class V1BlockLogWriter {
 public:
  void AddTrack(uint32_t track_id) { encoder_.AddTrack(track_id); }
  void Add(const Block& block);
  Json Finish();

 private:
  void EndPage();
  ClusterEncoder encoder_;
  Json pages_ = Json::array();
};

class V1BlockLog {
 public:
  // A block in the order of the file.
  struct Entry {
    int64_t pts_ms = 0;
    uint32_t track_id = 0;
    uint32_t size = 0;
    uint32_t number = 0;  // in decoding order, from 0
    // What blocks of the file are sorted by.
    std::pair<int64_t, uint32_t> key() const { return {pts_ms, track_id}; }
  };

  // pages as in META; at most max_blocks in all. The tracks must outlive the log.
  Status Load(const Json& pages, const TrackList& tracks, uint64_t max_blocks);

  uint32_t block_count() const { return block_count_; }
  const std::vector<Entry>& in_file_order() const { return entries_; }
  void DropFileOrder() { entries_ = {}; }

  // The block with a number; valid until the next call. REQUIRES: number < block_count().
  const BlockRecord& Block(uint32_t number);
  // REQUIRES: the block that Block() returned last.
  std::span<const SideData> side_data(const BlockRecord& block) const {
    return page_.side_data(block);
  }

 private:
  struct Page {
    Bytes index;
    uint32_t first = 0;  // number of its first block
  };
  Status LoadPage(size_t page);

  const TrackList* tracks_ = nullptr;
  std::vector<Page> pages_;
  std::vector<Entry> entries_;
  uint32_t block_count_ = 0;
  ClusterIndex page_;
  size_t loaded_page_ = SIZE_MAX;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_BLOCK_LOG_H_
