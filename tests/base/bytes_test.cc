// SPDX-License-Identifier: MIT
#include "base/bytes.h"

#include <gtest/gtest.h>

namespace h4mk {
namespace {

Bytes Varint(uint64_t value) {
  Bytes bytes;
  AppendVarint(bytes, value);
  return bytes;
}

// core.md, "Varint".
TEST(Varint, HasSevenBitsAByteLowestFirst) {
  EXPECT_EQ(Varint(0), Bytes({0x00}));
  EXPECT_EQ(Varint(127), Bytes({0x7F}));
  EXPECT_EQ(Varint(128), Bytes({0x80, 0x01}));
  EXPECT_EQ(Varint(300), Bytes({0xAC, 0x02}));
  EXPECT_EQ(Varint(~uint64_t{0}),
            Bytes({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}));
}

TEST(Varint, EveryWidthComesBack) {
  for (int bits = 0; bits <= 64; ++bits) {
    const uint64_t value = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    const Bytes bytes = Varint(value);
    EXPECT_EQ(bytes.size(), VarintSize(value));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.Varint(), value);
    EXPECT_FALSE(reader.failed());
    EXPECT_EQ(reader.left(), 0u);
  }
}

// At most 10 bytes, no bits beyond 64.
TEST(Varint, TooLongIsRefused) {
  for (const Bytes& bytes : {Bytes(11, 0x80), Bytes(10, 0xFF), Bytes{0x80}, Bytes{}}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.Varint(), 0u);
    EXPECT_TRUE(reader.failed());
  }
}

// core.md, "Signed varint": 0, -1, 1, -2, 2 are 0, 1, 2, 3, 4.
TEST(SignedVarint, AlternatesSigns) {
  const int64_t values[] = {0, -1, 1, -2, 2};
  for (uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(ZigZag(values[i]), i);
    EXPECT_EQ(UnZigZag(i), values[i]);
  }
  for (int64_t value : {INT64_MIN, INT64_MAX}) EXPECT_EQ(UnZigZag(ZigZag(value)), value);
}

TEST(ByteReader, ReadsNothingPastTheEnd) {
  const Bytes bytes = {1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Le<uint16_t>(), 0x0201);
  EXPECT_EQ(reader.Le<uint16_t>(), 0);
  EXPECT_TRUE(reader.failed());
  EXPECT_EQ(reader.Le<uint8_t>(), 0) << "a reader that failed gives nothing more";
  ByteReader other(bytes);
  EXPECT_TRUE(other.Take(~uint64_t{0}).empty());
  EXPECT_TRUE(other.failed());
}

}  // namespace
}  // namespace h4mk
