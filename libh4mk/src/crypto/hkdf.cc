// SPDX-License-Identifier: MIT
#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <memory>
#include <new>

namespace h4mk {
namespace {

// Kept, since looking an algorithm up costs more than using it.
EVP_KDF* HkdfAlgorithm() {
  static const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> algorithm(
      EVP_KDF_fetch(nullptr, "HKDF", nullptr), EVP_KDF_free);
  return algorithm.get();
}

// OpenSSL's parameters have pointers that are not const, also for bytes that are only read.
OSSL_PARAM Octets(const char* name, ByteSpan bytes) {
  static uint8_t nothing = 0;
  return OSSL_PARAM_construct_octet_string(
      name, bytes.empty() ? &nothing : const_cast<uint8_t*>(bytes.data()), bytes.size());
}

using KdfContext = std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)>;

// A context for one mode, for which the digest was looked up already.
KdfContext NewKdfContext(int mode) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode), OSSL_PARAM_construct_end()};
  KdfContext context(EVP_KDF_CTX_new(HkdfAlgorithm()), EVP_KDF_CTX_free);
  if (!context || EVP_KDF_CTX_set_params(context.get(), parameters) != 1) throw std::bad_alloc();
  return context;
}

// An empty salt or info is not set: a context that is used again keeps the one that it has.
void Derive(EVP_KDF_CTX* context, ByteSpan salt, ByteSpan key, ByteSpan info,
            std::span<uint8_t> out) {
  OSSL_PARAM parameters[4];
  size_t count = 0;
  parameters[count++] = Octets(OSSL_KDF_PARAM_KEY, key);
  if (!salt.empty()) parameters[count++] = Octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) parameters[count++] = Octets(OSSL_KDF_PARAM_INFO, info);
  parameters[count] = OSSL_PARAM_construct_end();
  if (EVP_KDF_derive(context, out.data(), out.size(), parameters) != 1)
    throw std::bad_alloc();  // nothing else can fail here
}

}  // namespace

Key HkdfExtract(ByteSpan salt, ByteSpan input) {
  Key key;
  Derive(NewKdfContext(EVP_KDF_HKDF_MODE_EXTRACT_ONLY).get(), salt, input, {}, key);
  return key;
}

void Hkdf(ByteSpan salt, ByteSpan input, ByteSpan info, std::span<uint8_t> out) {
  Derive(NewKdfContext(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND).get(), salt, input, info, out);
}

// A block of scheme living takes up to 66 of these. Each thread keeps a context, since making one
// takes a quarter of the time; the key in it is overwritten.
Key ExpandLabel(ByteSpan key, std::string_view label, ByteSpan data) {
  Bytes info;
  AppendText(info, "H4MK/2 ");
  AppendText(info, label);
  info.push_back(0);
  AppendBytes(info, data);
  thread_local const KdfContext context = NewKdfContext(EVP_KDF_HKDF_MODE_EXPAND_ONLY);
  Key out;
  Derive(context.get(), {}, key, info, out);
  static constexpr uint8_t kNothing[32] = {};
  const OSSL_PARAM overwrite[] = {Octets(OSSL_KDF_PARAM_KEY, kNothing), OSSL_PARAM_construct_end()};
  if (EVP_KDF_CTX_set_params(context.get(), overwrite) != 1) throw std::bad_alloc();
  return out;
}

void RandomBytes(std::span<uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) throw std::bad_alloc();
}

}  // namespace h4mk
