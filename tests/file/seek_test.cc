// SPDX-License-Identifier: MIT
//
// Every seek against a linear scan (support/seek_oracle.h): the block that comes first, the
// position of the other tracks, and that reading on neither loses nor repeats a block.

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "support/chunks.h"
#include "support/container.h"
#include "support/layouts.h"
#include "support/seek_oracle.h"

namespace h4mk_test {
namespace {

constexpr int kModes[] = {H4MK_SEEK_BACKWARD, H4MK_SEEK_FORWARD, H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY,
                          H4MK_SEEK_FORWARD | H4MK_SEEK_ANY};

std::string ModeName(int mode) {
  return std::string(mode & H4MK_SEEK_FORWARD ? "forward" : "backward") +
         (mode & H4MK_SEEK_ANY ? " any" : "");
}

// Every time of the track, one tick before and after it, and far outside.
std::set<int64_t> TimesToTry(const Media& media, uint32_t track) {
  std::set<int64_t> times = {std::numeric_limits<int64_t>::min() + 1, -1000000, 1000000000,
                             std::numeric_limits<int64_t>::max()};
  for (const Block& block : media.blocks) {
    if (block.track != track || block.time() == H4MK_NO_TIME) continue;
    times.insert(block.time());
    if (block.time() > std::numeric_limits<int64_t>::min() + 1) times.insert(block.time() - 1);
    if (block.time() < std::numeric_limits<int64_t>::max()) times.insert(block.time() + 1);
  }
  return times;
}

// Whether it is that block, by what tells them apart: track and payload.
bool IsSame(const h4mk_block& read, const Block& block) {
  return read.track == block.track && read.size == block.data.size() &&
         std::equal(read.data, read.data + read.size, block.data.begin());
}

// Reads on and compares with blocks of the media.
testing::AssertionResult ReadsExactly(Reader* reader, const Media& media,
                                      const std::vector<size_t>& expected) {
  h4mk_block c = H4MK_BLOCK_INIT;
  for (auto next = expected.begin(); next != expected.end(); ++next) {
    const Block& block = media.blocks[*next];
    const h4mk_status status = h4mk_reader_next(reader->get(), &c);
    if (status != H4MK_OK) {
      return testing::AssertionFailure()
             << "status " << status << " instead of " << block << ", block " << *next
             << " of the file: " << reader->message();
    }
    if (!IsSame(c, block)) {
      return testing::AssertionFailure()
             << FromC(c) << ", number " << c.ordinal << " of its track, instead of " << block
             << ", block " << *next << " of the file";
    }
  }
  const h4mk_status status = h4mk_reader_next(reader->get(), &c);
  if (status == H4MK_OK) return testing::AssertionFailure() << "one more block: " << FromC(c);
  return testing::AssertionSuccess();
}

// Tries every seek. After each the rest of the file is read; every third time only a few blocks, so
// that the next seek starts in the middle.
void CheckEverySeek(Reader* reader, const Media& media) {
  const SeekOracle oracle(media);
  int count = 0;
  for (uint32_t track = 0; track < media.tracks.size(); ++track) {
    for (const int64_t time : TimesToTry(media, track)) {
      for (const int mode : kModes) {
        std::optional<std::vector<size_t>> expected = oracle.BlocksAfter(track, time, mode);
        const h4mk_status status = reader->Seek(track, time, mode);
        ASSERT_EQ(status, expected ? H4MK_OK : H4MK_ERR_NOT_FOUND)
            << "track " << track << " time " << time << " " << ModeName(mode) << " "
            << reader->message();
        if (!expected) continue;
        if (++count % 3 == 0) {
          Block block;
          for (int i = 0; i < 3 && i < static_cast<int>(expected->size()); ++i)
            reader->Next(&block);
          continue;
        }
        ASSERT_TRUE(ReadsExactly(reader, media, *expected))
            << "after seeking track " << track << " to " << time << " " << ModeName(mode);
      }
    }
  }
}

// How a recording is cut into clusters.
struct Cut {
  uint32_t cluster_size_limit;
  size_t largest_payload;
  const char* name;
  friend std::ostream& operator<<(std::ostream& out, const Cut& cut) { return out << cut.name; }
};

class SeekTest : public testing::TestWithParam<std::tuple<Layout, Cut>> {
 protected:
  void SetUp() override {
    const auto& [layout, cut] = GetParam();
    media_ = layout.make();
    FillPayloads(&media_, cut.largest_payload);
    file_.bytes = Mux(media_, ClusterLimits(cut.cluster_size_limit, 0));
  }

