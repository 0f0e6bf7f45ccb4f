// SPDX-License-Identifier: MIT
#include "write_option.h"

#include "text.h"

namespace h4mk::tool {

void AddForceOption(CLI::App* command, WriteOptions* options) {
  command->add_flag("--force,-y", options->overwrite, "Overwrite the output if it exists");
}

void AddWriteOptions(CLI::App* command, WriteOptions* options) {
  AddForceOption(command, options);
  command
      ->add_option_function<std::string>(
          "--max-output",
          [options](const std::string& text) {
            uint64_t bytes = 0;
            if (!ParseSize(text, &bytes))
              throw CLI::ValidationError("--max-output",
                                         "\"" + text + "\" is no size, as 10GB is one");
            options->max_output = bytes;
          },
          "The most that is written, as 500MB or 2GiB; default 64 MiB and 256 times what is read")
      ->type_name("SIZE");
}

}  // namespace h4mk::tool
