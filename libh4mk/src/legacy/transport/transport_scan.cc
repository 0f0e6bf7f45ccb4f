// SPDX-License-Identifier: MIT
#include "legacy/transport/transport_scan.h"

#include "base/crc32.h"
#include "file/versions.h"
#include "legacy/transport/transport_tables.h"

namespace h4mk {

Status TransportScan::IsWhole(const ChunkInfo& chunk, bool* whole) {
  *whole = false;
  if (chunk.length > checks_left_) return {};
  checks_left_ -= chunk.length;
  uint32_t crc = 0;
  H4MK_TRY(ForBytes(source_, chunk.payload, chunk.next,
                    [&](ByteSpan bytes) { crc = Crc32(crc, bytes); }));
  *whole = crc == chunk.crc;
  return {};
}

Status TransportScan::FindNext(uint64_t offset, uint64_t* found) {
  constexpr size_t kWindow = 64 << 10;
  Bytes window(kWindow);
  const auto size = static_cast<uint64_t>(source_.Size());
  // Windows overlap: the header of a chunk may begin in one and end in the next.
  for (uint64_t at = offset + 1; at < size; at += kWindow - kTransportChunkHeaderSize + 1) {
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(at, window.data(), window.size(), &got));
    for (size_t i = 0; i + kTransportChunkHeaderSize <= got; ++i) {
      if (!IsTransportTag(LoadLe<uint32_t>(window.data() + i))) continue;
      ChunkInfo chunk;
      const Status status = ReadChunkInfo(source_, kTransportVersion, at + i, &chunk);
      if (status.code() == Code::kIo) return status;
      bool whole = false;
      if (status.ok()) H4MK_TRY(IsWhole(chunk, &whole));
      if (!whole) continue;
      *found = chunk.offset;
      return {};
    }
  }
  return Status(Code::kEnd, "no further chunk found");
}

}  // namespace h4mk
