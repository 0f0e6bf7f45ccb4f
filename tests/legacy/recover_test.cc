// SPDX-License-Identifier: MIT
// Damaged files of version 1 and of the transport dialect made whole: what is good is taken over,
// what is lost is named.
#include "maintain/recover.h"

#include "base/base64.h"
#include "base/crc32.h"
#include "base/memory_io.h"
#include "legacy/maintain.h"
#include "legacy/transport/transport_file.h"
#include "legacy/transport/transport_tables.h"
#include "legacy/transport_chunk.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_file.h"
#include "legacy/v1/v1_writer.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

struct Recovered {
  Status status;
  Bytes bytes;
  RecoverReport report;

  std::string losses() const {
    std::string text;
    for (const RecoverReport::Loss& loss : report.losses) text += loss.message + "\n";
    return text;
  }
};

template <typename Recover>
Recovered RecoverBytes(Recover recover, const Bytes& bytes) {
  Recovered recovered;
  MemoryOutput output;
  recovered.status = recover(bytes, output, nullptr, &recovered.report);
  recovered.bytes = std::move(output.bytes);
  return recovered;
}

// ---- version 1

Bytes V1ChunkOf(std::string_view tag, uint32_t flags, ByteSpan payload) {
  Bytes chunk;
  AppendText(chunk, tag);
  AppendLe(chunk, flags);
  AppendLe(chunk, static_cast<uint32_t>(payload.size()));
  AppendBytes(chunk, payload);
  AppendLe(chunk, Crc32(0, chunk));
  return chunk;
}

Bytes V1CoreOf(int64_t track_id, uint32_t pts_ms, uint32_t type) {
  Bytes payload;
  AppendV1Routing(track_id, payload);
  payload.push_back(static_cast<uint8_t>(pts_ms));
  return V1ChunkOf("CORE", pts_ms | type << 28, payload);
}

