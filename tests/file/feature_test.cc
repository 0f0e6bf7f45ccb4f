// SPDX-License-Identifier: MIT
//
// core.md, "What may change": what a reader of today does with files of tomorrow. What must be
// understood is refused or left out, and named; all the rest is ignored.
#include <gtest/gtest.h>

#include <string>

#include "support/chunks.h"
#include "support/container.h"

namespace h4mk_test {
namespace {

class FeatureTest : public testing::Test {
 protected:
  FeatureTest() {
    TestFile file;
    Writer writer(&file, ClusterLimits(20, 0));
    writer.AddTrack();
    writer.AddTrack({.kind = "audio", .codec = "aac"});
    for (int i = 0; i < 8; ++i)
      EXPECT_EQ(writer.Write({.track = static_cast<uint32_t>(i % 2),
                              .pts = 10 * i,
                              .dts = 10 * i,
                              .data = Payload(i, 10)}),
                H4MK_OK);
    EXPECT_EQ(writer.Finish(), H4MK_OK);
    bytes_ = std::move(file.bytes);
    chunks_ = WalkChunks(bytes_);
    EXPECT_EQ(Read(bytes_).blocks.size(), 8u);  // control
  }

  Reading Read(const Bytes& bytes) {
    TestFile file(bytes);
    Reader reader(&file);
    status_ = reader.status();
    message_ = reader.message();
    if (status_ != H4MK_OK) return {};
    Reading reading = reader.ReadOn();
    warnings_ = reader.Warnings();
    return reading;
  }

  const Chunk& First(const std::string& tag) const {
    return *std::find_if(chunks_.begin(), chunks_.end(),
                         [&](const Chunk& chunk) { return chunk.tag == tag; });
  }

  Bytes WithChunkFlags(const std::string& tag, uint32_t flags) const {
    Bytes changed = bytes_;
    const Chunk& chunk = First(tag);
    PutU32(&changed, chunk.begin + 4, chunk.flags | flags);
    FixCrc(&changed, chunk);
    return changed;
  }

