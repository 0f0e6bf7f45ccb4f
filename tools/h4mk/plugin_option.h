// SPDX-License-Identifier: MIT
// --plugin: adapters besides those that are built in.
#ifndef H4MK_TOOLS_PLUGIN_OPTION_H_
#define H4MK_TOOLS_PLUGIN_OPTION_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "decode/adapter_registry.h"

namespace h4mk::tool {

// --plugin PATH, any number of times.
void AddPluginOption(CLI::App* command, std::vector<std::string>* paths);

Status LoadPlugins(const std::vector<std::string>& paths, AdapterRegistry* adapters);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_PLUGIN_OPTION_H_
