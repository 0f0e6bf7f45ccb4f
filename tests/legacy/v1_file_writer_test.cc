// SPDX-License-Identifier: MIT
// Writing version 1 through the C ABI: byte for byte what its first writer made of the same input,
// everything else in the block log of META, every limit an error that names it (legacy.md, "Version
// 1").
#include <gtest/gtest.h>
#include <h4mk/legacy.h>

#include "base/memory_io.h"
#include "legacy/player.h"
#include "legacy/transport/transport_file.h"
#include "legacy/v1/v1_block_log.h"
#include "legacy/v1/v1_file.h"
#include "legacy/vectors.h"
#include "support/block.h"
#include "support/chunks.h"

namespace h4mk {
namespace {

using h4mk_test::kB;
using h4mk_test::kKey;
using h4mk_test::kP;

class V1Output {
 public:
  explicit V1Output(int version = 1) {
    h4mk_io_new_memory(&io_);
    h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
    options.version = version;
    EXPECT_EQ(h4mk_writer_open(&io_, &options, &writer_), H4MK_OK);
  }
  ~V1Output() {
    h4mk_writer_free(writer_);
    h4mk_io_close(&io_);
  }
  h4mk_status AddTrack(const Json& description) {
    const std::string text = description.dump();
    h4mk_value* value = nullptr;
    EXPECT_EQ(h4mk_value_from_json(text.data(), text.size(), &value), H4MK_OK);
    uint32_t track = 0;
    const h4mk_status status = h4mk_writer_add_track(writer_, value, &track);
    h4mk_value_free(value);
    return status;
  }
  h4mk_status Update(uint32_t track, const Json& description) {
    const std::string text = description.dump();
    h4mk_value* value = nullptr;
    EXPECT_EQ(h4mk_value_from_json(text.data(), text.size(), &value), H4MK_OK);
    const h4mk_status status = h4mk_writer_update_track(writer_, track, value);
    h4mk_value_free(value);
    return status;
  }
  void SetMeta(const std::string& text) {
    h4mk_value* value = nullptr;
    EXPECT_EQ(h4mk_value_from_json(text.data(), text.size(), &value), H4MK_OK);
    EXPECT_EQ(h4mk_writer_set_meta(writer_, value), H4MK_OK);
    h4mk_value_free(value);
  }
  h4mk_status Write(const h4mk_test::Block& block) { return h4mk_test::WriteBlock(writer_, block); }
  h4mk_writer* get() const { return writer_; }
  std::string message() const { return h4mk_writer_message(writer_); }
  h4mk_status Finish() { return h4mk_writer_finish(writer_); }
  Bytes bytes() const {
    const uint8_t* data = nullptr;
    size_t size = 0;
    h4mk_io_memory(&io_, &data, &size);
    return Bytes(data, data + size);
  }

