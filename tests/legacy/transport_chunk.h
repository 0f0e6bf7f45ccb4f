// SPDX-License-Identifier: MIT
// A chunk of the transport dialect, written a second time, to make files that no writer makes.
#ifndef H4MK_TESTS_LEGACY_TRANSPORT_CHUNK_H_
#define H4MK_TESTS_LEGACY_TRANSPORT_CHUNK_H_

#include <string_view>

#include "base/bytes.h"
#include "base/crc32.h"

namespace h4mk {

inline Bytes TransportChunkOf(std::string_view tag, ByteSpan payload) {
  Bytes chunk;
  AppendText(chunk, tag);
  AppendBe(chunk, static_cast<uint32_t>(payload.size()));
  AppendBe(chunk, Crc32(0, payload));
  AppendBytes(chunk, payload);
  return chunk;
}

}  // namespace h4mk

#endif  // H4MK_TESTS_LEGACY_TRANSPORT_CHUNK_H_
