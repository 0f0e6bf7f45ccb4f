// SPDX-License-Identifier: MIT
// inotify on folders: tells that a file has grown, and that files have come or gone.
#ifndef H4MK_SERVER_FRONT_WATCH_H_
#define H4MK_SERVER_FRONT_WATCH_H_

#include <set>
#include <string>
#include <vector>

namespace h4mk::server {

class FolderWatch {
 public:
  FolderWatch();
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  int fd() const { return fd_; }
  // Watches these folders and those that were watched before.
  void Add(const std::vector<std::string>& folders);
  struct Changes {
    bool grown = false;  // the bytes of a file
    bool listing = false;
  };
  // Reads what has happened; does not block.
  Changes Read();

 private:
  int fd_;
  std::set<std::string> folders_;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_FRONT_WATCH_H_