  Media media_;
  TestFile file_;
};

TEST_P(SeekTest, EverySeekLandsWhereALinearScanSays) {
  Reader reader(&file_);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  CheckEverySeek(&reader, media_);
}

// A file that was cut (or is still growing) has no tail, but can be sought in as far as it reaches.
TEST_P(SeekTest, TheSameInAFileWithoutItsEnd) {
  size_t end = 0;
  for (const Chunk& chunk : WalkChunks(file_.bytes)) {
    if (chunk.is_cluster()) end = chunk.end();
  }
  file_.bytes.resize(end);
  Reader reader(&file_);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  ASSERT_FALSE(reader.is_closed());
  CheckEverySeek(&reader, media_);
}

// All versions; blocks of the others are found by tables.
TEST(SeekVersionsTest, EverySeekLandsWhereALinearScanSays) {
  for (const int version : {1, 2, static_cast<int>(H4MK_VERSION_TRANSPORT)}) {
    SCOPED_TRACE("version " + std::to_string(version));
    h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
    options.version = version;
    const char* time_base = version <= 2 ? "1/1000" : "1/1000000";
    Media media;
    media.tracks = {{time_base, "video", "a"}, {time_base, "audio", "b"}, {time_base, "data", "c"}};
    for (int i = 0; i < 60; ++i) {
      media.blocks.push_back({0, i % 8 == 0 ? kKey : kP, 10 * i, 10 * i});
      if (i % 3 == 0) media.blocks.push_back({1, kKey, 10 * i + 5, 10 * i + 5});
      if (i % 20 == 7) media.blocks.push_back({2, kKey, 10 * i, 10 * i});
    }
    for (size_t i = 0; i < media.blocks.size(); ++i)
      media.blocks[i].data = Payload(static_cast<uint32_t>(i), 256);
    TestFile file(Mux(media, options));
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    CheckEverySeek(&reader, media);

    // Who discards the track that he has sought does not get its block.
    ASSERT_EQ(reader.Seek(0, 300, H4MK_SEEK_BACKWARD), H4MK_OK);
    h4mk_reader_discard(reader.get(), 0, 1);
    for (const Block& block : reader.ReadOn().blocks) EXPECT_NE(block.track, 0u);
  }
}

const Cut kCuts[] = {
    {1, 60, "OneBlock"},         // a cluster of its own for each block
    {600, 60, "FewBlocks"},      //
    {1 << 20, 60, "Whole"},      // one cluster from key to key
    {1 << 20, 4000, "Stripes"},  // large enough for stripes
};

INSTANTIATE_TEST_SUITE_P(Layouts, SeekTest,
                         testing::Combine(testing::ValuesIn(AllLayouts()),
                                          testing::ValuesIn(kCuts)),
                         [](const testing::TestParamInfo<SeekTest::ParamType>& info) {
                           return std::get<0>(info.param).name + "_" + std::get<1>(info.param).name;
                         });

class SeekFileTest : public ContainerTest {
 protected:
  void SetUp() override {
    media_ = Film();
    FillPayloads(&media_, 60);
    options_ = ClusterLimits(600, 0);
    Finish();
  }
};

// "On an error the position is unchanged."
TEST_F(SeekFileTest, AFailedSeekDoesNotMoveTheReader) {
  Reader reader(&file_);
  Block block;
  for (int i = 0; i < 10; ++i) ASSERT_EQ(reader.Next(&block), H4MK_OK);
  EXPECT_EQ(reader.Seek(0, 1000000, H4MK_SEEK_FORWARD), H4MK_ERR_NOT_FOUND);
  EXPECT_EQ(reader.Seek(99, 0, H4MK_SEEK_BACKWARD), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(reader.Seek(0, 0, 1 << 20), H4MK_ERR_ARGUMENT);
  for (size_t i = 10; i < media_.blocks.size(); ++i) {
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
    ASSERT_EQ(block, media_.blocks[i]);
  }
}

TEST_F(SeekFileTest, APipeCannotSeekAndReadsOn) {
  file_.pipe = true;
  Reader reader(&file_);
  Block block;
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  EXPECT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_ERR_NOT_SEEKABLE);
  EXPECT_EQ(reader.ReadOn().blocks.size(), media_.blocks.size() - 1);
}

TEST_F(SeekFileTest, ATrackWithoutBlocksHasNothingToSeekTo) {
  AddTrack();
  Finish();
  Reader reader(&file_);
  EXPECT_EQ(reader.Seek(3, 0, H4MK_SEEK_BACKWARD), H4MK_ERR_NOT_FOUND);
  EXPECT_EQ(reader.Seek(3, 0, H4MK_SEEK_FORWARD), H4MK_ERR_NOT_FOUND);
  EXPECT_EQ(reader.ReadOn().blocks, media_.blocks);
}

TEST_F(SeekFileTest, RewindStartsAgain) {
  Reader reader(&file_);
  ASSERT_EQ(reader.Seek(0, 50, H4MK_SEEK_BACKWARD), H4MK_OK);
  reader.ReadOn();
  ASSERT_EQ(h4mk_reader_rewind(reader.get()), H4MK_OK);
  EXPECT_EQ(reader.ReadOn().blocks, media_.blocks);
}

// Lookups may look into the cluster that the block stands in which was just handed out.
TEST_F(SeekFileTest, LookupsBehindASeekChangeNothing) {
  options_ = ClusterLimits(1 << 20, 0);
  Finish();
  for (const int64_t time : TimesToTry(media_, 0)) {
    SCOPED_TRACE(time);
    Reader reader(&file_);
    const std::optional<std::vector<size_t>> expected =
        SeekOracle(media_).BlocksAfter(0, time, H4MK_SEEK_BACKWARD);
    ASSERT_TRUE(expected);
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    for (const size_t i : *expected) {
      Block block;
      ASSERT_EQ(reader.Next(&block), H4MK_OK);
      EXPECT_EQ(block, media_.blocks[i]);
      h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
      const h4mk_status status =
          h4mk_reader_keyframe(reader.get(), 0, block.track == 0 ? block.time() : time, &info);
      EXPECT_TRUE(status == H4MK_OK || status == H4MK_ERR_NOT_FOUND) << reader.message();
    }
  }
}

TEST_F(SeekFileTest, DiscardedTracksStayAwayAfterASeek) {
  Reader reader(&file_);
  ASSERT_EQ(h4mk_reader_discard(reader.get(), 1, 1), H4MK_OK);
  ASSERT_EQ(reader.Seek(0, 40, H4MK_SEEK_BACKWARD), H4MK_OK);
  const std::vector<size_t> all = SeekOracle(media_).BlocksAfter(0, 40, H4MK_SEEK_BACKWARD).value();
  std::vector<size_t> expected;
  for (const size_t i : all) {
    if (media_.blocks[i].track != 1) expected.push_back(i);
  }
  EXPECT_TRUE(ReadsExactly(&reader, media_, expected));
}

// Thousands of clusters: the index has many pages, in a file without its end also the one that was
// never written. Seeks at random; a few blocks are read after each.
TEST(SeekLongTest, ManyIndexPages) {
  Media film, unsorted = UnsortedTimes(7, 3000);
  AddVideo(&film, kVideo, 150, 4, 1);
  AddSimple(&film, kAudio, 3500, 0, 1024, 1024);
  AddSimple(&film, kSubtitle, 20, 0, 3700, 2000);
  Interleave(&film);
  for (Media* media : {&film, &unsorted}) {
    FillPayloads(media, 20);
    const Bytes bytes = Mux(*media, ClusterLimits(1, 0));
    for (const size_t length : {bytes.size(), bytes.size() - 1, bytes.size() * 9 / 10}) {
      TestFile file(Bytes(bytes.begin(), bytes.begin() + length));
      Reader reader(&file);
      ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
      Media part = *media;
      part.blocks.resize(reader.ReadOn().blocks.size());
      const SeekOracle part_oracle(part);
      std::mt19937 random(1);
      for (int i = 0; i < 150; ++i) {
        const Block& near = part.blocks[random() % part.blocks.size()];
        const int64_t time = near.time() + static_cast<int64_t>(random() % 3) - 1;
        const int mode = kModes[random() % 4];
        const auto expected = part_oracle.BlocksAfter(near.track, time, mode);
        ASSERT_EQ(reader.Seek(near.track, time, mode), expected ? H4MK_OK : H4MK_ERR_NOT_FOUND);
        if (!expected) continue;
        for (size_t k = 0; k < 30 && k < expected->size(); ++k) {
          Block block;
          ASSERT_EQ(reader.Next(&block), H4MK_OK);
          ASSERT_EQ(block, part.blocks[(*expected)[k]])
              << "after seeking track " << near.track << " to " << time << " " << ModeName(mode);
        }
      }
    }
  }
}

// No CRC that a seek looks at covers the length of a chunk. Where that is what costs the block, the
// seek leads to one that can be read.
TEST(SeekLongTest, TheLengthOfAClusterIsDamaged) {
  Media media;
  media.tracks = {{"1/1000", "video", "a"}};
  for (int i = 0; i < 20; ++i) {
    media.blocks.push_back({0, kKey, 10 * i, 10 * i});
    media.blocks.push_back({0, kP, 10 * i + 5, 10 * i + 5});
  }
  FillPayloads(&media, 200);
  const Bytes bytes = Mux(media, H4MK_WRITER_OPTIONS_INIT);
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(bytes))
    if (chunk.is_cluster()) clusters.push_back(chunk);
  ASSERT_EQ(clusters.size(), 20u);
  for (const size_t damaged : {0u, 1u, 10u, 19u})
    for (int bit = 0; bit < 8; ++bit) {
      SCOPED_TRACE(testing::Message() << "cluster " << damaged << ", bit " << bit);
      TestFile file(bytes);
      file.bytes[clusters[damaged].begin + 8] ^= static_cast<uint8_t>(1 << bit);
      Reader reader(&file);
      Block block;
      const auto time = static_cast<int64_t>(10 * damaged);
      ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
      ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
      EXPECT_EQ(block.pts, damaged == 0 ? 10 : time - 10);
      EXPECT_FALSE(reader.Warnings().empty());
    }
}

// Where other tracks begin is looked up when reading goes on behind the block that a seek asked
// for. Damage to the index that only shows then costs nothing either.
TEST(SeekLongTest, AnIndexPageOfAnotherTrackIsDamaged) {
  Media media;
  media.tracks = {{"1/1000", "video", "a"}, {"1/1000", "subtitle", "b"}};
  media.blocks.push_back({1, kKey, 0, 0});
  for (int i = 0; i < 700; ++i) {  // a cluster each: two pages
    media.blocks.push_back({0, kKey, 10 * i, 10 * i});
    media.blocks.push_back({0, kP, 10 * i + 5, 10 * i + 5});
  }
  FillPayloads(&media, 20);
  TestFile file(Mux(media, H4MK_WRITER_OPTIONS_INIT));
  std::vector<Chunk> index;
  for (const Chunk& chunk : WalkChunks(file.bytes))
    if (chunk.tag == "TSEK") index.push_back(chunk);
  ASSERT_EQ(index.size(), 4u) << "two pages, the first one again, the top";
  ++file.bytes[index[2].payload() + 10];
  Reader reader(&file);
  const std::vector<size_t> expected =
      SeekOracle(media).BlocksAfter(0, 6500, H4MK_SEEK_BACKWARD).value();
  ASSERT_EQ(reader.Seek(0, 6500, H4MK_SEEK_BACKWARD), H4MK_OK);
  Block block;
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  EXPECT_EQ(block, media.blocks[expected[0]]);
  EXPECT_EQ(reader.Warnings(), std::vector<std::string>());
  for (size_t i = 1; i < expected.size(); ++i) {
    ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
    ASSERT_EQ(block, media.blocks[expected[i]]);
  }
  EXPECT_EQ(reader.Next(&block), H4MK_ERR_CORRUPT) << "the page itself, when reading comes by";
  std::vector<std::string> warnings = reader.Warnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].ends_with("the index is made again")) << warnings[0];

  // A lookup may have noticed before.
  Reader third(&file);
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  ASSERT_EQ(third.Seek(0, 6500, H4MK_SEEK_BACKWARD), H4MK_OK);
  ASSERT_EQ(third.Next(&block), H4MK_OK);
  ASSERT_EQ(h4mk_reader_keyframe(third.get(), 0, 3000, &info), H4MK_OK) << third.message();
  for (size_t i = 1; i < expected.size(); ++i) {
    ASSERT_EQ(third.Next(&block), H4MK_OK) << third.message();
    ASSERT_EQ(block, media.blocks[expected[i]]);
  }

  // Where the track that is sought needs the page, the seek itself notices.
  Reader other(&file);
  EXPECT_TRUE(other.Seek(0, 3000, H4MK_SEEK_BACKWARD) == H4MK_OK && other.Next(&block) == H4MK_OK)
      << other.message();
  EXPECT_EQ(block.pts, 3000);
  EXPECT_EQ(other.Warnings(), warnings);
}

