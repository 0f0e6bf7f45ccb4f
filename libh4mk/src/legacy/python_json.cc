// SPDX-License-Identifier: MIT
#include "legacy/python_json.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace h4mk {
namespace {

void Append(const Json& value, JsonStyle style, std::string& out) {
  const char* comma = style == JsonStyle::kSpaced ? ", " : ",";
  const char* colon = style == JsonStyle::kSpaced ? ": " : ":";
  if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [key, member] : value.items()) {
      if (!first) out += comma;
      first = false;
      out += DumpJson(Json(key));
      out += colon;
      Append(member, style, out);
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    bool first = true;
    for (const Json& element : value) {
      if (!first) out += comma;
      first = false;
      Append(element, style, out);
    }
    out += ']';
  } else if (value.is_binary()) {
    for (uint8_t digit : value.get_binary()) out += static_cast<char>(digit);
  } else if (value.is_number_float()) {
    out += FormatPythonFloat(value.get<double>());
  } else {
    out += DumpJson(value);
  }
}

}  // namespace

std::string DumpPythonJson(const Json& value, JsonStyle style) {
  std::string out;
  Append(value, style, out);
  return out;
}

std::string FormatPythonFloat(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  char text[64];
  const auto written =
      std::to_chars(text, text + sizeof text - 1, number, std::chars_format::scientific);
  *written.ptr =
      0;  // to_chars() leaves it open, and atoi() reads on to the first byte that is no digit
  std::string_view all(text, static_cast<size_t>(written.ptr - text));
  std::string out;
  if (all.starts_with('-')) {
    out = "-";
    all.remove_prefix(1);
  }
  const size_t e = all.find('e');
  const int exponent = std::atoi(all.data() + e + 1);
  std::string digits(all.substr(0, 1));
  if (e > 2) digits += all.substr(2, e - 2);
  const int count = static_cast<int>(digits.size());
  // Python writes an exponent below 1e-4 and from 1e16 on.
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (count > 1) out += "." + digits.substr(1);
    out += exponent < 0 ? "e-" : "e+";
    const int size = std::abs(exponent);
    if (size < 10) out += '0';
    return out + std::to_string(size);
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const int whole = exponent + 1;
  if (count <= whole)
    return out + digits + std::string(static_cast<size_t>(whole - count), '0') + ".0";
  return out + digits.substr(0, static_cast<size_t>(whole)) + "." +
         digits.substr(static_cast<size_t>(whole));
}

}  // namespace h4mk
