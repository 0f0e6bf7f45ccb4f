// SPDX-License-Identifier: MIT
#include "pipeline/encrypt_stage.h"

#include <optional>
#include <string>

#include "protect/packed_side_data.h"

namespace h4mk {

Status EncryptStage::CheckNewTrack() {
  if (has_blocks_ && cipher_->forgets())
    return Status(
        Code::kState,
        "a file of the scheme \"living\" gets no tracks after its first block: the key is gone");
  return {};
}

void EncryptStage::Describe(bool at_end, Json* meta) {
  counts_.resize(tracks_.size());
  std::optional<std::vector<TrackCount>> counts;
  if (at_end) counts.emplace();
  for (size_t i = 0; at_end && i < counts_.size(); ++i)
    counts->push_back({tracks_[i].id, counts_[i]});
  (*meta)[std::string(kProtectionKey)] =
      cipher_->Describe({DigestOf(tracks_), DigestOf(*meta)}, counts);
}

Status EncryptStage::CheckPlain(const Block& block) const {
  if (block.flags & kBlockEncrypted)
    return Status(Code::kArgument, "the block is encrypted already");
  if (block.flags & kBlockExternal)
    return Status(Code::kArgument, "a block in another file cannot be encrypted");
  if (block.data.size() > kMaxBlockSize - kGcmTagSize)
    return Status(Code::kLimit, "block larger than 1 GiB less 16 bytes cannot be encrypted");
  return {};
}

void EncryptStage::ForgetMasterKey() {
  std::vector<uint32_t> track_ids;
  for (const Track& track : tracks_) track_ids.push_back(track.id);
  cipher_->ForgetMasterKey(track_ids);
  has_blocks_ = true;
}

// Takes a number even if writing fails: none is ever used twice.
BlockContext EncryptStage::NextContext(const Block& block) {
  counts_.resize(tracks_.size());
  const Track& track = tracks_[block.track];
  return {.track_id = track.id,
          .time_base = track.time_base,
          .ordinal = counts_[block.track]++,
          .pts = block.pts,
          .dts = block.dts,
          .duration = block.duration,
          .flags = StoredFlags(block) | kBlockEncrypted};
}

Status EncryptStage::Process(const Block& in, const Block** out) {
  H4MK_TRY(CheckPlain(in));
  if (!has_blocks_) ForgetMasterKey();
  const BlockContext context = NextContext(in);
  data_.resize(in.data.size() + kGcmTagSize);
  cipher_->Seal(context, BlockPart::kData, in.data, data_.data());
  sealed_ = in;
  sealed_.flags |= kBlockEncrypted;
  sealed_.data = data_;
  sealed_.ordinal = context.ordinal;
  if (!in.side_data.empty()) SealSideData(context, in.side_data);
  *out = &sealed_;
  return {};
}

void EncryptStage::SealSideData(const BlockContext& context, std::span<const SideData> entries) {
  side_data_ = PackSideData(entries);
  const size_t size = side_data_.size();
  side_data_.resize(size + kGcmTagSize);
  cipher_->Seal(context, BlockPart::kSideData, ByteSpan(side_data_).first(size), side_data_.data());
  side_data_entry_ = {kEncryptedSideData, side_data_};
  sealed_.side_data = {&side_data_entry_, 1};
}

}  // namespace h4mk
