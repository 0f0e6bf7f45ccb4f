// SPDX-License-Identifier: MIT
// Blocks whose data is in another file, as a cluster's index describes them (core.md, "External
// data").
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/crc32.h"
#include "chunk/chunk_format.h"
#include "cluster/cluster_encoder.h"
#include "cluster/cluster_format.h"
#include "cluster/cluster_index.h"

namespace h4mk {
namespace {

Bytes Filled(size_t size, uint8_t value) { return Bytes(size, value); }

Sha256Digest HashOf(const Bytes& bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return hash.Finish();
}

class ExternalDataTest : public testing::Test {
 protected:
  ExternalDataTest() {
    for (uint32_t id : {1u, 2u}) {
      encoder_.AddTrack(id);
      ids_.Add(id);
    }
  }

  void Add(uint32_t track, uint64_t offset, const Bytes& data, uint32_t flags = kBlockExternal) {
    const auto time = static_cast<int64_t>(encoder_.NextOrdinal(track));
    encoder_.Add({.track = track,
                  .flags = flags,
                  .pts = time,
                  .dts = time,
                  .duration = 1,
                  .data = data,
                  .external_offset = offset});
  }

  Bytes Payload() {
    const ClusterEncoder::Encoded encoded = encoder_.Encode();
    Bytes payload(encoded.head.begin() + kChunkHeaderSize, encoded.head.end());
    for (ByteSpan data : encoded.data) AppendBytes(payload, data);
    return payload;
  }

  Status Parse(const Bytes& payload) {
    size_t needed = 0;
    return index_.Parse(payload, 0, payload.size(), ids_, &needed);
  }

  // The index in a payload, and a payload of another one.
  static Bytes IndexOf(const Bytes& payload) {
    ByteReader reader{ByteSpan(payload)};
    const ByteSpan index = reader.Take(reader.Varint());
    return Bytes(index.begin(), index.end());
  }
  static Bytes PayloadOf(const Bytes& index) {
    Bytes payload;
    AppendVarint(payload, index.size());
    AppendBytes(payload, index);
    AppendLe(payload, Crc32(0, payload));
    return payload;
  }
  // Whether a reader refuses the cluster when the byte at a place of its index, counted from the
  // end, is another.
  bool IsRefused(const Bytes& payload, size_t from_end, uint8_t value) {
    Bytes index = IndexOf(payload);
    index[index.size() - from_end] = value;
    return Parse(PayloadOf(index)).code() == Code::kCorrupt;
  }

  // "offset+size" of each block in the order of the cluster; "-" where the data is in the cluster.
  std::string Places() {
    std::string text;
    for (const BlockRecord& block : index_.blocks()) {
      if (!text.empty()) text += " ";
      text += block.flags & kBlockExternal ? std::to_string(index_.range_of(block).offset) + "+" +
                                                 std::to_string(index_.range_of(block).size)
                                           : "-";
    }
    return text;
  }

