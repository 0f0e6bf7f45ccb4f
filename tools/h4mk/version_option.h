// SPDX-License-Identifier: MIT
// --to: a version of the format.
#ifndef H4MK_TOOLS_VERSION_OPTION_H_
#define H4MK_TOOLS_VERSION_OPTION_H_

#include <h4mk/h4mk.h>

#include <CLI/CLI.hpp>
#include <string>

namespace h4mk::tool {

inline void AddVersionOption(CLI::App* command, int* version) {
  command
      ->add_option_function<std::string>(
          "--to",
          [version](const std::string& text) {
            *version = text == "transport" ? H4MK_VERSION_TRANSPORT : text == "1" ? 1 : 2;
          },
          "The version: 1, 2 (default) or transport")
      ->type_name("VERSION")
      ->check(CLI::IsMember({"1", "2", "transport"}).description(""));
}

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_VERSION_OPTION_H_
