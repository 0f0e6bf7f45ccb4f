// SPDX-License-Identifier: MIT
#include "clients/old_messages.h"

#include <fmt/format.h>

#include <vector>

#include "base/crc32.h"
#include "base/fault.h"
#include "chunk/chunk_format.h"
#include "legacy/transport/transport_file.h"
#include "legacy/v1/v1_file.h"

namespace h4mk::tool {
namespace {

// Bytes as those programs printed them: b'H4MK'.
std::string BytesText(ByteSpan bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    if (byte == '\'' || byte == '\\') text += '\\';
    if (byte < 0x20 || byte >= 0x7F)
      text += fmt::format("\\x{:02x}", byte);
    else
      text += static_cast<char>(byte);
  }
  return "b'" + text + "'";
}

Bytes ReadSome(Source& source, uint64_t offset, size_t size) {
  Bytes bytes(size);
  size_t got = 0;
  if (!source.ReadAt(offset, bytes.data(), size, &got).ok()) got = 0;
  bytes.resize(got);
  return bytes;
}

std::string ChunkCrcMessage(Source& source, uint64_t offset) {
  Result<V1File> file = V1File::Open(source, /*check=*/false);
  if (!file.ok()) return file.status().message();
  const std::vector<ChunkInfo>& chunks = file.value().chunks();
  for (size_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].offset != offset) continue;
    const Bytes chunk = ReadSome(source, offset, kChunkHeaderSize + chunks[i].length);
    return fmt::format("CRC mismatch at chunk {}: expected {:08x}, got {:08x}", i, chunks[i].crc,
                       Crc32(0, chunk));
  }
  return "CRC mismatch";
}

std::string ContainerCrcMessage(Source& source) {
  const auto size = static_cast<uint64_t>(source.Size());
  uint32_t crc = 0;
  for (uint64_t at = 0; at < size - kCrcSize;) {
    const Bytes bytes = ReadSome(
        source, at, static_cast<size_t>(std::min<uint64_t>(size - kCrcSize - at, 1 << 20)));
    if (bytes.empty()) break;
    crc = Crc32(crc, bytes);
    at += bytes.size();
  }
  const Bytes stored = ReadSome(source, size - kCrcSize, kCrcSize);
  return fmt::format("Container CRC mismatch: expected {:08x}, got {:08x}",
                     stored.size() == kCrcSize ? LoadLe<uint32_t>(stored.data()) : 0, crc);
}

struct TransportHeader {
  std::string tag;
  uint32_t length = 0, crc = 0;
};

TransportHeader ReadTransportHeader(Source& source, uint64_t offset) {
  const Bytes header = ReadSome(source, offset, kTransportChunkHeaderSize);
  if (header.size() < kTransportChunkHeaderSize) return {};
  return {BytesText(ByteSpan(header).first(4)), LoadBe<uint32_t>(header.data() + 4),
          LoadBe<uint32_t>(header.data() + 8)};
}

}  // namespace

std::string OldMessage(const Status& fault, Source& source) {
  const std::string_view name = fault.fault();
  const uint64_t offset = fault.offset().value_or(0);
  if (name == "too_short") return "container too short for header";
  if (name == "bad_magic") return "invalid magic: " + BytesText(ReadSome(source, 0, 4));
  if (name == "chunk_overrun") return fmt::format("chunk at {} extends past container", offset);
  if (name == "chunk_crc") return ChunkCrcMessage(source, offset);
  if (name == "container_crc") return ContainerCrcMessage(source);
  if (name == "bad_seek_magic") return "invalid seek table magic";
  if (name == "not_track_bound") return "not a track-bound CORE payload (magic H4TB)";
  return fault.message();
}

std::string OldTransportMessage(const Status& fault, Source& source) {
  const std::string_view name = fault.fault();
  const uint64_t offset = fault.offset().value_or(0);
  if (name == "too_short") return "H4MK file too short";
  if (name == "bad_magic") return "Invalid magic bytes: " + BytesText(ReadSome(source, 0, 4));
  if (name == "bad_version") {
    const Bytes version = ReadSome(source, 4, 2);
    return fmt::format("Unsupported H4MK version: {}", LoadBe<uint16_t>(version.data()));
  }
  if (name == "chunk_overrun") {
    const TransportHeader header = ReadTransportHeader(source, offset);
    return fmt::format("Chunk {} claims size {} but file too short", header.tag, header.length);
  }
  if (name == "chunk_crc") {
    const TransportHeader header = ReadTransportHeader(source, offset);
    const Bytes payload = ReadSome(source, offset + kTransportChunkHeaderSize, header.length);
    return fmt::format("CRC mismatch for chunk {}: expected {:08x}, got {:08x}", header.tag,
                       header.crc, Crc32(0, payload));
  }
  if (name == "seek_too_short") return "SEEK chunk too short";
  return fault.message();
}

}  // namespace h4mk::tool
