// SPDX-License-Identifier: MIT
// core.md, "Page", "Top" and "Totals": what is written comes back, and what cannot be is refused.
#include "index/index_page.h"

#include <gtest/gtest.h>

#include <functional>

#include "index/page_builder.h"

namespace h4mk {
namespace {

constexpr uint64_t kFileSize = 200000;
constexpr uint64_t kHere = 100000;  // where the page stands

TrackIds Ids() {
  TrackIds ids;
  ids.Add(5);
  ids.Add(9);
  return ids;
}

BlockRecord Key(int32_t track, int64_t time) {
  return {.pts = time, .dts = time, .duration = 2, .size = 10, .track = track, .flags = kBlockKey};
}
BlockRecord Other(int32_t track, int64_t time, uint32_t flags = 1) {
  return {.pts = time, .dts = kNoTime, .duration = 2, .size = 10, .track = track, .flags = flags};
}

IndexPage PageOf(const std::vector<std::vector<BlockRecord>>& clusters) {
  PageBuilder builder(2);
  uint64_t offset = 1000;
  for (const std::vector<BlockRecord>& blocks : clusters)
    builder.AddCluster(std::exchange(offset, offset + 700), blocks);
  IndexPage page = builder.Take();
  page.trak = 16;
  return page;
}

IndexPage Example() {
  IndexPage page = PageOf({{Key(0, -50), Other(0, -48), Other(0, -49), Key(1, 7), Key(1, 9)},
                           {Key(1, 11), Other(1, 12, kBlockKey | kBlockDiscard)},
                           {Other(0, 398), Key(0, 400)}});
  page.previous = 100;
  return page;
}

bool Decode(const IndexPage& page, IndexPage* decoded, uint64_t at = kHere) {
  return DecodePage(EncodePage(page, Ids(), kHere), Ids(), at, kFileSize, decoded);
}

TEST(IndexPage, ComesBack) {
  IndexPage page;
  ASSERT_TRUE(Decode(Example(), &page));
  EXPECT_EQ(page.previous, 100u);
  EXPECT_EQ(page.trak, 16u);
  EXPECT_EQ(page.meta, 0u);
  EXPECT_FALSE(page.is_copy);
  EXPECT_EQ(page.clusters, (std::vector<uint64_t>{1000, 1700, 2400}));
  EXPECT_EQ(page.tracks, Example().tracks);
  EXPECT_EQ(page.totals, Example().totals);
}

TEST(IndexPage, SpansTellBlocksFramesAndSeekPointsOfACluster) {
  const IndexPage page = Example();
  const PageTrack &first = page.tracks[0], &second = page.tracks[1];
  EXPECT_EQ(first.cluster, (Values{0, 2}));
  EXPECT_EQ(first.blocks, (Values{3, 2}));
  EXPECT_EQ(first.hidden, (Values{0, 0}));
  EXPECT_EQ(first.first_time, (Values{-50, 398})) << "of all blocks, not of seek points";
  EXPECT_EQ(first.first_key, (Values{-50, 400}));
  EXPECT_EQ(second.cluster, (Values{0, 1}));
  EXPECT_EQ(second.hidden, (Values{0, 1})) << "a block marked discard";
  EXPECT_EQ(second.first_key, (Values{7, 11}));
  EXPECT_EQ(second.last_key, (Values{9, 12})) << "decoding can start at what is not shown";
}

TEST(IndexPage, AClusterWithoutTimesHasTheTimeOfTheOneBefore) {
  const BlockRecord untimed{.pts = kNoTime, .dts = kNoTime, .track = 0, .flags = kBlockKey};
  const PageTrack track = PageOf({{untimed}, {Key(0, 40)}, {untimed}}).tracks[0];
  EXPECT_EQ(track.first_time, (Values{0, 40, 40}));
  EXPECT_EQ(track.hidden, (Values{1, 0, 1}));
  EXPECT_EQ(track.key_span, (Values{1})) << "a seek point has a time";
}

// Pages that nobody names can list the same clusters again and again; all of them together have
// room for so much. The page has 3 clusters, and 2 of its tracks stand in 2 of them each.
TEST(IndexPage, ABudgetBoundsWhatPagesList) {
  const Bytes payload = EncodePage(Example(), Ids(), kHere);
  for (const uint64_t left : {0u, 2u, 3u, 6u, 7u}) {
    IndexBudget budget(0);
    ASSERT_TRUE(budget.TakeValues(4096 - left));
    IndexPage page;
    EXPECT_EQ(DecodePage(payload, Ids(), kHere, kFileSize, &page, &budget), left == 7) << left;
    EXPECT_FALSE(budget.TakeValues(1));
  }
}

// core.md, "Page": the times of frames are stored where that takes few bytes.
TEST(IndexPage, TimesOfFramesAreStoredWhereTheyAreCheap) {
  std::vector<std::vector<BlockRecord>> constant, odd, film, sound;
  h4mk::Values times;
  for (int64_t i = 0; i < 40; ++i) {
    constant.push_back({Key(0, 10 * i), Other(0, 10 * i + 6), Other(0, 10 * i + 2),
                        Other(0, 10 * i + 4), Other(0, 10 * i + 8),
                        Other(0, 10 * i + 9, kBlockDiscard)});
    odd.push_back({Key(0, 10 * i + i * i % 7), Other(0, 10 * i + 8)});
    sound.push_back({Key(0, 64 * i / 3), Key(0, (64 * i + 32) / 3)});
    film.push_back(
        {Key(0, 125 * i / 3), Other(0, (125 * i + 62) / 3), Key(1, 50 * i), Key(1, 50 * i + 25)});
    for (int64_t t : {0, 2, 4, 6, 8}) times.push_back(10 * i + t);
  }
  IndexPage page;
  ASSERT_TRUE(Decode(PageOf(constant), &page));
  Values decoded;
  ASSERT_TRUE(page.tracks[0].DecodeTimes(&decoded));
  EXPECT_EQ(decoded, times);
  EXPECT_TRUE(PageOf(odd).tracks[0].times.empty());
  EXPECT_FALSE(PageOf(film).tracks[0].times.empty()) << "rounded to milliseconds";
  EXPECT_TRUE(PageOf(sound).tracks[0].times.empty()) << "of sound that is not worth it";
}

// However many blocks a cluster has, a writer keeps the times of a bounded number of frames.
TEST(IndexPage, ABuilderKeepsABoundedNumberOfTimes) {
  PageBuilder builder(2, /*most_times=*/100);
  for (int64_t i = 0; i < 200; ++i)
    builder.AddCluster(1000 + 100 * static_cast<uint64_t>(i),
                       std::vector{Key(0, i), Key(0, i), Key(1, i / 50 * 50)});
  std::span<const int64_t> times;
  EXPECT_FALSE(builder.Times(0, &times));
  EXPECT_EQ(times.size(), 0u);
  EXPECT_TRUE(builder.Take().tracks[0].times.empty());
  EXPECT_TRUE(builder.Times(0, &times)) << "the next page begins anew";
}

// core.md, "Index": offsets are distances, so that chunks can be moved together.
TEST(IndexPage, MovesWithWhatItPointsTo) {
  IndexPage moved;
  ASSERT_TRUE(Decode(Example(), &moved, kHere + 777));
  EXPECT_EQ(moved.clusters[2], 3177u);
  EXPECT_EQ(moved.previous, 877u);
}

TEST(IndexPage, ACopyNamesNothingButItsClusters) {
  const Bytes payload = EncodePage(Example(), Ids(), kHere);
  IndexPage copy;
  ASSERT_TRUE(DecodePage(CopyOfPage(payload, kHere, 5000, 0), Ids(), 5000, kFileSize, &copy));
  EXPECT_TRUE(copy.is_copy);
  EXPECT_EQ(copy.clusters, Example().clusters);
  EXPECT_EQ(copy.previous + copy.trak + copy.meta, 0u);
  ASSERT_TRUE(DecodePage(CopyOfPage(payload, kHere, 16, 300), Ids(), 16, kFileSize, &copy))
      << "in front of its clusters";
  EXPECT_EQ(copy.clusters[0], 1300u);
}

TEST(IndexPage, KeepsNoTrackThatIsNotThere) {
  TrackIds other;
  other.Add(9);
  IndexPage page;
  ASSERT_TRUE(DecodePage(EncodePage(Example(), Ids(), kHere), other, kHere, kFileSize, &page));
  ASSERT_EQ(page.tracks.size(), 1u);
  EXPECT_EQ(page.tracks[0].first_key, (Values{7, 11}));
}

TEST(IndexPage, BytesBehindItAreIgnored) {
  Bytes payload = EncodePage(Example(), Ids(), kHere);
  payload.push_back(0xFF);
  IndexPage page;
  EXPECT_TRUE(DecodePage(payload, Ids(), kHere, kFileSize, &page));
}

TEST(IndexPage, NoPrefixIsAccepted) {
  const Bytes whole = EncodePage(Example(), Ids(), kHere);
  IndexPage page;
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(DecodePage(ByteSpan(whole).first(size), Ids(), kHere, kFileSize, &page)) << size;
}

// A page is changed, and refused; unchanged it is read.
class BadPage : public testing::Test {
 protected:
  static bool IsRefused(const std::function<void(IndexPage*)>& change) {
    IndexPage page = Example(), decoded;
    EXPECT_TRUE(Decode(page, &decoded));
    change(&page);
    return !Decode(page, &decoded);
  }
};

TEST_F(BadPage, ReservedFlags) {
  Bytes payload = EncodePage(Example(), Ids(), kHere);
  IndexPage page;
  payload[kPageFlags] = 2;
  EXPECT_FALSE(DecodePage(payload, Ids(), kHere, kFileSize, &page));
}

TEST_F(BadPage, OriginalsNameATrackListAndCopiesDoNot) {
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->trak = 0; }));
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->is_copy = true; }));
}

