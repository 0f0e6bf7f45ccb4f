// SPDX-License-Identifier: MIT
//
// What is found in a file whose checksums all fit while its structures lie: the index is compared
// with the blocks, and whatever does not agree is named with its place.

#include "maintain/verify.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "base/json.h"
#include "base/memory_io.h"
#include "index/index_page.h"
#include "support/layouts.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

h4mk::VerifyReport ReportOf(const Bytes& bytes) {
  h4mk::MemoryInput input(bytes);
  h4mk::VerifyReport report;
  const h4mk::Status status = VerifyV2(input, nullptr, &report);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(report.errors == 0, report.ok());
  return report;
}

std::string Findings(const Bytes& bytes) {
  std::string text;
  for (const h4mk::Finding& finding : ReportOf(bytes).findings) text += finding.message + "\n";
  return text;
}

class VerifyTest : public testing::Test {
 protected:
  VerifyTest() {
    Media media;
    AddVideo(&media, kVideo, 6, 2, 1);
    AddSimple(&media, kAudio, 50, 0, 1024, 1024);
    Interleave(&media);
    FillPayloads(&media, 60);
    TestFile file;
    Writer writer(&file, ClusterLimits(400, 0));
    for (const Track& track : media.tracks) writer.AddTrack(track);
    h4mk_writer_set_meta(writer.get(), ParseJson(R"({"tags":{"title":"verified"}})").get());
    for (const Block& block : media.blocks) EXPECT_EQ(writer.Write(block), H4MK_OK);
    EXPECT_EQ(writer.Finish(), H4MK_OK);
    bytes_ = std::move(file.bytes);
    chunks_ = WalkChunks(bytes_);
    ids_.Add(1);
    ids_.Add(2);
  }

  const Chunk& Last(const std::string& tag, size_t back = 0) const {
    for (size_t i = chunks_.size(); i-- > 0;)
      if (chunks_[i].tag == tag && back-- == 0) return chunks_[i];
    ADD_FAILURE() << "no chunk " << tag;
    return chunks_.back();
  }
  const Chunk& LastCluster() const {
    return *std::find_if(chunks_.rbegin(), chunks_.rend(), std::mem_fn(&Chunk::is_cluster));
  }
  h4mk::ByteSpan PayloadOf(const Chunk& chunk) const {
    return h4mk::ByteSpan(bytes_).subspan(chunk.payload(), chunk.payload_size);
  }

  // The file with another last page, index top and locator, all checksums right.
  struct Index {
    h4mk::IndexPage page;
    h4mk::IndexTop top;
    h4mk::Tail tail;
  };
  Bytes WithIndex(const std::function<void(Index*)>& change) const {
    const Chunk &page = Last("TSEK", 1), &top = Last("TSEK"), &tail = Last("TAIL");
    EXPECT_EQ(page.end(), top.begin);
    EXPECT_EQ(top.end(), tail.begin);
    Index index;
    EXPECT_TRUE(DecodePage(PayloadOf(page), ids_, page.begin, bytes_.size(), &index.page));
    EXPECT_TRUE(DecodeTop(PayloadOf(top), ids_, top.begin, &index.top));
    EXPECT_TRUE(DecodeTail(PayloadOf(tail), tail.begin, &index.tail));
    change(&index);
    Bytes file(bytes_.begin(), bytes_.begin() + page.begin);
    file = file + MakeChunk("TSEK", EncodePage(index.page, ids_, file.size()), 0, SaltOf(file));
    const size_t moved = file.size() - top.begin;
    for (h4mk::PageRef& ref : index.top.pages) ref.size += moved;
    const Bytes top_chunk =
        MakeChunk("TSEK", EncodeTop(index.top, ids_, file.size()), 0, SaltOf(file));
    const size_t growth = top_chunk.size() - (top.end() - top.begin);
    index.top.file_size += moved + growth;
    index.tail.top += moved;
    index.tail.top_size += static_cast<uint32_t>(growth);
    file = file + MakeChunk("TSEK", EncodeTop(index.top, ids_, file.size()), 0, SaltOf(file));
    file = file + MakeChunk("TAIL", EncodeTail(index.tail, file.size()), 0, SaltOf(file)) +
           Bytes(kCrcSize);
    FixChecksum(&file, WalkChunks(file));
    return file;
  }
  // What is found where only that was changed.
  std::string FindingsWith(const std::function<void(Index*)>& change) const {
    return Findings(WithIndex(change));
  }
  // The file with other bytes in a chunk.
  Bytes With(const Chunk& chunk, const std::function<void(uint8_t*)>& change) const {
    Bytes file = bytes_;
    change(file.data() + chunk.payload());
    FixCrc(&file, chunk);
    FixChecksum(&file, WalkChunks(file));
    return file;
  }

