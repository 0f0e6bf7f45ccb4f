// SPDX-License-Identifier: MIT
// Published values of the primitives that protection stands on.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/hex.h"
#include "crypto/gcm.h"
#include "crypto/hkdf.h"
#include "crypto/signature.h"
#include "crypto/x25519.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

Bytes Numbers(uint8_t first, size_t count) {
  Bytes bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(first + i);
  return bytes;
}

// RFC 5869, A.1
TEST(HkdfTest, BasicCase) {
  const Key key = HkdfExtract(Numbers(0, 13), Bytes(22, 0x0b));
  EXPECT_EQ(ToHex(key), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  Bytes out(42);
  Hkdf(Numbers(0, 13), Bytes(22, 0x0b), Numbers(0xf0, 10), out);
  EXPECT_EQ(ToHex(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

// RFC 5869, A.2
TEST(HkdfTest, LongerInputsAndOutputs) {
  const Key key = HkdfExtract(Numbers(0x60, 80), Numbers(0, 80));
  EXPECT_EQ(ToHex(key), "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244");
  Bytes out(82);
  Hkdf(Numbers(0x60, 80), Numbers(0, 80), Numbers(0xb0, 80), out);
  EXPECT_EQ(
      ToHex(out),
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e"
      "590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

// RFC 5869, A.3
TEST(HkdfTest, NoSaltAndNoInfo) {
  Bytes out(42);
  Hkdf({}, Bytes(22, 0x0b), {}, out);
  EXPECT_EQ(ToHex(out),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

template <typename Array>
Array ArrayFromHex(std::string_view text) {
  Array array;
  std::ranges::copy(FromHex(text), array.begin());
  return array;
}

struct GcmCase {
  const char *key, *nonce, *associated, *plain, *sealed;
};

constexpr char kZeroKey[] = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr char kCaseKey[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";

// The GCM specification (McGrew and Viega, submitted to NIST), test cases 13 to 16: AES-256 with
// nonces of 12 bytes.
const GcmCase kGcmCases[] = {
    {kZeroKey, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {kZeroKey, "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {kCaseKey, "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"},
    {kCaseKey, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
     "b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b105682"
     "8838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(GcmTest, CasesOfTheSpecification) {
  for (const GcmCase& test : kGcmCases) {
    const auto nonce = ArrayFromHex<GcmNonce>(test.nonce);
    const Bytes associated = FromHex(test.associated), plain = FromHex(test.plain);
    Gcm gcm;
    gcm.SetKey(ArrayFromHex<Key>(test.key));
    Bytes sealed(plain.size() + kGcmTagSize), opened(plain.size() + 1);
    gcm.Seal(nonce, associated, plain, sealed.data());
    EXPECT_EQ(ToHex(sealed), test.sealed);
    EXPECT_TRUE(gcm.Open(nonce, associated, sealed, opened.data()));
    opened.pop_back();
    EXPECT_EQ(opened, plain);
  }
}

TEST(GcmTest, EveryChangedBitIsSeen) {
  const GcmCase& test = kGcmCases[3];
  const auto nonce = ArrayFromHex<GcmNonce>(test.nonce);
  Bytes associated = FromHex(test.associated), sealed = FromHex(test.sealed);
  Bytes opened(sealed.size());
  Gcm gcm;
  gcm.SetKey(ArrayFromHex<Key>(test.key));
  for (Bytes* changed : {&sealed, &associated})
    for (size_t bit = 0; bit < 8 * changed->size(); ++bit) {
      (*changed)[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      EXPECT_FALSE(gcm.Open(nonce, associated, sealed, opened.data())) << bit;
      (*changed)[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    }
}

// Keys as PEM has them: DER with the 32 bytes at its end.
std::string Pem(const char* kind, std::string_view der_front, std::string_view key) {
  const std::string text = EncodeBase64(FromHex(std::string(der_front) + std::string(key)));
  return std::string("-----BEGIN ") + kind + " KEY-----\n" + text + "\n-----END " + kind +
         " KEY-----\n";
}

// RFC 8032, section 7.1, tests 1 to 3
TEST(SignatureTest, Ed25519) {
  const struct {
    const char *secret, *open, *message, *signature;
  } cases[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
       "9"
       "b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "1"
       "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984"
       "d"
       "c6594a7c15e9716ed28dc027beceea1ec40a"},
  };
  for (const auto& test : cases) {
    const auto secret =
        SignatureKey::Private(Pem("PRIVATE", "302e020100300506032b657004220420", test.secret));
    const auto open = SignatureKey::Public(Pem("PUBLIC", "302a300506032b6570032100", test.open));
    ASSERT_TRUE(secret.ok() && open.ok());
    EXPECT_EQ(secret.value().fingerprint(), open.value().fingerprint());
    const Bytes message = FromHex(test.message);
    Bytes signature = secret.value().Sign(message);
    EXPECT_EQ(ToHex(signature), test.signature);
    EXPECT_TRUE(open.value().Verify(message, signature));
    for (size_t byte = 0; byte < signature.size(); ++byte) {
      signature[byte] ^= 1;
      EXPECT_FALSE(open.value().Verify(message, signature)) << byte;
      signature[byte] ^= 1;
    }
  }
}

TEST(SignatureTest, WhatIsNoKeyIsRefusedInWords) {
  const auto key = SignatureKey::Public("no key");
  ASSERT_EQ(key.status().code(), Code::kKey);
  EXPECT_EQ(key.status().message(), "a public key in PEM form is needed");
}

TEST(HexTest, WholeBytesOnly) {
  Bytes bytes;
  EXPECT_TRUE(DecodeHex("0aF0", &bytes));
  EXPECT_EQ(bytes, (Bytes{0x0A, 0xF0}));
  EXPECT_FALSE(DecodeHex(std::string_view("abcd").substr(0, 3), &bytes));
  EXPECT_FALSE(DecodeHex("0g", &bytes));
}

// RFC 7748, section 5.2
TEST(X25519Test, FirstCase) {
  Key shared;
  ASSERT_TRUE(
      X25519(ArrayFromHex<Key>("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
             ArrayFromHex<Key>("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
             &shared));
  EXPECT_EQ(ToHex(shared), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

// RFC 7748, section 6.1: a public key of small order gives zeros, whatever the private one is.
TEST(X25519Test, ZerosAreNoSharedSecret) {
  Key shared, private_key;
  private_key[5] = 7;
  EXPECT_FALSE(X25519(private_key, Key(), &shared));
}

}  // namespace
}  // namespace h4mk
