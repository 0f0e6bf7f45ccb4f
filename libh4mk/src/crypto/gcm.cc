// SPDX-License-Identifier: MIT
#include "crypto/gcm.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>

namespace h4mk {
namespace {

constexpr size_t kMaxUpdate = 1u << 30;  // OpenSSL takes lengths as int

// These calls fail only where there is no memory.
void Require(bool done) {
  if (!done) throw std::bad_alloc();
}

}  // namespace

Gcm::~Gcm() { EVP_CIPHER_CTX_free(context_); }  // wipes the key

void Gcm::SetKey(const Key& key) {
  if (context_ == nullptr) Require((context_ = EVP_CIPHER_CTX_new()) != nullptr);
  Require(EVP_CipherInit_ex(context_, EVP_aes_256_gcm(), nullptr, key.data(), nullptr, 1) == 1);
}

void Gcm::Start(const GcmNonce& nonce, int encrypt) {
  Require(EVP_CipherInit_ex(context_, nullptr, nullptr, nullptr, nonce.data(), encrypt) == 1);
}

// Without `out` the input is associated data.
void Gcm::Update(uint8_t* out, ByteSpan in) {
  for (size_t at = 0; at < in.size(); at += kMaxUpdate) {
    int written = 0;
    const size_t size = std::min(kMaxUpdate, in.size() - at);
    Require(EVP_CipherUpdate(context_, out ? out + at : nullptr, &written, in.data() + at,
                             static_cast<int>(size)) == 1);
  }
}

void Gcm::Seal(const GcmNonce& nonce, ByteSpan associated, ByteSpan data, uint8_t* out) {
  int written = 0;
  Start(nonce, 1);
  Update(nullptr, associated);
  Update(out, data);
  uint8_t* tag = out + data.size();
  Require(EVP_CipherFinal_ex(context_, tag, &written) == 1 &&
          EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, kGcmTagSize, tag) == 1);
}

bool Gcm::Open(const GcmNonce& nonce, ByteSpan associated, ByteSpan sealed, uint8_t* out) {
  int written = 0;
  const ByteSpan data = sealed.first(sealed.size() - kGcmTagSize);
  uint8_t tag[kGcmTagSize];
  std::copy_n(sealed.data() + data.size(), kGcmTagSize, tag);
  Start(nonce, 0);
  Update(nullptr, associated);
  Update(out, data);
  Require(EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, kGcmTagSize, tag) == 1);
  uint8_t nothing = 0;
  return EVP_CipherFinal_ex(context_, &nothing, &written) == 1;
}

}  // namespace h4mk
