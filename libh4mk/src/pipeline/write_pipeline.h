// SPDX-License-Identifier: MIT
// Writes blocks through stages, compressed and then encrypted, into a file of version 2.
//
//   caller --> Process() of all stages --> Writer::Write()
#ifndef H4MK_PIPELINE_WRITE_PIPELINE_H_
#define H4MK_PIPELINE_WRITE_PIPELINE_H_

#include <memory>
#include <vector>

#include "pipeline/write_stage.h"
#include "writer/writer.h"

namespace h4mk {

class WritePipeline final : public FileWriter {
 public:
  explicit WritePipeline(std::unique_ptr<Writer> file) : file_(std::move(file)) {}

  // Adds a stage behind those that are there. REQUIRES: nothing was written.
  void Add(std::unique_ptr<WriteStage> stage) { stages_.push_back(std::move(stage)); }

  const std::vector<Track>& tracks() const { return file_->tracks(); }

  Status AddTrack(const Json& description, uint32_t* track) override;
  Status UpdateTrack(uint32_t track, const Json& description) override;
  Status SetMeta(const Json& meta) override;
  Status Write(const Block& block) override;
  Status Flush() override;
  Status Finish() override;

  Status SetAttachment(uint32_t track, ByteSpan bytes) override {
    return file_->SetAttachment(track, bytes);
  }
  Status AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) override {
    return file_->AddChunk(tag, flags, payload);
  }
  Status FrontIndex(Bytes* index, uint32_t* checksum) const override {
    return file_->FrontIndex(index, checksum);
  }
  int64_t io_error() const override { return file_->io_error(); }

 private:
  Status Describe(bool at_end);

  std::unique_ptr<Writer> file_;
  std::vector<std::unique_ptr<WriteStage>> stages_;
  Json meta_ = Json::object();  // as the caller set it
  bool is_described_ = false;   // the file's META fits it, TRAK and the stages
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_WRITE_PIPELINE_H_
