// SPDX-License-Identifier: MIT
// Which files there are. A name is the path below the folder without ".h4mk". Requests are looked
// up here, and only what was found by walking the folder is ever opened: regular files, no links,
// nothing outside (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS).
#ifndef H4MK_SERVER_CORE_CATALOGUE_H_
#define H4MK_SERVER_CORE_CATALOGUE_H_

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/message.h"

namespace h4mk::server {

// What tells one state of a file from another.
struct FileState {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t modified_ns = 0;
  bool operator==(const FileState&) const = default;
};

class Catalogue {
 public:
  static constexpr size_t kMostFiles = 100'000;
  static constexpr int kMostFolders = 32;  // nested

  // Adds a folder, or a single file. Throws std::runtime_error if it cannot be opened.
  void Add(const std::string& path);
  // Walks the folders anew. Thread safe, as all that follow. True if the list has changed.
  bool Scan();

  struct Entry {
    std::string name;
    uint64_t size = 0;
    int64_t modified_ns = 0;
  };
  std::vector<Entry> List() const;
  bool Has(const std::string& name) const;

  // Opens a file of the list as it is now; throws HttpError 404 if it is not there.
  std::shared_ptr<const OpenedFile> Open(const std::string& name, FileState* state) const;
  // Opens a file in the same folder, by a name that external data may have. Null: there is none.
  std::shared_ptr<const OpenedFile> OpenBeside(const std::string& name,
                                               const std::string& other) const;

  // Folders to watch, as absolute paths.
  std::vector<std::string> Folders() const;

 private:
  struct Root {
    std::string path;
    std::shared_ptr<const OpenedFile> folder;
    std::string only;  // the one file that is served of this folder, or ""
  };
  struct Place {
    size_t root = 0;
    std::string path;  // below the root
    uint64_t size = 0;
    int64_t modified_ns = 0;
  };
  struct Walk;

  mutable std::shared_mutex mutex_;
  std::vector<Root> roots_;
  std::map<std::string, Place> places_;
  std::vector<std::string> folders_;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_CATALOGUE_H_