  ClusterEncoder encoder_;
  TrackIds ids_;
  ClusterIndex index_;
};

// The section as it stands in the file: for each track SHA-256, what jumps count from, the first
// offset, the jumps.
TEST_F(ExternalDataTest, Bytes) {
  Add(0, 1000, Filled(100, 'a'));
  Add(1, 1100, Filled(10, 'b'));
  Add(0, 1110, Filled(50, 'c'));
  Add(0, 1170, Filled(50, 'd'));
  const Bytes payload = Payload();
  ASSERT_TRUE(Parse(payload).ok());
  EXPECT_EQ(Places(), "1000+100 1100+10 1110+50 1170+50");

  Bytes section;
  AppendBytes(section, HashOf([] {
                Bytes all = Filled(100, 'a');
                AppendBytes(all, Filled(50, 'c'));
                AppendBytes(all, Filled(50, 'd'));
                return all;
              }()));
  AppendBytes(section, Bytes{0,           // jumps count from the block of this track before: 10, 10
                             0xE8, 0x07,  // 1000
                             0x00, 0x14});  // a constant column of 10
  AppendBytes(section, HashOf(Filled(10, 'b')));
  AppendBytes(section, Bytes{0, 0xCC, 0x08});  // 1100; no jump
  const Bytes index = IndexOf(payload);
  EXPECT_EQ(Bytes(index.end() - static_cast<ptrdiff_t>(section.size()), index.end()), section);
  EXPECT_EQ(index[2], kFormExternal);
  EXPECT_EQ(index_.data_size(), 0u);
}

// Two tracks whose blocks lie alternately in the other file, of sizes that vary: what lies between
// two blocks of a track is a block of the other one, so that jumps within the cluster are all 0.
TEST_F(ExternalDataTest, TheShorterColumnIsWritten) {
  uint64_t at = 48;
  std::string places;
  for (uint32_t i = 0; i < 200; ++i) {
    const Bytes data = Filled(100 + i * 37 % 1000, static_cast<uint8_t>(i));
    Add(i % 2, at, data);
    places += (i ? " " : "") + std::to_string(at) + "+" + std::to_string(data.size());
    at += data.size();
  }
  const Bytes payload = Payload();
  ASSERT_TRUE(Parse(payload).ok());
  EXPECT_EQ(Places(), places);
  EXPECT_LT(payload.size(), 2 * 38 + 200 * 2u);  // hashes, and next to nothing but the sizes
}

// What is not in the file does not count in the sum of the data, nor in where the data of other
// blocks is.
TEST_F(ExternalDataTest, BesideBlocksThatAreStored) {
  Add(0, 0, {'x', 'y'}, 0);
  Add(0, 500, Filled(300, 1));
  Add(1, 0, {'z'}, 0);
  Add(0, 0, {'w'}, 0);
  const Bytes payload = Payload();
  ASSERT_TRUE(Parse(payload).ok());
  EXPECT_EQ(Places(), "- 500+300 - -");
  EXPECT_EQ(index_.data_size(), 4u);
  std::string stored;
  for (const BlockRecord& block : index_.blocks())
    for (uint32_t i = 0; i < block.stored_size(); ++i)
      stored += static_cast<char>(payload[index_.data_start() + block.offset + i]);
  EXPECT_EQ(stored, "xyzw");
  EXPECT_EQ(index_.blocks()[1].size, 300u);
}

TEST_F(ExternalDataTest, PlacesComeBackWhateverTheyAre) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string places;
    std::map<uint32_t, Bytes> groups;
    for (size_t i = 0, count = 1 + random() % 60; i < count; ++i) {
      const auto track = static_cast<uint32_t>(random() % 2);
      const Bytes data = Filled(random() % 200, static_cast<uint8_t>(random()));
      const bool is_external = random() % 4 != 0;
      const uint64_t offset = random() >> (1 + random() % 60);
      const uint64_t fitting = std::min<uint64_t>(offset, kMaxExternalEnd - data.size());
      Add(track, fitting, data, is_external ? kBlockExternal : 0);
      if (is_external) AppendBytes(groups[track], data);
      places += (i ? " " : "") +
                (is_external ? std::to_string(fitting) + "+" + std::to_string(data.size()) : "-");
    }
    ASSERT_TRUE(Parse(Payload()).ok());
    ASSERT_EQ(Places(), places);
    for (const BlockRecord& block : index_.blocks()) {
      if (!(block.flags & kBlockExternal)) continue;
      ASSERT_EQ(index_.groups()[index_.range_of(block).group].hash,
                HashOf(groups[static_cast<uint32_t>(block.track)]));
    }
    encoder_.Clear();
  }
}

// core.md, "Cluster": not more blocks than the payload has bytes, also where all of them are alike
// and none is here.
TEST_F(ExternalDataTest, ThePayloadIsNotShorterThanItsBlocksAreMany) {
  for (uint64_t i = 0; i < 1000; ++i) Add(0, 100 * i, Filled(100, 7));
  const Bytes payload = Payload();
  EXPECT_GE(payload.size(), 1000u);
  ASSERT_TRUE(Parse(payload).ok());
  EXPECT_EQ(index_.blocks().size(), 1000u);
}

