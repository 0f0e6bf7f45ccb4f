// SPDX-License-Identifier: MIT
// A track of audio tokens in a file, for the commands that decode it.
#ifndef H4MK_TOOLS_AUDIO_FFT_TRACK_H_
#define H4MK_TOOLS_AUDIO_FFT_TRACK_H_

#include <h4mk/token.h>

#include <memory>

#include "recording.h"

namespace h4mk::tool {

inline constexpr const char* kAudioFftCodec = "audio_fft";

struct AudioFftFree {
  void operator()(h4mk_audio_fft* sound) const { h4mk_audio_fft_free(sound); }
};
using AudioFft = std::unique_ptr<h4mk_audio_fft, AudioFftFree>;

// What a function of token.h returned, with its message.
Status ResultOf(h4mk_status status, const AudioFft& sound);

// The track with a track_id, or the only one of audio_fft if none is named. kArgument, kNotFound:
// there is none.
Result<uint32_t> FindAudioFftTrack(const Recording& recording, int64_t track_id);
// Its sound. kCorrupt: its description cannot be used.
Status OpenAudioFft(const RecordedTrack& track, AudioFft* sound);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_AUDIO_FFT_TRACK_H_
