// SPDX-License-Identifier: MIT
#include "pipeline/preroll.h"

#include <algorithm>

#include "file/lookup_all.h"

namespace h4mk {

Status FindPrerollStart(FileReader& reader, uint32_t track, const BlockRecord& key, uint64_t target,
                        uint32_t preroll, uint64_t* start) {
  *start = key.ordinal;
  int64_t time = key.time();
  while (target - *start < preroll && time > INT64_MIN) {
    BlockInfo earlier;
    const Status status = reader.LookUp(
        [&](Lookups& lookups) { return lookups.FindKeyframe(track, time - 1, &earlier); });
    if (status.code() == Code::kNotFound) return {};
    H4MK_TRY(status);
    // In a file whose times go back there is no earlier one.
    if (earlier.record.ordinal >= *start) return {};
    *start = earlier.record.ordinal;
    time = earlier.record.time();
  }
  return {};
}

void Preroll::Set(size_t track_count, uint32_t track, uint32_t blocks) {
  tracks_.resize(track_count);
  tracks_[track].preroll = blocks;
}

void Preroll::Restart(bool sought) {
  for (TrackState& state : tracks_) state.is_due = sought && state.preroll > 0;
  first_.reset();
  last_ = next_ - 1;
}

// A first block that is no seek point was asked for as such (H4MK_SEEK_ANY), or the track
// has none.
bool Preroll::BeginsAt(const BlockRecord& record) {
  const auto track = static_cast<size_t>(record.track);
  if (track >= tracks_.size() || !tracks_[track].is_due) return false;
  tracks_[track].is_due = false;
  if (!record.is_key()) return false;
  first_ = record;
  return true;
}

// Where the start cannot be found, the track begins as it would without a preroll.
Status Preroll::Plan(FileReader& file) {
  uint64_t start = first_->ordinal;
  const auto track = static_cast<uint32_t>(first_->track);
  const Status status =
      FindPrerollStart(file, track, *first_, first_->ordinal, tracks_[track].preroll, &start);
  if (status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  track_ = track;
  last_ = first_->ordinal;
  next_ = status.ok() ? start : last_;
  first_.reset();
  return {};
}

// A file can leave out as many numbers as there are: they are never counted through. Where no more
// can be found, the track begins as it would without a preroll.
Status Preroll::PassLost(FileReader& file) {
  uint64_t there = last_;
  const Status status = FindBlockFrom(file, track_, next_, &there);
  if (status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  next_ = std::min(there, last_);
  return {};
}

void Preroll::Passed(ReadBlock* block) {
  if (next_++ == last_ || block == nullptr) return;
  record_ = *block->record;
  record_.flags |= kBlockDiscard;
  block->record = &record_;
}

}  // namespace h4mk
