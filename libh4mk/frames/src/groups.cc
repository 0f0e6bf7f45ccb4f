// SPDX-License-Identifier: MIT
#include "groups.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace h4mk::frames {
namespace {

// What lies between two frames is looked at block by block as long as it is not more than this.
constexpr uint64_t kLookAhead = 1 << 15;
constexpr uint64_t kMostInVain = 1 << 17;  // blocks that a request looks at for nothing
constexpr int64_t kLeastGroup = 64 << 10;
// What is held at once ends with the group that has so many frames or blocks. A block takes some
// hundred bytes, with its packet.
constexpr uint64_t kMostFrames = 4096;
constexpr uint64_t kMostBlocks = 1 << 17;
constexpr uint64_t kMostInGroup = 1 << 20;
// Blocks smaller than this many bytes cost more than they weigh: a group has fewer of them.
constexpr uint32_t kTinyBlock = 16;
constexpr uint64_t kMostTiny = 1 << 18;
// Groups seldom have blocks in common. A crafted file can let each frame need all blocks.
constexpr uint64_t kMostRepeated = 1 << 18;
constexpr uint64_t kMostTimes = 4;
constexpr uint64_t kMostJoined = 4;  // so many times that, for chains that are not groups

bool IsSeekPoint(const h4mk_block_info& block) {
  return (block.flags & H4MK_BLOCK_KEY) && TimeOf(block) != H4MK_NO_TIME;
}

Outcome TooLong(uint64_t number) {
  return Outcome(H4MK_ERR_LIMIT, "frame " + std::to_string(number) + " needs too many blocks");
}

Outcome TooOften(uint64_t number) {
  return Outcome(H4MK_ERR_LIMIT, "the frames up to number " + std::to_string(number) +
                                     " need the same blocks too often");
}

Outcome Falling(uint64_t number) {
  return Outcome(H4MK_ERR_CORRUPT, "the numbers of the blocks that frame " +
                                       std::to_string(number) + " needs do not rise");
}

}  // namespace

uint64_t Group::bytes() const {
  uint64_t total = 0;
  for (const h4mk_block_info& block : blocks) total += block.size;
  return total;
}

Outcome GroupFinder::StartRequest() {
  uint64_t frames = 0, indexed = 0, bytes = 0;
  H4MK_FRAMES_TRY(Of(h4mk_reader_frame_count(reader_, track_, &frames), reader_));
  H4MK_FRAMES_TRY(Of(h4mk_reader_index_size(reader_, track_, &indexed, &bytes), reader_));
  has_seek_points_ = has_seek_points_ && indexed == indexed_;
  blocks_ = in_vain_ = joined_ = 0;
  most_blocks_ = kMostRepeated + frames * kMostTimes;
  return {};
}

Outcome GroupFinder::Find(std::span<Wanted> wanted, std::vector<Group>* groups, size_t* count) {
  near_.Forget();
  by_front_.clear();
  held_frames_ = held_blocks_ = 0;
  for (*count = 0; *count < wanted.size(); ++*count) {
    if (cancelled_) return Outcome(H4MK_ERR_CANCELLED, "cancelled");
    bool is_full = false;
    H4MK_FRAMES_TRY(Place(&wanted[*count], groups, &is_full));
    if (is_full) return {};
    ++held_frames_;
  }
  return {};
}

// Only the group that begins last before the frame can have it. Its first block leads to the frame:
// it led to one that is shown sooner.
Outcome GroupFinder::Place(Wanted* wanted, std::vector<Group>* groups, bool* is_full) {
  h4mk_block_info frame = H4MK_BLOCK_INFO_INIT;
  H4MK_FRAMES_TRY(Of(h4mk_reader_frame(reader_, track_, wanted->number, &frame), reader_));
  const auto behind = by_front_.upper_bound(frame.ordinal);
  if (behind == by_front_.begin()) return StartGroup(wanted, groups, is_full);
  return GoOn(wanted, frame, std::prev(behind)->second, groups, is_full);
}

