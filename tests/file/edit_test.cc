// SPDX-License-Identifier: MIT
//
// core.md, "Editing": tags and names change by appending; an edit that is interrupted anywhere, or
// for which there is no room, leaves the file as it was.

#include "maintain/edit.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>

#include "index/index_page.h"
#include "maintain/reindex.h"
#include "maintain/verify.h"
#include "support/chunks.h"
#include "support/container.h"
#include "support/layouts.h"

// What happens just before the library locks a file.
static std::function<void()> g_before_lock;

extern "C" int flock(int fd, int operation) noexcept {
  if (g_before_lock) std::exchange(g_before_lock, nullptr)();
  return static_cast<int>(syscall(SYS_flock, fd, operation));
}

namespace h4mk_test {
namespace {

// A file in memory that can be told to fail.
class MemoryFile final : public h4mk::EditableFile {
 public:
  explicit MemoryFile(Bytes content) : bytes(std::move(content)) {}
  int64_t Read(uint8_t* buffer, size_t size) override {
    const size_t count = position >= bytes.size() ? 0 : std::min(size, bytes.size() - position);
    std::copy_n(bytes.begin() + position, count, buffer);
    position += count;
    return count;
  }
  int64_t Write(const uint8_t* buffer, size_t size) override {
    if (position + size > capacity) return -28;
    if (bytes.size() < position + size) bytes.resize(position + size);
    std::copy_n(buffer, size, bytes.begin() + position);
    position += size;
    history.push_back(bytes);
    return size;
  }
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override {
    position = offset;
    return 0;
  }
  int64_t Size() override { return bytes.size(); }
  int64_t Sync() override {
    synced_sizes.push_back(bytes.size());
    return 0;
  }
  int64_t Truncate(uint64_t size) override {
    if (!can_truncate) return -1;
    bytes.resize(size);
    return 0;
  }

