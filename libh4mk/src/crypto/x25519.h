// SPDX-License-Identifier: MIT
// X25519 (RFC 7748) by OpenSSL.
#ifndef H4MK_CRYPTO_X25519_H_
#define H4MK_CRYPTO_X25519_H_

#include "crypto/secret.h"

namespace h4mk {

Key X25519Public(const Key& private_key);
// False: the result is all zeros, which no honest public key gives.
bool X25519(const Key& private_key, const Key& public_key, Key* shared);

}  // namespace h4mk

#endif  // H4MK_CRYPTO_X25519_H_
