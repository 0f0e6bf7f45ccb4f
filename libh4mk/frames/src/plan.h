// SPDX-License-Identifier: MIT
// A plan as an object that can be printed, and cut into shards.
#ifndef H4MK_FRAMES_PLAN_H_
#define H4MK_FRAMES_PLAN_H_

#include <h4mk/frames.h>

#include <cstdint>
#include <span>
#include <vector>

#include "groups.h"

namespace h4mk::frames {

// The parts of both files that blocks are in.
struct NeededRanges {
  std::vector<h4mk_range> own;
  std::vector<h4mk_range> beside;
};

// What a plan tells of a group: its blocks are not kept, of which many groups have too many.
struct PlannedGroup {
  uint64_t first_block = 0, last_block = 0;  // ordinals
  uint64_t blocks = 0, bytes = 0;
  std::vector<Wanted> wanted;
  NeededRanges ranges;  // in order, those that touch are joined
};

PlannedGroup PlanOf(Group group);

NeededRanges RangesOf(const Group& group);

// `plan` is an empty object. beside: the name of the file that external blocks are in, or null.
// False: out of memory.
bool DescribePlan(std::span<const PlannedGroup> groups, const char* beside,
                  const h4mk_plan_options& options, h4mk_value* plan);

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_PLAN_H_
