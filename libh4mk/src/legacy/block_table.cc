// SPDX-License-Identifier: MIT
#include "legacy/block_table.h"

#include <algorithm>
#include <iterator>

namespace h4mk {

// The last block that is not later; null: there is none.
const BlockTable::TimedBlock* BlockTable::LastUpTo(const TimedBlocks& blocks, int64_t time) {
  const auto behind = std::ranges::upper_bound(blocks, time, {}, &TimedBlock::time);
  return behind == blocks.begin() ? nullptr : &behind[-1];
}

const BlockTable::TimedBlocks& BlockTable::Timed(uint32_t track, Which which) {
  if (const auto known = timed_.find({track, which}); known != timed_.end()) return known->second;
  const auto counts = [which](const BlockRecord& record) {
    if (which == Which::kFrames) return IsFrame(record.time(), record.flags);
    return record.time() != kNoTime && (which == Which::kAll || record.is_key());
  };
  TimedBlocks blocks;
  BlockInfo info;
  for (uint32_t number = 0; number < block_count_; ++number)
    if (describe_(number, &info) && info.record.track == static_cast<int32_t>(track) &&
        counts(info.record))
      blocks.push_back({info.record.time(), number});
  std::ranges::stable_sort(blocks, {}, &TimedBlock::time);
  return timed_.emplace(std::pair(track, which), std::move(blocks)).first->second;
}

Status BlockTable::FindSeekStart(const std::vector<Track>& tracks,
                                 const std::vector<bool>& discarded, uint32_t track, int64_t time,
                                 SeekMode mode, bool any, SeekStart* start) {
  const TimedBlocks& candidates = Timed(track, any ? Which::kAll : Which::kKeys);
  const auto later = std::ranges::lower_bound(candidates, time, {}, &TimedBlock::time);
  const TimedBlock* target = later == candidates.end() ? nullptr : &*later;
  if (const TimedBlock* last = LastUpTo(candidates, time); mode == SeekMode::kBackward && last)
    target = last;
  if (target == nullptr) return Status(Code::kNotFound, "no seek point of the track there");

  start->first.assign(tracks.size(), 0);
  start->number = start->first[track] = target->number;
  for (uint32_t other = 0; other < tracks.size(); ++other) {
    if (other == track || discarded[other]) continue;
    const TimedBlocks& keys = Timed(other, Which::kKeys);
    // A track without seek points is handed out from the target on.
    const TimedBlock* landing = target;
    if (!keys.empty())
      landing =
          LastUpTo(keys, Rescale(target->time, tracks[track].time_base, tracks[other].time_base));
    // A track whose seek points are all later is handed out from its first block on.
    if (landing == nullptr) landing = &Timed(other, Which::kAll).front();
    start->first[other] = landing->number;
    start->number = std::min(start->number, landing->number);
  }
  return {};
}

Status BlockTable::FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) {
  const TimedBlock* key = LastUpTo(Timed(track, Which::kKeys), time);
  if (key == nullptr)
    return Status(Code::kNotFound, "no seek point of the track at or before the time");
  return Get(key->number, info);
}

Status BlockTable::DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                               uint64_t* total) {
  const TimedBlock* frame = LastUpTo(Timed(track, Which::kFrames), time);
  *total = 0;
  return frame == nullptr ? Status() : ChainTo(track, *frame, out, total);
}

Result<BlockTable::TimedBlock> BlockTable::Frame(uint32_t track, uint64_t number) {
  const TimedBlocks& frames = Timed(track, Which::kFrames);
  if (number < frames.size()) return frames[static_cast<size_t>(number)];
  return Status(Code::kNotFound, "the track has no frame " + std::to_string(number));
}

Status BlockTable::FrameChain(uint32_t track, uint64_t number, std::span<BlockInfo> out,
                              uint64_t* total) {
  H4MK_ASSIGN(const TimedBlock frame, Frame(track, number));
  return ChainTo(track, frame, out, total);
}

// core.md, "Decode chain": from the last key block on that stands before the frame and is not
// later.
Status BlockTable::ChainTo(uint32_t track, const TimedBlock& frame, std::span<BlockInfo> out,
                           uint64_t* total) {
  const std::vector<uint32_t>& numbers = NumbersOf(track);
  const auto end = std::ranges::upper_bound(numbers, frame.number);
  const auto key =
      std::find_if(std::make_reverse_iterator(end), numbers.rend(), [&](uint32_t number) {
        BlockInfo info;
        return describe_(number, &info) && info.record.is_key() && info.record.time() != kNoTime &&
               info.record.time() <= frame.time;
      });
  *total = 0;
  if (key == numbers.rend()) return {};  // it cannot be decoded
  for (auto number = key.base() - 1; number != end; ++number, ++*total)
    if (*total < out.size()) describe_(*number, &out[static_cast<size_t>(*total)]);
  return {};
}

