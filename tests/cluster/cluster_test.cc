// SPDX-License-Identifier: MIT
// A cluster's index gives back what was put in, and nothing else than that (core.md, "Cluster").
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/crc32.h"
#include "chunk/chunk_format.h"
#include "cluster/cluster_encoder.h"
#include "cluster/cluster_index.h"

namespace h4mk {
namespace {

class ClusterTest : public testing::Test {
 protected:
  ClusterTest() {
    for (uint32_t id : {7u, 1u, 300u}) {
      encoder_.AddTrack(id);
      ids_.Add(id);
    }
  }

  void Add(uint32_t track, int64_t dts, const std::string& data, uint32_t flags = kBlockKey) {
    Block block{.track = track, .flags = flags, .pts = dts, .dts = dts, .duration = 10};
    block.data = {reinterpret_cast<const uint8_t*>(data.data()), data.size()};
    encoder_.Add(block);
  }

  // The payload of the encoded chunk.
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

  // Replaces bytes of the index of a payload and mends its CRC.
  static Bytes Tamper(Bytes payload, size_t at, uint8_t value) {
    const size_t size = payload[0] + 1u;
    payload[at] = value;
    StoreLe(payload.data() + size, Crc32(0, ByteSpan(payload).first(size)));
    return payload;
  }

  // Replaces a part of the index, which may get another length, and mends size and CRC.
  static Bytes Replace(const Bytes& payload, const Bytes& part, const Bytes& by) {
    ByteReader reader{ByteSpan(payload)};
    const ByteSpan covered = reader.Take(reader.Varint());
    const ByteSpan data = ByteSpan(payload).subspan(reader.position() + kCrcSize);
    const auto [begin, end] = std::ranges::search(covered, part);
    EXPECT_NE(begin, end);
    Bytes index(covered.begin(), begin), changed;
    AppendBytes(index, by);
    index.insert(index.end(), end, covered.end());
    AppendVarint(changed, index.size());
    AppendBytes(changed, index);
    AppendLe(changed, Crc32(0, changed));
    AppendBytes(changed, data);
    return changed;
  }

  // FindKey() against the blocks of a complete index.
  static void CheckKeys(ClusterIndex* index, const std::vector<BlockRecord>& blocks, int64_t time) {
    for (int32_t track = 0; track < 3; ++track)
      for (const bool first_of_time : {false, true}) {
        const BlockRecord* best = nullptr;
        for (const BlockRecord& block : blocks)
          if (block.track == track && block.is_key() && block.time() != kNoTime &&
              block.time() <= time &&
              (!best || block.time() > best->time() ||
               (block.time() == best->time() && !first_of_time)))
            best = &block;
        BlockRecord key;
        ASSERT_EQ(index->FindKey(track, time, first_of_time, &key), best != nullptr);
        if (best == nullptr) continue;
        EXPECT_EQ(key.ordinal, best->ordinal);
        EXPECT_EQ(key.offset, best->offset);
        EXPECT_EQ(key.size, best->size);
        EXPECT_EQ(key.pts, best->pts);
        EXPECT_EQ(key.dts, best->dts);
        EXPECT_EQ(key.duration, best->duration);
        EXPECT_EQ(key.flags, best->flags);
      }
  }

