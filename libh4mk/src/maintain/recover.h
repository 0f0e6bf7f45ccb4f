// SPDX-License-Identifier: MIT
// Makes a whole file out of one that was damaged or never finished, and says what was lost.
#ifndef H4MK_MAINTAIN_RECOVER_H_
#define H4MK_MAINTAIN_RECOVER_H_

#include <string>
#include <vector>

#include "file/chunk_walk.h"

namespace h4mk {

struct RecoverReport {
  struct Loss {
    uint64_t offset = 0;  // in the damaged file
    uint64_t bytes = 0;   // that could not be used, from there on
    std::string message;
    bool may_hold_blocks = false;
  };
  uint64_t clusters = 0;  // that were taken over as they are
  uint64_t blocks = 0;    // in the new file
  uint64_t payload_bytes = 0;
  uint64_t lost_blocks = 0;  // as far as the numbers of those around them tell
  std::vector<Loss> losses;  // in the order of the file

  bool ok() const { return losses.empty(); }
  // False: as far as anybody can tell, all blocks are in the new file.
  bool lost_any_blocks() const;
};

// Whether there may have been blocks in a piece that cannot be used.
bool MayHoldBlocks(const Piece& piece);

// Version 2. Chunks that are whole are taken over byte for byte, unknown ones too; of a damaged
// cluster the blocks whose CRC is good. io must be seekable and know its size. Errors: kIo (output
// too), kCorrupt (nothing in it can be used).
Status RecoverV2(Io& io, Io& output, const ChunkWalk::Progress& progress, RecoverReport* report);

}  // namespace h4mk

#endif  // H4MK_MAINTAIN_RECOVER_H_
