// SPDX-License-Identifier: MIT
#include "cluster/column.h"

#include <gtest/gtest.h>

#include <random>

namespace h4mk {
namespace {

using Values = std::vector<int64_t>;

Bytes Encode(const Values& values) {
  Bytes bytes;
  AppendColumn(bytes, values);
  return bytes;
}

Values Decode(const Bytes& bytes, size_t count, bool* ok = nullptr) {
  Values values(count, -1);
  ByteReader reader(bytes);
  const bool read = ReadColumn(reader, values);
  EXPECT_EQ(read, !reader.failed());
  if (ok) *ok = read && reader.left() == 0;
  return values;
}

// core.md, "Column".
TEST(Column, KnownForms) {
  EXPECT_EQ(Encode({}), Bytes());
  EXPECT_EQ(Encode({0, 0, 0}), Bytes({0x7F})) << "all zero";
  EXPECT_EQ(Encode({5, 5, 5}), Bytes({0x00, 0x0A})) << "constant: width 0, min 5";
  EXPECT_EQ(Encode({-1, 0, 1}), Bytes({0x02, 0x01, 0b100100}))
      << "width 2, min -1, residuals 0 1 2";
  EXPECT_EQ(Encode({10, 30, 20}), Bytes({0x82, 0x01, 0x14, 0x0A, 0b011000})) << "step 10";
  Values key(100, 1);
  key[0] = 4;
  EXPECT_EQ(Encode(key), Bytes({0x80, 0x03, 0x02, 0x03, 0x01, 0x00, 0x01})) << "one exception";
}

TEST(Column, AnyValuesComeBack) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 3000; ++round) {
    const size_t count = random() % 300;
    const int bits = static_cast<int>(random() % 65);
    const auto step = static_cast<int64_t>(random() % 3 == 0 ? random() % 5000 + 1 : 1);
    const auto base = static_cast<int64_t>(random() % 2 ? random() : random() % 1000);
    Values values(count);
    for (int64_t& value : values) {
      uint64_t v = bits == 0 ? 0 : random() >> (64 - bits);
      if (random() % 50 == 0) v = random();
      value = static_cast<int64_t>(static_cast<uint64_t>(base) + v * static_cast<uint64_t>(step));
    }
    bool ok = false;
    ASSERT_EQ(Decode(Encode(values), count, &ok), values) << "round " << round;
    ASSERT_TRUE(ok);
  }
}

// A search for a seek point needs no more.
TEST(Column, TheFirstValuesCanBeReadAlone) {
  Values values;
  for (int i = 0; i < 40; ++i) values.push_back(i * i % 97 * 3 + (i % 9 == 7 ? 1 << 20 : 0));
  const Bytes bytes = Encode(values);
  for (size_t wanted = 1; wanted <= values.size(); ++wanted) {
    Values read(values.size(), -1);
    ByteReader reader(bytes);
    Column column;
    ASSERT_TRUE(ReadColumn(reader, values.size(), std::span(read).first(wanted), &column));
    for (size_t i = 0; i < wanted; ++i) EXPECT_EQ(column[i], values[i]);
    for (size_t i = wanted; i < read.size(); ++i)
      ASSERT_EQ(read[i], -1) << "the rest is left alone";
  }
}

TEST(Column, ExtremesComeBack) {
  for (const Values& values : {Values{INT64_MIN, INT64_MAX}, Values{INT64_MIN, 0, INT64_MAX, 1},
                               Values{INT64_MIN, INT64_MIN}, Values{-1, INT64_MAX, -1}})
    EXPECT_EQ(Decode(Encode(values), values.size()), values);
}

TEST(Column, NoPrefixIsAccepted) {
  Values values;
  for (int i = 0; i < 40; ++i) values.push_back(i * i % 97 * 3 + (i == 7 ? 1 << 20 : 0));
  const Bytes whole = Encode(values);
  for (size_t size = 0; size < whole.size(); ++size) {
    bool ok = true;
    Decode(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)), values.size(), &ok);
    EXPECT_FALSE(ok) << size;
  }
}

TEST(Column, DamageIsRefused) {
  const Bytes damaged[] = {
      {0x41, 0x00},                                      // width 65
      {0x81, 0x04, 0x00, 0x00},                          // reserved bit
      {0x80, 0x02, 0x00, 0x05},                          // more exceptions than values
      {0x80, 0x02, 0x00, 0x01, 0x04, 0x01},              // exception behind the last value
      {0x80, 0x02, 0x00, 0x02, 0x03, 0x01, 0x00, 0x01},  // the second one is
  };
  for (const Bytes& bytes : damaged) {
    bool ok = true;
    Decode(bytes, 4, &ok);
    EXPECT_FALSE(ok);
  }
}

}  // namespace
}  // namespace h4mk
