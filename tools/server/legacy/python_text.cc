// SPDX-License-Identifier: MIT
#include "legacy/python_text.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace h4mk::server {

std::string PythonFloat(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[40];
  const double size = std::abs(value);
  const bool exponent = size != 0 && (size < 1e-4 || size >= 1e16);
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed)
          .ptr;
  std::string text(buffer, end);
  if (!exponent && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string PythonBytes(std::string_view bytes) {
  const bool double_quotes = bytes.find('\'') != bytes.npos && bytes.find('"') == bytes.npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string text = std::string("b") + quote;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\')
      text.append("\\").append(1, c);
    else if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else if (c == '\t')
      text += "\\t";
    else if (byte < 0x20 || byte >= 0x7F)
      text += "\\x" + Hex(byte, 2);
    else
      text.push_back(c);
  }
  return text + quote;
}

std::string PythonJson(const nlohmann::ordered_json& json) {
  std::string text;
  bool first = true;
  const auto comma = [&] {
    if (!first) text += ",";
    first = false;
  };
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      comma();
      text += nlohmann::ordered_json(key).dump() + ":" + PythonJson(value);
    }
    return "{" + text + "}";
  }
  if (json.is_array()) {
    for (const auto& value : json) {
      comma();
      text += PythonJson(value);
    }
    return "[" + text + "]";
  }
  if (json.is_number_float()) return PythonFloat(json.get<double>());
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace h4mk::server
