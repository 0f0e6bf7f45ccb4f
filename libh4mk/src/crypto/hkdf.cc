// SPDX-License-Identifier: MIT
#include "crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <memory>
#include <new>

namespace h4mk {
namespace {

// Looking an algorithm up costs more than using it.
EVP_KDF* HkdfAlgorithm() {
  static const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> algorithm(
      EVP_KDF_fetch(nullptr, "HKDF", nullptr), EVP_KDF_free);
  return algorithm.get();
}

// OpenSSL takes what it reads through pointers to what is not const.
OSSL_PARAM Octets(const char* name, ByteSpan bytes) {
  static uint8_t nothing = 0;
  return OSSL_PARAM_construct_octet_string(
      name, bytes.empty() ? &nothing : const_cast<uint8_t*>(bytes.data()), bytes.size());
}

void Derive(int mode, ByteSpan salt, ByteSpan key, ByteSpan info, std::span<uint8_t> out) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[6];
  size_t count = 0;
  parameters[count++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
  parameters[count++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
  parameters[count++] = Octets(OSSL_KDF_PARAM_KEY, key);
  if (!salt.empty()) parameters[count++] = Octets(OSSL_KDF_PARAM_SALT, salt);
  if (!info.empty()) parameters[count++] = Octets(OSSL_KDF_PARAM_INFO, info);
  parameters[count] = OSSL_PARAM_construct_end();
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(
      EVP_KDF_CTX_new(HkdfAlgorithm()), EVP_KDF_CTX_free);
  if (!context || EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) != 1)
    throw std::bad_alloc();  // nothing else can fail here
}

}  // namespace

Key HkdfExtract(ByteSpan salt, ByteSpan input) {
  Key key;
  Derive(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, salt, input, {}, key);
  return key;
}

void HkdfExpand(ByteSpan key, ByteSpan info, std::span<uint8_t> out) {
  Derive(EVP_KDF_HKDF_MODE_EXPAND_ONLY, {}, key, info, out);
}

void Hkdf(ByteSpan salt, ByteSpan input, ByteSpan info, std::span<uint8_t> out) {
  Derive(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, salt, input, info, out);
}

Key ExpandLabel(ByteSpan key, std::string_view label, ByteSpan data) {
  Bytes info;
  AppendText(info, "H4MK/2 ");
  AppendText(info, label);
  info.push_back(0);
  AppendBytes(info, data);
  Key out;
  HkdfExpand(key, info, out);
  return out;
}

void RandomBytes(std::span<uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) throw std::bad_alloc();
}

}  // namespace h4mk