// An outline does not know the places; who wants a key block completes it.
TEST_F(ExternalDataTest, Outline) {
  Add(0, 100, Filled(20, 1), kBlockExternal | kBlockKey);
  Add(0, 120, Filled(20, 2));
  const Bytes payload = Payload();
  size_t needed = 0;
  ASSERT_TRUE(index_.ParseOutline(payload, 0, payload.size(), ids_, &needed).ok());
  BlockRecord key;
  EXPECT_FALSE(index_.FindKey(0, 0, false, &key));
  ASSERT_TRUE(index_.Complete().ok());
  EXPECT_EQ(Places(), "100+20 120+20");
  EXPECT_TRUE(index_.FindKey(0, 0, false, &key));
}

// ---- indexes that must be refused

TEST_F(ExternalDataTest, ReservedBitsOfTheForm) {
  Add(0, 1000, Filled(100, 'a'));
  const Bytes payload = Payload(), index = IndexOf(payload);
  ASSERT_TRUE(Parse(payload).ok());  // control
  for (const uint8_t form : {0x40, 0x80, 0x60, 0xA0})
    EXPECT_TRUE(IsRefused(payload, index.size() - 2, form)) << int{form};
}

TEST_F(ExternalDataTest, ABlockInAnotherFileNeedsThatTheFormSaysSo) {
  Add(0, 1000, Filled(100, 'a'));
  const Bytes payload = Payload();
  EXPECT_TRUE(IsRefused(payload, IndexOf(payload).size() - 2, 0));
}

TEST_F(ExternalDataTest, JumpsThatCountFromSomethingElse) {
  Add(0, 1, Filled(100, 'a'));
  const Bytes payload = Payload();
  EXPECT_FALSE(IsRefused(payload, 2, kJumpInCluster));
  EXPECT_TRUE(IsRefused(payload, 2, 2));
}

TEST_F(ExternalDataTest, ASectionThatIsCut) {
  Add(0, 1000, Filled(100, 'a'));
  Add(0, 1300, Filled(100, 'b'));
  const Bytes index = IndexOf(Payload());
  for (size_t left = index.size() - 39; left < index.size(); ++left)
    EXPECT_EQ(
        Parse(PayloadOf(Bytes(index.begin(), index.begin() + static_cast<ptrdiff_t>(left)))).code(),
        Code::kCorrupt)
        << left;
}

TEST_F(ExternalDataTest, ABlockMayEndAtTheLargestOffsetAndNotBehindIt) {
  for (const auto& [offset, ok] : {std::pair{kMaxExternalEnd - 100, true},
                                   {kMaxExternalEnd - 99, false},
                                   {UINT64_MAX, false}}) {
    Add(0, offset, Filled(100, 'a'));
    EXPECT_EQ(Parse(Payload()).ok(), ok) << offset;
    encoder_.Clear();
  }
  Add(0, 5, Filled(100, 'a'));  // a jump to before the file
  Add(0, UINT64_MAX, Filled(100, 'a'));
  EXPECT_FALSE(Parse(Payload()).ok());
}

TEST_F(ExternalDataTest, NeitherEncryptedNorCompressed) {
  for (const uint32_t flag : {kBlockEncrypted, kBlockCompressed}) {
    Add(0, 0, Filled(100, 'a'), kBlockExternal | flag);
    EXPECT_FALSE(Parse(Payload()).ok());
    encoder_.Clear();
  }
}

TEST_F(ExternalDataTest, AGroupIsOneBlockOrUpTo64MiB) {
  const auto add = [&](uint32_t size) {
    const Block block{.track = 0, .flags = kBlockExternal, .pts = 0, .dts = 0, .duration = 1};
    encoder_.AddExternalToIndex(block, size);
    encoder_.SetExternalHash(0, {});
  };
  const auto is_read = [&] {
    const bool ok = Parse(Payload()).ok();
    encoder_.Clear();
    return ok;
  };
  add(1u << 30);
  EXPECT_TRUE(is_read());
  add(32u << 20), add(32u << 20);
  EXPECT_TRUE(is_read());
  add(32u << 20), add((32u << 20) + 1);
  EXPECT_FALSE(is_read());
}

}  // namespace
}  // namespace h4mk
