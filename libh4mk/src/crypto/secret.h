// SPDX-License-Identifier: MIT
// Memory for keys: wiped before it is given back, locked and left out of core dumps where the
// system allows; and comparison in constant time.
#ifndef H4MK_CRYPTO_SECRET_H_
#define H4MK_CRYPTO_SECRET_H_

#include <array>
#include <vector>

#include "base/bytes.h"

namespace h4mk {

// Overwrites what must not stay in memory.
void Wipe(void* memory, size_t size);

// Memory of OpenSSL's secure heap, which OpenSSL uses for private keys too; where that is full,
// ordinary memory, which is wiped as well. FreeSecret(p, size) is given the size that was asked
// for. MakeSecretHeap() must be called before OpenSSL reads a private key.
void MakeSecretHeap();
void* AllocateSecret(size_t size);
void FreeSecret(void* memory, size_t size);

// For containers of keys.
template <typename T>
struct SecretAllocator {
  using value_type = T;
  SecretAllocator() = default;
  template <typename Other>
  SecretAllocator(const SecretAllocator<Other>&) {}  // NOLINT: implicit, as allocators are

  T* allocate(size_t count) { return static_cast<T*>(AllocateSecret(count * sizeof(T))); }
  void deallocate(T* memory, size_t count) { FreeSecret(memory, count * sizeof(T)); }
  template <typename Other>
  bool operator==(const SecretAllocator<Other>&) const {
    return true;
  }
};

// The base of objects that hold keys for as long as they live.
struct InSecretMemory {
  static void* operator new(size_t size) { return AllocateSecret(size); }
  static void operator delete(void* memory, size_t size) { FreeSecret(memory, size); }
};

// Key material of a length known at run time.
class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteSpan bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&&) = default;
  Secret& operator=(Secret&&) = default;

  ByteSpan bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  std::vector<uint8_t, SecretAllocator<uint8_t>> bytes_;
};

inline constexpr size_t kKeySize = 32;

// A key of 32 bytes.
class Key : public std::array<uint8_t, kKeySize> {
 public:
  Key() : std::array<uint8_t, kKeySize>{} {}
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key() { Wipe(data(), size()); }
};

bool EqualInConstantTime(ByteSpan a, ByteSpan b);

}  // namespace h4mk

#endif  // H4MK_CRYPTO_SECRET_H_