// The header of the file takes 16 bytes.
TEST_F(BadPage, ChunksThatBeginInsideOfTheHeader) {
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->trak = 15; }));
  EXPECT_FALSE(IsRefused([](IndexPage* page) { page->trak = 16; }));
}

// A page before this one is really before it: following pages ends.
TEST_F(BadPage, LoopsAndClustersOutsideOfTheFile) {
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->previous = kHere + 1; }));
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->clusters[2] = kHere - 30; }))
      << "no room for a cluster";
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->clusters[1] = 1030; }))
      << "closer than a cluster takes";
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->clusters[1] = 900; }));
}

TEST_F(BadPage, SpansOutOfOrder) {
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->tracks[0].cluster = {2, 0}; }));
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->tracks[0].cluster[1] = 3; }));
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->tracks[0].key_span = {1, 0}; }));
}

// Every block takes a byte of its cluster: work and memory stay in proportion to the file.
TEST_F(BadPage, MoreBlocksThanAClusterCanHave) {
  EXPECT_FALSE(IsRefused([](IndexPage* page) { page->tracks[0].blocks[0] = 698; }))
      << "700 bytes, two of track 1";
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->tracks[0].blocks[0] = 699; }));
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->tracks[0].blocks[1] = 65536; }));
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->tracks[0].blocks[1] = 0; }));
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->tracks[0].hidden[1] = 3; }));
  EXPECT_TRUE(IsRefused([](IndexPage* page) { page->tracks[0].hidden[1] = -1; }));
}