// Seeking in a long file reads the index and the cluster, not the file.
TEST(SeekCostTest, ASeekReadsLittle) {
  Media media;
  AddVideo(&media, kVideo, 400, 4, 1);
  AddSimple(&media, kAudio, 9000, 0, 1024, 1024);
  Interleave(&media);
  FillPayloads(&media, 2000);
  TestFile file(Mux(media, ClusterLimits(10000, 0)));
  Reader reader(&file);
  Block block;
  for (const int64_t time : {2500, 10, 4999, 1234}) {
    file.bytes_read = 0;
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
    EXPECT_LT(file.bytes_read, file.bytes.size() / 20) << "of " << file.bytes.size();
  }
  for (const int64_t time : {2500, 10, 8900, 1234}) {  // the times of sound are in order
    file.bytes_read = 0;
    ASSERT_EQ(reader.Seek(1, 1024 * time, H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY), H4MK_OK);
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
    EXPECT_EQ(block.pts, 1024 * time);
    EXPECT_LT(file.bytes_read, file.bytes.size() / 20) << "of " << file.bytes.size();
  }
}

// The more there is in a cluster, the less index there is at the end of the file.
TEST(SeekCostTest, OpeningReadsLittleWhereClustersAreLarge) {
  Media media;
  AddSimple(&media, kVideo, 800, 0, 1, 1);
  for (Block& block : media.blocks) block.data = Payload(1, 64 << 10);
  TestFile file(Mux(media, H4MK_WRITER_OPTIONS_INIT));
  ASSERT_GT(file.bytes.size(), 50u << 20);
  file.bytes_read = 0;
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  EXPECT_LT(file.bytes_read, 16u << 10);
}

