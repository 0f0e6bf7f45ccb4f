// SPDX-License-Identifier: MIT
#include "track_option.h"

#include <fmt/format.h>

namespace h4mk::tool {

void AddTrackOption(CLI::App* command, int64_t* track_id, bool required) {
  *track_id = kNoTrack;
  command->add_option("--track,-t", *track_id, "The track_id, as `h4mk inspect` shows it")
      ->type_name("ID")
      ->check(CLI::Range(int64_t{0}, kMaxTrackId))
      ->required(required);
}

Result<uint32_t> FindTrack(const Recording& recording, int64_t track_id) {
  if (track_id != kNoTrack) return recording.Find(track_id);
  if (recording.tracks().size() == 1) return 0u;
  std::string ids;
  for (const RecordedTrack& track : recording.tracks())
    ids += fmt::format("{}{}", ids.empty() ? "" : ", ", track.id());
  return Status(Code::kArgument, "say which --track: " + ids);
}

}  // namespace h4mk::tool
