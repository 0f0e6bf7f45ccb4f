// SPDX-License-Identifier: MIT
// The adapters that an application can use: built in, its own, and loaded from plugins.
#ifndef H4MK_DECODE_ADAPTER_REGISTRY_H_
#define H4MK_DECODE_ADAPTER_REGISTRY_H_

#include <h4mk/adapter.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace h4mk {

class AdapterRegistry {
 public:
  struct Entry {
    const h4mk_adapter* adapter;
    std::string path;  // empty: not loaded
  };

  // With the built-in ones.
  AdapterRegistry();

  Status Add(const h4mk_adapter* adapter) { return AddEntry({adapter, {}}); }
  // kArgument: no slash in the path. kNotFound: it cannot be loaded, or others than the user and
  // root could change it. kAdapter: it is no adapter.
  Status Load(const std::string& path);
  // Every *.so of an absolute folder in the order of their names. *passed_over: which of them were
  // left out because others could change them; empty if none.
  Status LoadFolder(const std::string& folder, std::string* passed_over);

  const std::vector<Entry>& entries() const { return entries_; }
  // Null: there is none.
  const h4mk_adapter* Find(std::string_view name) const;
  const h4mk_adapter* ForTrack(const h4mk_adapter_track& track) const;
  // The one with a name, or, without one, the one for the track. kNotFound says what is missing.
  Status Choose(const char* name, const h4mk_adapter_track& track,
                const h4mk_adapter** adapter) const;

 private:
  struct Unload {
    void operator()(void* library) const;
  };

  Status AddEntry(Entry entry);

  std::vector<std::unique_ptr<void, Unload>> libraries_;
  std::vector<Entry> entries_;
};

}  // namespace h4mk

#endif  // H4MK_DECODE_ADAPTER_REGISTRY_H_
