// SPDX-License-Identifier: MIT
// Opens every block with a key, and reports what is missing (protection.md, "Encrypted blocks").
#ifndef H4MK_PIPELINE_DECRYPT_STAGE_H_
#define H4MK_PIPELINE_DECRYPT_STAGE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/block_sequence.h"
#include "pipeline/block_stage.h"
#include "protect/block_cipher.h"

namespace h4mk {

class DecryptStage final : public BlockStage {
 public:
  explicit DecryptStage(std::vector<MasterKey> keys) : keys_(std::move(keys)) {}

  // kKey: no key fits, or the file is not encrypted.
  Status Open(const FileReader& file) override;
  Status UseDescriptions(const std::vector<Track>& tracks, const Json& meta) override;
  Status JudgeNext(Status status) override;
  void NoteLost(const LostBlocks& lost) override;
  Status Check(const ReadBlock& block, Order order, bool* usable) override;
  Status Process(ReadBlock* block, BlockMemory& memory) override;
  void Restart(bool from_start) override;
  void Discard(uint32_t track, bool discard) override;
  // Without "protection": what is handed out is not encrypted.
  const Json& Meta(const Json&) const override { return meta_; }
  void CorrectTotals(TrackTotals* totals) const override;

 private:
  static Result<const Json*> Protection(const Json& meta);
  Result<std::vector<TrackCount>> ReadEnd() const;
  Status CheckEnd();
  Status Decrypt(ReadBlock* block, BlockMemory& memory);
  Status OpenSideData(const BlockContext& context, const ReadBlock& sealed);
  std::string Name(const BlockRecord& record) const;

  std::vector<MasterKey> keys_;  // until the file is open
  const FileReader* file_ = nullptr;
  std::unique_ptr<BlockCipher> cipher_;
  Json meta_;
  std::optional<DescriptionDigests> digests_;  // of what the file has
  BlockSequence sequence_;
  // Track and number of the block that comes next in the sequence once its tag has held.
  std::optional<std::pair<size_t, uint64_t>> next_;
  bool end_checked_ = false;
  Bytes packed_;  // side data, opened
  std::vector<SideData> side_data_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_DECRYPT_STAGE_H_
