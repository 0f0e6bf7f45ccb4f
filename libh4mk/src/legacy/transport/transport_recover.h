// SPDX-License-Identifier: MIT
// Makes a whole file of the transport dialect out of one that was damaged or cut.
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_RECOVER_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_RECOVER_H_

#include "maintain/recover.h"

namespace h4mk {

// Chunks that are whole are taken over byte for byte, VERI is made anew. A block that is lost
// leaves an empty one in its place as far as that is known, so that the others keep their numbers.
// kIo (output), kCorrupt (nothing in it can be used).
Status RecoverTransport(ByteSpan file, Io& output, const ChunkWalk::Progress& progress,
                        RecoverReport* report);

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_RECOVER_H_
