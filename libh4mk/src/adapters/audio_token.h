// SPDX-License-Identifier: MIT
// adapters.md, "Audio tokens": the loudest bins of the spectra of overlapping frames of sound.
#ifndef H4MK_ADAPTERS_AUDIO_TOKEN_H_
#define H4MK_ADAPTERS_AUDIO_TOKEN_H_

#include <vector>

#include "adapters/spectrum.h"
#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

inline constexpr size_t kAudioTokenSize = 8;

struct AudioTokenFormat {
  uint32_t sample_rate = 48000;
  uint32_t frame_size = 2048;
  uint32_t top_k = 32;  // tokens of a frame, at most

  size_t hop() const { return frame_size / 2; }
  size_t tokens_per_frame() const {
    return top_k < BinCount(frame_size) ? top_k : BinCount(frame_size);
  }
};

inline constexpr uint32_t kMaxAudioFrameSize = 16384;

// kArgument: frame_size not in 2 to kMaxAudioFrameSize; sample_rate 0, above 768000, or so small
// that tokens cannot tell bins apart; top_k 0.
Status CheckAudioTokenFormat(const AudioTokenFormat& format);

struct AudioToken {
  double hz = 0;
  double magnitude = 0;  // 0 to 1: of the loudest bin of its frame
  double phase = 0;      // -pi to pi
};

// Rounded towards zero. kLimit (integer_range): the phase is none.
Status EncodeAudioToken(const AudioToken& token, uint8_t bytes[kAudioTokenSize]);
// Magnitude and phase in the middle of what the bytes may stand for.
AudioToken DecodeAudioToken(const uint8_t bytes[kAudioTokenSize]);

// Turns one frame after the other into tokens.
class AudioTokenizer {
 public:
  // REQUIRES: the format is checked.
  explicit AudioTokenizer(const AudioTokenFormat& format);

  // The bins of frame_size samples (-1 to 1) that become tokens, loudest first; of equal ones the
  // lowest. Valid until the next call, as are scale() and Token().
  const std::vector<uint16_t>& Analyse(std::span<const float> samples);
  // Magnitude of the loudest bin; 0: silence.
  double scale() const { return scale_; }
  void AppendToken(uint16_t bin, Bytes* tokens) const;

 private:
  const AudioTokenFormat format_;
  FrameAnalysis analysis_;
  std::vector<Bin> bins_;
  std::vector<double> magnitudes_;
  std::vector<uint16_t> order_, loudest_;
  double scale_ = 0;
};

// The tokens of all whole frames of mono 16-bit little-endian samples, one frame behind the other.
// kArgument (odd_length).
Status AudioTokensOf(ByteSpan pcm, const AudioTokenFormat& format, Bytes* tokens);

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_AUDIO_TOKEN_H_
