// SPDX-License-Identifier: MIT
#include "text.h"

#include <fmt/format.h>
#include <h4mk/h4mk.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>
#include <vector>

#include "base/hex.h"
#include "base/json.h"
#include "base/sha256.h"

namespace h4mk::tool {
namespace {

bool IsControl(std::string_view character) {
  const auto first = static_cast<uint8_t>(character[0]);
  const bool c1 =
      character.size() == 2 && first == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0;
  return first < 0x20 || first == 0x7F || c1;
}

// Unicode's marks, embeddings, overrides and isolates of direction, and its separators of lines and
// paragraphs.
constexpr uint32_t kTurning[] = {0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202B,
                                 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069};

// The code point of a character of UTF-8.
uint32_t CodePoint(std::string_view character) {
  const auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(character[i]));
  };
  if (character.size() == 1) return byte(0);
  uint32_t code = byte(0) & (0xFFu >> (character.size() + 1));
  for (size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte(i) & 0x3F);
  return code;
}

bool IsTurning(std::string_view character) {
  return character.size() > 1 &&
         std::ranges::find(kTurning, CodePoint(character)) != std::end(kTurning);
}

}  // namespace

std::string_view FirstCharacter(std::string_view text) {
  for (size_t size = 1; size <= 4 && size <= text.size(); ++size)
    if (IsUtf8(text.substr(0, size))) return text.substr(0, size);
  return text.substr(0, 1);
}

bool IsHidden(std::string_view character) { return IsControl(character) || IsTurning(character); }

std::string Sha256Hex(const void* data, size_t size) {
  Sha256 hash;
  hash.Add({static_cast<const uint8_t*>(data), size});
  return EncodeHex(hash.Finish());
}

std::string Printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view taken = FirstCharacter(text);
    if (!IsUtf8(taken) || IsControl(taken)) {
      for (const char byte : taken) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
    } else if (IsTurning(taken)) {
      out += fmt::format("\\u{{{:x}}}", CodePoint(taken));
    } else {
      out += taken;
    }
    text.remove_prefix(taken.size());
  }
  return out;
}

std::string PrintableJson(std::string json) {
  const auto is_plain = [](char c) { return c >= ' ' ? c != 0x7F : c == '\n'; };
  if (std::all_of(json.begin(), json.end(), is_plain)) return json;
  std::string out;
  for (std::string_view text = json; !text.empty();) {
    const std::string_view taken = FirstCharacter(text);
    if (taken != "\n" && IsHidden(taken))
      out += fmt::format("\\u{:04x}", CodePoint(taken));
    else
      out += taken;
    text.remove_prefix(taken.size());
  }
  return out;
}

std::string VersionText(int version) {
  return version == H4MK_VERSION_TRANSPORT ? "transport dialect"
                                           : "version " + std::to_string(version);
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

std::string Counted(uint64_t number, const char* what) {
  return fmt::format("{} {}{}", Grouped(number), what, number == 1 ? "" : "s");
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

double SecondsBetween(int64_t from, int64_t to, TimeBase time_base) {
  int64_t length = 0;
  if (!__builtin_sub_overflow(to, from, &length)) return Seconds(length, time_base);
  return Seconds(to, time_base) - Seconds(from, time_base);
}

std::string Clock(int64_t time, TimeBase time_base) {
  if (time == kNoTime) return "-";
  const int64_t ms = Rescale(time, time_base, {1, 1000});
  const uint64_t size = ms < 0 ? 0 - static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  return fmt::format("{}{}:{:02}:{:02}.{:03}", ms < 0 ? "-" : "", size / 3600000, size / 60000 % 60,
                     size / 1000 % 60, size % 1000);
}

std::string ClockOfSeconds(double seconds) {
  constexpr double kMost = 9e15;  // seconds; a thousand times this still fits int64_t
  return Clock(std::llround(std::clamp(seconds, -kMost, kMost) * 1000), {1, 1000});
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i)
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min(
          {cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[a.size()][b.size()];
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
    // Behind a colon are minutes or seconds; only the last part may have a fraction.
    if ((parts > 1 && number >= 60) || (colon != text.npos && number != std::floor(number)))
      return false;
    seconds = seconds * 60 + number;
    if (colon == text.npos) break;
    text.remove_prefix(colon + 1);
  }
  if (!(seconds < 9e12)) return false;
  *microseconds = std::llround(seconds * 1e6) * (negative ? -1 : 1);
  return true;
}

bool ParseSize(std::string_view text, uint64_t* bytes) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0)) return false;
  std::string_view unit(at, static_cast<size_t>(end - at));
  if (!unit.empty() && (unit.back() == 'B' || unit.back() == 'b')) unit.remove_suffix(1);
  const bool is_binary = !unit.empty() && unit.back() == 'i';
  if (is_binary) unit.remove_suffix(1);
  constexpr std::string_view kUnits = "KMGTP";
  if (unit.size() > 1 || (is_binary && unit.empty())) return false;
  const size_t power =
      unit.empty()
          ? 0
          : kUnits.find(static_cast<char>(std::toupper(static_cast<uint8_t>(unit[0])))) + 1;
  if (power == 0 && !unit.empty()) return false;
  for (size_t i = 0; i < power; ++i) number *= is_binary ? 1024 : 1000;
  if (!(number < 1.8e19)) return false;
  *bytes = static_cast<uint64_t>(number);
  return true;
}

}  // namespace h4mk::tool
