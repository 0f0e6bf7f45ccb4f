// SPDX-License-Identifier: MIT
#include "pipeline/decrypt_stage.h"

#include <algorithm>

#include "protect/packed_side_data.h"

namespace h4mk {

Result<const Json*> DecryptStage::Protection(const Json& meta) {
  const auto member = meta.find(std::string(kProtectionKey));
  if (member == meta.end())
    return Status(Code::kKey, "a key was given, but the file does not say that it is encrypted");
  return &*member;
}

Status DecryptStage::Open(const FileReader& file) {
  file_ = &file;
  H4MK_ASSIGN(const Json* protection, Protection(file_->meta()));
  H4MK_ASSIGN(cipher_, BlockCipher::Open(*protection, keys_));
  keys_.clear();
  sequence_.GrowTo(file.tracks().size());
  H4MK_TRY(UseDescriptions(file.tracks(), file.meta()));
  return file.is_closed() ? ReadEnd().status() : Status();
}

// The digest of what the file has already is not made again: somebody without the key may put a new
// TRAK or META before every cluster.
Status DecryptStage::UseDescriptions(const std::vector<Track>& tracks, const Json& meta) {
  H4MK_ASSIGN(const Json* protection, Protection(meta));
  const bool keeps_tracks = digests_ && &tracks == &file_->tracks();
  const bool keeps_meta = digests_ && &meta == &file_->meta();
  const DescriptionDigests digests = {keeps_tracks ? digests_->tracks : DigestOf(tracks),
                                      keeps_meta ? digests_->meta : DigestOf(meta)};
  H4MK_TRY(cipher_->CheckDescriptions(*protection, digests));
  H4MK_TRY(cipher_->AddSessions(*protection));
  digests_ = digests;
  if (keeps_meta) return {};
  meta_ = meta;
  meta_.erase(std::string(kProtectionKey));
  return {};
}

// The end of a closed file has every track, and they are those of the file.
Result<std::vector<TrackCount>> DecryptStage::ReadEnd() const {
  H4MK_ASSIGN(const Json* protection, Protection(file_->meta()));
  H4MK_ASSIGN(std::vector<TrackCount> counts, cipher_->CheckEnd(*protection));
  if (std::ranges::equal(counts, file_->tracks(), {}, &TrackCount::track_id, &Track::id))
    return counts;
  return Status(Code::kCorrupt, "the tracks of the file are not those that were encrypted");
}

// Payload bytes as they were before encryption.
void DecryptStage::CorrectTotals(TrackTotals* totals) const {
  totals->bytes -= std::min(totals->bytes, totals->blocks * kGcmTagSize);
}

void DecryptStage::Restart(bool from_start) {
  end_checked_ = false;
  next_.reset();
  sequence_.Restart(from_start);
}

void DecryptStage::Discard(uint32_t track, bool discard) {
  sequence_.GrowTo(file_->tracks().size());
  sequence_.Discard(track, discard);
}

std::string DecryptStage::Name(const BlockRecord& record) const {
  return "block " + std::to_string(record.ordinal) + " of track " +
         std::to_string(file_->tracks()[static_cast<size_t>(record.track)].id);
}

Status DecryptStage::JudgeNext(Status status) {
  if (status.code() == Code::kEnd && !end_checked_) {
    end_checked_ = true;
    H4MK_TRY(CheckEnd());
  }
  return status;
}

// That a block is missing is not told of tracks for which damage was. Of the others it must be.
void DecryptStage::NoteLost(const LostBlocks& lost) {
  if (lost.tracks.empty() && !lost.any_track) return;
  sequence_.GrowTo(file_->tracks().size());
  for (const uint32_t track : lost.tracks) sequence_.NoteDamage(track);
  if (lost.any_track) sequence_.NoteDamage();
}

// At the end of a closed file every track must have come to its last block.
Status DecryptStage::CheckEnd() {
  H4MK_ASSIGN(const std::vector<TrackCount> counts, ReadEnd());
  sequence_.GrowTo(counts.size());
  for (size_t i = 0; i < counts.size(); ++i) {
    if (!sequence_.EndsEarly(i, counts[i].blocks)) continue;
    return Status(Code::kCorrupt, "track " + std::to_string(counts[i].track_id) +
                                      " ends after block " + std::to_string(sequence_.expected(i)) +
                                      ", but has " + std::to_string(counts[i].blocks) + " blocks");
  }
  return {};
}

// What is left of a damaged block cannot be opened; the damage was reported. A gap is reported,
// then the block behind it is handed out; a block that comes twice or too late is not.
Status DecryptStage::Check(const ReadBlock& block, Order order, bool* usable) {
  if (order == Order::kLookup) return {};
  const BlockRecord& record = *block.record;
  const auto track = static_cast<size_t>(record.track);
  const auto offset = static_cast<uint64_t>(block.offset);
  sequence_.GrowTo(file_->tracks().size());  // tracks may have been added
  if (block.corrupt) {
    *usable = false;
    sequence_.NoteDamage(track);
    return {};
  }
  switch (sequence_.Judge(track, record.ordinal)) {
    case BlockSequence::Verdict::kNext:
      next_ = {{track, record.ordinal}};
      return {};
    case BlockSequence::Verdict::kMissingBefore:
      return Corrupt(offset, "blocks " + std::to_string(sequence_.expected(track)) + " to " +
                                 std::to_string(record.ordinal - 1) + " are missing before " +
                                 Name(record));
    case BlockSequence::Verdict::kTooLate:
      break;
  }
  *usable = false;
  return Corrupt(offset, Name(record) + " is repeated or out of order");
}

// A number that nobody has authenticated must not move what the track expects: all true blocks
// would come too late.
Status DecryptStage::Process(ReadBlock* block, BlockMemory& memory) {
  const std::pair number(static_cast<size_t>(block->record->track), block->record->ordinal);
  const Status status = Decrypt(block, memory);
  if (number != next_ || status.code() == Code::kMemory) return status;
  next_.reset();
  if (status.ok()) {
    sequence_.Pass(number.first, number.second);
  } else {
    sequence_.NoteDamage(number.first);
  }
  return status;
}

Status DecryptStage::Decrypt(ReadBlock* block, BlockMemory& memory) {
  const BlockRecord& record = *block->record;
  const Track& track = file_->tracks()[static_cast<size_t>(record.track)];
  const auto offset = static_cast<uint64_t>(block->offset);
  if (!(record.flags & kBlockEncrypted) || record.size < kGcmTagSize)
    return Corrupt(offset, Name(record) + " is not encrypted, as all blocks of this file must be,");
  const BlockContext context = {.track_id = track.id,
                                .time_base = track.time_base,
                                .ordinal = record.ordinal,
                                .pts = record.pts,
                                .dts = record.dts,
                                .duration = record.duration,
                                .flags = record.flags};
  const size_t size = record.size - kGcmTagSize;
  uint8_t* data = nullptr;
  H4MK_TRY(memory.New(size, &data));
  if (!cipher_->Open(context, BlockPart::kData, {block->data, record.size}, data))
    return Corrupt(offset, Name(record) + " is not what was encrypted,");
  H4MK_TRY(OpenSideData(context, *block));
  memory.Use(data, size, kBlockEncrypted, block);
  block->side_data = side_data_;
  return {};
}

Status DecryptStage::OpenSideData(const BlockContext& context, const ReadBlock& sealed) {
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

}  // namespace h4mk
