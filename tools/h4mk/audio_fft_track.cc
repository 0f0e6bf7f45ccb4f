// SPDX-License-Identifier: MIT
#include "audio_fft_track.h"

#include "base/base64.h"
#include "track_option.h"

namespace h4mk::tool {
namespace {

bool IsAudioFft(const RecordedTrack& track) { return track.description["codec"] == kAudioFftCodec; }

}  // namespace

Result<uint32_t> FindAudioFftTrack(const Recording& recording, int64_t track_id) {
  const std::vector<RecordedTrack>& tracks = recording.tracks();
  if (track_id == kNoTrack) {
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < tracks.size(); ++i)
      if (IsAudioFft(tracks[i])) found.push_back(i);
    if (found.size() == 1) return found[0];
    return Status(Code::kNotFound, found.empty()
                                       ? "no track of audio_fft"
                                       : "several tracks of audio_fft; say which --track");
  }
  Result<uint32_t> track = FindTrack(recording, track_id);
  if (track.ok() && !IsAudioFft(tracks[track.value()]))
    return Status(Code::kArgument,
                  "track " + std::to_string(track_id) + " is not one of audio_fft");
  return track;
}

Status ReadAudioFftFormat(const RecordedTrack& track, AudioTokenFormat* format) {
  const auto rate = track.description.find("sample_rate");
  const auto text = track.description.find("extradata");
  Bytes extradata;
  if (rate == track.description.end() || !rate->is_number_integer() || *rate < 1 ||
      *rate > UINT32_MAX || text == track.description.end() || !text->is_string() ||
      !DecodeBase64(text->get_ref<const std::string&>(), &extradata))
    return Status(Code::kCorrupt, "the track lacks its sample_rate or extradata");
  return DecodeAudioFftFormat(extradata, rate->get<uint32_t>(), format);
}

}  // namespace h4mk::tool
