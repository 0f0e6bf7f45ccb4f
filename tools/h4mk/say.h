// SPDX-License-Identifier: MIT
// Words on standard error.
#ifndef H4MK_TOOLS_SAY_H_
#define H4MK_TOOLS_SAY_H_

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace h4mk::tool {

// fmt::print() throws where nothing can be written, which would end the work for a message. Here
// the exit status has to tell.
template <typename... Args>
void Say(fmt::format_string<Args...> format, Args&&... args) {
  const std::string text = fmt::format(format, std::forward<Args>(args)...);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_SAY_H_
