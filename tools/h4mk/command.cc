// SPDX-License-Identifier: MIT
#include "command.h"

namespace h4mk::tool {

void AddQuietOption(CLI::App* command) {
  command->add_flag_callback("--quiet,-q", Output::QuietFromStart, "Say only what is wrong");
}

void AddCommonOptions(CLI::App* command, CommonOptions* options) {
  command->add_option("FILE", options->file, "One H4MK file, or - for standard input")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  AddQuietOption(command);
}

}  // namespace h4mk::tool
