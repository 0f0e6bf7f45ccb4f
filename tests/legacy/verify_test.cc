// SPDX-License-Identifier: MIT
// What is found in damaged files of version 1 and of the transport dialect, whose checksums may all
// fit.
#include "maintain/verify.h"

#include "base/crc32.h"
#include "base/memory_io.h"
#include "base/sha256.h"
#include "legacy/maintain.h"
#include "legacy/transport/transport_tables.h"
#include "legacy/transport_chunk.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_seek_table.h"
#include "legacy/v1/v1_writer.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

std::string Text(const VerifyReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) text += finding.message + "\n";
  return text;
}

// ---- version 1

Bytes V1FileOf(std::vector<V1Block> blocks) {
  V1Contents contents;
  contents.tracks = {{{"track_id", 1},
                      {"name", ""},
                      {"kind", "data"},
                      {"codec", "none"},
                      {"sample_rate", 0},
                      {"channels", 0},
                      {"note", ""}}};
  contents.blocks = std::move(blocks);
  MemoryOutput output;
  Sink sink(output);
  EXPECT_TRUE(WriteV1(std::move(contents), sink).ok());
  return std::move(output.bytes);
}

class V1VerifyTest : public testing::Test {
 protected:
  static VerifyReport Verify(const Bytes& bytes) {
    MemoryInput input(bytes);
    VerifyReport report;
    EXPECT_TRUE(VerifyV1(input, nullptr, &report).ok());
    return report;
  }

  struct Place {  // of a chunk
    size_t begin, end;
  };
  static Place Find(const Bytes& file, std::string_view tag, size_t from = kFileHeaderSize) {
    for (size_t at = from; at + kChunkOverhead < file.size();) {
      const size_t end = at + kChunkOverhead + LoadLe<uint32_t>(&file[at + 8]);
      if (TagText(LoadLe<uint32_t>(&file[at])) == tag) return {at, end};
      at = end;
    }
    ADD_FAILURE() << "no chunk " << tag;
    return {};
  }
  // The file with other bytes in a chunk and checksums that fit.
  static Bytes With(Bytes file, Place chunk, size_t at, ByteSpan bytes) {
    std::copy(bytes.begin(), bytes.end(), file.begin() + chunk.begin + kChunkHeaderSize + at);
    StoreLe(&file[chunk.end - kCrcSize],
            Crc32(0, ByteSpan(file).subspan(chunk.begin, chunk.end - kCrcSize - chunk.begin)));
    StoreLe(&file[file.size() - kCrcSize], Crc32(0, ByteSpan(file).first(file.size() - kCrcSize)));
    return file;
  }

  const Bytes data_ = {1, 2, 3};
  const Bytes file_ =
      V1FileOf({{1, 0, kV1TypeI, data_}, {1, 10, kV1TypeP, data_}, {1, 20, kV1TypeI, data_}});
  const Place table_ = Find(file_, "TSEK");
  const Place first_ = Find(file_, "CORE");
  const Place last_ = Find(file_, "CORE", Find(file_, "CORE", first_.end).end);
};

TEST_F(V1VerifyTest, NothingIsFoundInWhatTheWriterWrote) {
  const VerifyReport report = Verify(file_);
  EXPECT_EQ(Text(report), "");
  EXPECT_TRUE(report.closed);
  EXPECT_TRUE(report.index_checked);
  EXPECT_EQ(report.blocks, 3u);
  EXPECT_EQ(report.payload_bytes, 9u);
}

TEST_F(V1VerifyTest, ATableHasTheIBlocksAndNoOthers) {
  // Type and time of a block are in the flags of its chunk.
  const auto with_flags = [&](Place core, uint32_t pts_ms, uint32_t type) {
    Bytes file = file_;
    StoreLe(&file[core.begin + 4], MakeV1Flags(pts_ms, type).value());
    return Text(Verify(With(file, core, 0, {})));
  };
  const auto at = [](Place core) {
    return " at byte " + std::to_string(core.begin + kChunkHeaderSize);
  };
  const Place middle = Find(file_, "CORE", first_.end);
  EXPECT_EQ(with_flags(last_, 20, kV1TypeI), "");  // control
  EXPECT_EQ(with_flags(last_, 21, kV1TypeI), "seek table of track 1 has 20 ms" + at(last_) +
                                                 "; the I block it should be has 21 ms" +
                                                 at(last_) + "\n");
  EXPECT_EQ(with_flags(middle, 10, kV1TypeI), "seek table of track 1 has 20 ms" + at(last_) +
                                                  "; the I block it should be has 10 ms" +
                                                  at(middle) + "\n");
  EXPECT_EQ(with_flags(last_, 20, kV1TypeP),
            "seek table of track 1 has entries for which there are no I blocks\n");
  // One entry less: its number is in front of the entries.
  const Bytes one =
      EncodeV1SeekTable(
          1, std::vector<V1SeekEntry>{{0, static_cast<int64_t>(first_.begin + kChunkHeaderSize)}})
          .value();
  EXPECT_EQ(Text(Verify(With(file_, table_, 0, one))),
            "seek table of track 1 ends before the I block" + at(last_) + "\n");
}

// legacy.md, "Version 1: damage", rule 1: the checksum of the file says that all lengths are right.
TEST_F(V1VerifyTest, WhatABlockCarriesIsNoChunk) {
  const ByteSpan carried = ByteSpan(file_).subspan(first_.begin, first_.end - first_.begin);
  Bytes file = V1FileOf({{1, 0, kV1TypeI, carried}, {1, 10, kV1TypeP, data_}});
  const Place carrier = Find(file, "CORE"), next = Find(file, "CORE", carrier.end);
  for (const Place block : {carrier, next}) file[block.end - 1] ^= 1;
  const auto damaged = [](Place block) {
    return "CORE chunk does not match its CRC at byte " + std::to_string(block.begin) + "\n";
  };
  EXPECT_EQ(Text(Verify(file)), damaged(carrier) + damaged(next));
}

