// SPDX-License-Identifier: MIT
//
// What h4mk.h says of h4mk_reader_seek(), written as a linear scan over all blocks.

#ifndef H4MK_TESTS_SUPPORT_SEEK_ORACLE_H_
#define H4MK_TESTS_SUPPORT_SEEK_ORACLE_H_

#include <optional>
#include <vector>

#include "support/layouts.h"

namespace h4mk_test {

class SeekOracle {
 public:
  explicit SeekOracle(const Media& media) : media_(media) {}

  // Positions in media.blocks of all blocks that are to come after a seek, in order; nothing if
  // there is no such block.
  std::optional<std::vector<size_t>> BlocksAfter(uint32_t track, int64_t time, int mode) const {
    const bool any = (mode & H4MK_SEEK_ANY) != 0;
    std::optional<size_t> target = (mode & H4MK_SEEK_FORWARD)
                                       ? FirstNotBefore(track, time, any)
                                       : LastNotAfter(track, time, media_.tracks[track], any);
    if (!target && !(mode & H4MK_SEEK_FORWARD)) target = FirstNotBefore(track, H4MK_NO_TIME, any);
    if (!target) return std::nullopt;

    // The other tracks are positioned at their last seek point that is not later than that
    // block; at their first block if all their seek points are later; a track that has
    // none behind that block in the file.
    const Block& block = media_.blocks[*target];
    std::vector<size_t> start(media_.tracks.size(), *target);
    for (uint32_t other = 0; other < media_.tracks.size(); ++other) {
      if (other == track || !HasRandomAccessPoints(other)) continue;
      start[other] = LastNotAfter(other, block.time(), media_.tracks[track], false)
                         .value_or(FirstBlock(other));
    }
    std::vector<size_t> blocks = {*target};  // before all others
    for (size_t i = 0; i < media_.blocks.size(); ++i) {
      if (i != *target && i >= start[media_.blocks[i].track]) blocks.push_back(i);
    }
    return blocks;
  }

 private:
  // Blocks without any time are never sought.
  bool Counts(const Block& block, uint32_t track, bool any) const {
    return block.track == track && block.time() != H4MK_NO_TIME &&
           (any || (block.flags & H4MK_BLOCK_KEY));
  }

  bool HasRandomAccessPoints(uint32_t track) const {
    return std::any_of(media_.blocks.begin(), media_.blocks.end(),
                       [&](const Block& block) { return Counts(block, track, false); });
  }

  size_t FirstBlock(uint32_t track) const {
    size_t i = 0;
    while (media_.blocks[i].track != track) ++i;
    return i;
  }

  // The one with the greatest time that is not after; of equal times the last.
  std::optional<size_t> LastNotAfter(uint32_t track, int64_t time, const Track& unit,
                                     bool any) const {
    std::optional<size_t> best;
    for (size_t i = 0; i < media_.blocks.size(); ++i) {
      const Block& block = media_.blocks[i];
      if (!Counts(block, track, any)) continue;
      if (CompareTimes(block.time(), media_.tracks[track], time, unit) > 0) continue;
      if (!best || block.time() >= media_.blocks[*best].time()) best = i;
    }
    return best;
  }

  // The one with the least time that is not before; of equal times the first.
  std::optional<size_t> FirstNotBefore(uint32_t track, int64_t time, bool any) const {
    std::optional<size_t> best;
    for (size_t i = 0; i < media_.blocks.size(); ++i) {
      const Block& block = media_.blocks[i];
      if (!Counts(block, track, any) || block.time() < time) continue;
      if (!best || block.time() < media_.blocks[*best].time()) best = i;
    }
    return best;
  }

  const Media& media_;
};

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_SEEK_ORACLE_H_
