// SPDX-License-Identifier: MIT
// legacy.md, "Version 1": files of version 1 through the C ABI.
#include "base/crc32.h"
#include "legacy/player.h"
#include "legacy/v1/v1_block.h"
#include "legacy/vectors.h"
#include "support/chunks.h"
#include "support/container.h"

namespace h4mk {
namespace {

using h4mk_test::operator+;
using Lines = std::vector<std::string>;

// The blocks that a vector lists, as Player tells them.
Lines ListedBlocks(const Json& cores) {
  Lines lines;
  for (const Json& row : cores) {
    const std::string letter = row[3];
    lines.push_back(std::to_string(row[1].get<int>()) + " " +
                    std::to_string(row[2].get<int64_t>()) + " - " +
                    (letter == "I"   ? "Ik"
                     : letter == "B" ? "B"
                                     : "P") +
                    " " + std::to_string(row[4].get<int>()));
  }
  return lines;
}

TEST(V1ReaderTest, PlaysTheVectorsInFileOrder) {
  for (const std::string folder : {"media", "media_odd"}) {
    for (const Json& test : VectorIndex(folder)["cases"]) {
      SCOPED_TRACE(folder + "/" + test["id"].get<std::string>());
      const Json& expect = test["expect"];
      if (!expect.contains("cores") || !expect["cores"].contains("ok")) continue;
      if (test["size"] < 20) continue;  // a container CRC that lies in the header is an accident
      const Bytes bytes = ReadVector(folder + "/" + test["file"].get<std::string>());
      if (h4mk_probe(bytes.data(), bytes.size()) != 1) continue;  // headers that no writer makes
      Player player(bytes);
      ASSERT_EQ(player.status(), H4MK_OK) << player.message();
      EXPECT_EQ(h4mk_reader_version(player.reader()), 1);
      EXPECT_EQ(h4mk_reader_is_closed(player.reader()), 1);
      EXPECT_EQ(player.All(), ListedBlocks(expect["cores"]["ok"]));
      EXPECT_EQ(player.status(), H4MK_END);
    }
  }
}

TEST(V1ReaderTest, PlaysTheVectorsFromAPipe) {
  for (const Json& test : VectorIndex("media")["cases"]) {
    SCOPED_TRACE(test["id"].get<std::string>());
    const Bytes bytes = ReadVector("media/" + test["file"].get<std::string>());
    Player player(bytes, /*seekable=*/false);
    EXPECT_EQ(player.All(), ListedBlocks(test["expect"]["cores"]["ok"]));
    EXPECT_EQ(player.status(), H4MK_END);
  }
}

TEST(V1ReaderTest, TracksAndMetadata) {
  Player player(ReadVector("media/reference_demo.h4mk"));
  ASSERT_EQ(h4mk_reader_track_count(player.reader()), 2u);
  const h4mk_value* track = h4mk_reader_track(player.reader(), 0);
  EXPECT_STREQ(h4mk_value_get_text(track, "name"), "main");
  EXPECT_STREQ(h4mk_value_get_text(track, "codec"), "h4core");
  EXPECT_STREQ(h4mk_value_get_text(track, "time_base"), "1/1000");
  EXPECT_STREQ(h4mk_value_get_text(h4mk_reader_meta(player.reader()), "title"),
               "H4MK Multi-Track Demo");
  h4mk_track_info info = H4MK_TRACK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_track_info(player.reader(), 0, &info), H4MK_OK);
  EXPECT_EQ(info.time_base_den, 1000);
  EXPECT_EQ(info.block_count, 5u);
  EXPECT_EQ(info.end_pts, 333);
}

TEST(V1ReaderTest, BlocksComeWithoutTheirRouting) {
  Player player(ReadVector("media/reference_demo.h4mk"));
  ASSERT_NE(player.Next(), "");
  EXPECT_EQ(std::string(player.last().begin(), player.last().end()),
            "I0_main_audio_keyframe_12345");
  EXPECT_EQ(player.offset(), 457 + 8);
}

TEST(V1ReaderTest, Seeks) {
  Player player(ReadVector("media/reference_demo.h4mk"));
  const auto seek = [&](int64_t time, int mode) {
    const h4mk_status status = h4mk_reader_seek(player.reader(), 0, time, mode);
    return status == H4MK_OK ? player.Next() : std::string(h4mk_strerror(status));
  };
  EXPECT_EQ(seek(332, H4MK_SEEK_BACKWARD), "1 0 - Ik 28");
  EXPECT_EQ(seek(333, H4MK_SEEK_BACKWARD), "1 333 - Ik 27");
  EXPECT_EQ(seek(-5, H4MK_SEEK_BACKWARD), "1 0 - Ik 28");  // before the first: the first
  EXPECT_EQ(seek(1, H4MK_SEEK_FORWARD), "1 333 - Ik 27");
  EXPECT_EQ(seek(334, H4MK_SEEK_FORWARD), "Not found in the file");
  EXPECT_EQ(seek(70, H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY), "1 66 - B 31");
  EXPECT_EQ(h4mk_reader_rewind(player.reader()), H4MK_OK);
  EXPECT_EQ(player.All().size(), 5u);
}

TEST(V1ReaderTest, IndexEntriesAreTheKeyframes) {
  Player player(ReadVector("media/reference_demo.h4mk"));
  h4mk_index_entry entries[8] = {H4MK_INDEX_ENTRY_INIT};
  size_t count = 0;
  ASSERT_EQ(h4mk_reader_index_entries(player.reader(), 0, 0, entries, 8, &count), H4MK_OK);
  ASSERT_EQ(count, 2u);
  EXPECT_EQ(entries[1].time, 333);
  EXPECT_EQ(entries[1].offset, 670 - 12);
}

// Damage costs the blocks that it touches, is reported with its place, and nothing else.
TEST(V1ReaderTest, DamagedBlocksAreReportedAndPassedOver) {
  Bytes bytes = ReadVector("media/reference_demo.h4mk");
  bytes[509 + 20] ^= 1;  // in the second block
  for (bool seekable : {true, false}) {
    Player player(bytes, seekable);
    EXPECT_EQ(player.All(),
              (Lines{"1 0 - Ik 28", "damage", "1 66 - B 31", "1 99 - P 28", "1 333 - Ik 27"}));
    EXPECT_NE(player.damage().find("CRC at byte 497"), std::string::npos) << player.damage();
  }
}

TEST(V1ReaderTest, DamageInFrontOfTheBlocksIsReported) {
  Bytes bytes = ReadVector("media/reference_demo.h4mk");
  Lines expected = Player(bytes).All();
  expected.insert(expected.begin(), "damage");
  bytes[h4mk_test::WalkChunks(bytes).front().end() + 4] ^= 1;  // in the flags of META
  for (bool seekable : {true, false}) {
    Player player(bytes, seekable);
    EXPECT_EQ(player.All(), expected) << seekable;
  }
}

// A wrong length leads to where no chunk is; what it swallowed is found again.
TEST(V1ReaderTest, DamagedLengthsAreNotFollowed) {
  Bytes bytes = ReadVector("media/reference_demo.h4mk");
  bytes[509 - 4] += 20;
  for (bool seekable : {true, false}) {
    Player player(bytes, seekable);
    EXPECT_EQ(player.All(),
              (Lines{"1 0 - Ik 28", "damage", "1 66 - B 31", "1 99 - P 28", "1 333 - Ik 27"}));
  }
}

// An input that fails is reported as such and not as damage, also while the reader looks for the
// next chunk behind damage.
TEST(V1ReaderTest, EveryReadFailsOnce) {
  Bytes bytes = ReadVector("media/reference_demo.h4mk");
  for (const bool is_pipe : {true, false})
    for (const bool is_damaged : {true, false}) {
      if (is_damaged) bytes[509 - 4] += 20;
      const auto read = [&](h4mk_test::TestFile* file) {
        file->pipe = is_pipe;
        file->max_transfer = 20;
        h4mk_test::Reader reader(file);
        return reader.status() == H4MK_OK ? reader.ReadOn().end : reader.status();
      };
      h4mk_test::TestFile control(bytes);
      ASSERT_EQ(read(&control), H4MK_END);
      for (size_t call = 0; call < control.reads; ++call) {
        h4mk_test::TestFile file(bytes);
        file.failing_read = call;
        EXPECT_EQ(read(&file), H4MK_ERR_IO)
            << (is_pipe ? "pipe" : "file") << ", call " << call << " of " << control.reads;
      }
      bytes = ReadVector("media/reference_demo.h4mk");
    }
}

// A file with two blocks, of which the first one carries a chunk.
Bytes FileThatCarriesABlock() {
  const auto text = [](std::string_view bytes) { return Bytes(bytes.begin(), bytes.end()); };
  Bytes front = h4mk_test::MakeHeader(1), routing;
  AppendV1Routing(1, routing);
  const Bytes carried = h4mk_test::MakeChunk("CORE", routing + text("carried"), kV1TypeI << 28);
  const Bytes first = routing + Bytes(10) + carried + Bytes(60 - carried.size());
  Bytes file = front +
               h4mk_test::MakeChunk(
                   "TRAK", text(R"({"tracks":[{"track_id":1,"name":"n","kind":"data","codec":"c",)"
                                R"("sample_rate":0,"channels":0,"note":""}]})")) +
               h4mk_test::MakeChunk("CORE", first, kV1TypeI << 28) +
               h4mk_test::MakeChunk("CORE", routing + text("second"), kV1TypeI << 28 | 40);
  AppendLe(file, Crc32(0, file));
  return file;
}

// legacy.md, "Version 1: damage", rule 1: the checksum of the file says that all lengths are right.
TEST(V1ReaderTest, InDamagedChunksNothingIsLookedForWhereTheLengthsAreRight) {
  const Bytes bytes = FileThatCarriesABlock();
  const std::vector<h4mk_test::Chunk> chunks = h4mk_test::WalkChunks(bytes);
  Bytes file(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(chunks[1].end()));
  file = file + h4mk_test::MakeChunk("NOTE", Bytes(20)) +
         Bytes(bytes.begin() + static_cast<ptrdiff_t>(chunks[2].begin), bytes.end() - 4);
  AppendLe(file, Crc32(0, file));
  EXPECT_EQ(Player(file).All(), (Lines{"1 0 - Ik 70", "1 40 - Ik 6"}));
  Bytes damaged = file;
  damaged[chunks[1].payload() + 12] ^= 1;
  EXPECT_EQ(Player(damaged).All(), (Lines{"damage", "1 40 - Ik 6"}));
  damaged[chunks[1].end() + 20] ^= 1;  // and the one behind it
  EXPECT_EQ(Player(damaged).All(), (Lines{"damage", "damage", "1 40 - Ik 6"}));
}

// Memory for the places of damage does not grow with the file.
TEST(V1ReaderTest, TenThousandPlacesOfDamageAreTold) {
  Bytes file = h4mk_test::MakeHeader(1);
  const Bytes core = h4mk_test::MakeChunk("CORE", {});  // too short to say its track
  for (int i = 0; i < 10001; ++i) AppendBytes(file, core);
  AppendLe(file, Crc32(0, file));
  EXPECT_EQ(Player(file).All(), Lines(10000, "damage"));
}

TEST(V1ReaderTest, APipeIsAtItsStartUntilABlockIsRead) {
  Player player(ReadVector("media/reference_demo.h4mk"), /*seekable=*/false);
  EXPECT_EQ(h4mk_reader_rewind(player.reader()), H4MK_OK);
  EXPECT_EQ(player.Next(), "1 0 - Ik 28");
  EXPECT_EQ(h4mk_reader_rewind(player.reader()), H4MK_ERR_NOT_SEEKABLE);
}

TEST(V1ReaderTest, TracksThatCannotBeReadAreTold) {
  Bytes bytes = FileThatCarriesABlock();
  const h4mk_test::Chunk tracks = h4mk_test::WalkChunks(bytes)[0];
  bytes[tracks.payload()] = '[';
  h4mk_test::FixCrc(&bytes, tracks);
  Player player(bytes);
  std::string told;
  while (const char* text = h4mk_reader_next_warning(player.reader()))
    told += std::string(text) + "\n";
  EXPECT_NE(told.find("bad_json"), std::string::npos) << told;
  EXPECT_EQ(player.All().size(), 2u) << "of a track that is made up";
}

// Those that nobody needs may be long, and are not looked at.
TEST(V1ReaderTest, ALongChunkOfAnotherKindIsPassedOver) {
  Bytes bytes = ReadVector("media/reference_demo.h4mk");
  const Lines blocks = Player(bytes).All();
  const h4mk_test::Chunk first = h4mk_test::WalkChunks(bytes).front();
  const Bytes note = h4mk_test::MakeChunk("NOTE", Bytes(size_t{65} << 20));
  bytes.insert(bytes.begin() + static_cast<ptrdiff_t>(first.end()), note.begin(), note.end());
  Player player(bytes);
  EXPECT_EQ(player.All(), blocks);
  EXPECT_EQ(player.damage(), "");
}

TEST(V1ReaderTest, CutFilesAreReadAsFarAsTheyGo) {
  const Bytes bytes = ReadVector("media/reference_demo.h4mk");
  Player player(ByteSpan(bytes).first(640));
  EXPECT_EQ(player.All(), (Lines{"1 0 - Ik 28", "1 33 - P 30", "1 66 - B 31"}));
  EXPECT_EQ(player.status(), H4MK_AGAIN);
  size_t count = 0;  // of blocks, each of which may be the last bytes of the file
  for (const h4mk_test::Chunk& chunk : h4mk_test::WalkChunks(bytes)) {
    if (chunk.tag != "CORE") continue;
    Player up_to_it(ByteSpan(bytes).first(chunk.end()));
    EXPECT_EQ(up_to_it.All().size(), ++count);
    EXPECT_EQ(up_to_it.damage(), "");
  }
  EXPECT_EQ(count, 5u);
}

TEST(V1ReaderTest, SurvivesEveryTruncationAndBitFlip) {
  const Bytes bytes = ReadVector("media/b_blocks.h4mk");
  const auto play = [](ByteSpan data) {
    for (bool seekable : {true, false}) {
      Player player(data, seekable);
      EXPECT_LE(player.All().size(), 40u);
      if (seekable && h4mk_reader_track_count(player.reader()) > 0)
        h4mk_reader_seek(player.reader(), 0, 200, H4MK_SEEK_BACKWARD);
    }
  };
  for (size_t size = 0; size < bytes.size(); ++size) play(ByteSpan(bytes).first(size));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    play(flipped);
  }
}

