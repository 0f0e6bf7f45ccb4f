// SPDX-License-Identifier: MIT
// What a command says: text for people or one JSON object for programs, on standard output; what is
// wrong goes to standard error, or into the object's "errors".
#ifndef H4MK_TOOLS_OUTPUT_H_
#define H4MK_TOOLS_OUTPUT_H_

#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <utility>
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
  // From now on outputs are quiet from their start: --quiet of commands.
  static void QuietFromStart() { quiet_from_start_ = true; }

  bool json() const { return json_; }
  // --quiet: no text, no notes; only what is wrong.
  void SetQuiet(bool quiet) { quiet_ |= quiet; }
  // Says nothing at all, but remembers what is wrong; nothing changes with --json.
  void SetSilent() { quiet_ = silent_ = true; }
  bool is_silent() const { return silent_; }

  // Text; nothing with --json.
  template <typename... Args>
  void Text(fmt::format_string<Args...> format, Args&&... args) {
    if (!json_ && !quiet_) Put(fmt::format(format, std::forward<Args>(args)...));
  }

  // The same text as it stands out on a terminal; in a pipe, or with NO_COLOR, as it is.
  enum class Look { kHeading, kGood, kBad };
  std::string In(Look look, const std::string& text) const;

  // A member of the JSON object; nothing without --json. Not after BeginRows().
  void Set(const char* key, Json value);

  // An array of the object that may have millions of elements, each written as it comes. It is the
  // last member but "errors".
  void BeginRows(const char* key);
  // make: gives the element. It is not called without --json, where it would be half of the work.
  template <typename Make>
  void Row(const Make& make) {
    if (json_) PutRow(make());
  }

  // Which of several inputs the problems from now on are of; "" for none.
  void SetInput(const std::string& path) { input_ = path; }
  // Something is wrong with the file; the exit code will be kExitBad.
  void Problem(const Status& status);
  // seconds: where in time it is.
  void Problem(std::optional<uint64_t> offset, Code code, const std::string& message,
               std::optional<double> seconds = {});
  // The first messages, and how many there were.
  const std::vector<std::string>& problems() const { return problems_; }
  // Where these are in the file.
  const std::vector<std::optional<uint64_t>>& problem_offsets() const { return problem_offsets_; }
  uint64_t problem_count() const { return problem_count_; }
  // Problems that were counted elsewhere, without their messages.
  void MoreProblems(uint64_t count);
  // Something is worth knowing.
  void Note(std::optional<uint64_t> offset, const std::string& message);

  // Ends the output and gives the exit code.
  int Finish(int code = kExitDone);
  int Fail(const Status& status) {
    Problem(status);
    return Finish();
  }

 private:
  // Messages beyond the first of them are only counted, by what they have in common: a file of 1 KB
  // can have a million problems.
  class Counted {
   public:
    void Add(const std::string& message, uint64_t count = 1);
    uint64_t total() const { return total_; }
    // The kinds of messages, most frequent first; numbers in them are N.
    std::vector<std::pair<std::string, uint64_t>> Kinds() const;

   private:
    uint64_t total_ = 0;
    std::map<std::string, uint64_t> kinds_;
  };
  void ShowCounted(const Counted& counted, const char* what) const;
  void Put(const std::string& text);
  void PutRow(const Json& row);
  void OpenObject();
  void Member(const char* key);

  const std::string file_;
  std::string input_;
  const bool json_;
  std::FILE* const to_;
  bool opened_ = false;
  bool in_rows_ = false;
  uint64_t rows_ = 0;
  bool bad_ = false;
  static inline bool quiet_from_start_ = false;
  bool quiet_ = quiet_from_start_, silent_ = false;
  std::vector<std::string> problems_;
  std::vector<std::optional<uint64_t>> problem_offsets_;
  uint64_t problem_count_ = 0, note_count_ = 0;
  Counted more_problems_, more_notes_;
  Json errors_ = Json::array(), notes_ = Json::array();
};

// The name of a status code in JSON.
const char* CodeName(Code code);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_OUTPUT_H_
