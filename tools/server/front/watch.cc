// SPDX-License-Identifier: MIT
#include "front/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <string_view>

namespace h4mk::server {

FolderWatch::FolderWatch() : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

FolderWatch::~FolderWatch() {
  if (fd_ >= 0) close(fd_);
}

void FolderWatch::Add(const std::vector<std::string>& folders) {
  if (fd_ < 0) return;
  // A folder that was removed and made again needs a new watch: adding one twice does no harm.
  for (const std::string& folder : folders)
    inotify_add_watch(fd_, folder.c_str(),
                      IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                          IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR);
}

namespace {

// Other files of the folder (a log, say) may be written to all the time.
bool Concerns(const inotify_event& event) {
  if (event.len == 0 || (event.mask & IN_ISDIR)) return true;
  return std::string_view(event.name).ends_with(".h4mk");
}

}  // namespace

FolderWatch::Changes FolderWatch::Read() {
  Changes changes;
  alignas(inotify_event) char buffer[16 << 10];
  for (;;) {
    const ssize_t size = read(fd_, buffer, sizeof buffer);
    if (size <= 0) return changes;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      if (!Concerns(*event)) continue;
      if (event->mask & (IN_MODIFY | IN_CLOSE_WRITE)) changes.grown = true;
      if (event->mask & ~static_cast<uint32_t>(IN_MODIFY | IN_IGNORED)) changes.listing = true;
    }
  }
}

}  // namespace h4mk::server
