// SPDX-License-Identifier: MIT
// Tokens of sound with the values that they were made from.
#ifndef H4MK_SERVER_LEGACY_AUDIO_H_
#define H4MK_SERVER_LEGACY_AUDIO_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace h4mk::server {

struct AudioForm {
  uint32_t rate = 48000, frame_size = 2048, top_k = 32;
};

// An event for each token. pcm: mono, 16 bits, little-endian, an even number of bytes.
std::string AudioTokenEvents(const AudioForm& form, std::string_view pcm);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_LEGACY_AUDIO_H_
