// SPDX-License-Identifier: MIT
// Every checksum of a file, with progress as server-sent events.
#ifndef H4MK_SERVER_CORE_VERIFY_H_
#define H4MK_SERVER_CORE_VERIFY_H_

#include "core/router.h"

namespace h4mk::server {

void AddVerifyRoutes(Router* router);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_VERIFY_H_
