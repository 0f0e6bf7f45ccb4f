// SPDX-License-Identifier: MIT
// What stands at the end of a closed file, and the index that can stand at its front instead
// (core.md, "End of file"). file_end.h reads it.
#ifndef H4MK_FILE_END_WRITER_H_
#define H4MK_FILE_END_WRITER_H_

#include <span>

#include "base/memory_io.h"
#include "chunk/chunk_writer.h"
#include "index/index_page.h"

namespace h4mk {

// The payload of an index page, and the offset of the chunk that it was made for.
struct StoredPage {
  uint64_t offset = 0;
  Bytes payload;
};

// Copies of pages, side by side; the first of `refs` lead to them then. clusters_moved: by how much
// clusters stand behind where the pages say.
Status WritePageCopies(ChunkWriter& chunks, std::span<const StoredPage> pages,
                       uint64_t clusters_moved, std::span<PageRef> refs);

// The top and the locator. Sets top->file_size; the container checksum, which follows, is in it.
Status WriteTopAndLocator(ChunkWriter& chunks, const TrackIds& ids, IndexTop* top);

// Both, and the container checksum: all that ends a file.
Status WriteEnd(ChunkWriter& chunks, const TrackIds& ids, IndexTop* top);

// An index that can be put in behind the file header: copies of all pages, and the top. What
// follows the header in `top` stands `moved` bytes further back then. The size of the index does
// not depend on `moved`.
Status MakeFrontIndex(std::span<const StoredPage> pages, IndexTop top, const TrackIds& ids,
                      uint32_t salt, uint64_t moved, Bytes* index);

// Chunks that are put together in memory, and go to an offset of a file later.
class ChunksInMemory {
 public:
  // before: the checksum of the chunks before the offset; salt is that of the file.
  ChunksInMemory(uint64_t offset, uint32_t salt, const ContainerChecksum& before)
      : sink_(output_, offset), writer_(sink_, salt, before) {}

  ChunkWriter& writer() { return writer_; }
  uint64_t position() const { return sink_.position(); }
  const Bytes& bytes() const { return output_.bytes; }

 private:
  MemoryOutput output_;
  Sink sink_;
  ChunkWriter writer_;
};

}  // namespace h4mk

#endif  // H4MK_FILE_END_WRITER_H_
