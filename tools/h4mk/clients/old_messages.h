// SPDX-License-Identifier: MIT
// What the first programs said of a fault (base/fault.h).
#ifndef H4MK_TOOLS_CLIENTS_OLD_MESSAGES_H_
#define H4MK_TOOLS_CLIENTS_OLD_MESSAGES_H_

#include <string>

#include "base/io.h"
#include "base/status.h"

namespace h4mk::tool {

std::string OldMessage(const Status& fault, Source& source);
std::string OldTransportMessage(const Status& fault, Source& source);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_CLIENTS_OLD_MESSAGES_H_
