// SPDX-License-Identifier: MIT
// Lookups that find any number of blocks, or pass over those that were lost.
#ifndef H4MK_FILE_LOOKUP_ALL_H_
#define H4MK_FILE_LOOKUP_ALL_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "file/file_reader.h"

namespace h4mk {

// Calls lookup(Lookups&, std::span<BlockInfo>, uint64_t* total) until there is room for all that it
// finds. kLimit: that is more than `most`.
template <typename Lookup>
Status LookupAll(FileReader& file, Lookup lookup, std::vector<BlockInfo>* blocks,
                 uint64_t most = UINT64_MAX) {
  uint64_t total = 64;
  do {
    blocks->resize(static_cast<size_t>(total));
    H4MK_TRY(
        file.LookUp([&](Lookups& lookups) { return lookup(lookups, std::span(*blocks), &total); }));
    if (total > most)
      return Status(Code::kLimit,
                    std::to_string(total) + " blocks are more than " + std::to_string(most));
  } while (total > blocks->size());
  blocks->resize(static_cast<size_t>(total));
  return {};
}

// The number of the first block of a track from a number on: those between were lost. kNotFound:
// there is none.
inline Status FindBlockFrom(FileReader& file, uint32_t track, uint64_t first, uint64_t* ordinal) {
  BlockInfo block;
  size_t found = 0;
  H4MK_TRY(file.LookUp([&](Lookups& lookups) {
    return lookups.Blocks(track, first, std::span(&block, 1), &found);
  }));
  if (found == 0) return Status(Code::kNotFound, "no more blocks");
  *ordinal = block.record.ordinal;
  return {};
}

}  // namespace h4mk

#endif  // H4MK_FILE_LOOKUP_ALL_H_
