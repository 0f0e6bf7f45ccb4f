// SPDX-License-Identifier: MIT
// A FileWriter over a Writer: encrypts every block, and keeps "protection" in META (protection.md,
// "Encrypted blocks").
#ifndef H4MK_PIPELINE_ENCRYPTING_WRITER_H_
#define H4MK_PIPELINE_ENCRYPTING_WRITER_H_

#include <memory>
#include <vector>

#include "protect/block_cipher.h"
#include "writer/writer.h"

namespace h4mk {

class EncryptingWriter final : public FileWriter {
 public:
  // REQUIRES: the writer has no blocks yet.
  EncryptingWriter(std::unique_ptr<Writer> writer, std::unique_ptr<BlockCipher> cipher);

  Status AddTrack(const Json& description, uint32_t* track) override {
    if (has_blocks_ && cipher_->forgets())
      return Status(
          Code::kState,
          "a file of the scheme \"living\" gets no tracks after its first block: the key is gone");
    is_described_ = false;
    return writer_->AddTrack(description, track);
  }
  Status UpdateTrack(uint32_t track, const Json& description) override {
    is_described_ = false;
    return writer_->UpdateTrack(track, description);
  }
  Status SetAttachment(uint32_t track, ByteSpan bytes) override {
    return writer_->SetAttachment(track, bytes);
  }
  Status SetMeta(const Json& meta) override;
  Status AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) override {
    return writer_->AddChunk(tag, flags, payload);
  }
  Status Write(const Block& block) override;
  Status Flush() override;
  Status Finish() override;
  Status FrontIndex(Bytes* index, uint32_t* checksum) const override {
    return writer_->FrontIndex(index, checksum);
  }
  int64_t io_error() const override { return writer_->io_error(); }

 private:
  Status UpdateMeta(bool at_end);
  void ForgetMasterKey();
  BlockContext ContextOf(const Block& block) const;

  std::unique_ptr<Writer> writer_;
  BlockPacker packer_;
  std::unique_ptr<BlockCipher> cipher_;
  Json meta_ = Json::object();
  bool is_described_ = false;  // "protection" in META fits TRAK and META
  bool has_blocks_ = false;
  std::vector<uint64_t> counts_;  // by track: blocks that were written
  Bytes data_, side_data_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_ENCRYPTING_WRITER_H_
