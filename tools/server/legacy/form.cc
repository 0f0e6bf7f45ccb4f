// SPDX-License-Identifier: MIT
#include "legacy/form.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "legacy/python_text.h"

namespace h4mk::server {
namespace {

constexpr size_t kMostPartHead = 8 << 10;  // as much as the head of a request

std::string_view TrimBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r\f\v";
  while (!text.empty() && kBlanks.find(text.front()) != kBlanks.npos) text.remove_prefix(1);
  while (!text.empty() && kBlanks.find(text.back()) != kBlanks.npos) text.remove_suffix(1);
  return text;
}

// The value of a parameter of a header: boundary="x", filename=y.
std::optional<std::string> HeaderParameter(std::string_view header, std::string_view name) {
  for (size_t at = header.find(';'); at != std::string_view::npos; at = header.find(';', at + 1)) {
    std::string_view rest = Trim(header.substr(at + 1));
    const size_t equal = rest.find_first_of("=;");
    if (equal == rest.npos) break;
    if (rest[equal] == ';' || !SameName(Trim(rest.substr(0, equal)), name)) continue;
    rest.remove_prefix(equal + 1);
    if (!rest.starts_with('"')) return std::string(Trim(rest.substr(0, rest.find(';'))));
    const size_t end = rest.find('"', 1);
    return std::string(rest.substr(1, end == rest.npos ? rest.npos : end - 1));
  }
  return std::nullopt;
}

[[noreturn]] void Fail(const char* where, const std::string& name, const std::string& message,
                       const std::string& type, const std::string& limit = "") {
  throw FieldError{"{\"loc\":[\"" + std::string(where) + "\"," + JsonText(name) +
                   "],\"msg\":" + JsonText(message) + ",\"type\":\"" + type + "\"" +
                   (limit.empty() ? "" : ",\"ctx\":{\"limit_value\":" + limit + "}") + "}"};
}

const std::string* Find(const Call& call, const std::string& name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : call.query)
    if (key == name) found = &value;  // the last one counts
  return found;
}

[[noreturn]] void Missing(const char* where, const std::string& name) {
  Fail(where, name, "field required", "value_error.missing");
}

}  // namespace

std::optional<std::string_view> UploadedFile(const Request& request) {
  const std::string_view type = request.Header("Content-Type");
  const std::optional<std::string> boundary = HeaderParameter(type, "boundary");
  if (!type.starts_with("multipart/form-data") || !boundary || boundary->empty() ||
      boundary->size() > 200)
    return std::nullopt;
  const std::string line = "--" + *boundary;
  const std::string_view body = request.body;
  size_t at = body.find(line);
  std::optional<std::string_view> file;
  while (at != body.npos) {
    const size_t begin = at + line.size();
    if (body.substr(begin, 2) != "\r\n") break;
    const size_t head_end = body.find("\r\n\r\n", begin);
    if (head_end == body.npos || head_end - begin > kMostPartHead) break;
    const size_t end = body.find("\r\n" + line, head_end + 2);
    if (end == body.npos) break;
    const std::string_view head = body.substr(begin + 2, head_end - begin - 2);
    for (std::string_view header : Split(head, '\n')) {
      if (header.ends_with('\r')) header.remove_suffix(1);
      const size_t colon = header.find(':');
      if (colon == header.npos || !SameName(header.substr(0, colon), "Content-Disposition"))
        continue;
      const std::string_view value = header.substr(colon + 1);
      const auto name = HeaderParameter(value, "name"),
                 file_name = HeaderParameter(value, "filename");
      if (name == "file" && file_name)
        file = body.substr(head_end + 4, end < head_end + 4 ? 0 : end - head_end - 4);
    }
    at = end + 2;
  }
  return file;
}

bool ParsePythonInteger(std::string_view text, WholeNumber* number) {
  text = TrimBlanks(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && i > 0 && i + 1 < text.size() && text[i - 1] != '_') continue;
    if (text[i] < '0' || text[i] > '9') return false;
    digits.push_back(text[i]);
  }
  if (digits.empty() || digits.size() > 4300) return false;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  uint64_t value = 0;
  const bool fits = ParseNumber(digits, &value) && value <= INT64_MAX;
  number->value = fits ? static_cast<int64_t>(value) : INT64_MAX;
  if (negative) number->value = -number->value;
  number->digits = (negative && digits != "0" ? "-" : "") + digits;
  return true;
}

WholeNumber ReadInteger(const Call& call, const std::string& name, std::optional<int64_t> otherwise,
                        std::optional<int64_t> least, std::optional<int64_t> most) {
  const std::string* text = Find(call, name);
  if (text == nullptr) {
    if (!otherwise) Missing("query", name);
    return {*otherwise, std::to_string(*otherwise)};
  }
  WholeNumber number;
  if (!ParsePythonInteger(*text, &number))
    Fail("query", name, "value is not a valid integer", "type_error.integer");
  if (least && number.value < *least)
    Fail("query", name, "ensure this value is greater than or equal to " + std::to_string(*least),
         "value_error.number.not_ge", std::to_string(*least));
  if (most && number.value > *most)
    Fail("query", name, "ensure this value is less than or equal to " + std::to_string(*most),
         "value_error.number.not_le", std::to_string(*most));
  return number;
}

double ReadReal(const Call& call, const std::string& name, double otherwise, double least,
                double most) {
  const std::string* text = Find(call, name);
  if (text == nullptr) return otherwise;
  std::string_view trimmed = TrimBlanks(*text);
  if (trimmed.starts_with('+')) trimmed.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), value);
  if ((error != std::errc() && error != std::errc::result_out_of_range) ||
      end != trimmed.data() + trimmed.size() || trimmed.empty())
    Fail("query", name, "value is not a valid float", "type_error.float");
  if (!(value >= least))
    Fail("query", name, "ensure this value is greater than or equal to " + PythonFloat(least),
         "value_error.number.not_ge", PythonFloat(least));
  if (!(value <= most))
    Fail("query", name, "ensure this value is less than or equal to " + PythonFloat(most),
         "value_error.number.not_le", PythonFloat(most));
  return value;
}

bool ReadBool(const Call& call, const std::string& name, bool otherwise) {
  const std::string* text = Find(call, name);
  if (text == nullptr) return otherwise;
  for (const char* yes : {"true", "1", "yes", "y", "on", "t"})
    if (SameName(*text, yes)) return true;
  for (const char* no : {"false", "0", "no", "n", "off", "f"})
    if (SameName(*text, no)) return false;
  Fail("query", name, "value could not be parsed to a boolean", "type_error.bool");
}

std::string ReadText(const Call& call, const std::string& name) {
  const std::string* text = Find(call, name);
  if (text == nullptr) Missing("query", name);
  return *text;
}

std::string_view ReadFile(const Call& call) {
  const auto file = UploadedFile(call.request);
  if (!file) Missing("body", "file");
  return *file;
}

std::optional<std::string> ParseHex(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size();) {
    if (std::string_view(" \t\n\r\f\v").find(text[i]) != std::string_view::npos) {
      ++i;
      continue;
    }
    unsigned value = 0;
    if (i + 1 >= text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (error != std::errc() || end != text.data() + i + 2) return std::nullopt;
    bytes.push_back(static_cast<char>(value));
    i += 2;
  }
  return bytes;
}

}  // namespace h4mk::server
