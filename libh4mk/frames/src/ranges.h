// SPDX-License-Identifier: MIT
// Parts of files that will be read, put together so that there are few of them.
#ifndef H4MK_FRAMES_RANGES_H_
#define H4MK_FRAMES_RANGES_H_

#include <h4mk/frames.h>

#include <vector>

namespace h4mk::frames {

// Sorts ranges and joins those that touch.
std::vector<h4mk_range> JoinTouching(std::vector<h4mk_range> ranges);

// The same. Then closes gaps, the smallest first, as long as all
// together are no more than max_waste per cent of what is needed; gaps of up to 4 KiB always.
std::vector<h4mk_range> Coalesce(std::vector<h4mk_range> ranges, uint32_t max_waste);

int64_t TotalSize(const std::vector<h4mk_range>& ranges);

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_RANGES_H_
