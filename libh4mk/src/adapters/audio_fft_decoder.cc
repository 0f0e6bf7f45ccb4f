// SPDX-License-Identifier: MIT
#include "adapters/audio_fft_decoder.h"

namespace h4mk {

Status AudioFftDecoder::Decode(ByteSpan block, const State* previous, State* state) const {
  AudioFftFrame before, own;
  H4MK_TRY(DecodeAudioFftBlock(block, previous == nullptr, format_, &before, &own));
  const auto spectrum = [this](const AudioFftFrame& frame) {
    auto bins = std::make_shared<Spectrum>(BinCount(format_.frame_size));
    AudioFftBins(frame, *bins);
    return bins;
  };
  state->before = previous != nullptr ? previous->own : spectrum(before);
  state->own = spectrum(own);
  return {};
}

std::span<const float> AudioFftDecoder::Samples(const State& state) {
  if (last_ != state.before) {
    synthesis_.Reset();
    synthesis_.Add(*state.before, samples_);
  }
  synthesis_.Add(*state.own, samples_);
  last_ = state.own;
  return samples_;
}

}  // namespace h4mk
