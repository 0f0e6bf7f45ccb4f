// SPDX-License-Identifier: MIT
// What a command says: text for people or one JSON object for programs, on standard output; what is wrong goes to standard error, or
// into the object's "errors".
#ifndef H4MK_TOOLS_OUTPUT_H_
#define H4MK_TOOLS_OUTPUT_H_

#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace h4mk::tool {

inline constexpr int kExitDone = 0;
inline constexpr int kExitNo = 1;   // asked and answered: no
inline constexpr int kExitBad = 2;  // wrong usage or bad file

class Output {
 public:
  // file: what the command was given, for messages. to: where text and JSON go.
  Output(std::string file, bool json, std::FILE* to = stdout);

  bool json() const { return json_; }

  // Text; nothing with --json.
  template <typename... Args>
  void Text(fmt::format_string<Args...> format, Args&&... args) {
    if (!json_) Put(fmt::format(format, std::forward<Args>(args)...));
  }

  // A member of the JSON object; nothing without --json. Not after BeginRows().
  void Set(const char* key, Json value);

  // An array of the object that may have millions of elements, each written as it comes. It is the last member but "errors".
  void BeginRows(const char* key);
  void Row(const Json& row);

  // Something is wrong with the file; the exit code will be kExitBad.
  void Problem(const Status& status);
  void Problem(std::optional<uint64_t> offset, Code code, const std::string& message);
  // The messages so far.
  const std::vector<std::string>& problems() const { return problems_; }
  // Something is worth knowing.
  void Note(std::optional<uint64_t> offset, const std::string& message);

  // Ends the output and gives the exit code.
  int Finish(int code = kExitDone);
  int Fail(const Status& status) {
    Problem(status);
    return Finish();
  }

 private:
  void Put(const std::string& text);
  void OpenObject();
  void Member(const char* key);

  const std::string file_;
  const bool json_;
  std::FILE* const to_;
  bool opened_ = false;
  bool in_rows_ = false;
  uint64_t rows_ = 0;
  bool bad_ = false;
  std::vector<std::string> problems_;
  Json errors_ = Json::array(), notes_ = Json::array();
};

// The name of a status code in JSON.
const char* CodeName(Code code);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_OUTPUT_H_
