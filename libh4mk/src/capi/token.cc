// SPDX-License-Identifier: MIT
// Tokens behind the C ABI.
#include <h4mk/token.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "adapters/audio_fft_block.h"
#include "adapters/video_token.h"
#include "base/base64.h"
#include "capi/handles.h"

static_assert(h4mk::kVideoTokenSize == H4MK_VIDEO_TOKEN_SIZE);
static_assert(h4mk::kAudioTokenSize == H4MK_AUDIO_TOKEN_SIZE);

h4mk_status h4mk_video_token_encode(const h4mk_video_token* token,
                                    uint8_t bytes[H4MK_VIDEO_TOKEN_SIZE]) {
  if (token == nullptr || bytes == nullptr) return H4MK_ERR_ARGUMENT;
  const auto encoded = h4mk::EncodeVideoToken({token->pts_us, token->index, token->key != 0});
  std::copy(encoded.begin(), encoded.end(), bytes);
  return H4MK_OK;
}

h4mk_status h4mk_video_token_decode(const uint8_t* data, size_t size, int little_endian,
                                    h4mk_video_token* token) {
  if ((data == nullptr && size > 0) || token == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    h4mk::VideoToken decoded;
    const auto order = little_endian ? h4mk::TokenOrder::kLittle : h4mk::TokenOrder::kBig;
    if (!h4mk::DecodeVideoToken({data, size}, order, &decoded).ok()) return H4MK_ERR_CORRUPT;
    *token = {decoded.pts_us, decoded.index, decoded.key};
    return H4MK_OK;
  });
}

h4mk_status h4mk_audio_tokens(const uint8_t* pcm, size_t pcm_size, uint32_t sample_rate,
                              uint32_t frame_size, uint32_t top_k, uint8_t* tokens, size_t size,
                              size_t* needed) {
  if ((pcm == nullptr && pcm_size > 0) || (tokens == nullptr && size > 0) || needed == nullptr)
    return H4MK_ERR_ARGUMENT;
  return h4mk::Guard([&] {
    h4mk::Bytes made;
    const h4mk::Status status =
        h4mk::AudioTokensOf({pcm, pcm_size}, {sample_rate, frame_size, top_k}, &made);
    if (!status.ok()) return H4MK_ERR_ARGUMENT;
    std::copy_n(made.begin(), std::min(size, made.size()), tokens);
    *needed = made.size();
    return H4MK_OK;
  });
}

// ------------------------------------------------------------------------------------------------
// tracks of audio_fft

struct h4mk_audio_fft {
  h4mk::AudioTokenFormat format;
  h4mk::Bytes extradata;
  std::optional<h4mk::AudioFftEncoder> encoder;  // none: it could not be opened
  enum class Expects { kBeginning, kSeekPoint, kAnyBlock } expects = Expects::kBeginning;
  std::string message;
};

namespace h4mk {
namespace {

// Far below what a block can hold, so that no block is made which cannot be read.
constexpr float kLoudestSample = 1000;

template <typename ReadFormat>
h4mk_status OpenAudioFft(h4mk_audio_fft** sound, ReadFormat read_format) {
  *sound = NewHandle<h4mk_audio_fft>();
  if (*sound == nullptr) return H4MK_ERR_MEMORY;
  return Call(*sound, [&]() -> Status {
    AudioTokenFormat format;
    H4MK_TRY(read_format(&format));
    (*sound)->format = format;
    (*sound)->extradata = EncodeAudioFftFormat(format);
    (*sound)->encoder.emplace(format);
    return {};
  });
}

Status ReadFormat(const Json& track, AudioTokenFormat* format) {
  const auto rate = track.find("sample_rate");
  const auto text = track.find("extradata");
  Bytes extradata;
  if (rate == track.end() || !rate->is_number_integer() || *rate < 1 || *rate > UINT32_MAX ||
      text == track.end() || !text->is_string() ||
      !DecodeBase64(text->get_ref<const std::string&>(), &extradata))
    return Status(Code::kCorrupt, "the track lacks its sample_rate or extradata");
  return DecodeAudioFftFormat(extradata, rate->get<uint32_t>(), format);
}

bool AreSamples(std::span<const float> samples) {
  return std::ranges::all_of(samples,
                             [](float sample) { return std::abs(sample) <= kLoudestSample; });
}

}  // namespace
}  // namespace h4mk