  ClusterEncoder encoder_;
  TrackIds ids_;
  ClusterIndex index_;
};

TEST_F(ClusterTest, BlocksComeBackInFileOrder) {
  Add(2, 100, "c0");
  Add(0, 0, "a0", kBlockKey);
  Add(0, 10, "", 1);
  Add(2, 110, "c1");
  ASSERT_TRUE(Parse(Payload()).ok());
  ASSERT_EQ(index_.blocks().size(), 4u);
  const BlockRecord& last = index_.blocks()[3];
  EXPECT_EQ(last.track, 2);
  EXPECT_EQ(last.dts, 110);
  EXPECT_EQ(last.offset, 2u) << "data lies track by track";
  EXPECT_EQ(last.size, 2u);
  EXPECT_EQ(last.ordinal, 1u);
  EXPECT_EQ(index_.blocks()[2].size, 0u);
  EXPECT_EQ(index_.data_size(), 6u);
}

// Whatever the times, flags, sizes and side data are.
TEST_F(ClusterTest, AnySequenceOfBlocksComesBack) {
  std::mt19937_64 random(1);
  const auto any_time = [&]() -> int64_t {
    static constexpr int64_t kExtremes[] = {kNoTime, kNoTime + 1, INT64_MAX, -1, 0, 1};
    const uint64_t kind = random() % 4;
    if (kind == 0) return kExtremes[random() % std::size(kExtremes)];
    return static_cast<int64_t>(kind == 1 ? random() : random() % 100);
  };
  const Bytes data(100, 0x55);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    std::vector<Block> blocks(1 + random() % 60);
    const std::vector<SideData> lists[] = {
        {}, {{"skip_samples", ByteSpan(data).first(10)}}, {{"x", {}}, {"y", data}}};
    for (Block& block : blocks) {
      block.track = static_cast<uint32_t>(random() % 3);
      block.flags = static_cast<uint32_t>(random() & (kBlockPublicFlags & ~kBlockExternal));
      block.pts = any_time();
      block.dts = any_time();
      block.duration = any_time();
      block.data = ByteSpan(data).first(random() % (data.size() + 1));
      if (round % 2) block.side_data = lists[random() % std::size(lists)];
      if (round % 3 == 0) {  // columns of one value
        block.pts = block.dts = 10 * (&block - blocks.data());
        block.duration = 10;
        block.data = data;
      }
      encoder_.Add(block);
    }
    ASSERT_TRUE(Parse(Payload()).ok());
    encoder_.Clear();
    ASSERT_EQ(index_.blocks().size(), blocks.size());
    for (size_t i = 0; i < blocks.size(); ++i) {
      const BlockRecord& record = index_.blocks()[i];
      ASSERT_EQ(record.track, static_cast<int32_t>(blocks[i].track));
      ASSERT_EQ(record.flags & kBlockPublicFlags, blocks[i].flags);
      ASSERT_EQ(record.pts, blocks[i].pts);
      ASSERT_EQ(record.dts, blocks[i].dts);
      ASSERT_EQ(record.duration, blocks[i].duration);
      ASSERT_EQ(record.size, blocks[i].data.size());
      const std::span<const SideData> side_data = index_.side_data(record);
      ASSERT_EQ(side_data.size(), blocks[i].side_data.size());
      for (size_t k = 0; k < side_data.size(); ++k) {
        ASSERT_EQ(side_data[k].name, blocks[i].side_data[k].name);
        ASSERT_TRUE(std::ranges::equal(side_data[k].data, blocks[i].side_data[k].data));
      }
    }
  }
}

// An outline leads to a key frame as the whole index does, and can be made whole.
TEST_F(ClusterTest, AnOutlineKnowsKeyFrames) {
  std::mt19937_64 random(2);
  const Bytes data(100, 0x55);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const auto count = static_cast<int64_t>(1 + random() % 60);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t dts = round % 3 == 0 ? 10 * i : static_cast<int64_t>(random() % 40);
      const uint32_t flags = random() % 4 == 0 ? kBlockKey : 0;
      const bool no_pts = random() % 8 == 0, no_dts = random() % 8 == 0;
      Block block{static_cast<uint32_t>(random() % 3), flags, no_pts ? kNoTime : dts,
                  no_dts ? kNoTime : dts, 10};
      block.data = ByteSpan(data).first(random() % (data.size() + 1));
      encoder_.Add(block);
    }
    const Bytes payload = Payload();
    encoder_.Clear();
    size_t needed = 0;
    ClusterIndex whole;
    ASSERT_TRUE(whole.Parse(payload, 0, payload.size(), ids_, &needed).ok());
    const uint64_t size = whole.data_start() + whole.data_size();
    ASSERT_TRUE(index_.ParseOutline(payload, 0, size, ids_, &needed).ok());
    EXPECT_TRUE(index_.blocks().empty());
    for (int64_t time = -1; time < 45; time += 3) {
      CheckKeys(&index_, whole.blocks(), time);
      CheckKeys(&whole, whole.blocks(), time);
    }
    ASSERT_TRUE(index_.Complete().ok());
    ASSERT_EQ(index_.blocks().size(), whole.blocks().size());
    for (size_t i = 0; i < whole.blocks().size(); ++i) {
      EXPECT_EQ(index_.blocks()[i].ordinal, whole.blocks()[i].ordinal);
      EXPECT_EQ(index_.blocks()[i].pts, whole.blocks()[i].pts);
      EXPECT_EQ(index_.blocks()[i].offset, whole.blocks()[i].offset);
    }
  }
}