  Bytes bytes;
  bool can_truncate = true;
  size_t position = 0;
  size_t capacity = SIZE_MAX;
  std::vector<Bytes> history;  // after each write
  std::vector<size_t> synced_sizes;
};

Bytes SmallFile() {
  Media media;
  AddVideo(&media, kVideo, 3, 2, 1);
  AddSimple(&media, kAudio, 25, 0, 1024, 1024);
  Interleave(&media);
  FillPayloads(&media, 300);
  TestFile file;
  Writer writer(&file, ClusterLimits(1000, 0));
  for (const Track& track : media.tracks) writer.AddTrack(track);
  h4mk_writer_set_meta(writer.get(), ParseJson(R"({"tags":{"title":"old"}})").get());
  for (const Block& block : media.blocks) EXPECT_EQ(writer.Write(block), H4MK_OK);
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  return std::move(file.bytes);
}

h4mk::Status Rename(MemoryFile* file, const std::string& title, const std::string& track_name) {
  h4mk::Editor editor(*file);
  if (h4mk::Status status = editor.Open(); !status.ok()) return status;
  EXPECT_TRUE(editor.SetMeta({{"tags", {{"title", title}}}}).ok());
  h4mk::Json track = editor.tracks()[0].description;
  track["name"] = track_name;
  EXPECT_TRUE(editor.SetTrack(0, track).ok());
  return editor.Commit();
}

struct State {
  std::string title, track_name;
  size_t blocks = 0;
  bool operator==(const State&) const = default;
};

State StateOf(const Bytes& bytes) {
  TestFile file(bytes);
  Reader reader(&file);
  EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
  if (reader.status() != H4MK_OK) return {};
  const h4mk_value* tags = h4mk_value_get(h4mk_reader_meta(reader.get()), "tags");
  const char* title = h4mk_value_get_text(tags, "title");
  return {title ? title : "", h4mk_value_get_text(h4mk_reader_track(reader.get(), 0), "name"),
          reader.ReadOn().blocks.size()};
}

std::string Problems(const Bytes& bytes) {
  MemoryFile file(bytes);
  h4mk::VerifyReport report;
  EXPECT_TRUE(VerifyV2(file, nullptr, &report).ok());
  std::string text;
  for (const h4mk::Finding& finding : report.findings) text += finding.message + "\n";
  return text;
}

TEST(EditTest, ChangesWhatTheFileSaysAndNoByteOfAChunk) {
  const Bytes old = SmallFile();
  MemoryFile file(old);
  ASSERT_TRUE(Rename(&file, "new", "first").ok());
  const State before = StateOf(old);
  EXPECT_EQ(StateOf(file.bytes), (State{"new", "first", before.blocks}));
  EXPECT_TRUE(std::equal(old.begin(), old.end() - 4, file.bytes.begin()));
  EXPECT_EQ(Problems(file.bytes), "");
}

TEST(EditTest, OnlyWhatChangedIsWritten) {
  const Bytes old = SmallFile();
  const auto count = [](const Bytes& bytes, const std::string& tag) {
    return std::ranges::count(WalkChunks(bytes), tag, &Chunk::tag);
  };
  const auto edited = [&](bool track, bool meta) {
    MemoryFile file(old);
    h4mk::Editor editor(file);
    EXPECT_TRUE(editor.Open().ok());
    h4mk::Json description = editor.tracks()[0].description;
    if (track) description["name"] = "first";
    EXPECT_TRUE(editor.SetTrack(0, description).ok());
    EXPECT_TRUE(editor.SetMeta({{"tags", {{"title", meta ? "new" : "old"}}}}).ok());
    EXPECT_TRUE(editor.Commit().ok());
    EXPECT_EQ(count(file.bytes, "TRAK"), count(old, "TRAK") + track);
    EXPECT_EQ(count(file.bytes, "META"), count(old, "META") + meta);
    return file.bytes;
  };
  EXPECT_EQ(edited(false, false), old);
  EXPECT_EQ(StateOf(edited(true, false)).track_name, "first");
  EXPECT_EQ(StateOf(edited(false, true)).title, "new");
}

// core.md, "Limits".
TEST(EditTest, ADescriptionHasAtMost64MiB) {
  const size_t most = size_t{64} << 20;
  const auto meta_of = [](size_t size) {
    MemoryFile file(SmallFile());
    h4mk::Editor editor(file);
    EXPECT_TRUE(editor.Open().ok());
    EXPECT_TRUE(editor.SetMeta({{"title", std::string(size - 12, 'x')}}).ok());
    return editor.Commit().code();
  };
  EXPECT_EQ(meta_of(most), h4mk::Code::kOk);
  EXPECT_EQ(meta_of(most + 1), h4mk::Code::kLimit);

  size_t written = 0;
  const auto tracks_with = [&](size_t size) {
    MemoryFile file(SmallFile());
    h4mk::Editor editor(file);
    EXPECT_TRUE(editor.Open().ok());
    h4mk::Json track = editor.tracks()[0].description;
    track["note"] = std::string(size, 'x');
    EXPECT_TRUE(editor.SetTrack(0, track).ok());
    const h4mk::Code code = editor.Commit().code();
    for (const Chunk& chunk : WalkChunks(file.bytes))
      if (chunk.tag == "TRAK") written = chunk.payload_size;
    return code;
  };
  ASSERT_EQ(tracks_with(1), h4mk::Code::kOk);
  const size_t rest = written - 1;
  EXPECT_EQ(tracks_with(most - rest), h4mk::Code::kOk);
  EXPECT_EQ(written, most);
  EXPECT_EQ(tracks_with(most - rest + 1), h4mk::Code::kLimit);
}

TEST(EditTest, WhatCannotBeReadIsNotEdited) {
  Bytes bytes = SmallFile();
  for (const Chunk& chunk : WalkChunks(bytes)) {
    if (chunk.tag != "META") continue;
    bytes[chunk.payload()] = '[';
    FixCrc(&bytes, chunk);
  }
  MemoryFile file(bytes);
  EXPECT_EQ(Rename(&file, "new", "first").code(), h4mk::Code::kCorrupt);
  EXPECT_EQ(file.bytes, bytes);
}

TEST(EditTest, EveryPrefixOfAnEditIsTheOldFileOrTheNewOne) {
  const Bytes old = SmallFile();
  MemoryFile file(old);
  ASSERT_TRUE(Rename(&file, "new", "first").ok());
  const State before = StateOf(old), after = StateOf(file.bytes);
  for (size_t size = old.size() - 4; size < file.bytes.size(); ++size) {
    const Bytes cut(file.bytes.begin(), file.bytes.begin() + size);
    const State state = StateOf(cut);
    EXPECT_TRUE(state == before || state == after)
        << "cut at " << size << " of " << file.bytes.size();
    if (size + 60 < file.bytes.size()) {
      EXPECT_EQ(state, before) << "cut at " << size;
    }
  }
}

// The bytes that make the file a closed one come when all others are on the disk.
TEST(EditTest, TheLastBytesAreWrittenLast) {
  const Bytes old = SmallFile();
  MemoryFile file(old);
  ASSERT_TRUE(Rename(&file, "new", "first").ok());
  ASSERT_EQ(file.synced_sizes.size(), 2u);
  EXPECT_EQ(file.synced_sizes[0] + 36, file.synced_sizes[1]);
  for (const Bytes& moment : file.history) EXPECT_EQ(StateOf(moment).blocks, StateOf(old).blocks);
}

TEST(EditTest, NoRoomLeavesTheFileAsItWas) {
  const Bytes old = SmallFile();
  for (size_t room : {0, 1, 100, 250}) {
    MemoryFile file(old);
    file.capacity = old.size() + room;
    EXPECT_EQ(Rename(&file, "new", "first").code(), h4mk::Code::kIo);
    EXPECT_EQ(file.bytes, old) << room;
  }
}

TEST(EditTest, EditsAreTakenBackOneByOne) {
  const Bytes old = SmallFile();
  MemoryFile file(old);
  ASSERT_TRUE(Rename(&file, "new", "first").ok());
  const Bytes once = file.bytes;
  ASSERT_TRUE(Rename(&file, "newer", "second").ok());
  ASSERT_TRUE(UndoEdit(file).ok());
  EXPECT_EQ(file.bytes, once);
  ASSERT_TRUE(UndoEdit(file).ok());
  EXPECT_EQ(file.bytes, old);
  EXPECT_EQ(UndoEdit(file).code(), h4mk::Code::kNotFound);
  EXPECT_EQ(file.bytes, old);
}

TEST(EditTest, TracksKeepTheirIdsAndTimeBases) {
  MemoryFile file(SmallFile());
  h4mk::Editor editor(file);
  ASSERT_TRUE(editor.Open().ok());
  h4mk::Json track = editor.tracks()[0].description;
  track["track_id"] = 9;
  EXPECT_EQ(editor.SetTrack(0, track).code(), h4mk::Code::kArgument);
  track = editor.tracks()[0].description;
  track["time_base"] = "1/7";
  EXPECT_EQ(editor.SetTrack(0, track).code(), h4mk::Code::kArgument);
  EXPECT_EQ(editor.SetTrack(99, track).code(), h4mk::Code::kArgument);
}

// core.md, "End of file": the same clusters give the same index and end.
TEST(ReindexTest, ACutEndIsMadeAnewByteForByte) {
  const Bytes whole = SmallFile();
  for (size_t cut : {1, 4, 30, 60, 200}) {
    MemoryFile file(Bytes(whole.begin(), whole.end() - cut));
    bool changed = false;
    ASSERT_TRUE(RebuildIndex(file, nullptr, &changed).ok()) << cut;
    EXPECT_TRUE(changed);
    EXPECT_EQ(file.bytes, whole) << cut;
  }
  MemoryFile file(whole);
  bool changed = true;
  ASSERT_TRUE(RebuildIndex(file, nullptr, &changed).ok());
  EXPECT_FALSE(changed);
  EXPECT_EQ(file.bytes, whole);
}

// The times of frames are in a page where they take few bytes (core.md, "Page"). A page that was
// read keeps them, beside a track that begins in the middle of the file too.
TEST(ReindexTest, ThePageOfACutEndKeepsTheTimesOfItsFrames) {
  Media media;
  AddVideo(&media, kVideo, 40, 4, 1);
  AddSimple(&media, kSubtitle, 40, 400, 5, 5);
  Interleave(&media);
  const Bytes whole = Mux(media, ClusterLimits(1, 0));
  std::vector<Chunk> pages = WalkChunks(whole);
  std::erase_if(pages, [](const Chunk& chunk) { return chunk.tag != "TSEK"; });
  ASSERT_FALSE(pages.empty());
  for (const size_t left : {pages.front().end(), whole.size() - 4}) {
    MemoryFile file(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(left)));
    bool changed = false;
    ASSERT_TRUE(RebuildIndex(file, nullptr, &changed).ok());
    EXPECT_EQ(file.bytes, whole);
  }
}

// Other writers need not store them.
TEST(ReindexTest, APageWithoutTheTimesOfFramesIsAsGood) {
  std::ifstream stream(H4MK_SOURCE_DIR "/tests/conformance/valid/side-data-repeated-often.h4mk",
                       std::ios::binary);
  MemoryFile file(Bytes(std::istreambuf_iterator<char>(stream), {}));
  ASSERT_FALSE(file.bytes.empty());
  bool changed = true;
  ASSERT_TRUE(RebuildIndex(file, nullptr, &changed).ok());
  EXPECT_FALSE(changed);
}

// core.md, "Which description counts": those behind an end count once an index follows them.
TEST(ReindexTest, AnEditCountsOnceItsIndexIsThere) {
  const Bytes old = SmallFile();
  MemoryFile edited(old);
  ASSERT_TRUE(Rename(&edited, "new", "first").ok());
  const State before = StateOf(old);
  for (const Chunk& chunk : WalkChunks(edited.bytes)) {
    if (chunk.begin < old.size() - kCrcSize) continue;
    MemoryFile file(Bytes(edited.bytes.begin(), edited.bytes.begin() + chunk.end()));
    bool changed = false;
    ASSERT_TRUE(RebuildIndex(file, nullptr, &changed).ok()) << chunk.tag;
    const bool counts = chunk.tag == "TSEK" || chunk.tag == "TAIL";
    EXPECT_EQ(StateOf(file.bytes), counts ? (State{"new", "first", before.blocks}) : before)
        << chunk.tag;
    EXPECT_EQ(Problems(file.bytes), "") << chunk.tag;
  }
}

TEST(ReindexTest, AFileThatBeganWithItsTracksOnlyGetsAnEnd) {
  const Bytes whole = SmallFile();
  MemoryFile file(Bytes(whole.begin(), whole.begin() + WalkChunks(whole).front().end()));
  bool changed = false;
  ASSERT_TRUE(RebuildIndex(file, nullptr, &changed).ok());
  EXPECT_EQ(StateOf(file.bytes).blocks, 0u);
  EXPECT_EQ(Problems(file.bytes), "");
}

TEST(ReindexTest, AFileThatCannotBeShortenedStaysAsItIs) {
  const Bytes whole = SmallFile();
  MemoryFile file(Bytes(whole.begin(), whole.end() - 30));
  file.can_truncate = false;
  const Bytes before = file.bytes;
  bool changed = false;
  EXPECT_EQ(RebuildIndex(file, nullptr, &changed).code(), h4mk::Code::kIo);
  EXPECT_EQ(file.bytes, before);
}

// As h4mk_writer_front_index() has it.
TEST(ReindexTest, AnIndexInFrontIsTheOneThatTheWriterOffers) {
  TestFile out;
  Writer writer(&out);
  writer.AddTrack();
  for (int i = 0; i < 50; ++i)
    writer.Write({.pts = i * 500, .dts = i * 500, .data = Payload(i, 99)});
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  const Bytes expected = WithIndexInFront(writer, out.bytes);

  MemoryFile in(out.bytes), moved({});
  ASSERT_TRUE(MoveIndexToFront(in, moved, nullptr).ok());
  EXPECT_EQ(moved.bytes, expected);
}

// core.md, "Limits": times without any order, in many tracks, take that much.
TEST(ReindexTest, AnIndexOfMoreThan4MiBStaysAtTheEnd) {
  constexpr uint32_t tracks = 1000;
  TestFile out;
  Writer writer(&out, ClusterLimits(tracks, 0));
  for (uint32_t i = 0; i < tracks; ++i) writer.AddTrack({.kind = "data", .codec = "x"});
  uint64_t random = 1;
  for (int i = 0; i < 600; ++i)
    for (uint32_t track = 0; track < tracks; ++track) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const auto time = static_cast<int64_t>(random) >> 2;
      ASSERT_EQ(writer.Write({track, kKey, time, time, 1, Bytes(1)}), H4MK_OK);
    }
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  MemoryFile in(std::move(out.bytes)), moved({});
  EXPECT_EQ(MoveIndexToFront(in, moved, nullptr).code(), h4mk::Code::kLimit);
  EXPECT_EQ(moved.bytes, Bytes());
}

