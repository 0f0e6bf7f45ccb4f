// SPDX-License-Identifier: MIT
// h4mk_reader_set_preroll(): after a seek a track begins so many blocks earlier, on files of every
// version. All else is as without it.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "support/container.h"

namespace h4mk_test {
namespace {

constexpr uint32_t kPicture = 0, kSound = 1;
constexpr int kBlocks = 120;
constexpr size_t kSize = 256;  // the transport dialect takes multiples of this only

// Pictures in groups of 8 and sounds that are all seek points, in many clusters.
Media TwoTracks(const char* time_base) {
  Media media;
  media.tracks = {{time_base, "video", "pictures"}, {time_base, "audio", "sounds"}};
  for (int i = 0; i < kBlocks; ++i)
    for (const uint32_t track : {kPicture, kSound}) {
      Block block;
      block.track = track;
      block.flags = track == kSound || i % 8 == 0 ? kKey : kP;
      block.pts = block.dts = 10 * i;
      block.data = Payload(static_cast<uint32_t>(2 * i) + track, kSize);
      media.blocks.push_back(block);
    }
  return media;
}

struct Handed {
  uint32_t track;
  uint64_t ordinal;
  bool is_discarded;
  bool operator==(const Handed&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Handed& handed) {
    return out << handed.track << ":" << handed.ordinal << (handed.is_discarded ? "-" : "");
  }
};

std::vector<Handed> ReadOn(Reader& reader) {
  std::vector<Handed> all;
  const Reading reading = reader.ReadOn(10 * kBlocks);
  for (size_t i = 0; i < reading.blocks.size(); ++i) {
    const Block& block = reading.blocks[i];
    all.push_back({block.track, reading.ordinals[i], (block.flags & H4MK_BLOCK_DISCARD) != 0});
    EXPECT_EQ(block.data,
              Payload(static_cast<uint32_t>(2 * reading.ordinals[i]) + block.track, kSize));
  }
  return all;
}

// What is read without a preroll, and before the first block of a track those that it asks for.
std::vector<Handed> WithPreroll(const std::vector<Handed>& plain, uint32_t picture_preroll,
                                uint32_t sound_preroll) {
  std::vector<Handed> all;
  std::set<uint32_t> seen;
  for (const Handed& handed : plain) {
    const uint64_t preroll = handed.track == kSound ? sound_preroll : picture_preroll;
    if (seen.insert(handed.track).second && preroll > 0 &&
        (handed.track == kSound || handed.ordinal % 8 == 0)) {
      uint64_t start = handed.ordinal - std::min(handed.ordinal, preroll);
      if (handed.track == kPicture) start -= start % 8;
      for (; start < handed.ordinal; ++start) all.push_back({handed.track, start, true});
    }
    all.push_back(handed);
  }
  return all;
}

class PrerollTest : public testing::TestWithParam<int> {
 protected:
  PrerollTest() {
    h4mk_writer_options options = ClusterLimits(GetParam() == 2 ? 1500 : 0, 0);
    options.version = GetParam();
    file_.bytes =
        Mux(TwoTracks(options.version == static_cast<int>(H4MK_VERSION_TRANSPORT) ? "1/1000000"
                                                                                  : "1/1000"),
            options);
  }

  // What a seek gives without a preroll.
  std::vector<Handed> Plain(uint32_t track, int64_t time, int mode) {
    TestFile file(file_.bytes);
    Reader reader(&file);
    EXPECT_EQ(reader.Seek(track, time, mode), H4MK_OK) << reader.message();
    return ReadOn(reader);
  }

