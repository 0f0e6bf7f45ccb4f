// SPDX-License-Identifier: MIT
//
// Files that were cut, damaged or made up: never a crash, a hang or a wrong block; what is good is
// still read; what is missing is reported with its place; and memory stays bounded.

#include <gtest/gtest.h>

#include <functional>
#include <regex>
#include <set>

#include "support/allocations.h"
#include "support/chunks.h"
#include "support/container.h"
#include "support/layouts.h"

namespace h4mk_test {
namespace {

constexpr int64_t kMostMemory = 8 << 20;  // what a hostile file may cost

// A small recording with a bit of everything: three tracks, side data, missing times, metadata, an
// attachment.
Media SmallMedia() {
  Media media;
  AddVideo(&media, kVideo, 3, 2, 1);
  AddSimple(&media, kAudio, 25, 0, 1024, 1024);
  AddSimple(&media, kSubtitle, 2, 100, 500, 300);
  Interleave(&media);
  FillPayloads(&media, 25);
  media.blocks[3].pts = H4MK_NO_TIME;
  media.blocks[5].dts = H4MK_NO_TIME;
  media.blocks[7].side_data = {{"skip_samples", Payload(1, 10)}, {"x", {}}};
  media.tracks.push_back({"1/1000", "attachment", "ttf"});
  return media;
}

const char kMeta[] = R"({"tags":{"title":"damage"}})";

Bytes SmallFile(const Media& media) {
  TestFile file;
  Writer writer(&file, ClusterLimits(130, 0));
  for (const Track& track : media.tracks) writer.AddTrack(track);
  h4mk_writer_set_meta(writer.get(), ParseJson(kMeta).get());
  const Bytes font = Payload(1, 40);
  h4mk_writer_set_attachment(writer.get(), 3, font.data(), font.size());
  for (const Block& block : media.blocks) EXPECT_EQ(writer.Write(block), H4MK_OK);
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  return std::move(file.bytes);
}

std::string Json(const h4mk_value* value) {
  const char* json = h4mk_value_to_json(value);
  return json == nullptr ? "(null)" : json;
}

// Whether a text names a byte offset of the chunk.
bool NamesAnOffsetIn(const std::string& text, const Chunk& chunk) {
  const std::regex number("[0-9]+");
  for (std::sregex_iterator it(text.begin(), text.end(), number), end; it != end; ++it) {
    if (it->str().size() < 18 && chunk.Contains(std::stoll(it->str()))) return true;
  }
  return false;
}

class DamageTest : public testing::Test {
 protected:
  DamageTest() : media_(SmallMedia()), bytes_(SmallFile(media_)), chunks_(WalkChunks(bytes_)) {
    TestFile file(bytes_);
    Reader reader(&file);
    const Reading reading = reader.ReadOn();
    EXPECT_EQ(reading.blocks, media_.blocks);  // control
    EXPECT_EQ(reading.end, H4MK_END);
    EXPECT_TRUE(reader.Warnings().empty());
    offsets_ = reading.offsets;
    ordinals_ = reading.ordinals;
    for (uint32_t i = 0; i < media_.tracks.size(); ++i)
      tracks_.push_back(Json(h4mk_reader_track(reader.get(), i)));
    EXPECT_GE(std::count_if(chunks_.begin(), chunks_.end(),
                            [](const Chunk& c) { return c.is_cluster(); }),
              4);
  }

  const Chunk& ChunkOf(size_t offset) const {
    for (const Chunk& chunk : chunks_) {
      if (chunk.Contains(static_cast<int64_t>(offset))) return chunk;
    }
    return chunks_.back();
  }
  const Chunk& FirstChunk(const std::string& tag) const {
    return *std::find_if(chunks_.begin(), chunks_.end(),
                         [&](const Chunk& chunk) { return chunk.tag == tag; });
  }
  std::vector<Chunk> Clusters() const {
    std::vector<Chunk> clusters;
    std::copy_if(chunks_.begin(), chunks_.end(), std::back_inserter(clusters),
                 std::mem_fn(&Chunk::is_cluster));
    return clusters;
  }
  Bytes BytesOf(const Chunk& chunk) const {
    return Bytes(bytes_.begin() + chunk.begin, bytes_.begin() + chunk.end());
  }

  // The file with another TRAK chunk, up to its last cluster.
  Bytes WithTracks(const Bytes& payload) const {
    Bytes file(bytes_.begin(), bytes_.begin() + kHeaderSize);
    file = file + MakeChunk("TRAK", payload, 0, SaltOf(file));
    for (const Chunk& cluster : Clusters()) file = file + BytesOf(cluster);
    return file;
  }
  Bytes WithTracks(const std::string& json) const { return WithTracks(ToBytes(json)); }
  std::string TracksJson() const {
    const Chunk& chunk = FirstChunk("TRAK");
    return std::string(bytes_.begin() + chunk.payload(), bytes_.begin() + chunk.crc());
  }

