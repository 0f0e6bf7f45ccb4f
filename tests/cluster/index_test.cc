// SPDX-License-Identifier: MIT
// Looking up in the pages of an index: which pages an answer needs, and what is said where one of
// them is damaged or contradicts the index top.
#include "index/index.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/memory_io.h"
#include "index/page_builder.h"
#include "support/chunks.h"

namespace h4mk {
namespace {

using Clusters = std::vector<std::vector<BlockRecord>>;

BlockRecord Key(int32_t track, int64_t time) {
  return {.pts = time, .dts = time, .duration = 2, .size = 10, .track = track, .flags = kBlockKey};
}
BlockRecord Other(int32_t track, int64_t time) {
  return {.pts = time, .dts = time, .duration = 2, .size = 10, .track = track, .flags = 0};
}

TrackIds TwoTracks() {
  TrackIds ids;
  ids.Add(5);
  ids.Add(9);
  return ids;
}

// A file whose clusters nobody reads: only its pages are there.
class IndexFile {
 public:
  explicit IndexFile(const std::vector<Clusters>& pages) {
    bytes_ = h4mk_test::MakeHeader(2);
    bytes_.resize(20000);
    uint64_t cluster = 1000;
    for (const Clusters& clusters : pages) {
      PageBuilder builder(ids_.size());
      for (const std::vector<BlockRecord>& blocks : clusters)
        builder.AddCluster(std::exchange(cluster, cluster + 100), blocks);
      IndexPage page = builder.Take();
      page.trak = 16;
      const size_t offset = bytes_.size();
      const Bytes chunk = h4mk_test::MakeChunk("TSEK", EncodePage(page, ids_, offset));
      refs.push_back(Summarize(page, offset, chunk.size(), refs.empty() ? nullptr : &refs.back()));
      bytes_.insert(bytes_.end(), chunk.begin(), chunk.end());
    }
  }

  void Damage(size_t page) { bytes_[refs[page].offset + h4mk_test::kChunkHeaderSize + 40] ^= 1; }

  // What the top says of the pages.
  std::vector<PageRef> refs;

  // Opened anew: nothing is in memory.
  Index& Open() {
    reader_ = std::make_unique<Opened>(bytes_, ids_);
    reader_->index.set_file_size(bytes_.size());
    for (const PageRef& ref : refs) reader_->index.AddPage(ref);
    return reader_->index;
  }

 private:
  struct Opened {
    Opened(ByteSpan bytes, const TrackIds& ids)
        : input(bytes), source(input), chunks(source), index(chunks, ids) {}
    MemoryInput input;
    Source source;
    ChunkReader chunks;
    Index index;
  };

