// SPDX-License-Identifier: MIT
// protection.md, "Signed files": an index that lies is told, and is not used.
#include "index/index_page.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

// So many clusters that the index has several pages.
Media Long(int count = 1300) {
  Media media;
  media.tracks = {{"1/25", "video", "h264"}};
  for (int i = 0; i < count; ++i) media.blocks.push_back({0, kKey, i, i, 1, Payload(i, 30)});
  return media;
}

h4mk_writer_options OneBlockAClusterSigned() {
  h4mk_writer_options options = Signing();
  options.cluster_time_limit_ms = 1;
  return options;
}

const Bytes& SignedFile() {
  static const Bytes file = Mux(Long(), OneBlockAClusterSigned());
  return file;
}

h4mk::TrackIds Ids() {
  h4mk::TrackIds ids;
  ids.Add(1);
  return ids;
}

h4mk::ByteSpan PayloadOf(const Bytes& file, const Chunk& chunk) {
  return {file.data() + chunk.payload(), chunk.payload_size};
}

std::vector<Chunk> IndexChunks(const Bytes& file, bool tops) {
  std::vector<Chunk> found;
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.tag == "TSEK" && h4mk::IsTop(PayloadOf(file, chunk)) == tops) found.push_back(chunk);
  return found;
}

// The file with another top, and an end that names it.
Bytes WithTop(const Bytes& file, void (*change)(h4mk::IndexTop*)) {
  const Chunk old = IndexChunks(file, /*tops=*/true).back();
  h4mk::IndexTop top;
  EXPECT_TRUE(h4mk::DecodeTop(PayloadOf(file, old), Ids(), old.begin, &top));
  change(&top);
  const Bytes payload = h4mk::EncodeTop(top, Ids(), old.begin);
  top.file_size = top.file_size - old.payload_size + payload.size();
  const Bytes chunk = MakeChunk("TSEK", h4mk::EncodeTop(top, Ids(), old.begin), 0, SaltOf(file));
  Bytes changed = Bytes(file.begin(), file.begin() + static_cast<ptrdiff_t>(old.begin)) + chunk;
  const h4mk::Tail tail = {old.begin, static_cast<uint32_t>(chunk.size())};
  changed = changed + MakeChunk("TAIL", h4mk::EncodeTail(tail, changed.size()), 0, SaltOf(file));
  const std::vector<Chunk> chunks = WalkChunks(changed);
  changed.resize(changed.size() + 4);
  FixChecksum(&changed, chunks);
  return changed;
}

bool Told(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings)
    if (warning.find("not what was signed") != std::string::npos) return true;
  return false;
}

// Who does not verify believes it; who does is told, and gets every block all the same.
void ExpectTold(const Bytes& lying) {
  TestFile plain(lying);
  EXPECT_EQ(Reader(&plain).ReadOn().end, H4MK_END);
  const Verified verified = Verify(lying);
  ASSERT_EQ(verified.status, H4MK_OK) << verified.message;
  EXPECT_TRUE(Told(verified.warnings));
  EXPECT_EQ(verified.reading.blocks, Long().blocks);
}

TEST(SignedIndexTest, SeveralPagesAreVerified) {
  ASSERT_GE(IndexChunks(SignedFile(), false).size(), 4u);
  const Bytes same = WithTop(SignedFile(), [](h4mk::IndexTop*) {});
  EXPECT_EQ(same, SignedFile());
  EXPECT_TRUE(Verify(same).intact());
}

TEST(SignedIndexTest, TopThatTellsOtherTimes) {
  ExpectTold(
      WithTop(SignedFile(), [](h4mk::IndexTop* top) { top->pages[1].tracks[0].first_key -= 100; }));
}

TEST(SignedIndexTest, TopThatTellsAnotherStart) {
  ExpectTold(WithTop(SignedFile(), [](h4mk::IndexTop* top) { top->totals[0].start_pts = 5; }));
}

TEST(SignedIndexTest, TopThatNamesAPageInThePlaceOfAnother) {
  const Bytes lying = WithTop(SignedFile(), [](h4mk::IndexTop* top) {
    std::swap(top->pages[0].offset, top->pages[1].offset);
    std::swap(top->pages[0].size, top->pages[1].size);
  });
  TestFile file(lying);
  Reader reader(&file, Verifying());
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  Block block;
  // Wherever a seek leads, it is not passed off as what was asked for.
  if (reader.Seek(0, 700, H4MK_SEEK_BACKWARD) == H4MK_OK && reader.Next(&block) == H4MK_OK) {
    EXPECT_EQ(block.pts, 700);
  }
  EXPECT_TRUE(Told(reader.Warnings()));
}

