// SPDX-License-Identifier: MIT
// Bytes that are wiped before their memory is given back, and comparison in constant time.
#ifndef H4MK_PROTECT_SECRET_H_
#define H4MK_PROTECT_SECRET_H_

#include <openssl/crypto.h>

#include <array>
#include <utility>

#include "base/bytes.h"

namespace h4mk {

// Key material of a length known at run time.
class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteSpan bytes) : bytes_(bytes.begin(), bytes.end()) {}
  ~Secret() { Wipe(); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Secret& operator=(Secret&& other) noexcept {
    if (this == &other) return *this;
    Wipe();
    bytes_ = std::exchange(other.bytes_, {});
    return *this;
  }

  ByteSpan bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  void Wipe() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  Bytes bytes_;
};

inline constexpr size_t kKeySize = 32;

// A key of 32 bytes.
class Key : public std::array<uint8_t, kKeySize> {
 public:
  Key() : std::array<uint8_t, kKeySize>{} {}
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key() { OPENSSL_cleanse(data(), size()); }
};

inline bool EqualInConstantTime(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace h4mk

#endif  // H4MK_PROTECT_SECRET_H_