  static std::string At(size_t offset) { return " at byte " + std::to_string(offset); }

  Bytes bytes_;
  std::vector<Chunk> chunks_;
  h4mk::TrackIds ids_;
};

// A file without an end, and one more chunk.
TEST_F(VerifyTest, ALaterTrakMustHaveTheSameTracks) {
  const Bytes file(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(Last("TAIL").begin));
  const h4mk::Json tracks = h4mk::Json::parse(h4mk::AsText(PayloadOf(Last("TRAK"))));
  const auto with = [&](const h4mk::Json& later) {
    const std::string text = later.dump();
    return Findings(file + MakeChunk("TRAK", Bytes(text.begin(), text.end()), 0, SaltOf(file)));
  };
  h4mk::Json added = tracks, dropped = tracks, swapped = tracks, changed = tracks;
  added["tracks"].push_back(tracks["tracks"][1]);
  added["tracks"][2]["track_id"] = 3;
  dropped["tracks"].erase(1);
  std::swap(swapped["tracks"][0], swapped["tracks"][1]);
  changed["tracks"][1]["time_base"] = "1/7";
  EXPECT_EQ(with(added).find("TRAK"), std::string::npos);
  EXPECT_NE(with(dropped).find("TRAK has fewer tracks than the one before"), std::string::npos);
  EXPECT_NE(with(swapped).find("(track 1 has another place)"), std::string::npos);
  EXPECT_NE(with(changed).find("TRAK contradicts the one before"), std::string::npos);
}

TEST_F(VerifyTest, OrdinalsMustRise) {
  const Bytes file(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(Last("TAIL").begin));
  const Chunk& cluster = Last("CORE");
  const Bytes again(bytes_.begin() + static_cast<ptrdiff_t>(cluster.begin),
                    bytes_.begin() + static_cast<ptrdiff_t>(cluster.end()));
  EXPECT_EQ(ReportOf(file).errors, 1u);  // it has no end
  EXPECT_GT(ReportOf(file + again).errors, 1u);
  EXPECT_NE(Findings(file + again).find(" follows where block "), std::string::npos);
}

// core.md, "Limits": such chunks are passed over piece by piece.
TEST_F(VerifyTest, AChunkThatIsNotReadWholeMayBeOfAnyLength) {
  const Bytes large(size_t{65} << 20);
  for (const char* tag : {"FREE", "note"}) {
    const Bytes chunk = MakeChunk(tag, large, 0, SaltOf(bytes_));
    const auto begin = static_cast<ptrdiff_t>(Last("TAIL").begin);
    for (ptrdiff_t at : {ptrdiff_t{h4mk::kFileHeaderSize}, begin}) {
      Bytes file(bytes_.begin(), bytes_.begin() + at);
      file = file + chunk;
      file.insert(file.end(), bytes_.begin() + at, bytes_.begin() + begin);
      EXPECT_EQ(Findings(file).find("no end at byte"), 0u) << Findings(file);
      TestFile input;
      input.bytes = std::move(file);
      Reader reader(&input);
      const Reading reading = reader.ReadOn();
      EXPECT_EQ(reading.damage, std::vector<std::string>());
      EXPECT_EQ(reading.blocks.size(), ReportOf(bytes_).blocks);
      const std::vector<std::string> warnings = reader.Warnings();
      ASSERT_EQ(warnings.size(), 1u);
      EXPECT_EQ(warnings[0].find("no end at byte"), 0u) << warnings[0];
    }
  }
}

