// SPDX-License-Identifier: MIT
#include "plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ranges.h"

namespace h4mk::frames {
namespace {

// Decoding costs the same for each block, nearly; a group is never cut.
uint64_t WorkOf(std::span<const PlannedGroup> groups) {
  uint64_t blocks = 0;
  for (const PlannedGroup& group : groups) blocks += group.blocks;
  return blocks;
}

// The groups of shard number i of n: those whose middle is in its part of the work.
std::vector<std::span<const PlannedGroup>> Cut(std::span<const PlannedGroup> groups,
                                               size_t shards) {
  std::vector<std::span<const PlannedGroup>> parts;
  const uint64_t all = WorkOf(groups);
  uint64_t done = 0;
  size_t first = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    done += groups[i].blocks;
    const bool is_full = done >= all * (parts.size() + 1) / shards;
    const bool must_end = groups.size() - (i + 1) ==
                          shards - (parts.size() + 1);  // one group is left for each of the others
    if (i + 1 < groups.size() && (parts.size() + 1 == shards || !(is_full || must_end))) continue;
    parts.push_back(groups.subspan(first, i + 1 - first));
    first = i + 1;
  }
  return parts;
}

bool AddInt(h4mk_value* object, const char* key, uint64_t number) {
  return h4mk_value_set_int(object, key, static_cast<int64_t>(number)) == H4MK_OK;
}

bool AddRanges(h4mk_value* array, std::vector<h4mk_range> ranges, const char* beside,
               uint32_t max_waste, uint64_t* read) {
  for (const h4mk_range& range : Coalesce(std::move(ranges), max_waste)) {
    h4mk_value* entry = h4mk_value_append_object(array);
    if (entry == nullptr || !AddInt(entry, "offset", static_cast<uint64_t>(range.offset)) ||
        !AddInt(entry, "size", static_cast<uint64_t>(range.size)))
      return false;
    if (beside != nullptr && h4mk_value_set_text(entry, "beside", beside) != H4MK_OK) return false;
    *read += static_cast<uint64_t>(range.size);
  }
  return true;
}

bool AddGroups(h4mk_value* shard, std::span<const PlannedGroup> groups) {
  h4mk_value* frames = h4mk_value_add_array(shard, "frames");
  h4mk_value* positions = h4mk_value_add_array(shard, "positions");
  h4mk_value* array = h4mk_value_add_array(shard, "groups");
  if (frames == nullptr || positions == nullptr || array == nullptr) return false;
  for (const PlannedGroup& group : groups) {
    h4mk_value* entry = h4mk_value_append_object(array);
    if (entry == nullptr || !AddInt(entry, "first_block", group.first_block) ||
        !AddInt(entry, "last_block", group.last_block) || !AddInt(entry, "blocks", group.blocks) ||
        !AddInt(entry, "bytes", group.bytes) || !AddInt(entry, "frames", group.wanted.size()))
      return false;
    for (const Wanted& wanted : group.wanted)
      for (const size_t position : wanted.positions)
        if (h4mk_value_append_int(frames, static_cast<int64_t>(wanted.number)) != H4MK_OK ||
            h4mk_value_append_int(positions, static_cast<int64_t>(position)) != H4MK_OK)
          return false;
  }
  return true;
}

}  // namespace

NeededRanges RangesOf(const Group& group) {
  NeededRanges needed;
  for (const h4mk_block_info& block : group.blocks)
    (block.flags & H4MK_BLOCK_EXTERNAL ? needed.beside : needed.own)
        .push_back({block.offset, block.size});
  return {JoinTouching(std::move(needed.own)), JoinTouching(std::move(needed.beside))};
}

PlannedGroup PlanOf(Group group) {
  return {group.blocks.front().ordinal, group.blocks.back().ordinal,
          group.blocks.size(),          group.bytes(),
          std::move(group.wanted),      RangesOf(group)};
}

bool DescribePlan(std::span<const PlannedGroup> groups, const char* beside,
                  const h4mk_plan_options& options, h4mk_value* plan) {
  uint64_t needed = 0, read = 0, frames = 0;
  h4mk_value* shards = h4mk_value_add_array(plan, "shards");
  if (shards == nullptr) return false;
  const size_t count = std::clamp<size_t>(options.shards, 1, std::max<size_t>(groups.size(), 1));
  for (const std::span<const PlannedGroup> part : Cut(groups, count)) {
    h4mk_value* shard = h4mk_value_append_object(shards);
    if (shard == nullptr || !AddGroups(shard, part)) return false;
    h4mk_value* ranges = h4mk_value_add_array(shard, "ranges");
    NeededRanges both;
    for (const PlannedGroup& group : part) {
      std::ranges::copy(group.ranges.own, std::back_inserter(both.own));
      std::ranges::copy(group.ranges.beside, std::back_inserter(both.beside));
    }
    if (ranges == nullptr ||
        !AddRanges(ranges, std::move(both.own), nullptr, options.max_waste, &read) ||
        !AddRanges(ranges, std::move(both.beside), beside, options.max_waste, &read))
      return false;
    for (const PlannedGroup& group : part) {
      needed += group.bytes;
      for (const Wanted& wanted : group.wanted) frames += wanted.positions.size();
    }
  }
  return AddInt(plan, "frames", frames) && AddInt(plan, "groups", groups.size()) &&
         AddInt(plan, "bytes", needed) && AddInt(plan, "bytes_read", read);
}

}  // namespace h4mk::frames