  const TrackIds ids_ = TwoTracks();
  Bytes bytes_;
  std::unique_ptr<Opened> reader_;
};

// A question to an index. The answer is only looked at where it matters.
struct Lookup {
  const char* name;
  std::function<Status(Index&)> ask;
};

std::vector<Lookup> AllLookups(int64_t time) {
  static ClusterRef cluster;
  static SpanRef span;
  static bool found;
  static Index::Found where;
  static std::vector<ClusterRef> clusters;
  static std::span<const int64_t> times;
  static int64_t first_time;
  const auto visit = [](const ClusterRef&) { return Status(); };
  cluster = ClusterRef();
  return {
      {"Find backward", [=](Index& i) { return i.Find(0, time, true, &where, &cluster); }},
      {"Find forward", [=](Index& i) { return i.Find(0, time, false, &where, &cluster); }},
      {"ForCandidates", [=](Index& i) { return i.ForCandidates(0, time, true, visit); }},
      {"ForBetween", [=](Index& i) { return i.ForBetween(0, time, time + 5, visit); }},
      {"FindFirst", [=](Index& i) { return i.FindFirst(0, &cluster, &found); }},
      {"FindKeyBefore",
       [=](Index& i) {
         return i.FindKeyBefore(0, {0, 9, 9999}, time, &cluster, &found);
       }},
      {"ForEntries", [=](Index& i) { return i.ForEntries(0, 0, 9, [](uint64_t, int64_t) {}); }},
      {"First", [=](Index& i) { return i.First(&cluster, &found); }},
      {"Next",
       [=](Index& i) {
         ClusterRef next{0, 0, 1000};
         return i.Next(Index::kAllTracks, &next, &found);
       }},
      {"Between",
       [=](Index& i) {
         return i.Between({}, {0, 9, 9999}, 0, &clusters);
       }},
      {"SpanOfBlock", [=](Index& i) { return i.SpanOfBlock(0, 1, &span, &found); }},
      {"SpanOfFrame", [=](Index& i) { return i.SpanOfFrame(0, 1, &span, &found); }},
      {"SpanAtTime", [=](Index& i) { return i.SpanAtTime(0, time, &span, &found); }},
      {"SpanAt", [=](Index& i) { return i.SpanAt(0, 0, 0, &span); }},
      {"FirstSpan", [=](Index& i) { return i.FirstSpan(0, &span, &found); }},
      {"NextSpan",
       [=](Index& i) {
         SpanRef next;
         return i.NextSpan(0, &next, &found);
       }},
      {"FirstTime", [=](Index& i) { return i.FirstTime(0, {}, &first_time); }},
      {"PageTimes", [=](Index& i) { return i.PageTimes(0, 0, &times, &found); }},
  };
}

TEST(IndexLookup, SaysWhereAPageThatItNeedsIsDamaged) {
  IndexFile file({{{Key(0, 10), Other(0, 12)}, {Key(0, 20)}}});
  for (const Lookup& lookup : AllLookups(15))
    EXPECT_TRUE(lookup.ask(file.Open()).ok()) << lookup.name;
  file.Damage(0);
  for (const Lookup& lookup : AllLookups(15)) {
    const Status status = lookup.ask(file.Open());
    EXPECT_EQ(status.code(), Code::kCorrupt) << lookup.name;
    EXPECT_NE(status.message().find("20000"), std::string::npos) << status.message();
  }
}

// core.md, "Top": a reader that goes by the top refuses a page with other counts.
TEST(IndexLookup, SaysWhereAPageHasOtherCountsThanTheTop) {
  const auto code_with = [&](const std::function<void(PageRef*)>& change) {
    IndexFile file({{{Key(0, 10), Key(1, 11)}, {Key(0, 20)}}});
    change(&file.refs[0]);
    return file.Open().Page(0).status().code();
  };
  EXPECT_EQ(code_with([](PageRef*) {}), Code::kOk);
  EXPECT_EQ(code_with([](PageRef* page) { ++page->size; }), Code::kCorrupt);
  EXPECT_EQ(code_with([](PageRef* page) { ++page->clusters; }), Code::kCorrupt);
  EXPECT_EQ(code_with([](PageRef* page) { ++page->tracks[1].blocks; }), Code::kCorrupt);
  EXPECT_EQ(code_with([](PageRef* page) { ++page->tracks[1].hidden; }), Code::kCorrupt);
  EXPECT_EQ(code_with([](PageRef* page) { --page->tracks[1].keys; }), Code::kCorrupt);
}

// The top promises a time that no span of the page has.
TEST(IndexLookup, SaysWhereAPageHasOtherTimesThanTheTop) {
  IndexFile file({{{Key(0, 10)}, {Key(0, 20)}}});
  file.refs[0].tracks[0] = {
      .blocks = 2, .first_time = 1, .keys = 2, .first_key = 1, .last_key = 99};
  Index& index = file.Open();
  ClusterRef cluster;
  SpanRef span;
  Index::Found where;
  bool found = false;
  EXPECT_EQ(index.Find(0, 5, true, &where, &cluster).code(), Code::kCorrupt);
  EXPECT_EQ(index.Find(0, 50, false, &where, &cluster).code(), Code::kCorrupt);
  EXPECT_EQ(index.SpanAtTime(0, 5, &span, &found).code(), Code::kCorrupt);
  EXPECT_TRUE(index.SpanAtTime(0, 10, &span, &found).ok());
}

// A recording that was closed before its first block, and continued, has a page without clusters.
TEST(IndexLookup, PassesOverPagesWithoutClusters) {
  IndexFile file({{}, {{Key(0, 10)}}, {}, {{Key(0, 20)}}});
  Index& index = file.Open();
  ClusterRef cluster;
  bool found = false;
  ASSERT_TRUE(index.First(&cluster, &found).ok());
  EXPECT_TRUE(found);
  EXPECT_EQ(cluster.offset, 1000u);
  ASSERT_TRUE(index.Next(Index::kAllTracks, &cluster, &found).ok());
  EXPECT_TRUE(found);
  EXPECT_EQ(cluster.offset, 1100u);
  ASSERT_TRUE(index.Next(Index::kAllTracks, &cluster, &found).ok());
  EXPECT_FALSE(found);

  file.Damage(0);
  ASSERT_TRUE(file.Open().First(&cluster, &found).ok()) << "such a page is not read";
}

TEST(IndexLookup, TheNextClusterOfATrackIsOneThatHasBlocksOfIt) {
  IndexFile file({{{Key(0, 10)}, {Key(1, 15)}, {Key(0, 20)}}, {{Key(1, 25)}, {Key(0, 30)}}});
  Index& index = file.Open();
  ClusterRef cluster;
  bool found = true;
  ASSERT_TRUE(index.First(&cluster, &found).ok());
  std::vector<uint64_t> offsets;
  for (int i = 0; i < 9 && found; ++i) {
    ASSERT_TRUE(index.Next(0, &cluster, &found).ok());
    if (found) offsets.push_back(cluster.offset);
  }
  EXPECT_EQ(offsets, (std::vector<uint64_t>{1200, 1400}));

  std::vector<ClusterRef> all, of_track;
  const ClusterRef first{0, 0, 1000}, last{1, 1, 1400};
  ASSERT_TRUE(index.Between(first, last, Index::kAllTracks, &all).ok());
  ASSERT_TRUE(index.Between(first, last, 0, &of_track).ok());
  EXPECT_EQ(all.size(), 4u);
  EXPECT_EQ(of_track.size(), 2u);
}

TEST(IndexLookup, ATrackThatCameLaterHasNothingInPagesThatWereRead) {
  IndexFile file({{{Key(0, 10)}, {Key(1, 20)}}});
  Index& index = file.Open();
  ASSERT_TRUE(index.Page(0).ok());
  index.GrowTo(3);
  ASSERT_EQ(index.Page(0).value()->tracks.size(), 3u);
  std::vector<ClusterRef> clusters;
  ASSERT_TRUE(index.Between({}, {0, 9, 9999}, 2, &clusters).ok());
  EXPECT_TRUE(clusters.empty());
}

// Pages 0 and 2 have only blocks of the other track. The top says so: they are not read, and may be
// damaged.
class IndexOfSeveralPages : public testing::Test {
 protected:
  static constexpr uint64_t kFirst = 1100;  // offset of the first cluster of track 0
  static constexpr uint64_t kLast = 1500;

