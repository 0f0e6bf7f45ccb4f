// SPDX-License-Identifier: MIT
// The header Range (RFC 9110, 14.2).
#ifndef H4MK_SERVER_CORE_RANGE_H_
#define H4MK_SERVER_CORE_RANGE_H_

#include <cstdint>
#include <string_view>

namespace h4mk::server {

struct RangeAnswer {
  enum Kind { kWhole, kPart, kUnsatisfiable } kind = kWhole;
  uint64_t first = 0;
  uint64_t size = 0;
};

// One range of bytes is answered. What is no range of bytes, cannot be read, or names several
// ranges (each would cost the server more than the client: CVE-2011-3192), gets the whole.
RangeAnswer ParseRange(std::string_view value, uint64_t size);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_RANGE_H_
