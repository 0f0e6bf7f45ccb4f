// SPDX-License-Identifier: MIT
#include "ranges.h"

#include <algorithm>
#include <utility>

namespace h4mk::frames {
namespace {

constexpr int64_t kSmallGap = 4 << 10;  // takes less time than a request, on any network

int64_t EndOf(const h4mk_range& range) { return range.offset + range.size; }

// Joins neighbours whose gap is no larger than max_gap. REQUIRES: sorted.
std::vector<h4mk_range> Join(const std::vector<h4mk_range>& ranges, int64_t max_gap) {
  std::vector<h4mk_range> joined;
  for (const h4mk_range& range : ranges) {
    if (!joined.empty() && range.offset - EndOf(joined.back()) <= max_gap)
      joined.back().size = std::max(EndOf(joined.back()), EndOf(range)) - joined.back().offset;
    else
      joined.push_back(range);
  }
  return joined;
}

}  // namespace

int64_t TotalSize(const std::vector<h4mk_range>& ranges) {
  int64_t total = 0;
  for (const h4mk_range& range : ranges) total += range.size;
  return total;
}

std::vector<h4mk_range> JoinTouching(std::vector<h4mk_range> ranges) {
  std::ranges::sort(ranges, {}, &h4mk_range::offset);
  return Join(ranges, 0);
}

std::vector<h4mk_range> Coalesce(std::vector<h4mk_range> ranges, uint32_t max_waste) {
  ranges = JoinTouching(std::move(ranges));
  std::vector<int64_t> gaps;
  for (size_t i = 1; i < ranges.size(); ++i)
    gaps.push_back(ranges[i].offset - EndOf(ranges[i - 1]));
  std::ranges::sort(gaps);
  int64_t left = TotalSize(ranges) / 100 * max_waste, max_gap = kSmallGap;
  for (const int64_t gap : gaps) {
    if (gap > kSmallGap && gap > left) break;
    left -= gap;
    max_gap = std::max(max_gap, gap);
  }
  return Join(ranges, max_gap);
}

}  // namespace h4mk::frames
