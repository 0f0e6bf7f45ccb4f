// SPDX-License-Identifier: MIT
#include "base/sha256.h"

#include <openssl/evp.h>

#include <new>

namespace h4mk {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();  // nothing else can fail here
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::Add(ByteSpan bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }

Sha256Digest Sha256::Finish() {
  Sha256Digest digest{};
  EVP_DigestFinal_ex(context_, digest.data(), nullptr);
  return digest;
}

}  // namespace h4mk
