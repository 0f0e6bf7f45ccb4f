// SPDX-License-Identifier: MIT
//
// Video tokens, audio tokens, and the blocks of audio_fft that these are in. The input: u32 sample
// rate, u16 frame size, u8 tokens of a frame; then bytes that are taken for each of them, and for
// samples.

#include <cmath>
#include <numbers>

#include "adapters/audio_fft_decoder.h"
#include "adapters/video_token.h"
#include "fuzz/fuzz.h"

using namespace h4mk;  // NOLINT: a test

namespace {

constexpr size_t kMostSamples = 4096;  // the largest frames take milliseconds each

void CheckVideoToken(ByteSpan bytes) {
  VideoToken token;
  FUZZ_CHECK(DecodeVideoToken(bytes, TokenOrder::kLittle, &token).ok() ==
             (bytes.size() == kVideoTokenSize));
  if (!DecodeVideoToken(bytes, TokenOrder::kBig, &token).ok()) return;
  VideoToken again;
  FUZZ_CHECK(DecodeVideoToken(EncodeVideoToken(token), TokenOrder::kBig, &again).ok());
  FUZZ_CHECK(again == token);
}

void CheckAudioTokens(ByteSpan pcm, const AudioTokenFormat& format) {
  Bytes tokens;
  if (!AudioTokensOf(pcm.first(std::min(pcm.size(), 2 * kMostSamples)), format, &tokens).ok())
    return;
  FUZZ_CHECK(tokens.size() % (format.tokens_per_frame() * kAudioTokenSize) == 0);
  for (size_t at = 0; at < tokens.size(); at += kAudioTokenSize) {
    const AudioToken token = DecodeAudioToken(&tokens[at]);
    FUZZ_CHECK(token.hz <= 20000 && token.magnitude >= 0 && token.magnitude <= 1);
    FUZZ_CHECK(std::abs(token.phase) <= std::numbers::pi);
  }
}

void CheckSamples(AudioFftDecoder& decoder, const AudioFftDecoder::State& state, size_t count) {
  const std::span<const float> samples = decoder.Samples(state);
  FUZZ_CHECK(samples.size() == count);
  for (const float sample : samples) FUZZ_CHECK(std::isfinite(sample));
}

// Whatever the sound and the format are, its blocks can be decoded.
void CheckOwnBlocks(ByteSpan pcm, const AudioTokenFormat& format) {
  std::vector<float> samples(std::min(pcm.size() / 2, kMostSamples));
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<float>(static_cast<int16_t>(LoadLe<uint16_t>(&pcm[2 * i]))) / 32768;
  if (samples.size() < format.frame_size) return;
  AudioFftEncoder encoder(format);
  AudioFftDecoder decoder(format);
  AudioFftDecoder::State state, next;
  encoder.Begin(std::span(samples).first(format.frame_size));
  bool whole = true;
  for (size_t at = 0; at + format.frame_size <= samples.size() && at < 4 * format.hop();
       at += format.hop(), whole = false) {
    const ByteSpan block = encoder.Encode(std::span(samples).subspan(at, format.frame_size), whole);
    FUZZ_CHECK(decoder.Decode(block, whole ? nullptr : &state, &next).ok());
    CheckSamples(decoder, next, format.hop());
    state = next;
  }
}

void CheckAnyBlock(ByteSpan block, const AudioTokenFormat& format) {
  AudioFftDecoder decoder(format);
  AudioFftDecoder::State first, second;
  if (!decoder.Decode(block, nullptr, &first).ok()) return;
  CheckSamples(decoder, first, format.hop());
  if (decoder.Decode(block, &first, &second).ok()) CheckSamples(decoder, second, format.hop());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteReader reader({data, size});
  AudioTokenFormat format;
  format.sample_rate = reader.Le<uint32_t>();
  format.frame_size = reader.Le<uint16_t>();
  format.top_k = reader.Le<uint8_t>();
  const ByteSpan rest = reader.Take(reader.left());
  CheckVideoToken(rest);
  CheckAudioTokens(rest, format);
  AudioTokenFormat read;
  const bool usable = CheckAudioFftFormat(format).ok();
  FUZZ_CHECK(DecodeAudioFftFormat(EncodeAudioFftFormat(format), format.sample_rate, &read).ok() ==
             usable);
  if (!usable) return 0;
  CheckOwnBlocks(rest, format);
  CheckAnyBlock(rest, format);
  return 0;
}
