// SPDX-License-Identifier: MIT
// Another program: started by an argument vector, without a shell, and read from.
#ifndef H4MK_TOOLS_CHILD_H_
#define H4MK_TOOLS_CHILD_H_

#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "file.h"

namespace h4mk::tool {

// A program whose standard output is read; what it says on standard error is shown. It is stopped
// when this object goes.
class Child {
 public:
  ~Child();
  // words: the program, searched in PATH if it has no slash, and its arguments.
  // with_input: it reads this program's standard input, else nothing.
  Status Start(std::vector<std::string> words, bool with_input = false);
  FdIo& output() { return *output_; }
  // Hands all that it writes to visit, then does Finish().
  Status ReadAll(const std::function<Status(ByteSpan)>& visit);
  // To be called when all was read. kIo: it failed.
  Status Finish();

 private:
  std::string program_;
  pid_t pid_ = -1;
  int fd_ = -1;
  std::unique_ptr<FdIo> output_;
};

// --ffmpeg, default $FFMPEG, else ffmpeg beside this program, else that in PATH. ffprobe is the
// program beside it.
void AddFfmpegOption(CLI::App* command, std::string* ffmpeg);
std::string FfprobeBeside(const std::string& ffmpeg);
// The words that make ffmpeg read this file or URL. A file name cannot be taken for an option or a
// protocol, and a playlist at a URL can lead to http(s) only.
std::vector<std::string> FfmpegInput(const std::string& path);

// A line that ffprobe prints with -of compact: key=value pairs between bars, as in
// "packet|pts=3|size=5".
class Fields {
 public:
  explicit Fields(std::string_view line) : line_(line) {}
  // The value of a key; "" if there is none.
  std::string_view Text(std::string_view key) const;
  // False: there is no such number.
  bool Number(std::string_view key, int64_t* number) const;
  bool StartsWith(std::string_view kind) const { return line_.starts_with(kind); }

 private:
  std::string_view line_;
};
// Runs a program and calls visit with each line it prints.
Status ForEachLine(std::vector<std::string> words, const std::function<void(const Fields&)>& visit);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_CHILD_H_
