// SPDX-License-Identifier: MIT
// A folder on a web server or an object store. Servers do not list folders in a way that all have,
// so a list says which files there are, and no other is ever asked for.
#ifndef H4MK_SERVER_CORE_ORIGIN_H_
#define H4MK_SERVER_CORE_ORIGIN_H_

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/message.h"

namespace h4mk::server {

class RemoteFile;

// What tells one state of a file from another.
struct FileState {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t modified_ns = 0;
  bool operator==(const FileState&) const = default;
};

class Origin {
 public:
  // url: of the folder, http or https. list: a file with a path below it a line. Throws
  // std::runtime_error.
  Origin(std::string url, std::string list);

  // The paths of the list as it is now; those before if it cannot be read. For one thread.
  std::vector<std::string> Paths();
  // The file as it was when the server was asked last, which is done every 30 s and after an error.
  // Its state has a hash of its ETag in place of an inode. Thread safe. Throws HttpError, and
  // TakesLong on a thread that may not wait.
  std::shared_ptr<const OpenedFile> Open(const std::string& path, FileState* state);

 private:
  static constexpr size_t kMostOpen = 64;
  using Clock = std::chrono::steady_clock;
  struct Slot {
    std::timed_mutex opening;
    std::shared_ptr<RemoteFile> file;
    Clock::time_point asked;
    uint64_t used = 0;
    bool IsKnown() const;
  };
  std::shared_ptr<Slot> Find(const std::string& path);

  const std::string url_, list_;
  std::vector<std::string> paths_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;
  uint64_t clock_ = 0;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_ORIGIN_H_