// The frame is in the group, or behind it. In the second case that group is decoded further, unless
// a seek point leads there sooner (core.md, "Decode chain").
Outcome GroupFinder::GoOn(Wanted* wanted, const h4mk_block_info& frame, size_t index,
                          std::vector<Group>* groups, bool* is_full) {
  Group& group = (*groups)[index];
  const std::vector<h4mk_block_info>& blocks = group.blocks;
  const uint64_t last = blocks.back().ordinal;
  if (frame.ordinal <= last) {
    const auto at = std::ranges::lower_bound(blocks, frame.ordinal, {}, &h4mk_block_info::ordinal);
    if (at->ordinal != frame.ordinal) return Falling(wanted->number);
    wanted->block = static_cast<size_t>(at - blocks.begin());
    group.wanted.push_back(std::move(*wanted));
    return {};
  }
  const bool is_far = wanted->number - group.wanted.back().number > kLookAhead;
  if (is_far || group.next_seek_time <= TimeOf(frame) || in_vain_ >= kMostInVain)
    return StartGroup(wanted, groups, is_full);
  // What the index tells saves looking at all blocks in between.
  h4mk_range clusters = {};
  bool is_known = false, is_new = false;
  if (frame.ordinal - last > 1 && joined_ == 0)
    H4MK_FRAMES_TRY(FindClusters(wanted->number, &clusters, &is_known));
  std::vector<h4mk_block_info> between;
  if (!is_known || clusters.offset <= blocks.back().chunk)
    H4MK_FRAMES_TRY(LookBetween(last + 1, frame, &between, &is_new));
  if (between.empty()) return StartGroup(wanted, groups, is_full);
  return is_new ? AddGroup(between, wanted, groups, is_full) : Append(between, wanted, &group);
}

// The blocks from a number to the frame, or from the last seek point between them that leads to it:
// *is_new. None if there are too many.
Outcome GroupFinder::LookBetween(uint64_t first, const h4mk_block_info& frame,
                                 std::vector<h4mk_block_info>* between, bool* is_new) {
  uint64_t looked = 0;
  for (uint64_t number = first; number <= frame.ordinal && looked < kLookAhead; ++looked) {
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    bool found = false;
    H4MK_FRAMES_TRY(near_.From(number, &block, &found));
    if (!found) break;
    if (IsSeekPoint(block) && TimeOf(block) <= TimeOf(frame)) {
      *is_new = true;
      between->clear();
    }
    between->push_back(block);
    number = block.ordinal + 1;
  }
  if (between->empty() || between->back().ordinal != frame.ordinal) between->clear();
  in_vain_ += looked - between->size();
  return {};
}

// What begins where a group does is that group, decoded further.
Outcome GroupFinder::StartGroup(Wanted* wanted, std::vector<Group>* groups, bool* is_full) {
  std::vector<h4mk_block_info> chain;
  H4MK_FRAMES_TRY(ReadChain(wanted->number, &chain));
  const auto known = by_front_.find(chain.front().ordinal);
  if (known == by_front_.end()) return AddGroup(chain, wanted, groups, is_full);
  joined_ += chain.size();
  if (joined_ / kMostJoined > most_blocks_) return TooOften(wanted->number);
  Group& group = (*groups)[known->second];
  return Append(std::span(chain).subspan(std::min(chain.size(), group.blocks.size())), wanted,
                &group);
}

