// SPDX-License-Identifier: MIT
#include "core/catalogue.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

namespace h4mk::server {
namespace {

constexpr std::string_view kExtension = ".h4mk";

// A kernel before 5.6, or a sandbox, has no openat2: then each step of the path is opened without
// following a link.
int OpenStepByStep(int folder, std::string_view path, int flags) {
  int at = dup(folder);
  while (at >= 0) {
    const size_t slash = path.find('/');
    const std::string step(path.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    int next = -1;
    if (!step.empty() && step != "." && step != "..")
      next =
          openat(at, step.c_str(), (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
    close(at);
    if (last) return next;
    at = next;
    path.remove_prefix(slash + 1);
  }
  return -1;
}

int OpenBelow(int folder, const std::string& path, int flags) {
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  return OpenStepByStep(folder, path, flags);
}

bool StateOf(int fd, FileState* state) {
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return false;
  *state = {info.st_dev, info.st_ino, static_cast<uint64_t>(info.st_size),
            info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
  return true;
}

}  // namespace

struct Catalogue::Walk {
  std::map<std::string, Place> places;
  std::vector<std::string> folders;

  void Folder(const Root& root, size_t number, const std::string& below, int depth) {
    const int fd = below.empty()
                       ? openat(root.folder->fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                       : OpenBelow(root.folder->fd(), below, O_RDONLY | O_DIRECTORY);
    DIR* dir = fd < 0 ? nullptr : fdopendir(fd);
    if (dir == nullptr) {
      if (fd >= 0) close(fd);
      return;
    }
    folders.push_back(below.empty() ? root.path : root.path + "/" + below);
    while (const dirent* entry = readdir(dir)) {
      const std::string file = entry->d_name;
      if (file.starts_with('.')) continue;  // ".", "..", and what is hidden
      if (below.empty() && !root.only.empty() && file != root.only) continue;
      struct stat info;
      if (fstatat(dirfd(dir), file.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const std::string path = below.empty() ? file : below + "/" + file;
      if (S_ISDIR(info.st_mode) && depth < kMostFolders && root.only.empty())
        Folder(root, number, path, depth + 1);
      else if (S_ISREG(info.st_mode) && places.size() < kMostFiles)
        File(number, path, info);
    }
    closedir(dir);
  }

  void List(const Root& root, size_t number) {
    for (const std::string& path : root.origin->Paths())
      if (places.size() < kMostFiles) File(number, path, {});
  }

  // Of files with one name in two folders the first one counts.
  void File(size_t number, const std::string& path, const struct stat& info) {
    if (path.size() <= kExtension.size() || !path.ends_with(kExtension)) return;
    places.try_emplace(path.substr(0, path.size() - kExtension.size()),
                       Place{number, path, static_cast<uint64_t>(info.st_size),
                             info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec});
  }
};

void Catalogue::Add(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path full = fs::absolute(path, error).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  const bool is_folder = fs::is_directory(full, error);
  if (!is_folder && !fs::is_regular_file(full, error))
    throw std::runtime_error(path + " is neither a folder nor a file");
  if (!is_folder && full.extension() != ".h4mk")
    throw std::runtime_error(path + " is no .h4mk file");
  if (!is_folder && fs::is_symlink(full, error))
    throw std::runtime_error(path + " is a link: name the file that it leads to");
  const std::string folder = is_folder ? full.string() : full.parent_path().string();
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error(folder + ": " + std::strerror(errno));
  const std::unique_lock lock(mutex_);
  roots_.push_back(std::make_shared<const Root>(
      Root{folder, std::make_shared<const LocalFile>(fd),
           is_folder ? std::string() : full.filename().string(), nullptr}));
}

void Catalogue::AddOrigin(const std::string& url, const std::string& list) {
  const std::unique_lock lock(mutex_);
  roots_.push_back(
      std::make_shared<const Root>(Root{url, nullptr, "", std::make_shared<Origin>(url, list)}));
}

bool Catalogue::Scan() {
  std::vector<std::shared_ptr<const Root>> roots;
  {
    const std::shared_lock lock(mutex_);
    roots = roots_;
  }
  Walk walk;
  for (size_t i = 0; i < roots.size(); ++i)
    roots[i]->origin ? walk.List(*roots[i], i) : walk.Folder(*roots[i], i, "", 0);
  const std::unique_lock lock(mutex_);
  const bool changed = !std::equal(places_.begin(), places_.end(), walk.places.begin(),
                                   walk.places.end(), [](const auto& a, const auto& b) {
                                     return a.first == b.first && a.second.size == b.second.size &&
                                            a.second.modified_ns == b.second.modified_ns;
                                   });
  places_.swap(walk.places);
  folders_.swap(walk.folders);
  return changed;
}

std::vector<Catalogue::Entry> Catalogue::List() const {
  const std::shared_lock lock(mutex_);
  std::vector<Entry> list;
  list.reserve(places_.size());
  for (const auto& [name, place] : places_) list.push_back({name, place.size, place.modified_ns});
  return list;
}

bool Catalogue::Has(const std::string& name) const {
  const std::shared_lock lock(mutex_);
  return places_.count(name) != 0;
}

bool Catalogue::IsRemote(const std::string& name) const {
  std::string path;
  const auto root = Find(name, &path);
  return root != nullptr && root->origin != nullptr;
}

std::shared_ptr<const Catalogue::Root> Catalogue::Find(const std::string& name,
                                                       std::string* path) const {
  const std::shared_lock lock(mutex_);
  const auto found = places_.find(name);
  if (found == places_.end()) return nullptr;
  *path = found->second.path;
  return roots_[found->second.root];
}

std::shared_ptr<const OpenedFile> Catalogue::Open(const std::string& name, FileState* state) const {
  std::string path;
  const auto root = Find(name, &path);
  if (root == nullptr) throw HttpError(404, "there is no file " + name);
  if (root->origin != nullptr) return root->origin->Open(path, state);
  // Not blocking: a FIFO that took the place of a file since must not hold the thread.
  const int fd = OpenBelow(root->folder->fd(), path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) throw HttpError(404, "the file " + name + " is gone or cannot be read");
  auto file = std::make_shared<const LocalFile>(fd);
  if (!StateOf(fd, state)) throw HttpError(404, "the file " + name + " is no regular file");
  return file;
}

std::shared_ptr<const OpenedFile> Catalogue::OpenBeside(const std::string& name,
                                                        const std::string& other) const {
  if (other.empty() || other.find_first_of("/\\:%?#") != std::string::npos || other[0] == '-')
    return nullptr;
  // Whoever may put a file here could else read with it what is hidden, and what others may not ask
  // for.
  if (other[0] == '.' || other.ends_with(kExtension)) return nullptr;
  std::string path;
  const auto root = Find(name, &path);
  if (root == nullptr) return nullptr;
  const size_t slash = path.rfind('/');
  path = slash == std::string::npos ? other : path.substr(0, slash + 1) + other;
  FileState state;
  if (root->origin != nullptr) try {
      return root->origin->Open(path, &state);
    } catch (const HttpError&) {
      return nullptr;
    }
  const int fd = OpenBelow(root->folder->fd(), path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return nullptr;
  auto file = std::make_shared<const LocalFile>(fd);
  return StateOf(fd, &state) ? file : nullptr;
}

std::vector<std::string> Catalogue::Folders() const {
  const std::shared_lock lock(mutex_);
  return folders_;
}

}  // namespace h4mk::server
