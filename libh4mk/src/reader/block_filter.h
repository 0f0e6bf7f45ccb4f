// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_BLOCK_FILTER_H_
#define H4MK_READER_BLOCK_FILTER_H_

#include <set>
#include <vector>

#include "reader/descriptions.h"

namespace h4mk {

// Which blocks are handed out: not those of discarded tracks, and not those that need a feature
// that this library does not know (core.md, "Block flags" and `requires`).
class BlockFilter {
 public:
  explicit BlockFilter(const Descriptions& descriptions) : descriptions_(descriptions) {}

  void Discard(uint32_t track, bool discard);
  bool IsDiscarded(size_t track) const { return track < discarded_.size() && discarded_[track]; }
  bool any_discarded() const { return any_discarded_; }
  // Blocks are handed out without their data.
  void LeaveDataOut() { wants_data_ = false; }
  bool wants_data() const { return wants_data_; }
  // How much of a cluster's data nobody wants.
  uint64_t UnwantedBytes(const std::vector<BlockRecord>& blocks) const;

  bool IsUnderstood(const BlockRecord& block) const {
    const bool is_plain = !(block.flags & (kBlockMustKnow | kBlockCompressed));
    return (is_plain && !descriptions_.has_unknown_requirement()) || IsKnownToTrack(block);
  }
  // Why a block of the cluster at an offset is left out; ok if that was said before of such blocks.
  // REQUIRES: !IsUnderstood(block), and its track is known.
  Status WhyLeftOut(const BlockRecord& block, uint64_t cluster);

 private:
  bool IsKnownToTrack(const BlockRecord& block) const;
  const Track& TrackOf(const BlockRecord& block) const {
    return descriptions_.tracks()[static_cast<size_t>(block.track)];
  }

  const Descriptions& descriptions_;
  std::vector<bool> discarded_;  // by track; those behind its end are not
  bool any_discarded_ = false;
  bool wants_data_ = true;
  uint32_t reported_flags_ = 0;
  std::set<int32_t> reported_tracks_;
};

}  // namespace h4mk

#endif  // H4MK_READER_BLOCK_FILTER_H_
