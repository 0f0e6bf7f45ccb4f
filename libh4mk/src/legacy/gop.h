// SPDX-License-Identifier: MIT
// legacy.md, "Block schedule": which kind the blocks of a track have that is cut into groups of one
// size.
#ifndef H4MK_LEGACY_GOP_H_
#define H4MK_LEGACY_GOP_H_

#include "base/fault.h"
#include "cluster/block.h"
#include "legacy/v1/v1_block.h"

namespace h4mk {

struct GopConfig {
  uint32_t gop_size = 30;  // blocks from one seek point to the next
  bool allow_b = false;
};

// Block flags of the block with an index, from 0. division_by_zero: gop_size is 0.
inline Result<uint32_t> GopFlags(const GopConfig& config, uint64_t index) {
  if (config.gop_size == 0) return Fault("division_by_zero", "groups of 0 blocks", Code::kArgument);
  if (index % config.gop_size == 0) return uint32_t{kBlockKey | kV1TypeI};
  return uint32_t{config.allow_b && index % 2 == 1 ? kV1TypeB : kV1TypeP};
}

}  // namespace h4mk

#endif  // H4MK_LEGACY_GOP_H_
