// SPDX-License-Identifier: MIT
#include "legacy/strict_file.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/fault.h"
#include "chunk/chunk_format.h"

namespace h4mk {

Status StrictFile::ReadHeader(std::span<uint8_t> header) const {
  if (!source_->seekable() || source_->Size() < 0)
    return Status(Code::kNotSeekable, "a whole file that can seek is needed");
  if (size() < header.size())
    return Fault("too_short",
                 "file of " + std::to_string(size()) + " bytes; its header has " +
                     std::to_string(header.size()),
                 Code::kTruncated);
  H4MK_TRY(source_->ReadAll(0, header));
  if (LoadLe<uint32_t>(header.data()) == kFileMagic) return {};
  return Fault("bad_magic", "\"H4MK\" expected at byte 0", Code::kNotH4mk).At(0);
}

Status StrictFile::ReadChunks(bool check) {
  ChunkInfo chunk;
  for (;; chunks_.push_back(chunk)) {
    const Status status = ReadChunkInfo(*source_, version_, chunk.next, &chunk);
    if (status.code() == Code::kEnd) return {};
    H4MK_TRY(status);
    if (check) H4MK_TRY(CheckCrc(chunk));
  }
}

// In version 1 the CRC of a chunk covers its header too.
Status StrictFile::CheckCrc(const ChunkInfo& chunk) const {
  uint32_t crc = 0;
  H4MK_TRY(ForBytes(*source_, version_ == 1 ? chunk.offset : chunk.payload,
                    chunk.payload + chunk.length,
                    [&](ByteSpan bytes) { crc = Crc32(crc, bytes); }));
  if (crc == chunk.crc) return {};
  return Fault("chunk_crc", TagText(chunk.tag) + " chunk at byte " + std::to_string(chunk.offset) +
                                " does not match its CRC")
      .At(chunk.offset);
}

Status StrictFile::ReadPayload(const ChunkInfo& chunk, Bytes* payload) const {
  payload->resize(chunk.length);  // no more than the file has: ReadChunkInfo() has compared it
  return source_->ReadAll(chunk.payload, *payload);
}

const ChunkInfo* StrictFile::FirstChunk(uint32_t tag) const {
  const auto chunk = std::ranges::find(chunks_, tag, &ChunkInfo::tag);
  return chunk == chunks_.end() ? nullptr : &*chunk;
}

Result<std::optional<Bytes>> StrictFile::First(uint32_t tag) const {
  std::optional<Bytes> payload;
  if (const ChunkInfo* chunk = FirstChunk(tag)) H4MK_TRY(ReadPayload(*chunk, &payload.emplace()));
  return payload;
}

}  // namespace h4mk