TEST_F(VerifyTest, NothingIsFoundInWhatTheWriterWrote) {
  EXPECT_EQ(FindingsWith([](Index*) {}), "");
  const h4mk::VerifyReport report = ReportOf(bytes_);
  EXPECT_TRUE(report.closed);
  EXPECT_TRUE(report.index_checked);
  EXPECT_EQ(report.blocks, 92u);
  EXPECT_FALSE(report.is_signed);
}

// A reader takes from the index how much of a cluster there can be. Where that is too little, what
// the cluster says counts.
TEST_F(VerifyTest, AWrongDistanceBetweenClustersHarmsNoSeek) {
  TestFile good(bytes_), forged(WithIndex([](Index*index) { index->page.clusters[1] -= 300; }));
  Reader control(&good), reader(&forged);
  ASSERT_EQ(control.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK);
  ASSERT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK);
  EXPECT_EQ(reader.ReadOn().blocks, control.ReadOn().blocks);
  EXPECT_EQ(reader.Warnings(), std::vector<std::string>());
}

TEST_F(VerifyTest, APageAgreesWithItsClusters) {
  const std::string page = "index page" + At(Last("TSEK", 1).begin);
  EXPECT_EQ(FindingsWith([](Index* index) {
              --index->page.tracks[1].last_key.back();
              --index->top.pages[0].tracks[1].last_key;
            }),
            page + " does not agree with the clusters before it\n");
  EXPECT_EQ(FindingsWith([](Index* index) {
              ++index->page.tracks[1].hidden[0];
              ++index->top.pages[0].tracks[1].hidden;
            }),
            page + " does not agree with the clusters before it\n");
  EXPECT_EQ(FindingsWith([](Index* index) { --index->page.tracks[0].first_time[1]; }),
            page + " does not agree with the clusters before it\n");
  for (const int64_t step : {1024, 1000}) {  // the times of frames may be stored, and then are true
    const std::string findings = FindingsWith([step](Index* index) {
      h4mk::Values times;
      for (int64_t i = 0; i < 50; ++i) times.push_back(i * step);
      h4mk::AppendDeltas(index->page.tracks[1].times, times);
    });
    EXPECT_EQ(findings, step == 1024 ? "" : page + " does not agree with the clusters before it\n");
  }
  EXPECT_EQ(FindingsWith([](Index* index) { ++index->page.totals[1].blocks; }),
            page + " has wrong totals for track 2\n");
  EXPECT_EQ(FindingsWith([](Index* index) { index->page.totals[1].overlaps ^= true; }),
            page + " has wrong totals for track 2\n");
}

TEST_F(VerifyTest, ATopAgreesWithItsPages) {
  const std::string top = "index top" + At(Last("TSEK").begin);
  const std::string page = " the page" + At(Last("TSEK", 1).begin) + "\n";
  EXPECT_EQ(FindingsWith([](Index* index) { ++index->top.pages[0].tracks[0].last_key; }),
            top + " does not agree with" + page);
  EXPECT_EQ(FindingsWith([](Index* index) { ++index->top.pages[0].tracks[0].blocks; }),
            top + " does not agree with" + page);
  EXPECT_EQ(FindingsWith([](Index* index) { ++index->top.pages[0].clusters; }),
            top + " does not agree with" + page);
  EXPECT_EQ(FindingsWith([](Index* index) { --index->top.pages[0].offset; }),
            top + " names a page" + At(Last("TSEK", 1).begin - 1) + ", where none is\n");
  EXPECT_EQ(FindingsWith([](Index* index) { index->top.pages.clear(); }),
            top + " has 0 pages; expected 1\n");
  EXPECT_NE(FindingsWith([](Index* index) {
              index->top.pages.push_back(index->top.pages[0]);
            }).find("index top contradicts itself"),
            std::string::npos)
      << "a page is named twice";
  EXPECT_EQ(FindingsWith([](Index* index) { index->top.first_cluster += 40; }),
            top + " names another first cluster\n");
  EXPECT_EQ(FindingsWith([](Index* index) { ++index->top.totals[0].bytes; }),
            top + " has wrong totals for track 1\n");
}

