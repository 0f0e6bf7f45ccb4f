// SPDX-License-Identifier: MIT
#include "chunk/container_checksum.h"

#include "base/crc32.h"
#include "chunk/chunk_reader.h"

namespace h4mk {

ContainerChecksum::ContainerChecksum(uint32_t salt, ByteSpan header)
    : crc_(Crc32(salt, header)), size_(header.size()) {}

void ContainerChecksum::Add(uint32_t crc) {
  uint8_t stored[kCrcSize];
  StoreLe(stored, crc);
  crc_ = Crc32(crc_, stored);
  size_ += sizeof stored;
}

void ContainerChecksum::AddChunks(ByteSpan chunks) {
  while (!chunks.empty()) {
    const auto size = static_cast<size_t>(ParseChunkHeader(chunks.data()).size());
    Add(LoadLe<uint32_t>(chunks.data() + size - kCrcSize));
    chunks = chunks.subspan(size);
  }
}

Status ContainerChecksum::AddChunks(Source& source, uint64_t from, uint64_t until) {
  ChunkReader chunks(source);
  for (uint64_t at = from; at < until;) {
    ChunkHeader header;
    H4MK_TRY(chunks.ReadHeader(at, &header));
    at += header.size();
    uint8_t crc[kCrcSize];
    size_t got = 0;
    H4MK_TRY(source.ReadAt(at - kCrcSize, crc, sizeof crc, &got));
    if (at > until || got < sizeof crc || !IsPlausibleTag(header.tag))
      return Corrupt(at, "chunks do not follow each other");
    Add(LoadLe<uint32_t>(crc));
  }
  return {};
}

void ContainerChecksum::Append(const ContainerChecksum& part) {
  crc_ = Crc32Combine(crc_, part.crc_, part.size_);
  size_ += part.size_;
}

Status ReadContainerChecksum(Source& source, uint64_t until, ContainerChecksum* checksum) {
  uint8_t header[kFileHeaderSize];
  size_t got = 0;
  H4MK_TRY(source.ReadAt(0, header, sizeof header, &got));
  *checksum = ContainerChecksum(source.salt(), ByteSpan(header, got));
  return checksum->AddChunks(source, kFileHeaderSize, until);
}

}  // namespace h4mk
