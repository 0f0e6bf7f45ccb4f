// SPDX-License-Identifier: MIT
#include "chunk/chunk_reader.h"

#include <algorithm>

#include "base/crc32.h"

namespace h4mk {
namespace {

constexpr size_t kScanWindow = 64 << 10;
constexpr size_t kGrowth = 1 << 20;
constexpr size_t kMaxGivenBack = 8 << 20;

}  // namespace

void Unread(Source& source, uint64_t offset, const ChunkHeader& header, ByteSpan payload) {
  source.Unread(offset + kChunkHeaderSize, payload);
  source.Unread(offset, ChunkHeaderBytes(header));
}

Status ChunkReader::ReadHeader(uint64_t offset, ChunkHeader* header) {
  uint8_t bytes[kChunkHeaderSize];
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(offset, bytes, sizeof bytes, &got));
  if (got < sizeof bytes) {
    // Bytes of a stream that cannot seek are still needed to tell what the end looks like.
    source_.Unread(offset, ByteSpan(bytes, got));
    return Status(Code::kEnd, "no chunk follows at byte " + std::to_string(offset));
  }
  *header = source_.StartsChunk(offset) ? ParseChunkHeader(bytes) : ChunkHeader();
  return {};
}

Status ChunkReader::ReadPayload(uint64_t offset, const ChunkHeader& header, Bytes* payload,
                                uint32_t* crc) {
  const uint32_t limit = header.tag == kTagAttachment ? kMaxAttachmentChunk : kMaxSmallChunk;
  if (header.length > limit)
    return Corrupt(offset, TagText(header.tag) + " chunk of " + std::to_string(header.length) +
                               " bytes is larger than the limit");
  // Memory grows with what is really there: the length alone is not believed.
  const size_t size = size_t{header.length} + kCrcSize;
  size_t done = 0;
  while (done < size) {
    const size_t step = std::min(size - done, kGrowth);
    payload->resize(done + step);
    size_t got = 0;
    Status status =
        source_.ReadAt(offset + kChunkHeaderSize + done, payload->data() + done, step, &got);
    if (!status.ok()) {
      Unread(source_, offset, header, ByteSpan(*payload).first(done));
      return status;
    }
    done += got;
    if (got < step) {
      payload->resize(done);
      Unread(source_, offset, header, *payload);
      return Status(Code::kAgain, TagText(header.tag) + " chunk at byte " +
                                      std::to_string(offset) + " is not complete");
    }
  }
  const uint32_t actual = Crc32(Crc32(0, ChunkHeaderBytes(header)), ByteSpan(*payload).first(header.length));
  const auto stored = LoadLe<uint32_t>(payload->data() + header.length);
  if (actual != stored) {
    Unread(source_, offset, header, *payload);
    return Corrupt(offset, TagText(header.tag) + " chunk does not match its CRC");
  }
  payload->resize(header.length);
  if (crc) *crc = stored;
  return {};
}

Status ChunkReader::Resynchronise(uint64_t offset, const Check& check, uint64_t* found) {
  const uint64_t start = offset;
  Bytes scanned;  // on an input that cannot seek, to be given back if nothing is found: it may grow
  Bytes window(kScanWindow);
  for (;;) {
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(offset, window.data(), window.size(), &got));
    source_.Unread(offset, ByteSpan(window).first(got));
    if (got < kChunkHeaderSize) {
      if (scanned.size() == offset - start) source_.Unread(start, scanned);
      return Status(Code::kEnd, "no further chunk found");
    }
    for (size_t i = offset == start ? 1 : 0; i + kChunkHeaderSize <= got; ++i) {
      if (!IsKnownTag(LoadLe<uint32_t>(window.data() + i)) || !source_.StartsChunk(offset + i))
        continue;
      bool valid = false;
      H4MK_TRY(check(offset + i, ParseChunkHeader(window.data() + i), &valid));
      if (valid) {
        *found = offset + i;
        return {};
      }
      source_.Unread(offset, ByteSpan(window).first(got));  // the check has read on
    }
    const size_t done = got - kChunkHeaderSize + 1;
    if (!source_.seekable() && scanned.size() <= kMaxGivenBack)
      AppendBytes(scanned, ByteSpan(window).first(done));
    offset += done;
  }
}

Status ChunkReader::FindBackward(uint64_t before, uint64_t distance, uint32_t tag,
                                 const Check& check, uint64_t* found) {
  Bytes window(kScanWindow + kChunkHeaderSize);
  const uint64_t lowest =
      std::max<uint64_t>(before > distance ? before - distance : 0, kFileHeaderSize);
  uint64_t end = before;
  while (end > lowest) {
    const uint64_t start = end - std::min<uint64_t>(end - lowest, kScanWindow);
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(start, window.data(),
                            static_cast<size_t>(end - start) + kChunkHeaderSize, &got));
    for (uint64_t at = end; at-- > start;) {
      const auto i = static_cast<size_t>(at - start);
      if (i + kChunkHeaderSize > got || LoadLe<uint32_t>(window.data() + i) != tag ||
          !source_.StartsChunk(at))
        continue;
      bool valid = false;
      H4MK_TRY(check(at, ParseChunkHeader(window.data() + i), &valid));
      if (valid) {
        *found = at;
        return {};
      }
    }
    end = start;
  }
  return Status(Code::kEnd, "no such chunk found");
}

}  // namespace h4mk
