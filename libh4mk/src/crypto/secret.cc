// SPDX-License-Identifier: MIT
#include "crypto/secret.h"

#include <openssl/crypto.h>

#include <new>

namespace h4mk {
namespace {

constexpr size_t kHeapSize = 256 << 10;  // a power of two: keys of some hundred tracks
constexpr size_t kLeastPiece = 32;

}  // namespace

// An application may have made the heap, with a size of its own.
void MakeSecretHeap() {
  static const bool made =
      CRYPTO_secure_malloc_initialized() || CRYPTO_secure_malloc_init(kHeapSize, kLeastPiece) != 0;
  static_cast<void>(made);
}

void* AllocateSecret(size_t size) {
  MakeSecretHeap();
  if (CRYPTO_secure_malloc_initialized())
    if (void* memory = OPENSSL_secure_malloc(size)) return memory;
  return ::operator new(size);
}

void FreeSecret(void* memory, size_t size) {
  if (memory == nullptr) return;
  if (CRYPTO_secure_allocated(memory)) {
    OPENSSL_secure_clear_free(memory, size);
    return;
  }
  Wipe(memory, size);
  ::operator delete(memory);
}

void Wipe(void* memory, size_t size) { OPENSSL_cleanse(memory, size); }

bool EqualInConstantTime(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace h4mk
