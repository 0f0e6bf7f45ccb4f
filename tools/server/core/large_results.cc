// SPDX-License-Identifier: MIT
#include "core/large_results.h"

#include <algorithm>
#include <utility>

namespace h4mk::server {

std::shared_ptr<const void> LargeResults::Find(const void* file, const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry.file == file && entry.key == key; });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return found->value;
}

void LargeResults::Keep(const void* file, const std::string& key, std::shared_ptr<const void> value,
                        size_t size) {
  if (size > kMostBytes) return;
  std::list<Entry> gone;  // freed without the lock
  const std::lock_guard lock(mutex_);
  entries_.push_front({file, key, std::move(value), size});
  bytes_ += size;
  while (bytes_ > kMostBytes) {
    bytes_ -= entries_.back().size;
    gone.splice(gone.begin(), entries_, std::prev(entries_.end()));
  }
}

void LargeResults::Forget(const void* file) {
  std::list<Entry> gone;  // freed without the lock
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;
    if (here->file != file) continue;
    bytes_ -= here->size;
    gone.splice(gone.begin(), entries_, here);
  }
}

}  // namespace h4mk::server
