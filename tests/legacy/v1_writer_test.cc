// SPDX-License-Identifier: MIT
// legacy.md, "Version 1: chunks": the same input gives the same bytes, and every limit has a name.
#include "legacy/v1/v1_writer.h"

#include "base/memory_io.h"
#include "chunk/chunk_format.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_seek_table.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

// A writer's input as the vectors have it; owns the bytes that it points to.
struct Input {
  V1Contents contents;
  std::vector<Bytes> memory;

  ByteSpan Keep(Bytes bytes) { return memory.emplace_back(std::move(bytes)); }

  Input(const Json& tracks, const Json& blocks, const Json& sidecars) {
    memory.reserve(blocks.size() + 4);
    for (const Json& track : tracks) contents.tracks.push_back(track);
    for (const Json& row : blocks) {
      const int64_t type =
          row[2].is_string()
              ? static_cast<int64_t>(std::string("IPB").find(row[2].get<std::string>()))
              : row[2].get<int64_t>();
      contents.blocks.push_back({row[0], row[1], type, Keep(FromHex(row[3].get<std::string>()))});
    }
    for (const uint32_t tag : kV1Sidecars)
      if (const Json given = sidecars.value(TagText(tag), Json()); given.is_string())
        contents.sidecars[tag] = Keep(FromHex(given.get<std::string>()));
  }
};

TEST(V1WriterTest, WritesTheVectorsByteForByte) {
  for (const Json& test : VectorIndex("media")["cases"]) {
    SCOPED_TRACE(test["id"].get<std::string>());
    const Json& given = test["input"];
    const Input input(given["tracks"], given["blocks"], given["sidecars_hex"]);
    MemoryOutput output;
    Sink sink(output);
    const Status status = WriteV1(input.contents, sink);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(ToHex(output.bytes), ToHex(ReadVector("media/" + test["file"].get<std::string>())));
  }
}

TEST(V1WriterTest, RefusesWhatTheFormatCannotHold) {
  for (const Json& test : VectorIndex("media")["writer_errors"]) {
    SCOPED_TRACE(test["id"].get<std::string>());
    const Input input(test["tracks"], test["blocks"], Json::object());
    MemoryOutput output;
    Sink sink(output);
    const Status status = WriteV1(input.contents, sink);
    EXPECT_EQ(status.fault(), test["result"]["error"]["kind"]);
    EXPECT_TRUE(output.bytes.empty());
  }
}

TEST(V1BlockTest, Flags) {
  const Json& index = VectorIndex("media");
  for (const Json& test : index["make_flags"])
    EXPECT_EQ(
        Outcome(MakeV1Flags(test["pts_ms"], test["type"]), [](uint32_t f) { return Json(f); }),
        Expected(test["result"]));
  for (const Json& test : index["parse_flags"]) {
    const V1Flags flags = ParseV1Flags(test["flags"]);
    EXPECT_EQ(flags.pts_ms, test["pts_ms"]);
    EXPECT_EQ(flags.type, test["type"]);
    EXPECT_EQ(std::string(1, V1TypeLetter(flags.type)), test["letter"]);
  }
}

TEST(V1BlockTest, Routing) {
  for (const Json& test : VectorIndex("media")["core_payload"]) {
    if (test.contains("payload_hex")) {
      const Bytes payload = FromHex(test["payload_hex"].get<std::string>());
      const auto row = [&](uint16_t track_id) {
        return Json{track_id, ToHex(ByteSpan(payload).subspan(kV1RoutingSize))};
      };
      EXPECT_EQ(Outcome(ParseV1Routing(payload), row), Expected(test["result"]));
      continue;
    }
    const Status status = CheckV1TrackId(test["track_id"]);
    Bytes payload;
    if (status.ok()) AppendV1Routing(test["track_id"], payload);
    AppendBytes(payload, FromHex(test["blob_hex"].get<std::string>()));
    const Json outcome =
        status.ok() ? Json{{"ok", ToHex(payload)}} : Json{{"error", std::string(status.fault())}};
    EXPECT_EQ(outcome, Expected(test["result"]));
  }
}

TEST(V1SeekTableTest, Entries) {
  for (const Json& test : VectorIndex("media")["seek_table"]) {
    SCOPED_TRACE(test.dump().substr(0, 200));
    if (test.contains("data_hex")) {
      const auto rows = [](const std::vector<V1SeekEntry>& entries) {
        Json list = Json::array();
        for (const V1SeekEntry& entry : entries) list.push_back({entry.pts_ms, entry.offset});
        return list;
      };
      EXPECT_EQ(Outcome(DecodeV1Entries(FromHex(test["data_hex"].get<std::string>())), rows),
                Expected(test["result"]));
      continue;
    }
    std::vector<V1SeekEntry> entries;
    if (test.contains("entries_repeat")) {
      const Json& repeat = test["entries_repeat"];
      entries.assign(repeat[1].get<size_t>(), {repeat[0][0], repeat[0][1]});
    } else {
      for (const Json& entry : test["entries"]) entries.push_back({entry[0], entry[1]});
    }
    const Result<Bytes> encoded = EncodeV1Entries(entries);
    const Json wanted = Expected(test["result"]);
    if (wanted.contains("ok") && wanted["ok"].get<std::string>().starts_with("sha256:")) {
      ASSERT_TRUE(encoded.ok());
      EXPECT_EQ("sha256:" + Sha256Hex(encoded.value()), wanted["ok"]);
    } else {
      EXPECT_EQ(Outcome(encoded, [](const Bytes& bytes) { return Json(ToHex(bytes)); }), wanted);
    }
  }
}

}  // namespace
}  // namespace h4mk