TEST_F(VerifyTest, ATopNamesTheDescriptionsThatCount) {
  const std::string top = "index top" + At(Last("TSEK").begin);
  EXPECT_EQ(FindingsWith([](Index* index) { ++index->top.trak; }),
            top + " names a TRAK where none is\n");
  EXPECT_EQ(FindingsWith([&](Index* index) { index->top.meta = index->top.trak; }),
            top + " names a META where none is\n");
}

TEST_F(VerifyTest, TheLocatorNamesTheTop) {
  const std::string locator = "locator" + At(Last("TAIL").begin);
  EXPECT_NE(FindingsWith([](Index* index) {
              index->tail.top -= 4;
            }).find(locator + " does not name an index top of this file\n"),
            std::string::npos);
  EXPECT_NE(Findings(With(Last("TAIL"), [](uint8_t* payload) { payload[0] = 'X'; }))
                .find("locator contradicts itself" + At(Last("TAIL").begin) + "\n"),
            std::string::npos);
}

TEST_F(VerifyTest, StructuresThatContradictThemselves) {
  const auto lie = [](uint8_t* payload) { std::fill_n(payload + 37, 3, uint8_t{0xFF}); };
  const std::string page = Findings(With(Last("TSEK", 1), lie));
  EXPECT_NE(page.find("index page contradicts itself" + At(Last("TSEK", 1).begin) + "\n"),
            std::string::npos)
      << page;
  const std::string top = Findings(With(Last("TSEK"), lie));
  EXPECT_NE(top.find("index top contradicts itself" + At(Last("TSEK").begin) + "\n"),
            std::string::npos)
      << top;
}

// A page that is a chunk of an unknown kind for all readers.
TEST_F(VerifyTest, ClustersThatAreInNoPage) {
  Bytes file = bytes_;
  const Chunk& page = Last("TSEK", 1);
  std::copy_n("XSEK", 4, file.begin() + page.begin);
  FixCrc(&file, page);
  FixChecksum(&file, WalkChunks(file));
  size_t first = 0;
  for (size_t i = chunks_.size(); i-- > 0;)
    if (chunks_[i].is_cluster()) first = chunks_[i].begin;
  EXPECT_NE(Findings(file).find("clusters from byte " + std::to_string(first) +
                                " on are in no index page\n"),
            std::string::npos)
      << Findings(file);
}

TEST_F(VerifyTest, BlocksOfATrackThatIsNotThere) {
  const Chunk& trak = Last("TRAK");
  const Bytes id = ToBytes("\"track_id\":2");
  Bytes file = bytes_;
  const auto at =
      std::search(file.begin() + trak.payload(), file.begin() + trak.crc(), id.begin(), id.end());
  ASSERT_NE(at, file.begin() + trak.crc());
  at[11] = '3';
  FixCrc(&file, trak);
  FixChecksum(&file, WalkChunks(file));
  const auto cluster =
      std::find_if(chunks_.begin(), chunks_.end(), std::mem_fn(&Chunk::is_cluster));
  EXPECT_NE(Findings(file).find("cluster" + At(cluster->begin) +
                                " has blocks of a track that TRAK does not have\n"),
            std::string::npos)
      << Findings(file);
}