// The length of a chunk is not covered by the CRC of the index.
TEST_F(ClusterTest, AnOutlineBelievesItsChunkUntilItIsComplete) {
  Add(0, 0, "key", kBlockKey);
  Add(1, 0, "other", kBlockKey);
  Add(0, 1, "rest", 0);
  const Bytes payload = Payload();
  size_t needed = 0;
  BlockRecord key;
  for (const int64_t wrong : {-12, -10, -9, -8, -1, 1, 100}) {
    SCOPED_TRACE(wrong);
    const uint64_t size = payload.size() + static_cast<uint64_t>(wrong);
    ASSERT_TRUE(index_.ParseOutline(payload, 0, size, ids_, &needed).ok());
    EXPECT_EQ(index_.FindKey(0, 0, false, &key), size >= index_.data_start() + 3);
    EXPECT_EQ(index_.FindKey(1, 0, false, &key), size >= index_.data_start() + 3 + 4 + 5);
    EXPECT_EQ(index_.Complete().code(), Code::kCorrupt);
    EXPECT_TRUE(index_.blocks().empty());
  }
  EXPECT_EQ(index_.ParseOutline(payload, 0, needed - 1, ids_, &needed).code(), Code::kCorrupt);
  ASSERT_TRUE(index_.ParseOutline(payload, 0, payload.size(), ids_, &needed).ok());
  EXPECT_TRUE(index_.Complete().ok());
}

TEST_F(ClusterTest, OrdinalsGoOnInTheNextCluster) {
  Add(0, 0, "x");
  Payload();
  encoder_.Clear();
  Add(1, 0, "y");
  Add(0, 10, "z");
  ASSERT_TRUE(Parse(Payload()).ok());
  EXPECT_EQ(index_.blocks()[0].ordinal, 0u);
  EXPECT_EQ(index_.blocks()[1].ordinal, 1u);
}

TEST_F(ClusterTest, ATrackIsListedOnce) {
  Add(0, 0, "x");
  Add(1, 0, "y");
  const Bytes payload = Payload();
  constexpr size_t kFirst = 4,
                   kSecond = 8;  // behind four numbers of a byte each, as the others of a track are
  ASSERT_EQ(payload[kFirst], 7);
  ASSERT_EQ(payload[kSecond], 1);
  EXPECT_TRUE(Parse(Tamper(payload, kSecond, 1)).ok());
  EXPECT_EQ(Parse(Tamper(payload, kSecond, 7)).code(), Code::kCorrupt);
}

// A seek reads the stripes of one block: where that is the first one they are smaller.
TEST_F(ClusterTest, StripesAreSmallerWhereSeeksLead) {
  Add(0, 0, std::string(300, 'a'));
  Add(1, 0, std::string(1 << 20, 'b'));
  ASSERT_TRUE(Parse(Payload()).ok());
  EXPECT_EQ(index_.stripe_size(), 256u << 10);
  encoder_.PutFirst(1);
  const Bytes payload = Payload();
  ASSERT_TRUE(Parse(payload).ok());
  EXPECT_EQ(index_.stripe_size(), 64u << 10);
  EXPECT_EQ(index_.stripe_crcs()[0],
            Crc32(0, ByteSpan(payload).subspan(index_.data_start(), 64 << 10)));
  encoder_.Clear();
  Add(1, 0, std::string((1 << 20) + 300, 'b'));
  ASSERT_TRUE(Parse(Payload()).ok());
  EXPECT_EQ(index_.stripe_size(), 256u << 10);
}

