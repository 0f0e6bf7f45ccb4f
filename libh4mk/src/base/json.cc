// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <charconv>
#include <string>
#include <unordered_set>
#include <vector>

namespace h4mk {

namespace {

// Whether the text of a JSON number is an integer that int64_t cannot hold.
bool IsWideInteger(std::string_view number) {
  if (number.find_first_of(".eE") != number.npos) return false;
  int64_t value = 0;
  return std::from_chars(number.data(), number.data() + number.size(), value).ec ==
         std::errc::result_out_of_range;
}

// The parser makes reals of integers that are too large, so they are looked for in the text.
bool HasWideInteger(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\';
    } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
      const std::string_view number =
          text.substr(i, text.find_first_not_of("-+.eE0123456789", i) - i);
      if (IsWideInteger(number)) return true;
      i += number.size() - 1;
    }
  }
  return false;
}

// What of JSON a text may use.
enum class Rules {
  kCore,    // core.md, "Conventions"
  kLegacy,  // what the first readers took: keys that come twice, integers of any size
};

Result<Json> Parse(std::string_view text, uint64_t offset, const char* what, size_t max_values,
                   Rules rules) {
  std::vector<std::unordered_set<std::string>> members;  // of each open object
  size_t values = 0;
  const char* refused = nullptr;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    const auto level = static_cast<size_t>(depth);
    const bool is_start =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (is_start && level >= kMaxJsonDepth) refused = "nested too deeply";
    const bool is_end =
        event == Json::parse_event_t::object_end || event == Json::parse_event_t::array_end;
    if (!is_end && ++values > max_values) refused = "made of too many values";
    if (event == Json::parse_event_t::object_start) members.emplace_back();
    if (event == Json::parse_event_t::object_end && !members.empty()) members.pop_back();
    if (event == Json::parse_event_t::key && !members.empty()) {
      const bool is_new = members.back().insert(parsed.get_ref<const std::string&>()).second;
      if (!is_new && rules == Rules::kCore) refused = "an object with a key twice";
      if (members.back().size() > kMaxJsonMembers) refused = "an object with too many members";
    }
    if (parsed.is_number_unsigned() && parsed.get<uint64_t>() > INT64_MAX)
      parsed = static_cast<double>(parsed.get<uint64_t>());
    return refused == nullptr;
  };
  if (text.starts_with("\xEF\xBB\xBF"))
    return Corrupt(offset, std::string(what) + " starts with a byte order mark");
  if (text.find('\0') != text.npos)  // the parser takes it for the end
    return Corrupt(offset, std::string(what) + " is not valid JSON");
  Json value = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (refused != nullptr) return Corrupt(offset, std::string(what) + " is " + refused);
  if (value.is_discarded()) return Corrupt(offset, std::string(what) + " is not valid JSON");
  if (rules == Rules::kCore && HasWideInteger(text))
    return Corrupt(offset, std::string(what) + " has an integer of more than 64 bits");
  return value;
}

}  // namespace

Result<Json> ParseJson(std::string_view text, uint64_t offset, const char* what,
                       size_t max_values) {
  return Parse(text, offset, what, max_values, Rules::kCore);
}

Result<Json> ParseLegacyJson(std::string_view text, const char* what, size_t max_values) {
  return Parse(text, 0, what, max_values, Rules::kLegacy);
}

std::string DumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsUtf8(std::string_view text) {
  size_t i = 0;
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(text[at]); };
  while (i < text.size()) {
    const uint8_t first = byte(i);
    size_t more = 0;
    uint8_t low = 0x80, high = 0xBF;  // bounds of the second byte (RFC 3629, section 4)
    if (first < 0x80) {
      ++i;
      continue;
    } else if (first >= 0xC2 && first <= 0xDF) {
      more = 1;
    } else if (first >= 0xE0 && first <= 0xEF) {
      more = 2;
      if (first == 0xE0) low = 0xA0;
      if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
      more = 3;
      if (first == 0xF0) low = 0x90;
      if (first == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (text.size() - i <= more || byte(i + 1) < low || byte(i + 1) > high) return false;
    for (size_t k = 2; k <= more; ++k)
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

}  // namespace h4mk