Status BlockTable::FindFrame(uint32_t track, uint64_t number, BlockInfo* info) {
  H4MK_ASSIGN(const TimedBlock frame, Frame(track, number));
  return Get(frame.number, info);
}

Status BlockTable::FindFrameAt(uint32_t track, int64_t time, uint64_t* number, BlockInfo* info) {
  const TimedBlocks& frames = Timed(track, Which::kFrames);
  const TimedBlock* frame = LastUpTo(frames, time);
  if (frame == nullptr)
    return Status(Code::kNotFound, "no frame of the track at or before the time");
  *number = static_cast<uint64_t>(frame - frames.data());
  return Get(frame->number, info);
}

Status BlockTable::FrameTimes(uint32_t track, uint64_t first, std::span<int64_t> out,
                              size_t* copied) {
  const TimedBlocks& frames = Timed(track, Which::kFrames);
  *copied = 0;
  for (uint64_t i = first; i < frames.size() && *copied < out.size(); ++i)
    out[(*copied)++] = frames[static_cast<size_t>(i)].time;
  return {};
}

Status BlockTable::KeyframesBetween(uint32_t track, int64_t from, int64_t to,
                                    std::span<BlockInfo> out, uint64_t* total) {
  const TimedBlocks& keys = Timed(track, Which::kKeys);
  std::vector<uint32_t> numbers;
  for (auto key = std::ranges::lower_bound(keys, from, {}, &TimedBlock::time);
       key != keys.end() && key->time <= to; ++key)
    numbers.push_back(key->number);
  std::ranges::sort(numbers);
  for (size_t i = 0; i < std::min(numbers.size(), out.size()); ++i) describe_(numbers[i], &out[i]);
  *total = numbers.size();
  return {};
}

const std::vector<uint32_t>& BlockTable::NumbersOf(uint32_t track) {
  if (const auto known = numbers_.find(track); known != numbers_.end()) return known->second;
  std::vector<uint32_t> numbers;
  BlockInfo info;
  for (uint32_t number = 0; number < block_count_; ++number)
    if (describe_(number, &info) && info.record.track == static_cast<int32_t>(track))
      numbers.push_back(number);
  return numbers_.emplace(track, std::move(numbers)).first->second;
}

// The numbers of the blocks of a track whose ordinals are not smaller.
std::span<const uint32_t> BlockTable::NumbersFrom(uint32_t track, uint64_t ordinal) {
  const std::vector<uint32_t>& numbers = NumbersOf(track);
  const auto found = std::partition_point(numbers.begin(), numbers.end(), [&](uint32_t number) {
    BlockInfo info;
    return describe_(number, &info) && info.record.ordinal < ordinal;
  });
  return {found, numbers.end()};
}

Result<uint32_t> BlockTable::Find(uint32_t track, uint64_t ordinal) {
  const std::span<const uint32_t> from = NumbersFrom(track, ordinal);
  BlockInfo info;
  if (from.empty() || !describe_(from[0], &info) || info.record.ordinal != ordinal)
    return Status(Code::kNotFound, "the track has no block " + std::to_string(ordinal));
  return from[0];
}

Status BlockTable::BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) {
  H4MK_ASSIGN(const uint32_t number, Find(track, ordinal));
  return Get(number, info);
}

Status BlockTable::Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out,
                          size_t* copied) {
  *copied = 0;
  for (const uint32_t number : NumbersFrom(track, first)) {
    if (*copied == out.size()) break;
    if (describe_(number, &out[*copied])) ++*copied;
  }
  return {};
}

Status BlockTable::IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                                size_t* copied) {
  const TimedBlocks& keys = Timed(track, Which::kKeys);
  BlockInfo info;
  *copied = 0;
  for (uint64_t i = first; i < keys.size() && *copied < out.size(); ++i) {
    describe_(keys[static_cast<size_t>(i)].number, &info);
    out[(*copied)++] = {info.chunk, info.record.time()};
  }
  return {};
}

}  // namespace h4mk
