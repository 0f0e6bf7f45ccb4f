// SPDX-License-Identifier: MIT
#include "core/text.h"

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

// Length of the UTF-8 sequence at the start of the text; 0: it is none.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  size_t length = 0;
  uint32_t code = 0, least = 0;
  if (lead < 0x80) return 1;
  if (lead >> 5 == 6)
    length = 2, code = lead & 31, least = 0x80;
  else if (lead >> 4 == 14)
    length = 3, code = lead & 15, least = 0x800;
  else if (lead >> 3 == 30)
    length = 4, code = lead & 7, least = 0x10000;
  else
    return 0;
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return 0;
    code = code << 6 | (byte(i) & 63);
  }
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
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

std::string JsonText(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      json += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      json.append("\\").append(1, text[0]);
    } else if (c == '\n') {
      json += "\\n";
    } else if (c < 0x20) {
      json.append("\\u00").append(Hex(c, 2));
    } else {
      json.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return json + '"';
}

std::string XmlText(std::string_view text) {
  std::string xml;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const char c = text[0];
    if (length == 0)
      xml += "\xEF\xBF\xBD";
    else if (c == '&')
      xml += "&amp;";
    else if (c == '<')
      xml += "&lt;";
    else if (c == '>')
      xml += "&gt;";
    else if (c == '"')
      xml += "&quot;";
    else if (c == '\'')
      xml += "&#39;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
      xml.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
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
