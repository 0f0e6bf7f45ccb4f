// SPDX-License-Identifier: MIT
// legacy.md, "Transport dialect: playing": such files through the C ABI.
#include <gtest/gtest.h>

#include "legacy/player.h"
#include "legacy/transport/transport_tables.h"
#include "legacy/transport_chunk.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

using Lines = std::vector<std::string>;

std::string TrackName(const Player& player, uint32_t track) {
  return h4mk_value_get_text(h4mk_reader_track(player.reader(), track), "name");
}

std::vector<std::string> Warnings(const Player& player) {
  std::vector<std::string> all;
  while (const char* text = h4mk_reader_next_warning(player.reader())) all.push_back(text);
  return all;
}

// [size, hash] of every block.
Json PlayedBlocks(Player& player) {
  Json rows = Json::array();
  for (std::string line = player.Next(); !line.empty(); line = player.Next())
    if (line != "damage") rows.push_back({player.last().size(), Sha256Hex(player.last())});
  return rows;
}

Bytes File(std::initializer_list<Bytes> chunks) {
  Bytes file = FromHex("48344d4b00010000");
  for (const Bytes& chunk : chunks) AppendBytes(file, chunk);
  return file;
}

ByteSpan Text(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Three blocks of 2, 3 and 1 bytes, SEEK with the first and the third.
Bytes SmallFile(std::string_view meta) {
  const uint8_t a[] = {7, 2}, b[] = {8, 3}, c[] = {9, 1};
  return File(
      {TransportChunkOf("CORE", a), TransportChunkOf("CORE", b), TransportChunkOf("CORE", c),
       TransportChunkOf("SEEK",
                        EncodeTransportSeek(std::vector<TransportSeekEntry>{{100, 0}, {900, 5}})),
       TransportChunkOf("META", Text(meta))});
}

TEST(TransportReaderTest, HandsOutTheBlocksOfEveryVector) {
  for (const Json& test : VectorIndex("transport")["cases"]) {
    SCOPED_TRACE(test["id"].get<std::string>());
    Player player(ReadVector("transport/" + test["file"].get<std::string>()));
    ASSERT_EQ(player.status(), H4MK_OK) << player.message();
    EXPECT_EQ(h4mk_reader_version(player.reader()), H4MK_VERSION_TRANSPORT);
    EXPECT_EQ(h4mk_reader_is_closed(player.reader()), 1);
    const bool is_encrypted =
        test["how"].get<std::string>().find("cipher_state") != std::string::npos ||
        test["id"] == "export_encrypted";
    const Json& expect = test["expect"];
    EXPECT_EQ(PlayedBlocks(player),
              is_encrypted ? expect["core_stored"] : expect["core_decompressed"]["ok"]);
    EXPECT_EQ(player.status(), H4MK_END);
    EXPECT_EQ(player.damage(), "");
  }
}

TEST(TransportReaderTest, TracksAndTimesOfTheIndexInMeta) {
  for (const Json& test : VectorIndex("transport")["cases"]) {
    if (!test["expect"].contains("trak_json")) continue;
    SCOPED_TRACE(test["id"].get<std::string>());
    Player player(ReadVector("transport/" + test["file"].get<std::string>()));
    const Json rows = Json::parse(test["expect"]["trak_json"].get<std::string>())["trak"];
    Lines expected, lines;
    for (const Json& row : rows)
      expected.push_back(row["track_id"].get<std::string>() + " " + row["pts_us"].dump() + " " +
                         row["kind"].get<std::string>() + (row["keyframe"] == true ? "k" : ""));
    h4mk_block block = H4MK_BLOCK_INIT;
    while (h4mk_reader_next(player.reader(), &block) == H4MK_OK)
      lines.push_back(TrackName(player, block.track) + " " + std::to_string(block.pts) + " " +
                      "IPB?"[block.flags & 3] + (block.flags & H4MK_BLOCK_KEY ? "k" : ""));
    EXPECT_EQ(lines, expected);
    const h4mk_value* meta = h4mk_reader_meta(player.reader());
    EXPECT_EQ(h4mk_value_get(meta, "trak_b64"), nullptr);  // no metadata, but the index
    EXPECT_STREQ(h4mk_value_get_text(meta, "domain"), "video-transport");
  }
}

// The same index in a chunk of its own.
TEST(TransportReaderTest, TrackIndexAsAChunk) {
  const uint8_t block[] = {7, 2};
  const std::string trak = EncodeTransportTrak(
      std::vector<TransportTrackEntry>{{"b", 40, "I", true, 0}, {"a", 20, "P", false, 1}});
  Player player(File({TransportChunkOf("CORE", block), TransportChunkOf("CORE", block),
                      TransportChunkOf("TRAK", Text(trak))}));
  EXPECT_EQ(player.All(), (Lines{"2 40 - Ik 2", "1 20 - P 2"}));
  EXPECT_EQ(TrackName(player, 0), "a");
}

TEST(TransportReaderTest, BlocksThatTheIndexDoesNotKnowAreNotLost) {
  const uint8_t block[] = {7, 2};
  const std::string trak =
      EncodeTransportTrak(std::vector<TransportTrackEntry>{{"a", 40, "I", true, 1}});
  Player player(File({TransportChunkOf("CORE", block), TransportChunkOf("CORE", block),
                      TransportChunkOf("TRAK", Text(trak))}));
  EXPECT_EQ(player.All(), (Lines{"2 - - I 2", "1 40 - Ik 2"}));
  EXPECT_EQ(Warnings(player).size(), 1u);
}

TEST(TransportReaderTest, AnIndexOfBlocksThatAreNotThere) {
  const uint8_t block[] = {7, 2};
  const std::string trak = EncodeTransportTrak(std::vector<TransportTrackEntry>{
      {"a", 40, "I", true, 1}, {"a", 50, "P", false, 2}, {"a", 60, "P", false, INT64_MAX}});
  Player player(File({TransportChunkOf("CORE", block), TransportChunkOf("CORE", block),
                      TransportChunkOf("TRAK", Text(trak))}));
  EXPECT_EQ(player.All(), (Lines{"2 - - I 2", "1 40 - Ik 2"}));
  EXPECT_EQ(Warnings(player).size(), 1u) << "they do not count as found";
}

// An export: SEEK counts in plain bytes; fps_hint gives the times in between.
TEST(TransportReaderTest, TimesOfExports) {
  Player player(SmallFile(R"({"fps_hint":2500.0})"));
  EXPECT_EQ(player.All(), (Lines{"1 100 - Ik 2", "1 400 - P 3", "1 900 - Ik 1"}));
}

TEST(TransportReaderTest, TimesThatNothingTellsAreNotMadeUp) {
  Player player(SmallFile("{}"));
  EXPECT_EQ(player.All(), (Lines{"1 100 - Ik 2", "1 - - P 3", "1 900 - Ik 1"}));
}

TEST(TransportReaderTest, BlockSizeSparesReadingTheBlocks) {
  Player player(SmallFile(R"({"block_size":5})"));
  EXPECT_EQ(player.All(), (Lines{"1 100 - Ik 2", "1 900 - Ik 3", "1 - - P 1"}));
}

TEST(TransportReaderTest, BlocksThatCannotBeDecompressedComeAsTheyAre) {
  for (const char* meta :
       {R"({"encryption":{}})", R"({"encrypted":true})", R"({"compression":{"engine":"core"}})"}) {
    Player player(SmallFile(meta));
    EXPECT_EQ(Warnings(player).size(), 2u) << meta;  // also: SEEK counts in plain bytes
    EXPECT_EQ(player.All(), (Lines{"1 100 - Ik 2", "1 - - P 2", "1 - - P 2"}));
  }
}

TEST(TransportReaderTest, ASeekTableThatCannotBeReadIsTold) {
  const uint8_t block[] = {7, 2};
  Player player(File({TransportChunkOf("CORE", block), TransportChunkOf("CORE", block),
                      TransportChunkOf("SEEK", block), TransportChunkOf("META", Text("{}"))}));
  EXPECT_EQ(Warnings(player).size(), 1u);
  EXPECT_EQ(player.All(), (Lines{"1 - - Ik 2", "1 - - Ik 2"})) << "as if there were none";
}

TEST(TransportReaderTest, ATrackIndexHasItsForm) {
  const auto is_read = [](std::string_view text) { return DecodeTransportTrak(text, 10).ok(); };
  EXPECT_TRUE(is_read(R"({"trak":[]})"));
  EXPECT_TRUE(is_read(R"({"trak":[{"track_id":"a","core_index":0,"pts_us":0}]})"));
  for (const char* text :
       {"[]", "{}", R"({"trak":{}})", R"({"trak":null})", R"({"trak":[7]})",
        R"({"trak":[{"core_index":0,"pts_us":0}]})", R"({"trak":[{"track_id":"a","pts_us":0}]})",
        R"({"trak":[{"track_id":"a","core_index":0}]})",
        R"({"trak":[{"track_id":7,"core_index":0,"pts_us":0}]})",
        R"({"trak":[{"track_id":"a","core_index":-1,"pts_us":0}]})",
        R"({"trak":[{"track_id":"a","core_index":0,"pts_us":-1}]})"})
    EXPECT_FALSE(is_read(text)) << text;
}

TEST(TransportReaderTest, AChunkOfMoreThan64MiBIsLeftOut) {
  const uint8_t block[] = {7, 2};
  std::string meta = R"({"title":"long"})";
  for (const size_t size : {size_t{64} << 20, (size_t{64} << 20) + 1}) {
    meta.resize(size, ' ');
    Player player(File({TransportChunkOf("CORE", block), TransportChunkOf("META", Text(meta))}));
    EXPECT_EQ(player.All().size(), 1u);
    EXPECT_EQ(Warnings(player).size(), size - (size_t{64} << 20)) << size;
  }
}

// No block is lost with it, so it is no damage between blocks.
TEST(TransportReaderTest, DamageToADescriptionIsAWarning) {
  for (const char* tag : {"META", "SEEK", "TRAK"}) {
    const uint8_t block[] = {7, 2};
    Bytes damaged = TransportChunkOf(tag, Text("something"));
    damaged.back() ^= 1;
    Player player(
        File({TransportChunkOf("CORE", block), damaged, TransportChunkOf("CORE", block)}));
    EXPECT_EQ(player.All(), (Lines{"1 - - Ik 2", "1 - - Ik 2"})) << tag;
    EXPECT_EQ(Warnings(player).size(), 1u) << tag;
  }
}

TEST(TransportReaderTest, DamageToWhatIsNotNeededIsNotTold) {
  for (const char* tag : {"SAFE", "VERI", "NOTE"}) {
    const uint8_t block[] = {7, 2};
    Bytes unneeded = TransportChunkOf(tag, Text("something"));
    unneeded.back() ^= 1;
    Player player(
        File({TransportChunkOf("CORE", block), unneeded, TransportChunkOf("META", Text("{}"))}));
    EXPECT_EQ(player.All().size(), 1u) << tag;
    EXPECT_EQ(player.damage(), "") << tag;
    EXPECT_EQ(Warnings(player), std::vector<std::string>()) << tag;
  }
}

TEST(TransportReaderTest, Seek) {
  Player player(ReadVector("transport/tracks.h4mk"));
  uint32_t video = 0;
  while (TrackName(player, video) != "video_main") ++video;
  h4mk_index_entry entries[32] = {H4MK_INDEX_ENTRY_INIT};
  size_t count = 0;
  ASSERT_EQ(h4mk_reader_index_entries(player.reader(), video, 0, entries, 32, &count), H4MK_OK);
  ASSERT_GE(count, 2u);
  for (size_t i = 0; i < count; ++i) {
    for (const int64_t time : {entries[i].time, entries[i].time + 1}) {
      ASSERT_EQ(h4mk_reader_seek(player.reader(), video, time, H4MK_SEEK_BACKWARD), H4MK_OK);
      h4mk_block block = H4MK_BLOCK_INIT;
      do {
        ASSERT_EQ(h4mk_reader_next(player.reader(), &block), H4MK_OK);
      } while (block.track != video);
      EXPECT_EQ(block.pts, entries[i].time);
      EXPECT_EQ(block.offset, entries[i].offset + 12);
    }
  }
  EXPECT_EQ(h4mk_reader_seek(player.reader(), video, INT64_MAX, H4MK_SEEK_FORWARD),
            H4MK_ERR_NOT_FOUND);
  EXPECT_EQ(h4mk_reader_rewind(player.reader()), H4MK_OK);
  EXPECT_EQ(player.All().size(), 27u);
}

TEST(TransportReaderTest, TrackInfo) {
  Player player(SmallFile(R"({"fps_hint":2500.0})"));
  h4mk_track_info info = H4MK_TRACK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_track_info(player.reader(), 0, &info), H4MK_OK);
  EXPECT_EQ(info.time_base_num, 1);
  EXPECT_EQ(info.time_base_den, 1000000);
  EXPECT_EQ(info.start_pts, 100);
  EXPECT_EQ(info.end_pts, 1300);
  EXPECT_EQ(info.block_count, 3u);
}

