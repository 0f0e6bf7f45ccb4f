// SPDX-License-Identifier: MIT
// adapters.md, "Video tokens": when a block of a picture track is shown, which one it is, and
// whether decoding can start there.
#ifndef H4MK_ADAPTERS_VIDEO_TOKEN_H_
#define H4MK_ADAPTERS_VIDEO_TOKEN_H_

#include <array>

#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

inline constexpr size_t kVideoTokenSize = 13;

struct VideoToken {
  uint64_t pts_us = 0;
  uint32_t index = 0;
  bool key = false;
  bool operator==(const VideoToken&) const = default;
};

std::array<uint8_t, kVideoTokenSize> EncodeVideoToken(const VideoToken& token);
// kLittle is what the first library wrote. kCorrupt (bad_length): not 13 bytes.
enum class TokenOrder { kBig, kLittle };
Status DecodeVideoToken(ByteSpan bytes, TokenOrder order, VideoToken* token);

}  // namespace h4mk

#endif  // H4MK_ADAPTERS_VIDEO_TOKEN_H_
