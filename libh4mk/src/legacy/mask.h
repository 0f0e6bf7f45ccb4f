// SPDX-License-Identifier: MIT
// legacy.md, "Mask v1": XOR with a keystream of SHA-256. No integrity; kept for what exists.
#ifndef H4MK_LEGACY_MASK_H_
#define H4MK_LEGACY_MASK_H_

#include <string_view>

#include "crypto/secret.h"

namespace h4mk {

// "HarmonyØ4|Mask|v1"
inline constexpr std::string_view kMaskContext =
    "Harmony\xC3\x98"
    "4|Mask|v1";

// The key of a block; context and length are kMaskContext and kKeySize in all files there are.
void MaskBlockKey(ByteSpan master_key, uint64_t block, std::string_view context,
                  std::span<uint8_t> key);

// out = in XOR keystream; out may be in. Masks and unmasks. Fast for keys of kKeySize. REQUIRES:
// out.size() == in.size().
void ApplyMask(ByteSpan block_key, ByteSpan in, std::span<uint8_t> out);

}  // namespace h4mk

#endif  // H4MK_LEGACY_MASK_H_