  IndexOfSeveralPages()
      : file_({{{Key(1, 5)}},
               {{Key(0, 10)}, {Key(0, 20)}},
               {{Key(1, 25)}},
               {{Key(0, 30)}, {Key(0, 40)}}}) {
    file_.Damage(0);
    file_.Damage(2);
  }

  uint64_t Found(int64_t time, bool backward) {
    ClusterRef cluster;
    Index::Found found;
    EXPECT_TRUE(index().Find(0, time, backward, &found, &cluster).ok());
    return found == Index::Found::kOne ? cluster.offset : 0;
  }
  std::vector<uint64_t> Between(int64_t from, int64_t to) {
    std::vector<uint64_t> offsets;
    EXPECT_TRUE(index().ForBetween(0, from, to, Collect(&offsets)).ok());
    return offsets;
  }
  std::vector<uint64_t> Candidates(int64_t time, bool backward) {
    std::vector<uint64_t> offsets;
    EXPECT_TRUE(index().ForCandidates(0, time, backward, Collect(&offsets)).ok());
    return offsets;
  }
  static Index::Visit Collect(std::vector<uint64_t>* offsets) {
    return [offsets](const ClusterRef& cluster) {
      offsets->push_back(cluster.offset);
      return Status();
    };
  }
  Index& index() { return file_.Open(); }

