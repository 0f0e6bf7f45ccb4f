// SPDX-License-Identifier: MIT
#include "output.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "progress.h"
#include "say.h"
#include "text.h"

namespace h4mk::tool {

const char* CodeName(Code code) {
  switch (code) {
    case Code::kArgument:
      return "argument";
    case Code::kMemory:
      return "memory";
    case Code::kState:
      return "state";
    case Code::kLimit:
      return "limit";
    case Code::kIo:
      return "io";
    case Code::kNotSeekable:
      return "not_seekable";
    case Code::kNotH4mk:
      return "not_h4mk";
    case Code::kVersion:
      return "version";
    case Code::kTruncated:
      return "truncated";
    case Code::kNotFound:
      return "not_found";
    case Code::kKey:
      return "key";
    case Code::kAdapter:
      return "adapter";
    case Code::kAgain:
      return "unfinished";
    default:
      return "corrupt";
  }
}

namespace {

constexpr uint64_t kMostMessages = 100;  // of each sort that are shown one by one

std::string Dump(const Json& value, int indent) {
  return PrintableJson(value.dump(indent, ' ', false, Json::error_handler_t::replace));
}

Json ErrorObject(std::optional<uint64_t> offset, const char* code, const std::string& message) {
  Json object = Json::object();
  object["offset"] = offset ? Json(*offset) : Json(nullptr);
  if (code) object["code"] = code;
  object["message"] = message;
  return object;
}

}  // namespace

Output::Output(std::string file, bool json, std::FILE* to)
    : file_(std::move(file)), json_(json), to_(to) {}

void Output::Put(const std::string& text) { std::fwrite(text.data(), 1, text.size(), to_); }

void Output::OpenObject() {
  if (opened_) return;
  opened_ = true;
  Put("{\n  \"file\": " + Dump(Json(file_), -1));
}

void Output::Member(const char* key) {
  OpenObject();
  Put(",\n  " + Dump(Json(key), -1) + ": ");
}

// https://no-color.org
std::string Output::In(Look look, const std::string& text) const {
  const char* term = std::getenv("TERM");
  const char* none = std::getenv("NO_COLOR");
  if (!isatty(fileno(to_)) || (none != nullptr && *none != '\0') || term == nullptr ||
      std::strcmp(term, "dumb") == 0)
    return text;
  const char* code = look == Look::kHeading ? "1" : look == Look::kGood ? "32" : "1;31";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void Output::Set(const char* key, Json value) {
  if (!json_) return;
  Member(key);
  const std::string text = Dump(value, 2);
  size_t line = 0;
  for (size_t end; (end = text.find('\n', line)) != text.npos; line = end + 1)
    Put(text.substr(line, end + 1 - line) + "  ");
  Put(text.substr(line));
}

void Output::BeginRows(const char* key) {
  if (!json_) return;
  Member(key);
  Put("[");
  in_rows_ = true;
}

void Output::PutRow(const Json& row) { Put((rows_++ == 0 ? "\n    " : ",\n    ") + Dump(row, -1)); }

void Output::Problem(const Status& status) {
  Problem(status.offset(), status.code(), status.message());
}

void Output::Problem(std::optional<uint64_t> offset, Code code, const std::string& of_input,
                     std::optional<double> seconds) {
  const std::string message = input_.empty() ? of_input : input_ + ": " + of_input;
  bad_ = true;
  // A file that is missing is met in each cluster; it is told once.
  for (size_t i = 0; i < problems_.size(); ++i)
    if (problems_[i] == message && problem_offsets_[i] == offset) return;
  if (++problem_count_ > kMostMessages) return more_problems_.Add(message);
  problems_.push_back(message);
  problem_offsets_.push_back(offset);
  if (json_) {
    errors_.push_back(ErrorObject(offset, CodeName(code), message));
    if (seconds) errors_.back()["time"] = *seconds;
    return;
  }
  if (silent_) return;
  std::fflush(to_);
  ClearProgress();
  Say("h4mk: {}: {}{}\n", Printable(file_), Printable(message),
      seconds ? " (" + ClockOfSeconds(*seconds) + ")" : "");
}

void Output::MoreProblems(uint64_t count) {
  bad_ = bad_ || count > 0;
  problem_count_ += count;
  if (count > 0) more_problems_.Add("others", count);
}

void Output::Note(std::optional<uint64_t> offset, const std::string& message) {
  if (++note_count_ > kMostMessages) return more_notes_.Add(message);
  if (json_) {
    notes_.push_back(ErrorObject(offset, nullptr, message));
    return;
  }
  if (quiet_) return;
  std::fflush(to_);
  ClearProgress();
  Say("h4mk: {}: note: {}\n", Printable(file_), Printable(message));
}

// Numbers become N.
void Output::Counted::Add(const std::string& message, uint64_t count) {
  constexpr size_t kMostKinds = 64;
  total_ += count;
  std::string kind;
  for (const char c : message) {
    if (c < '0' || c > '9')
      kind += c;
    else if (!kind.ends_with('N'))
      kind += 'N';
  }
  if (kinds_.size() >= kMostKinds && !kinds_.contains(kind)) kind = "others";
  kinds_[kind] += count;
}

std::vector<std::pair<std::string, uint64_t>> Output::Counted::Kinds() const {
  std::vector<std::pair<std::string, uint64_t>> kinds(kinds_.begin(), kinds_.end());
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return kinds;
}

void Output::ShowCounted(const Counted& counted, const char* what) const {
  if (counted.total() == 0) return;
  Say("h4mk: {}: … and {} more {}:\n", Printable(file_), Grouped(counted.total()), what);
  for (const auto& [kind, count] : counted.Kinds())
    Say("  {} × {}\n", Grouped(count), Printable(kind));
}

int Output::Finish(int code) {
  ClearProgress();
  if (json_) {
    OpenObject();
    if (in_rows_) {
      Put(rows_ > 0 ? "\n  ]" : "]");
      in_rows_ = false;
    }
    for (const auto& [key, counted] :
         {std::pair("more_notes", &more_notes_), std::pair("more_errors", &more_problems_)}) {
      Json kinds = Json::array();
      for (const auto& [kind, count] : counted->Kinds())
        kinds.push_back({{"count", count}, {"like", kind}});
      if (!kinds.empty()) Set(key, std::move(kinds));
    }
    if (!notes_.empty()) Set("notes", notes_);
    Set("errors", errors_);
    Put("\n}\n");
  }
  std::fflush(to_);
  if (!json_ && !silent_) {
    ShowCounted(more_problems_, "problems");
    if (!quiet_) ShowCounted(more_notes_, "notes");
  }
  // What nobody can read on standard error is a message that is lost, unless it was asked for.
  const bool is_asked_for = to_ != stderr || json_;
  if (is_asked_for && (std::fflush(to_) != 0 || std::ferror(to_))) {
    Say("h4mk: cannot write the output: {}\n", std::strerror(errno));
    return kExitBad;
  }
  return bad_ ? kExitBad : code;
}

}  // namespace h4mk::tool
