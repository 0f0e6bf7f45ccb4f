// SPDX-License-Identifier: MIT
#include "command.h"

#include <cmath>

namespace h4mk::tool {

void AddQuietOption(CLI::App* command) {
  command->add_flag_callback("--quiet,-q", Output::QuietFromStart, "Say only what is wrong");
}

void AddCommonOptions(CLI::App* command, CommonOptions* options) {
  command->add_option("FILE", options->file, "One H4MK file, or - for standard input")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  AddQuietOption(command);
}

CLI::Validator Between(double low, double high) {
  const CLI::Range range(low, high);
  return CLI::Validator(range).operation([range](std::string& text) {
    double number = 0;
    if (CLI::detail::lexical_cast(text, number) && std::isnan(number))
      return text + " is no number";
    return range(text);
  });
}

}  // namespace h4mk::tool
