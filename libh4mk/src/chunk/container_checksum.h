// SPDX-License-Identifier: MIT
// core.md, "Container checksum": a CRC over the file header and the CRCs of all chunks. Parts of a
// file can be summed up apart and put together.
#ifndef H4MK_CHUNK_CONTAINER_CHECKSUM_H_
#define H4MK_CHUNK_CONTAINER_CHECKSUM_H_

#include "base/bytes.h"
#include "base/io.h"

namespace h4mk {

class ContainerChecksum {
 public:
  // Of no bytes: the beginning of a part.
  ContainerChecksum() = default;
  // A file's checksum begins with its salt and its header.
  ContainerChecksum(uint32_t salt, ByteSpan header);
  // What is known of a file: the value up to some chunk.
  explicit ContainerChecksum(uint32_t value) : crc_(value) {}

  uint32_t value() const { return crc_; }

  // A chunk with this CRC.
  void Add(uint32_t crc);
  // Whole chunks, one after the other.
  void AddChunks(ByteSpan chunks);
  // The chunks of a file from one offset to another; their payloads are not read. kCorrupt: chunks
  // do not follow each other there.
  Status AddChunks(Source& source, uint64_t from, uint64_t until);
  // The chunks of a part that follows.
  void Append(const ContainerChecksum& part);

 private:
  uint32_t crc_ = 0;
  uint64_t size_ = 0;  // bytes that crc_ is over
};

// The checksum of a file up to an offset at which a chunk begins. Errors of AddChunks().
Status ReadContainerChecksum(Source& source, uint64_t until, ContainerChecksum* checksum);

}  // namespace h4mk

#endif  // H4MK_CHUNK_CONTAINER_CHECKSUM_H_
