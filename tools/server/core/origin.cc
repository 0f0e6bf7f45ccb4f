// SPDX-License-Identifier: MIT
#include "core/origin.h"

#include <algorithm>
#include <fstream>

#include "core/remote_file.h"
#include "core/text.h"
#include "core/work.h"

namespace h4mk::server {
namespace {

constexpr std::chrono::seconds kTrusted{30};

// A path that stays below the folder, whatever a server makes of "..".
bool IsInside(std::string_view path) {
  for (const std::string_view step : Split(path, '/'))
    if (step.empty() || step == "." || step == "..") return false;
  return std::none_of(path.begin(), path.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\\'; });
}

std::string CheckedUrl(std::string url) {
  if (!CanReadUrls()) throw std::runtime_error("this program was built without libcurl");
  const size_t host = url.find("://") + 3;
  if ((!url.starts_with("http://") && !url.starts_with("https://")) || host == url.size() ||
      url.find_first_of("?#@ \\", host) != std::string::npos)
    throw std::runtime_error(url + " is no http or https URL of a folder");
  if (!url.ends_with('/')) url += '/';
  return url;
}

}  // namespace

Origin::Origin(std::string url, std::string list)
    : url_(CheckedUrl(std::move(url))), list_(std::move(list)) {
  if (!std::ifstream(list_)) throw std::runtime_error(list_ + " cannot be read");
}

std::vector<std::string> Origin::Paths() {
  std::ifstream file(list_);
  if (!file) return paths_;
  paths_.clear();
  for (std::string line; std::getline(file, line);) {
    const std::string_view path = Trim(line);
    if (!path.starts_with('#') && IsInside(path)) paths_.emplace_back(path);
  }
  return paths_;
}

bool Origin::Slot::IsKnown() const {
  return file != nullptr && !file->has_failed() && Clock::now() - asked < kTrusted;
}

// The place of a file; of many those that were used last stay.
std::shared_ptr<Origin::Slot> Origin::Find(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Slot>& place = slots_[path];
  if (place == nullptr) place = std::make_shared<Slot>();
  place->used = ++clock_;
  const std::shared_ptr<Slot> slot = place;
  if (slots_.size() > kMostOpen)
    slots_.erase(std::min_element(slots_.begin(), slots_.end(), [](const auto& a, const auto& b) {
      return a.second->used < b.second->used;
    }));
  return slot;
}

std::shared_ptr<const OpenedFile> Origin::Open(const std::string& path, FileState* state) {
  const std::shared_ptr<Slot> slot = Find(path);
  const auto lock = Work::Lock(slot->opening);
  if (!slot->IsKnown()) {
    Work::BeginLong();
    auto file = std::make_shared<RemoteFile>(url_ + PercentEncode(path));
    const bool is_same = slot->file != nullptr && file->tag() == slot->file->tag() &&
                         file->Size() == slot->file->Size();
    if (is_same)
      slot->file->Trust();
    else
      slot->file = std::move(file);
    slot->asked = Clock::now();
  }
  *state = {0, std::hash<std::string>()(slot->file->tag()),
            static_cast<uint64_t>(slot->file->Size()), 0};
  return slot->file;
}

}  // namespace h4mk::server
