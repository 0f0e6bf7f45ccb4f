// SPDX-License-Identifier: MIT
//
// The chunk layer written once more, independently of the library, to look at files and to damage
// them on purpose. A file is a 16-byte header, chunks, and 4 bytes of container checksum; a chunk
// is tag, u32 flags, u32 length, payload, u32 CRC-32 of everything before it in the chunk; all
// little-endian.

#ifndef H4MK_TESTS_SUPPORT_CHUNKS_H_
#define H4MK_TESTS_SUPPORT_CHUNKS_H_

#include <string>
#include <vector>

#include "support/block.h"

namespace h4mk_test {

constexpr size_t kHeaderSize = 16;
constexpr size_t kChunkHeaderSize = 12;
constexpr size_t kCrcSize = 4;
constexpr uint32_t kClusterFlag = 1u << 30;

// Starts from `start`: the salt of the file.
inline uint32_t Crc32(const uint8_t* data, size_t size, uint32_t start = 0) {
  uint32_t crc = ~start;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

inline uint32_t GetU32(const Bytes& bytes, size_t at) {
  return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
         static_cast<uint32_t>(bytes[at + 3]) << 24;
}

inline void PutU32(Bytes* bytes, size_t at, uint32_t value) {
  for (int i = 0; i < 4; ++i) (*bytes)[at + i] = static_cast<uint8_t>(value >> 8 * i);
}

inline void AppendU32(Bytes* bytes, uint32_t value) {
  bytes->resize(bytes->size() + 4);
  PutU32(bytes, bytes->size() - 4, value);
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes MakeHeader(uint8_t version) {
  Bytes header = ToBytes("H4MK");
  header.resize(kHeaderSize);
  header[4] = version;
  return header;
}

// core.md, "File": what the CRCs of a file of version 2 start from; 0 in version 1.
inline uint32_t SaltOf(const Bytes& file) {
  return file.size() >= kHeaderSize && file[4] == 2 ? GetU32(file, 8) : 0;
}

inline Bytes MakeChunk(const std::string& tag, const Bytes& payload, uint32_t flags = 0,
                       uint32_t salt = 0) {
  Bytes chunk = ToBytes(tag);
  AppendU32(&chunk, flags);
  AppendU32(&chunk, static_cast<uint32_t>(payload.size()));
  chunk = chunk + payload;
  AppendU32(&chunk, Crc32(chunk.data(), chunk.size(), salt));
  return chunk;
}

// Where a chunk lies in a file.
struct Chunk {
  std::string tag;
  uint32_t flags;
  size_t begin;
  size_t payload_size;

  size_t payload() const { return begin + kChunkHeaderSize; }
  size_t crc() const { return payload() + payload_size; }
  size_t end() const { return crc() + kCrcSize; }
  bool is_cluster() const { return tag == "CORE" && (flags & kClusterFlag) != 0; }
  bool Contains(int64_t offset) const {
    return offset >= static_cast<int64_t>(begin) && offset < static_cast<int64_t>(end());
  }
};

// All chunks of an undamaged file.
inline std::vector<Chunk> WalkChunks(const Bytes& file) {
  std::vector<Chunk> chunks;
  for (size_t at = kHeaderSize; at + kChunkHeaderSize + kCrcSize <= file.size();) {
    Chunk chunk{std::string(file.begin() + at, file.begin() + at + 4), GetU32(file, at + 4), at,
                GetU32(file, at + 8)};
    at = chunk.end();
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

// Makes the CRC of a chunk fit its changed content.
inline void FixCrc(Bytes* file, const Chunk& chunk) {
  PutU32(file, chunk.crc(),
         Crc32(file->data() + chunk.begin, chunk.crc() - chunk.begin, SaltOf(*file)));
}

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_CHUNKS_H_
