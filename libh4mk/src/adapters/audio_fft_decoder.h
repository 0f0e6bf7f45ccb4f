// SPDX-License-Identifier: MIT
// Blocks of audio_fft back to sound.
#ifndef H4MK_ADAPTERS_AUDIO_FFT_DECODER_H_
#define H4MK_ADAPTERS_AUDIO_FFT_DECODER_H_

#include <memory>

#include "adapters/audio_fft_block.h"

namespace h4mk {

class AudioFftDecoder {
 public:
  using Spectrum = std::vector<Bin>;
  // What a block is decoded to: its own frame, and the one before it, which sounds on in it.
  // Shared, never changed.
  struct State {
    std::shared_ptr<const Spectrum> before, own;
  };

  // REQUIRES: the format is checked.
  explicit AudioFftDecoder(const AudioTokenFormat& format)
      : format_(format),
        synthesis_(format.frame_size, format.hop(), Window::kHann),
        samples_(format.hop()) {}

  // previous: the state of the block before; null for a block that decoding starts with. kCorrupt.
  Status Decode(ByteSpan block, const State* previous, State* state) const;
  // The hop() samples that a state stands for, whatever was asked for before; those of states that
  // follow each other take half the work. Valid until the next call.
  std::span<const float> Samples(const State& state);

 private:
  const AudioTokenFormat format_;
  FrameSynthesis synthesis_;
  std::vector<float> samples_;
  std::shared_ptr<const Spectrum> last_;  // that synthesis_ was given
};

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_AUDIO_FFT_DECODER_H_
