// SPDX-License-Identifier: MIT
#include "file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <utility>

#include "say.h"
#include "text.h"

namespace h4mk::tool {
namespace {

// A file at a URL. What a server did is said at once: the library
// only knows that bytes could not be read.
class OpenedUrl final : public Io {
 public:
  OpenedUrl(const UrlFile& url, const h4mk_io& io) : url_(url), io_(io) {}
  ~OpenedUrl() override { h4mk_io_close(&io_); }
  int64_t Read(uint8_t* buffer, size_t size) override {
    const int64_t got = io_.read(io_.opaque, buffer, size);
    if (got < 0 && !std::exchange(has_failed_, true)) Say("h4mk: {}\n", Printable(url_.message()));
    return got;
  }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override { return io_.seek(io_.opaque, offset); }
  int64_t Size() override { return io_.size(io_.opaque); }

 private:
  const UrlFile& url_;
  h4mk_io io_;
  bool has_failed_ = false;
};

// What this program reads. None of it is written to, and what is open says how much output is to be
// expected.
std::map<std::pair<dev_t, ino_t>, bool> g_inputs;  // whether it is open
uint64_t g_input_bytes = 0;

bool IsInput(const struct stat& info) { return g_inputs.contains({info.st_dev, info.st_ino}); }

void NoteInput(const struct stat& info, bool is_open) {
  if (!S_ISREG(info.st_mode)) return;
  bool& was_open = g_inputs[{info.st_dev, info.st_ino}];
  if (is_open && !was_open) g_input_bytes += static_cast<uint64_t>(info.st_size);
  was_open = was_open || is_open;
}

// More output than this is not expected of an input, and needs --max-output: a file of 1 MiB that
// says that it holds a terabyte shall not fill the disk.
constexpr uint64_t kOutputFloor = 64u << 20, kOutputRatio = 256;

uint64_t ExpectedOutput() {
  return g_input_bytes > (UINT64_MAX >> 9) ? UINT64_MAX
                                           : kOutputFloor + kOutputRatio * g_input_bytes;
}

constexpr size_t kProbeSize = 16;  // as many bytes as h4mk_probe() needs

// Copies a pipe to a file that has no name; if it is not what was asked for, its first bytes only,
// with which it is refused as any other file.
Status Spool(int from, InputFile::Kind kind, int* to) {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) return SystemError("cannot make a temporary file");
  *to = dup(fileno(file));
  std::fclose(file);
  if (*to < 0) return SystemError("cannot make a temporary file");
  FdIo in(from, false), out(*to, true);
  Sink sink(out);
  Bytes buffer(1 << 20);
  size_t front = 0;
  for (int64_t got = 1; got > 0 && front < kProbeSize; front += static_cast<size_t>(got)) {
    got = in.Read(buffer.data() + front, kProbeSize - front);
    if (got < 0) return SystemError("cannot read standard input");
  }
  if (!sink.Write(ByteSpan(buffer).first(front)).ok())
    return SystemError("cannot write a temporary file");
  if (kind == InputFile::Kind::kH4mk && h4mk_probe(buffer.data(), front) == 0) return {};
  for (;;) {
    const int64_t got = in.Read(buffer.data(), buffer.size());
    if (got == 0) return {};
    if (got < 0) return SystemError("cannot read standard input");
    if (!sink.Write(ByteSpan(buffer).first(static_cast<size_t>(got))).ok())
      return SystemError("cannot write a temporary file");
  }
}

}  // namespace

void KeepInput(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0) NoteInput(info, /*is_open=*/false);
}

Status SystemError(const std::string& what) {
  return Status(Code::kIo, what + ": " + std::strerror(errno));
}

int64_t FdIo::Read(uint8_t* buffer, size_t size) {
  for (;;) {
    const ssize_t got = seekable_ ? pread(fd_, buffer, size, position_) : read(fd_, buffer, size);
    if (got >= 0) {
      position_ += got;
      return got;
    }
    if (errno != EINTR) return -errno;
  }
}

int64_t FdIo::Write(const uint8_t* buffer, size_t size) {
  for (;;) {
    const ssize_t put = seekable_ ? pwrite(fd_, buffer, size, position_) : write(fd_, buffer, size);
    if (put >= 0) {
      position_ += put;
      return put;
    }
    if (errno != EINTR) return -errno;
  }
}

int64_t FdIo::Seek(int64_t offset) {
  position_ = offset;
  return seekable_ ? 0 : -ESPIPE;
}