h4mk_status h4mk_audio_fft_new(uint32_t sample_rate, uint32_t frame_size, uint32_t top_k,
                               h4mk_audio_fft** sound) {
  if (sound == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::OpenAudioFft(sound, [&](h4mk::AudioTokenFormat* format) {
    *format = {sample_rate, frame_size, top_k};
    return h4mk::CheckAudioFftFormat(*format);
  });
}

h4mk_status h4mk_audio_fft_from_description(const h4mk_value* track, h4mk_audio_fft** sound) {
  if (track == nullptr || sound == nullptr) return H4MK_ERR_ARGUMENT;
  return h4mk::OpenAudioFft(sound, [&](h4mk::AudioTokenFormat* format) {
    return h4mk::ReadFormat(h4mk::ValueToJson(*track), format);
  });
}

void h4mk_audio_fft_free(h4mk_audio_fft* sound) { delete sound; }

const char* h4mk_audio_fft_message(const h4mk_audio_fft* sound) {
  return sound == nullptr ? "" : sound->message.c_str();
}

h4mk_status h4mk_audio_fft_extradata(const h4mk_audio_fft* sound, const uint8_t** data,
                                     size_t* size) {
  if (sound == nullptr || data == nullptr || size == nullptr) return H4MK_ERR_ARGUMENT;
  if (!sound->encoder) return H4MK_ERR_STATE;
  *data = sound->extradata.data();
  *size = sound->extradata.size();
  return H4MK_OK;
}

h4mk_status h4mk_audio_fft_begin(h4mk_audio_fft* sound, const float* samples) {
  if (sound == nullptr || samples == nullptr) return H4MK_ERR_ARGUMENT;
  if (!sound->encoder) return H4MK_ERR_STATE;
  const std::span frame(samples, sound->format.frame_size);
  if (!h4mk::AreSamples(frame)) return H4MK_ERR_ARGUMENT;
  return h4mk::Call(sound, [&]() -> h4mk::Status {
    sound->expects = h4mk_audio_fft::Expects::kBeginning;  // where memory runs out
    sound->encoder->Begin(frame);
    sound->expects = h4mk_audio_fft::Expects::kSeekPoint;
    return {};
  });
}

h4mk_status h4mk_audio_fft_encode(h4mk_audio_fft* sound, const float* samples, int is_key,
                                  const uint8_t** data, size_t* size) {
  using Expects = h4mk_audio_fft::Expects;
  if (sound == nullptr || samples == nullptr || data == nullptr || size == nullptr)
    return H4MK_ERR_ARGUMENT;
  if (sound->expects == Expects::kBeginning || (sound->expects == Expects::kSeekPoint && !is_key))
    return H4MK_ERR_STATE;
  const std::span frame(samples, sound->format.frame_size);
  if (!h4mk::AreSamples(frame)) return H4MK_ERR_ARGUMENT;
  return h4mk::Call(sound, [&]() -> h4mk::Status {
    sound->expects = Expects::kBeginning;
    const h4mk::ByteSpan block = sound->encoder->Encode(frame, is_key != 0);
    sound->expects = Expects::kAnyBlock;
    *data = block.data();
    *size = block.size();
    return {};
  });
}

h4mk_status h4mk_audio_fft_magnitudes(h4mk_audio_fft* sound, const uint8_t* data, size_t size,
                                      int is_key, double* magnitudes, size_t count,
                                      size_t* needed) {
  if (sound == nullptr || !h4mk::IsSpan(data, size) || (magnitudes == nullptr && count > 0) ||
      needed == nullptr)
    return H4MK_ERR_ARGUMENT;
  if (!sound->encoder) return H4MK_ERR_STATE;
  return h4mk::Call(sound, [&]() -> h4mk::Status {
    h4mk::AudioFftFrame before, own;
    H4MK_TRY(h4mk::DecodeAudioFftBlock({data, size}, is_key != 0, sound->format, &before, &own));
    std::vector<h4mk::Bin> bins(h4mk::BinCount(sound->format.frame_size));
    h4mk::AudioFftBins(own, bins);
    std::transform(bins.begin(),
                   bins.begin() + static_cast<ptrdiff_t>(std::min(count, bins.size())), magnitudes,
                   [](const h4mk::Bin& bin) { return std::abs(bin); });
    *needed = bins.size();
    return {};
  });
}
