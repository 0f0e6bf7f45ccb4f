// SPDX-License-Identifier: MIT
#include "file/block_table.h"

#include <algorithm>

#include "file/decode_chain.h"

namespace h4mk {

BlockTable::TimedBlocks::const_iterator BlockTable::FirstAfter(const TimedBlocks& blocks,
                                                               int64_t time) {
  return std::upper_bound(
      blocks.begin(), blocks.end(), time,
      [](int64_t value, const TimedBlock& block) { return value < block.time; });
}

const BlockTable::TimedBlocks& BlockTable::Timed(uint32_t track, bool any) {
  if (const auto known = timed_.find({track, any}); known != timed_.end()) return known->second;
  TimedBlocks blocks;
  BlockInfo info;
  for (uint32_t number = 0; number < block_count_; ++number)
    if (describe_(number, &info) && info.record.track == static_cast<int32_t>(track) &&
        (any || info.record.is_key()) && info.record.time() != kNoTime)
      blocks.push_back({info.record.time(), number});
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const TimedBlock& a, const TimedBlock& b) { return a.time < b.time; });
  return timed_.emplace(std::pair(track, any), std::move(blocks)).first->second;
}

Status BlockTable::FindSeekStart(const std::vector<Track>& tracks,
                                 const std::vector<bool>& discarded, uint32_t track, int64_t time,
                                 SeekMode mode, bool any, SeekStart* start) {
  const TimedBlocks& candidates = Timed(track, any);
  auto target = mode == SeekMode::kForward
                    ? std::lower_bound(
                          candidates.begin(), candidates.end(), time,
                          [](const TimedBlock& block, int64_t value) { return block.time < value; })
                    : FirstAfter(candidates, time);
  if (mode == SeekMode::kBackward && target != candidates.begin()) --target;
  if (target == candidates.end())
    return Status(Code::kNotFound, "no random access point of the track there");

  start->first.assign(tracks.size(), 0);
  start->number = start->first[track] = target->number;
  for (uint32_t other = 0; other < tracks.size(); ++other) {
    if (other == track || discarded[other]) continue;
    const TimedBlocks& keys = Timed(other, /*any=*/false);
    if (keys.empty()) {  // nowhere to begin: what follows the target
      start->first[other] = target->number;
      continue;
    }
    auto landing =
        FirstAfter(keys, Rescale(target->time, tracks[track].time_base, tracks[other].time_base));
    // All its random access points are later: from its first block on.
    if (landing == keys.begin()) landing = Timed(other, /*any=*/true).begin() + 1;
    start->first[other] = (--landing)->number;
    start->number = std::min(start->number, start->first[other]);
  }
  return {};
}

Status BlockTable::FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) {
  const TimedBlocks& keys = Timed(track, /*any=*/false);
  const auto behind = FirstAfter(keys, time);
  if (behind == keys.begin() || !describe_((behind - 1)->number, info))
    return Status(Code::kNotFound, "no random access point of the track at or before the time");
  return {};
}

Status BlockTable::DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                               uint64_t* total) {
  const TimedBlocks& keys = Timed(track, /*any=*/false);
  const auto behind = FirstAfter(keys, time);
  DecodeChainBuilder chain(time, out);
  BlockInfo info;
  if (behind != keys.begin())
    for (uint32_t number = (behind - 1)->number; number < block_count_; ++number)
      if (describe_(number, &info) && info.record.track == static_cast<int32_t>(track) &&
          !chain.Add(info))
        break;
  *total = chain.total();
  return {};
}

Status BlockTable::KeyframesBetween(uint32_t track, int64_t from, int64_t to,
                                    std::span<BlockInfo> out, uint64_t* total) {
  const TimedBlocks& keys = Timed(track, /*any=*/false);
  std::vector<uint32_t> numbers;
  for (auto key = from == INT64_MIN ? keys.begin() : FirstAfter(keys, from - 1);
       key != keys.end() && key->time <= to; ++key)
    numbers.push_back(key->number);
  std::sort(numbers.begin(), numbers.end());
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

Result<uint32_t> BlockTable::Find(uint32_t track, uint64_t ordinal) {
  const std::vector<uint32_t>& numbers = NumbersOf(track);
  BlockInfo info;
  const auto found = std::partition_point(numbers.begin(), numbers.end(), [&](uint32_t number) {
    return describe_(number, &info) && info.record.ordinal < ordinal;
  });
  if (found == numbers.end() || !describe_(*found, &info) || info.record.ordinal != ordinal)
    return Status(Code::kNotFound, "the track has no block " + std::to_string(ordinal));
  return *found;
}

Status BlockTable::IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                                size_t* copied) {
  const TimedBlocks& keys = Timed(track, /*any=*/false);
  BlockInfo info;
  *copied = 0;
  for (uint64_t i = first; i < keys.size() && *copied < out.size(); ++i) {
    describe_(keys[static_cast<size_t>(i)].number, &info);
    out[(*copied)++] = {info.chunk, info.record.time()};
  }
  return {};
}

}  // namespace h4mk
