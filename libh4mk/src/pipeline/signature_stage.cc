// SPDX-License-Identifier: MIT
#include "pipeline/signature_stage.h"

#include <utility>

namespace h4mk {

Status SignatureStage::Open(const FileReader& file) {
  file_ = &file;
  return Judge(CheckEnd());
}

// Behind a checkpoint that is not the last one, nothing is read: such a file is never closed. A top
// at the front says where the file ends, but it is the locator that makes it whole.
Status SignatureStage::CheckEnd() const {
  if (file_->is_closed() && io_.has_signed_end()) return CheckTotals();
  if (io_.last().final) return strictness_ == Strictness::kReport ? Status() : EndIsGone();
  return strictness_ == Strictness::kRefuse ? NoSignedEnd() : Status();
}

Status SignatureStage::EndIsGone() const {
  return Status(Code::kCorrupt, "the file was signed up to its end, which is not there any more");
}

Status SignatureStage::NoSignedEnd() const {
  return Status(Code::kCorrupt, "the file is signed up to byte " +
                                    std::to_string(io_.signed_until()) +
                                    ", which is no end: it is still being written, or was cut");
}

Status SignatureStage::Judge(Status status) {
  if (strictness_ == Strictness::kReport) return status;
  Status verdict = io_.Verdict();
  return verdict.ok() ? std::move(status) : std::move(verdict);
}

Status SignatureStage::JudgeNext(Status status) {
  Status judged = Judge(std::move(status));
  if (strictness_ == Strictness::kReport || io_.Verdict().ok()) return judged;
  if (!std::exchange(refusal_told_, true)) return judged;
  return Status(Code::kState, "nothing more is read: " + judged.message());
}

// Lengths and durations come from the index, which is not signed.
Status SignatureStage::CheckTotals() const {
  for (const Checkpoint::Track& known : io_.last().tracks)
    for (size_t i = 0; i < file_->tracks().size(); ++i) {
      const TrackTotals& totals = file_->totals(static_cast<uint32_t>(i));
      if (file_->tracks()[i].id == known.track_id &&
          (totals.blocks != known.blocks || totals.end_pts != known.end_pts))
        return Status(Code::kCorrupt, "the index does not tell the end of track " +
                                          std::to_string(known.track_id) + " that was signed");
    }
  return {};
}

// The bytes of a chunk are signed as a whole: a block's data must not be taken for a chunk. So the
// chunk that the block was read from must be a signed one, from its start.
Status SignatureStage::Check(const ReadBlock& block, Order, bool* usable) {
  if (block.chunk_offset != checked_chunk_) {
    const Checkpoint* checkpoint = nullptr;
    size_t leaf = 0;
    const Status status = io_.chain().FindLeaf(block.chunk_offset, &checkpoint, &leaf);
    *usable = status.code() != Code::kCorrupt;
    H4MK_TRY(status);
    checked_chunk_ = block.chunk_offset;
  }
  last_record_ = *block.record;
  last_.record = &last_record_;
  last_.chunk_offset = block.chunk_offset;
  last_.external_offset = block.external_offset;
  return {};
}

Result<Json> SignatureStage::ProveLast() {
  if (last_.record == nullptr) return Status(Code::kState, "no block was read");
  return prover_.Prove(last_, file_->tracks()[static_cast<size_t>(last_record_.track)].id);
}

bool SignatureStage::NextWarning(Status* warning) {
  if (io_.NextWarning(warning)) return true;
  // Of a file that is not closed the reader tells that its end is gone.
  const bool is_end_gone =
      file_ != nullptr && file_->is_closed() && io_.last().final && !io_.has_signed_end();
  if ((!io_.last().final || is_end_gone) && !std::exchange(end_reported_, true)) {
    *warning = is_end_gone ? EndIsGone() : NoSignedEnd();
    return true;
  }
  if (!io_.has_unsigned_descriptions() || descriptions_reported_) return false;
  descriptions_reported_ = true;
  *warning = Status(Code::kCorrupt,
                    "descriptions of tracks or of the file were changed without being signed");
  return true;
}

}  // namespace h4mk
