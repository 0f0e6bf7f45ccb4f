// SPDX-License-Identifier: MIT
// legacy.md, "Transport dialect", against the golden vectors: read, write, tables, block
// compression.
#include "legacy/transport/transport_file.h"

#include "base/memory_io.h"
#include "chunk/chunk_format.h"
#include "legacy/python_json.h"
#include "legacy/run_length.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

std::string TagAsText(uint32_t tag) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += static_cast<char>(tag >> (8 * i));
  return text;
}

std::string Hex32(uint32_t value) {
  Bytes bytes;
  AppendBe(bytes, value);
  return ToHex(bytes);
}

// Saturates: a target beyond 64 bits finds what the largest one finds.
uint64_t Unsigned(const Json& value) {
  if (!value.is_string()) return value.get<uint64_t>();
  return std::strtoull(value.get_ref<const std::string&>().c_str(), nullptr, 10);
}

Bytes BlockBytes(const Json& block) {
  if (block.contains("hex")) return FromHex(block["hex"].get<std::string>());
  Bytes bytes;
  for (const Json& run : block["runs"])
    bytes.insert(bytes.end(), run[1].get<size_t>(), run[0].get<uint8_t>());
  return bytes;
}

Json SeekRows(const std::vector<TransportSeekEntry>& entries) {
  Json rows = Json::array();
  for (const TransportSeekEntry& entry : entries)
    rows.push_back({LargeNumber(entry.pts_us), LargeNumber(entry.offset)});
  return rows;
}

Json FindRow(const std::vector<TransportSeekEntry>& entries, const Json& target) {
  const bool is_negative = target.is_string() ? target.get<std::string>()[0] == '-' : target < 0;
  if (is_negative) return nullptr;
  const TransportSeekEntry* found = FindTransportEntry(entries, Unsigned(target));
  return found ? SeekRows({*found})[0] : Json();
}

Json PayloadHex(const Result<std::optional<Bytes>>& payload) {
  return payload.ok() && payload.value() ? Json(ToHex(*payload.value())) : Json();
}

Json Blocks(const std::vector<Bytes>& blocks) {
  Json rows = Json::array();
  for (const Bytes& block : blocks) rows.push_back({block.size(), Sha256Hex(block)});
  return rows;
}

void CheckVeri(const TransportFile& file, const Json& expect) {
  const Result<TransportVeri> veri = file.CheckVeri();
  ASSERT_TRUE(veri.ok());
  EXPECT_EQ(veri.value().present, !expect["veri_hex"].is_null());
  EXPECT_EQ(veri.value().as_written, expect.value("veri_matches_as_written", false));
  EXPECT_EQ(veri.value().as_checked, expect["reader_verify_integrity"]["ok"]);
}

void CheckMetadata(const TransportFile& file, const Json& expect) {
  const auto metadata = file.ReadMetadata();
  ASSERT_TRUE(metadata.ok());
  const Json& wanted = expect["reader_get_metadata"]["ok"];
  ASSERT_EQ(metadata.value().has_value(), !wanted.empty());
  if (wanted.empty()) return;
  EXPECT_EQ(metadata.value()->duration_us, Unsigned(wanted["duration_us"]));
  EXPECT_EQ(metadata.value()->frame_count, wanted["frame_count"]);
}

void CheckBlocks(const TransportFile& file, const Json& expect) {
  std::vector<Bytes> stored, plain;
  Status failed;
  for (const ChunkInfo& core : file.cores()) {
    Bytes payload;
    ASSERT_TRUE(file.ReadPayload(core, &payload).ok());
    Result<Bytes> decoded = DecodeRunLength(payload);
    if (decoded.ok()) plain.push_back(std::move(decoded.value()));
    if (!decoded.ok() && failed.ok()) failed = decoded.status();
    stored.push_back(std::move(payload));
  }
  EXPECT_EQ(Blocks(stored), expect["core_stored"]);
  Json outcome = {{"ok", Blocks(plain)}};
  if (!failed.ok()) outcome = {{"error", std::string(failed.fault())}};
  EXPECT_EQ(outcome, Expected(expect["core_decompressed"]));
}

