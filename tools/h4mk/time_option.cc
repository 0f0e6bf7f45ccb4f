// SPDX-License-Identifier: MIT
#include "time_option.h"

#include "text.h"

namespace h4mk::tool {

void TimeOption::Add(CLI::App* command, const std::string& name, const std::string& what,
                     bool required) {
  // A group says in the help that one of them is needed.
  CLI::App* parent = required ? command->add_option_group(name) : command;
  CLI::Option* ms =
      parent->add_option("--" + name + "-ms", ms_, what + ", in milliseconds")->type_name("INT");
  CLI::Option* clock =
      parent->add_option("--" + name, clock_, what + ", as 1:02:03.5 or in seconds")
          ->type_name("TIME")
          ->check([](const std::string& text) {
            int64_t time = 0;
            return ParseClock(text, &time)
                       ? std::string()
                       : "\"" + text + "\" is no time, as 1:02:03.5 or 90.5 are";
          });
  if (required)
    parent->require_option(1);
  else
    clock->excludes(ms);
}

int64_t TimeOption::In(TimeBase time_base) const {
  if (ms_) return Rescale(*ms_, {1, 1000}, time_base);
  int64_t microseconds = 0;
  ParseClock(clock_, &microseconds);
  return Rescale(microseconds, {1, 1000000}, time_base);
}

}  // namespace h4mk::tool
