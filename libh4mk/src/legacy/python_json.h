// SPDX-License-Identifier: MIT
// JSON text byte for byte as the first writers of version 1 and of the transport dialect made it,
// with Python's json module: their files are compared as bytes.
#ifndef H4MK_LEGACY_PYTHON_JSON_H_
#define H4MK_LEGACY_PYTHON_JSON_H_

#include <string>

#include "base/json.h"

namespace h4mk {

enum class JsonStyle {
  kCompact,  // {"a":1,"b":2}
  kSpaced,   // {"a": 1, "b": 2}
};

// Strings are raw UTF-8 with the short escapes; real numbers are FormatPythonFloat(). A binary
// value is the digits of an integer beyond 64 bits, which old files have.
std::string DumpPythonJson(const Json& value, JsonStyle style);

// The shortest decimal that reads back, with ".0" when whole: 30.0, 29.97, 1e-07, 1e+22, -0.0.
std::string FormatPythonFloat(double number);

}  // namespace h4mk

#endif  // H4MK_LEGACY_PYTHON_JSON_H_