TEST(TransportReaderTest, NeedsAnInputThatSeeks) {
  Player player(SmallFile("{}"), /*seekable=*/false);
  EXPECT_EQ(player.status(), H4MK_ERR_NOT_SEEKABLE);
}

// Damage costs the blocks that it touches and is reported with its place.
TEST(TransportReaderTest, DamagedPayload) {
  Bytes file = SmallFile("{}");
  file[8 + 14 + 12] ^= 1;
  Player player(file);
  EXPECT_EQ(player.All(), (Lines{"1 100 - Ik 2", "damage", "1 900 - Ik 1"}));
  EXPECT_NE(player.damage().find("byte 22"), std::string::npos) << player.damage();
}

TEST(TransportReaderTest, DamagedLengthsAreNotFollowed) {
  for (const uint8_t bit : {1, 2, 64}) {
    for (size_t byte : {4, 5, 7}) {
      Bytes file = SmallFile(R"({"block_size":5})");
      file[8 + 14 + byte] ^= bit;
      Player player(file);
      EXPECT_EQ(player.All(), (Lines{"1 100 - Ik 2", "damage", "1 900 - Ik 1"}));
    }
  }
}

TEST(TransportReaderTest, CutFilesAreReadAsFarAsTheyGo) {
  const Bytes file = SmallFile("{}");
  Player player(ByteSpan(file).first(8 + 2 * 14 + 13));
  EXPECT_EQ(player.All(), (Lines{"1 - - Ik 2", "1 - - Ik 3"}));
  EXPECT_EQ(player.status(), H4MK_AGAIN);
  EXPECT_EQ(h4mk_reader_is_closed(player.reader()), 0);
}

