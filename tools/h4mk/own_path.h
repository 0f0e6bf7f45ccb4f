// SPDX-License-Identifier: MIT
// Where a path leads if only links are followed that nobody else made: a program that root runs in
// a folder that others can write to must not be led elsewhere.
#ifndef H4MK_TOOLS_OWN_PATH_H_
#define H4MK_TOOLS_OWN_PATH_H_

#include <sys/stat.h>

#include <string>

#include "base/status.h"

namespace h4mk::tool {

// A file descriptor that is closed with this object.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.Release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept;
  ~OwnedFd();
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int Release();

 private:
  int fd_ = -1;
};

// A name in an open folder. Whatever is done by these two goes to the same place, also if somebody
// moves things meanwhile.
struct Place {
  OwnedFd folder;
  std::string name;
  bool exists = false;
  bool is_device_link = false;  // /dev/stdout: a link of the kernel, which open() must follow
  struct stat info = {};        // where it exists

  bool is_regular() const { return exists && S_ISREG(info.st_mode); }
};

// Whether a path is a link that somebody else made.
bool IsLinkOfOthers(const std::string& path);

// Follows a path to its end. Links belong to the caller or to root, or this is an error; the last
// name need not exist.
Status FindPlace(const std::string& path, Place* place);

// Opens what is at a place, without following any other link. -1: errno says why not.
int OpenAt(const Place& place, int flags);

// Whether an open file is the one that was found: somebody may have put another one there since.
bool IsSame(const Place& place, const struct stat& opened);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_OWN_PATH_H_