TEST_F(VerifyTest, DescriptionsThatCannotBeUsed) {
  const Chunk& meta = Last("META");
  const auto with_meta = [&](const std::string& text) {
    return Findings(With(meta, [&](uint8_t* payload) {
      std::fill_n(std::copy(text.begin(), text.end(), payload), meta.payload_size - text.size(),
                  uint8_t{' '});
    }));
  };
  EXPECT_EQ(with_meta("{}"), "");  // control
  EXPECT_NE(with_meta("[]").find("META is no JSON object" + At(meta.begin)), std::string::npos);
  EXPECT_NE(with_meta("{").find("META is not valid JSON" + At(meta.begin)), std::string::npos);
}

TEST_F(VerifyTest, ADamagedChunkIsNamed) {
  for (const char* tag : {"TRAK", "META", "TSEK"}) {
    Bytes file = bytes_;
    file[Last(tag).payload()] ^= 1;
    EXPECT_NE(Findings(file).find(tag + (" chunk does not match its CRC" + At(Last(tag).begin))),
              std::string::npos)
        << Findings(file);
  }
}

TEST_F(VerifyTest, ATrackThatIsNone) {
  const Bytes tracks = ToBytes(R"({"tracks":[7]})");
  const Bytes file = MakeHeader(2) + MakeChunk("TRAK", tracks);
  EXPECT_NE(Findings(file).find("track is no JSON object"), std::string::npos) << Findings(file);
}

TEST_F(VerifyTest, FilesThatAreHardlyThere) {
  for (size_t size = 5; size < kHeaderSize; ++size) {
    const h4mk::VerifyReport report = ReportOf(Bytes(bytes_.begin(), bytes_.begin() + size));
    EXPECT_FALSE(report.closed);
    EXPECT_GE(report.errors, 1u) << size;
    EXPECT_EQ(report.findings.back().message, "file ends inside its header" + At(size));
  }
  h4mk::MemoryInput other(h4mk::ByteSpan(bytes_).subspan(1));
  h4mk::VerifyReport report;
  EXPECT_EQ(VerifyV2(other, nullptr, &report).code(), h4mk::Code::kNotH4mk);
}

// Up to its last byte: behind its index nothing is looked for, since a block may hold a file.
TEST_F(VerifyTest, AClusterThatWasCutIsNotComplete) {
  const Chunk& cluster = LastCluster();
  for (size_t size = cluster.crc(); size < cluster.end(); ++size)
    EXPECT_NE(Findings(Bytes(bytes_.begin(), bytes_.begin() + size))
                  .find("cluster is not complete" + At(cluster.begin)),
              std::string::npos)
        << size;
}

// core.md, "A damaged salt": all chunks depend on it, and the first two tell it.
TEST_F(VerifyTest, ADamagedSaltIsOneProblem) {
  Bytes file = bytes_;
  file[8] ^= 1;
  EXPECT_EQ(Findings(file), "container checksum" + At(bytes_.size() - kCrcSize) +
                                " does not match the chunks: some were exchanged, replaced or "
                                "removed\n");
}

// It is found out before anything is passed over as damaged, also where there is no end.
TEST_F(VerifyTest, AFileWithoutAnEndIsReadWithADamagedSalt) {
  const Chunk& trak = chunks_.front();
  ASSERT_EQ(trak.tag, "TRAK");
  const auto cluster = std::ranges::find_if(chunks_, &Chunk::is_cluster);
  TestFile file(Bytes(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(cluster->end())));
  file.bytes[8] ^= 1;
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  const Reading reading = reader.ReadOn();
  EXPECT_GT(reading.blocks.size(), 0u);
  EXPECT_EQ(reading.damage, std::vector<std::string>());
}

