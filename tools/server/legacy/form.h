// SPDX-License-Identifier: MIT
// What the old API is asked with: a file in multipart/form-data, and parameters as Python reads
// them.
#ifndef H4MK_SERVER_LEGACY_FORM_H_
#define H4MK_SERVER_LEGACY_FORM_H_

#include <optional>
#include <string>
#include <string_view>

#include "core/router.h"

namespace h4mk::server {

// The field `file` with a file name; nothing else of the form counts.
std::optional<std::string_view> UploadedFile(const Request& request);

// An answer of the framework to a parameter that is wrong: 422, {"detail":[...]}.
struct FieldError {
  std::string text;  // a JSON object
};

// int(), float() and bool as that framework reads them. Throw FieldError; missing without a default
// is one too.
struct WholeNumber {
  int64_t value = 0;   // the nearest that fits
  std::string digits;  // as it would be printed
};
WholeNumber ReadInteger(const Call& call, const std::string& name, std::optional<int64_t> otherwise,
                        std::optional<int64_t> least, std::optional<int64_t> most);
double ReadReal(const Call& call, const std::string& name, double otherwise, double least,
                double most);
bool ReadBool(const Call& call, const std::string& name, bool otherwise);
std::string ReadText(const Call& call, const std::string& name);
std::string_view ReadFile(const Call& call);

// False if the text is no int() of Python.
bool ParsePythonInteger(std::string_view text, WholeNumber* number);
// bytes.fromhex().
std::optional<std::string> ParseHex(std::string_view text);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_LEGACY_FORM_H_