TEST_F(BadPage, ATrackTwice) {
  TrackIds twice;
  twice.Add(5);
  twice.Add(5);
  IndexPage page;
  EXPECT_FALSE(DecodePage(EncodePage(Example(), twice, kHere), Ids(), kHere, kFileSize, &page));
}

TEST_F(BadPage, MoreClustersThanTheLimit) {
  constexpr uint64_t here = 4000000;
  for (const size_t count : {kMaxPageClusters, kMaxPageClusters + 1}) {
    IndexPage page(2), decoded;
    page.trak = 16;
    for (size_t i = 0; i < count; ++i) page.clusters.push_back(1000 + 40 * i);
    EXPECT_EQ(DecodePage(EncodePage(page, Ids(), here), Ids(), here, 2 * here, &decoded),
              count == kMaxPageClusters);
  }
}

TEST_F(BadPage, ClustersWithoutAPlace) {
  Bytes payload = EncodePage(Example(), Ids(), kHere);
  std::fill_n(payload.begin() + 29, 8, uint8_t{0});  // the distance to the first one
  IndexPage page;
  EXPECT_FALSE(DecodePage(payload, Ids(), kHere, kFileSize, &page));
}

TrackIds ManyIds(size_t count) {
  TrackIds ids;
  for (size_t i = 0; i < count; ++i) ids.Add(static_cast<uint32_t>(i + 1));
  return ids;
}

