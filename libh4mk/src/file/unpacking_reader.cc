// SPDX-License-Identifier: MIT
#include "file/unpacking_reader.h"

#include <algorithm>
#include <cstring>

namespace h4mk {

Status OpenUnpacked(BufferAllocator& allocator, std::unique_ptr<FileReader>* reader) {
  H4MK_TRY((*reader)->Open());
  const std::vector<Track>& tracks = (*reader)->tracks();
  if (std::any_of(tracks.begin(), tracks.end(),
                  [](const Track& track) { return track.compression != Compression::kNone; }))
    *reader = std::make_unique<UnpackingReader>(std::move(*reader), allocator);
  return {};
}

UnpackingReader::UnpackingReader(std::unique_ptr<FileReader> file, BufferAllocator& allocator)
    : ForwardingReader(std::move(file)), allocator_(allocator) {}

UnpackingReader::~UnpackingReader() { ReleaseBuffer(); }

void UnpackingReader::ReleaseBuffer() {
  if (buffer_ != nullptr) allocator_.Release(buffer_);
  buffer_ = nullptr;
}

Status UnpackingReader::Next(ReadBlock* block) {
  for (;;) {
    if (!held_) H4MK_TRY(file().Next(&stored_));
    held_ = true;  // until it was handed out: running out of memory must not cost it
    Status status = UnpackBlock(stored_, block);
    if (status.code() == Code::kMemory) return status;
    held_ = false;
    // Of a block whose damage was reported nothing can be unpacked, and it need not be reported again.
    if (status.ok() || !stored_.corrupt) return status;
  }
}

Status UnpackingReader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  H4MK_TRY(file().Seek(track, time, mode, any));
  held_ = false;
  return {};
}

Status UnpackingReader::Rewind() {
  H4MK_TRY(file().Rewind());
  held_ = false;
  return {};
}

Status UnpackingReader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) {
  ReadBlock stored;
  H4MK_TRY(file().ReadBlockAt(track, ordinal, &stored));
  return UnpackBlock(stored, block);
}

Status UnpackingReader::UnpackBlock(const ReadBlock& stored, ReadBlock* block) {
  *block = stored;
  const BlockRecord& record = *stored.record;
  if (!(record.flags & kBlockCompressed) || (record.flags & kBlockEncrypted)) return {};
  const Track& track = file().tracks()[static_cast<size_t>(record.track)];
  const auto fail = [&](const std::string& what) {
    return Corrupt(static_cast<uint64_t>(stored.offset),
                   "block " + std::to_string(record.ordinal) + " of track " +
                       std::to_string(track.id) + " cannot be unpacked: " + what);
  };
  if (track.compression != Compression::kZstd) return fail("its track does not say how");
  if (stored.corrupt) return fail("damaged");
  const ByteSpan packed(stored.data, record.size);
  size_t size = 0;
  if (const Status status = BlockUnpacker::UnpackedSize(packed, &size); !status.ok())
    return fail(status.message());
  ReleaseBuffer();
  uint8_t* data = nullptr;
  buffer_ = allocator_.Alloc(size + kBlockPadding, &data);
  if (buffer_ == nullptr) return Status(Code::kMemory, "no memory for a block");
  Status status = unpacker_.Unpack(packed, {data, size});
  if (status.code() == Code::kCorrupt) return fail(status.message());
  if (!status.ok()) return status;
  std::memset(data + size, 0, kBlockPadding);
  record_ = record;
  record_.size = static_cast<uint32_t>(size);
  record_.flags &= ~kBlockCompressed;
  block->record = &record_;
  block->data = data;
  block->buffer = buffer_;
  return {};
}

}  // namespace h4mk
