// SPDX-License-Identifier: MIT
#include "adapters/video_token.h"

#include <string>

#include "base/fault.h"

namespace h4mk {

std::array<uint8_t, kVideoTokenSize> EncodeVideoToken(const VideoToken& token) {
  std::array<uint8_t, kVideoTokenSize> bytes;
  StoreBe(bytes.data(), token.pts_us);
  StoreBe(bytes.data() + 8, token.index);
  bytes[12] = token.key ? 1 : 0;
  return bytes;
}

Status DecodeVideoToken(ByteSpan bytes, TokenOrder order, VideoToken* token) {
  if (bytes.size() != kVideoTokenSize)
    return Fault("bad_length", "a video token has 13 bytes, not " + std::to_string(bytes.size()));
  const uint8_t* data = bytes.data();
  const bool big = order == TokenOrder::kBig;
  token->pts_us = big ? LoadBe<uint64_t>(data) : LoadLe<uint64_t>(data);
  token->index = big ? LoadBe<uint32_t>(data + 8) : LoadLe<uint32_t>(data + 8);
  token->key = data[12] != 0;
  return {};
}

}  // namespace h4mk
