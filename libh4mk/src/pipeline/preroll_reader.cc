// SPDX-License-Identifier: MIT
#include "pipeline/preroll_reader.h"

#include "base/fault.h"

namespace h4mk {

Status FindPrerollStart(FileReader& reader, uint32_t track, const BlockRecord& key, uint64_t target,
                        uint32_t preroll, uint64_t* start) {
  *start = key.ordinal;
  int64_t time = key.time();
  while (target - *start < preroll && time > INT64_MIN) {
    BlockInfo earlier;
    const Status status = reader.FindKeyframe(track, time - 1, &earlier);
    if (status.code() == Code::kNotFound) return {};
    H4MK_TRY(status);
    // In a file whose times go back there is no earlier one.
    if (earlier.record.ordinal >= *start) return {};
    *start = earlier.record.ordinal;
    time = earlier.record.time();
  }
  return {};
}

void PrerollReader::SetPreroll(uint32_t track, uint32_t blocks) {
  tracks_.resize(tracks().size());
  tracks_[track].preroll = blocks;
}

Status PrerollReader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  H4MK_TRY(file().Seek(track, time, mode, any));
  StartAgain(/*sought=*/true);
  return {};
}

Status PrerollReader::Rewind() {
  H4MK_TRY(file().Rewind());
  StartAgain(/*sought=*/false);
  return {};
}

void PrerollReader::StartAgain(bool sought) {
  for (TrackState& state : tracks_) state.is_due = sought && state.preroll > 0;
  first_.reset();
  last_ = next_ - 1;
}

Status PrerollReader::Next(ReadBlock* block) {
  while (next_ > last_) {
    if (!first_) {
      H4MK_TRY(file().Next(block));
      const BlockRecord& record = *block->record;
      const auto track = static_cast<size_t>(record.track);
      if (track >= tracks_.size() || !tracks_[track].is_due) return {};
      tracks_[track].is_due = false;
      if (!record.is_key())
        return {};  // the caller wanted this one (H4MK_SEEK_ANY), or the track has no random access
                    // points
      first_ = record;
    }
    H4MK_TRY(BeginEarlier());
  }
  return NextEarlier(block);
}

// The first block, too, is read once more when its turn comes: looking up others has let go of it.
// What may go well the next time is tried again then; else the track begins where it would without
// a preroll.
Status PrerollReader::BeginEarlier() {
  uint64_t start = first_->ordinal;
  const auto track = static_cast<uint32_t>(first_->track);
  Status status =
      FindPrerollStart(file(), track, *first_, first_->ordinal, tracks_[track].preroll, &start);
  if (status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  track_ = track;
  last_ = first_->ordinal;
  next_ = status.ok() ? start : last_;
  first_.reset();
  return {};
}

Status PrerollReader::NextEarlier(ReadBlock* block) {
  const Status status = file().ReadBlockAt(track_, next_, block);
  if (status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  const bool is_shown = next_++ == last_;
  if (!status.ok() || is_shown) return status;
  record_ = *block->record;
  record_.flags |= kBlockDiscard;
  block->record = &record_;
  return {};
}

}  // namespace h4mk
