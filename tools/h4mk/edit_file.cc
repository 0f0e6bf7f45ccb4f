// SPDX-License-Identifier: MIT
#include "edit_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "file.h"
#include "open/open_file.h"
#include "own_path.h"

namespace h4mk::tool {

EditFile::~EditFile() {
  if (fd_ >= 0) close(fd_);
}

Status EditFile::Open(const std::string& path) {
  Place place;
  H4MK_TRY(FindPlace(path, &place));
  fd_ = OpenAt(place, O_RDWR | O_NONBLOCK);
  if (fd_ < 0) return SystemError("cannot open for writing");
  struct stat info;
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode))
    return Status(Code::kIo, "is no regular file");
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0)
    return SystemError("cannot lock, somebody else is editing it");
  uint8_t front[16];
  const ssize_t got = pread(fd_, front, sizeof front, 0);
  if (got < 0) return SystemError("cannot read");
  const int version = FileVersion({front, static_cast<size_t>(got)});
  if (version == 0) return Status(Code::kNotH4mk, "not an H4MK file: \"H4MK\" expected at byte 0");
  if (version != 2)
    return Status(Code::kVersion,
                  "only files of version 2 can be changed in place; see `h4mk convert`");
  return {};
}

int64_t EditFile::Read(uint8_t* buffer, size_t size) {
  const ssize_t got = pread(fd_, buffer, size, position_);
  if (got < 0) return -errno;
  position_ += got;
  return got;
}

int64_t EditFile::Write(const uint8_t* buffer, size_t size) {
  const ssize_t put = pwrite(fd_, buffer, size, position_);
  if (put < 0) return -errno;
  position_ += put;
  return put;
}

int64_t EditFile::Size() {
  struct stat info;
  return fstat(fd_, &info) == 0 ? info.st_size : -1;
}

int64_t EditFile::Sync() { return fdatasync(fd_) == 0 ? 0 : -errno; }

int64_t EditFile::Truncate(uint64_t size) {
  return ftruncate(fd_, static_cast<off_t>(size)) == 0 ? 0 : -errno;
}

}  // namespace h4mk::tool