Outcome GroupFinder::ReadChain(uint64_t number, std::vector<h4mk_block_info>* chain) {
  uint64_t total = 0;
  H4MK_FRAMES_TRY(
      Of(h4mk_reader_frame_chain(reader_, track_, number, nullptr, 0, &total), reader_));
  if (total == 0)
    return Outcome(H4MK_ERR_NOT_FOUND, "frame " + std::to_string(number) +
                                           " cannot be decoded: no seek point stands before it");
  if (total > kMostInGroup) return TooLong(number);
  chain->resize(static_cast<size_t>(total), h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  return Of(h4mk_reader_frame_chain(reader_, track_, number, chain->data(), chain->size(), &total),
            reader_);
}

Outcome GroupFinder::AddGroup(std::span<const h4mk_block_info> blocks, Wanted* wanted,
                              std::vector<Group>* groups, bool* is_full) {
  *is_full = held_frames_ >= kMostFrames || held_blocks_ >= kMostBlocks;
  if (*is_full) return {};
  by_front_[blocks.front().ordinal] = groups->size();
  groups->emplace_back();
  return Append(blocks, wanted, &groups->back());
}

// Lets a group end with a frame. Blocks that are in several groups count several times.
Outcome GroupFinder::Append(std::span<const h4mk_block_info> blocks, Wanted* wanted, Group* group) {
  held_blocks_ += blocks.size();
  blocks_ += blocks.size();
  if (group->blocks.size() + blocks.size() > kMostInGroup) return TooLong(wanted->number);
  if (blocks_ > most_blocks_) return TooOften(wanted->number);
  if (blocks.empty()) return Falling(wanted->number);
  for (const h4mk_block_info& block : blocks) {
    if (!group->blocks.empty()) {
      if (block.ordinal <= group->blocks.back().ordinal) return Falling(wanted->number);
      if (IsSeekPoint(block))
        group->next_seek_time = std::min(group->next_seek_time, TimeOf(block));
    }
    if (block.size < kTinyBlock && ++group->tiny_blocks > kMostTiny) return TooLong(wanted->number);
    group->blocks.push_back(block);
  }
  wanted->block = group->blocks.size() - 1;
  group->wanted.push_back(std::move(*wanted));
  return {};
}

Outcome GroupFinder::ReadSeekPoints() {
  if (has_seek_points_) return {};
  uint64_t count = 0, bytes = 0;
  size_t copied = 0;
  H4MK_FRAMES_TRY(Of(h4mk_reader_index_size(reader_, track_, &count, &bytes), reader_));
  seek_points_.resize(static_cast<size_t>(count), h4mk_index_entry(H4MK_INDEX_ENTRY_INIT));
  H4MK_FRAMES_TRY(Of(h4mk_reader_index_entries(reader_, track_, 0, seek_points_.data(),
                                               seek_points_.size(), &copied),
                     reader_));
  seek_points_.resize(copied);
  if (!std::ranges::is_sorted(seek_points_, {}, &h4mk_index_entry::time)) seek_points_.clear();
  last_size_ = kLeastGroup;
  for (size_t i = 1; i < seek_points_.size(); ++i)
    last_size_ = std::max(last_size_, seek_points_[i].offset - seek_points_[i - 1].offset);
  has_seek_points_ = true;
  indexed_ = count;
  return {};
}

Outcome GroupFinder::FindClusters(uint64_t number, h4mk_range* clusters, bool* found) {
  *found = false;
  H4MK_FRAMES_TRY(ReadSeekPoints());
  int64_t time = 0;
  size_t copied = 0;
  if (seek_points_.empty()) return {};
  H4MK_FRAMES_TRY(Of(h4mk_reader_frame_times(reader_, track_, number, &time, 1, &copied), reader_));
  const auto behind = std::ranges::upper_bound(seek_points_, time, {}, &h4mk_index_entry::time);
  if (copied == 0 || behind == seek_points_.begin()) return {};
  const int64_t offset = std::prev(behind)->offset;
  *clusters = {offset, behind == seek_points_.end() ? last_size_ : behind->offset - offset};
  *found = clusters->size > 0;
  return {};
}

Outcome GroupFinder::Lengthen(Group* group, uint64_t seek_points, bool* found) {
  std::vector<h4mk_block_info> before;
  size_t whole = 0;  // of these, up to the last seek point that was found
  uint64_t number = group->blocks.front().ordinal;
  while (seek_points > 0 && group->blocks.size() + before.size() < kMostInGroup) {
    if (cancelled_) return Outcome(H4MK_ERR_CANCELLED, "cancelled");
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    bool is_there = false;
    if (number > 0) H4MK_FRAMES_TRY(near_.Before(number, &block, &is_there));
    if (!is_there) break;
    number = block.ordinal;
    before.push_back(block);
    if (!(block.flags & H4MK_BLOCK_KEY)) continue;
    whole = before.size();
    --seek_points;
  }
  *found = whole > 0;
  before.erase(before.begin() + static_cast<ptrdiff_t>(whole), before.end());
  group->blocks.insert(group->blocks.begin(), before.rbegin(), before.rend());
  for (Wanted& wanted : group->wanted) wanted.block += whole;
  return {};
}

}  // namespace h4mk::frames
