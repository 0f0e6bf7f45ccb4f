// SPDX-License-Identifier: MIT
// Blocks of a file of the transport dialect, one after the other, and seeking.
#include "legacy/transport/transport_reader.h"

#include "base/crc32.h"
#include "legacy/run_length.h"

namespace h4mk {

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
  *info = {Record(number), core.chunk(), static_cast<int64_t>(core.offset)};
  return true;
}

// Reads, decrypts and decompresses a block; on kCorrupt its bytes are there as they are stored.
Status TransportReader::ReadNumbered(uint32_t number, ReadBlock* block) {
  const Core& core = cores_[number];
  Bytes bytes;
  Status damage = ReadStored(core, &bytes);
  if (!damage.ok() && damage.code() != Code::kCorrupt) return damage;
  if (damage.ok()) {
    Result<Bytes> plain = Decode(number, bytes);
    if (plain.ok()) bytes = std::move(plain.value());
    if (!plain.ok())
      damage = Corrupt(core.chunk(), plain.status().message() + ", block of the CORE chunk");
  }
  H4MK_TRY(CopyOut(bytes, block));
  record_ = Record(number);
  record_.size = static_cast<uint32_t>(bytes.size());
  block->record = &record_;
  block->offset = static_cast<int64_t>(core.offset);
  block->side_data = {};
  return damage;
}

// Reads a block as it is stored; on kCorrupt it is there all the same.
Status TransportReader::ReadStored(const Core& core, Bytes* stored) {
  stored->assign(core.length, 0);  // opening has compared it with the size of the file
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(core.offset, stored->data(), stored->size(), &got));
  const bool whole = got == stored->size() && Crc32(0, *stored) == core.crc;
  return whole ? Status() : WrongCrc(core.chunk(), kTagCore);
}

Result<Bytes> TransportReader::Decrypt(uint32_t number, Bytes stored) {
  if (cipher_) return cipher_->Open(number, stored);
  return stored;
}

Result<Bytes> TransportReader::Decode(uint32_t number, Bytes stored) {
  H4MK_ASSIGN(Bytes coded, Decrypt(number, std::move(stored)));
  if (decompress_) return DecodeRunLength(coded);
  return coded;
}

}  // namespace h4mk
