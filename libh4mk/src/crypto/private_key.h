// SPDX-License-Identifier: MIT
// Reads private keys in PEM. OpenSSL's own readers leave copies of the key in memory that they give
// back; here all that holds a part of it is wiped.
#ifndef H4MK_CRYPTO_PRIVATE_KEY_H_
#define H4MK_CRYPTO_PRIVATE_KEY_H_

#include <memory>
#include <string_view>

#include "base/status.h"
#include "crypto/secret.h"

struct evp_pkey_st;

namespace h4mk {

// The numbers that stand in files.
enum class SignatureKind : uint8_t { kEd25519 = 1, kEcdsaP256 = 2 };

struct PrivateKey {
  SignatureKind kind = SignatureKind::kEd25519;
  Secret bytes;  // 32 at most: the seed of Ed25519, or the number of P-256
};

// Whether a text has a private key in it, in clear or with a password.
bool HasPrivateKey(std::string_view pem);

// The first private key of a text: Ed25519 (RFC 8410) or ECDSA on P-256, as "PRIVATE KEY"
// (PKCS #8, RFC 5958) or "EC PRIVATE KEY" (RFC 5915). Text around it makes no difference. kKey:
// there is none, it has a password, or it is of another kind. Any thread.
Result<PrivateKey> ReadPrivateKey(std::string_view pem);

// The same for OpenSSL, which has keys of Ed25519 in ordinary memory: only for as long as it signs.
// kKey: the bytes are no key.
Result<std::shared_ptr<evp_pkey_st>> ForOpenSsl(const PrivateKey& key);

}  // namespace h4mk

#endif  // H4MK_CRYPTO_PRIVATE_KEY_H_
