// SPDX-License-Identifier: MIT
#include "file/file_end.h"

namespace h4mk {
namespace {

Status ReadDescriptions(ChunkReader& chunks, const IndexTop& top, FileEnd* end) {
  Bytes payload;
  H4MK_TRY(chunks.ReadChunk(top.trak, kTagTracks, &payload));
  H4MK_ASSIGN(end->tracks, ParseTracks(AsText(payload), top.trak));
  if (top.meta == 0) return {};
  H4MK_TRY(chunks.ReadChunk(top.meta, kTagMeta, &payload));
  H4MK_ASSIGN(end->meta, ParseMeta(AsText(payload), top.meta));
  return {};
}

Status Contradiction(const StoredTop& stored) {
  return Corrupt(stored.offset, "index top contradicts itself");
}

}  // namespace

Status ReadStoredTop(ChunkReader& chunks, uint64_t file_size, StoredTop* stored) {
  const Status none(Code::kNotFound, "the file has no end: it was cut, or is still being written");
  if (file_size < kFileHeaderSize + kTailSize) return none;
  const uint64_t tail_offset = file_size - kTailSize;
  Bytes payload;
  Tail tail;
  const Status status = chunks.ReadChunk(tail_offset, kTagTail, &payload);
  if (status.code() == Code::kIo) return status;
  if (!status.ok() || payload.size() != kTailPayloadSize ||
      !DecodeTail(payload, tail_offset, &tail))
    return none;
  stored->offset = tail.top;
  return chunks.ReadChunk(tail.top, kTagIndex, &stored->payload);
}

Status DecodeStoredTop(const StoredTop& stored, const TrackIds& ids,
                       const std::function<Status(const IndexTop& top)>& read_descriptions,
                       IndexTop* top) {
  if (!DecodeTop(stored.payload, ids, stored.offset, top)) return Contradiction(stored);
  H4MK_TRY(read_descriptions(*top));
  return DecodeTop(stored.payload, ids, stored.offset, top) ? Status() : Contradiction(stored);
}

Status ReadFileEnd(Source& source, FileEnd* end) {
  FileHeader file_header;
  H4MK_TRY(ReadFileHeader(source, &file_header));
  ChunkReader chunks(source);
  const auto size = static_cast<uint64_t>(std::max<int64_t>(source.Size(), 0));
  StoredTop stored;
  H4MK_TRY(ReadStoredTop(chunks, size, &stored));
  end->tail_offset = size - kTailSize;
  end->top_offset = stored.offset;
  uint8_t checksum[kCrcSize];
  size_t got = 0;
  H4MK_TRY(source.ReadAt(size - kCrcSize, checksum, sizeof checksum, &got));
  end->checksum = LoadLe<uint32_t>(checksum);
  const auto read_descriptions = [&](const IndexTop& top) -> Status {
    if (top.file_size != size) return Contradiction(stored);
    return ReadDescriptions(chunks, top, end);
  };
  return DecodeStoredTop(stored, end->tracks.ids, read_descriptions, &end->top);
}

}  // namespace h4mk