// Each place that is asked for is a request over HTTP: the front and the end to open, one for a
// seek, with all tracks. More seeks to that place ask for nothing again, nor do the entries of the
// index.
TEST(SeekCostTest, OpeningAndSeekingAskForThreePlaces) {
  Media media;
  AddVideo(&media, kVideo, 4000, 40, 1);
  AddSimple(&media, kAudio, 9000, 0, 1024, 1024);
  Interleave(&media);
  FillPayloads(&media, 300);
  for (const bool index_in_front : {false, true}) {
    TestFile file;
    Writer writer(&file);
    for (const Track& track : media.tracks) writer.AddTrack(track);
    for (const Block& block : media.blocks) ASSERT_EQ(writer.Write(block), H4MK_OK);
    ASSERT_EQ(writer.Finish(), H4MK_OK);
    if (index_in_front) file.bytes = WithIndexInFront(writer, file.bytes);
    file.position = file.jumps = 0;
    Reader reader(&file);
    h4mk_index_entry entries[100] = {H4MK_INDEX_ENTRY_INIT};
    size_t copied = 0;
    ASSERT_EQ(h4mk_reader_index_entries(reader.get(), 0, 0, entries, 100, &copied), H4MK_OK);
    ASSERT_GT(copied, 10u);
    EXPECT_EQ(file.jumps, index_in_front ? 0u : 1u) << "to open";

    file.jumps = 0;
    Block block;
    for (const int mode : {H4MK_SEEK_BACKWARD, H4MK_SEEK_FORWARD, H4MK_SEEK_BACKWARD}) {
      const int64_t time = entries[copied / 2].time;
      ASSERT_EQ(reader.Seek(0, time, mode), H4MK_OK);
      do ASSERT_EQ(reader.Next(&block), H4MK_OK);
      while (block.track != 0);
      EXPECT_EQ(block.pts, time);
    }
    EXPECT_EQ(file.jumps, 1u) << "to seek";
  }
}