TEST(TransportReaderTest, UnusualFiles) {
  for (const Json& test : VectorIndex("transport_bad")["cases"]) {
    SCOPED_TRACE(test["id"].get<std::string>());
    Player player(ReadVector("transport_bad/" + test["file"].get<std::string>()));
    const Json& expect = test["expect"];
    if (!expect["open"].contains("ok")) continue;
    ASSERT_EQ(player.status(), H4MK_OK) << player.message();
    const Json played = PlayedBlocks(player);
    if (expect["core_decompressed"].contains("ok")) {
      EXPECT_EQ(played, expect["core_decompressed"]["ok"]);
    } else {
      EXPECT_NE(player.damage(), "");
    }
  }
}

TEST(TransportReaderTest, SurvivesEveryTruncationAndBitFlip) {
  const Bytes bytes = ReadVector("transport/tracks_unicode_unsorted.h4mk");
  const auto play = [](ByteSpan data) {
    Player player(data);
    EXPECT_LE(player.All().size(), 40u);
    if (h4mk_reader_track_count(player.reader()) > 0)
      h4mk_reader_seek(player.reader(), 0, 200, H4MK_SEEK_BACKWARD);
  };
  for (size_t size = 0; size < bytes.size(); ++size) play(ByteSpan(bytes).first(size));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    play(flipped);
  }
}

}  // namespace
}  // namespace h4mk
