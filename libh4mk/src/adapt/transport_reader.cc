// SPDX-License-Identifier: MIT
// Blocks of a file of the transport dialect, one after the other, and seeking.
#include "adapt/transport_reader.h"

#include <algorithm>

#include "adapt/open_file.h"
#include "adapt/run_length.h"
#include "base/crc32.h"
#include "base/fault.h"

namespace h4mk {
namespace {

constexpr size_t kMaxWarnings = 100;

}  // namespace

TransportReader::TransportReader(Source source, BufferAllocator& allocator, bool keep_corrupt)
    : source_(std::move(source)), allocator_(allocator), keep_corrupt_(keep_corrupt) {}

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

Status TransportReader::Next(ReadBlock* block) {
  const auto next_damage = [this] { return Status(Code::kCorrupt, damage_[next_damage_++].message); };
  for (; next_ < cores_.size(); ++next_, reported_ = false) {
    const Core& core = cores_[next_];
    if (next_damage_ < damage_.size() && damage_[next_damage_].offset < core.offset)
      return next_damage();
    const auto track = static_cast<size_t>(core.track);
    if (core.track < 0 || discarded_[track] || (filtering_ && next_ < first_[track])) continue;
    Status status = HandOut(next_, block);
    const bool corrupt = status.code() == Code::kCorrupt;
    if (!status.ok() && !corrupt) return status;
    if (corrupt && !reported_) {
      reported_ = true;
      return status;
    }
    if (corrupt && !keep_corrupt_) continue;
    reported_ = false;
    ++next_;
    return {};
  }
  if (next_damage_ < damage_.size()) return next_damage();
  return closed_ ? Status(Code::kEnd, "end of file")
                 : Status(Code::kAgain, "the file ends inside a chunk: it was cut");
}

// On kCorrupt the block is there as it is stored.
Status TransportReader::HandOut(uint32_t number, ReadBlock* block) {
  const Core& core = cores_[number];
  Status status = ReadCore(number, block);
  block->corrupt = status.code() == Code::kCorrupt;
  if (!status.ok() && !block->corrupt) return status;
  const uint32_t size = record_.size;
  record_ = Record(number);
  record_.size = size;
  block->record = &record_;
  block->offset = static_cast<int64_t>(core.offset);
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

Status TransportReader::Alloc(size_t size, uint8_t** data) {
  ReleaseBuffer();
  buffer_ = allocator_.Alloc(size + kBlockPadding, data);
  return buffer_ ? Status() : Status(Code::kMemory, "out of memory");
}

void TransportReader::ReleaseBuffer() {
  if (buffer_ != nullptr) allocator_.Release(buffer_);
  buffer_ = nullptr;
}

BlockTable& TransportReader::Table() {
  if (!table_)
    table_.emplace(static_cast<uint32_t>(cores_.size()), [this](uint32_t number, BlockInfo* info) {
      *info = {Record(number), cores_[number].offset - kTransportChunkHeaderSize,
               static_cast<int64_t>(cores_[number].offset)};
      return info->record.track >= 0;
    });
  return *table_;
}

Status TransportReader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  SeekStart start;
  H4MK_TRY(Table().FindSeekStart(tracks_, discarded_, track, time, mode, any, &start));
  first_ = std::move(start.first);
  filtering_ = true;
  next_ = start.number;
  reported_ = false;
  next_damage_ = damage_.size();  // reported where reading passes them from the start
  return {};
}

Status TransportReader::FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) {
  return Table().FindKeyframe(track, time, info);
}

Status TransportReader::DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                                    uint64_t* total) {
  return Table().DecodeChain(track, time, out, total);
}

Status TransportReader::KeyframesBetween(uint32_t track, int64_t from, int64_t to,
                                         std::span<BlockInfo> out, uint64_t* total) {
  return Table().KeyframesBetween(track, from, to, out, total);
}

Status TransportReader::BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) {
  Result<uint32_t> number = Table().Find(track, ordinal);
  if (!number.ok()) return number.take_status();
  return Table().Get(number.value(), info);
}

Status TransportReader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) {
  const Result<uint32_t> number = Table().Find(track, ordinal);
  if (!number.ok()) return CopyOf(number.status());
  Status status = HandOut(number.value(), block);
  return block->corrupt && keep_corrupt_ ? Status() : std::move(status);
}

Status TransportReader::Rewind() {
  next_ = 0;
  next_damage_ = 0;
  filtering_ = false;
  reported_ = false;
  return {};
}

void TransportReader::IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) {
  *entries = Table().key_count(track);
  *bytes = index_bytes_;
}

Status TransportReader::IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                                     size_t* copied) {
  return Table().IndexEntries(track, first, out, copied);
}

bool TransportReader::NextWarning(std::string* text) {
  if (warnings_.empty()) return false;
  *text = std::move(warnings_.front());
  warnings_.pop_front();
  return true;
}

void TransportReader::Warn(std::string text) {
  if (warnings_.size() < kMaxWarnings) warnings_.push_back(std::move(text));
}

}  // namespace h4mk
