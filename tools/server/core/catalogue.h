// SPDX-License-Identifier: MIT
// Which files there are. A name is the path below the folder without ".h4mk". Requests are looked
// up here, and only what was found by walking the folder is ever opened: regular files, no links,
// nothing outside (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS). Of an origin it is what
// its list has.
#ifndef H4MK_SERVER_CORE_CATALOGUE_H_
#define H4MK_SERVER_CORE_CATALOGUE_H_

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "core/message.h"
#include "core/origin.h"

namespace h4mk::server {

class Catalogue {
 public:
  static constexpr size_t kMostFiles = 100'000;
  static constexpr int kMostFolders = 32;  // nested

  // Adds a folder, or a single file. Throws std::runtime_error if it cannot be opened.
  void Add(const std::string& path);
  // Adds files on another server. Throws std::runtime_error.
  void AddOrigin(const std::string& url, const std::string& list);
  // Walks the folders anew. Thread safe, as all that follow. True if the list has changed.
  bool Scan();

  struct Entry {
    std::string name;
    uint64_t size = 0;  // 0 for those of an origin, which was not asked
    int64_t modified_ns = 0;
  };
  std::vector<Entry> List() const;
  bool Has(const std::string& name) const;
  bool IsRemote(const std::string& name) const;

  // Opens a file of the list as it is now; throws HttpError 404 if it is not there. For one of an
  // origin see there.
  std::shared_ptr<const OpenedFile> Open(const std::string& name, FileState* state) const;
  // Opens a file in the same folder, by a name that external data may have. Null: there is none.
  std::shared_ptr<const OpenedFile> OpenBeside(const std::string& name,
                                               const std::string& other) const;

  // Folders to watch, as absolute paths.
  std::vector<std::string> Folders() const;

 private:
  struct Root {
    std::string path;
    std::shared_ptr<const LocalFile> folder;
    std::string only;                // the one file that is served of this folder, or ""
    std::shared_ptr<Origin> origin;  // in place of a folder
  };
  struct Place {
    size_t root = 0;
    std::string path;  // below the root
    uint64_t size = 0;
    int64_t modified_ns = 0;
  };
  struct Walk;
  // Where a file of the list is; null: there is none of this name.
  std::shared_ptr<const Root> Find(const std::string& name, std::string* path) const;

  mutable std::shared_mutex mutex_;
  std::vector<std::shared_ptr<const Root>> roots_;
  std::map<std::string, Place> places_;
  std::vector<std::string> folders_;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_CATALOGUE_H_
