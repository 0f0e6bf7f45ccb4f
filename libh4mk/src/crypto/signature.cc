// SPDX-License-Identifier: MIT
#include "crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <new>

namespace h4mk {
namespace {

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct DigestFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct OpenSslFree {
  void operator()(uint8_t* memory) const { OPENSSL_free(memory); }
};
using Context = std::unique_ptr<EVP_MD_CTX, DigestFree>;
using SharedKey = std::shared_ptr<EVP_PKEY>;

std::unique_ptr<BIO, BioFree> Open(std::string_view pem) {
  return std::unique_ptr<BIO, BioFree>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// No key is asked for at a terminal: an encrypted one is an error.
int NoPassword(char*, int, int, void*) { return -1; }

const EVP_MD* DigestOf(SignatureKind kind) {
  return kind == SignatureKind::kEd25519 ? nullptr : EVP_sha256();
}

}  // namespace

Result<SignatureKey> SignatureKey::Private(std::string_view pem) {
  H4MK_ASSIGN(PrivateKey key, ReadPrivateKey(pem));
  H4MK_ASSIGN(const SharedKey opened, ForOpenSsl(key));
  H4MK_ASSIGN(SignatureKey made, Make(opened.get()));
  made.private_ = std::make_shared<const PrivateKey>(std::move(key));
  return made;
}

Result<SignatureKey> SignatureKey::Public(std::string_view pem) {
  if (HasPrivateKey(pem)) return Private(pem);
  const SharedKey key(PEM_read_bio_PUBKEY(Open(pem).get(), nullptr, NoPassword, nullptr),
                      EVP_PKEY_free);
  if (!key) return Status(Code::kKey, "a public key in PEM form is needed");
  return Make(key.get());
}

Result<SignatureKey> SignatureKey::Make(evp_pkey_st* key) {
  SignatureKey made;
  char group[32] = {};
  size_t length = 0;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) {
    made.kind_ = SignatureKind::kEd25519;
  } else if (EVP_PKEY_is_a(key, "EC") == 1 &&
             EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
             std::string_view(group, length) == "prime256v1") {
    made.kind_ = SignatureKind::kEcdsaP256;
    // Whatever the form of its PEM: the fingerprint is that of one form.
    if (EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1)
      throw std::bad_alloc();
  } else {
    return Status(Code::kKey, "a key must be of the kind Ed25519 or ECDSA on P-256");
  }
  uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) throw std::bad_alloc();
  const std::unique_ptr<uint8_t, OpenSslFree> owned(der);
  made.fingerprint_ = Sha256Of({der, static_cast<size_t>(size)});
  const uint8_t* at = der;
  made.public_.reset(d2i_PUBKEY(nullptr, &at, size), EVP_PKEY_free);
  if (!made.public_) throw std::bad_alloc();
  return made;
}

Bytes SignatureKey::Sign(ByteSpan message) const {
  const Result<SharedKey> key = ForOpenSsl(*private_);
  const Context context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!key.ok() || !context ||
      EVP_DigestSignInit(context.get(), nullptr, DigestOf(kind_), nullptr, key.value().get()) !=
          1 ||
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
         EVP_DigestVerifyInit(context.get(), nullptr, DigestOf(kind_), nullptr, public_.get()) ==
             1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

}  // namespace h4mk
