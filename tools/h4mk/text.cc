// SPDX-License-Identifier: MIT
#include "text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "adapt/open_file.h"
#include "base/json.h"
#include "cluster/block.h"

namespace h4mk::tool {
namespace {

// Bytes of the UTF-8 character at the front of a text; 0 if it is none.
size_t CharacterSize(std::string_view text) {
  for (size_t size = 1; size <= 4 && size <= text.size(); ++size)
    if (IsUtf8(text.substr(0, size))) return size;
  return 0;
}

bool IsControl(std::string_view character) {
  const auto first = static_cast<uint8_t>(character[0]);
  const bool c1 = character.size() == 2 && first == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0;
  return first < 0x20 || first == 0x7F || c1;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t size = CharacterSize(text);
    const std::string_view taken = text.substr(0, size > 0 ? size : 1);
    if (size == 0 || IsControl(taken)) {
      for (const char byte : taken) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
    } else {
      out += taken;
    }
    text.remove_prefix(taken.size());
  }
  return out;
}

std::string VersionText(int version) {
  return version == kTransportVersion ? "transport dialect" : "version " + std::to_string(version);
}

std::string Grouped(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string grouped;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  constexpr std::string_view kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  for (; value >= 999.95; value /= 1000) ++unit;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

double Seconds(int64_t time, TimeBase time_base) {
  return static_cast<double>(time) * time_base.num / time_base.den;
}

std::string Clock(int64_t time, TimeBase time_base) {
  if (time == kNoTime) return "-";
  const int64_t ms = Rescale(time, time_base, {1, 1000});
  const uint64_t size = ms < 0 ? 0 - static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  return fmt::format("{}{}:{:02}:{:02}.{:03}", ms < 0 ? "-" : "", size / 3600000, size / 60000 % 60,
                     size / 1000 % 60, size % 1000);
}

bool ParseClock(std::string_view text, int64_t* microseconds) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  double seconds = 0;
  for (int parts = 1;; ++parts) {
    const size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    double number = 0;
    const auto [end, error] =
        std::from_chars(part.data(), part.data() + part.size(), number, std::chars_format::fixed);
    if (error != std::errc() || end != part.data() + part.size() || number < 0 || parts > 3)
      return false;
    seconds = seconds * 60 + number;
    if (colon == text.npos) break;
    text.remove_prefix(colon + 1);
  }
  if (!(seconds < 9e12)) return false;
  *microseconds = std::llround(seconds * 1e6) * (negative ? -1 : 1);
  return true;
}

}  // namespace h4mk::tool