int64_t FdIo::Size() {
  struct stat info;
  return fstat(fd_, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size : -1;
}

InputFile::~InputFile() {
  if (fd_ >= 0) close(fd_);
}

Status InputFile::Open(const std::string& path, Kind kind) {
  path_ = path;
  H4MK_TRY(IsUrl(path) ? OpenUrl() : OpenPath(kind));
  return ReadVersion();
}

Status InputFile::OpenUrl() {
  url_ = std::make_unique<UrlFile>();
  h4mk_io io = H4MK_IO_INIT;
  h4mk_status status = url_->Open(path_);
  if (status == H4MK_OK) status = url_->NewIo(&io);
  if (status != H4MK_OK) return Status(static_cast<Code>(status), url_->message());
  size_ = static_cast<uint64_t>(OpenedUrl(*url_, io).Size());
  g_input_bytes += size_;
  return {};
}

Status InputFile::OpenPath(Kind kind) {
  const bool is_stdin = path_ == "-";
  fd_ = is_stdin ? dup(STDIN_FILENO) : open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return SystemError("cannot open");
  struct stat info;
  if (fstat(fd_, &info) != 0) return SystemError("cannot open");
  if (S_ISDIR(info.st_mode)) return Status(Code::kIo, "is a directory");
  if (!S_ISREG(info.st_mode)) {
    int spooled = -1;
    const Status status = Spool(fd_, kind, &spooled);
    close(fd_);
    fd_ = spooled;
    if (!status.ok()) return status;
    if (fstat(fd_, &info) != 0) return SystemError("cannot open");
  }
  NoteInput(info, /*is_open=*/true);
  size_ = static_cast<uint64_t>(info.st_size);
  return {};
}

Status InputFile::ReadVersion() {
  uint8_t front[kProbeSize];
  size_t got = 0;
  Source source(NewIo());
  if (!source.ReadAt(0, front, sizeof front, &got).ok()) return SystemError("cannot read");
  version_ = h4mk_probe(front, got);
  return {};
}

Io& InputFile::NewIo() {
  h4mk_io io = H4MK_IO_INIT;
  if (url_ && url_->NewIo(&io) == H4MK_OK)
    ios_.push_back(std::make_unique<OpenedUrl>(*url_, io));
  else
    ios_.push_back(std::make_unique<FdIo>(fd_, true));
  return *ios_.back();
}

h4mk_status (*InputFile::open_beside() const)(void*, const char*, h4mk_io*) {
  return url_ ? url_->open_beside() : h4mk_io_open_beside;
}

void* InputFile::beside_opaque() { return url_ ? url_->beside_opaque() : path_.data(); }

bool InputFile::HasBeside(const std::string& name) {
  struct stat info;
  if (url_) {
    h4mk_io io = H4MK_IO_INIT;
    const bool is_there = open_beside()(beside_opaque(), name.c_str(), &io) == H4MK_OK;
    h4mk_io_close(&io);
    return is_there;
  }
  return lstat((path_.substr(0, path_.rfind('/') + 1) + name).c_str(), &info) == 0 &&
         S_ISREG(info.st_mode);
}

void InputFile::NoteFileBeside(const Json& track) const {
  const auto name = track.find(kBesideKey);
  struct stat info;
  if (!url_ && name != track.end() && name->is_string() &&
      lstat((path_.substr(0, path_.rfind('/') + 1) + name->get<std::string>()).c_str(), &info) == 0)
    NoteInput(info, /*is_open=*/true);
}

uint64_t WriteOptions::MostOutput() const { return max_output.value_or(ExpectedOutput()); }

Status WriteOptions::TooMuch() const {
  return Status(Code::kLimit,
                fmt::format("the output would be larger than {}{}; --max-output SIZE allows more",
                            HumanBytes(MostOutput()),
                            max_output ? "" : ", more than is to be expected of this input"));
}

// Refuses to write past a limit.
class OutputFile::LimitedIo final : public FdIo {
 public:
  LimitedIo(int fd, bool seekable) : FdIo(fd, seekable) {}
  int64_t Write(const uint8_t* buffer, size_t size) override {
    const uint64_t limit = limits.MostOutput();  // grows with the inputs that are opened
    if (position_ > limit || size > limit - position_) {
      reached = true;
      return -EFBIG;
    }
    const int64_t put = FdIo::Write(buffer, size);
    if (put > 0) position_ += static_cast<uint64_t>(put);
    if (put < 0) error = static_cast<int>(-put);
    return put;
  }
  int64_t Seek(int64_t offset) override {
    position_ = static_cast<uint64_t>(offset);
    return FdIo::Seek(offset);
  }

  WriteOptions limits;
  bool reached = false;
  int error = 0;  // of the system

 private:
  uint64_t position_ = 0;
};

Status OutputFile::Fault(const std::string& what) const {
  return Status(Code::kIo, "cannot write " + path_ + ": " + what);
}

Status OutputFile::OpenStandardOutput(Content content) {
  if (content == Content::kBinary && isatty(STDOUT_FILENO))
    return Status(
        Code::kArgument,
        "standard output is a terminal, which bytes would upset; give --output FILE, or a pipe");
  struct stat info;
  if (fstat(STDOUT_FILENO, &info) == 0 && S_ISREG(info.st_mode) && IsInput(info))
    return Status(Code::kArgument, "standard output goes to a file that is read");
  fd_ = OwnedFd(dup(STDOUT_FILENO));
  if (!fd_.ok()) return SystemError("cannot write " + path_);
  io_ = std::make_shared<LimitedIo>(fd_.get(), false);
  return {};
}

// /dev/null, a named pipe: what somebody else put there is not trusted, nor waited for.
Status OutputFile::OpenDevice() {
  const auto check_owner = [this](const struct stat& info) {
    const bool is_trusted = S_ISREG(info.st_mode) || info.st_uid == geteuid() || info.st_uid == 0;
    return is_trusted ? Status() : Fault("it is no regular file, and somebody else's");
  };
  if (!place_.is_device_link) H4MK_TRY(check_owner(place_.info));
  fd_ = OwnedFd(OpenAt(place_, O_WRONLY));
  struct stat info;
  if (!fd_.ok() || fstat(fd_.get(), &info) != 0) return SystemError("cannot write " + path_);
  if (!IsSame(place_, info)) return Fault("somebody else has replaced it meanwhile");
  H4MK_TRY(check_owner(info));
  if (S_ISREG(info.st_mode) && IsInput(info))  // /dev/stdout
    return Fault("it is a file that is read");
  if (S_ISBLK(info.st_mode) && !overwrite_) return Fault("it is a disk; --force overwrites it");
  io_ = std::make_shared<LimitedIo>(fd_.get(), false);
  return {};
}

// A file that was the caller's keeps its mode; set-user-id is of no use to a media file.
Status OutputFile::OpenTemporary() {
  const mode_t mask = umask(0);
  umask(mask);
  const bool is_own =
      place_.exists && place_.info.st_uid == geteuid() && place_.info.st_gid == getegid();
  if (!temporary_.Create(place_, is_own ? place_.info.st_mode & 0777 : 0666 & ~mask))
    return SystemError("cannot write " + path_);
  io_ = std::make_shared<LimitedIo>(temporary_.fd(), true);
  return {};
}

Status OutputFile::Check(const std::string& path, const WriteOptions& options) {
  path_ = path;
  overwrite_ = options.overwrite;
  if (path == "-") return {};
  H4MK_TRY(FindPlace(path, &place_));
  if (place_.is_regular() && IsInput(place_.info)) return Fault("it is a file that is read");
  if (place_.is_regular() && !overwrite_) return Fault("it exists; --force (-y) overwrites it");
  if (place_.exists && S_ISDIR(place_.info.st_mode)) {
    errno = EISDIR;
    return SystemError("cannot write " + path);
  }
  return {};
}

Status OutputFile::Open(const std::string& path, const WriteOptions& options, Content content) {
  H4MK_TRY(Check(path, options));
  if (path == "-") {
    H4MK_TRY(OpenStandardOutput(content));
  } else {
    H4MK_TRY(place_.exists && !place_.is_regular() ? OpenDevice() : OpenTemporary());
  }
  io_->limits = options;
  return {};
}

Status OutputFile::OpenInPlace(const std::string& path) {
  path_ = path;
  overwrite_ = true;
  if (path == "-") {
    H4MK_TRY(OpenStandardOutput(Content::kBinary));
  } else {
    H4MK_TRY(FindPlace(path, &place_));
    if (!place_.is_regular()) return Fault("it is no regular file");
    if (!IsInput(place_.info)) return Fault("somebody else has replaced it meanwhile");
    H4MK_TRY(OpenTemporary());
  }
  return {};
}

Io& OutputFile::io() { return *io_; }

Status OutputFile::Commit(Status written) {
  if (!written.ok()) return Explain(std::move(written));
  if (fd_.ok()) return close(fd_.Release()) == 0 ? Status() : SystemError("cannot write " + path_);
  if (temporary_.PutInPlace(overwrite_)) return {};
  if (errno == EEXIST) return Fault("it exists by now; --force (-y) overwrites it");
  return SystemError("cannot write " + path_);
}

Status OutputFile::Explain(Status written) const {
  if (written.ok() || !io_) return written;
  if (io_->error != 0) return Fault(std::strerror(io_->error));
  if (io_->reached) return io_->limits.TooMuch();
  return written;
}

}  // namespace h4mk::tool
