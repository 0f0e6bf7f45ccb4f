// SPDX-License-Identifier: MIT
#include "temporary_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>

namespace h4mk::tool {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU, SIGXFSZ};

// All that a handler of a signal may look at: no memory that moves, no locks.
struct Slot {
  std::atomic<bool> taken{false}, used{false};
  int folder = -1;
  char name[24] = {};
};
Slot g_files[kMostTemporaryFiles];
std::atomic<pid_t> g_children[8];
static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

// Of functions that a handler may call. The handler is gone by then (SA_RESETHAND): the same signal
// again ends the program.
void CleanUp(int signal_number) {
  for (Slot& slot : g_files)
    if (slot.used) unlinkat(slot.folder, slot.name, 0);
  for (std::atomic<pid_t>& child : g_children)
    if (const pid_t pid = child; pid > 0) kill(pid, SIGTERM);
  raise(signal_number);
}

void HandleSignals() {
  static const bool done = [] {
    struct sigaction now, ours = {};
    ours.sa_handler = CleanUp;
    ours.sa_flags = SA_RESETHAND | SA_NODEFER;
    for (const int number : kSignals)  // nohup ignores SIGHUP: that stays
      if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_DFL)
        sigaction(number, &ours, nullptr);
    return true;
  }();
  (void)done;
}

int TakeSlot() {
  HandleSignals();
  for (size_t i = 0; i < std::size(g_files); ++i)
    if (!g_files[i].taken.exchange(true)) return static_cast<int>(i);
  errno = EMFILE;
  return -1;
}

// ".h4mk-" and 16 digits.
bool RandomName(char (&name)[24]) {
  unsigned long long number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) return false;
  snprintf(name, sizeof name, ".h4mk-%016llx", number);
  return true;
}

// A file system that cannot rename without replacing: what is there is looked for just before.
bool RenameUnlessThere(int folder, const char* from, const char* to) {
  if (faccessat(folder, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return false;
  }
  return renameat(folder, from, folder, to) == 0;
}

}  // namespace

TemporaryFile::~TemporaryFile() {
  if (slot_ < 0) return;
  unlinkat(place_->folder.get(), g_files[slot_].name, 0);
  Forget();
}

void TemporaryFile::Forget() {
  g_files[slot_].used = false;
  g_files[slot_].taken = false;
  slot_ = -1;
}

bool TemporaryFile::Create(const Place& place, mode_t mode) {
  place_ = &place;
  const int slot = TakeSlot();
  if (slot < 0) return false;
  Slot& taken = g_files[slot];
  taken.folder = place.folder.get();
  if (RandomName(taken.name)) {
    taken.used = true;  // before it exists: a signal may come at any time
    fd_ = OwnedFd(
        openat(taken.folder, taken.name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  }
  slot_ = slot;
  if (fd_.ok() && fchmod(fd_.get(), mode) == 0) return true;
  const int error = errno;
  if (!fd_.ok()) Forget();
  errno = error;
  return false;
}

bool TemporaryFile::PutInPlace(bool replace) {
  // After a crash the old file or the new one is there, not an empty one.
  if (replace && place_->exists && fdatasync(fd_.get()) != 0) return false;
  if (close(fd_.Release()) != 0) return false;
  const int folder = place_->folder.get();
  const char* from = g_files[slot_].name;
  const char* to = place_->name.c_str();
  bool moved = replace ? renameat(folder, from, folder, to) == 0
                       : renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0;
  if (!moved && !replace && (errno == EINVAL || errno == ENOSYS))
    moved = RenameUnlessThere(folder, from, to);
  if (moved) Forget();
  return moved;
}

void EndWithThis(pid_t child) {
  HandleSignals();
  for (std::atomic<pid_t>& slot : g_children) {
    pid_t none = 0;
    if (slot.compare_exchange_strong(none, child)) return;
  }
}

void DoNotEnd(pid_t child) {
  for (std::atomic<pid_t>& slot : g_children) {
    pid_t expected = child;
    if (slot.compare_exchange_strong(expected, 0)) return;
  }
}

}  // namespace h4mk::tool
