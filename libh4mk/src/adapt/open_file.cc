// SPDX-License-Identifier: MIT
#include "adapt/open_file.h"

#include <string>

#include "adapt/transport_reader.h"
#include "chunk/chunk_format.h"
#include "file/reader.h"
#include "file/v1_reader.h"

namespace h4mk {

int FileVersion(ByteSpan front) {
  if (front.size() < kTransportHeaderSize || LoadLe<uint32_t>(front.data()) != kFileMagic) return 0;
  if (front[4] == 0) return front[5] == 1 ? kTransportVersion : 0;
  return front.size() < kFileHeaderSize ? 0 : front[4];
}

Status MakeReader(Source source, BufferAllocator& allocator, bool keep_corrupt,
                  std::unique_ptr<FileReader>* reader) {
  uint8_t front[kFileHeaderSize];
  size_t got = 0;
  H4MK_TRY(source.ReadAt(0, front, sizeof front, &got));
  source.Unread(0, ByteSpan(front, got));
  if (got < 4 || LoadLe<uint32_t>(front) != kFileMagic)
    return Status(Code::kNotH4mk, "not an H4MK file: \"H4MK\" expected at byte 0");
  const int version = FileVersion({front, got});
  if (version == 0 && got < kFileHeaderSize && (got < kTransportHeaderSize || front[4] != 0))
    return Status(Code::kTruncated, "file ends inside its header at byte " + std::to_string(got));
  switch (version) {
    case 1:
      *reader = std::make_unique<V1Reader>(std::move(source), allocator, keep_corrupt);
      return {};
    case 2:
      *reader = std::make_unique<Reader>(std::move(source), allocator, keep_corrupt);
      return {};
    case kTransportVersion:
      *reader = std::make_unique<TransportReader>(std::move(source), allocator, keep_corrupt);
      return {};
    default:
      return Status(Code::kVersion, "version " + std::to_string(front[4]) +
                                        " at byte 4 is not supported; expected 1 or 2");
  }
}

}  // namespace h4mk