ByteSpan Text(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Bytes V1FileOf(std::initializer_list<Bytes> chunks) {
  Bytes file = FromHex("48344d4b010000000000000000000000");
  for (const Bytes& chunk : chunks) AppendBytes(file, chunk);
  AppendLe(file, Crc32(0, file));
  return file;
}

constexpr std::string_view kTrack =
    R"({"tracks":[{"track_id":1,"name":"n","kind":"data","codec":"c","sample_rate":0,"channels":0,"note":""}]})";

// Tracks and blocks of a whole file.
std::string Contents(const Bytes& bytes) {
  MemoryInput input(bytes);
  Source source(input);
  const Result<V1File> file = V1File::Open(source, /*check=*/true);
  if (!file.ok()) return file.status().message();
  const std::vector<Json> tracks = file.value().Tracks().value();
  const std::vector<V1Core> cores = file.value().Cores().value();
  std::string text;
  for (const Json& track : tracks) text += track["track_id"].dump() + " ";
  for (const V1Core& core : cores)
    text += std::to_string(core.track_id) + "@" + std::to_string(core.flags.pts_ms) + " ";
  return text;
}

TEST(V1RecoverTest, AWholeFileLosesNothing) {
  const Recovered recovered = RecoverBytes(
      RecoverV1, V1FileOf({V1ChunkOf("TRAK", 0, Text(kTrack)), V1ChunkOf("NOTE", 0, Text("n")),
                           V1ChunkOf("VERI", 0, Text("v")), V1ChunkOf("ABCD", 5, Text("x")),
                           V1CoreOf(1, 0, kV1TypeI), V1CoreOf(1, 7, kV1TypeP)}));
  ASSERT_TRUE(recovered.status.ok()) << recovered.status.message();
  EXPECT_EQ(recovered.losses(), "");
  EXPECT_EQ(Contents(recovered.bytes), "1 1@0 1@7 ");
  MemoryInput input(recovered.bytes);
  Source source(input);
  const Result<V1File> file = V1File::Open(source, true);
  std::string tags;
  for (const auto& chunk : file.value().chunks()) tags += TagText(chunk.tag) + " ";
  EXPECT_NE(tags.find("VERI NOTE ABCD CORE CORE"), std::string::npos) << tags;
}

TEST(V1RecoverTest, TracksThatWereLostAreMadeUp) {
  for (const bool damaged : {false, true}) {
    const Bytes file =
        damaged ? V1FileOf({V1ChunkOf("TRAK", 0, Text("no JSON")), V1CoreOf(5, 0, kV1TypeI)})
                : V1FileOf({V1CoreOf(5, 0, kV1TypeI)});
    const Recovered recovered = RecoverBytes(RecoverV1, file);
    ASSERT_TRUE(recovered.status.ok()) << recovered.status.message();
    EXPECT_EQ(Contents(recovered.bytes), "5 5@0 ");
    EXPECT_NE(recovered.losses().find("the description of track 5; it is made up\n"),
              std::string::npos)
        << recovered.losses();
    EXPECT_EQ(recovered.report.losses.size(), damaged ? 2u : 1u) << recovered.losses();
    EXPECT_FALSE(recovered.report.lost_any_blocks());
  }
}

TEST(V1RecoverTest, BlocksThatAreNoneAreLeftOut) {
  const Recovered recovered = RecoverBytes(
      RecoverV1, V1FileOf({V1ChunkOf("TRAK", 0, Text(kTrack)), V1CoreOf(1, 0, kV1TypeI),
                           V1CoreOf(1, 3, kV1TypeReserved), V1ChunkOf("CORE", 0, Text("short"))}));
  ASSERT_TRUE(recovered.status.ok()) << recovered.status.message();
  EXPECT_EQ(Contents(recovered.bytes), "1 1@0 ");
  EXPECT_EQ(recovered.report.losses.size(), 2u) << recovered.losses();
  EXPECT_EQ(recovered.losses().find("block of the reserved type\n"), 0u);
  EXPECT_TRUE(recovered.report.lost_any_blocks());
}

// legacy.md, "Version 1: damage", rule 1: the checksum of the file says that all lengths are right.
TEST(V1RecoverTest, WhatABlockCarriesIsNoBlock) {
  Bytes payload;
  AppendV1Routing(1, payload);
  AppendBytes(payload, V1CoreOf(1, 9, kV1TypeI));
  const Bytes block = V1CoreOf(1, 7, kV1TypeP);
  Bytes file = V1FileOf({V1ChunkOf("TRAK", 0, Text(kTrack)), V1CoreOf(1, 0, kV1TypeI),
                         V1ChunkOf("CORE", kV1TypeI << 28 | 5, payload), block, block});
  const size_t end_of_first = file.size() - kCrcSize - 2 * block.size();
  for (const size_t end : {end_of_first, end_of_first + block.size()}) file[end - 1] ^= 1;
  const Recovered recovered = RecoverBytes(RecoverV1, file);
  ASSERT_TRUE(recovered.status.ok()) << recovered.status.message();
  EXPECT_EQ(Contents(recovered.bytes), "1 1@0 1@7 ");
  EXPECT_EQ(recovered.losses(),
            "CORE chunk does not match its CRC\nCORE chunk does not match its CRC\n");
}

TEST(V1RecoverTest, NothingToRecover) {
  const Recovered recovered = RecoverBytes(RecoverV1, V1FileOf({V1ChunkOf("NOTE", 0, Text("n"))}));
  EXPECT_EQ(recovered.status.code(), Code::kCorrupt);
  EXPECT_TRUE(recovered.bytes.empty());
}

// ---- transport dialect

class TransportRecoverTest : public testing::Test {
 protected:
  TransportRecoverTest() {
    std::vector<TransportTrackEntry> entries;
    for (uint64_t i = 0; i < 3; ++i) entries.push_back({"v", i, i ? "P" : "I", i == 0, i});
    const std::string meta = AddTrackIndex(Json::object(), entries).value().dump();
    for (uint8_t i = 0; i < 3; ++i) {
      const uint8_t block[] = {i, 255, i, 1};
      chunks_.push_back(TransportChunkOf("CORE", block));
    }
    chunks_.push_back(TransportChunkOf("META", Text(meta)));
  }
  Bytes File() const {
    Bytes file = FromHex("48344d4b00010000");
    for (const Bytes& chunk : chunks_) AppendBytes(file, chunk);
    return file;
  }
  // The blocks of a whole file by their first bytes; - is one that is empty.
  static std::string Blocks(const Bytes& bytes) {
    MemoryInput input(bytes);
    Source source(input);
    const Result<TransportFile> file = TransportFile::Open(source, /*check=*/true);
    if (!file.ok()) return file.status().message();
    EXPECT_TRUE(file.value().CheckVeri().value().as_written);
    std::string text;
    Bytes payload;
    for (const ChunkInfo& core : file.value().cores()) {
      EXPECT_TRUE(file.value().ReadPayload(core, &payload).ok());
      text += payload.empty() ? "-" : std::to_string(payload[0]);
    }
    return text;
  }

  std::vector<Bytes> chunks_;  // three blocks, META
};

TEST_F(TransportRecoverTest, AMissingHashIsMadeAnew) {
  const Recovered recovered = RecoverBytes(RecoverTransport, File());
  ASSERT_TRUE(recovered.status.ok());
  EXPECT_EQ(Blocks(recovered.bytes), "012");
  EXPECT_EQ(recovered.losses(), "VERI; it was made anew\n");
  EXPECT_FALSE(recovered.report.lost_any_blocks());
}

// The numbers of the blocks behind it stay what they are.
TEST_F(TransportRecoverTest, ADamagedBlockKeepsItsPlace) {
  chunks_[1].back() ^= 1;
  const Recovered recovered = RecoverBytes(RecoverTransport, File());
  ASSERT_TRUE(recovered.status.ok());
  EXPECT_EQ(Blocks(recovered.bytes), "0-2");
  EXPECT_EQ(recovered.losses(), "CORE chunk does not match its CRC\nVERI; it was made anew\n");
  EXPECT_EQ(recovered.report.lost_blocks, 1u);
  EXPECT_EQ(recovered.report.blocks, 2u);
}

TEST_F(TransportRecoverTest, ADamagedChunkThatIsNoBlock) {
  chunks_[3].back() ^= 1;
  const Recovered recovered = RecoverBytes(RecoverTransport, File());
  ASSERT_TRUE(recovered.status.ok());
  EXPECT_EQ(Blocks(recovered.bytes), "012");
  EXPECT_EQ(recovered.losses(),
            "META chunk does not match its CRC\n"
            "META: what the tracks and times of the blocks are\n");
  EXPECT_EQ(recovered.report.lost_blocks, 0u);
}

// Where no chunk can be made out, META says how many blocks stood there.
TEST_F(TransportRecoverTest, AHoleIsFilledWithAsManyBlocksAsAreMissing) {
  std::fill_n(chunks_[1].begin(), 12, uint8_t{0});
  const Recovered recovered = RecoverBytes(RecoverTransport, File());
  ASSERT_TRUE(recovered.status.ok());
  EXPECT_EQ(Blocks(recovered.bytes), "0-2");
  EXPECT_EQ(recovered.losses(), "no whole chunk\nVERI; it was made anew\n");
  EXPECT_EQ(recovered.report.lost_blocks, 1u);
}

// META of fewer blocks than there are, or of none that can be read: nothing says that any is
// missing.
TEST_F(TransportRecoverTest, AHoleThatNoBlockIsMissingIn) {
  const uint8_t block[] = {3, 255, 3, 1};
  chunks_.insert(chunks_.begin() + 1, {Bytes(20), TransportChunkOf("CORE", block)});
  const Json other = {{"trak_b64", EncodeBase64(Text("[]"))}};
  for (const Bytes& meta : {chunks_.back(), TransportChunkOf("META", Text(other.dump()))}) {
    chunks_.back() = meta;
    const Recovered recovered = RecoverBytes(RecoverTransport, File());
    ASSERT_TRUE(recovered.status.ok());
    EXPECT_EQ(Blocks(recovered.bytes), "0312");
    EXPECT_EQ(recovered.report.lost_blocks, 0u);
  }
}

// It leads to where no chunk begins.
TEST_F(TransportRecoverTest, ADamagedLengthIsNotFollowed) {
  chunks_[1][7] ^= 1;
  const Recovered recovered = RecoverBytes(RecoverTransport, File());
  ASSERT_TRUE(recovered.status.ok());
  EXPECT_EQ(Blocks(recovered.bytes), "0-2");
  EXPECT_EQ(recovered.losses(), "no whole chunk\nVERI; it was made anew\n");
}

TEST_F(TransportRecoverTest, NothingToRecover) {
  chunks_ = {Bytes(50, 0xFF)};
  const Recovered recovered = RecoverBytes(RecoverTransport, File());
  EXPECT_EQ(recovered.status.code(), Code::kCorrupt);
  EXPECT_TRUE(recovered.bytes.empty());
}

}  // namespace
}  // namespace h4mk
