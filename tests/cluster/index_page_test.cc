// SPDX-License-Identifier: MIT
#include "cluster/index_page.h"

#include <gtest/gtest.h>

namespace h4mk {
namespace {

TrackIds Ids() {
  TrackIds ids;
  ids.Add(5);
  ids.Add(9);
  return ids;
}

IndexPage Example() {
  IndexPage page(2);
  page.previous = 100;
  page.trak = 16;
  page.clusters = {1000};
  page.AddKey(0, -50);
  page.AddKey(1, 7);
  page.AddKey(1, 9);
  page.clusters.push_back(1500);
  page.AddKey(1, 11);
  page.clusters.push_back(90000);
  page.AddKey(0, 400);
  page.totals[0].blocks = 12;
  page.totals[0].start_pts = -50;
  page.totals[0].first_dts = -60;
  return page;
}

TEST(IndexPage, ComesBack) {
  IndexPage page;
  ASSERT_TRUE(DecodePage(EncodePage(Example(), Ids(), 100000), Ids(), 100000, &page));
  EXPECT_EQ(page.previous, 100u);
  EXPECT_EQ(page.trak, 16u);
  EXPECT_EQ(page.meta, 0u);
  EXPECT_EQ(page.clusters, (std::vector<uint64_t>{1000, 1500, 90000}));
  EXPECT_EQ(page.tracks[0].cluster, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(page.tracks[0].first_time, (std::vector<int64_t>{-50, 400}));
  EXPECT_EQ(page.tracks[1].first_time, (std::vector<int64_t>{7, 11}));
  EXPECT_EQ(page.tracks[1].last_time, (std::vector<int64_t>{9, 11}));
  EXPECT_EQ(page.totals[0].blocks, 12u);
  EXPECT_EQ(page.totals[0].first_dts, -60);
  EXPECT_EQ(page.totals[1].start_pts, kNoTime);
}

// core.md, "Index": offsets are distances, so that chunks can be moved together.
TEST(IndexPage, MovesWithWhatItPointsTo) {
  IndexPage moved;
  ASSERT_TRUE(DecodePage(EncodePage(Example(), Ids(), 100000), Ids(), 100777, &moved));
  EXPECT_EQ(moved.clusters[2], 90777u);
  EXPECT_EQ(moved.previous, 877u);
}

TEST(IndexPage, KeepsNoTrackThatIsNotThere) {
  TrackIds other;
  other.Add(9);
  IndexPage page;
  ASSERT_TRUE(DecodePage(EncodePage(Example(), Ids(), 100000), other, 100000, &page));
  ASSERT_EQ(page.tracks.size(), 1u);
  EXPECT_EQ(page.tracks[0].first_time, (std::vector<int64_t>{7, 11}));
}

// A page before this one is really before it: following pages ends.
TEST(IndexPage, RefusesLoopsAndOffsetsOutsideOfTheFile) {
  IndexPage page = Example(), decoded;
  page.previous = 100001;
  EXPECT_FALSE(DecodePage(EncodePage(page, Ids(), 100000), Ids(), 100000, &decoded));
  EXPECT_FALSE(DecodePage(EncodePage(Example(), Ids(), 100000), Ids(), 5000, &decoded));
}

TEST(IndexPage, OrderedMeansOneBehindTheOther) {
  PageTrack track;
  EXPECT_TRUE(track.ordered());
  track = {{0, 1}, {0, 10}, {9, 20}};
  EXPECT_TRUE(track.ordered());
  track.first_time[1] = 9;
  EXPECT_FALSE(track.ordered()) << "equal times in two clusters";
}

TEST(IndexTop, ComesBack) {
  const Bytes payload = EncodePage(Example(), Ids(), 100000);
  IndexTop top, decoded;
  top.trak = 16;
  top.file_size = 200000;
  top.pages = {Summarize(Example(), 100000, payload.size() + 16), Summarize(IndexPage(2), 120000, 60)};
  top.totals.resize(2);
  ASSERT_TRUE(DecodeTop(EncodeTop(top, Ids(), 150000), Ids(), 150000, &decoded));
  EXPECT_EQ(decoded.file_size, 200000u);
  ASSERT_EQ(decoded.pages.size(), 2u);
  EXPECT_EQ(decoded.pages[0].offset, 100000u);
  EXPECT_EQ(decoded.pages[0].clusters, 3u);
  EXPECT_EQ(decoded.pages[0].tracks[1].entries, 2u);
  EXPECT_EQ(decoded.pages[0].tracks[1].last_time, 11);
  EXPECT_EQ(decoded.pages[1].tracks[1].entries, 0u);
}

TEST(IndexTop, NoPrefixIsAccepted) {
  IndexTop top;
  top.trak = 16;
  top.file_size = 2000;
  top.pages = {Summarize(Example(), 1000, 80)};
  top.totals.resize(2);
  const Bytes whole = EncodeTop(top, Ids(), 1500);
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(DecodeTop(ByteSpan(whole).first(size), Ids(), 1500, &top)) << size;
}

// core.md, "Page": totals.
TEST(TrackTotals, KnowsWhetherSeekingCanTakeTheShortWay) {
  const auto regular = [](std::vector<std::pair<int64_t, bool>> blocks) {
    TrackTotals totals;
    for (const auto& [pts, is_key] : blocks)
      totals.Add(Block{.flags = is_key ? kBlockKey : 1u, .pts = pts, .dts = kNoTime});
    return totals.regular;
  };
  EXPECT_TRUE(regular({{0, true}, {3, false}, {1, false}, {6, true}, {4, false}, {9, true}})) << "open GOP";
  EXPECT_FALSE(regular({{0, true}, {6, false}, {5, true}})) << "later than the next key";
  EXPECT_FALSE(regular({{0, true}, {5, true}, {0, false}})) << "not later than the key before the last";
}

}  // namespace
}  // namespace h4mk
