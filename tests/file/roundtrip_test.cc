// SPDX-License-Identifier: MIT
//
// The promise: a container that loses nothing. Whatever blocks are written come back, all of them,
// in order, identical.

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>

#include "support/chunks.h"
#include "support/container.h"
#include "support/layouts.h"

namespace h4mk_test {
namespace {

constexpr int64_t kMin =
    std::numeric_limits<int64_t>::min() + 1;  // the smallest time; the one below means "none"
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

class RoundTripTest : public ContainerTest {};

TEST_F(RoundTripTest, AFileWithoutTracksAndBlocks) {
  Finish();
  EXPECT_TRUE(ReadAll().empty());
}

TEST_F(RoundTripTest, ATrackWithoutBlocks) {
  AddTrack();
  Finish();
  EXPECT_TRUE(ReadAll().empty());
}

TEST_F(RoundTripTest, OneBlock) {
  AddTrack();
  Write({.pts = 5, .dts = 3, .duration = 7, .data = ToBytes("payload")});
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, AnEmptyBlock) {
  AddTrack();
  Write({.pts = 1});
  Write({.pts = 2, .data = ToBytes("x")});
  Write({.pts = 3});
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, NegativeTimes) {
  AddTrack({"1/48000", "audio", "aac"});
  for (int64_t time = -5000; time < 5000; time += 1024)
    Write({.pts = time, .dts = time, .duration = 1024});
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, EveryCombinationOfMissingTimes) {
  AddTrack();
  for (int i = 0; i < 16; ++i) {
    Write({.pts = i & 1 ? i : H4MK_NO_TIME,
           .dts = i & 2 ? i : H4MK_NO_TIME,
           .duration = i & 4,
           .data = Payload(i, i)});
  }
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, NoTimesAtAll) {
  AddTrack();
  for (int i = 0; i < 50; ++i)
    Write({.pts = H4MK_NO_TIME, .dts = H4MK_NO_TIME, .data = Payload(i, 100)});
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, TimesThatGoBackAndForth) {
  AddTrack();
  for (const int64_t dts : {10, 5, 5, 900000000, -900000000, 0, 7, 7, 6}) {
    Write({.pts = -dts, .dts = dts, .duration = dts});
  }
  ExpectAllBlocksComeBack();
}

// Every pair of extremes as pts, dts and duration: differences between them do not fit 64 bits.
TEST_F(RoundTripTest, ExtremesOf64Bits) {
  AddTrack();
  const std::vector<int64_t> extremes = {H4MK_NO_TIME, kMin, kMin + 1, -1, 0, 1, kMax - 1, kMax};
  for (const int64_t pts : extremes) {
    for (const int64_t dts : extremes) {
      for (const int64_t duration : extremes) Write({.pts = pts, .dts = dts, .duration = duration});
    }
  }
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, EveryTypeAndFlag) {
  AddTrack();
  for (const uint32_t type : {H4MK_BLOCK_TYPE_I, H4MK_BLOCK_TYPE_P, H4MK_BLOCK_TYPE_B}) {
    for (uint32_t flags = 0; flags < 0x40; flags += 4) Write({.flags = type | flags, .pts = 1});
  }
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, SideData) {
  AddTrack();
  Write({.pts = 0, .data = ToBytes("none")});
  Write({.pts = 1, .side_data = {{"skip_samples", Payload(1, 10)}}});
  Write({.pts = 2, .data = ToBytes("two"), .side_data = {{"a", {}}, {"b", Payload(2, 1000)}}});
  Write({.pts = 3, .side_data = {{"same", ToBytes("1")}, {"same", ToBytes("2")}}});
  Write({.pts = 4, .side_data = {{std::string(255, 'n'), Payload(3, 100000)}}});
  Write({.pts = 5, .side_data = {{"caf\xc3\xa9", ToBytes("utf-8 name")}}});
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, SideDataOnEveryBlock) {
  AddTrack();
  AddTrack();
  for (uint32_t i = 0; i < 500; ++i) {
    Write({.track = i % 2,
           .pts = i,
           .data = Payload(i, 20),
           .side_data = {{"producer_reference_time", Payload(i, 16)}}});
  }
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, ManySideDataNames) {
  AddTrack();
  for (uint32_t i = 0; i < 3000; ++i)
    Write({.pts = i, .side_data = {{"name " + std::to_string(i), Payload(i, 3)}}});
  ExpectAllBlocksComeBack();
}

// Side data may be far larger than the payloads are.
TEST_F(RoundTripTest, MuchSideData) {
  AddTrack();
  for (uint32_t i = 0; i < 1000; ++i) Write({.pts = i, .side_data = {{"big", Payload(i, 100000)}}});
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, ManyEntriesOfSideDataOnOneBlock) {
  AddTrack();
  Block block;
  for (uint32_t i = 0; i < 2000; ++i)
    block.side_data.push_back({"name " + std::to_string(i % 1500), Payload(i, 3)});
  Write(block);
  ExpectAllBlocksComeBack();
}

// More small blocks than a cluster can number.
TEST_F(RoundTripTest, MoreBlocksThanACluster) {
  AddTrack();
  options_ = ClusterLimits(UINT32_MAX, UINT32_MAX);
  for (int i = 0; i < 140000; ++i) Write({.pts = i, .dts = i, .duration = 1});
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, SixtyFourTracks) {
  for (uint32_t i = 0; i < 64; ++i) AddTrack({std::to_string(i + 1) + "/1000"});
  for (uint32_t i = 0; i < 2000; ++i) {
    Write({.track = i * 7 % 64, .pts = i, .dts = i, .duration = 1, .data = Payload(i, i % 50)});
  }
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, AThousandTracks) {
  for (uint32_t i = 0; i < 1000; ++i) AddTrack();
  for (uint32_t i = 0; i < 3000; ++i) Write({.track = i % 1000, .pts = i, .data = Payload(i, 5)});
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, OddTimeBases) {
  for (const char* base :
       {"1/1", "1/2147483647", "2147483647/1", "2147483647/2147483646", "1001/24000", "2/4"}) {
    AddTrack({base});
  }
  for (uint32_t i = 0; i < 600; ++i)
    Write({.track = i % 6, .pts = i / 6, .dts = i / 6 - 1, .data = Payload(i, 9)});
  ExpectAllBlocksComeBack();
  Reader reader(&file_);
  for (uint32_t i = 0; i < 6; ++i) {
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    ASSERT_EQ(h4mk_reader_track_info(reader.get(), i, &info), H4MK_OK);
    const Rational base = TimeBase(media_.tracks[i]);
    EXPECT_EQ(info.time_base_num, base.num);  // kept as given, not reduced
    EXPECT_EQ(info.time_base_den, base.den);
  }
}

// Around the sizes at which a cluster, a stripe or a length field changes.
TEST_F(RoundTripTest, PayloadSizes) {
  AddTrack();
  for (const size_t size :
       {0, 1, 127, 128, 255, 256, 65535, 65536, 65537, 1048575, 1048576, 1048577, 5000000, 3}) {
    Write({.pts = static_cast<int64_t>(media_.blocks.size()),
           .data = Payload(static_cast<uint32_t>(size), size)});
  }
  ExpectAllBlocksComeBack();
}

TEST_F(RoundTripTest, EveryLayoutInClustersOfEverySize) {
  for (const Layout& layout : AllLayouts()) {
    SCOPED_TRACE(layout.name);
    media_ = layout.make();
    FillPayloads(&media_, 90);
    for (const uint32_t limit : {1u, 100u, 1000u, 0u}) {
      SCOPED_TRACE(limit);
      options_ = ClusterLimits(limit, 0);
      ExpectAllBlocksComeBack();
    }
  }
}

// A random value of one of several sizes, so that every width of a column is met.
int64_t AnyTime(std::mt19937_64* random) {
  switch ((*random)() % 8) {
    case 0:
      return H4MK_NO_TIME;
    case 1:
      return static_cast<int64_t>((*random)());
    default: {
      const int bits = static_cast<int>((*random)() % 40);
      return static_cast<int64_t>((*random)() & ((uint64_t{1} << bits) - 1)) -
             (int64_t{1} << bits) / 2;
    }
  }
}

Media AnyBlocks(uint64_t seed) {
  std::mt19937_64 random(seed);
  Media media;
  media.tracks.resize(1 + random() % 9);
  const size_t count = random() % 400;
  const bool wild = random() % 2 == 0;  // else mostly regular, as real media are
  std::vector<int64_t> clock(media.tracks.size());
  for (size_t i = 0; i < count; ++i) {
    Block block;
    block.track = static_cast<uint32_t>(random() % media.tracks.size());
    block.pts = block.dts = clock[block.track];
    block.duration = 40;
    clock[block.track] += block.duration;
    block.flags = random() % 10 == 0 ? kKey : kP;
    block.data = Payload(static_cast<uint32_t>(random()), random() % 200);
    if (wild || random() % 50 == 0) {
      block.pts = AnyTime(&random);
      block.dts = AnyTime(&random);
      block.duration = AnyTime(&random);
      block.flags = static_cast<uint32_t>(random() % 3 | (random() % 16) << 2);
    }
    if (random() % 20 == 0) block.data.clear();
    for (size_t n = random() % 100 == 0 ? random() % 4 : 0; n > 0; --n) {
      block.side_data.push_back(
          {"side " + std::to_string(random() % 5), Payload(1, random() % 100)});
    }
    media.blocks.push_back(std::move(block));
  }
  return media;
}

TEST_F(RoundTripTest, AnySequenceOfBlocksComesBack) {
  for (uint64_t seed = 1; seed <= Seeds(400); ++seed) {
    SCOPED_TRACE(seed);
    media_ = AnyBlocks(seed);
    options_ = ClusterLimits(seed % 3 == 0 ? 0 : static_cast<uint32_t>(1 << seed % 16),
                             seed % 5 == 0 ? 1 : 0);
    ExpectAllBlocksComeBack();
    if (HasFatalFailure()) return;
  }
}

TEST_F(RoundTripTest, AFlushChangesNothingButTheClusters) {
  media_ = Film();
  FillPayloads(&media_, 100);
  Writer writer(&file_);
  for (const Track& track : media_.tracks) writer.AddTrack(track);
  for (const Block& block : media_.blocks) {
    ASSERT_EQ(writer.Write(block), H4MK_OK);
    ASSERT_EQ(writer.Flush(), H4MK_OK);
  }
  ASSERT_EQ(writer.Flush(), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  EXPECT_EQ(ReadAll(), media_.blocks);
}

// "Nothing is patched back": a pipe and a file get the same bytes.
TEST_F(RoundTripTest, APipeGetsTheSameBytesAsAFile) {
  Media media = Film();
  FillPayloads(&media, 100);
  const Bytes expected = Mux(media, ClusterLimits(500, 0));
  TestFile pipe;
  pipe.pipe = true;
  pipe.max_transfer = 3;
  Writer writer(&pipe, ClusterLimits(500, 0));
  for (const Track& track : media.tracks) writer.AddTrack(track);
  for (const Block& block : media.blocks) ASSERT_EQ(writer.Write(block), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  EXPECT_TRUE(pipe.bytes == expected);
  EXPECT_EQ(pipe.seeks, 0u);
}

TEST_F(RoundTripTest, TheSameInputGivesTheSameBytes) {
  const Media media = AnyBlocks(4711);
  EXPECT_TRUE(Mux(media) == Mux(media));
}

TEST_F(RoundTripTest, APipeReadsTheSame) {
  media_ = Film();
  FillPayloads(&media_, 100);
  options_ = ClusterLimits(500, 0);
  Finish();
  file_.pipe = true;
  EXPECT_EQ(ReadAll(), media_.blocks);
}

// Ordinals count from 0 in each track; the payload lies at the offset, and 64 readable bytes follow
// it in memory.
TEST_F(RoundTripTest, OrdinalsOffsetsAndPadding) {
  media_ = Film();
  FillPayloads(&media_, 100);
  options_ = ClusterLimits(700, 0);
  Finish();
  Reader reader(&file_);
  std::vector<uint64_t> next_ordinal(media_.tracks.size());
  uint32_t padding = 0;
  h4mk_block c = H4MK_BLOCK_INIT;
  while (h4mk_reader_next(reader.get(), &c) == H4MK_OK) {
    EXPECT_EQ(c.ordinal, next_ordinal[c.track]++);
    ASSERT_LE(c.offset + c.size, file_.bytes.size());
    EXPECT_TRUE(std::equal(c.data, c.data + c.size, file_.bytes.begin() + c.offset));
    for (int i = 0; i < 64; ++i)
      padding += c.data[c.size + i];  // a sanitizer sees it if this is not readable
  }
  volatile uint32_t sink = padding;
  (void)sink;
}

// h4mk_track_info: totals and times of a closed file, known right after opening.
TEST_F(RoundTripTest, TrackInfo) {
  media_ = Film();
  FillPayloads(&media_, 100);
  media_.blocks[0].flags |= H4MK_BLOCK_DISCARD;  // start_pts does not count it
  options_ = ClusterLimits(700, 0);
  Finish();
  Reader reader(&file_);
  for (uint32_t track = 0; track < media_.tracks.size(); ++track) {
    h4mk_track_info expected = H4MK_TRACK_INFO_INIT;
    expected.start_pts = expected.first_dts = expected.end_pts = H4MK_NO_TIME;
    for (const Block& block : media_.blocks) {
      if (block.track != track) continue;
      if (expected.block_count++ == 0) expected.first_dts = block.dts;
      expected.byte_count += block.data.size();
      expected.end_pts = std::max(expected.end_pts, block.time() + block.duration);
      const bool discard = block.flags & H4MK_BLOCK_DISCARD;
      if (expected.start_pts == H4MK_NO_TIME && !discard) expected.start_pts = block.pts;
    }
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    ASSERT_EQ(h4mk_reader_track_info(reader.get(), track, &info), H4MK_OK);
    EXPECT_EQ(info.track_id, track + 1);
    EXPECT_EQ(info.start_pts, expected.start_pts);
    EXPECT_EQ(info.first_dts, expected.first_dts);
    EXPECT_EQ(info.end_pts, expected.end_pts);
    EXPECT_EQ(info.block_count, expected.block_count);
    EXPECT_EQ(info.byte_count, expected.byte_count);
  }
}

// h4mk_index_entry: each entry names a cluster that holds a seek point of that time;
// tracks with other blocks too have an entry for each of their seek points.
TEST_F(RoundTripTest, IndexEntries) {
  media_ = Film();
  FillPayloads(&media_, 100);
  options_ = ClusterLimits(700, 0);
  Finish();
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(file_.bytes)) {
    if (chunk.is_cluster()) clusters.push_back(chunk);
  }
  const auto cluster_at = [&](int64_t offset) {
    for (const Chunk& cluster : clusters) {
      if (cluster.Contains(offset)) return static_cast<int64_t>(cluster.begin);
    }
    return int64_t{-1};
  };
  Reader reader(&file_);
  const Reading reading = reader.ReadOn();
  for (uint32_t track = 0; track < media_.tracks.size(); ++track) {
    std::vector<std::pair<int64_t, int64_t>> points;  // cluster, time of every seek point
    std::vector<int64_t> first_points;                // the first time in each cluster
    for (size_t i = 0; i < reading.blocks.size(); ++i) {
      const Block& block = reading.blocks[i];
      if (block.track != track || !(block.flags & H4MK_BLOCK_KEY)) continue;
      points.push_back({cluster_at(reading.offsets[i]), block.time()});
      if (points.size() < 2 || points.back().first != points[points.size() - 2].first)
        first_points.push_back(block.time());
    }
    uint64_t count = 0, bytes = 0;
    ASSERT_EQ(h4mk_reader_index_size(reader.get(), track, &count, &bytes), H4MK_OK);
    EXPECT_GT(bytes, 0u);
    std::vector<h4mk_index_entry> entries(count + 1, h4mk_index_entry(H4MK_INDEX_ENTRY_INIT));
    size_t copied = 0;
    ASSERT_EQ(
        h4mk_reader_index_entries(reader.get(), track, 0, entries.data(), entries.size(), &copied),
        H4MK_OK);
    ASSERT_EQ(copied, count);
    EXPECT_EQ(count, track == 0 ? points.size() : first_points.size()) << "track " << track;
    for (size_t i = 0; i < copied; ++i) {
      EXPECT_NE(
          std::find(points.begin(), points.end(), std::pair(entries[i].offset, entries[i].time)),
          points.end())
          << "track " << track << " entry " << i << ": " << entries[i].time << " at "
          << entries[i].offset;
    }
    // A part of them, from the middle on.
    h4mk_index_entry one = H4MK_INDEX_ENTRY_INIT;
    ASSERT_EQ(h4mk_reader_index_entries(reader.get(), track, count / 2, &one, 1, &copied), H4MK_OK);
    ASSERT_EQ(copied, 1u);
    EXPECT_EQ(one.time, entries[count / 2].time);
  }
}

TEST_F(RoundTripTest, ADiscardedTrackIsLeftOut) {
  media_ = Film();
  FillPayloads(&media_, 100);
  options_ = ClusterLimits(700, 0);
  Finish();
  Reader reader(&file_);
  ASSERT_EQ(h4mk_reader_discard(reader.get(), 0, 1), H4MK_OK);
  std::vector<Block> others;
  for (const Block& block : media_.blocks) {
    if (block.track != 0) others.push_back(block);
  }
  EXPECT_EQ(reader.ReadOn().blocks, others);
  ASSERT_EQ(h4mk_reader_discard(reader.get(), 0, 0), H4MK_OK);
  ASSERT_EQ(h4mk_reader_rewind(reader.get()), H4MK_OK);
  EXPECT_EQ(reader.ReadOn().blocks, media_.blocks);
}

// Where a jump over them costs less than to read them.
TEST(DiscardTest, TheBlocksOfADiscardedTrackAreNotRead) {
  for (const uint32_t large : {0u, 1u}) {
    Media media;
    media.tracks = {{}, {}};
    for (int i = 0; i < 20; ++i)
      for (const uint32_t track : {0u, 1u})
        media.blocks.push_back(
            {track, kKey, i, i, 1, Payload(i, track == large ? 500 << 10 : 1 << 10)});
    TestFile file(Mux(media));
    Reader reader(&file);
    ASSERT_EQ(h4mk_reader_discard(reader.get(), large, 1), H4MK_OK);
    EXPECT_EQ(reader.ReadOn().blocks.size(), 20u);
    EXPECT_LT(file.bytes_read, file.bytes.size() / 2) << "track " << large;
  }
}

// A new cluster opens at each seek point of a track that also has other blocks: a seek
// point is a cluster start. Only blocks of tracks without other blocks may stand before it.
TEST_F(RoundTripTest, EveryRandomAccessPointOfAVideoStartsACluster) {
  media_ = Film();
  FillPayloads(&media_, 100);
  Finish();
  Reader reader(&file_);
  const Reading reading = reader.ReadOn();
  size_t found = 0;
  for (const Chunk& chunk : WalkChunks(file_.bytes)) {
    if (!chunk.is_cluster()) continue;
    for (size_t i = 0; i < reading.blocks.size(); ++i) {
      if (reading.blocks[i].track != 0 || !chunk.Contains(reading.offsets[i])) continue;
      found += (reading.blocks[i].flags & H4MK_BLOCK_KEY) != 0;
      break;
    }
  }
  EXPECT_EQ(found, 5u);  // Film() has five GOPs
}

// cluster_time_limit_ms: no cluster spans more, over all tracks; and none is closed long before.
TEST_F(RoundTripTest, TheTimeLimitClosesClusters) {
  AddSimple(&media_, kAudio, 200, -312, 960, 960);
  AddSimple(&media_, {"1/1000"}, 200, 0, 20, 20);
  Interleave(&media_);
  options_ = ClusterLimits(0, 100);
  Finish();
  Reader reader(&file_);
  const Reading reading = reader.ReadOn();
  size_t clusters = 0;
  for (const Chunk& chunk : WalkChunks(file_.bytes)) {
    if (!chunk.is_cluster()) continue;
    ++clusters;
    double first = 1e9, last = -1e9;
    for (size_t i = 0; i < reading.blocks.size(); ++i) {
      if (!chunk.Contains(reading.offsets[i])) continue;
      const double ms = reading.blocks[i].dts * (reading.blocks[i].track == 0 ? 1000. / 48000 : 1.);
      first = std::min(first, ms);
      last = std::max(last, ms);
    }
    EXPECT_LE(last - first, 100);
  }
  EXPECT_LE(clusters, 200 * 20 / 80 + 1u);
}

// core.md, "File": a salt for each file, unless the same bytes are asked for.
TEST_F(RoundTripTest, EachFileHasASaltOfItsOwn) {
  std::set<uint32_t> salts;
  for (int i = 0; i < 4; ++i) {
    TestFile file;
    const h4mk_io io = file.Io();
    h4mk_writer* writer = nullptr;
    ASSERT_EQ(h4mk_writer_open(&io, nullptr, &writer), H4MK_OK);
    uint32_t track = 0;
    ASSERT_EQ(h4mk_writer_add_track(writer, Describe({}, 1).get(), &track), H4MK_OK);
    ASSERT_EQ(h4mk_writer_finish(writer), H4MK_OK);
    h4mk_writer_free(writer);
    salts.insert(SaltOf(file.bytes));
    Reader reader(&file);
    EXPECT_TRUE(reader.is_closed());
  }
  EXPECT_EQ(salts.size(), 4u);
}

// reserve_index_space: the index lies in front if it fits, and the blocks are the same.
TEST_F(RoundTripTest, ReservedSpaceForTheIndex) {
  media_ = Film();
  FillPayloads(&media_, 10000);
  for (const uint32_t reserve : {1u, 64u, 4096u, 65536u}) {
    SCOPED_TRACE(reserve);
    options_ = ClusterLimits(50000, 0);
    options_.reserve_index_space = reserve;
    ExpectAllBlocksComeBack();
    file_.furthest = 0;
    Reader reader(&file_);
    EXPECT_TRUE(reader.is_closed());
    EXPECT_TRUE(reader.Warnings().empty());
    EXPECT_EQ(reader.Seek(0, 14, H4MK_SEEK_BACKWARD), H4MK_OK);
    EXPECT_EQ(file_.furthest < file_.bytes.size() / 2, reserve >= 4096)
        << "whether the end was read";
  }
}

// The space is filled at the end, so the output must be able to seek.
TEST_F(RoundTripTest, SpaceCannotBeReservedOnAPipe) {
  file_.pipe = true;
  const h4mk_io io = file_.Io();
  options_.reserve_index_space = 4096;
  h4mk_writer* writer = nullptr;
  EXPECT_EQ(h4mk_writer_open(&io, &options_, &writer), H4MK_ERR_NOT_SEEKABLE);
  h4mk_writer_free(writer);
}

// h4mk_writer_front_index(): what it gives is inserted behind the header, the last four bytes are
// replaced, and the file opens without its end being read.
TEST_F(RoundTripTest, AnIndexInFront) {
  media_ = Film();
  FillPayloads(&media_, 10000);
  Writer writer(&file_, ClusterLimits(50000, 0));
  const uint8_t* data = nullptr;
  size_t size = 0;
  uint8_t checksum[4];
  for (const Track& track : media_.tracks) writer.AddTrack(track);
  for (const Block& block : media_.blocks) ASSERT_EQ(writer.Write(block), H4MK_OK);
  EXPECT_EQ(h4mk_writer_front_index(writer.get(), &data, &size, checksum), H4MK_ERR_STATE);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  ASSERT_EQ(h4mk_writer_front_index(writer.get(), &data, &size, checksum), H4MK_OK);
  file_.bytes.insert(file_.bytes.begin() + 16, data, data + size);
  std::copy(checksum, checksum + 4, file_.bytes.end() - 4);

  EXPECT_EQ(ReadAll(), media_.blocks);
  file_.furthest = 0;
  Reader reader(&file_);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  EXPECT_TRUE(reader.is_closed());
  ASSERT_EQ(reader.Seek(0, 14, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
  EXPECT_LT(file_.furthest, file_.bytes.size() / 2) << "the end was read";
  Block block;
  do {
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
  } while (block.track != 0);
  EXPECT_EQ(block.pts, 14);
  EXPECT_TRUE(reader.Warnings().empty());
}

// Buffers of the caller's own, counted references: data lives as long as one is held, also after
// the reader is gone.
struct Shared {
  Bytes bytes;
  int references = 1;
};
int g_live_buffers = 0;
void Release(void*, void* handle) {
  Shared* shared = static_cast<Shared*>(handle);
  if (--shared->references == 0) {
    --g_live_buffers;
    delete shared;
  }
}

TEST_F(RoundTripTest, BlocksAreHandedOutWithoutCopying) {
  media_ = Film();
  FillPayloads(&media_, 100);
  options_ = ClusterLimits(700, 0);
  Finish();
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  h4mk_buffers buffers = H4MK_BUFFERS_INIT;
  options.buffers = &buffers;
  buffers.alloc = [](void*, size_t size, uint8_t** data) -> void* {
    ++g_live_buffers;
    Shared* shared = new Shared{Bytes(size)};
    *data = shared->bytes.data();
    return shared;
  };
  buffers.release = Release;
  std::vector<h4mk_block> kept;
  {
    Reader reader(&file_, options);
    h4mk_block c = H4MK_BLOCK_INIT;
    while (h4mk_reader_next(reader.get(), &c) == H4MK_OK) {
      ASSERT_NE(c.buffer, nullptr);
      ++static_cast<Shared*>(c.buffer)->references;
      kept.push_back(c);
    }
  }
  ASSERT_EQ(kept.size(), media_.blocks.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    const Bytes& bytes = static_cast<Shared*>(kept[i].buffer)->bytes;
    EXPECT_GE(kept[i].data, bytes.data());
    EXPECT_LE(kept[i].data + kept[i].size + 64, bytes.data() + bytes.size());
    EXPECT_EQ(Bytes(kept[i].data, kept[i].data + kept[i].size), media_.blocks[i].data);
    Release(nullptr, kept[i].buffer);
  }
  EXPECT_EQ(g_live_buffers, 0);
}

TEST_F(RoundTripTest, OutOfMemoryForABufferIsAnError) {
  media_ = Film();
  FillPayloads(&media_, 100);
  Finish();
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  h4mk_buffers buffers = H4MK_BUFFERS_INIT;
  options.buffers = &buffers;
  buffers.alloc = [](void*, size_t, uint8_t**) -> void* { return nullptr; };
  buffers.release = Release;
  Reader reader(&file_, options);
  Block block;
  EXPECT_EQ(reader.Next(&block), H4MK_ERR_MEMORY);
}

}  // namespace
}  // namespace h4mk_test
