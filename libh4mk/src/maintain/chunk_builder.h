// SPDX-License-Identifier: MIT
// Collects chunks that will stand at an offset of a file, and the container checksum with them.
#ifndef H4MK_MAINTAIN_CHUNK_BUILDER_H_
#define H4MK_MAINTAIN_CHUNK_BUILDER_H_

#include <string_view>

#include "base/crc32.h"
#include "chunk/chunk_writer.h"
#include "file/file_end.h"

namespace h4mk {

class ChunkBuilder {
 public:
  // checksum is the one over everything before the offset, salt that of the file.
  ChunkBuilder(uint64_t offset, uint32_t checksum, uint32_t salt)
      : offset_(offset), salt_(salt), checksum_(checksum) {}

  uint64_t position() const { return offset_ + bytes_.size(); }
  uint32_t checksum() const { return checksum_; }
  const Bytes& bytes() const { return bytes_; }

  void Add(uint32_t tag, ByteSpan payload) {
    const Bytes chunk = MakeChunk(tag, 0, payload, salt_);
    AppendBytes(bytes_, chunk);
    checksum_ = Crc32(checksum_, ByteSpan(chunk).last(kCrcSize));
  }
  void Add(uint32_t tag, std::string_view text) { Add(tag, AsBytes(text)); }

  // core.md, "End of file": the top, the locator and the container checksum.
  void AddEnd(IndexTop top, const TrackIds& ids) {
    const uint64_t at = position();
    const size_t size = EncodeTop(top, ids, at).size() + kChunkOverhead;
    top.file_size = at + size + kTailSize;
    Add(kTagIndex, EncodeTop(top, ids, at));
    Add(kTagTail, EncodeTail({at, static_cast<uint32_t>(size)}, position()));
    AppendLe(bytes_, checksum_);
  }

 private:
  const uint64_t offset_;
  const uint32_t salt_;
  uint32_t checksum_;
  Bytes bytes_;
};

}  // namespace h4mk

#endif  // H4MK_MAINTAIN_CHUNK_BUILDER_H_
