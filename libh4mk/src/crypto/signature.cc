// SPDX-License-Identifier: MIT
#include "crypto/signature.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <new>

#include "crypto/secret.h"

namespace h4mk {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct DigestFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, DigestFree>;

std::unique_ptr<BIO, BioFree> Open(std::string_view pem) {
  return std::unique_ptr<BIO, BioFree>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// No key is asked for at a terminal: an encrypted one is an error.
int NoPassword(char*, int, int, void*) { return -1; }

EVP_PKEY* ReadPrivate(std::string_view pem) {
  MakeSecretHeap();
  return PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, NoPassword, nullptr);
}

const EVP_MD* DigestOf(SignatureKind kind) {
  return kind == SignatureKind::kEd25519 ? nullptr : EVP_sha256();
}

}  // namespace

Result<SignatureKey> SignatureKey::Private(std::string_view pem) {
  return Make(ReadPrivate(pem), "a private key in PEM form, without a password, is needed");
}

Result<SignatureKey> SignatureKey::Public(std::string_view pem) {
  evp_pkey_st* key = PEM_read_bio_PUBKEY(Open(pem).get(), nullptr, NoPassword, nullptr);
  return Make(key != nullptr ? key : ReadPrivate(pem), "a public key in PEM form is needed");
}

Result<SignatureKey> SignatureKey::Make(evp_pkey_st* key, const char* otherwise) {
  SignatureKey made;
  made.key_.reset(key, EVP_PKEY_free);
  if (key == nullptr) return Status(Code::kKey, otherwise);
  char group[32] = {};
  size_t length = 0;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) {
    made.kind_ = SignatureKind::kEd25519;
  } else if (EVP_PKEY_is_a(key, "EC") == 1 &&
             EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
             std::string_view(group, length) == "prime256v1") {
    made.kind_ = SignatureKind::kEcdsaP256;
  } else {
    return Status(Code::kKey, "a key must be of the kind Ed25519 or ECDSA on P-256");
  }
  uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) throw std::bad_alloc();
  made.fingerprint_ = Sha256Of({der, static_cast<size_t>(size)});
  OPENSSL_free(der);
  return made;
}

Bytes SignatureKey::Sign(ByteSpan message) const {
  const Context context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, DigestOf(kind_), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) != 1)
    throw std::bad_alloc();
  Bytes signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
    throw std::bad_alloc();
  signature.resize(size);
  return signature;
}

bool SignatureKey::Verify(ByteSpan message, ByteSpan signature) const {
  const Context context(EVP_MD_CTX_new());
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, DigestOf(kind_), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace h4mk
