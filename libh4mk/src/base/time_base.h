// SPDX-License-Identifier: MIT
// Times of blocks, and the units they count in.
#ifndef H4MK_BASE_TIME_BASE_H_
#define H4MK_BASE_TIME_BASE_H_

#include <cstdint>
#include <string_view>

namespace h4mk {

// "Not known", for pts and dts.
inline constexpr int64_t kNoTime = INT64_MIN;

// The time by which a block is found: pts, or dts where it has no pts.
inline int64_t SeekTime(int64_t pts, int64_t dts) { return pts != kNoTime ? pts : dts; }

// Seconds a tick.
struct TimeBase {
  int32_t num = 1;
  int32_t den = 1000;
};

// "num/den", both from 1 to 2^31 - 1.
bool ParseTimeBase(std::string_view text, TimeBase* time_base);

// time in another time base, rounded down; saturates.
int64_t Rescale(int64_t time, TimeBase from, TimeBase to);

}  // namespace h4mk

#endif  // H4MK_BASE_TIME_BASE_H_
