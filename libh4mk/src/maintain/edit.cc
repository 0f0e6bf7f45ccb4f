// SPDX-License-Identifier: MIT
#include "maintain/edit.h"

#include "chunk/chunk_reader.h"
#include "file/end_writer.h"

namespace h4mk {
namespace {

constexpr uint64_t kTailLookBack = 64u << 20;  // descriptions and index of an edit lie within

Status WriteAt(EditableFile& file, uint64_t offset, ByteSpan bytes) {
  Sink sink(file);
  H4MK_TRY(sink.Seek(offset));
  H4MK_TRY(sink.Write(bytes));
  return file.Sync() < 0 ? Status(Code::kIo, "cannot bring the file to the disk") : Status();
}

Status Truncate(EditableFile& file, uint64_t size) {
  return file.Truncate(size) < 0 || file.Sync() < 0 ? Status(Code::kIo, "cannot shorten the file")
                                                    : Status();
}

}  // namespace

Source SourceFromStart(Io& io) {
  io.Seek(0);  // Source() assumes that it stands there
  return Source(io);
}

Status AppendEnd(EditableFile& file, uint64_t offset, ByteSpan bytes) {
  H4MK_TRY(WriteAt(file, offset, bytes.first(bytes.size() - kTailSize)));
  return WriteAt(file, offset + bytes.size() - kTailSize, bytes.last(kTailSize));
}

Status Editor::Open() {
  Source source = SourceFromStart(file_);
  H4MK_TRY(ReadFileEnd(source, &end_));
  salt_ = source.salt();
  return {};
}

Status Editor::SetTrack(uint32_t track, const Json& description) {
  if (track >= tracks().size()) return Status(Code::kArgument, "no such track");
  Track changed;
  H4MK_TRY(ReadTrack(description, &changed));
  Track& old = end_.tracks.tracks[track];
  H4MK_TRY(CheckSameBlocks(old, changed));
  tracks_changed_ = tracks_changed_ || changed.description != old.description;
  old = std::move(changed);
  return {};
}

Status Editor::SetMeta(const Json& meta) {
  if (!meta.is_object()) return Status(Code::kArgument, "metadata is no JSON object");
  meta_changed_ = meta_changed_ || meta != end_.meta;
  end_.meta = meta;
  return {};
}

// core.md, "Editing": newer descriptions, a new top and a new locator, over the place of the old
// checksum.
Status Editor::Commit() {
  if (!tracks_changed_ && !meta_changed_) return {};
  const uint64_t start = end_.top.file_size - kCrcSize;
  const std::string trak = EncodeTracks(end_.tracks.tracks), meta = DumpJson(end_.meta);
  if (trak.size() > kMaxSmallChunk) return Status(Code::kLimit, "descriptions larger than 64 MiB");
  if (const Status read = ParseTracks(trak, start).status(); !read.ok())
    return Status(Code::kLimit, read.message());
  H4MK_TRY(CheckMeta(end_.meta));
  ChunksInMemory chunks(start, salt_, ContainerChecksum(end_.checksum));
  if (tracks_changed_) {
    end_.top.trak = chunks.position();
    H4MK_TRY(chunks.writer().WriteChunk(kTagTracks, 0, AsBytes(trak)));
  }
  if (meta_changed_) {
    end_.top.meta = chunks.position();
    H4MK_TRY(chunks.writer().WriteChunk(kTagMeta, 0, AsBytes(meta)));
  }
  IndexTop top = end_.top;
  H4MK_TRY(WriteEnd(chunks.writer(), end_.tracks.ids, &top));
  Status status = AppendEnd(file_, start, chunks.bytes());
  if (status.ok()) {
    tracks_changed_ = meta_changed_ = false;
    return status;
  }
  uint8_t checksum[kCrcSize];
  StoreLe(checksum, end_.checksum);
  if (!Truncate(file_, start).ok() || !WriteAt(file_, start, checksum).ok())
    return Status(
        status.code(),
        status.message() + "; the file is left without an end: h4mk index puts that right");
  return status;
}

Status UndoEdit(EditableFile& file) {
  Source source = SourceFromStart(file);
  FileEnd end;
  H4MK_TRY(ReadFileEnd(source, &end));
  ChunkReader chunks(source);
  // Many locators may lead to one top of any size, or to tops that list much.
  IndexBudget budget(end.top.file_size);
  bool has_room = true;
  const auto was_the_end = [&](uint64_t at, const ChunkHeader& header, bool* valid) -> Status {
    StoredTop stored;
    IndexTop top;
    *valid = false;
    if (!has_room) return {};
    const Status status = ReadStoredTop(chunks, at + header.size() + kCrcSize, &stored);
    if (status.code() == Code::kIo) return status;
    has_room = budget.TakeValues(stored.payload.size());
    *valid = status.ok() && has_room &&
             DecodeTop(stored.payload, end.tracks.ids, stored.offset, &top, &budget) &&
             top.file_size == at + kTailSize;
    return {};
  };
  uint64_t tail = 0;
  const Status found =
      chunks.FindBackward(end.tail_offset, kTailLookBack, kTagTail, was_the_end, &tail);
  if (found.code() == Code::kEnd) return Status(Code::kNotFound, "the file was not edited");
  if (!found.ok()) return found;
  const uint64_t old_end = tail + kTailChunkSize;
  for (uint64_t at = old_end; at < end.tail_offset;) {
    ChunkHeader header;
    H4MK_TRY(chunks.ReadHeader(at, &header));
    if (header.tag == kTagCore)
      return Status(Code::kNotFound,
                    "the file was not only edited, it has blocks behind its former end");
    at += header.size();
  }
  ContainerChecksum checksum;
  H4MK_TRY(ReadContainerChecksum(source, old_end, &checksum));
  uint8_t stored[kCrcSize];
  StoreLe(stored, checksum.value());
  H4MK_TRY(Truncate(file, old_end));
  return WriteAt(file, old_end, stored);
}

}  // namespace h4mk
