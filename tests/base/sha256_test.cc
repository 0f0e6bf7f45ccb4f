// SPDX-License-Identifier: MIT
// SHA-256 of this build, by OpenSSL or without it.
#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace h4mk {
namespace {

std::string HashOf(ByteSpan bytes, size_t piece) {
  Sha256 hash;
  for (size_t at = 0; at < bytes.size(); at += piece)
    hash.Add(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  std::string text;
  for (const uint8_t byte : hash.Finish()) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// FIPS 180-4, and the examples that NIST published with it.
TEST(Sha256, MatchesTheStandard) {
  EXPECT_EQ(HashOf({}, 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HashOf(AsBytes("abc"), 3),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HashOf(AsBytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), 7),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(HashOf(Bytes(1'000'000, 'a'), 1000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnThePieces) {
  Bytes bytes;
  for (size_t size = 0; size < 200; ++size) {
    EXPECT_EQ(HashOf(bytes, 1), HashOf(bytes, 200)) << size;
    EXPECT_EQ(HashOf(bytes, 63), HashOf(bytes, 65)) << size;
    bytes.push_back(static_cast<uint8_t>(size * 7));
  }
}

}  // namespace
}  // namespace h4mk
