// SPDX-License-Identifier: MIT
#include "child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "url_file.h"

extern char** environ;

namespace h4mk::tool {
namespace {

constexpr size_t kMaxLine = 1 << 20;

// Starts a program with a pipe to write to.
int Spawn(std::vector<std::string>& words, bool with_input, int output, pid_t* pid) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (!with_input)
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  const int error = posix_spawnp(pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// The one that was installed together with this program, which writes H4MK.
std::string FfmpegBeside() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0 || size == static_cast<ssize_t>(sizeof path)) return "ffmpeg";
  const std::string own(path, static_cast<size_t>(size));
  const std::string beside = own.substr(0, own.rfind('/') + 1) + "ffmpeg";
  return access(beside.c_str(), X_OK) == 0 ? beside : "ffmpeg";
}

}  // namespace

Child::~Child() {
  if (fd_ >= 0) close(fd_);
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  (void)Finish().ok();
}

Status Child::Start(std::vector<std::string> words, bool with_input) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return SystemError("cannot make a pipe");
  fd_ = ends[0];
  output_ = std::make_unique<FdIo>(fd_, false);
  program_ = words[0];
  const int error = Spawn(words, with_input, ends[1], &pid_);
  close(ends[1]);
  errno = error;
  if (error == 0) {
    EndWithThis(pid_);
    return {};
  }
  pid_ = -1;
  return SystemError("cannot start " + program_);
}

Status Child::ReadAll(const std::function<Status(ByteSpan)>& visit) {
  Bytes buffer(1 << 20);
  for (;;) {
    const int64_t got = output_->Read(buffer.data(), buffer.size());
    if (got < 0) return SystemError("cannot read what ffmpeg writes");
    if (got == 0) return Finish();
    H4MK_TRY(visit(ByteSpan(buffer).first(static_cast<size_t>(got))));
  }
}

Status Child::Finish() {
  int state = 0;
  siginfo_t ended;
  while (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  DoNotEnd(pid_);  // before its number is free for another program
  while (waitpid(pid_, &state, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return {};
  return Status(Code::kIo, program_ + " failed");
}

void AddFfmpegOption(CLI::App* command, std::string* ffmpeg) {
  const char* chosen = std::getenv("FFMPEG");
  *ffmpeg = chosen ? chosen : FfmpegBeside();
  command
      ->add_option("--ffmpeg", *ffmpeg,
                   "The program ffmpeg, default $FFMPEG, else the one beside h4mk, else that in "
                   "PATH; ffprobe is the one beside it")
      ->type_name("PROGRAM");
}

std::string FfprobeBeside(const std::string& ffmpeg) {
  return ffmpeg.substr(0, ffmpeg.rfind('/') + 1) + "ffprobe";
}

std::vector<std::string> FfmpegInput(const std::string& path) {
  if (IsUrl(path)) return {"-protocol_whitelist", "http,https,httpproxy,tcp,tls", "-i", path};
  return {"-i", "file:" + path};
}

std::string_view Fields::Text(std::string_view key) const {
  for (std::string_view rest = line_; !rest.empty();) {
    const std::string_view field = rest.substr(0, rest.find('|'));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    if (field.size() > key.size() && field.starts_with(key) && field[key.size()] == '=')
      return field.substr(key.size() + 1);
  }
  return {};
}

bool Fields::Number(std::string_view key, int64_t* number) const {
  const std::string_view text = Text(key);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

Status ForEachLine(std::vector<std::string> words,
                   const std::function<void(const Fields&)>& visit) {
  Child child;
  H4MK_TRY(child.Start(std::move(words)));
  std::string line;
  uint8_t buffer[1 << 16];
  for (;;) {
    const int64_t got = child.output().Read(buffer, sizeof buffer);
    if (got < 0) return SystemError("cannot read from a program");
    if (got == 0) break;
    for (const uint8_t byte : ByteSpan(buffer, static_cast<size_t>(got))) {
      if (byte != '\n') {
        if (line.size() < kMaxLine) line.push_back(static_cast<char>(byte));
        continue;
      }
      visit(Fields(line));
      line.clear();
    }
  }
  return child.Finish();
}

}  // namespace h4mk::tool
