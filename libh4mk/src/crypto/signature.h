// SPDX-License-Identifier: MIT
// Signatures by OpenSSL with keys in PEM: Ed25519, and ECDSA on P-256 with SHA-256.
#ifndef H4MK_CRYPTO_SIGNATURE_H_
#define H4MK_CRYPTO_SIGNATURE_H_

#include <memory>
#include <string_view>

#include "base/sha256.h"
#include "base/status.h"

struct evp_pkey_st;

namespace h4mk {

// The numbers that stand in files.
enum class SignatureKind : uint8_t { kEd25519 = 1, kEcdsaP256 = 2 };

class SignatureKey {
 public:
  // An unencrypted private key ("PRIVATE KEY", "EC PRIVATE KEY"). kKey: none, or of another kind
  // than those above.
  static Result<SignatureKey> Private(std::string_view pem);
  // A public key ("PUBLIC KEY"), or that of a private one.
  static Result<SignatureKey> Public(std::string_view pem);

  SignatureKind kind() const { return kind_; }
  // SHA-256 of the public key (DER, SubjectPublicKeyInfo).
  const Sha256Digest& fingerprint() const { return fingerprint_; }

  Bytes Sign(ByteSpan message) const;
  bool Verify(ByteSpan message, ByteSpan signature) const;

 private:
  // otherwise: what is said where there is no key.
  static Result<SignatureKey> Make(evp_pkey_st* key, const char* otherwise);

  std::shared_ptr<evp_pkey_st> key_;
  SignatureKind kind_ = SignatureKind::kEd25519;
  Sha256Digest fingerprint_{};
};

}  // namespace h4mk

#endif  // H4MK_CRYPTO_SIGNATURE_H_