 private:
  h4mk_io io_ = H4MK_IO_INIT;
  h4mk_writer* writer_ = nullptr;
};

Json PlainTrack(int64_t id) {
  return {{"track_id", id},   {"name", "n"},   {"kind", "video"}, {"codec", "x"},
          {"sample_rate", 0}, {"channels", 0}, {"note", ""},      {"time_base", "1/1000"}};
}

TEST(V1FileWriterTest, WritesTheVectorsByteForByte) {
  size_t written = 0;
  for (const Json& test : VectorIndex("media")["cases"]) {
    SCOPED_TRACE(test["id"].get<std::string>());
    const Json& given = test["input"];
    V1Output output;
    std::vector<int64_t> ids;
    for (Json track : given["tracks"]) {
      ids.push_back(track["track_id"]);
      track["time_base"] = "1/1000";
      ASSERT_EQ(output.AddTrack(track), H4MK_OK) << output.message();
    }
    for (const char* tag :
         {"NOTE", "VERI", "SAFE", "META"}) {  // the file has them in its own order
      const Json& hex = given["sidecars_hex"].value(tag, Json());
      if (hex.is_null()) continue;
      const Bytes bytes = FromHex(hex.get<std::string>());
      ASSERT_EQ(h4mk_writer_add_chunk(output.get(), tag, 0, bytes.data(), bytes.size()), H4MK_OK);
    }
    for (const Json& row : given["blocks"]) {
      const std::string type =
          row[2].is_string() ? row[2].get<std::string>() : std::string(1, "IPB"[row[2].get<int>()]);
      h4mk_test::Block block;
      block.track = static_cast<uint32_t>(std::find(ids.begin(), ids.end(), row[0].get<int64_t>()) -
                                          ids.begin());
      block.flags = type == "I" ? kKey : type == "P" ? kP : H4MK_BLOCK_TYPE_B;
      block.pts = row[1];
      block.dts = H4MK_NO_TIME;
      block.data = FromHex(row[3].get<std::string>());
      ASSERT_EQ(output.Write(block), H4MK_OK) << output.message();
    }
    ASSERT_EQ(output.Finish(), H4MK_OK) << output.message();
    EXPECT_EQ(ToHex(output.bytes()), ToHex(ReadVector("media/" + test["file"].get<std::string>())));
    ++written;
  }
  EXPECT_EQ(written, VectorIndex("media")["cases"].size());
}

// What version 1 has no place for comes back all the same.
TEST(V1FileWriterTest, EverythingComesBackThroughTheBlockLog) {
  V1Output output;
  Json video = PlainTrack(7);
  video["time_base"] = "1/90000";
  video["extradata"] = "AAEC";
  video.erase("channels");  // and what was not given is not made up
  Json audio = PlainTrack(3);
  audio["time_base"] = "1/48000";
  ASSERT_EQ(output.AddTrack(video), H4MK_OK);
  ASSERT_EQ(output.AddTrack(audio), H4MK_OK);
  output.SetMeta(R"({"tags":{"title":"t"}})");
  std::vector<h4mk_test::Block> blocks;
  const int64_t order[] = {0, 3, 1, 2, 6, 4, 5};
  for (int64_t i = 0; i < 7; ++i) {
    h4mk_test::Block block;
    block.flags = i == 0 ? kKey : order[i] % 3 == 0 ? kP : kB;
    block.pts = order[i] * 3003;
    block.dts = i == 3 ? H4MK_NO_TIME : (i - 1) * 3003;
    block.duration = 3003;
    block.data = h4mk_test::Payload(static_cast<uint32_t>(i), 20 + static_cast<size_t>(i));
    if (i == 4) block.side_data = {{"skip_samples", {1, 2, 3}}};
    blocks.push_back(block);
    h4mk_test::Block sound;
    sound.track = 1;
    sound.flags = i == 2 ? kKey | H4MK_BLOCK_DISCARD : kKey;
    sound.pts = sound.dts = i * 1024;
    sound.duration = 1024;
    blocks.push_back(sound);
  }
  for (const h4mk_test::Block& block : blocks)
    ASSERT_EQ(output.Write(block), H4MK_OK) << output.message();
  ASSERT_EQ(output.Finish(), H4MK_OK) << output.message();
  const Bytes bytes = output.bytes();

  Player player(bytes);
  ASSERT_EQ(player.status(), H4MK_OK) << player.message();
  EXPECT_EQ(h4mk_reader_next_warning(player.reader()), nullptr);
  EXPECT_STREQ(h4mk_value_to_json(h4mk_reader_track(player.reader(), 0)), video.dump().c_str());
  EXPECT_STREQ(h4mk_value_to_json(h4mk_reader_meta(player.reader())), R"({"tags":{"title":"t"}})");
  std::vector<h4mk_test::Block> read;
  h4mk_block block = H4MK_BLOCK_INIT;
  while (h4mk_reader_next(player.reader(), &block) == H4MK_OK)
    read.push_back(h4mk_test::FromC(block));
  EXPECT_EQ(read, blocks);

  // And the first readers of version 1 read the same file: seven keys a track, blocks in the order
  // of their times.
  MemoryInput input(bytes);
  Source source(input);
  const Result<V1File> file = V1File::Open(source, /*check=*/true);
  ASSERT_TRUE(file.ok()) << file.status().message();
  const auto tracks = file.value().Tracks();
  ASSERT_TRUE(tracks.ok()) << tracks.status().message();
  EXPECT_EQ(tracks.value()[0].size(), 7u);
  const auto cores = file.value().Cores();
  ASSERT_TRUE(cores.ok());
  ASSERT_EQ(cores.value().size(), blocks.size());
  EXPECT_TRUE(std::is_sorted(
      cores.value().begin(), cores.value().end(),
      [](const V1Core& a, const V1Core& b) { return a.flags.pts_ms < b.flags.pts_ms; }));
  EXPECT_EQ(file.value().DecodeChain(7, 100).value().size(), 4u);  // 0, 33, 66 and 100 ms
}

// Blocks that need the log, each of another size.
// So that neither the file grows nor a seek decodes much.
TEST(V1FileWriterTest, APageOfTheLogHas4096Blocks) {
  for (const size_t pages : {1, 2}) {
    for (const size_t more : {0, 1}) {
      V1BlockLogWriter log;
      log.AddTrack(1);
      h4mk::Block block;
      for (size_t i = 0; i < pages * kV1LogPageBlocks + more; ++i) log.Add(block);
      EXPECT_EQ(log.Finish().size(), pages + more);
    }
  }
}

struct Logged {
  std::vector<Bytes> data;
  Bytes file;
};

Logged WithLog(uint32_t seed) {
  Logged logged;
  V1Output output;
  EXPECT_EQ(output.AddTrack(PlainTrack(1)), H4MK_OK);
  for (uint32_t i = 0; i < 6; ++i) {
    logged.data.push_back(h4mk_test::Payload(seed + i, 20 + seed + i));
    EXPECT_EQ(
        output.Write({.flags = i == 0 ? kKey : kP, .pts = i, .dts = i, .data = logged.data[i]}),
        H4MK_OK);
  }
  EXPECT_EQ(output.Finish(), H4MK_OK);
  logged.file = output.bytes();
  return logged;
}

std::vector<Bytes> DataOf(Player& player, size_t* damages) {
  std::vector<Bytes> data;
  *damages = 0;
  for (const std::string& line : player.All()) *damages += line == "damage";
  EXPECT_EQ(h4mk_reader_rewind(player.reader()), H4MK_OK);
  for (std::string line = player.Next(); !line.empty(); line = player.Next())
    if (line != "damage") data.push_back(player.last());
  return data;
}

// The log says which block is missing: those behind it keep their numbers and times.
TEST(V1FileWriterTest, DamagedBlocksAreMissingInTheLog) {
  const Logged logged = WithLog(0);
  for (size_t i = 0; i < logged.data.size(); ++i) {
    SCOPED_TRACE(i);
    Bytes file = logged.file;
    *std::search(file.begin(), file.end(), logged.data[i].begin(), logged.data[i].end()) ^= 1;
    Player player(file);
    size_t damages = 0;
    std::vector<Bytes> expected = logged.data;
    expected.erase(expected.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_EQ(DataOf(player, &damages), expected);
    EXPECT_EQ(damages, 1u);
  }
}

// The time of a block is in the flags of its chunk, which is how the log finds it.
TEST(V1FileWriterTest, ABlockThatLostItsTimeIsDamage) {
  const Logged logged = WithLog(0);
  for (const bool seekable : {true, false}) {
    Bytes file = logged.file;
    const auto data =
        std::search(file.begin(), file.end(), logged.data[2].begin(), logged.data[2].end());
    data[-16] ^= 0x40;  // behind the tag: flags, length, and 8 bytes of routing
    Player player(file, seekable);
    std::vector<std::string> lines = player.All();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), "damage"), 1) << seekable;
    std::erase(lines, "damage");
    EXPECT_EQ(lines, (std::vector<std::string>{"1 0 0 Ik 20", "1 1 1 P 21", "1 3 3 P 23",
                                               "1 4 4 P 24", "1 5 5 P 25"}));
  }
}