// h4mk_reader_keyframe() and h4mk_reader_decode_chain() say what the first readers do, on every
// file that their writer made.
TEST(V1ReaderTest, LookupsAnswerAsTheVectorsSay) {
  size_t asked = 0;
  for (const Json& test : VectorIndex("media")["cases"]) {
    SCOPED_TRACE(test["id"].get<std::string>());
    Player player(ReadVector("media/" + test["file"].get<std::string>()));
    for (const Json& row : test["expect"].value("lookups", Json::array())) {
      SCOPED_TRACE(row.dump().substr(0, 60));
      h4mk_track_info info = H4MK_TRACK_INFO_INIT;
      uint32_t track = 0;
      while (h4mk_reader_track_info(player.reader(), track, &info) == H4MK_OK &&
             info.track_id != Number(row[0]))
        ++track;
      if (track == h4mk_reader_track_count(player.reader())) continue;  // it has no such track
      h4mk_block_info key = H4MK_BLOCK_INFO_INIT;
      const h4mk_status status = h4mk_reader_keyframe(player.reader(), track, Number(row[1]), &key);
      ASSERT_EQ(status, row[2].is_null() ? H4MK_ERR_NOT_FOUND : H4MK_OK);
      if (status == H4MK_OK) {
        EXPECT_EQ(Json(key.chunk + 12), row[2]);
      }
      std::vector<h4mk_block_info> chain(300, h4mk_block_info(H4MK_BLOCK_INFO_INIT));
      uint64_t total = 0;
      ASSERT_EQ(h4mk_reader_decode_chain(player.reader(), track, Number(row[1]), chain.data(),
                                         chain.size(), &total),
                H4MK_OK);
      Json offsets = Json::array();
      for (size_t i = 0; i < total; ++i) offsets.push_back(chain[i].chunk + 12);
      EXPECT_EQ(offsets, row[3]);
      ++asked;
    }
  }
  EXPECT_GT(asked, 100u);
}

}  // namespace
}  // namespace h4mk
