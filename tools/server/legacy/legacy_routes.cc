// SPDX-License-Identifier: MIT
#include "core/service.h"

namespace h4mk::server {

void AddLegacyRoutes(Router*) {}

}  // namespace h4mk::server
