// SPDX-License-Identifier: MIT
// Blocks of a file of the transport dialect, one after the other, and seeking.
#include "legacy/transport/transport_reader.h"

#include <algorithm>

#include "base/crc32.h"
#include "base/fault.h"
#include "legacy/run_length.h"
#include "legacy/transport/transport_file.h"

namespace h4mk {
TransportReader::TransportReader(Source source, BufferAllocator& allocator, bool keep_corrupt)
    : TableReader(std::move(source), allocator, keep_corrupt) {}

int TransportReader::version() const { return kTransportVersion; }

Status TransportReader::Attachment(uint32_t, ByteSpan*) {
  return Status(Code::kNotFound, "files of the transport dialect have no attachments");
}

// What is known of a block without its bytes: all but its size.
BlockRecord TransportReader::Record(uint32_t number) const {
  const Core& core = cores_[number];
  BlockRecord record;
  record.pts = core.pts;
  record.dts = kNoTime;
  record.duration = duration_us_;
  record.ordinal = core.ordinal;
  record.track = core.track;
  record.flags = core.flags;
  return record;
}

bool TransportReader::Describe(uint32_t number, BlockInfo* info) {
  const Core& core = cores_[number];
  *info = {Record(number), core.offset - kTransportChunkHeaderSize,
           static_cast<int64_t>(core.offset)};
  return true;
}

Status TransportReader::ReadNumbered(uint32_t number, ReadBlock* block) {
  Status status = ReadCore(number, block);
  if (!status.ok() && status.code() != Code::kCorrupt) return status;
  const uint32_t size = record_.size;
  record_ = Record(number);
  record_.size = size;
  block->record = &record_;
  block->offset = static_cast<int64_t>(cores_[number].offset);
  block->side_data = {};
  return status;
}

Result<Bytes> TransportReader::Decode(uint32_t number, Bytes stored) {
  if (cipher_) {
    Result<Bytes> opened = cipher_->Open(number, stored);
    if (!opened.ok()) return opened;
    stored = std::move(opened.value());
  }
  return decompress_ ? DecodeRunLength(stored) : Result<Bytes>(std::move(stored));
}

// Reads, decrypts and decompresses a block; on kCorrupt its bytes are there as they are stored.
Status TransportReader::ReadCore(uint32_t number, ReadBlock* block) {
  const Core& core = cores_[number];
  Bytes stored(core.length);  // opening has compared it with the size of the file
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(core.offset, stored.data(), stored.size(), &got));
  std::fill(stored.begin() + static_cast<ptrdiff_t>(got), stored.end(), uint8_t{0});
  const std::string where =
      " of the CORE chunk at byte " + std::to_string(core.offset - kTransportChunkHeaderSize);
  Status damage;
  if (got < stored.size() || Crc32(0, stored) != core.crc) {
    damage = Status(Code::kCorrupt, "chunk_crc: the payload" + where + " does not match its CRC");
  } else {
    Result<Bytes> plain = Decode(number, stored);
    if (plain.ok()) stored = std::move(plain.value());
    if (!plain.ok()) damage = Status(Code::kCorrupt, plain.status().message() + ", block" + where);
  }
  uint8_t* data = nullptr;
  H4MK_TRY(Alloc(stored.size(), &data));
  std::copy(stored.begin(), stored.end(), data);
  std::fill_n(data + stored.size(), kBlockPadding, uint8_t{0});
  record_.size = static_cast<uint32_t>(stored.size());
  block->data = data;
  block->buffer = buffer_;
  return damage;
}

}  // namespace h4mk
