// SPDX-License-Identifier: MIT
#include "audio_fft_track.h"

#include "api.h"
#include "track_option.h"

namespace h4mk::tool {
namespace {

bool IsAudioFft(const RecordedTrack& track) { return track.description["codec"] == kAudioFftCodec; }

}  // namespace

Status ResultOf(h4mk_status status, const AudioFft& sound) {
  if (status == H4MK_OK) return {};
  const std::string message = h4mk_audio_fft_message(sound.get());
  return Status(static_cast<Code>(status), message.empty() ? h4mk_strerror(status) : message);
}

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

Status OpenAudioFft(const RecordedTrack& track, AudioFft* sound) {
  Value description;
  H4MK_TRY(ToValue(track.description, "the track", &description));
  h4mk_audio_fft* opened = nullptr;
  const h4mk_status status = h4mk_audio_fft_from_description(description.get(), &opened);
  sound->reset(opened);
  return ResultOf(status, *sound);
}

}  // namespace h4mk::tool