TEST_F(BadPage, MoreTracksThanTheLimit) {
  for (const size_t count : {kMaxIndexTracks, kMaxIndexTracks + 1}) {
    const TrackIds ids = ManyIds(count);
    std::vector<BlockRecord> blocks;
    for (size_t i = 0; i < count; ++i) blocks.push_back(Key(static_cast<int32_t>(i), 0));
    PageBuilder builder(count);
    builder.AddCluster(1000, blocks);
    IndexPage page = builder.Take(), decoded;
    page.trak = 16;
    EXPECT_EQ(DecodePage(EncodePage(page, ids, kHere), ids, kHere, kFileSize, &decoded),
              count == kMaxIndexTracks);
  }
}

TEST(PageTrack, OrderedMeansOneBehindTheOther) {
  PageTrack track;
  EXPECT_TRUE(track.ordered());
  track.key_span = {0, 1};
  track.first_key = {0, 10};
  track.last_key = {9, 20};
  EXPECT_TRUE(track.ordered());
  track.first_key[1] = 20;
  EXPECT_TRUE(track.ordered()) << "a cluster with one seek point";
  track.first_key[1] = 21;
  EXPECT_FALSE(track.ordered()) << "a range that ends before it begins";
  track.first_key[1] = 9;
  EXPECT_FALSE(track.ordered()) << "equal times in two clusters";
}

IndexTop ExampleTop() {
  IndexTop top;
  top.trak = 16;
  top.first_cluster = 1000;
  top.file_size = kFileSize;
  top.pages = {Summarize(Example(), kHere, 150, nullptr)};
  top.pages.push_back(Summarize(IndexPage(2), 120000, 60, &top.pages[0]));
  top.totals = Example().totals;
  return top;
}

bool DecodeTop(const IndexTop& top, IndexTop* decoded) {
  return h4mk::DecodeTop(EncodeTop(top, Ids(), 150000), Ids(), 150000, decoded);
}

TEST(IndexTop, ComesBack) {
  IndexTop top;
  ASSERT_TRUE(DecodeTop(ExampleTop(), &top));
  EXPECT_EQ(top.file_size, kFileSize);
  EXPECT_EQ(top.first_cluster, 1000u);
  ASSERT_EQ(top.pages.size(), 2u);
  EXPECT_EQ(top.pages[0].offset, kHere);
  EXPECT_EQ(top.pages[0].clusters, 3u);
  EXPECT_EQ(top.pages[0].tracks, ExampleTop().pages[0].tracks);
  EXPECT_EQ(top.pages[0].tracks[1].blocks, 4u);
  EXPECT_EQ(top.pages[0].tracks[1].hidden, 1u);
  EXPECT_EQ(top.pages[0].tracks[1].last_key, 12);
  EXPECT_EQ(top.pages[1].tracks[1].keys, 0u);
  EXPECT_EQ(top.totals, ExampleTop().totals);
}

// core.md, "Top": so that its columns stay small.
TEST(IndexTop, APageWithoutBlocksHasTheTimesOfTheOneBefore) {
  const IndexTop top = ExampleTop();
  EXPECT_EQ(top.pages[1].tracks[1].first_time, 7);
  EXPECT_EQ(top.pages[1].tracks[1].first_key, 7);
  EXPECT_EQ(top.pages[1].tracks[1].last_key, 7);
}

// core.md, "Top": what a binary search for a frame goes by.
TEST(IndexTop, TheFirstTimeOfAPageIsThatOfClustersWithFrames) {
  const BlockRecord untimed{.pts = kNoTime, .dts = kNoTime, .track = 0, .flags = 1};
  EXPECT_EQ(Summarize(PageOf({{untimed}, {Key(0, 40)}}), kHere, 100, nullptr).tracks[0].first_time,
            40);
}

TEST(IndexTop, NoPrefixIsAccepted) {
  const Bytes whole = EncodeTop(ExampleTop(), Ids(), 150000);
  IndexTop top;
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(h4mk::DecodeTop(ByteSpan(whole).first(size), Ids(), 150000, &top)) << size;
}

class BadTop : public testing::Test {
 protected:
  static bool IsRefused(const std::function<void(IndexTop*)>& change) {
    IndexTop top = ExampleTop(), decoded;
    EXPECT_TRUE(DecodeTop(top, &decoded));
    change(&top);
    return !DecodeTop(top, &decoded);
  }
};

TEST_F(BadTop, APageTwice) {
  EXPECT_TRUE(IsRefused([](IndexTop* top) { top->pages[1].offset = top->pages[0].offset; }));
}

