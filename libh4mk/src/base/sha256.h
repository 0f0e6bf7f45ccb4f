// SPDX-License-Identifier: MIT
// SHA-256, in pieces: by OpenSSL (sha256.cc), or without it (plain_sha256.cc).
#ifndef H4MK_BASE_SHA256_H_
#define H4MK_BASE_SHA256_H_

#include <array>

#include "base/bytes.h"

namespace h4mk {

using Sha256Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Add(ByteSpan bytes);
  // Once, at the end.
  Sha256Digest Finish();

 private:
  struct State;
  State* state_;
};

inline Sha256Digest Sha256Of(ByteSpan bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return hash.Finish();
}

}  // namespace h4mk

#endif  // H4MK_BASE_SHA256_H_
