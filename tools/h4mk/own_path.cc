// SPDX-License-Identifier: MIT
#include "own_path.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>
#include <vector>

namespace h4mk::tool {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel
constexpr int kLook = O_PATH | O_NOFOLLOW | O_CLOEXEC;

Status NoPlace(const std::string& path) {
  return Status(Code::kIo, "cannot write " + path + ": " + std::strerror(errno));
}

// The names of a path, the first one last.
void PushNames(std::string_view path, std::vector<std::string>* names) {
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string_view name = slash == path.npos ? path : path.substr(slash + 1);
    if (!name.empty()) names->emplace_back(name);
    path = slash == path.npos ? std::string_view() : path.substr(0, slash);
  }
}

OwnedFd Root(std::string_view path) {
  return OwnedFd(open(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

// Links in /proc lead to what a process has open, not to a path.
bool IsProc(int fd) {
  struct statfs info;
  return fstatfs(fd, &info) == 0 && static_cast<unsigned long>(info.f_type) == PROC_SUPER_MAGIC;
}

bool IsOfOthers(const struct stat& info) { return info.st_uid != geteuid() && info.st_uid != 0; }

class Walk {
 public:
  explicit Walk(const std::string& path) : path_(path) {}

  Status Run(Place* place) {
    if (path_.empty()) return Fail(ENOENT);
    if (path_.ends_with('/')) return Fail(EISDIR);
    PushNames(path_, &names_);
    folder_ = Root(path_);
    if (!folder_.ok()) return NoPlace(path_);
    while (!names_.empty()) {
      const std::string name = std::move(names_.back());
      names_.pop_back();
      bool is_end = false;
      H4MK_TRY(Step(name, place, &is_end));
      if (is_end) break;
    }
    if (place->name.empty()) return Fail(EISDIR);
    place->folder = std::move(folder_);
    return {};
  }

 private:
  Status Fail(int error) {
    errno = error;
    return NoPlace(path_);
  }

  Status Step(const std::string& name, Place* place, bool* is_end) {
    OwnedFd found(openat(folder_.get(), name.c_str(), kLook));
    const bool is_last = names_.empty();
    if (!found.ok() && (!is_last || errno != ENOENT)) return NoPlace(path_);
    if (found.ok() && fstat(found.get(), &place->info) != 0) return NoPlace(path_);
    if (found.ok() && S_ISLNK(place->info.st_mode)) {
      if (!is_last || !IsProc(found.get())) return Follow(name, found, place->info);
      place->is_device_link = true;
    } else if (!is_last) {
      if (!S_ISDIR(place->info.st_mode)) return Fail(ENOTDIR);
      folder_ = std::move(found);
      return {};
    }
    place->exists = found.ok();
    place->name = name;
    *is_end = true;
    return {};
  }

  Status Follow(const std::string& name, const OwnedFd& link, const struct stat& info) {
    if (IsOfOthers(info))
      return Status(Code::kIo,
                    "cannot write " + path_ + ": \"" + name +
                        "\" is a link that somebody else made; name the file that it leads to");
    if (++links_ > kMaxLinks) return Fail(ELOOP);
    char target[PATH_MAX];
    const ssize_t size = readlinkat(link.get(), "", target, sizeof target);
    if (size <= 0) return NoPlace(path_);
    const std::string_view path(target, static_cast<size_t>(size));
    if (path.starts_with('/')) folder_ = Root(path);
    if (!folder_.ok()) return NoPlace(path_);
    PushNames(path, &names_);
    return {};
  }

  const std::string path_;
  OwnedFd folder_;
  std::vector<std::string> names_;
  int links_ = 0;
};

}  // namespace

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (fd_ >= 0) close(fd_);
  fd_ = other.Release();
  return *this;
}

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) close(fd_);
}

int OwnedFd::Release() { return std::exchange(fd_, -1); }

bool IsLinkOfOthers(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode) && IsOfOthers(info);
}

Status FindPlace(const std::string& path, Place* place) {
  *place = {};
  return Walk(path).Run(place);
}

int OpenAt(const Place& place, int flags) {
  return openat(place.folder.get(), place.name.c_str(),
                flags | O_CLOEXEC | (place.is_device_link ? 0 : O_NOFOLLOW));
}

bool IsSame(const Place& place, const struct stat& opened) {
  return place.is_device_link ||
         (place.exists && place.info.st_dev == opened.st_dev && place.info.st_ino == opened.st_ino);
}

}  // namespace h4mk::tool
