// SPDX-License-Identifier: MIT
#include "pipeline/verifying_reader.h"

#include "protect/proof.h"

namespace h4mk {

Status VerifyingReader::Open() {
  H4MK_TRY(file().Open());
  return Verdict(CheckEnd());
}

Status VerifyingReader::CheckEnd() const {
  const bool final = io_.last().final;
  if (file().is_closed() && !final)
    return Status(Code::kCorrupt,
                  "the file has an end, but its last checkpoint is not that of an end: it was cut");
  if (!file().is_closed() && final && strictness_ == Strictness::kRefuse)
    return Status(Code::kCorrupt, "the file was signed up to its end, which is not there any more");
  return file().is_closed() ? CheckTotals() : Status();
}

// What a call gives in the end.
Status VerifyingReader::Verdict(Status status) const {
  if (strictness_ == Strictness::kTell) return status;
  Status verdict = io_.Verdict();
  return verdict.ok() ? std::move(status) : std::move(verdict);
}

Status VerifyingReader::Attachment(uint32_t track, ByteSpan* bytes) {
  return Verdict(file().Attachment(track, bytes));
}

Status VerifyingReader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  return Verdict(file().Seek(track, time, mode, any));
}

// Lengths and durations come from the index, which is not signed.
Status VerifyingReader::CheckTotals() const {
  for (const Checkpoint::Track& known : io_.last().tracks)
    for (size_t i = 0; i < file().tracks().size(); ++i) {
      const TrackTotals& totals = file().totals(static_cast<uint32_t>(i));
      if (file().tracks()[i].id == known.track_id &&
          (totals.blocks != known.blocks || totals.end_pts != known.end_pts))
        return Status(Code::kCorrupt, "the index does not tell the end of track " +
                                          std::to_string(known.track_id) + " that was signed");
    }
  return {};
}

// The bytes of a chunk are signed as a whole: a block's data must not be taken for a chunk. What
// was read from must be one that was signed, from its start.
Status VerifyingReader::Check(const ReadBlock& block) {
  if (block.chunk_offset != checked_chunk_) {
    const Checkpoint* checkpoint = nullptr;
    size_t leaf = 0;
    H4MK_TRY(io_.FindLeaf(block.chunk_offset, &checkpoint, &leaf));
    checked_chunk_ = block.chunk_offset;
  }
  last_record_ = *block.record;
  last_.record = &last_record_;
  last_.chunk_offset = block.chunk_offset;
  last_.external_offset = block.external_offset;
  return {};
}

Status VerifyingReader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) {
  H4MK_TRY(Verdict(file().ReadBlockAt(track, ordinal, block)));
  return Check(*block);
}

Status VerifyingReader::Next(ReadBlock* block) {
  H4MK_TRY(Verdict(file().Next(block)));
  return Check(*block);
}

Result<Json> VerifyingReader::ProveLast() {
  if (last_.record == nullptr) return Status(Code::kState, "no block was read");
  return ProveBlock(io_, last_, tracks()[static_cast<size_t>(last_record_.track)].id);
}

bool VerifyingReader::NextWarning(std::string* text) {
  if (io_.NextWarning(text) || file().NextWarning(text)) return true;
  if (!io_.has_unsigned_descriptions() || descriptions_told_) return false;
  descriptions_told_ = true;
  *text = "descriptions of tracks or of the file were changed without being signed";
  return true;
}

}  // namespace h4mk