// Whole chunks of one file behind the descriptions of another.
TEST(V1FileWriterTest, ALogOfAnotherFileIsNotUsed) {
  const Logged logged = WithLog(0), other = WithLog(50);
  const std::string core = "CORE";
  const auto cores_of = [&](const Bytes& file) {
    return std::search(file.begin(), file.end(), core.begin(), core.end());
  };
  Bytes mixed(logged.file.begin(), cores_of(logged.file));
  mixed.insert(mixed.end(), cores_of(other.file), other.file.end());
  for (const bool seekable : {true, false}) {
    Player player(mixed, seekable);
    ASSERT_EQ(player.status(), H4MK_OK);
    const size_t blocks = [&] {
      size_t count = 0;
      for (const std::string& line : player.All()) count += line != "damage";
      return count;
    }();
    std::string warnings;
    while (const char* text = h4mk_reader_next_warning(player.reader())) warnings += text;
    EXPECT_EQ(blocks, seekable ? 6u : 0u);  // a stream has told the log's tracks and times already
    EXPECT_NE(warnings.find("block log"), std::string::npos) << warnings;
  }
}

// A tool of version 1 knows no log: what it changes in TRAK is newer, and the rest of the full
// description stays.
TEST(V1FileWriterTest, WhatTrakSaysIsNewerThanTheLog) {
  Bytes file = WithLog(0).file;
  const std::string name = R"("name": "n")";
  auto trak = h4mk_test::WalkChunks(file);
  std::erase_if(trak, [](const h4mk_test::Chunk& chunk) { return chunk.tag != "TRAK"; });
  ASSERT_EQ(trak.size(), 1u);
  const auto begin = file.begin() + static_cast<ptrdiff_t>(trak[0].payload());
  const auto found = std::search(begin, file.end(), name.begin(), name.end());
  ASSERT_NE(found, file.end());
  found[9] = 'N';
  h4mk_test::FixCrc(&file, trak[0]);
  Json expected = PlainTrack(1);
  expected["name"] = "N";
  Player player(file);
  ASSERT_EQ(player.status(), H4MK_OK) << player.message();
  EXPECT_EQ(h4mk_value_to_json(h4mk_reader_track(player.reader(), 0)), expected.dump());
}

