// SPDX-License-Identifier: MIT
// Poster, thumbnails and sprites, made by FFmpeg in a process of its own.
#ifndef H4MK_SERVER_CORE_PICTURES_H_
#define H4MK_SERVER_CORE_PICTURES_H_

#include "core/router.h"

namespace h4mk::server {

void AddPictureRoutes(Router* router);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_CORE_PICTURES_H_