TEST_F(ClusterTest, StripesCoverLargeData) {
  Add(0, 0, std::string(40000, 'x'));
  const Bytes payload = Payload();
  ASSERT_TRUE(Parse(payload).ok());
  ASSERT_EQ(index_.stripe_size(), 16384u);
  ASSERT_EQ(index_.stripe_crcs().size(), 3u);
  EXPECT_EQ(index_.stripe_crcs()[2],
            Crc32(0, ByteSpan(payload).subspan(index_.data_start() + 2 * 16384)));
}

// core.md, "Cluster": stripes of 2^12 to 2^30 bytes.
TEST_F(ClusterTest, StripesOfOtherSizesAreRefused) {
  Add(0, 0, "abc");
  Bytes payload = Payload();
  constexpr size_t kForm = 3;
  ASSERT_EQ(payload[kForm], 0);
  payload.insert(payload.begin() + payload[0] + 1, 4, 0);  // of one stripe
  payload[0] += 4;
  for (const auto& [shift, is_right] : {std::pair{11, false}, {12, true}, {30, true}, {31, false}})
    EXPECT_EQ(Parse(Tamper(payload, kForm, static_cast<uint8_t>(shift))).ok(), is_right) << shift;
}

TEST_F(ClusterTest, AsManyTracksAndBlocksAsTheLimits) {
  for (const size_t tracks : {4096, 4097}) {
    ClusterEncoder encoder;
    encoder_ = std::move(encoder);
    ids_ = TrackIds();
    for (uint32_t i = 0; i < tracks; ++i) {
      encoder_.AddTrack(i + 1);
      ids_.Add(i + 1);
    }
    for (uint32_t i = 0; i < tracks; ++i) Add(i, 0, "x");
    EXPECT_EQ(Parse(Payload()).ok(), tracks == 4096);
    encoder_.Clear();
  }
  for (uint32_t i = 0; i < kMaxClusterBlocks; ++i) Add(0, i, "x");
  EXPECT_TRUE(Parse(Payload()).ok());
  EXPECT_EQ(index_.blocks().size(), kMaxClusterBlocks);
}

TEST_F(ClusterTest, ChunkCrcIsThatOfTheWholeChunk) {
  for (size_t size : {10u, 40000u, 3000000u}) {
    Add(0, 0, std::string(size, 'x'));
    Add(1, 0, std::string(size / 3, 'y'));
    const ClusterEncoder::Encoded encoded = encoder_.Encode();
    uint32_t crc = Crc32(0, encoded.head);
    for (ByteSpan data : encoded.data) crc = Crc32(crc, data);
    EXPECT_EQ(encoded.crc, crc) << size;
    encoder_.Clear();
  }
}

TEST_F(ClusterTest, AsksForMoreUntilTheIndexIsThere) {
  Add(0, 0, "abc");
  const Bytes payload = Payload();
  for (size_t size = 0; size < payload.size() - 3; ++size) {
    size_t needed = 0;
    const Status status =
        index_.Parse(ByteSpan(payload).first(size), 0, payload.size(), ids_, &needed);
    EXPECT_EQ(status.code(), Code::kAgain) << size;
    EXPECT_GT(needed, size);
  }
}

TEST_F(ClusterTest, EveryFlippedBitOfTheIndexIsReported) {
  Add(0, 0, "abc");
  Add(1, 5, "defg");
  const Bytes payload = Payload();
  ASSERT_TRUE(Parse(payload).ok());  // control
  for (size_t bit = 0; bit < 8 * index_.data_start(); ++bit) {
    Bytes flipped = payload;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(Parse(flipped).ok()) << bit;
  }
}

