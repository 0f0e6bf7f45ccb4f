// SPDX-License-Identifier: MIT
#include "decode/adapter_registry.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "adapters/builtin_adapters.h"
#include "base/callback.h"
#include "decode/adapter_instance.h"

namespace h4mk {
namespace {

// As sudo and ssh do: code runs only where nobody but the user and root chooses it. path: without
// links. harmless: a mode in which it does not matter that others can write.
Status CheckIsOwn(const std::string& path, mode_t harmless) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return Status(Code::kNotFound, path + ": " + std::strerror(errno));
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return Status(Code::kNotFound, path + ": not loaded: it is somebody else's (user " +
                                       std::to_string(info.st_uid) + ")");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (info.st_mode & harmless) == 0)
    return Status(Code::kNotFound, path + ": not loaded: others can write to it");
  return {};
}

Status FindRealPath(const std::string& path, std::string* real) {
  std::error_code error;
  *real = std::filesystem::canonical(path, error).string();
  return error ? Status(Code::kNotFound, path + ": " + error.message()) : Status();
}

// A plugin, or a folder of them, and all folders above it: who can write to one of these can put
// another one in its place. In a folder such as /tmp (S_ISVTX) others cannot.
Status CheckPath(const std::string& path, std::string* real) {
  H4MK_TRY(FindRealPath(path, real));
  H4MK_TRY(CheckIsOwn(*real, 0));
  for (std::filesystem::path above = *real; above.has_relative_path();) {
    above = above.parent_path();
    H4MK_TRY(CheckIsOwn(above.string(), S_ISVTX));
  }
  return {};
}

}  // namespace

AdapterRegistry::AdapterRegistry()
    : entries_{{&kAudioFftAdapter, {}},
               {&kDspAdapter, {}},
               {&kNullAdapter, {}},
               {&kPassThroughAdapter, {}}} {}

void AdapterRegistry::Unload::operator()(void* library) const { dlclose(library); }

Status AdapterRegistry::AddEntry(Entry entry) {
  H4MK_TRY(CheckAdapter(entry.adapter));
  if (Find(entry.adapter->name) != nullptr)
    return Status(Code::kAdapter,
                  "there is an adapter " + std::string(entry.adapter->name) + " already");
  entries_.push_back(std::move(entry));
  return {};
}

Status AdapterRegistry::Load(const std::string& path) {
  // dlopen() looks for names without a slash in places that others may choose.
  if (path.find('/') == path.npos)
    return Status(Code::kArgument, "\"" + path + "\": the path of a plugin needs a slash");
  std::string real;
  H4MK_TRY(CheckPath(path, &real));
  std::unique_ptr<void, Unload> library(dlopen(real.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!library) return Status(Code::kNotFound, dlerror());
  const auto entry =
      reinterpret_cast<h4mk_adapter_entry_function>(dlsym(library.get(), H4MK_ADAPTER_ENTRY));
  if (entry == nullptr) return Status(Code::kAdapter, path + ": no function " H4MK_ADAPTER_ENTRY);
  libraries_.reserve(libraries_.size() + 1);
  const h4mk_adapter* none = nullptr;
  const Status added = AddEntry({CallBack(none, entry), path});
  if (!added.ok()) return added.Saying(path + ": " + added.message());
  libraries_.push_back(std::move(library));
  return {};
}

Status AdapterRegistry::LoadFolder(const std::string& folder, std::string* passed_over) {
  passed_over->clear();
  if (!folder.starts_with('/'))
    return Status(Code::kArgument, "\"" + folder + "\": the folder of plugins must be absolute");
  std::string real;
  H4MK_TRY(CheckPath(folder, &real));
  std::vector<std::string> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error))
    if (at->path().extension() == ".so") paths.push_back(at->path().string());
  if (error) return Status(Code::kNotFound, folder + ": " + error.message());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const Status own = CheckPath(path, &real);
    if (own.ok())
      H4MK_TRY(Load(path));
    else
      *passed_over += (passed_over->empty() ? "" : "; ") + own.message();
  }
  return {};
}

const h4mk_adapter* AdapterRegistry::Find(std::string_view name) const {
  for (const Entry& entry : entries_)
    if (entry.adapter->name == name) return entry.adapter;
  return nullptr;
}

const h4mk_adapter* AdapterRegistry::ForTrack(const h4mk_adapter_track& track) const {
  if (track.adapter != nullptr) return Find(track.adapter);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry)
    if (CallBack(0, [&] { return entry->adapter->claims(&track); })) return entry->adapter;
  return nullptr;
}

Status AdapterRegistry::Choose(const char* name, const h4mk_adapter_track& track,
                               const h4mk_adapter** adapter) const {
  *adapter = name != nullptr ? Find(name) : ForTrack(track);
  if (*adapter != nullptr) return {};
  const char* wanted = name != nullptr ? name : track.adapter;
  if (wanted != nullptr)
    return Status(Code::kNotFound, "there is no adapter " + std::string(wanted));
  return Status(Code::kNotFound, "no adapter claims track " + std::to_string(track.track_id) +
                                     " (kind " + track.kind + ", codec " + track.codec + ")");
}

}  // namespace h4mk