// A reader of the front need not read the end for a description that is at the front as well.
TEST(ReindexTest, AnIndexInFrontNamesTheDescriptionAtTheFrontWhereItIsTheSame) {
  const auto meta_of_front = [](const MemoryFile& file) {
    MemoryFile in(file.bytes), moved({});
    EXPECT_TRUE(MoveIndexToFront(in, moved, nullptr).ok());
    h4mk::TrackIds ids;
    ids.Add(1);
    ids.Add(2);
    const std::vector<Chunk> chunks = WalkChunks(moved.bytes);
    h4mk::IndexTop top;
    for (const Chunk& chunk : chunks) {
      const h4mk::ByteSpan payload(moved.bytes.data() + chunk.payload(), chunk.payload_size);
      if (chunk.tag != "TSEK" || !h4mk::IsTop(payload)) continue;
      EXPECT_TRUE(h4mk::DecodeTop(payload, ids, chunk.begin, &top));
      break;
    }
    const auto cluster = std::ranges::find_if(chunks, &Chunk::is_cluster);
    return top.meta < cluster->begin ? "front" : "end";
  };
  MemoryFile file(SmallFile());
  ASSERT_TRUE(Rename(&file, "new", "first").ok());
  EXPECT_STREQ(meta_of_front(file), "end");
  ASSERT_TRUE(Rename(&file, "old", "first").ok());
  EXPECT_STREQ(meta_of_front(file), "front");
}

// Who waits for the lock gets the file that is there then, or none: an edit of the one that was
// there before would be lost.
TEST(EditFileTest, AFileThatWasReplacedBeforeItWasLockedIsNotOpened) {
  std::string folder = std::filesystem::temp_directory_path() / "h4mk_edit_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/film.h4mk", other = folder + "/other.h4mk";
  std::ofstream(path) << "before";
  std::ofstream(other) << "after";
  h4mk_io io = H4MK_IO_INIT;
  g_before_lock = [&] { std::filesystem::rename(other, path); };
  EXPECT_EQ(h4mk_io_open_file(path.c_str(), H4MK_OPEN_EDIT, &io), H4MK_ERR_IO);
  EXPECT_EQ(errno, ESTALE);
  ASSERT_EQ(h4mk_io_open_file(path.c_str(), H4MK_OPEN_EDIT, &io), H4MK_OK);
  h4mk_io_close(&io);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace h4mk_test
