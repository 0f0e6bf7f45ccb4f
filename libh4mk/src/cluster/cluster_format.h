// SPDX-License-Identifier: MIT
// FORMAT.md, "Cluster": what encoder and decoder share.
#ifndef H4MK_CLUSTER_CLUSTER_FORMAT_H_
#define H4MK_CLUSTER_CLUSTER_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace h4mk {

inline constexpr uint32_t kMinStripeShift = 12;
inline constexpr uint32_t kMaxStripeShift = 30;

// Size of the stripes (as a power of two) that a writer uses for so many bytes of payload; 0: none. A seek reads whole
// stripes, so they are small; of large payloads they are larger, since each costs four bytes.
inline uint32_t StripeShift(size_t data_size) {
  if (data_size <= size_t{32} << 10) return 0;
  return data_size <= size_t{512} << 10 ? 15 : 18;
}

}  // namespace h4mk

#endif  // H4MK_CLUSTER_CLUSTER_FORMAT_H_