// The index is checked beyond its CRC: whoever forges one gets nothing out of bounds.
TEST_F(ClusterTest, AnyByteOfTheIndexCanBeForged) {
  Add(0, 0, "abc");
  Add(1, 5, "defg");
  Add(0, 10, "hi");
  const Bytes payload = Payload();
  for (size_t at = 1; at < payload[0] + 1u; ++at) {
    for (int value = 0; value < 256; ++value) {
      if (!Parse(Tamper(payload, at, static_cast<uint8_t>(value))).ok()) continue;
      for (const BlockRecord& block : index_.blocks())
        ASSERT_LE(uint64_t{block.offset} + block.size, index_.data_size());
      ASSERT_LE(index_.blocks().size(), kMaxClusterBlocks);
    }
  }
}

// core.md, "Limits": side data that is repeated stands there once, so few bytes could state much.
TEST_F(ClusterTest, RepeatedSideDataHasAtMost32TimesThePayload) {
  constexpr size_t kSize = 320, kRepeats = 20;
  const Bytes data(kSize, 7);
  const SideData side_data[] = {{"palette", data}};
  for (size_t i = 0; i <= kRepeats; ++i) {
    Block block{.track = 0, .flags = kBlockKey, .pts = 0, .dts = 0, .duration = 10};
    block.side_data = side_data;
    block.data = data;
    encoder_.Add(block);
  }
  const Bytes payload = Payload();
  const auto is_read_in = [&](uint64_t payload_size) {
    size_t needed = 0;
    return index_.Parse(payload, 0, payload_size, ids_, &needed).ok();
  };
  EXPECT_TRUE(is_read_in(payload.size()));
  EXPECT_TRUE(is_read_in(kSize * kRepeats / 32));
  EXPECT_FALSE(is_read_in(kSize * kRepeats / 32 - 1));
}

// core.md, "Limits": a block has 0 bytes to 1 GiB, also beside one whose data is in another file.
TEST_F(ClusterTest, SizesOfBlocksHaveLimits) {
  for (const bool has_external : {false, true}) {
    Add(0, 0, std::string(100, 'a'));
    Add(1, 0, std::string(50, 'b'));
    if (has_external) Add(2, 0, "c", kBlockKey | kBlockExternal);
    const Bytes payload = Payload();
    encoder_.Clear();
    for (const auto& [size, is_right] : {std::pair{int64_t{-1}, false},
                                         {int64_t{0}, true},
                                         {int64_t{kMaxBlockSize}, true},
                                         {int64_t{kMaxBlockSize} + 1, false}}) {
      Bytes column{0};  // of one value
      AppendSigned(column, size);
      EXPECT_EQ(Parse(Replace(payload, {0, 2 * 50}, column)).ok(), is_right) << size;
    }
  }
}

// core.md, "Limits". Names that no block uses would cost nothing else.
TEST_F(ClusterTest, NamesOfSideDataHaveALimit) {
  const SideData side_data[] = {{"x", {}}};
  Block block{.track = 0, .flags = kBlockKey, .pts = 0, .dts = 0, .duration = 10};
  block.side_data = side_data;
  encoder_.Add(block);
  const Bytes payload = Payload();
  for (const size_t count : {kMaxSideDataEntries, kMaxSideDataEntries + 1}) {
    Bytes names;
    AppendVarint(names, count);
    for (size_t i = 0; i < count; ++i) AppendBytes(names, Bytes{1, 'x'});
    EXPECT_EQ(Parse(Replace(payload, {1, 1, 'x'}, names)).ok(), count == kMaxSideDataEntries);
  }
}

// So that the number of the block behind the last one is a signed number, too.
TEST_F(ClusterTest, NumbersOfBlocksHaveALimit) {
  for (const uint64_t number : {uint64_t{INT64_MAX} - 1, uint64_t{INT64_MAX}}) {
    encoder_.Clear();
    encoder_.SkipTo(0, number);
    Add(0, 0, "a");
    EXPECT_EQ(Parse(Payload()).ok(), number == INT64_MAX - 1) << number;
  }
}

}  // namespace
}  // namespace h4mk
