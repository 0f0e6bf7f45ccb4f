// SPDX-License-Identifier: MIT
// adapters.md, "Adapter audio_fft": audio tokens as blocks that give the sound back.
#ifndef H4MK_ADAPTERS_AUDIO_FFT_BLOCK_H_
#define H4MK_ADAPTERS_AUDIO_FFT_BLOCK_H_

#include <vector>

#include "adapters/audio_token.h"

namespace h4mk {

inline constexpr const char* kAudioFftCodec = "audio_fft";

// The bytes of "extradata" of a track, and back. kCorrupt: what it says is not allowed.
Bytes EncodeAudioFftFormat(const AudioTokenFormat& format);
Status DecodeAudioFftFormat(ByteSpan extradata, uint32_t sample_rate, AudioTokenFormat* format);
// What CheckAudioTokenFormat() says, and sizes without prime factors other than 2, 3 and 5: those
// take long. kArgument.
Status CheckAudioFftFormat(const AudioTokenFormat& format);

// Makes the payloads of a track's blocks. Blocks start every hop() samples; each gives those up to
// the next.
class AudioFftEncoder {
 public:
  // REQUIRES: the format is checked.
  explicit AudioFftEncoder(const AudioTokenFormat& format) : format_(format), tokenizer_(format) {}

  // Before the first block: the frame_size samples that start hop() samples before it, zeros where
  // the sound has not begun.
  void Begin(std::span<const float> samples);
  // The block of the frame_size samples that start at its time, zeros where the sound has ended.
  // whole: one that decoding can start with, as the first one must be. Valid until the next call.
  ByteSpan Encode(std::span<const float> samples, bool whole);

 private:
  void AppendFrame(std::span<const float> samples);

  const AudioTokenFormat format_;
  AudioTokenizer tokenizer_;
  Bytes frame_, block_;  // the last frame; and the block that is handed out
};

// A frame as it is stored.
struct AudioFftFrame {
  double scale = 0;
  std::vector<uint16_t> bins;  // of tokens, one each
  ByteSpan tokens;
};

// A block of type I has two frames: the one before it, and its own; all others have their own. What
// the frames point to is in `block`. kCorrupt: it is no such block.
Status DecodeAudioFftBlock(ByteSpan block, bool whole, const AudioTokenFormat& format,
                           AudioFftFrame* before, AudioFftFrame* own);

// As FrameSynthesis takes it. bins has BinCount(frame_size) elements.
void AudioFftBins(const AudioFftFrame& frame, std::span<Bin> bins);

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_AUDIO_FFT_BLOCK_H_
