// SPDX-License-Identifier: MIT
// A track of audio tokens in a file, for the commands that decode it.
#ifndef H4MK_TOOLS_AUDIO_FFT_TRACK_H_
#define H4MK_TOOLS_AUDIO_FFT_TRACK_H_

#include <functional>

#include "adapters/audio_fft_block.h"
#include "output.h"
#include "pipeline/block_pipeline.h"

namespace h4mk::tool {

// The track with a track_id, or the only one of audio_fft if none is named. kArgument, kNotFound:
// there is none.
Result<uint32_t> FindAudioFftTrack(const BlockPipeline& reader, int64_t track_id);
// How its sound became tokens. kCorrupt: its description cannot be used.
Status ReadAudioFftFormat(const Track& track, AudioTokenFormat* format);

// Calls visit for each block of a track that can be read; what cannot is a problem of the output.
// An error of visit ends it.
Status ForEachReadBlock(BlockPipeline& reader, uint32_t track, Output& output,
                        const std::function<Status(const ReadBlock&)>& visit);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_AUDIO_FFT_TRACK_H_
