// SPDX-License-Identifier: MIT
#include "base/sha256.h"

#include <openssl/evp.h>

#include <new>

namespace h4mk {

// Only a name for OpenSSL's own state, which the header need not know.
struct Sha256::State {
  static EVP_MD_CTX* Of(State* state) { return reinterpret_cast<EVP_MD_CTX*>(state); }
};

Sha256::Sha256() : state_(reinterpret_cast<State*>(EVP_MD_CTX_new())) {
  if (state_ == nullptr || EVP_DigestInit_ex(State::Of(state_), EVP_sha256(), nullptr) != 1)
    throw std::bad_alloc();  // nothing else can fail here
}

Sha256::~Sha256() { EVP_MD_CTX_free(State::Of(state_)); }

void Sha256::Add(ByteSpan bytes) {
  EVP_DigestUpdate(State::Of(state_), bytes.data(), bytes.size());
}

Sha256Digest Sha256::Finish() {
  Sha256Digest digest{};
  EVP_DigestFinal_ex(State::Of(state_), digest.data(), nullptr);
  return digest;
}

}  // namespace h4mk
