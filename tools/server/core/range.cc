// SPDX-License-Identifier: MIT
#include "core/range.h"

#include <algorithm>

#include "core/message.h"
#include "core/text.h"

namespace h4mk::server {

RangeAnswer ParseRange(std::string_view value, uint64_t size) {
  const RangeAnswer whole;
  if (!SameName(value.substr(0, 6), "bytes=")) return whole;  // RFC 9110, 14.1: in any case
  value.remove_prefix(6);
  const size_t dash = value.find('-');
  if (dash == std::string_view::npos || value.find(',') != std::string_view::npos) return whole;
  const std::string_view first = value.substr(0, dash), last = value.substr(dash + 1);
  uint64_t from = 0, to = 0;
  if (first.empty()) {  // the last `to` bytes
    if (!ParseNumber(last, &to)) return whole;
    if (to == 0 || size == 0) return {RangeAnswer::kUnsatisfiable, 0, 0};
    to = std::min(to, size);
    return {RangeAnswer::kPart, size - to, to};
  }
  if (!ParseNumber(first, &from)) return whole;
  if (last.empty()) {
    to = UINT64_MAX;
  } else if (!ParseNumber(last, &to) || to < from) {
    return whole;
  }
  if (from >= size) return {RangeAnswer::kUnsatisfiable, 0, 0};
  to = std::min(to, size - 1);
  return {RangeAnswer::kPart, from, to - from + 1};
}

}  // namespace h4mk::server
