// SPDX-License-Identifier: MIT
// HKDF with SHA-256 (RFC 5869), and the labels of protection.md, "Notation".
#ifndef H4MK_CRYPTO_HKDF_H_
#define H4MK_CRYPTO_HKDF_H_

#include <string_view>

#include "crypto/secret.h"

namespace h4mk {

Key HkdfExtract(ByteSpan salt, ByteSpan input);

// Both steps. An empty salt stands for 32 zero bytes. REQUIRES: out.size() ≤ 255 * 32.
void Hkdf(ByteSpan salt, ByteSpan input, ByteSpan info, std::span<uint8_t> out);

// Expand() of protection.md: info = "H4MK/2 " || label || 0 || data.
Key ExpandLabel(ByteSpan key, std::string_view label, ByteSpan data = {});

void RandomBytes(std::span<uint8_t> out);

}  // namespace h4mk

#endif  // H4MK_CRYPTO_HKDF_H_
