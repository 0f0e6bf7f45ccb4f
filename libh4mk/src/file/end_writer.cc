// SPDX-License-Identifier: MIT
#include "file/end_writer.h"

#include "file/file_end.h"

namespace h4mk {

Status WritePageCopies(ChunkWriter& chunks, std::span<const StoredPage> pages,
                       uint64_t clusters_moved, std::span<PageRef> refs) {
  for (size_t i = 0; i < pages.size(); ++i) {
    const uint64_t to = chunks.position();
    refs[i].offset = to;
    refs[i].size = pages[i].payload.size() + kChunkOverhead;
    H4MK_TRY(chunks.WriteChunk(kTagIndex, 0,
                               CopyOfPage(pages[i].payload, pages[i].offset, to, clusters_moved)));
  }
  return {};
}

Status WriteTopAndLocator(ChunkWriter& chunks, const TrackIds& ids, IndexTop* top) {
  const uint64_t at = chunks.position();
  const size_t size = EncodeTop(*top, ids, at).size() + kChunkOverhead;
  top->file_size = at + size + kTailSize;
  H4MK_TRY(chunks.WriteChunk(kTagIndex, 0, EncodeTop(*top, ids, at)));
  return chunks.WriteChunk(kTagTail, 0,
                           EncodeTail({at, static_cast<uint32_t>(size)}, chunks.position()));
}

Status WriteEnd(ChunkWriter& chunks, const TrackIds& ids, IndexTop* top) {
  H4MK_TRY(WriteTopAndLocator(chunks, ids, top));
  return chunks.WriteContainerChecksum(chunks.checksum());
}

Status MakeFrontIndex(std::span<const StoredPage> pages, IndexTop top, const TrackIds& ids,
                      uint32_t salt, uint64_t moved, Bytes* index) {
  ChunksInMemory front(kFileHeaderSize, salt, {});
  H4MK_TRY(WritePageCopies(front.writer(), pages, moved, top.pages));
  for (uint64_t* offset : {&top.trak, &top.meta, &top.first_cluster, &top.file_size})
    if (*offset != 0) *offset += moved;
  H4MK_TRY(front.writer().WriteChunk(kTagIndex, 0, EncodeTop(top, ids, front.position())));
  *index = front.bytes();
  return {};
}

}  // namespace h4mk