TEST(V1FileWriterTest, AttachmentsComeBack) {
  V1Output output;
  Json font = PlainTrack(1);
  font["kind"] = "attachment";
  ASSERT_EQ(output.AddTrack(font), H4MK_OK);
  ASSERT_EQ(h4mk_writer_set_attachment(output.get(), 0, "font", 4), H4MK_OK);
  ASSERT_EQ(output.Finish(), H4MK_OK);
  Player player(output.bytes());
  const uint8_t* data = nullptr;
  size_t size = 0;
  ASSERT_EQ(h4mk_reader_attachment(player.reader(), 0, &data, &size), H4MK_OK);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(data), size), "font");
}

struct Limit {
  const char* name;
  int64_t pts;
  std::string time_base = "1/1000";
};

TEST(V1FileWriterTest, LimitsAreNamed) {
  for (const Limit& limit :
       {Limit{"pts_range", -1}, Limit{"pts_range", int64_t{1} << 28},
        Limit{"pts_range", 268436, "1/1"}, Limit{"pts_range", -1, "1/90000"}}) {
    V1Output output;
    Json track = PlainTrack(1);
    track["time_base"] = limit.time_base;
    ASSERT_EQ(output.AddTrack(track), H4MK_OK);
    EXPECT_EQ(output.Write({.pts = limit.pts, .dts = H4MK_NO_TIME}), H4MK_ERR_LIMIT);
    EXPECT_NE(output.message().find(limit.name), std::string::npos) << output.message();
    EXPECT_TRUE(output.bytes().empty());
  }
  V1Output control;
  ASSERT_EQ(control.AddTrack(PlainTrack(65535)), H4MK_OK);
  EXPECT_EQ(control.Write({.pts = (1 << 28) - 1, .dts = H4MK_NO_TIME}), H4MK_OK);
  EXPECT_EQ(control.AddTrack(PlainTrack(2)), H4MK_ERR_STATE);

  V1Output ids;
  EXPECT_EQ(ids.AddTrack(PlainTrack(65536)), H4MK_ERR_LIMIT);
  EXPECT_NE(ids.message().find("track_id_range"), std::string::npos) << ids.message();

  V1Output keys;
  ASSERT_EQ(keys.AddTrack(PlainTrack(1)), H4MK_OK);
  for (int64_t i = 0; i < 65535; ++i)
    ASSERT_EQ(keys.Write({.pts = i, .dts = H4MK_NO_TIME}), H4MK_OK);
  EXPECT_EQ(keys.Write({.pts = 65535, .dts = H4MK_NO_TIME}), H4MK_ERR_LIMIT);
  EXPECT_NE(keys.message().find("too_many_seek_entries"), std::string::npos) << keys.message();
}

