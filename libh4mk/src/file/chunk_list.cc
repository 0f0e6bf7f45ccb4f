// SPDX-License-Identifier: MIT
#include "file/chunk_list.h"

#include "base/crc32.h"
#include "base/fault.h"
#include "chunk/chunk_reader.h"
#include "cluster/block.h"
#include "file/versions.h"

namespace h4mk {

Status ReadChunkInfo(Source& source, int version, uint64_t offset, ChunkInfo* chunk) {
  const int64_t size = source.Size();
  if (!source.seekable() || size < 0)
    return Status(Code::kNotSeekable, "chunks can only be listed where the input can seek");
  const bool is_transport = version == kTransportVersion;
  if (offset == 0) offset = is_transport ? kTransportHeaderSize : kFileHeaderSize;
  uint8_t bytes[kChunkHeaderSize];
  static_assert(kChunkHeaderSize == kTransportChunkHeaderSize);
  size_t got = 0;
  H4MK_TRY(source.ReadAt(offset, bytes, sizeof bytes, &got));
  if (got < sizeof bytes)
    return Status(Code::kEnd, "no chunk follows at byte " + std::to_string(offset)).At(offset);
  ChunkInfo found;
  found.offset = offset;
  found.payload = offset + sizeof bytes;
  found.tag = LoadLe<uint32_t>(bytes);
  if (is_transport) {
    found.length = LoadBe<uint32_t>(bytes + 4);
    found.crc = LoadBe<uint32_t>(bytes + 8);
    found.next = found.payload + found.length;
  } else {
    const ChunkHeader header = ParseChunkHeader(bytes);
    found.flags = header.flags;
    found.length = header.length;
    found.next = offset + header.size();
  }
  if (found.next > static_cast<uint64_t>(size))
    return Fault("chunk_overrun", TagText(found.tag) + " chunk of " + std::to_string(found.length) +
                                      " bytes at byte " + std::to_string(offset) +
                                      " extends past the file")
        .At(offset);
  if (!is_transport) {
    uint8_t crc[kCrcSize];
    H4MK_TRY(source.ReadAt(found.next - kCrcSize, crc, sizeof crc, &got));
    if (got < sizeof crc) return Corrupt(offset, "file became shorter while it was read, chunk");
    found.crc = LoadLe<uint32_t>(crc);
  }
  *chunk = found;
  return {};
}

Status ReadChunkPayload(Source& source, int version, const ChunkInfo& chunk, Bytes* payload) {
  if (chunk.length > kMaxAttachmentChunk)
    return Corrupt(chunk.offset, TagText(chunk.tag) + " chunk larger than 1 GiB");
  payload->resize(chunk.length);  // no more than the file has: ReadChunkInfo() has compared it
  size_t got = 0;
  H4MK_TRY(source.ReadAt(chunk.payload, payload->data(), payload->size(), &got));
  payload->resize(got);
  const uint32_t start =
      version == kTransportVersion
          ? 0
          : Crc32(source.salt(), ChunkHeaderBytes({chunk.tag, chunk.flags, chunk.length}));
  if (got == chunk.length && Crc32(start, *payload) == chunk.crc) return {};
  return WrongCrc(chunk.offset, chunk.tag);
}

Status WrongCrc(uint64_t offset, uint32_t tag) {
  return Corrupt(offset, "chunk_crc: " + TagText(tag) + " chunk does not match its CRC")
      .Named("chunk_crc");
}

bool IsKeptTag(uint32_t tag) {
  switch (tag) {
    case kTagTracks:
    case kTagMeta:
    case kTagCore:
    case kTagIndex:
    case kTagAttachment:
    case kTagFree:
    case kTagTail:
    case kTagOriginal:
      return false;
    default:
      return IsPlausibleTag(tag);
  }
}

}  // namespace h4mk
