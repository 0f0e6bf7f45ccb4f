// SPDX-License-Identifier: MIT
#include "crypto/x25519.h"

#include <openssl/evp.h>

#include <memory>
#include <new>

namespace h4mk {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using PKey = std::unique_ptr<EVP_PKEY, Free>;

PKey Private(const Key& key) {
  PKey made(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, key.data(), key.size()));
  if (!made) throw std::bad_alloc();
  return made;
}

}  // namespace

Key X25519Public(const Key& private_key) {
  Key key;
  size_t size = key.size();
  if (EVP_PKEY_get_raw_public_key(Private(private_key).get(), key.data(), &size) != 1)
    throw std::bad_alloc();
  return key;
}

bool X25519(const Key& private_key, const Key& public_key, Key* shared) {
  const PKey own = Private(private_key);
  const PKey other(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, public_key.data(), public_key.size()));
  const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new(own.get(), nullptr));
  size_t size = shared->size();
  if (!other || !context || EVP_PKEY_derive_init(context.get()) != 1) throw std::bad_alloc();
  return EVP_PKEY_derive_set_peer(context.get(), other.get()) == 1 &&
         EVP_PKEY_derive(context.get(), shared->data(), &size) == 1;
}

}  // namespace h4mk
