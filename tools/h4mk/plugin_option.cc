// SPDX-License-Identifier: MIT
#include "plugin_option.h"

#include <filesystem>

#include "say.h"
#include "text.h"

namespace h4mk::tool {

void AddPluginOption(CLI::App* command, std::vector<std::string>* paths) {
  command
      ->add_option(
          "--plugin", *paths,
          "A shared object with an adapter (its path needs a slash), or an absolute folder of such")
      ->type_name("PATH")
      ->allow_extra_args(false);
}

Status LoadAdapters(const std::vector<std::string>& paths, Adapters* adapters) {
  adapters->reset(h4mk_adapters_new());
  if (*adapters == nullptr) return Status(Code::kMemory, "out of memory");
  for (const std::string& path : paths) {
    const bool is_folder = std::filesystem::is_directory(path);
    const h4mk_status status = is_folder ? h4mk_adapters_load_folder(adapters->get(), path.c_str())
                                         : h4mk_adapters_load(adapters->get(), path.c_str());
    const std::string message = h4mk_adapters_message(adapters->get());
    if (status != H4MK_OK) return Status(static_cast<Code>(status), message);
    if (is_folder && !message.empty()) Say("h4mk: warning: {}\n", Printable(message));
  }
  return {};
}

}  // namespace h4mk::tool
