// SPDX-License-Identifier: MIT
// Verifies and recovers files of version 1 and of the transport dialect.
#ifndef H4MK_LEGACY_MAINTAIN_H_
#define H4MK_LEGACY_MAINTAIN_H_

#include "maintain/recover.h"
#include "maintain/verify.h"

namespace h4mk {

// As VerifyV2(). Of the transport dialect: every CRC, the tables, and VERI as writers write it.
// That the first reader takes VERI for something else is a note.
Status VerifyV1(Io& io, const ChunkWalk::Progress& progress, VerifyReport* report);
Status VerifyTransport(Io& io, VerifyReport* report);

// As RecoverV2(), from a whole file in memory. Of the transport dialect chunks that are whole are
// taken over byte for byte, VERI is made anew. A block that is lost leaves an empty one in its
// place as far as that is known, so that the others keep their numbers.
Status RecoverV1(ByteSpan file, Io& output, const ChunkWalk::Progress& progress,
                 RecoverReport* report);
Status RecoverTransport(ByteSpan file, Io& output, const ChunkWalk::Progress& progress,
                        RecoverReport* report);

}  // namespace h4mk

#endif  // H4MK_LEGACY_MAINTAIN_H_
