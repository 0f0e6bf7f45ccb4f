// SPDX-License-Identifier: MIT
//
// core.md, "TRAK": tracks, tags and chapters that come while a recording runs.
#include <gtest/gtest.h>

#include <string>

#include "support/chunks.h"
#include "support/container.h"

namespace h4mk_test {
namespace {

class LateTrackTest : public testing::Test {
 protected:
  LateTrackTest() : writer_(&file_) {
    writer_.AddTrack();
    Write(0, 0);
    Write(0, 1);
    before_ = file_.bytes.size();
    writer_.AddTrack({.kind = "audio", .codec = "aac"});
    Write(1, 2);
    Write(0, 3);
    h4mk_writer_set_meta(writer_.get(), ParseJson(R"({"tags":{"title":"later"}})").get());
    EXPECT_EQ(writer_.Flush(), H4MK_OK);
    Write(1, 4);
  }

  void Write(uint32_t track, int64_t time) {
    EXPECT_EQ(writer_.Write({.track = track,
                             .pts = time,
                             .dts = time,
                             .data = Payload(static_cast<int>(time), 20)}),
              H4MK_OK);
  }

  static std::vector<uint32_t> TracksOf(const Reading& reading) {
    std::vector<uint32_t> tracks;
    for (const Block& block : reading.blocks) tracks.push_back(block.track);
    return tracks;
  }

