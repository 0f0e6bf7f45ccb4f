// SPDX-License-Identifier: MIT
// Encrypts every block, and keeps "protection" in META (protection.md, "Encrypted blocks").
#ifndef H4MK_PIPELINE_ENCRYPT_STAGE_H_
#define H4MK_PIPELINE_ENCRYPT_STAGE_H_

#include <memory>
#include <vector>

#include "file/tracks.h"
#include "pipeline/write_stage.h"
#include "protect/block_cipher.h"

namespace h4mk {

class EncryptStage final : public WriteStage {
 public:
  // The tracks of the file, which must outlive the stage.
  EncryptStage(const std::vector<Track>& tracks, std::unique_ptr<BlockCipher> cipher)
      : tracks_(tracks), cipher_(std::move(cipher)) {}

  Status CheckNewTrack() override;
  Status Process(const Block& in, const Block** out) override;
  void Describe(bool at_end, Json* meta) override;

 private:
  Status CheckPlain(const Block& block) const;
  void ForgetMasterKey();
  BlockContext NextContext(const Block& block);
  void SealSideData(const BlockContext& context, std::span<const SideData> entries);

  const std::vector<Track>& tracks_;
  std::unique_ptr<BlockCipher> cipher_;
  bool has_blocks_ = false;
  std::vector<uint64_t> counts_;  // by track: blocks that were encrypted
  Block sealed_;
  Bytes data_, side_data_;
  SideData side_data_entry_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_ENCRYPT_STAGE_H_
