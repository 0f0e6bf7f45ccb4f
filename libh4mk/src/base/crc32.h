// SPDX-License-Identifier: MIT
// CRC-32 (IEEE 802.3) by libdeflate, which is several times as fast as zlib; by zlib where that is
// all there is; or by ISA-L, which is several times as fast as an old libdeflate on processors with
// AVX-512.
#ifndef H4MK_BASE_CRC32_H_
#define H4MK_BASE_CRC32_H_

#include <cstdint>

#include "base/bytes.h"

namespace h4mk {

// CRC of bytes appended to those that crc was taken of; 0 is the CRC of nothing.
uint32_t Crc32(uint32_t crc, ByteSpan bytes);

// The value that a CRC started from if it is `end` behind these bytes.
uint32_t Crc32Start(uint32_t end, ByteSpan bytes);

// CRC of two byte strings one after the other, from the CRC of each and the length of the second.
uint32_t Crc32Combine(uint32_t first, uint32_t second, uint64_t second_size);

}  // namespace h4mk

#endif  // H4MK_BASE_CRC32_H_
