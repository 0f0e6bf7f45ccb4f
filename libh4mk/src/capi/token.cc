// SPDX-License-Identifier: MIT
// Tokens behind the C ABI.
#include <h4mk/legacy.h>

#include <algorithm>

#include "adapters/audio_token.h"
#include "adapters/video_token.h"
#include "capi/guard.h"

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
