// SPDX-License-Identifier: MIT
// The blocks next to a number of which some may be lost.
#ifndef H4MK_FRAMES_NEAR_BLOCKS_H_
#define H4MK_FRAMES_NEAR_BLOCKS_H_

#include <h4mk/h4mk.h>

#include <cstdint>
#include <vector>

#include "outcome.h"

namespace h4mk::frames {

// Where numbers are lost, and backwards, it reads many blocks at once and keeps them: to ask for
// each number by itself takes a search through a whole cluster.
class NearBlocks {
 public:
  NearBlocks(h4mk_reader* reader, uint32_t track) : reader_(reader), track_(track) {}

  // The block with a number, or else the next one that the file has.
  Outcome From(uint64_t number, h4mk_block_info* block, bool* found);

  // The last block before a number; not found where thousands before it are lost.
  Outcome Before(uint64_t number, h4mk_block_info* block, bool* found);

  void Forget() { blocks_.clear(); }

 private:
  Outcome Read(uint64_t first, size_t count);
  bool FindBefore(uint64_t number, h4mk_block_info* block) const;

  h4mk_reader* reader_;
  uint32_t track_;
  uint64_t first_ = 0;                   // blocks_ has all from this number on, up to its last
  std::vector<h4mk_block_info> blocks_;  // by number
};

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_NEAR_BLOCKS_H_