  TestFile file_;
};

TEST_P(PrerollTest, EveryTrackBeginsSoMuchEarlier) {
  for (const auto& [pictures, sounds] : {std::pair(0u, 7u), {3u, 0u}, {9u, 2u}, {1000u, 1000u}}) {
    Reader reader(&file_);
    ASSERT_EQ(h4mk_reader_set_preroll(reader.get(), kPicture, pictures), H4MK_OK);
    ASSERT_EQ(h4mk_reader_set_preroll(reader.get(), kSound, sounds), H4MK_OK);
    for (const uint32_t track : {kPicture, kSound})
      for (int64_t time = 0; time < 10 * kBlocks; time += 35)
        for (const int mode :
             {H4MK_SEEK_BACKWARD, H4MK_SEEK_FORWARD, H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY}) {
          if (reader.Seek(track, time, mode) != H4MK_OK) continue;
          ASSERT_EQ(ReadOn(reader), WithPreroll(Plain(track, time, mode), pictures, sounds))
              << "track " << track << " time " << time << " mode " << mode;
        }
  }
}

TEST_P(PrerollTest, ReadingFromTheStartIsAsEver) {
  Reader plain(&file_), reader(&file_);
  const std::vector<Handed> all = ReadOn(plain);
  ASSERT_EQ(h4mk_reader_set_preroll(reader.get(), kSound, 7), H4MK_OK);
  EXPECT_EQ(ReadOn(reader), all);
  ASSERT_EQ(reader.Seek(kSound, 800, H4MK_SEEK_BACKWARD), H4MK_OK);
  Block block;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(reader.Next(&block), H4MK_OK);
  ASSERT_EQ(h4mk_reader_rewind(reader.get()), H4MK_OK);
  EXPECT_EQ(ReadOn(reader), all);
}

TEST_P(PrerollTest, ItCanBeTurnedOff) {
  const std::vector<Handed> plain = Plain(kSound, 800, H4MK_SEEK_BACKWARD);
  Reader reader(&file_);
  ASSERT_EQ(h4mk_reader_set_preroll(reader.get(), kSound, 7), H4MK_OK);
  ASSERT_EQ(h4mk_reader_set_preroll(reader.get(), kSound, 0), H4MK_OK);
  ASSERT_EQ(reader.Seek(kSound, 800, H4MK_SEEK_BACKWARD), H4MK_OK);
  EXPECT_EQ(ReadOn(reader), plain);
}

TEST_P(PrerollTest, AReadThatFailsCostsNoBlock) {
  const std::vector<Handed> expected = WithPreroll(Plain(kSound, 800, H4MK_SEEK_BACKWARD), 0, 7);
  size_t failed = 0;
  for (size_t read = 0; read < 200; ++read) {
    Reader reader(&file_);
    ASSERT_EQ(h4mk_reader_set_preroll(reader.get(), kSound, 7), H4MK_OK);
    ASSERT_EQ(reader.Seek(kSound, 800, H4MK_SEEK_BACKWARD), H4MK_OK);
    file_.failing_read = file_.reads + read;
    std::vector<Handed> found;
    h4mk_block block = H4MK_BLOCK_INIT;
    for (;;) {
      const h4mk_status status = h4mk_reader_next(reader.get(), &block);
      if (status == H4MK_OK)
        found.push_back({block.track, block.ordinal, (block.flags & H4MK_BLOCK_DISCARD) != 0});
      else if (status == H4MK_ERR_IO)
        ++failed;
      else
        break;
    }
    ASSERT_EQ(found, expected) << "read " << read;
    if (file_.reads <= file_.failing_read) break;
  }
  EXPECT_GT(failed, 0u);
}

TEST_P(PrerollTest, ADamagedBlockIsReportedAndPassedOver) {
  h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_block_info(Reader(&file_).get(), kSound, 78, &block), H4MK_OK);
  file_.bytes[static_cast<size_t>(block.offset) + 20] ^= 1;
  Reader reader(&file_);
  ASSERT_EQ(h4mk_reader_set_preroll(reader.get(), kSound, 4), H4MK_OK);
  ASSERT_EQ(reader.Seek(kSound, 800, H4MK_SEEK_BACKWARD), H4MK_OK);
  const Reading reading = reader.ReadOn(10 * kBlocks);
  EXPECT_FALSE(reading.damage.empty());
  EXPECT_EQ(std::ranges::count(reading.ordinals, 80u),
            2);  // the block that was sought, and the picture
}

// Who would count through the numbers between these two would never end.
TEST(LostBlocksTest, NumbersThatTheFileDoesNotHaveArePassedOver) {
  TestFile file;
  Writer writer(&file, ClusterLimits(kSize, 0));
  writer.AddTrack();
  const Bytes data = Payload(1, kSize);
  for (const uint64_t ordinal : {uint64_t{0}, uint64_t{1} << 62}) {
    h4mk_block block = H4MK_BLOCK_INIT;
    block.flags = kKey | H4MK_BLOCK_ENCRYPTED;  // such a block keeps its number
    block.pts = block.dts = ordinal > 0;
    block.ordinal = ordinal;
    block.data = data.data();
    block.size = data.size();
    ASSERT_EQ(h4mk_writer_write(writer.get(), &block), H4MK_OK) << writer.message();
  }
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_encrypted = 1;
  Reader reader(&file, options);
  ASSERT_EQ(h4mk_reader_set_preroll(reader.get(), 0, 1), H4MK_OK);
  ASSERT_EQ(reader.Seek(0, 1, H4MK_SEEK_BACKWARD), H4MK_OK);
  const Reading reading = reader.ReadOn(10);
  EXPECT_EQ(reading.ordinals, (std::vector<uint64_t>{0, uint64_t{1} << 62}));
  EXPECT_EQ(reading.end, H4MK_END) << reader.message();
}

TEST_P(PrerollTest, ArgumentsAreChecked) {
  Reader reader(&file_);
  EXPECT_EQ(h4mk_reader_set_preroll(reader.get(), 2, 1), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_reader_set_preroll(reader.get(), 0, 65537), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_reader_set_preroll(nullptr, 0, 1), H4MK_ERR_ARGUMENT);
}

INSTANTIATE_TEST_SUITE_P(Versions, PrerollTest,
                         testing::Values(1, 2, static_cast<int>(H4MK_VERSION_TRANSPORT)));

}  // namespace
}  // namespace h4mk_test
