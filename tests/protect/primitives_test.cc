// SPDX-License-Identifier: MIT
// Published values of the primitives that protection stands on.
#include <gtest/gtest.h>

#include "legacy/vectors.h"
#include "protect/gcm.h"
#include "protect/hkdf.h"

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
  HkdfExpand(key, Numbers(0xf0, 10), out);
  EXPECT_EQ(ToHex(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

// RFC 5869, A.3
TEST(HkdfTest, NoSaltAndNoInfo) {
  Bytes out(42);
  Hkdf({}, Bytes(22, 0x0b), {}, out);
  EXPECT_EQ(ToHex(out),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

// The GCM specification (McGrew and Viega), test case 16
TEST(GcmTest, SpecificationCase16) {
  Key key;
  GcmNonce nonce;
  std::ranges::copy(FromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
                    key.begin());
  std::ranges::copy(FromHex("cafebabefacedbaddecaf888"), nonce.begin());
  const Bytes associated = FromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const Bytes plain = FromHex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b525b16aedf5aa0de657ba637b39");
  Gcm gcm;
  gcm.SetKey(key);
  Bytes sealed(plain.size() + kGcmTagSize);
  gcm.Seal(nonce, associated, plain, sealed.data());
  EXPECT_EQ(
      ToHex(sealed),
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
      "56828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  Bytes opened(plain.size());
  EXPECT_TRUE(gcm.Open(nonce, associated, sealed, opened.data()));
  EXPECT_EQ(opened, plain);
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(gcm.Open(nonce, associated, changed, opened.data())) << bit;
  }
}

}  // namespace
}  // namespace h4mk
