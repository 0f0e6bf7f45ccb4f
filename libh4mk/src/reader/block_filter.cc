// SPDX-License-Identifier: MIT
#include "reader/block_filter.h"

#include <algorithm>

namespace h4mk {

void BlockFilter::Discard(uint32_t track, bool discard) {
  if (track >= discarded_.size()) discarded_.resize(size_t{track} + 1);
  discarded_[track] = discard;
  any_discarded_ = std::ranges::find(discarded_, true) != discarded_.end();
}

uint64_t BlockFilter::UnwantedBytes(const std::vector<BlockRecord>& blocks) const {
  uint64_t sum = 0;
  for (const BlockRecord& block : blocks)
    if (!wants_data_ || (block.track >= 0 && IsDiscarded(static_cast<size_t>(block.track))))
      sum += block.stored_size();
  return sum;
}

// Whether the block's track tells all that its flags ask for.
bool BlockFilter::IsKnownToTrack(const BlockRecord& block) const {
  if (block.flags & kBlockMustKnow) return false;
  if ((block.flags & kBlockCompressed) && TrackOf(block).compression == Compression::kNone)
    return false;
  return TrackOf(block).unknown_requirement.empty();
}

Status BlockFilter::WhyLeftOut(const BlockRecord& block, uint64_t cluster) {
  const uint32_t flags = block.flags & kBlockMustKnow;
  const Track& track = TrackOf(block);
  if (flags == 0 && track.unknown_requirement.empty())
    return Corrupt(cluster, "block " + std::to_string(block.ordinal) +
                                " is compressed, but its track does not say how, in the cluster");
  if (flags != 0) {
    if ((flags & ~reported_flags_) == 0) return {};
    reported_flags_ |= flags;
    return Status(Code::kUnsupported,
                  "blocks of the cluster at byte " + std::to_string(cluster) + " have flags " +
                      std::to_string(flags) +
                      " that this version of the library does not know; they are left out")
        .At(cluster);
  }
  if (!reported_tracks_.insert(block.track).second) return {};
  return Status(Code::kUnsupported,
                "track " + std::to_string(track.id) + " requires \"" + track.unknown_requirement +
                    "\", which this version of the library does not know; its blocks are left out");
}

}  // namespace h4mk
