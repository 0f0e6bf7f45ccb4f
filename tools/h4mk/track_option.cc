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

Result<uint32_t> FindTrack(const BlockPipeline& reader, int64_t track_id) {
  const std::vector<Track>& tracks = reader.tracks();
  if (track_id == kNoTrack && tracks.size() == 1) return 0u;
  std::string ids;
  for (uint32_t i = 0; i < tracks.size(); ++i) {
    if (tracks[i].id == track_id) return i;
    ids += fmt::format("{}{}", ids.empty() ? "" : ", ", tracks[i].id);
  }
  if (track_id == kNoTrack) return Status(Code::kArgument, "say which --track: " + ids);
  return Status(Code::kArgument,
                fmt::format("no track {}; the file has {}", track_id, ids.empty() ? "none" : ids));
}

}  // namespace h4mk::tool