// What version 1 has no room for is refused when it is asked for, not when the file is finished.
TEST(V1FileWriterTest, WhatItCannotHoldIsRefusedAtOnce) {
  V1Output output;
  ASSERT_EQ(output.AddTrack(PlainTrack(1)), H4MK_OK);
  EXPECT_EQ(output.AddTrack(PlainTrack(1)), H4MK_ERR_ARGUMENT);
  EXPECT_NE(output.message().find("duplicate_track"), std::string::npos) << output.message();
  for (const char* tag : {"TRAK", "CORE", "TSEK", "ATTA"})
    EXPECT_EQ(h4mk_writer_add_chunk(output.get(), tag, 0, "x", 1), H4MK_ERR_ARGUMENT) << tag;
  EXPECT_EQ(h4mk_writer_add_chunk(output.get(), "NOTE", 0, "x", 1), H4MK_OK);
  h4mk_value* log = h4mk_value_new();
  h4mk_value_add_object(log, kV1LogKey);
  EXPECT_EQ(h4mk_writer_set_meta(output.get(), log), H4MK_ERR_ARGUMENT);
  h4mk_value_free(log);
  EXPECT_EQ(h4mk_writer_set_attachment(output.get(), 1, "x", 1), H4MK_ERR_ARGUMENT);
  ASSERT_EQ(output.Write({.pts = 1, .dts = H4MK_NO_TIME}), H4MK_OK);
  EXPECT_EQ(h4mk_writer_flush(output.get()), H4MK_OK);  // nothing can be written before the end
  EXPECT_TRUE(output.bytes().empty());
  ASSERT_EQ(output.Finish(), H4MK_OK);
  EXPECT_EQ(output.Finish(), H4MK_ERR_STATE);
  EXPECT_EQ(output.Write({.pts = 2, .dts = H4MK_NO_TIME}), H4MK_ERR_STATE);
  EXPECT_EQ(h4mk_writer_add_chunk(output.get(), "NOTE", 0, "x", 1), H4MK_ERR_STATE);
  const uint8_t* index = nullptr;
  size_t size = 0;
  uint8_t checksum[4];
  EXPECT_EQ(h4mk_writer_front_index(output.get(), &index, &size, checksum), H4MK_ERR_STATE);
  EXPECT_NE(output.message().find("no index that could stand at the front"), std::string::npos);
}

TEST(V1FileWriterTest, ATrackMayGetAnotherDescription) {
  V1Output output;
  ASSERT_EQ(output.AddTrack(PlainTrack(1)), H4MK_OK);
  ASSERT_EQ(output.Write({.pts = 1, .dts = H4MK_NO_TIME}), H4MK_OK);
  Json changed = PlainTrack(1);
  changed["name"] = "renamed";
  EXPECT_EQ(output.Update(0, changed), H4MK_OK);
  EXPECT_EQ(output.Update(1, changed), H4MK_ERR_ARGUMENT);
  EXPECT_NE(output.message().find("no such track"), std::string::npos) << output.message();
  EXPECT_EQ(output.Update(0, PlainTrack(2)), H4MK_ERR_ARGUMENT);
  changed["time_base"] = "1/25";
  EXPECT_EQ(output.Update(0, changed), H4MK_ERR_ARGUMENT);
  ASSERT_EQ(output.Finish(), H4MK_OK);
  Player player(output.bytes());
  EXPECT_STREQ(h4mk_value_get_text(h4mk_reader_track(player.reader(), 0), "name"), "renamed");
}

