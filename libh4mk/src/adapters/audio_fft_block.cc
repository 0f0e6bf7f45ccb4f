// SPDX-License-Identifier: MIT
#include "adapters/audio_fft_block.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

namespace h4mk {
namespace {

constexpr size_t kAudioFftExtradata = 8;
constexpr uint32_t kHighestTokenHz10 = 200000;  // stands for this frequency and all above it

// Frequency of a bin as a token has it.
uint32_t TokenHz10(uint32_t bin, const AudioTokenFormat& format) {
  const double hz = static_cast<double>(bin) * format.sample_rate / format.frame_size;
  return static_cast<uint32_t>(std::min(hz, kHighestTokenHz10 / 10.0) * 10);
}

// Whether the frequency of a token does not say which bin it is.
bool IsAmbiguous(uint32_t hz10, const AudioTokenFormat& format) {
  return hz10 == kHighestTokenHz10 && format.sample_rate > kHighestTokenHz10 / 5;
}

Status NoAudioFft(const std::string& what) {
  return Status(Code::kCorrupt, "no block of audio_fft: " + what);
}

// The bin whose frequency a token has.
bool FindBin(uint32_t hz10, const AudioTokenFormat& format, uint16_t* bin) {
  const double at = std::round((hz10 + 0.5) / 10 * format.frame_size / format.sample_rate);
  if (!(at < static_cast<double>(BinCount(format.frame_size)))) return false;
  *bin = static_cast<uint16_t>(at);
  return TokenHz10(*bin, format) == hz10;
}

Status ReadFrame(ByteReader& reader, const AudioTokenFormat& format, AudioFftFrame* frame) {
  frame->scale = std::bit_cast<float>(reader.Le<uint32_t>());
  const size_t count = reader.Le<uint16_t>();
  if (!(frame->scale >= 0 && frame->scale <= 1e9)) return NoAudioFft("a scale that is none");
  if (count > BinCount(format.frame_size)) return NoAudioFft("more tokens than bins");
  frame->tokens = reader.Take(count * kAudioTokenSize);
  if (reader.failed()) return NoAudioFft("it ends too early");
  frame->bins.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const auto hz10 = LoadBe<uint32_t>(&frame->tokens[i * kAudioTokenSize]);
    if (!IsAmbiguous(hz10, format)) {
      if (!FindBin(hz10, format, &frame->bins[i]))
        return NoAudioFft("no bin has the frequency of a token");
      continue;
    }
    frame->bins[i] = reader.Le<uint16_t>();
    if (reader.failed()) return NoAudioFft("it ends too early");
    if (frame->bins[i] >= BinCount(format.frame_size) || TokenHz10(frame->bins[i], format) != hz10)
      return NoAudioFft("a bin that does not have the frequency of its token");
  }
  return {};
}

}  // namespace

Bytes EncodeAudioFftFormat(const AudioTokenFormat& format) {
  Bytes extradata;
  AppendLe(extradata, format.frame_size);
  AppendLe(extradata, format.top_k);
  return extradata;
}

Status DecodeAudioFftFormat(ByteSpan extradata, uint32_t sample_rate, AudioTokenFormat* format) {
  if (extradata.size() != kAudioFftExtradata)
    return Status(Code::kCorrupt, "a track of audio_fft has extradata of 8 bytes");
  *format = {sample_rate, LoadLe<uint32_t>(extradata.data()), LoadLe<uint32_t>(&extradata[4])};
  const Status status = CheckAudioFftFormat(*format);
  return status.ok() ? Status() : Status(Code::kCorrupt, status.message());
}

Status CheckAudioFftFormat(const AudioTokenFormat& format) {
  H4MK_TRY(CheckAudioTokenFormat(format));
  if (!HasSmallFactorsOnly(format.frame_size))
    return Status(
        Code::kArgument,
        "frames of audio_fft have a size without prime factors other than 2, 3 and 5, not " +
            std::to_string(format.frame_size));
  return {};
}

void AudioFftEncoder::Begin(std::span<const float> samples) {
  frame_.clear();
  AppendFrame(samples);
}

ByteSpan AudioFftEncoder::Encode(std::span<const float> samples, bool whole) {
  block_.clear();
  if (whole) block_ = frame_;
  frame_.clear();
  AppendFrame(samples);
  AppendBytes(block_, frame_);
  return block_;
}

void AudioFftEncoder::AppendFrame(std::span<const float> samples) {
  const std::vector<uint16_t>& bins = tokenizer_.Analyse(samples);
  const auto scale = static_cast<float>(tokenizer_.scale());
  const size_t count = scale > 0 ? bins.size() : 0;
  AppendLe(frame_, std::bit_cast<uint32_t>(scale));
  AppendLe(frame_, static_cast<uint16_t>(count));
  Bytes above;
  for (size_t i = 0; i < count; ++i) {
    tokenizer_.AppendToken(bins[i], &frame_);
    if (IsAmbiguous(TokenHz10(bins[i], format_), format_)) AppendLe(above, bins[i]);
  }
  AppendBytes(frame_, above);
}

Status DecodeAudioFftBlock(ByteSpan block, bool whole, const AudioTokenFormat& format,
                           AudioFftFrame* before, AudioFftFrame* own) {
  ByteReader reader(block);
  if (whole) H4MK_TRY(ReadFrame(reader, format, before));
  H4MK_TRY(ReadFrame(reader, format, own));
  return reader.left() == 0 ? Status() : NoAudioFft("bytes behind its end");
}

void AudioFftBins(const AudioFftFrame& frame, std::span<Bin> bins) {
  std::fill(bins.begin(), bins.end(), Bin());
  for (size_t i = 0; i < frame.bins.size(); ++i) {
    const AudioToken token = DecodeAudioToken(&frame.tokens[i * kAudioTokenSize]);
    bins[frame.bins[i]] = std::polar(token.magnitude * frame.scale, token.phase);
  }
}

}  // namespace h4mk