// The sound that is heard at a seek point stands directly before it. It is in the cluster of the
// seek point, so that no other has to be read.
TEST(SeekCostTest, SoundAtASeekPointIsInItsCluster) {
  Media media;
  media.tracks = {kVideo};
  for (int i = 0; i < 200; ++i)
    media.blocks.push_back({0, i % 20 == 0 ? kKey : kP, i, i, 1, {}, {}});
  AddSimple(&media, kAudio, 370, 0, 1024, 1024);
  Interleave(&media);
  FillPayloads(&media, 100);
  TestFile file(Mux(media));
  const std::vector<Chunk> chunks = WalkChunks(file.bytes);
  Reader reader(&file);
  Block block;
  for (int64_t time = 20; time < 200; time += 20) {
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    h4mk_block video = H4MK_BLOCK_INIT, sound = H4MK_BLOCK_INIT;
    ASSERT_EQ(h4mk_reader_next(reader.get(), &video), H4MK_OK);
    ASSERT_EQ(video.track, 0u) << "what was asked for comes first";
    EXPECT_EQ(video.pts, time);
    const auto cluster = std::ranges::find_if(
        chunks, [&](const Chunk& chunk) { return chunk.Contains(video.offset); });
    ASSERT_EQ(h4mk_reader_next(reader.get(), &sound), H4MK_OK);
    EXPECT_EQ(sound.track, 1u);
    EXPECT_LE(sound.pts, time * 1920);
    EXPECT_GT(sound.pts + 1024, time * 1920);
    EXPECT_TRUE(cluster->Contains(sound.offset)) << "frame " << time;
  }
}

