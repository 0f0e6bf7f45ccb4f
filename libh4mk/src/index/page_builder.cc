// SPDX-License-Identifier: MIT
#include "index/page_builder.h"

#include <utility>

namespace h4mk {
namespace {

// The times of frames are stored where they take at most a byte for so many blocks of the page.
// Pictures are asked for by their number, sound seldom.
constexpr uint64_t kBlocksPerByte = 8, kBlocksPerByteOfKeys = 32;

}  // namespace

PageBuilder::PageBuilder(size_t track_count, size_t most_times)
    : most_times_(most_times), tracks_(track_count), totals_(track_count), page_(track_count) {}

void PageBuilder::GrowTo(size_t track_count) {
  tracks_.resize(track_count);
  totals_.resize(track_count);
  page_.GrowTo(track_count);
}

void PageBuilder::Add(uint32_t track, int64_t pts, int64_t dts, int64_t duration, uint32_t flags,
                      uint64_t size) {
  totals_[track].Add(pts, dts, duration, flags, size);
  Track& known = tracks_[track];
  if (known.blocks++ == 0) open_.push_back(track);
  const int64_t time = SeekTime(pts, dts);
  if (time == kNoTime) {
    ++known.hidden;
    return;
  }
  if (time < known.last_time && !known.reordered) {
    known.reordered = true;
    reordered_.push_back(track);
  }
  if (known.first_time == kNoTime || time < known.first_time) known.first_time = time;
  known.last_time = std::max(known.last_time, time);
  if (flags & kBlockKey) {
    if (known.first_key == kNoTime || time < known.first_key) known.first_key = time;
    known.last_key = std::max(known.last_key, time);
  }
  if (flags & kBlockDiscard) {
    ++known.hidden;
  } else if (known.has_all_times) {
    if (time_count_ == most_times_) return DropTimes(known);
    ++time_count_;
    known.times.push_back(time);
  }
}

// A track with more frames than can be kept does without; the others need not.
void PageBuilder::DropTimes(Track& track) {
  time_count_ -= track.times.size();
  track.has_all_times = false;
  Values().swap(track.times);
}

void PageBuilder::EndCluster(uint64_t offset) {
  page_.clusters.push_back(offset);
  for (uint32_t track : open_) EndSpan(track);
  open_.clear();
}

void PageBuilder::EndSpan(uint32_t number) {
  Track& track = tracks_[number];
  PageTrack& spans = page_.tracks[number];
  const auto frames = static_cast<ptrdiff_t>(track.blocks - track.hidden);
  if (track.has_all_times) {
    const auto first = track.times.end() - frames;
    if (!std::is_sorted(first, track.times.end())) std::sort(first, track.times.end());
  }
  if (track.first_time != kNoTime && track.max_time != kNoTime &&
      track.first_time <= track.max_time)
    totals_[number].overlaps = true;
  if (track.first_time == kNoTime)
    track.first_time = spans.spans() > 0 ? spans.first_time.back() : 0;
  if (track.first_key != kNoTime) {
    spans.key_span.push_back(static_cast<int64_t>(spans.spans()));
    spans.first_key.push_back(track.first_key);
    spans.last_key.push_back(track.last_key);
  }
  spans.cluster.push_back(static_cast<int64_t>(page_.clusters.size()) - 1);
  spans.blocks.push_back(track.blocks);
  spans.hidden.push_back(track.hidden);
  spans.first_time.push_back(track.first_time);
  ++span_count_;
  block_count_ += static_cast<uint64_t>(track.blocks);
  track.max_time = std::max(track.max_time, track.last_time);
  track.blocks = track.hidden = 0;
  track.first_time = track.last_time = track.first_key = track.last_key = kNoTime;
}

void PageBuilder::AddCluster(uint64_t offset, std::span<const BlockRecord> blocks) {
  for (const BlockRecord& block : blocks)
    if (block.track >= 0)
      Add(static_cast<uint32_t>(block.track), block.pts, block.dts, block.duration, block.flags,
          block.size);
  EndCluster(offset);
}

// Nothing that was read tells the largest time of a block, but it is not later than the largest
// end. A block that begins there may have an equal time, which changes no order.
void PageBuilder::Resume(const std::vector<TrackTotals>& totals) {
  totals_ = totals;
  for (size_t i = 0; i < tracks_.size(); ++i)
    if (totals[i].end_pts != kNoTime) tracks_[i].max_time = totals[i].end_pts - 1;
}

bool PageBuilder::Times(size_t track, std::span<const int64_t>* times) const {
  *times = tracks_[track].times;
  return tracks_[track].has_all_times;
}

Bytes PageBuilder::EncodeTimes(const Track& track, uint64_t most) const {
  Bytes bytes;
  AppendDeltas(bytes, track.times);  // there are none where there were too many
  if (bytes.size() > most) bytes.clear();
  return bytes;
}

IndexPage PageBuilder::Take() {
  for (size_t i = 0; i < tracks_.size(); ++i) {
    const uint64_t share = totals_[i].all_key ? kBlocksPerByteOfKeys : kBlocksPerByte;
    page_.tracks[i].times = EncodeTimes(tracks_[i], block_count_ / share);
    tracks_[i].times.clear();
    tracks_[i].has_all_times = true;
  }
  page_.totals = totals_;
  span_count_ = block_count_ = 0;
  time_count_ = 0;
  return std::exchange(page_, IndexPage(tracks_.size()));
}

}  // namespace h4mk
