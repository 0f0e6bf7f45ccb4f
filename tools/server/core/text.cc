// SPDX-License-Identifier: MIT
#include "core/text.h"

#include <algorithm>
#include <charconv>

namespace h4mk::server {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

template <typename T>
bool ParseInteger(std::string_view text, T* number) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  *number = value;
  return true;
}

// Length of the UTF-8 sequence at the start of the text, and its character; 0: it is none.
size_t Utf8Length(std::string_view text, uint32_t* code) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  size_t length = 0;
  uint32_t least = 0;
  *code = lead;
  if (lead < 0x80) return 1;
  if (lead >> 5 == 6)
    length = 2, *code = lead & 31, least = 0x80;
  else if (lead >> 4 == 14)
    length = 3, *code = lead & 15, least = 0x800;
  else if (lead >> 3 == 30)
    length = 4, *code = lead & 7, least = 0x10000;
  else
    return 0;
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return 0;
    *code = *code << 6 | (byte(i) & 63);
  }
  if (*code < least || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000)) return 0;
  return length;
}

}  // namespace

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool ParseNumber(std::string_view text, uint64_t* number) { return ParseInteger(text, number); }
bool ParseNumber(std::string_view text, int64_t* number) { return ParseInteger(text, number); }

bool ParseSeconds(std::string_view text, int64_t* microseconds) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  uint64_t whole = 0, fraction = 0;
  if (!ParseNumber(text.substr(0, point), &whole) || whole > 1'000'000'000'000) return false;
  if (point != std::string_view::npos) {
    std::string digits(text.substr(point + 1, 6));
    for (const char c : text.substr(point + 1))
      if (c < '0' || c > '9') return false;
    digits.resize(6, '0');
    if (!ParseNumber(digits, &fraction)) return false;
  }
  const auto value = static_cast<int64_t>(whole * 1'000'000 + fraction);
  *microseconds = negative ? -value : value;
  return true;
}

bool PercentDecode(std::string_view text, bool plus_is_space, std::string* decoded) {
  decoded->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == 0) return false;
    decoded->push_back(c);
  }
  return true;
}

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_' || c == '~' || c == '/')
      encoded.push_back(c);
    else
      encoded.append("%")
          .append(1, "0123456789ABCDEF"[byte >> 4])
          .append(1, "0123456789ABCDEF"[byte & 15]);
  }
  return encoded;
}

bool ParseTarget(std::string_view target, std::string* path, Query* query) {
  const size_t mark = target.find('?');
  query->clear();
  if (!target.starts_with('/') || !PercentDecode(target.substr(0, mark), false, path)) return false;
  if (mark == std::string_view::npos) return true;
  for (const std::string_view pair : Split(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    const size_t equal = pair.find('=');
    std::string key, value;
    if (!PercentDecode(pair.substr(0, equal), true, &key)) return false;
    if (equal != std::string_view::npos && !PercentDecode(pair.substr(equal + 1), true, &value))
      return false;
    query->emplace_back(std::move(key), std::move(value));
  }
  return true;
}

Character TakeCharacter(std::string_view* text) {
  uint32_t code = 0;
  const size_t length = Utf8Length(*text, &code);
  const Character taken =
      length == 0 ? Character{"\xEF\xBF\xBD", 0xFFFD} : Character{text->substr(0, length), code};
  text->remove_prefix(std::max<size_t>(length, 1));
  return taken;
}

bool IsHidden(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E ||
         code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

std::string JsonText(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const Character c = TakeCharacter(&text);
    if (c.code == '"' || c.code == '\\')
      json.append("\\").append(c.bytes);
    else if (c.code == '\n')
      json += "\\n";
    else if (IsHidden(c.code))
      json.append("\\u").append(Hex(c.code, 4));
    else
      json.append(c.bytes);
  }
  return json + '"';
}

std::string EscapeHidden(std::string json) {
  if (std::all_of(json.begin(), json.end(), [](char c) { return c >= ' ' && c <= '~'; }))
    return json;
  std::string escaped;
  for (std::string_view rest = json; !rest.empty();) {
    const Character c = TakeCharacter(&rest);
    if (IsHidden(c.code))
      escaped.append("\\u").append(Hex(c.code, 4));
    else
      escaped.append(c.bytes);
  }
  return escaped;
}

std::string XmlText(std::string_view text) {
  std::string xml;
  while (!text.empty()) {
    const Character c = TakeCharacter(&text);
    if (c.code == '&')
      xml += "&amp;";
    else if (c.code == '<')
      xml += "&lt;";
    else if (c.code == '>')
      xml += "&gt;";
    else if (c.code == '"')
      xml += "&quot;";
    else if (c.code == '\'')
      xml += "&#39;";
    else if ((c.code < 0x20 && c.code != '\n' && c.code != '\t') || c.code >> 1 == 0xFFFE >> 1)
      continue;  // XML has no such characters
    else if (c.code > '~' && IsHidden(c.code))
      xml.append("&#x").append(Hex(c.code, 4)).append(";");
    else
      xml.append(c.bytes);
  }
  return xml;
}

bool ParseHex(std::string_view text, std::string* bytes) {
  bytes->clear();
  if (text.size() % 2 != 0) return false;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]), low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes->push_back(static_cast<char>(high << 4 | low));
  }
  return true;
}

std::string Hex(uint64_t number, int digits) {
  std::string text(static_cast<size_t>(digits), '0');
  for (size_t i = text.size(); i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
  return text;
}

std::string Decimal(unsigned __int128 numerator, uint64_t denominator, int digits) {
  uint64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  const unsigned __int128 scaled = (numerator * scale + denominator / 2) / denominator;
  std::string text = std::to_string(static_cast<uint64_t>(scaled / scale));
  if (digits == 0) return text;
  std::string fraction = std::to_string(static_cast<uint64_t>(scaled % scale));
  fraction.insert(0, static_cast<size_t>(digits) - fraction.size(), '0');
  return text + "." + fraction;
}

}  // namespace h4mk::server
