// SPDX-License-Identifier: MIT
// adapters.md, "Adapter audio_fft": audio tokens to sound.
#include <algorithm>

#include "adapters/adapter_shell.h"
#include "adapters/audio_fft_decoder.h"
#include "adapters/builtin_adapters.h"

namespace h4mk {
namespace {

class AudioFftAdapter {
 public:
  struct State {
    AudioFftDecoder::State sound;
    size_t samples = 0;
  };

  static bool Claims(const h4mk_adapter_track& track) { return HasCodec(track, kAudioFftCodec); }

  explicit AudioFftAdapter(const h4mk_adapter_track& track)
      : counts_samples_(track.time_base_num == 1 && track.time_base_den == track.sample_rate),
        failure_(DecodeAudioFftFormat({track.extradata, track.extradata_size},
                                      static_cast<uint32_t>(std::max(track.sample_rate, 0)),
                                      &format_)) {
    if (failure_.ok()) decoder_ = std::make_unique<AudioFftDecoder>(format_);
  }

  Status DecodeI(const h4mk_adapter_block& block, State* state) {
    return Decode(block, nullptr, state);
  }
  Status ApplyP(const State& previous, const h4mk_adapter_block& block, State* state) {
    return Decode(block, &previous.sound, state);
  }

  Status Render(const State& state, h4mk_output* output) {
    const std::span<const float> samples = decoder_->Samples(state.sound).first(state.samples);
    output->type = H4MK_OUTPUT_AUDIO;
    output->sample_rate = static_cast<int32_t>(format_.sample_rate);
    output->channels = 1;
    output->data = reinterpret_cast<const uint8_t*>(samples.data());
    output->size = samples.size_bytes();
    return {};
  }

  Json Describe(const State& state) const {
    const auto sounding = std::count_if(state.sound.own->begin(), state.sound.own->end(),
                                        [](const Bin& bin) { return bin != Bin(); });
    return {{"type", "AudioFftState"},
            {"sample_rate", format_.sample_rate},
            {"frame_size", format_.frame_size},
            {"bin_count", sounding}};
  }

 private:
  Status Decode(const h4mk_adapter_block& block, const AudioFftDecoder::State* previous,
                State* state) {
    if (!failure_.ok()) return failure_;
    H4MK_TRY(decoder_->Decode({block.data, block.size}, previous, &state->sound));
    state->samples = format_.hop();
    if (counts_samples_ && block.duration > 0)  // the last block is shorter
      state->samples = static_cast<size_t>(
          std::min<int64_t>(block.duration, static_cast<int64_t>(format_.hop())));
    return {};
  }

  const bool counts_samples_;
  AudioTokenFormat format_;
  const Status failure_;  // what is wrong with the track
  std::unique_ptr<AudioFftDecoder> decoder_;
};

}  // namespace

const h4mk_adapter kAudioFftAdapter =
    MakeAdapter<AudioFftAdapter>("audio_fft", "audio tokens to sound", /*preroll=*/0);

}  // namespace h4mk
