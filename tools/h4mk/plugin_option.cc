// SPDX-License-Identifier: MIT
#include "plugin_option.h"

#include <filesystem>

namespace h4mk::tool {

void AddPluginOption(CLI::App* command, std::vector<std::string>* paths) {
  command
      ->add_option(
          "--plugin", *paths,
          "A shared object with an adapter (its path needs a slash), or an absolute folder of such")
      ->type_name("PATH")
      ->allow_extra_args(false);
}

Status LoadPlugins(const std::vector<std::string>& paths, AdapterRegistry* adapters) {
  for (const std::string& path : paths)
    H4MK_TRY(std::filesystem::is_directory(path) ? adapters->LoadFolder(path)
                                                 : adapters->Load(path));
  return {};
}

}  // namespace h4mk::tool
