// SPDX-License-Identifier: MIT
// Private keys are read without OpenSSL's readers (secret_test.cc and ffmpeg/keys say why): what
// OpenSSL writes in any form gives the same key, and nothing else gives one.
#include "crypto/private_key.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>

#include "base/base64.h"
#include "crypto/signature.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

using Bytes = h4mk::Bytes;
using h4mk::SignatureKey;

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using OwnedKey = std::unique_ptr<EVP_PKEY, KeyFree>;

OwnedKey Ed25519() { return OwnedKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }
OwnedKey Curve(const char* name) {
  return OwnedKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", name));
}

// "EC PRIVATE KEY".
std::string Traditional(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey_traditional(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(bio);
  return pem;
}

// What a private key signs holds for the public one, and both have one fingerprint.
void ExpectPair(const std::string& secret, const std::string& open) {
  const auto signs = SignatureKey::Private(secret);
  const auto verifies = SignatureKey::Public(open);
  ASSERT_TRUE(signs.ok()) << signs.status().message();
  ASSERT_TRUE(verifies.ok()) << verifies.status().message();
  EXPECT_EQ(signs.value().fingerprint(), verifies.value().fingerprint());
  const Bytes message = {1, 2, 3};
  const Bytes signature = signs.value().Sign(message);
  EXPECT_TRUE(verifies.value().Verify(message, signature));
  EXPECT_TRUE(signs.value().Verify(message, signature));
  EXPECT_FALSE(verifies.value().Verify(Bytes{1, 2, 4}, signature));
}

std::string Refusal(const std::string& pem) {
  const auto key = SignatureKey::Private(pem);
  return key.ok() ? "it was taken" : key.status().message();
}
const std::string kNoKey = "a private key in PEM form, without a password, is needed";
const std::string kOtherKind = "a key must be of the kind Ed25519 or ECDSA on P-256";

TEST(PrivateKeyTest, EveryFormThatOpenSslWrites) {
  const OwnedKey ed25519 = Ed25519(), p256 = Curve("P-256");
  ExpectPair(Pem(ed25519.get(), true), Pem(ed25519.get(), false));
  ExpectPair(Pem(p256.get(), true), Pem(p256.get(), false));
  ExpectPair(Traditional(p256.get()), Pem(p256.get(), false));
  // What `openssl ecparam -genkey` writes has the curve in front of the key.
  const std::string curve =
      "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  ExpectPair(curve + Traditional(p256.get()) + "a word", Pem(p256.get(), false));
  std::string dos;
  for (const char c : Pem(p256.get(), true)) dos += c == '\n' ? "\r\n" : std::string(1, c);
  ExpectPair(dos, Pem(p256.get(), false));
  EVP_PKEY_set_utf8_string_param(p256.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                 "compressed");
  ExpectPair(Pem(p256.get(), true), Pem(p256.get(), false));
  ExpectPair(Traditional(p256.get()), Pem(p256.get(), false));
  ExpectPair(Pem(p256.get(), true), Pem(p256.get(), true));  // who verifies may have both
}

TEST(PrivateKeyTest, OtherKindsAreNamed) {
  EXPECT_EQ(Refusal(Pem(Curve("P-384").get(), true)), kOtherKind);
  EXPECT_EQ(Refusal(Traditional(Curve("P-384").get())), kOtherKind);
  EXPECT_EQ(Refusal(Pem(OwnedKey(EVP_RSA_gen(1024)).get(), true)), kOtherKind);
}

TEST(PrivateKeyTest, WhatIsNoKey) {
  const std::string begin = "-----BEGIN PRIVATE KEY-----\n", end = "\n-----END PRIVATE KEY-----\n";
  for (const std::string& pem :
       {std::string(), begin, begin + end, begin + "MC4C" + end, begin + "####" + end,
        begin + "MC4" + end, begin + std::string(100000, 'M') + end, "x" + end + begin})
    EXPECT_EQ(Refusal(pem), kNoKey) << pem.substr(0, 80);
}

// A key that was cut has no key in it, and a changed one is read within what is there
// (AddressSanitizer).
TEST(PrivateKeyTest, EveryCutAndEveryChangedByte) {
  for (const OwnedKey& key : {Ed25519(), Curve("P-256")}) {
    uint8_t* der = nullptr;
    const int size = i2d_PrivateKey(key.get(), &der);
    PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key.get());
    uint8_t* whole = nullptr;
    const int whole_size = i2d_PKCS8_PRIV_KEY_INFO(info, &whole);
    ASSERT_GT(size, 0);
    ASSERT_GT(whole_size, 0);
    const Bytes bytes(whole, whole + whole_size);
    OPENSSL_free(der);
    OPENSSL_free(whole);
    PKCS8_PRIV_KEY_INFO_free(info);
    const auto pem = [](const Bytes& of) {
      return "-----BEGIN PRIVATE KEY-----\n" + h4mk::EncodeBase64(of) +
             "\n-----END PRIVATE KEY-----\n";
    };
    ASSERT_TRUE(SignatureKey::Private(pem(bytes)).ok());
    for (size_t cut = 0; cut < bytes.size(); ++cut)
      EXPECT_FALSE(SignatureKey::Private(
                       pem(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(cut))))
                       .ok());
    for (size_t i = 0; i < bytes.size(); ++i)
      for (const uint8_t change : {0x01, 0x80, 0xFF}) {
        Bytes changed = bytes;
        changed[i] ^= change;
        if (const auto read = SignatureKey::Private(pem(changed)); read.ok())
          read.value().Sign(changed);
      }
  }
}

// No key is so long that its size takes more than two bytes, and DER knows no other form.
TEST(PrivateKeyTest, SizesThatAreLongerThanTheyNeed) {
  const Bytes rest = {0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03,
                      0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};  // PKCS 8 of Ed25519 up to the key
  const auto refusal = [&](Bytes front) {
    front.insert(front.end(), rest.begin(), rest.end());
    front.resize(front.size() + 32, 7);
    return Refusal("-----BEGIN PRIVATE KEY-----\n" + h4mk::EncodeBase64(front) +
                   "\n-----END PRIVATE KEY-----\n");
  };
  for (const Bytes& taken : {Bytes{0x30, 0x2E}, {0x30, 0x81, 0x2E}, {0x30, 0x82, 0, 0x2E}})
    EXPECT_EQ(refusal(taken), "it was taken");
  for (const Bytes& not_taken : {Bytes{0x30, 0x80}, {0x30, 0x83, 0, 0, 0x2E}, {0x30, 0x2F}})
    EXPECT_EQ(refusal(not_taken), kNoKey);
}

// A number that is none: zero, the order of the curve, and what is larger.
TEST(PrivateKeyTest, ANumberThatIsNoKey) {
  const Bytes order = {0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,    0xFF, 0xFF, 0xFF,
                       0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17,
                       0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51};
  for (const Bytes& number : {Bytes(32), order, Bytes(32, 0xFF)}) {
    h4mk::PrivateKey key{h4mk::SignatureKind::kEcdsaP256, h4mk::Secret(number)};
    EXPECT_FALSE(h4mk::ForOpenSsl(key).ok());
  }
}

}  // namespace
}  // namespace h4mk_test