// META as bytes comes back byte for byte, and is refused where it would have to be changed.
TEST(V1FileWriterTest, MetaAsBytes) {
  const std::string meta = "{ \"a\" : 1 }";
  const struct {
    std::string meta;
    int64_t dts;  // without one the file needs no block log
    h4mk_status status;
  } cases[] = {{meta, H4MK_NO_TIME, H4MK_OK},
               {"no JSON", H4MK_NO_TIME, H4MK_OK},
               {meta, 0, H4MK_OK},
               {"no JSON", 0, H4MK_ERR_ARGUMENT},
               {"[]", 0, H4MK_ERR_ARGUMENT}};
  for (const auto& [text, dts, status] : cases) {
    SCOPED_TRACE(text);
    V1Output output;
    ASSERT_EQ(output.AddTrack(PlainTrack(1)), H4MK_OK);
    ASSERT_EQ(h4mk_writer_add_chunk(output.get(), "META", 0, text.data(), text.size()), H4MK_OK);
    ASSERT_EQ(output.Write({.pts = 1, .dts = dts}), H4MK_OK);
    ASSERT_EQ(output.Finish(), status) << output.message();
    if (status != H4MK_OK) continue;
    const Bytes bytes = output.bytes();
    EXPECT_EQ(std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end(),
              dts == H4MK_NO_TIME);
    Player player(bytes);
    EXPECT_EQ(h4mk_value_get_int(h4mk_reader_meta(player.reader()), "a", 0), text == meta ? 1 : 0);
  }
}

TEST(V1FileWriterTest, EncryptedBlocksAreOfVersion2) {
  for (const int version : {1, H4MK_VERSION_TRANSPORT}) {
    V1Output output(version);
    ASSERT_EQ(output.AddTrack(PlainTrack(1)), H4MK_OK);
    EXPECT_EQ(output.Write({.flags = kKey | H4MK_BLOCK_ENCRYPTED, .data = Bytes(256)}),
              H4MK_ERR_ARGUMENT);
  }
}

TEST(V1FileWriterTest, ABlockOfATrackThatIsNotThereIsRefused) {
  for (const int version : {1, H4MK_VERSION_TRANSPORT}) {
    V1Output output(version);
    h4mk_test::Block block{.data = {1}};
    EXPECT_EQ(output.Write(block), H4MK_ERR_ARGUMENT) << version;
    EXPECT_EQ(output.message(), "block of an unknown track");
  }
}

TEST(V1FileWriterTest, AFileHas4096Tracks) {
  for (const int version : {1, H4MK_VERSION_TRANSPORT}) {
    V1Output output(version);
    for (int64_t id = 1; id <= 4096; ++id) ASSERT_EQ(output.AddTrack(PlainTrack(id)), H4MK_OK);
    EXPECT_EQ(output.AddTrack(PlainTrack(4097)), H4MK_ERR_LIMIT) << version;
  }
}

TEST(V1FileWriterTest, VersionsThatDoNotExist) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_io_new_memory(&io);
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.version = 3;
  h4mk_writer* writer = nullptr;
  EXPECT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_writer_finish(writer), H4MK_ERR_ARGUMENT);
  h4mk_writer_free(writer);
  h4mk_io_close(&io);
}

// The transport dialect by the same interface.
TEST(TransportWriterTest, BlocksTracksAndTimesComeBack) {
  V1Output output(H4MK_VERSION_TRANSPORT);
  Json track = PlainTrack(1);
  track["name"] = "video_main";
  ASSERT_EQ(output.AddTrack(track), H4MK_OK);
  track["track_id"] = 2;
  track["name"] = "";
  ASSERT_EQ(output.AddTrack(track), H4MK_OK);
  const Bytes data(512, 9);
  EXPECT_EQ(output.Write({.track = 0, .flags = kKey, .pts = 40, .data = data}), H4MK_OK);
  EXPECT_EQ(output.Write({.track = 1, .flags = kP, .pts = 41, .data = data}), H4MK_OK);
  EXPECT_EQ(output.Write({.track = 1, .flags = kP, .pts = 41, .data = Bytes(255)}), H4MK_ERR_LIMIT);
  EXPECT_NE(output.message().find("block_not_multiple_of_256"), std::string::npos);
  EXPECT_EQ(output.Write({.track = 1, .flags = kP, .pts = -1, .data = data}), H4MK_ERR_LIMIT);
  ASSERT_EQ(output.Finish(), H4MK_OK);
  Player player(output.bytes());
  EXPECT_EQ(player.All(), (std::vector<std::string>{"2 40000 - Ik 512", "1 41000 - P 512"}));
  h4mk_transport_veri veri;
  ASSERT_EQ(h4mk_reader_transport_veri(player.reader(), &veri), H4MK_OK);
  EXPECT_EQ(veri.present, 1);
  EXPECT_EQ(veri.as_written, 1);
  EXPECT_EQ(veri.as_checked, 0);
}

