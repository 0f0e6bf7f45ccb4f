// SPDX-License-Identifier: MIT
// Errors of version 1 and of the transport dialect have names that tools, tests and other
// implementations share: the message starts with the name ("chunk_crc: …"). legacy.md, "Version 1:
// limits and faults" and "Transport dialect", say when each occurs.
#ifndef H4MK_BASE_FAULT_H_
#define H4MK_BASE_FAULT_H_

#include <string>
#include <string_view>

#include "base/status.h"

namespace h4mk {

inline Status Fault(std::string_view name, const std::string& what, Code code = Code::kCorrupt) {
  return Status(code, std::string(name) + ": " + what).Named(name);
}

}  // namespace h4mk

#endif  // H4MK_BASE_FAULT_H_
