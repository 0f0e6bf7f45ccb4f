// SPDX-License-Identifier: MIT
#include "legacy/python_json.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace h4mk {
namespace {

void Append(const Json& value, JsonStyle style, std::string& out) {
  const bool is_object = value.is_object();
  if (is_object || value.is_array()) {
    const char* comma = style == JsonStyle::kSpaced ? ", " : ",";
    const char* colon = style == JsonStyle::kSpaced ? ": " : ":";
    bool first = true;
    out += is_object ? '{' : '[';
    for (const auto& [key, member] : value.items()) {
      if (!first) out += comma;
      first = false;
      if (is_object) out += DumpJson(Json(key)) + colon;
      Append(member, style, out);
    }
    out += is_object ? '}' : ']';
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
  const double size = std::abs(number);
  const bool has_exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  char buffer[64];
  const auto written =
      std::to_chars(buffer, buffer + sizeof buffer, number,
                    has_exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string text(buffer, written.ptr);
  if (!has_exponent && text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace h4mk