TEST(TransportWriterTest, WhatItCannotHoldIsRefused) {
  V1Output output(H4MK_VERSION_TRANSPORT);
  Json track = PlainTrack(1);
  ASSERT_EQ(output.AddTrack(track), H4MK_OK);
  track["track_id"] = 2;  // with the same name, which is what tells tracks apart
  ASSERT_EQ(output.AddTrack(track), H4MK_OK);
  EXPECT_EQ(output.Update(0, track), H4MK_OK);
  EXPECT_EQ(output.Update(2, track), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_writer_set_attachment(output.get(), 0, "x", 1), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_writer_add_chunk(output.get(), "NOTE", 0, "x", 1), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_writer_add_chunk(output.get(), "SAFE", 0, "x", 1), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_writer_add_chunk(output.get(), "SAFE", 0, "{}", 2), H4MK_OK);
  ASSERT_EQ(output.Write({.pts = 1, .data = Bytes(256)}), H4MK_OK);
  EXPECT_EQ(output.AddTrack(track), H4MK_ERR_STATE);
  EXPECT_EQ(h4mk_writer_flush(output.get()), H4MK_OK);
  EXPECT_EQ(output.Finish(), H4MK_ERR_ARGUMENT);
  EXPECT_NE(output.message().find("duplicate_track"), std::string::npos) << output.message();
  EXPECT_EQ(output.Finish(), H4MK_ERR_STATE);
  EXPECT_EQ(output.Write({.pts = 2, .data = Bytes(256)}), H4MK_ERR_STATE);
  const uint8_t* index = nullptr;
  size_t size = 0;
  uint8_t checksum[4];
  EXPECT_EQ(h4mk_writer_front_index(output.get(), &index, &size, checksum), H4MK_ERR_STATE);
}

// A single track without a name is an export where SEEK and fps_hint say all that there is to say
// of its times.
TEST(TransportWriterTest, Exports) {
  struct Case {
    const char* meta;
    int64_t pts_of_p;
    bool has_seek;
  };
  for (const Case& c :
       {Case{R"({"fps_hint":100.0})", 10, true}, Case{R"({"fps_hint":50.0})", 10, false},
        Case{"{}", 10, false}, Case{"{}", H4MK_NO_TIME, true}}) {
    SCOPED_TRACE(c.meta);
    V1Output output(H4MK_VERSION_TRANSPORT);
    Json track = PlainTrack(1);
    track["name"] = "";
    ASSERT_EQ(output.AddTrack(track), H4MK_OK);
    output.SetMeta(c.meta);
    ASSERT_EQ(output.Write({.flags = kKey, .pts = 0, .data = Bytes(256)}), H4MK_OK);
    ASSERT_EQ(
        output.Write({.flags = kP, .pts = c.pts_of_p, .dts = H4MK_NO_TIME, .data = Bytes(256)}),
        H4MK_OK);
    ASSERT_EQ(output.Write({.flags = kKey, .pts = 20, .data = Bytes(256)}), H4MK_OK);
    ASSERT_EQ(output.Finish(), H4MK_OK) << output.message();
    Player player(output.bytes());
    const std::string middle = c.pts_of_p < 0 ? "-" : "10000";
    EXPECT_EQ(player.All(), (std::vector<std::string>{"1 0 - Ik 256", "1 " + middle + " - P 256",
                                                      "1 20000 - Ik 256"}));
    const Bytes bytes = output.bytes();
    MemoryInput input(bytes);
    Source source(input);
    EXPECT_EQ(TransportFile::Open(source, true).value().Seek().value().size(),
              c.has_seek ? 2u : 0u);
  }
}

}  // namespace
}  // namespace h4mk
