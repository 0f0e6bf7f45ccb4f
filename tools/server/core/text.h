// SPDX-License-Identifier: MIT
// Small things about text: numbers, lists, percent-encoding, escapes.
#ifndef H4MK_SERVER_CORE_TEXT_H_
#define H4MK_SERVER_CORE_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace h4mk::server {

std::string_view Trim(std::string_view text);
std::vector<std::string_view> Split(std::string_view text, char separator);

// Decimal digits only, all of the text, no overflow.
bool ParseNumber(std::string_view text, uint64_t* number);
bool ParseNumber(std::string_view text, int64_t* number);  // a leading '-' is allowed
// Seconds as a decimal number, a leading '-' is allowed; to microseconds, rounded down.
bool ParseSeconds(std::string_view text, int64_t* microseconds);

// Fails on a '%' that no two hexadecimal digits follow, and on a NUL.
bool PercentDecode(std::string_view text, bool plus_is_space, std::string* decoded);
// Leaves letters, digits and -._~/ as they are.
std::string PercentEncode(std::string_view text);

using Query = std::vector<std::pair<std::string, std::string>>;
// Splits a target into its decoded path and query. False: it cannot be decoded.
bool ParseTarget(std::string_view target, std::string* path, Query* query);

// A character of UTF-8; bytes that are none are U+FFFD.
struct Character {
  std::string_view bytes;
  uint32_t code;
};
Character TakeCharacter(std::string_view* text);
// Control characters and those that turn the direction of text or end a line: they deceive who
// reads a text, in a log or a list.
bool IsHidden(uint32_t code);

// With quotes; what is hidden is escaped.
std::string JsonText(std::string_view text);
// The same for JSON that is there already, of one line.
std::string EscapeHidden(std::string json);
// For text and attribute values of XML and HTML. What XML cannot have is left out.
std::string XmlText(std::string_view text);
// Lower-case hexadecimal digits.
std::string Hex(uint64_t number, int digits);
// Bytes of hexadecimal digits, two each. False: they are none.
bool ParseHex(std::string_view text, std::string* bytes);
// At most `digits` decimals, rounded half up; no exponent, no locale. numerator / denominator >= 0.
std::string Decimal(unsigned __int128 numerator, uint64_t denominator, int digits);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_TEXT_H_
