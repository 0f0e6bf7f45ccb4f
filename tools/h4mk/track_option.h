// SPDX-License-Identifier: MIT
// --track: a track of a file by its track_id.
#ifndef H4MK_TOOLS_TRACK_OPTION_H_
#define H4MK_TOOLS_TRACK_OPTION_H_

#include <CLI/CLI.hpp>

#include "recording.h"

namespace h4mk::tool {

inline constexpr int64_t kNoTrack = -1;
inline constexpr int64_t kMaxTrackId = 65535;  // core.md, "TRAK"

// --track ID into *track_id, which is kNoTrack without it.
void AddTrackOption(CLI::App* command, int64_t* track_id, bool required);

// The index of a track; kArgument if the file has no such track, or more than one and none was
// named.
Result<uint32_t> FindTrack(const Recording& recording, int64_t track_id);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_TRACK_OPTION_H_