// core.md, "Compressed blocks": nobody can read such a block.
TEST(VerifyBlocksTest, CompressedBlockOfATrackThatDoesNotSayHow) {
  Media media;
  media.tracks = {{"1/25", "video", "h264", "zstd"}};
  for (int i = 0; i < 5; ++i) media.blocks.push_back({0, kKey, i, i, 1, Bytes(500, 'x')});
  Bytes file = Mux(media);
  EXPECT_EQ(Findings(file), "") << "control";
  const std::vector<Chunk> chunks = WalkChunks(file);
  const Bytes key = ToBytes("\"compression\"");
  for (const Chunk& chunk : chunks) {
    const auto begin = file.begin() + static_cast<ptrdiff_t>(chunk.begin);
    const auto end = file.begin() + static_cast<ptrdiff_t>(chunk.end());
    const auto found = std::search(begin, end, key.begin(), key.end());
    if (chunk.tag != "TRAK" || found == end) continue;
    *(found + 1) = 'k';
    FixCrc(&file, chunk);
  }
  FixChecksum(&file, chunks);
  EXPECT_NE(Findings(file).find("compressed block 0 of track 1"), std::string::npos)
      << Findings(file);
}

// core.md, "Top": such a page has the times of the one before in the top, which says nothing of its
// own.
TEST(VerifyPagesTest, APageWithoutSeekPointsOfATrackIsGood) {
  Media media;
  media.tracks = {{"1/25", "video", "h264"}, {"1/25", "data", "x"}};
  for (int i = 0; i < 1300; ++i) media.blocks.push_back({0, kKey, i, i, 1, Payload(i, 30)});
  media.blocks.insert(media.blocks.begin() + 5, {1, kKey, 5, 5, 1, Payload(5, 30)});
  media.blocks.push_back({1, kP, 1300, 1300, 1, Payload(5, 30)});
  const Bytes file = Mux(media, ClusterLimits(3000, 1));
  ASSERT_GE(std::ranges::count(WalkChunks(file), "TSEK", &Chunk::tag), 4);
  EXPECT_EQ(Findings(file), "");
}

// A damaged cluster is one problem. Whether the index is right cannot be checked then, and is no
// second one.
TEST_F(VerifyTest, DamageIsNoReasonToCallTheIndexWrong) {
  const auto cluster = std::ranges::find_if(chunks_, &Chunk::is_cluster);
  Bytes file = bytes_;
  file[cluster->payload() + 5] ^= 1;
  EXPECT_EQ(Findings(file), "cluster index cannot be read" + At(cluster->begin) +
                                ", readable again" + At(cluster->end()) + "\ncontainer checksum" +
                                At(bytes_.size() - kCrcSize) +
                                " does not match the chunks: some were exchanged, replaced or "
                                "removed\n");
}

// core.md, "Editing": the top of the end that was there before tells of a part of the file only.
TEST(VerifyContinuedTest, AFormerEndIsNoProblem) {
  for (const char* name :
       {"continued-and-closed", "continued-from-no-blocks", "continued-with-another-track"}) {
    std::ifstream stream(H4MK_SOURCE_DIR "/tests/conformance/valid/" + std::string(name) + ".h4mk",
                         std::ios::binary);
    const Bytes file{std::istreambuf_iterator<char>(stream), {}};
    ASSERT_FALSE(file.empty());
    EXPECT_EQ(Findings(file), "") << name;
  }
}

TEST(VerifyReportTest, HasTheFirstFindingsOnly) {
  h4mk::VerifyReport report;
  for (size_t i = 0; i < h4mk::VerifyReport::kMaxFindings; ++i) report.Note(i, "note");
  report.Note(1, "one more");
  report.Error(2, "an error");
  EXPECT_EQ(report.findings.size(), h4mk::VerifyReport::kMaxFindings);
  EXPECT_EQ(report.findings.back().message, "note");
  EXPECT_EQ(report.errors, 1u) << "is counted all the same";
}

}  // namespace
}  // namespace h4mk_test
