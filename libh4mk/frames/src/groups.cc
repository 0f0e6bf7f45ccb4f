// SPDX-License-Identifier: MIT
#include "groups.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace h4mk::frames {
namespace {

// What lies between two frames is looked at block by block as long as it is not more than this.
constexpr uint64_t kLookAhead = 4096;
constexpr int64_t kLeastGroup = 64 << 10;

}  // namespace

uint64_t Group::bytes() const {
  uint64_t total = 0;
  for (const h4mk_block_info& block : blocks) total += block.size;
  return total;
}

Outcome GroupFinder::Find(std::vector<Wanted> wanted, std::vector<Group>* groups) {
  for (Wanted& next : wanted) {
    if (cancelled_) return Outcome(H4MK_ERR_CANCELLED, "cancelled");
    h4mk_block_info frame = H4MK_BLOCK_INFO_INIT;
    H4MK_FRAMES_TRY(Of(h4mk_reader_frame(reader_, track_, next.number, &frame), reader_));
    if (groups->empty() || frame.ordinal < groups->back().blocks.front().ordinal)
      H4MK_FRAMES_TRY(StartGroup(std::move(next), groups));
    else
      H4MK_FRAMES_TRY(GoOn(std::move(next), frame, groups));
  }
  return {};
}

Outcome GroupFinder::StartGroup(Wanted wanted, std::vector<Group>* groups) {
  uint64_t total = 0;
  H4MK_FRAMES_TRY(
      Of(h4mk_reader_frame_chain(reader_, track_, wanted.number, nullptr, 0, &total), reader_));
  if (total == 0)
    return Outcome(H4MK_ERR_NOT_FOUND, "frame " + std::to_string(wanted.number) +
                                           " cannot be decoded: no seek point stands before it");
  Group group;
  group.blocks.resize(static_cast<size_t>(total), h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  H4MK_FRAMES_TRY(Of(h4mk_reader_frame_chain(reader_, track_, wanted.number, group.blocks.data(),
                                             group.blocks.size(), &total),
                     reader_));
  wanted.block = group.blocks.size() - 1;
  group.wanted.push_back(std::move(wanted));
  groups->push_back(std::move(group));
  return {};
}

// The frame is shown behind those of the last group: it is in that, or behind it. In the second
// case that group is decoded further, unless a seek point leads there sooner (core.md,
// "Decode chain").
Outcome GroupFinder::GoOn(Wanted wanted, const h4mk_block_info& frame, std::vector<Group>* groups) {
  const std::vector<h4mk_block_info>& blocks = groups->back().blocks;
  const uint64_t last = blocks.back().ordinal;
  if (frame.ordinal <= last) {
    const auto at = std::ranges::lower_bound(blocks, frame.ordinal, {}, &h4mk_block_info::ordinal);
    wanted.block = static_cast<size_t>(at - blocks.begin());
    groups->back().wanted.push_back(std::move(wanted));
    return {};
  }
  const auto leads_there = [&](const h4mk_block_info& block) {
    return (block.flags & H4MK_BLOCK_KEY) && TimeOf(block) != H4MK_NO_TIME &&
           TimeOf(block) <= TimeOf(frame);
  };
  // What the index tells saves looking at all blocks in between.
  h4mk_range clusters = {};
  bool is_known = false;
  H4MK_FRAMES_TRY(FindClusters(wanted.number, &clusters, &is_known));
  const bool is_apart = is_known && clusters.offset > blocks.back().chunk;
  if (is_apart || frame.ordinal - last > kLookAhead ||
      std::any_of(blocks.begin() + 1, blocks.end(), leads_there))
    return StartGroup(std::move(wanted), groups);
  std::vector<h4mk_block_info> between;
  bool is_new = false;
  for (uint64_t ordinal = last + 1; ordinal <= frame.ordinal; ++ordinal) {
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    const h4mk_status status = h4mk_reader_block_info(reader_, track_, ordinal, &block);
    if (status == H4MK_ERR_NOT_FOUND) continue;  // it was lost
    H4MK_FRAMES_TRY(Of(status, reader_));
    if (leads_there(block)) {
      is_new = true;
      between.clear();
    }
    between.push_back(block);
  }
  if (is_new) groups->emplace_back();
  Group& group = groups->back();
  group.blocks.insert(group.blocks.end(), between.begin(), between.end());
  wanted.block = group.blocks.size() - 1;
  group.wanted.push_back(std::move(wanted));
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
  size_t whole = 0;   // of these, up to the last seek point that was found
  uint64_t lost = 0;  // numbers that the file does not have: it can leave out as many as there are
  for (uint64_t ordinal = group->blocks.front().ordinal; ordinal-- > 0 && seek_points > 0;) {
    if (cancelled_) return Outcome(H4MK_ERR_CANCELLED, "cancelled");
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    const h4mk_status status = h4mk_reader_block_info(reader_, track_, ordinal, &block);
    if (status == H4MK_ERR_NOT_FOUND && ++lost <= kLookAhead) continue;
    if (status == H4MK_ERR_NOT_FOUND) break;
    H4MK_FRAMES_TRY(Of(status, reader_));
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
