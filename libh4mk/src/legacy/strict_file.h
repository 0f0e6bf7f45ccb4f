// SPDX-License-Identifier: MIT
// A file of version 1 or of the transport dialect as its first reader takes it: whole, or not at
// all. V1File and TransportFile answer questions about its chunks.
#ifndef H4MK_LEGACY_STRICT_FILE_H_
#define H4MK_LEGACY_STRICT_FILE_H_

#include <optional>
#include <span>
#include <vector>

#include "base/io.h"
#include "file/chunk_list.h"

namespace h4mk {

class StrictFile {
 public:
  const std::vector<ChunkInfo>& chunks() const { return chunks_; }
  Status ReadPayload(const ChunkInfo& chunk, Bytes* payload) const;
  // The payload of the first chunk with a tag.
  Result<std::optional<Bytes>> First(uint32_t tag) const;

 protected:
  // The source must be seekable, of known size, and outlive the file. Memory: 40 bytes a chunk.
  StrictFile(Source& source, int version) : source_(&source), version_(version) {}

  // Fills `header`, which is as long as that of the file. too_short, bad_magic.
  Status ReadHeader(std::span<uint8_t> header) const;
  // Finds all chunks; with `check` every CRC is right. chunk_overrun, chunk_crc.
  Status ReadChunks(bool check);
  uint64_t size() const { return static_cast<uint64_t>(source_->Size()); }
  // Null: there is none.
  const ChunkInfo* FirstChunk(uint32_t tag) const;

  Source* source_;

 private:
  Status CheckCrc(const ChunkInfo& chunk) const;

  int version_;
  std::vector<ChunkInfo> chunks_;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_STRICT_FILE_H_
