// SPDX-License-Identifier: MIT
// A track of audio tokens in a file, for the commands that decode it.
#ifndef H4MK_TOOLS_AUDIO_FFT_TRACK_H_
#define H4MK_TOOLS_AUDIO_FFT_TRACK_H_

#include "adapters/audio_fft_block.h"
#include "recording.h"

namespace h4mk::tool {

// The track with a track_id, or the only one of audio_fft if none is named. kArgument, kNotFound:
// there is none.
Result<uint32_t> FindAudioFftTrack(const Recording& recording, int64_t track_id);
// How its sound became tokens. kCorrupt: its description cannot be used.
Status ReadAudioFftFormat(const RecordedTrack& track, AudioTokenFormat* format);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_AUDIO_FFT_TRACK_H_
