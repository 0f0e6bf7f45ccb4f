// SPDX-License-Identifier: MIT
// A whole MP4 with its index in front, made from spans of the file.
#ifndef H4MK_SERVER_MEDIA_PROGRESSIVE_H_
#define H4MK_SERVER_MEDIA_PROGRESSIVE_H_

#include "core/media_file.h"

namespace h4mk::server {

// What is shown from `from` to `to` (seconds), in whole segments. Throws HttpError.
Body ProgressiveMp4(MediaFile& file, double from, double to);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_PROGRESSIVE_H_
