// SPDX-License-Identifier: MIT
// legacy.md, "Version 1: answers": what a whole file of version 1 says, against the golden vectors.
#include "legacy/v1/v1_file.h"

#include "base/memory_io.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

std::string TagAsVectors(uint32_t tag) {  // bytes over 127 drop out
  std::string text;
  for (int i = 0; i < 4; ++i)
    if (const auto byte = static_cast<uint8_t>(tag >> (8 * i)); byte < 128)
      text += static_cast<char>(byte);
  return text;
}

std::string Hex32(uint32_t value) {
  const uint8_t bytes[] = {static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
                           static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
  return ToHex(bytes);
}

Json ParseRows(const V1File& file) {
  Json chunks = Json::array();
  for (const ChunkInfo& chunk : file.chunks())
    chunks.push_back(
        {TagAsVectors(chunk.tag), chunk.flags, chunk.payload, chunk.length, Hex32(chunk.crc)});
  const V1Header& header = file.header();
  return {{"header",
           {{"version", header.version},
            {"flags", header.flags},
            {"timestamp", LargeNumber(header.timestamp_ms)}}},
          {"chunks", chunks}};
}

Json CoreRows(const std::vector<V1Core>& cores) {
  Json rows = Json::array();
  for (const V1Core& core : cores)
    rows.push_back({core.offset, core.track_id, core.flags.pts_ms,
                    std::string(1, V1TypeLetter(core.flags.type)), core.size});
  return rows;
}

Json TableRows(const std::vector<V1SeekTable>& tables) {
  Json rows = Json::array();
  for (const V1SeekTable& table : tables) {
    Json entries = Json::array();
    for (const V1SeekEntry& entry : table.entries) entries.push_back({entry.pts_ms, entry.offset});
    rows.push_back({table.track_id, entries});
  }
  return rows;
}

// A cell of a lookup: the value or "!kind".
template <typename T, typename ToJson>
Json Cell(const Result<T>& result, ToJson to_json) {
  if (result.ok()) return to_json(result.value());
  return std::string("!").append(result.status().fault());
}

Json Lookup(const V1File& file, int64_t track, int64_t t_ms) {
  return {track, t_ms,
          Cell(file.Keyframe(track, t_ms),
               [](const std::optional<uint64_t>& found) { return found ? Json(*found) : Json(); }),
          Cell(file.DecodeChain(track, t_ms), [](const auto& chain) { return Json(chain); })};
}

class V1VectorsTest : public testing::TestWithParam<const char*> {};

// Each case: parse, tracks, blocks, seek tables, keyframes and chains.
TEST_P(V1VectorsTest, AnswersAsTheVectorsSay) {
  const std::string folder = GetParam();
  const Json& index = VectorIndex(folder);
  ASSERT_FALSE(index["cases"].empty());
  for (const Json& test : index["cases"]) {
    SCOPED_TRACE(folder + "/" + test["id"].get<std::string>());
    const Bytes bytes = ReadVector(folder + "/" + test["file"].get<std::string>());
    const Json& expect = test["expect"];
    MemoryInput input(bytes);
    Source source(input);
    const Result<V1File> file = V1File::Open(source, /*check=*/true);
    EXPECT_EQ(Outcome(file, ParseRows), Expected(expect["parse"]));
    if (expect.contains("parse_without_crc")) {
      const Result<V1File> unchecked = V1File::Open(source, /*check=*/false);
      EXPECT_EQ(Outcome(unchecked, ParseRows), Expected(expect["parse_without_crc"]));
    }
    if (test.contains("error")) {
      EXPECT_EQ(test["error"], file.ok() ? Json() : Json(std::string(file.status().fault())));
    }
    if (!file.ok()) continue;
    const auto as_list = [](const std::vector<Json>& tracks) { return Json(tracks); };
    if (expect.contains("tracks")) {
      EXPECT_EQ(Outcome(file.value().Tracks(), as_list), Expected(expect["tracks"]));
    }
    if (expect.contains("cores")) {
      EXPECT_EQ(Outcome(file.value().Cores(), CoreRows), Expected(expect["cores"]));
    }
    if (expect.contains("seek_tables")) {
      EXPECT_EQ(Outcome(file.value().SeekTables(), TableRows), Expected(expect["seek_tables"]));
    }
    for (const Json& row : expect.value("lookups", Json::array()))
      EXPECT_EQ(Lookup(file.value(), Number(row[0]), Number(row[1])), row);
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, V1VectorsTest,
                         testing::Values("media", "media_odd", "media_bad"));

TEST(V1FileTest, PayloadsAreFoundByTheirOffsetOnly) {
  const Bytes bytes = ReadVector("media/reference_demo.h4mk");
  MemoryInput input(bytes);
  Source source(input);
  const Result<V1File> file = V1File::Open(source, true);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file.value().FindChunk(457).ok());  // control: the first block
  EXPECT_EQ(file.value().FindChunk(458).status().fault(), "no_such_chunk");
}

// No byte may be wrong, missing or too many without an error or an answer; run under a sanitizer
// this finds overreads.
TEST(V1FileTest, SurvivesEveryTruncationAndBitFlip) {
  const Bytes bytes = ReadVector("media/b_blocks.h4mk");
  const auto ask = [](ByteSpan data) {
    for (bool check : {false, true}) {
      MemoryInput input(data);
      Source source(input);
      const Result<V1File> file = V1File::Open(source, check);
      if (!file.ok()) continue;
      static_cast<void>(file.value().Tracks().ok());
      static_cast<void>(file.value().Cores().ok());
      static_cast<void>(file.value().DecodeChain(8, 240).ok());
    }
  };
  for (size_t size = 0; size < bytes.size(); ++size) ask(ByteSpan(bytes).first(size));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    ask(flipped);
  }
}

}  // namespace
}  // namespace h4mk