  using Offsets = std::vector<uint64_t>;
  IndexFile file_;
};

TEST_F(IndexOfSeveralPages, FindsSeekPointsWithoutPagesOfOtherTracks) {
  EXPECT_EQ(Found(9, true), 0u);
  EXPECT_EQ(Found(29, true), 1200u);
  EXPECT_EQ(Found(21, false), 1400u);
  EXPECT_EQ(Found(41, false), 0u);
  EXPECT_EQ(Candidates(29, true), Offsets{1200});
  EXPECT_EQ(Candidates(21, false), Offsets{1400});
  EXPECT_EQ(Between(20, 30), (Offsets{1200, 1400}));
  ClusterRef cluster;
  bool found = false;
  ASSERT_TRUE(index().FindFirst(0, &cluster, &found).ok());
  EXPECT_EQ(cluster.offset, kFirst);
  ASSERT_TRUE(index().FindKeyBefore(0, {3, 0, 1400}, 50, &cluster, &found).ok());
  EXPECT_TRUE(found);
  EXPECT_EQ(cluster.offset, 1200u);
}

TEST_F(IndexOfSeveralPages, GoesOnWithoutPagesOfOtherTracks) {
  Index& index = this->index();
  ClusterRef cluster;
  SpanRef span;
  bool found = false;
  Offsets by_span, by_cluster{kFirst};
  ASSERT_TRUE(index.FirstSpan(0, &span, &found).ok());
  while (found && by_span.size() < 9) {
    by_span.push_back(span.cluster.offset);
    ASSERT_TRUE(index.NextSpan(0, &span, &found).ok());
  }
  EXPECT_EQ(by_span, (Offsets{1100, 1200, 1400, 1500}));
  ASSERT_TRUE(index.FindFirst(0, &cluster, &found).ok());
  while (found && by_cluster.size() < 9) {
    ASSERT_TRUE(index.Next(0, &cluster, &found).ok());
    if (found) by_cluster.push_back(cluster.offset);
  }
  EXPECT_EQ(by_cluster, by_span);
}

TEST_F(IndexOfSeveralPages, CountsBlocksAndFramesWithoutPagesOfOtherTracks) {
  SpanRef span;
  bool found = false;
  for (uint64_t number = 0; number < 4; ++number) {
    ASSERT_TRUE(index().SpanOfBlock(0, number, &span, &found).ok());
    EXPECT_EQ(span.first_block, number);
    ASSERT_TRUE(index().SpanAtTime(0, static_cast<int64_t>(10 * number + 19), &span, &found).ok());
    EXPECT_EQ(span.first_frame, number);
  }
  ASSERT_TRUE(index().SpanOfBlock(0, 4, &span, &found).ok());
  EXPECT_FALSE(found);
}

// What a later page can say about times is in the top as well.
TEST_F(IndexOfSeveralPages, FindsTimesWithoutPagesThatBeginLater) {
  file_.Damage(3);
  EXPECT_EQ(Found(29, true), 1200u);
  EXPECT_EQ(Found(20, false), 1200u);
  EXPECT_EQ(Candidates(29, true), Offsets{1200});
  EXPECT_EQ(Between(5, 29), (Offsets{1100, 1200}));
  ClusterRef cluster;
  bool found = false;
  ASSERT_TRUE(index().FindKeyBefore(0, {3, 1, kLast}, 29, &cluster, &found).ok());
  EXPECT_EQ(cluster.offset, 1200u);
}

TEST_F(IndexOfSeveralPages, FindsTimesWithoutPagesThatEndEarlier) {
  file_.Damage(1);
  EXPECT_EQ(Found(30, true), 1400u);
  EXPECT_EQ(Found(21, false), 1400u);
  EXPECT_EQ(Candidates(21, false), Offsets{1400});
  EXPECT_EQ(Between(21, 40), (Offsets{1400, 1500}));
}

}  // namespace
}  // namespace h4mk
