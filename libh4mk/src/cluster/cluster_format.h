// SPDX-License-Identifier: MIT
// core.md, "Cluster": what encoder and decoder share.
#ifndef H4MK_CLUSTER_CLUSTER_FORMAT_H_
#define H4MK_CLUSTER_CLUSTER_FORMAT_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace h4mk {

inline constexpr uint32_t kMinStripeShift = 12;
inline constexpr uint32_t kMaxStripeShift = 30;

// The byte `form` of an index: the stripe shift and this bit.
inline constexpr uint32_t kFormStripeShift = 0x1F;
inline constexpr uint32_t kFormExternal = 0x20;

// core.md, "External data": what the column `jump` counts from.
inline constexpr uint8_t kJumpInTrack = 0;
inline constexpr uint8_t kJumpInCluster = 1;

// Size of the stripes (as a power of two) that a writer uses for so many bytes of payload; 0: none.
// A seek reads whole stripes, so they are small: index and first stripe fit into one read of 32
// KiB, which is what FFmpeg reads at once. Since each costs four bytes there are no more than 32
// where seeks lead to the first block, and no more than 8 in other clusters, which are read
// through.
inline uint32_t StripeShift(size_t data_size, bool seeks_lead_here) {
  if (data_size <= size_t{16} << 10) return 0;
  return std::max(
      14u, static_cast<uint32_t>(std::bit_width((data_size - 1) >> (seeks_lead_here ? 5 : 3))));
}

}  // namespace h4mk

#endif  // H4MK_CLUSTER_CLUSTER_FORMAT_H_
