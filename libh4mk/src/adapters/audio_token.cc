// SPDX-License-Identifier: MIT
#include "adapters/audio_token.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "base/fault.h"

namespace h4mk {
namespace {

constexpr double kMaxTokenHz = 20000;
constexpr double kTokenStepsPerHz = 10;
constexpr double kTokenSteps = 65535;
constexpr uint32_t kMaxTokenSampleRate = 768000;

// The middle of the numbers that are rounded to a step, as a part of all steps. The last step is
// one number only.
double MiddleOfStep(uint16_t step) { return step == 65535 ? 1 : (step + 0.5) / kTokenSteps; }

}  // namespace

Status CheckAudioTokenFormat(const AudioTokenFormat& format) {
  if (format.frame_size < 2 || format.frame_size > kMaxAudioFrameSize)
    return Status(Code::kArgument, "a frame of audio tokens has 2 to 16384 samples");
  if (format.sample_rate > kMaxTokenSampleRate ||
      format.sample_rate * kTokenStepsPerHz < 2 * format.frame_size)
    return Status(Code::kArgument, "tokens cannot tell the bins of frames of " +
                                       std::to_string(format.frame_size) + " samples at " +
                                       std::to_string(format.sample_rate) + " Hz apart");
  if (format.top_k == 0) return Status(Code::kArgument, "top_k is 0");
  return {};
}

Status EncodeAudioToken(const AudioToken& token, uint8_t bytes[kAudioTokenSize]) {
  const double phase =
      std::trunc((token.phase + std::numbers::pi) / (2 * std::numbers::pi) * kTokenSteps);
  if (!(phase >= 0 && phase <= kTokenSteps))
    return Fault("integer_range", "the phase of an audio token is not in -pi to pi", Code::kLimit);
  const double hz = std::clamp(token.hz, 0.0, kMaxTokenHz);
  const double magnitude = std::clamp(token.magnitude, 0.0, 1.0);
  StoreBe(bytes, static_cast<uint32_t>(hz * kTokenStepsPerHz));
  StoreBe(bytes + 4, static_cast<uint16_t>(magnitude * kTokenSteps));
  StoreBe(bytes + 6, static_cast<uint16_t>(phase));
  return {};
}

AudioToken DecodeAudioToken(const uint8_t bytes[kAudioTokenSize]) {
  return {LoadBe<uint32_t>(bytes) / kTokenStepsPerHz, MiddleOfStep(LoadBe<uint16_t>(bytes + 4)),
          (2 * MiddleOfStep(LoadBe<uint16_t>(bytes + 6)) - 1) * std::numbers::pi};
}

AudioTokenizer::AudioTokenizer(const AudioTokenFormat& format)
    : format_(format),
      analysis_(format.frame_size, Window::kHann),
      bins_(BinCount(format.frame_size)),
      magnitudes_(bins_.size()),
      order_(bins_.size()) {}

const std::vector<uint16_t>& AudioTokenizer::Analyse(std::span<const float> samples) {
  analysis_.Transform(samples, bins_);
  std::transform(bins_.begin(), bins_.end(), magnitudes_.begin(),
                 [](const Bin& bin) { return std::abs(bin); });
  scale_ = *std::max_element(magnitudes_.begin(), magnitudes_.end());
  std::iota(order_.begin(), order_.end(), uint16_t{0});
  const auto end = order_.begin() + static_cast<ptrdiff_t>(format_.tokens_per_frame());
  std::partial_sort(order_.begin(), end, order_.end(), [this](uint16_t a, uint16_t b) {
    return magnitudes_[a] != magnitudes_[b] ? magnitudes_[a] > magnitudes_[b] : a < b;
  });
  loudest_.assign(order_.begin(), end);
  return loudest_;
}

void AudioTokenizer::AppendToken(uint16_t bin, Bytes* tokens) const {
  AudioToken token;
  token.hz = static_cast<double>(bin) * format_.sample_rate / format_.frame_size;
  token.magnitude = scale_ > 0 ? magnitudes_[bin] / scale_ : 0;
  token.phase = std::atan2(bins_[bin].imag(), bins_[bin].real());
  tokens->resize(tokens->size() + kAudioTokenSize);
  // atan2() gives no phase that could fail.
  (void)EncodeAudioToken(token, tokens->data() + tokens->size() - kAudioTokenSize).ok();
}

Status AudioTokensOf(ByteSpan pcm, const AudioTokenFormat& format, Bytes* tokens) {
  H4MK_TRY(CheckAudioTokenFormat(format));
  if (pcm.size() % 2 != 0)
    return Fault("odd_length", "16-bit samples take an even number of bytes", Code::kArgument);
  std::vector<float> samples(pcm.size() / 2);
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(static_cast<int16_t>(LoadLe<uint16_t>(&pcm[2 * i]))) / 32768;
  AudioTokenizer tokenizer(format);
  for (size_t at = 0; at + format.frame_size <= samples.size(); at += format.hop())
    for (const uint16_t bin : tokenizer.Analyse(std::span(samples).subspan(at, format.frame_size)))
      tokenizer.AppendToken(bin, tokens);
  return {};
}

}  // namespace h4mk
