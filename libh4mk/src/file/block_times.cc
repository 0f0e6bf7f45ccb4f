// SPDX-License-Identifier: MIT
#include "file/block_times.h"

#include <algorithm>

namespace h4mk {

void SortByTime(TimedBlocks& blocks) {
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const TimedBlock& a, const TimedBlock& b) { return a.time < b.time; });
}

TimedBlocks::const_iterator FirstAfter(const TimedBlocks& blocks, int64_t time) {
  return std::upper_bound(
      blocks.begin(), blocks.end(), time,
      [](int64_t value, const TimedBlock& block) { return value < block.time; });
}

Status FindSeekStart(const BlocksOfTrack& blocks_of, const std::vector<Track>& tracks,
                     const std::vector<bool>& discarded, uint32_t track, int64_t time,
                     SeekMode mode, bool any, SeekStart* start) {
  const TimedBlocks& candidates = blocks_of(track, any);
  auto target = mode == SeekMode::kForward
                    ? std::lower_bound(candidates.begin(), candidates.end(), time,
                                       [](const TimedBlock& block, int64_t value) {
                                         return block.time < value;
                                       })
                    : FirstAfter(candidates, time);
  if (mode == SeekMode::kBackward && target != candidates.begin()) --target;
  if (target == candidates.end())
    return Status(Code::kNotFound, "no random access point of the track there");

  start->first.assign(tracks.size(), 0);
  start->number = start->first[track] = target->number;
  for (uint32_t other = 0; other < tracks.size(); ++other) {
    if (other == track || discarded[other]) continue;
    const TimedBlocks& keys = blocks_of(other, /*any=*/false);
    if (keys.empty()) continue;  // goes on wherever the others do
    auto landing = FirstAfter(
        keys, Rescale(target->time, tracks[track].time_base, tracks[other].time_base));
    // All its random access points are later: from its first block on.
    if (landing == keys.begin()) landing = blocks_of(other, /*any=*/true).begin() + 1;
    start->first[other] = (--landing)->number;
    start->number = std::min(start->number, start->first[other]);
  }
  return {};
}

}  // namespace h4mk
