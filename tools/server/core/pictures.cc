// SPDX-License-Identifier: MIT
#include "core/pictures.h"

#include "core/service.h"

namespace h4mk::server {

void AddPictureRoutes(Router*) {}

}  // namespace h4mk::server
