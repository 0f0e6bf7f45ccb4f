// SPDX-License-Identifier: MIT
// A progress bar on standard error for work that takes longer than a moment, if that is a terminal.
#ifndef H4MK_TOOLS_PROGRESS_H_
#define H4MK_TOOLS_PROGRESS_H_

#include <cstdint>
#include <functional>

namespace h4mk::tool {

// A function to be called with what is done and what there is to do, in bytes; null if nobody would
// see it.
std::function<void(uint64_t done, uint64_t total)> MakeProgress(const char* what);

// Takes the bar off the terminal, for a message or at the end.
void ClearProgress();

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_PROGRESS_H_
