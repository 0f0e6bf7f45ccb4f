// SPDX-License-Identifier: MIT
// Results that are too large for the cache of one file: the index of a long film as MP4. A player
// asks for pieces of it by many requests, and it must not be made for each of them. Thread safe.
#ifndef H4MK_SERVER_CORE_LARGE_RESULTS_H_
#define H4MK_SERVER_CORE_LARGE_RESULTS_H_

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace h4mk::server {

class LargeResults {
 public:
  // For all files together.
  static constexpr size_t kMostBytes = 128 << 20;

  // What was kept for a file under this key; null: nothing.
  std::shared_ptr<const void> Find(const void* file, const std::string& key);
  // Those that were not asked for lately go. What alone is larger than kMostBytes is not kept.
  void Keep(const void* file, const std::string& key, std::shared_ptr<const void> value,
            size_t size);
  // A file goes, and all that was kept for it.
  void Forget(const void* file);

 private:
  struct Entry {
    const void* file;
    std::string key;
    std::shared_ptr<const void> value;
    size_t size;
  };

  std::mutex mutex_;
  std::list<Entry> entries_;  // few, since each is large; the one that was used last in front
  size_t bytes_ = 0;
};

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_LARGE_RESULTS_H_
