// SPDX-License-Identifier: MIT
#include "file/file_end.h"

#include "chunk/chunk_reader.h"

namespace h4mk {
namespace {

Status ReadChunk(ChunkReader& chunks, uint64_t offset, uint32_t tag, Bytes* payload) {
  ChunkHeader header;
  const Status status = chunks.ReadHeader(offset, &header);
  if (status.code() == Code::kIo) return status;
  if (!status.ok() || header.tag != tag) return Corrupt(offset, TagText(tag) + " chunk expected");
  return chunks.ReadPayload(offset, header, payload);
}

std::string_view Text(const Bytes& payload) {
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

Status ReadDescriptions(ChunkReader& chunks, FileEnd* end) {
  Bytes payload;
  H4MK_TRY(ReadChunk(chunks, end->top.trak, kTagTracks, &payload));
  Result<TrackList> tracks = ParseTracks(Text(payload), end->top.trak);
  if (!tracks.ok()) return tracks.status();
  end->tracks = std::move(tracks.value());
  if (end->top.meta == 0) return {};
  H4MK_TRY(ReadChunk(chunks, end->top.meta, kTagMeta, &payload));
  Result<Json> meta = ParseJson(Text(payload), end->top.meta, "META");
  if (!meta.ok()) return meta.status();
  if (!meta.value().is_object()) return Corrupt(end->top.meta, "META is no JSON object");
  end->meta = std::move(meta.value());
  return {};
}

}  // namespace

Status ReadFileEnd(Source& source, FileEnd* end) {
  const Status none(Code::kNotFound, "the file has no end: it was cut, or is still being written");
  const int64_t size = source.Size();
  if (size < static_cast<int64_t>(kFileHeaderSize + kTailSize)) return none;
  FileHeader file_header;
  H4MK_TRY(ReadFileHeader(source, &file_header));
  ChunkReader chunks(source);
  end->tail_offset = static_cast<uint64_t>(size) - kTailSize;
  Bytes payload;
  Tail tail;
  Status status = ReadChunk(chunks, end->tail_offset, kTagTail, &payload);
  if (status.code() == Code::kIo) return status;
  if (!status.ok() || !DecodeTail(payload, end->tail_offset, &tail)) return none;
  uint8_t stored[kCrcSize];
  size_t got = 0;
  H4MK_TRY(source.ReadAt(static_cast<uint64_t>(size) - kCrcSize, stored, sizeof stored, &got));
  end->checksum = LoadLe<uint32_t>(stored);
  end->top_offset = tail.top;
  H4MK_TRY(ReadChunk(chunks, tail.top, kTagIndex, &payload));
  // Where TRAK is can be read without knowing the tracks, all the rest cannot.
  if (!DecodeTop(payload, end->tracks.ids, tail.top, &end->top) ||
      end->top.file_size != static_cast<uint64_t>(size))
    return Corrupt(tail.top, "index top contradicts itself");
  H4MK_TRY(ReadDescriptions(chunks, end));
  if (!DecodeTop(payload, end->tracks.ids, tail.top, &end->top))
    return Corrupt(tail.top, "index top contradicts itself");
  return {};
}

}  // namespace h4mk
