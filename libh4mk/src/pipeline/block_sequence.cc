// SPDX-License-Identifier: MIT
#include "pipeline/block_sequence.h"

#include <algorithm>

namespace h4mk {

BlockSequence::Verdict BlockSequence::Judge(size_t number, uint64_t ordinal) {
  Track& track = tracks_[number];
  if (track.is_known && ordinal < track.next) return Verdict::kTooLate;
  if (track.is_known && ordinal > track.next && !track.gap_reported) {
    track.gap_reported = true;
    return Verdict::kMissingBefore;
  }
  return Verdict::kNext;
}

void BlockSequence::Pass(size_t number, uint64_t ordinal) {
  tracks_[number] = {.next = ordinal + 1, .is_discarded = tracks_[number].is_discarded};
}

bool BlockSequence::EndsEarly(size_t number, uint64_t blocks) const {
  const Track& track = tracks_[number];
  return !track.is_discarded && track.is_known && track.next != blocks;
}

void BlockSequence::GrowTo(size_t track_count) {
  tracks_.resize(std::max(tracks_.size(), track_count));
}

void BlockSequence::NoteDamage() {
  for (Track& track : tracks_) track.gap_reported = true;
}

void BlockSequence::Restart(bool from_start) {
  for (Track& track : tracks_) {
    track.is_known = from_start;
    if (!from_start) continue;
    track.next = 0;
    track.gap_reported = false;
  }
}

void BlockSequence::Discard(size_t number, bool discard) {
  Track& track = tracks_[number];
  if (track.is_discarded != discard) track.is_known = false;
  track.is_discarded = discard;
}

}  // namespace h4mk
