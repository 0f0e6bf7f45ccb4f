// SPDX-License-Identifier: MIT
// Checking and repairing files of any version: maintain/ for version 2, legacy/ for the others.
#ifndef H4MK_OPEN_WHOLE_FILE_H_
#define H4MK_OPEN_WHOLE_FILE_H_

#include <functional>

#include "file/chunk_walk.h"
#include "maintain/recover.h"
#include "maintain/verify.h"

namespace h4mk {

// The version by the first bytes of a file; 0: no H4MK file. kIo.
Status ReadVersion(Io& io, int* version);

// As VerifyV2(). kNotH4mk, kVersion: no file that can be checked.
Status VerifyFile(Io& io, const ChunkWalk::Progress& progress, VerifyReport* report);

// Visits what a file of version 1 or 2 is made of, down to the last byte. kNotH4mk, kVersion.
Status WalkFile(Io& io, const ChunkWalk::Progress& progress,
                const std::function<void(const Piece&)>& visit);

// As RecoverV2(). A file without a header is taken for one of version 2; older files are read into
// memory as a whole.
Status RecoverFile(Io& io, Io& output, const ChunkWalk::Progress& progress, RecoverReport* report);

}  // namespace h4mk

#endif  // H4MK_OPEN_WHOLE_FILE_H_