// Who plays on from there asks for one other place, where a track begins long before, and comes
// back; for none if he wants that track no longer, nor if a small one is left out (subtitles, say).
TEST(SeekCostTest, PlayingOnAfterASeekJumpsForTracksThatBeginBefore) {
  Media media;
  AddVideo(&media, kVideo, 1000, 20, 1);
  AddSimple(&media, kAudio, 3000, 0, 1024, 1024);
  AddSimple(&media, kAudio, 3000, 0, 1024, 1024);
  Interleave(&media);
  FillPayloads(&media, 3000);
  TestFile file(Mux(media));
  for (const bool without_sound : {false, true}) {
    Reader reader(&file);
    h4mk_reader_discard(reader.get(), 2, 1);
    ASSERT_EQ(reader.Seek(0, media.blocks[media.blocks.size() / 2].pts, H4MK_SEEK_BACKWARD),
              H4MK_OK);
    Block block;
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
    ASSERT_EQ(block.track, 0u);
    if (without_sound) h4mk_reader_discard(reader.get(), 1, 1);
    file.jumps = 0;
    size_t read = 1;
    while (reader.Next(&block) == H4MK_OK) ++read;
    EXPECT_GT(read, 900u);
    EXPECT_EQ(file.jumps, without_sound ? 0u : 2u);
  }
}

