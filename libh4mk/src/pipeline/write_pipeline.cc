// SPDX-License-Identifier: MIT
#include "pipeline/write_pipeline.h"

namespace h4mk {

Status WritePipeline::AddTrack(const Json& description, uint32_t* track) {
  for (const auto& stage : stages_) H4MK_TRY(stage->CheckNewTrack());
  is_described_ = false;
  return file_->AddTrack(description, track);
}

Status WritePipeline::UpdateTrack(uint32_t track, const Json& description) {
  is_described_ = false;
  return file_->UpdateTrack(track, description);
}

Status WritePipeline::SetMeta(const Json& meta) {
  if (!meta.is_object()) return Status(Code::kArgument, "metadata is no JSON object");
  H4MK_TRY(CheckMeta(meta));
  meta_ = meta;
  is_described_ = false;
  return {};
}

// META stands before the first block, so that a pipe and a file that was cut can be read, and again
// wherever descriptions change.
Status WritePipeline::Describe(bool at_end) {
  Json meta = meta_;
  for (const auto& stage : stages_) stage->Describe(at_end, &meta);
  is_described_ = true;
  return file_->SetMeta(meta);
}

Status WritePipeline::Write(const Block& block) {
  if (block.track >= file_->tracks().size())
    return Status(Code::kArgument, "block of an unknown track");
  if (!is_described_) H4MK_TRY(Describe(/*at_end=*/false));
  const Block* stored = &block;
  for (const auto& stage : stages_) H4MK_TRY(stage->Process(*stored, &stored));
  return file_->Write(*stored);
}

Status WritePipeline::Flush() {
  if (!is_described_) H4MK_TRY(Describe(/*at_end=*/false));
  return file_->Flush();
}

// What is wrong with META costs META only: the file gets its end.
Status WritePipeline::Finish() {
  const Status described = Describe(/*at_end=*/true);
  const Status finished = file_->Finish();
  return described.ok() ? finished : described;
}

}  // namespace h4mk