TEST_F(BadTop, MoreClustersOrBlocksThanTheFileHasRoomFor) {
  EXPECT_TRUE(IsRefused([](IndexTop* top) { top->pages[1].clusters = kFileSize / 31 - 2; }));
  EXPECT_FALSE(IsRefused([](IndexTop* top) { top->pages[1].clusters = kFileSize / 31 - 3; }));
  EXPECT_TRUE(IsRefused([](IndexTop* top) { top->pages[1].tracks[0].blocks = kFileSize; }));
  EXPECT_TRUE(IsRefused([](IndexTop* top) { top->pages[0].tracks[0].hidden = 6; }));
  EXPECT_TRUE(IsRefused([](IndexTop* top) { top->pages[0].tracks[0].keys = 4; }));
}

TEST_F(BadTop, MorePagesTimesTracksThanTheLimit) {
  IndexTop top = ExampleTop(), decoded;
  top.file_size = uint64_t{1} << 40;
  for (uint64_t i = top.pages.size(); i <= kMaxTopCells / 2; ++i) {
    top.pages.push_back(top.pages[1]);
    top.pages.back().offset = 120000 + i;
  }
  EXPECT_FALSE(DecodeTop(top, &decoded));
  top.pages.pop_back();
  EXPECT_TRUE(DecodeTop(top, &decoded));
}

// The same where the file has more tracks than the reader knows of.
TEST_F(BadTop, MorePagesTimesUnknownTracksThanTheLimit) {
  IndexTop top = ExampleTop(), decoded;
  top.file_size = uint64_t{1} << 40;
  top.totals.resize(4);
  for (PageRef& page : top.pages) page.tracks.resize(4);
  for (uint64_t i = top.pages.size(); i <= kMaxTopCells / 4; ++i) {
    top.pages.push_back(top.pages[1]);
    top.pages.back().offset = 120000 + i;
  }
  const auto is_read = [&] {
    return h4mk::DecodeTop(EncodeTop(top, ManyIds(4), 150000), ManyIds(2), 150000, &decoded);
  };
  EXPECT_FALSE(is_read());
  top.pages.pop_back();
  EXPECT_TRUE(is_read());
}

TEST_F(BadTop, MoreTracksThanTheLimit) {
  for (const size_t count : {kMaxIndexTracks, kMaxIndexTracks + 1}) {
    IndexTop top, decoded;
    top.trak = 16;
    top.file_size = kFileSize;
    top.totals.resize(count);
    const TrackIds ids = ManyIds(count);
    EXPECT_EQ(h4mk::DecodeTop(EncodeTop(top, ids, 150000), ids, 150000, &decoded),
              count == kMaxIndexTracks);
  }
}

// Each at its limit, and one beyond.
TEST_F(BadTop, PagesThatCannotBe) {
  const auto is_refused = [](void (*change)(PageRef*, uint64_t), uint64_t value) {
    return IsRefused([&](IndexTop* top) {
      top->file_size = uint64_t{1} << 40;
      change(&top->pages[1], value);
    });
  };
  const auto set_size = [](PageRef* page, uint64_t value) { page->size = value; };
  const auto set_offset = [](PageRef* page, uint64_t value) { page->offset = value; };
  const auto set_clusters = [](PageRef* page, uint64_t value) { page->clusters = value; };
  EXPECT_TRUE(is_refused(set_size, 0));
  EXPECT_FALSE(is_refused(set_size, 1));
  EXPECT_FALSE(is_refused(set_size, INT32_MAX));
  EXPECT_TRUE(is_refused(set_size, uint64_t{INT32_MAX} + 1));
  EXPECT_TRUE(is_refused(set_offset, 15));
  EXPECT_FALSE(is_refused(set_offset, 16));
  EXPECT_FALSE(is_refused(set_clusters, kMaxPageClusters));
  EXPECT_TRUE(is_refused(set_clusters, kMaxPageClusters + 1));
}

TEST(IndexChunk, ItsFirstBytesSayWhatItIs) {
  const Bytes page = EncodePage(Example(), Ids(), kHere),
              top = EncodeTop(ExampleTop(), Ids(), 150000);
  EXPECT_TRUE(IsPage(page));
  EXPECT_FALSE(IsTop(page));
  EXPECT_TRUE(IsTop(top));
  EXPECT_FALSE(IsPage(top));
  for (size_t size = 0; size < 4; ++size) {
    EXPECT_FALSE(IsPage(Bytes(page.begin(), page.begin() + static_cast<ptrdiff_t>(size))));
    EXPECT_FALSE(IsTop(Bytes(top.begin(), top.begin() + static_cast<ptrdiff_t>(size))));
  }
}

