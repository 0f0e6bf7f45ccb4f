// SPDX-License-Identifier: MIT
// Times on the command line.
#ifndef H4MK_TOOLS_TIME_OPTION_H_
#define H4MK_TOOLS_TIME_OPTION_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "base/time_base.h"

namespace h4mk::tool {

// A time as --<name>-ms, in milliseconds, or --<name>, as people write it.
class TimeOption {
 public:
  void Add(CLI::App* command, const std::string& name, const std::string& what, bool required);
  bool given() const { return ms_.has_value() || !clock_.empty(); }
  // In a time base, rounded down.
  int64_t In(TimeBase time_base) const;
  int64_t milliseconds() const { return In({1, 1000}); }

 private:
  std::optional<int64_t> ms_;
  std::string clock_;
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_TIME_OPTION_H_
