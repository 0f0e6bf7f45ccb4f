// SPDX-License-Identifier: MIT
// Text as the first programs, which were written in Python, print it.
#ifndef H4MK_SERVER_LEGACY_PYTHON_TEXT_H_
#define H4MK_SERVER_LEGACY_PYTHON_TEXT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace h4mk::server {

// repr() of a float: the shortest decimal that reads back, with ".0" when whole.
std::string PythonFloat(double value);
// repr() of bytes: b'H4MK'.
std::string PythonBytes(std::string_view bytes);
// json.dumps(ensure_ascii=False) without blanks.
std::string PythonJson(const nlohmann::ordered_json& json);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_LEGACY_PYTHON_TEXT_H_
