// SPDX-License-Identifier: MIT
#include "edit_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "file.h"
#include "own_path.h"

namespace h4mk::tool {

EditFile::~EditFile() {
  if (fd_ >= 0) close(fd_);
}

Status EditFile::Open(const std::string& path) {
  if (path == "-" || IsUrl(path))
    return Status(Code::kArgument, "only a file on this machine can be changed: give its name");
  Place place;
  H4MK_TRY(FindPlace(path, &place));
  fd_ = OpenAt(place, O_RDWR | O_NONBLOCK);
  if (fd_ < 0) return SystemError("cannot open for writing");
  struct stat info;
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode))
    return Status(Code::kIo, "is no regular file");
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0)
    return SystemError("cannot lock, somebody else is editing it");
  H4MK_TRY(FindPlace(path, &place));  // who had the lock before may have written the file anew
  if (!IsSame(place, info)) return Status(Code::kIo, "somebody else has replaced it meanwhile");
  uint8_t front[16];
  const ssize_t got = pread(fd_, front, sizeof front, 0);
  if (got < 0) return SystemError("cannot read");
  const int version = h4mk_probe(front, static_cast<size_t>(got));
  if (version == 0)
    return Status(Code::kNotH4mk,
                  got == 0 ? "the file is empty" : "not an H4MK file: \"H4MK\" expected at byte 0");
  if (version != 2)
    return Status(Code::kVersion,
                  "only files of version 2 can be changed in place; see `h4mk convert`");
  return {};
}

int64_t EditFile::Size() const {
  struct stat info;
  return fstat(fd_, &info) == 0 ? info.st_size : -1;
}

int EditFile::Failed() {
  error_ = errno;
  return -error_;
}

Status EditFile::Explain(Status status) const {
  if (status.code() != Code::kIo || error_ == 0) return status;
  return status.Saying(status.message() + ": " + std::strerror(error_));
}

h4mk_io EditFile::Io() {
  position_ = 0;
  h4mk_io io = H4MK_IO_INIT;
  io.opaque = this;
  io.read = [](void* opaque, uint8_t* buffer, size_t size) -> int64_t {
    auto* file = static_cast<EditFile*>(opaque);
    const ssize_t got = pread(file->fd_, buffer, size, file->position_);
    if (got < 0) return file->Failed();
    file->position_ += got;
    return got;
  };
  io.write = [](void* opaque, const uint8_t* buffer, size_t size) -> int64_t {
    auto* file = static_cast<EditFile*>(opaque);
    const ssize_t put = pwrite(file->fd_, buffer, size, file->position_);
    if (put < 0) return file->Failed();
    file->position_ += put;
    return put;
  };
  io.seek = [](void* opaque, int64_t offset) {
    static_cast<EditFile*>(opaque)->position_ = offset;
    return 0;
  };
  io.size = [](void* opaque) { return static_cast<EditFile*>(opaque)->Size(); };
  io.sync = [](void* opaque) {
    auto* file = static_cast<EditFile*>(opaque);
    return fdatasync(file->fd_) == 0 ? 0 : file->Failed();
  };
  io.truncate = [](void* opaque, int64_t size) {
    auto* file = static_cast<EditFile*>(opaque);
    return ftruncate(file->fd_, size) == 0 ? 0 : file->Failed();
  };
  return io;
}

}  // namespace h4mk::tool
