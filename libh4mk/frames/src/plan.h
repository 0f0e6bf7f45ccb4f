// SPDX-License-Identifier: MIT
// A plan as an object that can be printed, and cut into shards.
#ifndef H4MK_FRAMES_PLAN_H_
#define H4MK_FRAMES_PLAN_H_

#include <h4mk/frames.h>

#include <span>

#include "groups.h"

namespace h4mk::frames {

// `plan` is an empty object. beside: the name of the file that external blocks are in, or null.
// False: out of memory.
bool DescribePlan(std::span<const Group> groups, const char* beside,
                  const h4mk_plan_options& options, h4mk_value* plan);

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_PLAN_H_