class TransportVectorsTest : public testing::TestWithParam<const char*> {};

TEST_P(TransportVectorsTest, AnswersAsTheVectorsSay) {
  const std::string folder = GetParam();
  for (const Json& test : VectorIndex(folder)["cases"]) {
    SCOPED_TRACE(folder + "/" + test["id"].get<std::string>());
    const Bytes bytes = ReadVector(folder + "/" + test["file"].get<std::string>());
    const Json& expect = test["expect"];
    MemoryInput input(bytes);
    Source source(input);
    const Result<TransportFile> opened = TransportFile::Open(source, /*check=*/true);
    EXPECT_EQ(Outcome(opened, [](const TransportFile&) { return Json(true); }),
              Expected(expect["open"]));
    if (!opened.ok() || !expect["open"].contains("ok")) continue;
    const TransportFile& file = opened.value();
    Json chunks = Json::array();
    for (const ChunkInfo& chunk : file.chunks())
      chunks.push_back({TagAsText(chunk.tag), chunk.payload, chunk.length, Hex32(chunk.crc)});
    EXPECT_EQ(chunks, expect["chunks"]);
    const auto seek = file.Seek();
    EXPECT_EQ(Outcome(seek, SeekRows), Expected(expect["seek_entries"]));
    for (const Json& row : expect["seek_to_pts"])
      EXPECT_EQ(Outcome(seek, [&](const auto& entries) { return FindRow(entries, row[0]); }),
                Expected(row[1]));
    EXPECT_EQ(PayloadHex(file.First(Tag("META"))), expect["meta_hex"]);
    EXPECT_EQ(PayloadHex(file.First(Tag("SAFE"))), expect["safe_hex"]);
    EXPECT_EQ(PayloadHex(file.First(Tag("VERI"))), expect["veri_hex"]);
    CheckVeri(file, expect);
    CheckMetadata(file, expect);
    CheckBlocks(file, expect);
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, TransportVectorsTest,
                         testing::Values("transport", "transport_bad"));

// The index of many tracks that a vector's blocks give.
std::vector<TransportTrackEntry> TrackEntries(const Json& blocks) {
  std::vector<TransportTrackEntry> entries;
  for (const Json& row : blocks)
    entries.push_back({row[0], Unsigned(row[1]), row[2], row[3], entries.size()});
  return entries;
}

TEST(TransportWriterTest, WritesTheVectorsByteForByte) {
  size_t written = 0;
  for (const Json& test : VectorIndex("transport")["cases"]) {
    const std::string how = test["how"];
    const bool is_encrypted = how.starts_with("build_h4mk with cipher_state");
    if (how != "build_h4mk" && how != "build_h4mk_tracks" && !is_encrypted) continue;  // exports
    SCOPED_TRACE(test["id"].get<std::string>());
    const Json& given = test["input"];
    const bool has_tracks = how == "build_h4mk_tracks";
    TransportContents contents;
    contents.meta = given["meta"];
    if (contents.meta.contains("big")) {
      const auto digits = contents.meta["big"].get<std::string>();
      contents.meta["big"] = Json::binary(std::vector<uint8_t>(digits.begin(), digits.end()));
    }
    contents.safe = given["safe"];
    const Bytes secret = is_encrypted ? FromHex(given["secret_hex"].get<std::string>()) : Bytes();
    contents.secret = secret;
    std::vector<Bytes> blocks;
    for (const Json& block : given["blocks"]) {
      Result<Bytes> coded = EncodeRunLength(BlockBytes(has_tracks ? block[4] : block));
      ASSERT_TRUE(coded.ok());
      blocks.push_back(std::move(coded.value()));
    }
    contents.blocks.assign(blocks.begin(), blocks.end());
    if (has_tracks) {
      Result<Json> meta = AddTrackIndex(contents.meta, TrackEntries(given["blocks"]));
      ASSERT_TRUE(meta.ok());
      contents.meta = meta.value();
    } else {
      for (const Json& row : given["seek_entries"])
        contents.seek.push_back({Unsigned(row[0]), Unsigned(row[1])});
    }
    MemoryOutput output;
    Sink sink(output);
    ASSERT_TRUE(WriteTransport(contents, sink).ok());
    EXPECT_EQ(ToHex(output.bytes),
              ToHex(ReadVector("transport/" + test["file"].get<std::string>())));
    ++written;
  }
  EXPECT_GE(written, 10u);
}

// TRAK and SEEKM of the files with many tracks, out of META.
TEST(TransportTablesTest, TrackIndexOfTheVectors) {
  for (const Json& test : VectorIndex("transport")["cases"]) {
    const Json& expect = test["expect"];
    if (!expect.contains("trak_json")) continue;
    SCOPED_TRACE(test["id"].get<std::string>());
    const auto entries = DecodeTransportTrak(expect["trak_json"].get<std::string>(), 1000);
    ASSERT_TRUE(entries.ok());
    EXPECT_EQ(EncodeTransportTrak(entries.value()), expect["trak_json"]);
    const Result<Bytes> seekm = EncodeSeekm(MakeSeekm(entries.value()));
    EXPECT_EQ(ToHex(seekm.value()), expect["seekm_hex"]);
  }
}

Json SeekmRows(const std::vector<TransportSeekmTable>& tables) {
  Json rows = Json::array();
  for (const TransportSeekmTable& table : tables) {
    Json entries = Json::array();
    for (const auto& entry : table.entries)
      entries.push_back({LargeNumber(entry.pts_us), entry.core_index});
    rows.push_back({table.track_id, entries});
  }
  return rows;
}

TEST(TransportTablesTest, Seekm) {
  for (const Json& test : VectorIndex("transport")["seekm"]) {
    SCOPED_TRACE(test.dump());
    if (test.contains("data_hex")) {
      EXPECT_EQ(Outcome(DecodeSeekm(FromHex(test["data_hex"].get<std::string>())), SeekmRows),
                Expected(test["result"]));
      continue;
    }
    std::vector<TransportSeekmTable> tables;
    for (const Json& row : test["tables"]) {
      TransportSeekmTable& table = tables.emplace_back();
      table.track_id = row[0];
      for (const Json& entry : row[1]) table.entries.push_back({Unsigned(entry[0]), entry[1]});
    }
    EXPECT_EQ(ToHex(EncodeSeekm(tables).value()), test["hex"]);
  }
}

TEST(TransportTablesTest, LookupBeforeTheFirstEntryGivesTheFirst) {
  const TransportSeekmTable table = {"v", {{10, 0}, {20, 3}}};
  EXPECT_EQ(FindSeekmEntry(table, -1)->core_index, 0u);
  EXPECT_EQ(FindSeekmEntry(table, 19)->core_index, 0u);
  EXPECT_EQ(FindSeekmEntry(table, 20)->core_index, 3u);
  EXPECT_EQ(FindSeekmEntry({}, 20), nullptr);
}

TEST(RunLengthTest, Vectors) {
  const auto as_hex = [](const Bytes& bytes) { return Json(ToHex(bytes)); };
  for (const Json& test : VectorIndex("transport")["run_length_coder"]) {
    const Result<Bytes> result =
        test.contains("plain") ? EncodeRunLength(BlockBytes(test["plain"]))
                               : DecodeRunLength(FromHex(test["coded_hex"].get<std::string>()));
    EXPECT_EQ(Outcome(result, as_hex), Expected(test["result"]));
  }
}

}  // namespace
}  // namespace h4mk