  Bytes bytes_;
  std::vector<Chunk> chunks_;
  h4mk_status status_ = H4MK_OK;
  std::string message_;
  std::vector<std::string> warnings_;
};

TEST_F(FeatureTest, ARequiredFeatureRefusesTheFile) {
  for (int bit = 0; bit < 8; ++bit) {
    Bytes changed = bytes_;
    changed[5] = static_cast<uint8_t>(1 << bit);
    Read(changed);
    EXPECT_EQ(status_, H4MK_ERR_UNSUPPORTED);
    EXPECT_NE(message_.find("at byte 5"), std::string::npos) << message_;
  }
}

TEST_F(FeatureTest, OptionalFeaturesAreIgnored) {
  for (const size_t byte : {6u, 7u, 12u, 15u}) {
    Bytes changed = bytes_;
    changed[byte] = 0xFF;
    EXPECT_EQ(Read(changed).blocks.size(), 8u) << byte;
  }
}

TEST_F(FeatureTest, LowFlagsOfAChunkAreIgnored) {
  for (const char* tag : {"TRAK", "CORE", "TSEK", "TAIL"})
    EXPECT_EQ(Read(WithChunkFlags(tag, 0xFFFF)).blocks.size(), 8u) << tag;
}

// The blocks of that cluster are left out, the others are read.
TEST_F(FeatureTest, HighFlagsOfAClusterLeaveItOut) {
  for (int bit = 16; bit < 32; ++bit) {
    if (bit == 30) continue;  // "cluster"
    const Reading reading = Read(WithChunkFlags("CORE", 1u << bit));
    EXPECT_EQ(status_, H4MK_OK);
    EXPECT_LT(reading.blocks.size(), 8u) << bit;
    EXPECT_GE(reading.blocks.size(), 4u) << bit;
    EXPECT_FALSE(warnings_.empty() && reading.damage.empty()) << bit;
  }
}

// A check of the whole file says so, wherever the chunk stands.
TEST_F(FeatureTest, HighFlagsAreToldByVerify) {
  for (const char* tag : {"TRAK", "CORE", "TSEK", "TAIL"}) {
    TestFile file(WithChunkFlags(tag, 1u << 17));
    const h4mk_io io = file.Io();
    std::string told;
    h4mk_task task = H4MK_TASK_INIT;
    task.opaque = &told;
    task.problem = [](void* opaque, const h4mk_problem* problem) {
      *static_cast<std::string*>(opaque) += std::string(problem->message) + "\n";
    };
    h4mk_verify_options options = H4MK_VERIFY_OPTIONS_INIT;
    options.task = &task;
    EXPECT_EQ(h4mk_verify(&io, &options, nullptr), H4MK_ERR_CORRUPT) << tag;
    EXPECT_NE(told.find(std::string(tag) + " chunk at byte"), std::string::npos) << told;
  }
}

// core.md, "Block flags": bits 12 to 15 must be understood.
TEST_F(FeatureTest, BlocksWithUnknownFlagsAreLeftOut) {
  TestFile file;
  Writer writer(&file, ClusterLimits(20, 0));
  writer.AddTrack();
  for (int i = 0; i < 8; ++i)
    ASSERT_EQ(
        writer.Write({.flags = 0, .pts = H4MK_NO_TIME, .dts = 10 * i, .data = Payload(i, 10)}),
        H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  const Bytes flags{0, 0x80, 0x01};  // a column of the value 0x40, "no pts"
  size_t clusters = 0;
  for (const Chunk& chunk : WalkChunks(file.bytes)) {
    if (!chunk.is_cluster() || ++clusters == 1) continue;
    const auto begin = file.bytes.begin() + static_cast<ptrdiff_t>(chunk.payload());
    const size_t index_size = size_t{1} + *begin;
    const auto end = begin + static_cast<ptrdiff_t>(index_size);
    const auto found = std::search(begin, end, flags.begin(), flags.end());
    ASSERT_NE(found, end);
    found[2] = 0x41;  // 0x1040
    const uint32_t crc = Crc32(file.bytes.data() + chunk.payload(), index_size, SaltOf(file.bytes));
    PutU32(&file.bytes, chunk.payload() + index_size, crc);
    FixCrc(&file.bytes, chunk);
  }
  ASSERT_GT(clusters, 2u);
  const Reading reading = Read(file.bytes);
  EXPECT_GE(reading.blocks.size(), 1u);
  EXPECT_LE(reading.blocks.size(), 8 - (clusters - 1));
  ASSERT_EQ(reading.damage.size(), 1u) << "said once";
  EXPECT_NE(reading.damage[0].find("have flags 4096"), std::string::npos) << reading.damage[0];
}

TEST_F(FeatureTest, AnUnknownRequirementLeavesTheTrackOut) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack();
  const Value strange = Describe({}, 7);
  h4mk_value_append_text(h4mk_value_add_array(strange.get(), "requires"), "time travel");
  uint32_t index = 0;
  ASSERT_EQ(h4mk_writer_add_track(writer.get(), strange.get(), &index), H4MK_OK);
  for (int i = 0; i < 6; ++i)
    ASSERT_EQ(
        writer.Write(
            {.track = static_cast<uint32_t>(i % 2), .pts = i, .dts = i, .data = Payload(i, 5)}),
        H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  const Reading reading = Read(file.bytes);
  EXPECT_EQ(reading.blocks.size(), 3u);
  ASSERT_EQ(reading.damage.size(), 1u) << "said once";
  EXPECT_NE(reading.damage[0].find("time travel"), std::string::npos);
  EXPECT_EQ(reading.end, H4MK_END);

  Reader reader(&file);  // the track is left out also where a block is asked for by its number
  h4mk_block block = H4MK_BLOCK_INIT;
  EXPECT_EQ(h4mk_reader_read_block(reader.get(), 0, 0, &block), H4MK_OK);
  EXPECT_EQ(h4mk_reader_read_block(reader.get(), 1, 0, &block), H4MK_ERR_UNSUPPORTED);
}

}  // namespace
}  // namespace h4mk_test