// Pages lead to the same clusters from any place: each of two copies counts in its own place only.
TEST(SignedIndexTest, CopiesThatChangedPlaces) {
  Bytes file = Mux(Long(2300), OneBlockAClusterSigned());
  std::vector<Chunk> copies;
  for (const Chunk& page : IndexChunks(file, false))
    if (file[page.payload() + h4mk::kPageFlags] == h4mk::kPageIsCopy) copies.push_back(page);
  ASSERT_GE(copies.size(), 4u);
  const Chunk a = copies[2], b = copies[3];
  ASSERT_EQ(a.payload_size, b.payload_size);
  std::swap_ranges(file.begin() + a.begin, file.begin() + a.end(), file.begin() + b.begin);
  const auto move = [&](const Chunk& page, uint64_t distance) {
    uint8_t* at = file.data() + page.payload() + h4mk::kPageFirstCluster;
    h4mk::StoreLe(at, h4mk::LoadLe<uint64_t>(at) + distance);
    FixCrc(&file, page);
  };
  move(a, a.begin - b.begin);
  move(b, b.begin - a.begin);
  FixChecksum(&file, WalkChunks(file));
  EXPECT_TRUE(Told(Verify(file).warnings));
}

void SetTitle(Writer& writer, const char* title) {
  const Value meta(h4mk_value_new());
  h4mk_value_set_text(meta.get(), "title", title);
  EXPECT_EQ(h4mk_writer_set_meta(writer.get(), meta.get()), H4MK_OK);
}

TEST(SignedIndexTest, TopThatNamesAnOlderDescription) {
  TestFile file;
  Writer writer(&file, OneBlockAClusterSigned());
  writer.AddTrack(Long().tracks[0]);
  SetTitle(writer, "old");
  for (int i = 0; i < 20; ++i) writer.Write(Long().blocks[i]);
  SetTitle(writer, "new");
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  EXPECT_TRUE(Verify(file.bytes).intact());
  static size_t first_meta;  // static: what WithTop() takes holds nothing
  for (const Chunk& chunk : WalkChunks(file.bytes))
    if (chunk.tag == "META") {
      first_meta = chunk.begin;
      break;
    }
  const Bytes rolled_back =
      WithTop(file.bytes, [](h4mk::IndexTop* top) { top->meta = first_meta; });
  EXPECT_FALSE(Verify(rolled_back).intact());
}

TEST(SignedIndexTest, PageThatTellsOtherTimes) {
  for (const Chunk& page : IndexChunks(SignedFile(), false)) {
    Bytes lying = SignedFile();
    lying[page.crc() - 2] ^= 1;
    FixCrc(&lying, page);
    FixChecksum(&lying, WalkChunks(lying));
    EXPECT_TRUE(Told(Verify(lying).warnings)) << page.begin;
  }
}

// Without an end the pages themselves lead from one to the other.
TEST(SignedIndexTest, PageOfACutFileThatPassesOverOthers) {
  const Bytes& whole = SignedFile();
  const std::vector<Chunk> pages = IndexChunks(whole, false);
  const Chunk last = pages[1];
  for (const Chunk& chunk : WalkChunks(whole)) {
    if (chunk.tag != "VERI" || chunk.begin < last.end() + 2000) continue;
    const Bytes cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(chunk.end()));
    ASSERT_FALSE(Told(Verify(cut).warnings));
    Bytes lying = cut;
    for (size_t i = 0; i < 8; ++i) lying[last.payload() + h4mk::kPagePrevious + i] = 0;
    FixCrc(&lying, last);
    EXPECT_TRUE(Told(Verify(lying).warnings));
    return;
  }
  FAIL() << "no checkpoint behind the second page";
}

class FrontIndexTest : public testing::Test {
 protected:
  FrontIndexTest() {
    TestFile file;
    Writer writer(&file, OneBlockAClusterSigned());
    writer.AddTrack(Long().tracks[0]);
    for (const Block& block : Long().blocks) EXPECT_EQ(writer.Write(block), H4MK_OK);
    EXPECT_EQ(writer.Finish(), H4MK_OK);
    moved_ = WithIndexInFront(writer, file.bytes);
    page_ = WalkChunks(moved_)[1];
    EXPECT_EQ(page_.tag, "TSEK");
  }
  // Changes a bit of the first page at the front. True: the reader reports that.
  bool IsToldWith(size_t at, uint8_t bit) {
    Bytes changed = moved_;
    changed[at] ^= bit;
    FixCrc(&changed, page_);
    return Told(Verify(changed).warnings);
  }

  Bytes moved_;
  Chunk page_;
};

TEST_F(FrontIndexTest, IsVerified) {
  EXPECT_TRUE(Verify(moved_).intact());
  EXPECT_TRUE(IsToldWith(page_.crc() - 2, 1));
}

// core.md, "Page": a copy has no other flag, and names no other chunk.
TEST_F(FrontIndexTest, HasPagesOfItsFormOnly) {
  EXPECT_TRUE(IsToldWith(page_.payload() + h4mk::kPageFlags, 2));
  EXPECT_TRUE(IsToldWith(page_.payload() + h4mk::kPageFlags, h4mk::kPageIsCopy));
  for (const size_t at : {h4mk::kPagePrevious, h4mk::kPageTrak, h4mk::kPageMeta})
    EXPECT_TRUE(IsToldWith(page_.payload() + at, 1)) << at;
}

}  // namespace
}  // namespace h4mk_test
