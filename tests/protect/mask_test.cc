// SPDX-License-Identifier: MIT
// legacy.md, "Mask v1", against the golden vectors.
#include "legacy/mask.h"

#include "legacy/vectors.h"

namespace h4mk {
namespace {

Bytes BlockKey(ByteSpan master_key, uint64_t block, std::string_view context = kMaskContext,
               size_t length = kKeySize) {
  Bytes key(length);
  MaskBlockKey(master_key, block, context, key);
  return key;
}

Bytes Masked(ByteSpan key, Bytes data) {
  ApplyMask(key, data, data);
  return data;
}

TEST(MaskTest, BlockKeysAreThoseOfTheVectors) {
  for (const Json& row : Rows("mask", "block_keys"))
    EXPECT_EQ(ToHex(BlockKey(Hex(row, "master_key_hex"), Number(row["block_index"]))),
              row["key_hex"])
        << row;
}

TEST(MaskTest, OtherContextsAndLengths) {
  for (const Json& row : Rows("mask", "block_keys_other_spec")) {
    const Bytes context = Hex(row, "context_hex");
    EXPECT_EQ(ToHex(BlockKey(Hex(row, "master_key_hex"), Number(row["block_index"]),
                             {reinterpret_cast<const char*>(context.data()), context.size()},
                             row["length"].get<size_t>())),
              row["key_hex"]);
  }
}

// Keys of 32 bytes take the way of many lanes, all others that of one digest after the other.
TEST(MaskTest, KeystreamsAreThoseOfTheVectors) {
  for (const Json& row : Rows("mask", "keystream")) {
    const Bytes keystream = Masked(Hex(row, "key_hex"), Bytes(row["length"].get<size_t>()));
    if (row.contains("keystream_hex")) {
      EXPECT_EQ(ToHex(keystream), row["keystream_hex"]);
    } else {
      EXPECT_EQ(Sha256Hex(keystream), row["keystream_sha256"]);
    }
  }
}

TEST(MaskTest, MaskedDataIsThatOfTheVectors) {
  for (const Json& row : Rows("mask", "xor")) {
    const Bytes key = BlockKey(Hex(row, "master_key_hex"), Number(row["block_index"]));
    EXPECT_EQ(ToHex(Masked(key, Hex(row, "data_hex"))), row["masked_hex"]);
    EXPECT_EQ(ToHex(Masked(key, Hex(row, "masked_hex"))), row["data_hex"]);
  }
}

}  // namespace
}  // namespace h4mk
