// SPDX-License-Identifier: MIT
// A range of time as a file of its own: range.h4mk and range.mp4.
#ifndef H4MK_SERVER_CORE_CUT_H_
#define H4MK_SERVER_CORE_CUT_H_

#include "core/router.h"

namespace h4mk::server {

void AddCutRoutes(Router* router);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_CUT_H_
