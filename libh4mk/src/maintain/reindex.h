// SPDX-License-Identifier: MIT
// The index of a file of version 2 once more: made anew from the clusters, or copied to the front.
#ifndef H4MK_MAINTAIN_REINDEX_H_
#define H4MK_MAINTAIN_REINDEX_H_

#include "file/chunk_walk.h"
#include "maintain/edit.h"

namespace h4mk {

// Makes the index and the end of a file anew from its clusters, of which only the indexes are read.
// What an interrupted writer or edit left behind the last whole chunk is cut off. kCorrupt: there
// is damage between the clusters, for which see recover.h. *changed tells whether the file was not
// as it should be.
Status RebuildIndex(EditableFile& file, const ChunkWalk::Progress& progress, bool* changed);

// Copies a closed file and puts its index in front (core.md, "Index at the front"). Errors of
// ReadFileEnd(); kIo.
Status MoveIndexToFront(Io& io, Io& output, const ChunkWalk::Progress& progress);

}  // namespace h4mk

#endif  // H4MK_MAINTAIN_REINDEX_H_