TEST_F(V1VerifyTest, StructuresThatCannotBeUsed) {
  const Bytes bad = {'X'};
  EXPECT_NE(Text(Verify(With(file_, Find(file_, "TRAK"), 0, bad))), "");
  EXPECT_NE(Text(Verify(With(file_, first_, 0, bad))).find("not_track_bound"), std::string::npos);
  // A table that says more entries than it has.
  const Bytes many = {0xFF, 0xFF};
  const Bytes table(file_.begin() + table_.begin + kChunkHeaderSize, file_.begin() + table_.end);
  const Bytes magic = {'H', '4', 'S', 'K'};
  const size_t count_at =
      std::search(table.begin(), table.end(), magic.begin(), magic.end()) - table.begin() + 4;
  const VerifyReport report = Verify(With(file_, table_, count_at, many));
  EXPECT_GE(report.errors, 1u) << Text(report);
  EXPECT_FALSE(report.index_checked);
}

TEST_F(V1VerifyTest, CutAndForeignFiles) {
  for (size_t size = 4; size < file_.size(); ++size) {
    const VerifyReport report = Verify(Bytes(file_.begin(), file_.begin() + size));
    EXPECT_GE(report.errors, 1u) << size;
  }
  EXPECT_FALSE(Verify(Bytes(file_.begin(), file_.begin() + last_.end - 1)).closed);
  EXPECT_FALSE(Verify(Bytes(file_.begin(), file_.begin() + 10)).closed);
  Bytes other = file_;
  other[0] = 'X';
  MemoryInput input(other);
  VerifyReport report;
  EXPECT_EQ(VerifyV1(input, nullptr, &report).code(), Code::kNotH4mk);
}

TEST_F(V1VerifyTest, DamageOfABlock) {
  Bytes file = file_;
  file[last_.begin + kChunkHeaderSize + 9] ^= 1;
  const VerifyReport report = Verify(file);
  EXPECT_EQ(report.errors, 1u) << Text(report);
  EXPECT_NE(Text(report).find("at byte " + std::to_string(last_.begin)), std::string::npos)
      << Text(report);
}

// ---- transport dialect

// A block, SEEK with entries at these times, and VERI.
Bytes TransportFileOf(const Bytes& seek) {
  const uint8_t block[] = {7, 255, 7, 1};
  Bytes chunks = TransportChunkOf("CORE", block);
  AppendBytes(chunks, TransportChunkOf("SEEK", seek));
  Sha256 hash;
  hash.Add(chunks);
  Bytes file = FromHex("48344d4b00010000");
  AppendBytes(file, chunks);
  AppendBytes(file, TransportChunkOf("VERI", hash.Finish()));
  return file;
}

Bytes SeekOf(std::vector<TransportSeekEntry> entries) { return EncodeTransportSeek(entries); }

VerifyReport VerifyTransportFile(const Bytes& bytes) {
  MemoryInput input(bytes);
  VerifyReport report;
  EXPECT_TRUE(VerifyTransport(input, &report).ok());
  return report;
}

TEST(TransportVerifyTest, TheIndexIsInOrder) {
  const VerifyReport good = VerifyTransportFile(TransportFileOf(SeekOf({{0, 0}, {100, 0}})));
  EXPECT_TRUE(good.ok()) << Text(good);
  EXPECT_TRUE(good.closed);
  EXPECT_TRUE(good.index_checked);
  EXPECT_EQ(good.blocks, 1u);
  EXPECT_EQ(Text(VerifyTransportFile(TransportFileOf(SeekOf({{100, 0}, {0, 0}}))))
                .find("SEEK is not in the order of its times"),
            0u);
  const VerifyReport bad = VerifyTransportFile(TransportFileOf({1, 2, 3}));
  EXPECT_EQ(bad.errors, 1u) << Text(bad);
  EXPECT_FALSE(bad.index_checked);
}

TEST(TransportVerifyTest, VeriIsTheHashOfWhatIsBeforeIt) {
  const Bytes good = TransportFileOf(SeekOf({{0, 0}}));
  Bytes other = good;
  const uint8_t hash[32] = {};
  other.resize(good.size() - 44);
  AppendBytes(other, TransportChunkOf("VERI", hash));
  EXPECT_EQ(Text(VerifyTransportFile(other)),
            "VERI is the hash of neither the chunks nor the payloads before it\n");
  const Bytes cut(good.begin(), good.end() - 44);
  const VerifyReport report = VerifyTransportFile(cut);
  EXPECT_EQ(Text(report), "no VERI at the end: the file was cut, or never had one\n");
  EXPECT_FALSE(report.closed);
}

TEST(TransportVerifyTest, BytesBehindTheLastChunk) {
  Bytes file = TransportFileOf(SeekOf({{0, 0}}));
  const std::string end = std::to_string(file.size());
  file.push_back(0);
  const VerifyReport report = VerifyTransportFile(file);
  EXPECT_NE(Text(report).find("bytes that are no chunk at byte " + end), std::string::npos)
      << Text(report);
  EXPECT_FALSE(report.closed);
}

TEST(TransportVerifyTest, AForeignFileIsAnError) {
  const Bytes other(100, 'x');
  MemoryInput input(other);
  VerifyReport report;
  EXPECT_FALSE(VerifyTransport(input, &report).ok());
}

}  // namespace
}  // namespace h4mk
