// SPDX-License-Identifier: MIT
// Verifies and recovers files of version 1.
#ifndef H4MK_LEGACY_V1_V1_MAINTAIN_H_
#define H4MK_LEGACY_V1_V1_MAINTAIN_H_

#include "maintain/recover.h"
#include "maintain/verify.h"

namespace h4mk {

// As VerifyV2().
Status VerifyV1(Io& io, const ChunkWalk::Progress& progress, VerifyReport* report);

// As RecoverV2(), from a whole file in memory.
Status RecoverV1(ByteSpan file, Io& output, const ChunkWalk::Progress& progress,
                 RecoverReport* report);

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_MAINTAIN_H_
