// SPDX-License-Identifier: MIT
#include "pipeline/block_pipeline.h"

#include <utility>

namespace h4mk {

Status BlockPipeline::Open() {
  H4MK_TRY(file_->Open());
  for (const auto& stage : stages_) H4MK_TRY(stage->Open(*file_));
  if (stages_.empty()) return {};
  file_->SetDescriptionCheck([this](const std::vector<Track>& tracks, const Json& meta) -> Status {
    for (const auto& stage : stages_) H4MK_TRY(stage->UseDescriptions(tracks, meta));
    return {};
  });
  return {};
}

const Json& BlockPipeline::meta() const {
  const Json* meta = &file_->meta();
  for (const auto& stage : stages_) meta = &stage->Meta(*meta);
  return *meta;
}

TrackTotals BlockPipeline::totals(uint32_t track) const {
  TrackTotals totals = file_->totals(track);
  for (const auto& stage : stages_) stage->CorrectTotals(&totals);
  return totals;
}

Status BlockPipeline::Attachment(uint32_t track, ByteSpan* bytes) {
  return Judge(file_->Attachment(track, bytes));
}

void BlockPipeline::Discard(uint32_t track, bool discard) {
  file_->Discard(track, discard);
  for (const auto& stage : stages_) stage->Discard(track, discard);
}

Status BlockPipeline::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  H4MK_TRY(Judge(file_->Seek(track, time, mode, any)));
  state_ = State::kNone;
  preroll_.Restart(/*sought=*/true);
  for (const auto& stage : stages_) stage->Restart(/*from_start=*/false);
  return {};
}

Status BlockPipeline::Rewind() {
  H4MK_TRY(file_->Rewind());
  state_ = State::kNone;
  preroll_.Restart(/*sought=*/false);
  for (const auto& stage : stages_) stage->Restart(/*from_start=*/true);
  return {};
}

bool BlockPipeline::NextWarning(Status* warning) {
  for (const auto& stage : stages_)
    if (stage->NextWarning(warning)) return true;
  return file_->NextWarning(warning);
}

Status BlockPipeline::Judge(Status status) const {
  for (const auto& stage : stages_) status = stage->Judge(std::move(status));
  return status;
}

// A stage that comes later learns of the damage that one before it has found.
Status BlockPipeline::JudgeNext(Status status, size_t first_stage) const {
  for (size_t i = first_stage; i < stages_.size(); ++i)
    status = stages_[i]->JudgeNext(std::move(status));
  return status;
}

void BlockPipeline::NoteLost(const LostBlocks& lost, size_t first_stage) const {
  for (size_t i = first_stage; i < stages_.size(); ++i) stages_[i]->NoteLost(lost);
}

Status BlockPipeline::MakeReady() {
  if (preroll_.is_unused()) return MakeNextReady();
  while (!preroll_.is_reading()) {
    if (!preroll_.has_first()) {
      H4MK_TRY(MakeNextReady());
      if (!preroll_.BeginsAt(*block_.record)) return {};
      state_ = State::kNone;  // it is read again behind those before it
    }
    H4MK_TRY(preroll_.Plan(*file_));
  }
  return ReadEarlier();
}

Status BlockPipeline::MakeNextReady() {
  if (stages_.empty()) return TakeNext();
  while (state_ != State::kReady) {
    if (state_ == State::kNone) H4MK_TRY(ReadStored());
    if (state_ == State::kRead) H4MK_TRY(CheckStored());
    if (state_ != State::kChecked) continue;
    block_ = stored_;
    Status status = Process(&block_);
    if (!status.ok() && status.code() != Code::kCorrupt) return status;
    state_ = status.ok() ? State::kReady : State::kNone;
    // Of a block whose damage was reported nothing can be made, and it need not be reported again.
    if (!status.ok() && !stored_.corrupt) return status;
  }
  return {};
}

Status BlockPipeline::ReadStored() {
  Status status = file_->Next(&stored_);
  NoteLost(file_->lost(), 0);
  H4MK_TRY(JudgeNext(std::move(status), 0));
  state_ = State::kRead;
  return {};
}

Status BlockPipeline::CheckStored() {
  for (size_t i = 0; i < stages_.size(); ++i) {
    bool usable = true;
    Status status = stages_[i]->Check(stored_, BlockStage::Order::kNext, &usable);
    if (!usable) {
      state_ = State::kNone;
      NoteLost({.tracks = {static_cast<uint32_t>(stored_.record->track)}}, i + 1);
    }
    if (!status.ok()) return JudgeNext(std::move(status), i + 1);
    if (!usable) return {};
  }
  state_ = State::kChecked;
  return {};
}

Status BlockPipeline::Process(ReadBlock* block) {
  memory_.Clear();
  for (const auto& stage : stages_) H4MK_TRY(stage->Process(block, memory_));
  return {};
}

Status BlockPipeline::ReadEarlier() {
  H4MK_TRY(preroll_.PassLost(*file_));
  const Status status = ReadBlockAt(preroll_.track(), preroll_.next(), &block_);
  if (status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  preroll_.Passed(status.ok() ? &block_ : nullptr);
  if (status.ok()) state_ = State::kReady;
  return status;
}

Status BlockPipeline::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) {
  H4MK_TRY(Judge(file_->ReadBlockAt(track, ordinal, block)));
  for (const auto& stage : stages_) {
    bool usable = true;
    H4MK_TRY(stage->Check(*block, BlockStage::Order::kLookup, &usable));
  }
  return Process(block);
}

}  // namespace h4mk
