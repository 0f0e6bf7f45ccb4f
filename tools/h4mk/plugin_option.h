// SPDX-License-Identifier: MIT
// --plugin: adapters besides those that are built in.
#ifndef H4MK_TOOLS_PLUGIN_OPTION_H_
#define H4MK_TOOLS_PLUGIN_OPTION_H_

#include <h4mk/adapter.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace h4mk::tool {

// --plugin PATH, any number of times.
void AddPluginOption(CLI::App* command, std::vector<std::string>* paths);

struct AdaptersFree {
  void operator()(h4mk_adapters* adapters) const { h4mk_adapters_free(adapters); }
};
using Adapters = std::unique_ptr<h4mk_adapters, AdaptersFree>;

// The adapters that are built in, and those of plugins.
Status LoadAdapters(const std::vector<std::string>& paths, Adapters* adapters);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_PLUGIN_OPTION_H_
