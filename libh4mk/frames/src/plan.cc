// SPDX-License-Identifier: MIT
#include "plan.h"

#include <algorithm>

#include "frame_decoder.h"
#include "ranges.h"

namespace h4mk::frames {
namespace {

// Decoding costs the same for each block, nearly; a group is never cut.
uint64_t WorkOf(std::span<const Group> groups) {
  uint64_t blocks = 0;
  for (const Group& group : groups) blocks += group.blocks.size();
  return blocks;
}

// The groups of shard number i of n: those whose middle is in its part of the work.
std::vector<std::span<const Group>> Cut(std::span<const Group> groups, size_t shards) {
  std::vector<std::span<const Group>> parts;
  const uint64_t all = WorkOf(groups);
  uint64_t done = 0;
  size_t first = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    done += groups[i].blocks.size();
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

bool AddGroups(h4mk_value* shard, std::span<const Group> groups) {
  h4mk_value* frames = h4mk_value_add_array(shard, "frames");
  h4mk_value* positions = h4mk_value_add_array(shard, "positions");
  h4mk_value* array = h4mk_value_add_array(shard, "groups");
  if (frames == nullptr || positions == nullptr || array == nullptr) return false;
  for (const Group& group : groups) {
    h4mk_value* entry = h4mk_value_append_object(array);
    if (entry == nullptr || !AddInt(entry, "first_block", group.blocks.front().ordinal) ||
        !AddInt(entry, "last_block", group.blocks.back().ordinal) ||
        !AddInt(entry, "blocks", group.blocks.size()) || !AddInt(entry, "bytes", group.bytes()) ||
        !AddInt(entry, "frames", group.wanted.size()))
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

bool DescribePlan(std::span<const Group> groups, const char* beside,
                  const h4mk_plan_options& options, h4mk_value* plan) {
  uint64_t needed = 0, read = 0, frames = 0;
  h4mk_value* shards = h4mk_value_add_array(plan, "shards");
  if (shards == nullptr) return false;
  const size_t count = std::clamp<size_t>(options.shards, 1, std::max<size_t>(groups.size(), 1));
  for (const std::span<const Group> part : Cut(groups, count)) {
    h4mk_value* shard = h4mk_value_append_object(shards);
    if (shard == nullptr || !AddGroups(shard, part)) return false;
    h4mk_value* ranges = h4mk_value_add_array(shard, "ranges");
    NeededRanges both = RangesOf(part);
    if (ranges == nullptr ||
        !AddRanges(ranges, std::move(both.own), nullptr, options.max_waste, &read) ||
        !AddRanges(ranges, std::move(both.beside), beside, options.max_waste, &read))
      return false;
    for (const Group& group : part) {
      needed += group.bytes();
      for (const Wanted& wanted : group.wanted) frames += wanted.positions.size();
    }
  }
  return AddInt(plan, "frames", frames) && AddInt(plan, "groups", groups.size()) &&
         AddInt(plan, "bytes", needed) && AddInt(plan, "bytes_read", read);
}

}  // namespace h4mk::frames
