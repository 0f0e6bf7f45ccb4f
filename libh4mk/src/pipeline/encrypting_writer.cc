// SPDX-License-Identifier: MIT
#include "pipeline/encrypting_writer.h"

#include <string>

#include "protect/packed_side_data.h"

namespace h4mk {

EncryptingWriter::EncryptingWriter(std::unique_ptr<Writer> writer,
                                   std::unique_ptr<BlockCipher> cipher)
    : writer_(std::move(writer)), cipher_(std::move(cipher)) {}

Status EncryptingWriter::SetMeta(const Json& meta) {
  if (!meta.is_object()) return Status(Code::kArgument, "metadata is no JSON object");
  meta_ = meta;
  is_described_ = false;
  return {};
}

// The description stands before the first block, so that a pipe and a file that was cut can be
// read, and again wherever TRAK or META change.
Status EncryptingWriter::UpdateMeta(bool at_end) {
  counts_.resize(writer_->tracks().size());
  std::optional<std::vector<TrackCount>> counts;
  if (at_end) counts.emplace();
  for (size_t i = 0; at_end && i < counts_.size(); ++i)
    counts->push_back({writer_->tracks()[i].id, counts_[i]});
  meta_[std::string(kProtectionKey)] =
      cipher_->Describe(DigestsOf(writer_->tracks(), meta_), counts);
  is_described_ = true;
  return writer_->SetMeta(meta_);
}

Status EncryptingWriter::Flush() {
  if (!is_described_) H4MK_TRY(UpdateMeta(/*at_end=*/false));
  return writer_->Flush();
}

void EncryptingWriter::ForgetMasterKey() {
  std::vector<uint32_t> track_ids;
  for (const Track& track : writer_->tracks()) track_ids.push_back(track.id);
  cipher_->ForgetMasterKey(track_ids);
  has_blocks_ = true;
}

BlockContext EncryptingWriter::ContextOf(const Block& block) const {
  const Track& track = writer_->tracks()[block.track];
  return {.track_id = track.id,
          .time_base = track.time_base,
          .ordinal = counts_[block.track],
          .pts = block.pts,
          .dts = block.dts,
          .duration = block.duration,
          .flags = StoredFlags(block) | kBlockEncrypted};
}

// Compressed first: ciphertext cannot be.
Status EncryptingWriter::Write(const Block& plain) {
  if (plain.track >= writer_->tracks().size())
    return Status(Code::kArgument, "block of an unknown track");
  if (plain.flags & kBlockEncrypted)
    return Status(Code::kArgument, "the block is encrypted already");
  if (plain.flags & kBlockExternal)
    return Status(Code::kArgument, "a block in another file cannot be encrypted");
  Block block = plain;
  if (writer_->tracks()[plain.track].compression != Compression::kNone)
    H4MK_TRY(packer_.Pack(plain, &block));
  if (block.data.size() > kMaxBlockSize - kGcmTagSize)
    return Status(Code::kLimit, "block larger than 1 GiB less 16 bytes cannot be encrypted");
  if (!is_described_) H4MK_TRY(UpdateMeta(/*at_end=*/false));
  if (!has_blocks_) ForgetMasterKey();
  counts_.resize(writer_->tracks().size());
  const BlockContext context = ContextOf(block);

  data_.resize(block.data.size() + kGcmTagSize);
  cipher_->Seal(context, BlockPart::kData, block.data, data_.data());
  Block sealed = block;
  sealed.flags |= kBlockEncrypted;
  sealed.data = data_;
  sealed.ordinal = context.ordinal;
  SideData entry{kEncryptedSideData, {}};
  if (!block.side_data.empty()) {
    side_data_ = PackSideData(block.side_data);
    const size_t size = side_data_.size();
    side_data_.resize(size + kGcmTagSize);
    cipher_->Seal(context, BlockPart::kSideData, ByteSpan(side_data_).first(size),
                  side_data_.data());
    entry.data = side_data_;
    sealed.side_data = {&entry, 1};
  }
  ++counts_[block.track];  // also if writing fails: a number is never used twice
  return writer_->Write(sealed);
}

Status EncryptingWriter::Finish() {
  H4MK_TRY(UpdateMeta(/*at_end=*/true));
  return writer_->Finish();
}

}  // namespace h4mk