  TestFile file_;
  Writer writer_;
  size_t before_ = 0;
};

TEST_F(LateTrackTest, AClosedFileHasAllOfThemFromTheBeginning) {
  ASSERT_EQ(writer_.Finish(), H4MK_OK);
  TestFile view(file_.bytes);
  Reader reader(&view);
  EXPECT_EQ(h4mk_reader_track_count(reader.get()), 2u);
  EXPECT_EQ(h4mk_reader_changes(reader.get()), 0u);
  EXPECT_EQ(TracksOf(reader.ReadOn()), (std::vector<uint32_t>{0, 0, 1, 0, 1}));
  Block block;
  ASSERT_EQ(reader.Seek(1, 4, 0), H4MK_OK);
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  EXPECT_EQ(block.pts, 4);
}

// It is unpacked like one that was there from the beginning.
TEST_F(LateTrackTest, ATrackThatComesOnTheWayMayBeCompressed) {
  writer_.AddTrack({.kind = "data", .codec = "none", .compression = "zstd"});
  const Bytes text(1000, 'a');
  ASSERT_EQ(writer_.Write({.track = 2, .pts = 5, .dts = 5, .data = text}), H4MK_OK);
  ASSERT_EQ(writer_.Finish(), H4MK_OK);
  TestFile file(file_.bytes), pipe(file_.bytes);
  pipe.pipe = true;
  for (TestFile* input : {&file, &pipe}) {
    Reader reader(input);
    const Reading reading = reader.ReadOn();
    ASSERT_EQ(reading.blocks.size(), 6u);
    EXPECT_EQ(reading.blocks.back().data, text);
  }
}

TEST_F(LateTrackTest, AFileWithoutAnEndToo) {
  ASSERT_EQ(writer_.Flush(), H4MK_OK);
  TestFile view(file_.bytes);
  Reader reader(&view);
  EXPECT_EQ(h4mk_reader_track_count(reader.get()), 2u);
  EXPECT_EQ(TracksOf(reader.ReadOn()), (std::vector<uint32_t>{0, 0, 1, 0, 1}));
}

TEST_F(LateTrackTest, APipeLearnsOfThemOnTheWay) {
  ASSERT_EQ(writer_.Finish(), H4MK_OK);
  TestFile pipe(file_.bytes);
  pipe.pipe = true;
  Reader reader(&pipe);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  EXPECT_EQ(h4mk_reader_track_count(reader.get()), 1u);
  unsigned seen = 0;
  for (const uint32_t track : {0, 0, 1, 0, 1}) {
    Block block;
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
    EXPECT_EQ(block.track, track);
    EXPECT_LT(block.track, h4mk_reader_track_count(reader.get()));
    const unsigned changes = h4mk_reader_changes(reader.get());
    if (track == 1 && !(seen & H4MK_CHANGED_TRACKS)) {
      EXPECT_TRUE(changes & H4MK_CHANGED_TRACKS);
    }
    seen |= changes;
  }
  EXPECT_EQ(seen, H4MK_CHANGED_TRACKS | H4MK_CHANGED_META);
  EXPECT_STREQ(h4mk_value_get_text(h4mk_reader_track(reader.get(), 1), "codec"), "aac");
}

TEST_F(LateTrackTest, AReaderOfAGrowingFileLearnsOfThem) {
  ASSERT_EQ(writer_.Flush(), H4MK_OK);
  TestFile growing(
      Bytes(file_.bytes.begin(), file_.bytes.begin() + static_cast<ptrdiff_t>(before_)));
  Reader reader(&growing);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  EXPECT_EQ(reader.ReadOn().end, H4MK_AGAIN);
  growing.bytes = file_.bytes;
  EXPECT_EQ(reader.ReadOn().blocks.size() > 0, true);
  EXPECT_EQ(h4mk_reader_track_count(reader.get()), 2u);
  EXPECT_EQ(h4mk_reader_changes(reader.get()), H4MK_CHANGED_TRACKS | H4MK_CHANGED_META);
  Block block;
  ASSERT_EQ(reader.Seek(1, 4, 0), H4MK_OK) << reader.message();
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  EXPECT_EQ(block.pts, 4);
}

// A TRAK that takes a track away, or changes what its blocks mean, is not taken over.
TEST_F(LateTrackTest, TracksStay) {
  ASSERT_EQ(writer_.Flush(), H4MK_OK);
  Bytes bytes = file_.bytes;
  std::vector<Chunk> chunks = WalkChunks(bytes);
  const auto later = std::find_if(chunks.rbegin(), chunks.rend(),
                                  [](const Chunk& chunk) { return chunk.tag == "TRAK"; });
  const Bytes id = ToBytes("\"track_id\":1");
  const auto at = std::search(bytes.begin() + static_cast<ptrdiff_t>(later->begin), bytes.end(),
                              id.begin(), id.end());
  ASSERT_NE(at, bytes.end());
  at[11] = '9';
  FixCrc(&bytes, *later);
  TestFile view(bytes);
  Reader reader(&view);
  ASSERT_EQ(reader.status(), H4MK_OK);
  EXPECT_EQ(h4mk_reader_track_count(reader.get()), 1u);
  EXPECT_FALSE(reader.Warnings().empty());
}

// The same in as many steps as there are bytes: what describes the next cluster may come long
// before that.
TEST_F(LateTrackTest, SeeksAsTheFileGrowsByteByByte) {
  ASSERT_EQ(writer_.Flush(), H4MK_OK);
  TestFile growing(
      Bytes(file_.bytes.begin(), file_.bytes.begin() + static_cast<ptrdiff_t>(before_)));
  Reader reader(&growing);
  for (size_t size = before_; size < file_.bytes.size(); ++size) {
    growing.bytes.push_back(file_.bytes[size]);
    const h4mk_status sought = reader.Seek(0, 0, H4MK_SEEK_BACKWARD);
    ASSERT_TRUE(sought == H4MK_OK || sought == H4MK_ERR_NOT_FOUND) << reader.message();
  }
  EXPECT_EQ(h4mk_reader_track_count(reader.get()), 2u);
  EXPECT_EQ(reader.Seek(1, 4, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
  EXPECT_NE(h4mk_value_get(h4mk_reader_meta(reader.get()), "tags"), nullptr);
}

// core.md, "Which description counts": what stands before a locator.
TEST_F(LateTrackTest, WhoFollowsAFileToItsEndLearnsWhatThatSays) {
  TestFile read(file_.bytes), sought(file_.bytes);
  Reader reader(&read), seeker(&sought);
  EXPECT_EQ(reader.ReadOn().end, H4MK_AGAIN);
  EXPECT_EQ(seeker.ReadOn().end, H4MK_AGAIN);
  h4mk_writer_set_meta(writer_.get(), ParseJson(R"({"tags":{"title":"last"}})").get());
  ASSERT_EQ(writer_.Finish(), H4MK_OK);
  read.bytes = sought.bytes = file_.bytes;
  EXPECT_EQ(reader.ReadOn().end, H4MK_END);
  EXPECT_EQ(seeker.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK);
  for (Reader* follower : {&reader, &seeker}) {
    EXPECT_NE(h4mk_reader_changes(follower->get()) & H4MK_CHANGED_META, 0u);
    const h4mk_value* tags = h4mk_value_get(h4mk_reader_meta(follower->get()), "tags");
    ASSERT_NE(tags, nullptr);
    EXPECT_STREQ(h4mk_value_get_text(tags, "title"), "last");
  }
}

// A read that fails while a seek takes in what was appended: the next seek finds all of it.
TEST_F(LateTrackTest, EveryReadOfWhatWasAppendedFailsOnce) {
  const std::string long_title(300000, 'x');  // more than is read in one go
  const std::string meta = R"({"tags":{"title":")" + long_title + R"("}})";
  writer_.AddTrack({.kind = "subtitle", .codec = "subrip"});
  h4mk_writer_set_meta(writer_.get(), ParseJson(meta.c_str()).get());
  Write(2, 5);
  Write(0, 6);
  ASSERT_EQ(writer_.Flush(), H4MK_OK);
  size_t failed = 0, call = 0;
  for (bool is_done = false; !is_done; ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    TestFile growing(
        Bytes(file_.bytes.begin(), file_.bytes.begin() + static_cast<ptrdiff_t>(before_)));
    Reader reader(&growing);
    EXPECT_EQ(reader.Warnings().size(), 1u) << "it has no end";
    growing.bytes = file_.bytes;
    growing.failing_read = growing.reads + call;
    h4mk_status sought = reader.Seek(0, 6, H4MK_SEEK_BACKWARD);
    is_done = growing.reads <= growing.failing_read;
    failed += sought == H4MK_ERR_IO;
    if (sought == H4MK_ERR_IO) sought = reader.Seek(0, 6, H4MK_SEEK_BACKWARD);
    ASSERT_EQ(sought, H4MK_OK) << reader.message();
    EXPECT_EQ(h4mk_reader_track_count(reader.get()), 3u);
    EXPECT_EQ(reader.Seek(2, 5, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
    const h4mk_value* tags = h4mk_value_get(h4mk_reader_meta(reader.get()), "tags");
    ASSERT_NE(tags, nullptr);
    EXPECT_EQ(h4mk_value_get_text(tags, "title"), long_title);
    EXPECT_EQ(reader.Warnings(), std::vector<std::string>());
  }
  EXPECT_GE(failed, 3u) << "of " << call;
}

}  // namespace
}  // namespace h4mk_test
