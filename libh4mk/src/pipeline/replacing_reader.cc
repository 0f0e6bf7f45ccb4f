// SPDX-License-Identifier: MIT
#include "pipeline/replacing_reader.h"

#include <cstring>

namespace h4mk {

Status ReplacingReader::Next(ReadBlock* block) {
  for (;;) {
    if (!held_) H4MK_TRY(file().Next(&stored_));
    held_ = true;  // until it was handed out: what may go well the next time must not cost it
    *block = stored_;
    Status status = Replace(stored_, block);
    if (!status.ok() && status.code() != Code::kCorrupt) return status;
    held_ = false;
    // Of a block whose damage was reported nothing can be made, and it need not be reported again.
    if (status.ok() || !stored_.corrupt) return status;
  }
}

Status ReplacingReader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  H4MK_TRY(file().Seek(track, time, mode, any));
  held_ = false;
  return {};
}

Status ReplacingReader::Rewind() {
  H4MK_TRY(file().Rewind());
  held_ = false;
  return {};
}

Status ReplacingReader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) {
  ReadBlock stored;
  H4MK_TRY(file().ReadBlockAt(track, ordinal, &stored));
  *block = stored;
  return Replace(stored, block);
}

void ReplacingReader::ReleaseBuffer() {
  if (buffer_ != nullptr) allocator_.Release(buffer_);
  buffer_ = nullptr;
}

Status ReplacingReader::NewBuffer(size_t size, uint8_t** data) {
  ReleaseBuffer();
  buffer_ = allocator_.Alloc(size + kBlockPadding, data);
  if (buffer_ == nullptr) return Status(Code::kMemory, "no memory for a block");
  std::memset(*data + size, 0, kBlockPadding);
  return {};
}

void ReplacingReader::UseBuffer(const uint8_t* data, size_t size, uint32_t flag, ReadBlock* block) {
  record_ = *block->record;
  record_.size = static_cast<uint32_t>(size);
  record_.flags &= ~flag;
  block->record = &record_;
  block->data = data;
  block->buffer = buffer_;
}

}  // namespace h4mk