  // Which blocks of the recording were read: they must be a subsequence of it, each identical, with
  // its ordinal. After a seek the first one may stand behind others.
  std::set<size_t> Identify(const Reading& reading, bool corrupt_allowed = false,
                            bool sought = false) const {
    std::set<size_t> found;
    size_t next = 0;
    for (size_t i = 0; i < reading.blocks.size(); ++i) {
      if (sought && i == 1) next = 0;
      if (corrupt_allowed && (reading.blocks[i].flags & H4MK_BLOCK_CORRUPT)) continue;
      while (next < media_.blocks.size() && !(media_.blocks[next] == reading.blocks[i])) ++next;
      if (next == media_.blocks.size()) {
        ADD_FAILURE() << "a wrong block: " << reading.blocks[i];
        return found;
      }
      EXPECT_EQ(reading.ordinals[i], ordinals_[next]);
      EXPECT_TRUE(found.insert(next++).second) << "a second time: " << reading.blocks[i];
    }
    return found;
  }

  Media media_;
  Bytes bytes_;
  std::vector<Chunk> chunks_;
  std::vector<int64_t> offsets_;    // of each block
  std::vector<uint64_t> ordinals_;  // of each block
  std::vector<std::string> tracks_;
};

// ----------------------------------------------------------------------------------------------------------------
// cuts

// Cut at every byte: all blocks of complete clusters are there, nothing else comes, and the reader
// knows that the end is missing.
TEST_F(DamageTest, CutAtEveryByte) {
  const Chunk& tracks = FirstChunk("TRAK");
  for (const bool pipe : {false, true}) {
    for (size_t cut = 0; cut < bytes_.size(); ++cut) {
      SCOPED_TRACE(cut);
      TestFile file(Bytes(bytes_.begin(), bytes_.begin() + cut));
      file.pipe = pipe;
      Reader reader(&file);
      if (cut < kHeaderSize) {
        ASSERT_TRUE(reader.status() == H4MK_ERR_TRUNCATED ||
                    (cut < 4 && reader.status() == H4MK_ERR_NOT_H4MK));
        ASSERT_NE(reader.message(), "");
        continue;
      }
      if (cut < tracks.end()) {
        ASSERT_NE(reader.status(), H4MK_OK);
        ASSERT_NE(reader.message(), "");
        continue;
      }
      ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
      ASSERT_FALSE(reader.is_closed());
      const Reading reading = reader.ReadOn();
      ASSERT_EQ(reading.end, H4MK_AGAIN);
      size_t complete = 0;
      for (size_t i = 0; i < media_.blocks.size(); ++i)
        complete += ChunkOf(offsets_[i]).end() <= cut;
      ASSERT_GE(reading.blocks.size(), complete);
      ASSERT_LE(reading.blocks.size(), media_.blocks.size());
      for (size_t i = 0; i < reading.blocks.size(); ++i)
        ASSERT_EQ(reading.blocks[i], media_.blocks[i]);
    }
  }
}

// "keeps its index": a cut file can be sought in as far as it reaches.
TEST_F(DamageTest, CutAtEveryByteAndSought) {
  for (size_t cut = Clusters()[0].end(); cut < bytes_.size(); ++cut) {
    SCOPED_TRACE(cut);
    TestFile file(Bytes(bytes_.begin(), bytes_.begin() + cut));
    Reader reader(&file);
    Block last_key;
    for (const Block& block : reader.ReadOn().blocks) {
      if (block.track == 0 && (block.flags & H4MK_BLOCK_KEY)) last_key = block;
    }
    ASSERT_EQ(reader.Seek(0, 1 << 20, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
    Block block;
    do {
      ASSERT_EQ(reader.Next(&block), H4MK_OK);
    } while (block.track != 0);
    ASSERT_EQ(block, last_key);
  }
}

// ---------------------------------------------------------------------------------------------------------------
// flips

// Every single flipped bit: no wrong block; only blocks of the damaged chunk may be missing, and
// then it was reported with an offset inside of that chunk.
TEST_F(DamageTest, EveryFlippedBit) {
  for (const bool pipe : {false, true}) {
    for (size_t bit = 0; bit < 8 * bytes_.size(); ++bit) {
      SCOPED_TRACE("bit " + std::to_string(bit % 8) + " of byte " + std::to_string(bit / 8));
      TestFile file(bytes_);
      file.pipe = pipe;
      file.bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
      options.buffers = CountedBuffers();
      const AllocationMeter meter;
      Reader reader(&file, options);
      if (bit / 8 < FirstChunk("TRAK").end() && reader.status() != H4MK_OK) {
        ASSERT_NE(reader.message(), "");
        continue;
      }
      ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
      const Chunk& damaged = ChunkOf(bit / 8);
      std::vector<std::string> reports = reader.Warnings();
      const bool described = Json(h4mk_reader_meta(reader.get())) == Json(ParseJson(kMeta).get());
      const Reading reading = reader.ReadOn(1000);
      ASSERT_LT(meter.peak(), kMostMemory);
      const std::set<size_t> found = Identify(reading);
      reports.insert(reports.end(), reading.damage.begin(), reading.damage.end());
      for (const std::string& warning : reader.Warnings()) reports.push_back(warning);
      if (bit / 8 >= kHeaderSize && bit / 8 < chunks_.back().begin) {
        for (const std::string& report : reading.damage)
          ASSERT_TRUE(NamesAnOffsetIn(report, damaged)) << report;
      }
      ASSERT_TRUE(described || !reports.empty()) << "other metadata without a word";
      for (size_t i = 0; i < media_.blocks.size(); ++i) {
        if (found.count(i)) continue;
        ASSERT_TRUE(damaged.Contains(offsets_[i])) << "lost: " << media_.blocks[i];
        ASSERT_FALSE(reports.empty()) << "lost without a word: " << media_.blocks[i];
      }
      if (HasFailure()) return;
    }
  }
}

// The same, with a seek instead of reading from the start: what is handed out is right.
TEST_F(DamageTest, EveryFlippedBitAndSought) {
  for (size_t bit = 0; bit < 8 * bytes_.size(); ++bit) {
    SCOPED_TRACE("bit " + std::to_string(bit % 8) + " of byte " + std::to_string(bit / 8));
    TestFile file(bytes_);
    file.bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    Reader reader(&file);
    if (reader.status() != H4MK_OK) continue;
    for (const int64_t time : {8, 1000, 0}) {
      if (reader.Seek(0, time, H4MK_SEEK_BACKWARD) != H4MK_OK) {
        ASSERT_NE(reader.message(), "");
        continue;
      }
      Identify(reader.ReadOn(1000), false, /*sought=*/true);
    }
    if (HasFailure()) return;
  }
}

// keep_corrupt: damaged payloads come marked, after a report, with their times; everything else as
// ever.
TEST_F(DamageTest, KeepCorrupt) {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_corrupt = 1;
  for (size_t i = 0; i < media_.blocks.size(); ++i) {
    SCOPED_TRACE(i);
    TestFile file(bytes_);
    file.bytes[static_cast<size_t>(offsets_[i])] ^= 1;
    Reader reader(&file, options);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    const Reading reading = reader.ReadOn();
    ASSERT_EQ(reading.damage.size(), 1u);
    ASSERT_EQ(reading.blocks.size(), media_.blocks.size());
    for (size_t k = 0; k < reading.blocks.size(); ++k) {
      Block expected = media_.blocks[k];
      if (reading.blocks[k].flags & H4MK_BLOCK_CORRUPT) {
        ASSERT_EQ(ChunkOf(offsets_[k]).begin, ChunkOf(offsets_[i]).begin)
            << "a block of a good cluster";
        expected.flags |= H4MK_BLOCK_CORRUPT;
        if (k == i) expected.data[0] ^= 1;
      } else {
        ASSERT_NE(k, i) << "not marked";
      }
      ASSERT_EQ(reading.blocks[k], expected);
    }
  }
}

// The same bit flips with keep_corrupt: whatever is not marked is right.
TEST_F(DamageTest, EveryFlippedBitWithKeepCorrupt) {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_corrupt = 1;
  for (size_t bit = 0; bit < 8 * bytes_.size(); bit += 3) {
    SCOPED_TRACE("bit " + std::to_string(bit % 8) + " of byte " + std::to_string(bit / 8));
    TestFile file(bytes_);
    file.bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    Reader reader(&file, options);
    if (reader.status() != H4MK_OK) continue;
    Identify(reader.ReadOn(1000), /*corrupt_allowed=*/true);
    if (HasFailure()) return;
  }
}

// core.md, "Stripes": in a large cluster a damaged byte costs the blocks that its stripe has a
// part of, and no others.
TEST(StripeTest, ADamagedStripeCostsItsBlocksOnly) {
  Media media;
  media.tracks = {{}};
  for (uint32_t i = 0; i < 300; ++i) {
    media.blocks.push_back({.flags = i == 0 ? kKey : kP, .pts = i, .data = Payload(i, 500 + i)});
  }
  const Bytes bytes = Mux(media);
  const size_t stripe = 32 << 10;  // of a cluster of 195 KB
  TestFile control(bytes);
  const std::vector<int64_t> offsets = Reader(&control).ReadOn().offsets;
  const auto data = static_cast<size_t>(offsets[0]);
  for (size_t at = data; at < data + 195000u; at += 997) {
    SCOPED_TRACE(at);
    TestFile file(bytes);
    file.bytes[at] ^= 0x10;
    Reader reader(&file);
    const Reading reading = reader.ReadOn();
    ASSERT_EQ(reading.damage.size(), 1u);
    const int64_t begin = data + static_cast<int64_t>((at - data) / stripe * stripe);
    std::vector<Block> expected;
    for (size_t i = 0; i < media.blocks.size(); ++i) {
      const int64_t end = offsets[i] + static_cast<int64_t>(media.blocks[i].data.size());
      if (end <= begin || offsets[i] >= begin + static_cast<int64_t>(stripe)) {
        expected.push_back(media.blocks[i]);
      }
    }
    ASSERT_LT(expected.size(), media.blocks.size());
    ASSERT_EQ(reading.blocks, expected);
  }
}

// A hole of zeros as a failing disk leaves it, of every size, anywhere: reading goes on behind it.
TEST_F(DamageTest, Holes) {
  for (const size_t size : {2u, 16u, 100u, 300u}) {
    for (size_t at = FirstChunk("TRAK").end(); at + size < bytes_.size(); at += 7) {
      SCOPED_TRACE(std::to_string(size) + " at " + std::to_string(at));
      TestFile file(bytes_);
      std::fill_n(file.bytes.begin() + at, size, 0);
      Reader reader(&file);
      ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
      std::vector<std::string> reports = reader.Warnings();
      const Reading reading = reader.ReadOn(1000);
      const std::set<size_t> found = Identify(reading);
      for (size_t i = 0; i < media_.blocks.size(); ++i) {
        if (found.count(i)) continue;
        const Chunk& chunk = ChunkOf(static_cast<size_t>(offsets_[i]));
        ASSERT_TRUE(chunk.begin < at + size && chunk.end() > at) << "lost: " << media_.blocks[i];
        ASSERT_FALSE(reading.damage.empty() && reports.empty());
      }
      if (HasFailure()) return;
    }
  }
}

// --------------------------------------------------------------------------------------- chunks
// moved, lost or foreign

// The container checksum is over the sequence of chunk CRCs: a chunk that is missing, doubled or
// out of place shows, though each chunk is good by itself.
TEST_F(DamageTest, MissingDoubledAndExchangedClusters) {
  const std::vector<Chunk> clusters = Clusters();
  const auto rebuilt = [&](const std::vector<size_t>& order) {
    Bytes file(bytes_.begin(), bytes_.begin() + clusters.front().begin);
    for (const size_t i : order) file = file + BytesOf(clusters[i]);
    file.insert(file.end(), bytes_.begin() + clusters.back().end(), bytes_.end());
    return file;
  };
  std::vector<size_t> order(clusters.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  ASSERT_TRUE(rebuilt(order) == bytes_);  // control

  std::vector<size_t> missing = order, doubled = order, exchanged = order;
  missing.erase(missing.begin() + 1);
  doubled.insert(doubled.begin() + 1, 1);
  std::swap(exchanged[1], exchanged[2]);
  for (const std::vector<size_t>& changed : {missing, doubled, exchanged}) {
    for (const bool pipe : {false, true}) {
      TestFile file(rebuilt(changed));
      file.pipe = pipe;
      Reader reader(&file);
      ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
      const Reading reading = reader.ReadOn();
      EXPECT_FALSE(reading.damage.empty() && reader.Warnings().empty()) << "pipe " << pipe;
    }
  }
}

// Unknown chunks are skipped, wherever they stand.
TEST_F(DamageTest, UnknownChunksAreSkipped) {
  Bytes file(bytes_.begin(), bytes_.begin() + kHeaderSize);
  for (const Chunk& chunk : chunks_) {
    if (chunk.tag != "TRAK" && !chunk.is_cluster()) continue;
    file = file + MakeChunk("XYZW", Payload(1, 50), 0x1234, SaltOf(file)) + BytesOf(chunk) +
           MakeChunk("note", {}, 0, SaltOf(file));
  }
  for (const bool pipe : {false, true}) {
    TestFile test_file(file);
    test_file.pipe = pipe;
    Reader reader(&test_file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    const Reading reading = reader.ReadOn();
    EXPECT_EQ(reading.blocks, media_.blocks);
    EXPECT_EQ(reading.damage, std::vector<std::string>());
  }
}

// Bytes after the end, as some downloads have them: the blocks come all the same.
TEST_F(DamageTest, TrailingBytes) {
  for (const size_t size : {1u, 3u, 16u, 1000u}) {
    TestFile file(bytes_ + Bytes(size, 0));
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    Identify(reader.ReadOn());
    h4mk_reader_rewind(reader.get());
    EXPECT_EQ(reader.ReadOn().blocks, media_.blocks) << size;
  }
}

// A chunk whose length reaches past the end of the file is damage, not a reason to take that much
// memory.
TEST_F(DamageTest, LengthsPastTheEnd) {
  for (const Chunk& chunk : chunks_) {
    for (const uint32_t length : {0xFFFFFFFFu, 0x7FFFFFFFu, static_cast<uint32_t>(bytes_.size())}) {
      for (const bool pipe : {false, true}) {
        SCOPED_TRACE(chunk.tag + " at " + std::to_string(chunk.begin) + " length " +
                     std::to_string(length));
        TestFile file(bytes_);
        file.pipe = pipe;
        PutU32(&file.bytes, chunk.begin + 8, length);
        h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
        options.buffers = CountedBuffers();
        const AllocationMeter meter;
        Reader reader(&file, options);
        const Reading reading = reader.ReadOn(1000);
        const std::set<size_t> found = Identify(reading);
        EXPECT_LT(meter.peak(), kMostMemory);
        if (chunk.tag == "TRAK") continue;
        for (size_t i = 0; i < media_.blocks.size(); ++i) {
          EXPECT_TRUE(found.count(i) || chunk.Contains(offsets_[i]))
              << "lost: " << media_.blocks[i];
        }
      }
    }
  }
}

// --------------------------------------------------------------------------------------------------------------
// header

TEST_F(DamageTest, WrongMagic) {
  TestFile file(bytes_);
  file.bytes[3] = 'J';
  Reader reader(&file);
  EXPECT_EQ(reader.status(), H4MK_ERR_NOT_H4MK);
  EXPECT_NE(reader.message(), "");
}

TEST_F(DamageTest, AHigherVersionIsRefused) {
  for (const int version : {3, 4, 255}) {
    TestFile file(bytes_);
    file.bytes[4] = static_cast<uint8_t>(version);
    Reader reader(&file);
    EXPECT_EQ(reader.status(), H4MK_ERR_VERSION);
    EXPECT_NE(reader.message().find(std::to_string(version)), std::string::npos)
        << reader.message();
  }
}

// ----------------------------------------------------------------------------------------------------------------
// TRAK

// A control for the cases below, and a file of which only the header, TRAK and clusters are left.
TEST_F(DamageTest, TheSameTracksReadAsBefore) {
  TestFile file(WithTracks(TracksJson()));
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  EXPECT_EQ(reader.ReadOn().blocks, media_.blocks);
}

TEST_F(DamageTest, TracksThatCannotBeUsed) {
  const std::string good =
      R"({"track_id":1,"name":"a","kind":"video","codec":"h264","time_base":"1/25"})";
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string track = good;
    const size_t at = track.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return "{\"tracks\":[" + track.replace(at, from.size(), to) + "]}";
  };
  const std::vector<std::string> bad = {
      "",
      "no JSON",
      "[]",
      "7",
      R"({"tracks":5})",
      R"({"tracks":[5]})",
      R"({"tracks":[{}]})",
      "{\"tracks\":[" + good,                      // cut
      "\xef\xbb\xbf{\"tracks\":[" + good + "]}",   // byte order mark
      "{\"tracks\":[" + good + "," + good + "]}",  // two tracks with one id
      with("\"track_id\":1,", ""),
      with("\"time_base\":\"1/25\"", "\"other\":1"),
      with("\"track_id\":1", "\"track_id\":-1"),
      with("\"track_id\":1", "\"track_id\":65536"),
      with("\"track_id\":1", "\"track_id\":\"1\""),
      with("\"track_id\":1", "\"track_id\":1e3"),
      with("1/25", "0/25"),
      with("1/25", "1/0"),
      with("1/25", "1"),
      with("1/25", "1/99999999999"),
      with("1/25", "-1/25"),
      with("\"name\":\"a\"", "\"name\":\"\xff\""),  // no UTF-8
      std::string(100000, '['),                     // deep
      "{\"tracks\":" + std::string(100000, '[') + std::string(100000, ']') + "}",
  };
  for (const std::string& json : bad) {
    SCOPED_TRACE(json.substr(0, 100));
    TestFile file(WithTracks(json));
    Reader reader(&file);
    EXPECT_EQ(reader.status(), H4MK_ERR_CORRUPT);
    EXPECT_TRUE(NamesAnOffsetIn(reader.message(), WalkChunks(file.bytes)[0])) << reader.message();
    Block block;
    EXPECT_NE(reader.Next(&block), H4MK_OK);
  }
}

TEST_F(DamageTest, NoTracksChunk) {
  Bytes file = MakeHeader(2);
  for (const Chunk& cluster : Clusters()) file = file + BytesOf(cluster);
  TestFile test_file(file);
  Reader reader(&test_file);
  EXPECT_NE(reader.status(), H4MK_OK);
  EXPECT_NE(reader.message(), "");
}

TEST_F(DamageTest, NoChunkAtAll) {
  TestFile file(MakeHeader(2) + Bytes(100));
  Reader reader(&file);
  EXPECT_EQ(reader.status(), H4MK_ERR_CORRUPT);
  EXPECT_NE(reader.message().find("no chunk found; expected one"), std::string::npos)
      << reader.message();
}

// The track that they name is a number, which says nothing where it is cut off or has more bits
// than a track_id.
TEST_F(DamageTest, AttachmentsOfNoTrack) {
  const Bytes font = Bytes{1} + ToBytes("font"), none, cut = {0x81},
              too_large = Bytes{0x81, 0x80, 0x80, 0x80, 0x10} + ToBytes("font");  // 2^32 + 1
  const std::string tracks =
      R"({"tracks":[{"track_id":1,"name":"","kind":"attachment","codec":"ttf","time_base":"1/1"}]})";
  for (const Bytes& payload : {font, none, cut, too_large}) {
    const uint32_t salt = SaltOf(bytes_);
    TestFile file(Bytes(bytes_.begin(), bytes_.begin() + kHeaderSize) +
                  MakeChunk("TRAK", ToBytes(tracks), 0, salt) +
                  MakeChunk("ATTA", payload, 0, salt));
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    const uint8_t* data = nullptr;
    size_t size = 0;
    const bool is_whole = payload == font;
    EXPECT_EQ(h4mk_reader_attachment(reader.get(), 0, &data, &size),
              is_whole ? H4MK_OK : H4MK_ERR_NOT_FOUND);
    std::string warnings;
    for (const std::string& warning : reader.Warnings()) warnings += warning;
    EXPECT_EQ(warnings.find("names no track") == std::string::npos, is_whole) << warnings;
  }
}

// Blocks of a track that TRAK does not have are reported and left out; the others are read.
TEST_F(DamageTest, ABlockOfAnUnknownTrack) {
  TestFile file(WithTracks(
      R"({"tracks":[{"track_id":1,"name":"a","kind":"video","codec":"h264","time_base":"1/25"}]})"));
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  const Reading reading = reader.ReadOn();
  std::vector<Block> expected;
  for (const Block& block : media_.blocks) {
    if (block.track == 0) expected.push_back(block);
  }
  EXPECT_EQ(reading.blocks, expected);
  std::vector<std::string> reports = reader.Warnings();
  reports.insert(reports.end(), reading.damage.begin(), reading.damage.end());
  const std::vector<Chunk> chunks = WalkChunks(file.bytes);
  EXPECT_TRUE(std::any_of(reports.begin(), reports.end(), [&](const std::string& report) {
    return NamesAnOffsetIn(
        report, *std::find_if(chunks.begin(), chunks.end(), std::mem_fn(&Chunk::is_cluster)));
  })) << testing::PrintToString(reports);
}

// --------------------------------------------------------------------------------------------------
// structures that lie

// Makes all checksums of a cluster fit: the one of its index (core.md, "Cluster": a varint with
// the size of the index, the index, its CRC) and the one of the chunk.
void FixClusterCrcs(Bytes* file, const Chunk& cluster) {
  size_t at = cluster.payload(), index_size = 0;
  for (int shift = 0; at < cluster.crc(); shift += 7) {
    const uint8_t byte = (*file)[at++];
    index_size |= static_cast<size_t>(byte & 0x7F) << shift;
    if (byte < 0x80 || shift > 28) break;
  }
  if (index_size + kCrcSize <= cluster.crc() - at) {
    PutU32(file, at + index_size,
           Crc32(file->data() + cluster.payload(), at + index_size - cluster.payload(),
                 SaltOf(*file)));
  }
  FixCrc(file, cluster);
}

// Every byte of every structure set to several values, with checksums that fit: absurd counts,
// sizes, widths, offsets and tracks. The content may then be anything, but nothing breaks, the rest
// of the file is read, and memory stays bounded.
TEST_F(DamageTest, EveryByteOfEveryStructureChangedOnPurpose) {
  for (const Chunk& chunk : chunks_) {
    if (chunk.tag == "TRAK" || chunk.tag == "META") continue;
    for (size_t at = chunk.payload(); at < chunk.crc(); ++at) {
      for (const uint8_t value :
           {uint8_t{0}, uint8_t{0x7F}, uint8_t{0x80}, uint8_t{0xFF},
            static_cast<uint8_t>(bytes_[at] + 1), static_cast<uint8_t>(bytes_[at] - 1)}) {
        SCOPED_TRACE(chunk.tag + " byte " + std::to_string(at) + " = " + std::to_string(value));
        TestFile file(bytes_);
        file.bytes[at] = value;
        if (chunk.is_cluster()) {
          FixClusterCrcs(&file.bytes, chunk);
        } else {
          FixCrc(&file.bytes, chunk);
        }
        h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
        options.buffers = CountedBuffers();
        const AllocationMeter meter;
        Reader reader(&file, options);
        ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
        for (const int64_t time : {0, 8, 1 << 20}) {
          if (reader.Seek(0, time, H4MK_SEEK_BACKWARD) == H4MK_OK) reader.ReadOn(1000);
        }
        h4mk_index_entry entries[8] = {H4MK_INDEX_ENTRY_INIT};
        size_t copied = 0;
        h4mk_reader_index_entries(reader.get(), 0, 0, entries, 8, &copied);
        ASSERT_EQ(h4mk_reader_rewind(reader.get()), H4MK_OK);
        const Reading reading = reader.ReadOn(1000);
        std::set<Bytes> payloads;
        for (const Block& block : reading.blocks) payloads.insert(block.data);
        for (size_t i = 0; i < media_.blocks.size(); ++i) {
          if (chunk.Contains(offsets_[i]) && chunk.is_cluster()) continue;
          ASSERT_TRUE(payloads.count(media_.blocks[i].data)) << "lost: " << media_.blocks[i];
        }
        ASSERT_LT(meter.peak(), kMostMemory);
        if (HasFailure()) return;
      }
    }
  }
}

// Random bytes as the payload of each chunk, with checksums that fit.
TEST_F(DamageTest, RandomPayloads) {
  for (uint32_t seed = 1; seed <= Seeds(3000); ++seed) {
    SCOPED_TRACE(seed);
    const Chunk& chunk = chunks_[seed % chunks_.size()];
    if (chunk.tag == "TRAK") continue;
    TestFile file(bytes_);
    const Bytes noise = Payload(seed, chunk.payload_size);
    std::copy(noise.begin(), noise.end(), file.bytes.begin() + chunk.payload());
    if (chunk.is_cluster()) {
      file.bytes[chunk.payload()] = static_cast<uint8_t>(seed % 128);
      FixClusterCrcs(&file.bytes, chunk);
    } else {
      FixCrc(&file.bytes, chunk);
    }
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    options.buffers = CountedBuffers();
    const AllocationMeter meter;
    Reader reader(&file, options);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    reader.Seek(0, 10, H4MK_SEEK_BACKWARD);
    reader.ReadOn(200000);
    h4mk_reader_rewind(reader.get());
    const Reading reading = reader.ReadOn(200000);
    ASSERT_LT(meter.peak(),
              64 << 20);  // with the copies that this test makes of up to 65,535 empty blocks
  }
}

// An index that points to wrong clusters: linear reading does not care; a seek lands right, or
// fails, or what it found wrong was reported.
TEST_F(DamageTest, AnIndexOfAnotherFile) {
  Media other = media_;
  for (Block& block : other.blocks) block.data.resize(block.data.size() * 3);
  for (size_t i = 0; i < other.blocks.size(); ++i) {
    if (other.blocks[i].pts != H4MK_NO_TIME) other.blocks[i].pts += static_cast<int64_t>(i);
  }
  const Bytes other_file = SmallFile(other);
  const std::vector<Chunk> other_chunks = WalkChunks(other_file);
  const Chunk& last_cluster =
      *std::find_if(other_chunks.rbegin(), other_chunks.rend(), std::mem_fn(&Chunk::is_cluster));
  Bytes mixed(bytes_.begin(), bytes_.begin() + Clusters().back().end());
  mixed.insert(mixed.end(), other_file.begin() + last_cluster.end(), other_file.end());
  TestFile file(mixed);
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  for (const int64_t time : {0, 3, 8, 14, 100}) {
    if (reader.Seek(0, time, H4MK_SEEK_BACKWARD) == H4MK_OK)
      Identify(reader.ReadOn(1000), false, /*sought=*/true);
  }
  ASSERT_EQ(h4mk_reader_rewind(reader.get()), H4MK_OK);
  EXPECT_EQ(Identify(reader.ReadOn()).size(), media_.blocks.size());
}

// core.md, "Damage": a length that is damaged leads nowhere, however far. Chunks of other programs
// may be long, so that their limit does not tell.
TEST_F(DamageTest, AChunkThatNobodyReadsDoesNotHideWhatFollowsIt) {
  constexpr int kBlocks = 18;
  TestFile file;
  Writer writer(&file, ClusterLimits(4 << 20, 0));
  writer.AddTrack(kVideo);
  ASSERT_EQ(h4mk_writer_add_chunk(writer.get(), "xtra", 0, "front", 5), H4MK_OK);
  for (int i = 0; i < kBlocks; ++i) {
    ASSERT_EQ(writer.Write({0, kKey, i, i, 1, Bytes(4 << 20)}), H4MK_OK);
    if (i == 0) ASSERT_EQ(h4mk_writer_add_chunk(writer.get(), "xtra", 0, "inner", 5), H4MK_OK);
  }
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  for (const Chunk& chunk : WalkChunks(file.bytes)) {
    if (chunk.tag != "xtra") continue;
    for (const int bit : {21, 26, 27}) {  // longer than 1 and 64 MiB, and than the file
      for (const std::string how : {"whole", "cut", "without size"}) {
        TestFile damaged{file.bytes};
        damaged.has_size = how != "without size";
        PutU32(&damaged.bytes, chunk.begin + 8, uint32_t{5} ^ 1u << bit);
        if (how == "cut") damaged.bytes.resize(damaged.bytes.size() - 500);
        Reader reader(&damaged);
        ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
        EXPECT_GE(reader.ReadOn().blocks.size(), size_t{kBlocks} - (how == "cut"))
            << "chunk at " << chunk.begin << ", bit " << bit << ", " << how;
      }
    }
  }
}

// Between small chunks stand headers that claim all the rest of the file, and each has to be
// checked.
TEST_F(DamageTest, ManyGapsAreNotReadAgainAndAgain) {
  constexpr size_t kGaps = 10000;
  const size_t front = Clusters()[0].end();
  const Bytes free = MakeChunk("FREE", {}, 0, SaltOf(bytes_));
  const Bytes gap(1 + 12, 'A');
  const size_t size = kGaps * (gap.size() + free.size());
  TestFile file(Bytes(bytes_.begin(), bytes_.begin() + front));
  for (size_t left = size; left > 0; left -= gap.size() + free.size()) {
    Bytes header = gap;
    std::memcpy(header.data() + 1, "META", 4);
    PutU32(&header, 9, static_cast<uint32_t>(left));
    file.bytes.insert(file.bytes.end(), header.begin(), header.end());
    file.bytes.insert(file.bytes.end(), free.begin(), free.end());
  }
  file.bytes.insert(file.bytes.end(), bytes_.begin() + front,
                    bytes_.begin() + Clusters().back().end());
  Reader reader(&file);
  EXPECT_EQ(reader.ReadOn().blocks, media_.blocks);
  EXPECT_LT(file.bytes_read, 20 * size);
}

// Long chunks that nobody reads are passed over by their headers, also where they follow each
// other; a damaged length of one of them hides nothing all the same.
TEST_F(DamageTest, LongChunksAreNotRead) {
  constexpr size_t kSize = 3 << 20;
  const Bytes free = MakeChunk("FREE", Bytes(kSize), 0, SaltOf(bytes_));
  const size_t front = Clusters()[0].end();
  const Bytes file = Bytes(bytes_.begin(), bytes_.begin() + front) + free + free + free +
                     Bytes(bytes_.begin() + front, bytes_.begin() + Clusters().back().end());
  TestFile good(file);
  Reader reader(&good);
  good.bytes_read = 0;  // opening a file without an end looks through it
  EXPECT_EQ(reader.ReadOn().blocks, media_.blocks);
  EXPECT_LT(good.bytes_read, kSize);
  for (size_t i = 0; i < 3; ++i) {
    for (const int bit : {20, 21, 22, 24}) {
      TestFile damaged(file);
      PutU32(&damaged.bytes, front + i * free.size() + 8, uint32_t{kSize} ^ 1u << bit);
      EXPECT_EQ(Reader(&damaged).ReadOn().blocks, media_.blocks)
          << "chunk " << i << ", bit " << bit;
    }
  }
}

}  // namespace
}  // namespace h4mk_test
