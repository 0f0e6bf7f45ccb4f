// SPDX-License-Identifier: MIT
#include "pipeline/decrypting_reader.h"

#include <algorithm>
#include <cstring>

#include "pipeline/encrypting_writer.h"

namespace h4mk {

DecryptingReader::DecryptingReader(std::unique_ptr<FileReader> file, std::vector<MasterKey> keys,
                                   BufferAllocator& allocator)
    : ForwardingReader(std::move(file)), keys_(std::move(keys)), allocator_(allocator) {}

DecryptingReader::~DecryptingReader() { ReleaseBuffer(); }

void DecryptingReader::ReleaseBuffer() {
  if (buffer_ != nullptr) allocator_.Release(buffer_);
  buffer_ = nullptr;
}

Status DecryptingReader::Protection(const Json** protection) const {
  const auto member = file().meta().find(std::string(kProtectionKey));
  if (member == file().meta().end())
    return Status(Code::kKey, "a key was given, but the file does not say that it is encrypted");
  *protection = &*member;
  return {};
}

Status DecryptingReader::Open() {
  H4MK_TRY(file().Open());
  const Json* protection = nullptr;
  H4MK_TRY(Protection(&protection));
  Result<std::unique_ptr<BlockCipher>> cipher = BlockCipher::Open(*protection, keys_);
  if (!cipher.ok()) return cipher.status();
  cipher_ = std::move(cipher.value());
  keys_.clear();
  sequences_.resize(file().tracks().size());
  meta_ = file().meta();
  meta_.erase(std::string(kProtectionKey));
  H4MK_TRY(cipher_->CheckDescriptions(*protection, DigestsOf(file().tracks(), file().meta())));
  std::vector<TrackCount> counts;
  return file().is_closed() ? ReadEnd(&counts) : Status();
}

// The end of a closed file has every track, and they are those of the file.
Status DecryptingReader::ReadEnd(std::vector<TrackCount>* counts) const {
  const Json* protection = nullptr;
  H4MK_TRY(Protection(&protection));
  H4MK_TRY(cipher_->CheckEnd(*protection, counts));
  const auto& tracks = file().tracks();
  const bool same = std::equal(
      counts->begin(), counts->end(), tracks.begin(), tracks.end(),
      [](const TrackCount& count, const Track& track) { return count.track_id == track.id; });
  return same ? Status()
              : Status(Code::kCorrupt, "the tracks of the file are not those that were encrypted");
}

// Payload bytes as they were before encryption.
const TrackTotals& DecryptingReader::totals(uint32_t track) const {
  totals_ = file().totals(track);
  totals_.bytes -= std::min(totals_.bytes, totals_.blocks * kGcmTagSize);
  return totals_;
}

void DecryptingReader::Discard(uint32_t track, bool discard) {
  file().Discard(track, discard);
  sequences_.resize(file().tracks().size());
  Sequence& sequence = sequences_[track];
  if (sequence.discarded != discard) sequence.known = false;
  sequence.discarded = discard;
}

Status DecryptingReader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  H4MK_TRY(file().Seek(track, time, mode, any));
  held_ = false;
  end_checked_ = false;
  for (Sequence& sequence : sequences_) sequence.known = false;
  return {};
}

Status DecryptingReader::Rewind() {
  H4MK_TRY(file().Rewind());
  held_ = false;
  end_checked_ = false;
  for (Sequence& sequence : sequences_) {
    sequence.next = 0;
    sequence.gap_told = false;
    sequence.known = true;
  }
  return {};
}

std::string DecryptingReader::Name(const BlockRecord& record) const {
  return "block " + std::to_string(record.ordinal) + " of track " +
         std::to_string(file().tracks()[static_cast<size_t>(record.track)].id);
}

Status DecryptingReader::Next(ReadBlock* block) {
  for (;;) {
    if (!held_) H4MK_TRY(NextSealed());
    held_ = true;  // until it was handed out: running out of memory must not cost it
    const BlockRecord& record = *sealed_.record;
    sequences_.resize(file().tracks().size());  // tracks may have been added
    Sequence& sequence = sequences_[static_cast<size_t>(record.track)];
    Status status;
    if (!sealed_.corrupt) {  // else it was reported; what is left of it cannot be opened
      H4MK_TRY(CheckSequence(record, &sequence));
      status = OpenBlock(sealed_, block);
      if (status.code() == Code::kMemory) return status;
      sequence = {record.ordinal + 1, /*known=*/true, /*gap_told=*/false, sequence.discarded};
    }
    held_ = false;
    if (!sealed_.corrupt) return status;
  }
}

