// SPDX-License-Identifier: MIT
// SHA-256 of 16 messages at once that differ in a counter only: the keystream of mask v1.
#ifndef H4MK_CRYPTO_SHA256_LANES_H_
#define H4MK_CRYPTO_SHA256_LANES_H_

#include "crypto/secret.h"

namespace h4mk {

inline constexpr size_t kSha256Lanes = 16;
inline constexpr size_t kSha256Size = 32;

// out = SHA-256(key || u32be counter) || SHA-256(key || u32be (counter + 1)) || …, one digest a
// lane.
void Sha256CounterLanes(const Key& key, uint32_t counter, uint8_t out[kSha256Lanes * kSha256Size]);

}  // namespace h4mk

#endif  // H4MK_CRYPTO_SHA256_LANES_H_