TEST(IndexChunk, IsReadOnlyAsWhatItsFirstBytesSay) {
  Bytes page = EncodePage(Example(), Ids(), kHere), top = EncodeTop(ExampleTop(), Ids(), 150000);
  ++page[0];
  ++top[0];
  IndexPage decoded;
  IndexTop decoded_top;
  EXPECT_FALSE(DecodePage(page, Ids(), kHere, kFileSize, &decoded));
  EXPECT_FALSE(h4mk::DecodeTop(top, Ids(), 150000, &decoded_top));
}

// core.md, "Locator": the index top is a chunk that ends before it.
TEST(IndexTail, LeadsToATopThatIsBeforeIt) {
  const auto is_read = [](const Tail& tail, uint8_t first_byte = 'H') {
    Bytes payload = EncodeTail(tail, kHere);
    payload[0] = first_byte;
    Tail decoded;
    const bool is_read = DecodeTail(payload, kHere, &decoded);
    if (is_read) {
      EXPECT_EQ(decoded.top, tail.top);
      EXPECT_EQ(decoded.top_size, tail.top_size);
    }
    return is_read;
  };
  EXPECT_TRUE(is_read({kHere - 500, 500}));
  EXPECT_FALSE(is_read({kHere - 500, 500}, 'I')) << "another kind of chunk";
  EXPECT_FALSE(is_read({kHere - 500, 501}));
  EXPECT_FALSE(is_read({0, 500})) << "nowhere";
  EXPECT_FALSE(is_read({kHere, 0}));
  EXPECT_FALSE(is_read({kHere + 1, 0}));
  const Bytes whole = EncodeTail({kHere - 500, 500}, kHere);
  Tail decoded;
  EXPECT_FALSE(DecodeTail(ByteSpan(whole).first(whole.size() - 1), kHere, &decoded));
}

// core.md, "Totals".
class Totals : public testing::Test {
 protected:
  static bool Overlaps(const std::vector<std::vector<int64_t>>& clusters) {
    std::vector<std::vector<BlockRecord>> blocks;
    for (const std::vector<int64_t>& times : clusters) {
      blocks.emplace_back();
      for (int64_t time : times) blocks.back().push_back(Other(0, time));
    }
    return PageOf(blocks).totals[0].overlaps;
  }
};

TEST_F(Totals, ClustersOverlapWhereABlockIsNotLaterThanOneBefore) {
  EXPECT_FALSE(Overlaps({{0, 3, 1, 2}, {6, 4, 5}})) << "an open GOP";
  EXPECT_TRUE(Overlaps({{0, 3}, {1, 2}})) << "cut between a frame and those shown before it";
  EXPECT_TRUE(Overlaps({{0, 3}, {3, 4}})) << "equal times";
  EXPECT_TRUE(Overlaps({{0, 9}, {10}, {5}}));
  EXPECT_FALSE(Overlaps({{kNoTime}, {1}, {kNoTime}, {2}}));
}

TEST_F(Totals, CountWhatIsShown) {
  const TrackTotals totals =
      PageOf({{Other(0, kNoTime), Other(0, 5, kBlockDiscard), Key(0, 7)}, {Other(0, 9)}}).totals[0];
  EXPECT_EQ(totals.blocks, 4u);
  EXPECT_EQ(totals.hidden, 2u);
  EXPECT_EQ(totals.bytes, 40u);
  EXPECT_EQ(totals.start_pts, 7);
  EXPECT_EQ(totals.end_pts, 11);
  EXPECT_FALSE(totals.all_key);
  EXPECT_FALSE(totals.starts_with_key);
}

// A walk that goes on behind pages knows the largest end from them, not the largest time.
TEST_F(Totals, GoOnFromThoseThatWereRead) {
  const TrackTotals before = PageOf({{Key(0, 10), Key(0, 20)}}).totals[0];
  const auto overlaps_with = [&](int64_t time) {
    PageBuilder builder(1);
    builder.Resume({before});
    builder.AddCluster(5000, std::vector{Key(0, time)});
    EXPECT_EQ(builder.totals()[0].blocks, 3u);
    return builder.totals()[0].overlaps;
  };
  EXPECT_FALSE(overlaps_with(22));
  EXPECT_TRUE(overlaps_with(20));
}

}  // namespace
}  // namespace h4mk