Status DecryptingReader::NextSealed() {
  Status status = file().Next(&sealed_);
  if (status.code() == Code::kCorrupt)
    for (Sequence& sequence : sequences_) sequence.gap_told = true;
  if (status.code() == Code::kEnd && !end_checked_) {
    end_checked_ = true;
    H4MK_TRY(CheckEnd());
  }
  return status;
}

// Gaps are reported, then the block is handed out; a block that comes twice or too late is not.
Status DecryptingReader::CheckSequence(const BlockRecord& record, Sequence* sequence) {
  const auto offset = static_cast<uint64_t>(sealed_.offset);
  if (!sequence->known || record.ordinal == sequence->next) return {};
  if (record.ordinal < sequence->next) {
    held_ = false;
    return Corrupt(offset, Name(record) + " comes again or too late,");
  }
  if (sequence->gap_told) return {};
  sequence->gap_told = true;
  return Corrupt(offset, "blocks " + std::to_string(sequence->next) + " to " +
                             std::to_string(record.ordinal - 1) + " are missing before " +
                             Name(record));
}

Status DecryptingReader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) {
  ReadBlock sealed;
  H4MK_TRY(file().ReadBlockAt(track, ordinal, &sealed));
  return OpenBlock(sealed, block);
}

Status DecryptingReader::OpenBlock(const ReadBlock& sealed, ReadBlock* block) {
  const BlockRecord& record = *sealed.record;
  const Track& track = file().tracks()[static_cast<size_t>(record.track)];
  const auto offset = static_cast<uint64_t>(sealed.offset);
  if (!(record.flags & kBlockEncrypted) || record.size < kGcmTagSize)
    return Corrupt(offset, Name(record) + " is not encrypted, as all blocks of this file must be,");
  const BlockContext context = {.track_id = track.id,
                                .time_base = track.time_base,
                                .ordinal = record.ordinal,
                                .pts = record.pts,
                                .dts = record.dts,
                                .duration = record.duration,
                                .flags = record.flags};
  ReleaseBuffer();
  uint8_t* data = nullptr;
  buffer_ = allocator_.Alloc(record.size - kGcmTagSize + kBlockPadding, &data);
  if (buffer_ == nullptr) return Status(Code::kMemory, "no memory for a block");
  if (!cipher_->Open(context, BlockPart::kData, {sealed.data, record.size}, data))
    return Corrupt(offset, Name(record) + " is not what was encrypted,");
  H4MK_TRY(OpenSideData(context, sealed));

  record_ = record;
  record_.size -= static_cast<uint32_t>(kGcmTagSize);
  record_.flags &= ~kBlockEncrypted;
  std::memset(data + record_.size, 0, kBlockPadding);
  *block = sealed;
  block->record = &record_;
  block->data = data;
  block->buffer = buffer_;
  block->side_data = side_data_;
  return {};
}

Status DecryptingReader::OpenSideData(const BlockContext& context, const ReadBlock& sealed) {
  side_data_.clear();
  if (!(context.flags & kBlockHasSideData)) return {};
  const auto damaged = [&] {
    return Corrupt(static_cast<uint64_t>(sealed.offset),
                   "side data of " + Name(*sealed.record) + " is not what was encrypted,");
  };
  if (sealed.side_data.size() != 1 || sealed.side_data[0].name != kEncryptedSideData ||
      sealed.side_data[0].data.size() < kGcmTagSize)
    return damaged();
  const ByteSpan bytes = sealed.side_data[0].data;
  packed_.resize(bytes.size() - kGcmTagSize);
  packed_.reserve(1);  // data() of an empty vector may be null
  if (!cipher_->Open(context, BlockPart::kSideData, bytes, packed_.data()) ||
      !UnpackSideData(packed_, &side_data_))
    return damaged();
  return {};
}

// At the end of a closed file every track must have come to its last block.
Status DecryptingReader::CheckEnd() {
  std::vector<TrackCount> counts;
  H4MK_TRY(ReadEnd(&counts));
  for (size_t i = 0; i < sequences_.size(); ++i) {
    const Sequence& sequence = sequences_[i];
    const uint64_t blocks = counts[i].blocks;
    if (sequence.discarded || !sequence.known || sequence.next == blocks) continue;
    return Status(Code::kCorrupt, "track " + std::to_string(counts[i].track_id) +
                                      " ends after block " + std::to_string(sequence.next) +
                                      ", but has " + std::to_string(blocks) + " blocks");
  }
  return {};
}

}  // namespace h4mk
