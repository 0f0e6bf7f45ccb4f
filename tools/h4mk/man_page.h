// SPDX-License-Identifier: MIT
// The manual page of a command, made of what the parser knows of it: so it says what --help says.
#ifndef H4MK_TOOLS_MAN_PAGE_H_
#define H4MK_TOOLS_MAN_PAGE_H_

#include <CLI/CLI.hpp>
#include <string>

namespace h4mk::tool {

// h4mk-<command>(1), in the language of man(7).
std::string ManPage(const CLI::App& command, const std::string& version);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_MAN_PAGE_H_
