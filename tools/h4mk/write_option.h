// SPDX-License-Identifier: MIT
// --force and --max-output: how a command writes files.
#ifndef H4MK_TOOLS_WRITE_OPTION_H_
#define H4MK_TOOLS_WRITE_OPTION_H_

#include <CLI/CLI.hpp>

#include "file.h"

namespace h4mk::tool {

void AddForceOption(CLI::App* command, WriteOptions* options);
// The same, and --max-output, for commands whose output may be much larger than their input.
void AddWriteOptions(CLI::App* command, WriteOptions* options);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_WRITE_OPTION_H_
