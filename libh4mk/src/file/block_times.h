// SPDX-License-Identifier: MIT
// Seeking and lookup where all blocks of a file are in memory, numbered in the order that they are handed out in: version 1 and
// the transport dialect.
#ifndef H4MK_FILE_BLOCK_TIMES_H_
#define H4MK_FILE_BLOCK_TIMES_H_

#include <functional>
#include <vector>

#include "file/file_reader.h"

namespace h4mk {

struct TimedBlock {
  int64_t time = 0;
  uint32_t number = 0;
};

// Blocks of one track by time; equal times in the order of their numbers.
using TimedBlocks = std::vector<TimedBlock>;

void SortByTime(TimedBlocks& blocks);

// The first block behind a time.
TimedBlocks::const_iterator FirstAfter(const TimedBlocks& blocks, int64_t time);

// The timed blocks of a track: random access points, or (any) all.
using BlocksOfTrack = std::function<const TimedBlocks&(uint32_t track, bool any)>;

// Where reading goes on after a seek: at a block; blocks of a track before first[track] are left out.
struct SeekStart {
  uint32_t number = 0;
  std::vector<uint32_t> first;
};

// h4mk_reader_seek() says where that is. kNotFound.
Status FindSeekStart(const BlocksOfTrack& blocks_of, const std::vector<Track>& tracks,
                     const std::vector<bool>& discarded, uint32_t track, int64_t time,
                     SeekMode mode, bool any, SeekStart* start);

}  // namespace h4mk

#endif  // H4MK_FILE_BLOCK_TIMES_H_
