// SPDX-License-Identifier: MIT
// Appends the file header, chunks and the container checksum to a Sink.
#ifndef H4MK_CHUNK_CHUNK_WRITER_H_
#define H4MK_CHUNK_CHUNK_WRITER_H_

#include "base/io.h"
#include "chunk/chunk_format.h"
#include "chunk/container_checksum.h"

namespace h4mk {

// Header and payload of a chunk as one byte string with its CRC behind it.
Bytes MakeChunk(uint32_t tag, uint32_t flags, ByteSpan payload, uint32_t salt);

// Is told of the file header and of every chunk, once they were written.
class ChunkObserver {
 public:
  virtual ~ChunkObserver() = default;
  virtual void HeaderWritten(ByteSpan header) = 0;
  // The chunk in pieces, without its CRC; the first holds the chunk header.
  virtual void Written(uint64_t offset, std::span<const ByteSpan> chunk) = 0;
};

class ChunkWriter {
 public:
  explicit ChunkWriter(Sink& sink) : sink_(sink) {}
  // Goes on with a file of which the chunks before the sink's position have this checksum.
  ChunkWriter(Sink& sink, uint32_t salt, const ContainerChecksum& before)
      : sink_(sink), salt_(salt), front_(before) {}

  uint64_t position() const { return sink_.position(); }
  // Must outlive the writer; may be null.
  void set_observer(ChunkObserver* observer) { observer_ = observer; }

  // Its salt goes into the CRCs of all chunks that follow.
  Status WriteFileHeader(const FileHeader& header);
  uint32_t salt() const { return salt_; }

  // REQUIRES: payload.size() < 2^32.
  Status WriteChunk(uint32_t tag, uint32_t flags, ByteSpan payload);

  // A chunk that was put together elsewhere: `head` is the chunk header and the front of the
  // payload, `body` the rest of the payload in pieces, crc that of all.
  Status WriteParts(ByteSpan head, std::span<const ByteSpan> body, uint32_t crc);

  // core.md, "Container checksum": of all that was written.
  uint32_t checksum() const;

  // Ends the front of the file: what may be replaced later by other chunks.
  void Mark();
  // The container checksum of the same file with `front` (whole chunks) between the file header and
  // the mark.
  uint32_t ChecksumWithFront(ByteSpan front) const;

  Status WriteContainerChecksum(uint32_t checksum);

 private:
  Sink& sink_;
  ChunkObserver* observer_ = nullptr;
  uint32_t salt_ = 0;
  ContainerChecksum header_;  // of the file header alone
  ContainerChecksum front_;   // of it and the chunks before the mark
  ContainerChecksum rest_;    // of those behind it
};

}  // namespace h4mk

#endif  // H4MK_CHUNK_CHUNK_WRITER_H_
