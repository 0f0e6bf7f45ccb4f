// SPDX-License-Identifier: MIT
#include "command.h"

namespace h4mk::tool {

void AddCommonOptions(CLI::App* command, CommonOptions* options) {
  command->add_option("FILE", options->file, "An H4MK file, or - for standard input")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
}

}  // namespace h4mk::tool
