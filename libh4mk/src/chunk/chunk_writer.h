// SPDX-License-Identifier: MIT
// Appends the file header, chunks and the container checksum to a Sink.
#ifndef H4MK_CHUNK_CHUNK_WRITER_H_
#define H4MK_CHUNK_CHUNK_WRITER_H_

#include "base/io.h"
#include "chunk/chunk_format.h"

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

  // core.md, "Container checksum": of the file header and the chunk CRCs so far.
  uint32_t checksum() const { return checksum_; }

  // Ends the front of the file: what may be replaced later by other chunks.
  void Mark();
  // The container checksum of the same file with `front` (whole chunks) between the file header and
  // the mark.
  uint32_t ChecksumWithFront(ByteSpan front) const;

  Status WriteContainerChecksum(uint32_t checksum);

 private:
  void AddToChecksum(ByteSpan bytes);

  Sink& sink_;
  ChunkObserver* observer_ = nullptr;
  uint32_t salt_ = 0;
  uint32_t checksum_ = 0;
  uint32_t header_checksum_ = 0;  // of the file header alone
  uint32_t after_mark_ = 0;       // of the chunk CRCs behind the mark
  uint64_t after_mark_size_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_CHUNK_CHUNK_WRITER_H_
