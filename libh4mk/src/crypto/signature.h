// SPDX-License-Identifier: MIT
// Signatures by OpenSSL with keys in PEM: Ed25519, and ECDSA on P-256 with SHA-256.
#ifndef H4MK_CRYPTO_SIGNATURE_H_
#define H4MK_CRYPTO_SIGNATURE_H_

#include <memory>
#include <string_view>

#include "base/sha256.h"
#include "base/status.h"
#include "crypto/private_key.h"

namespace h4mk {

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

  // REQUIRES: made by Private().
  Bytes Sign(ByteSpan message) const;
  bool Verify(ByteSpan message, ByteSpan signature) const;

 private:
  // The public part of a key.
  static Result<SignatureKey> Make(evp_pkey_st* key);

  std::shared_ptr<const PrivateKey> private_;  // null: verifies only
  std::shared_ptr<evp_pkey_st> public_;
  SignatureKind kind_ = SignatureKind::kEd25519;
  Sha256Digest fingerprint_{};
};

}  // namespace h4mk

#endif  // H4MK_CRYPTO_SIGNATURE_H_
