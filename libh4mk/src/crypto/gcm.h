// SPDX-License-Identifier: MIT
// AES-256-GCM by OpenSSL, one key for many messages.
#ifndef H4MK_CRYPTO_GCM_H_
#define H4MK_CRYPTO_GCM_H_

#include "crypto/secret.h"

struct evp_cipher_ctx_st;

namespace h4mk {

inline constexpr size_t kGcmNonceSize = 12;
inline constexpr size_t kGcmTagSize = 16;
using GcmNonce = std::array<uint8_t, kGcmNonceSize>;

class Gcm {
 public:
  Gcm() = default;
  ~Gcm();
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;

  void SetKey(const Key& key);

  // out = ciphertext || tag, data.size() + kGcmTagSize bytes; may be data. REQUIRES: SetKey().
  void Seal(const GcmNonce& nonce, ByteSpan associated, ByteSpan data, uint8_t* out);
  // out = plain data, sealed.size() - kGcmTagSize bytes; may be sealed. False: the tag does not
  // fit. REQUIRES: SetKey(), and room for a tag in sealed.
  bool Open(const GcmNonce& nonce, ByteSpan associated, ByteSpan sealed, uint8_t* out);

 private:
  void Start(const GcmNonce& nonce, int encrypt);
  void Update(uint8_t* out, ByteSpan in);

  evp_cipher_ctx_st* context_ = nullptr;
};

}  // namespace h4mk

#endif  // H4MK_CRYPTO_GCM_H_