// Where times are in no order, any cluster may have the seek point of any track. Each is read once
// for all tracks; once for each track would be quadratic in the size of the file.
TEST(SeekCostTest, TracksInNoOrderAreSoughtTogether) {
  constexpr uint32_t kTracks = 60;
  Media media;
  for (uint32_t i = 0; i < kTracks; ++i) media.tracks.push_back(kSubtitle);
  for (int64_t i = 0; i < 20; ++i)
    for (uint32_t track = 0; track < 2 * kTracks; ++track)
      media.blocks.push_back({track % kTracks,
                              kKey,
                              track < kTracks ? i : 1000 - i,
                              H4MK_NO_TIME,
                              1,
                              Payload(track, 10),
                              {}});
  TestFile file(Mux(media, ClusterLimits(1000, 0)));
  ASSERT_GT(WalkChunks(file.bytes).size(), 20u);
  Reader reader(&file);
  ASSERT_EQ(reader.Seek(0, 500, H4MK_SEEK_BACKWARD), H4MK_OK);
  file.bytes_read = 0;
  EXPECT_EQ(reader.ReadOn().blocks.size(), 2 * kTracks);
  EXPECT_LT(file.bytes_read, 3 * file.bytes.size());
}

// A file that changes under its reader: the way to what was sought is looked for in clusters that
// were whole before. The damage is told, and reading ends.
TEST(SeekTest, ClustersThatAreLostBehindTheTarget) {
  Media media;
  media.tracks = {kSubtitle, kSubtitle};
  for (int64_t i = 0; i < 200; ++i)
    for (uint32_t track = 0; track < 2; ++track)
      media.blocks.push_back(
          {track, kKey, i % 2 == 0 ? i : 1000 - i, H4MK_NO_TIME, 1, Payload(track, 3000), {}});
  const Bytes whole = Mux(media, ClusterLimits(30000, 0));
  const std::vector<Chunk> chunks = WalkChunks(whole);
  const auto end = std::ranges::find_if(chunks.rbegin(), chunks.rend(), &Chunk::is_cluster);
  for (const bool has_end : {false, true}) {
    TestFile file(has_end ? whole : Bytes(whole.begin(), whole.begin() + end->end()));
    Reader reader(&file);
    ASSERT_EQ(reader.Seek(0, 100, H4MK_SEEK_BACKWARD), H4MK_OK);
    Block block;
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
    for (const Chunk& chunk : chunks)
      if (chunk.is_cluster()) file.bytes[chunk.payload() + 1] ^= 0x55;
    h4mk_status status = H4MK_OK;
    int calls = 0, damaged = 0;
    for (; status != H4MK_END && status != H4MK_AGAIN && calls < 1000; ++calls) {
      status = reader.Next(&block);
      damaged += status == H4MK_ERR_CORRUPT;
    }
    EXPECT_LT(calls, 1000);
    EXPECT_GT(damaged, 0) << has_end << ' ' << calls << ' ' << status << ' ' << reader.message();
  }
}

}  // namespace
}  // namespace h4mk_test
