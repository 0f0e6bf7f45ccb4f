// SPDX-License-Identifier: MIT
#include "base/time_base.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace h4mk {
namespace {

bool ParsePositive(std::string_view text, int32_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number > 0 && text[0] != '0';
}

}  // namespace

bool ParseTimeBase(std::string_view text, TimeBase* time_base) {
  const size_t slash = text.find('/');
  return slash != text.npos && ParsePositive(text.substr(0, slash), &time_base->num) &&
         ParsePositive(text.substr(slash + 1), &time_base->den);
}

int64_t Rescale(int64_t time, TimeBase from, TimeBase to) {
  if (from.num == to.num && from.den == to.den) return time;
  const __int128 numerator = static_cast<__int128>(time) * (int64_t{from.num} * to.den);
  const __int128 denominator = static_cast<__int128>(from.den) * to.num;
  __int128 result = numerator / denominator;
  if (numerator % denominator < 0) --result;
  return static_cast<int64_t>(
      std::clamp<__int128>(result, static_cast<__int128>(INT64_MIN) + 1, INT64_MAX));
}

}  // namespace h4mk
