// SPDX-License-Identifier: MIT
// core.md, "External data": blocks that are ranges of another file.
#include <map>

#include "base/sha256.h"
#include "file/block_reference.h"
#include "support/chunks.h"
#include "support/container.h"

namespace h4mk_test {
namespace {

const Bytes kMaster = Payload(7, 32);

// The folder that a reader is given: files by name, and what was asked for.
struct Folder {
  std::map<std::string, Bytes> files;
  std::vector<std::string> asked;

  static h4mk_status Open(void* self, const char* name, h4mk_io* io) {
    auto* folder = static_cast<Folder*>(self);
    folder->asked.push_back(name);
    const auto file = folder->files.find(name);
    if (file == folder->files.end()) return H4MK_ERR_NOT_FOUND;
    return h4mk_io_open_memory(file->second.data(), file->second.size(), io);
  }
  h4mk_reader_options Options() {
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    options.open_beside = Open;
    options.beside_opaque = this;
    return options;
  }
};

Bytes Reference(const Bytes& file, uint64_t offset, uint32_t size) {
  h4mk::BlockReference reference{offset, size, {}};
  h4mk::Sha256 hash;
  hash.Add(h4mk::ByteSpan(file).subspan(offset, size));
  reference.digest = hash.Finish();
  return h4mk::EncodeBlockReference(reference);
}

// A film of 40 blocks in a file "film.mp4" with other bytes in between; every fifth block is in the sidecar itself.
class SidecarTest : public testing::Test {
 protected:
  void SetUp() override {
    Bytes& film = folder_.files["film.mp4"];
    for (int i = 0; i < 40; ++i) {
      const Block block{0, i % 12 == 0 ? kKey : kP, i, i, 1, Payload(i, 100 + i * 7)};
      media_.blocks.push_back(block);
      film = film + Payload(1000 + i, i % 9) + block.data;
    }
  }

  Bytes Make(h4mk_writer_options options = ClusterLimits(4000, 400), const std::string& name = "film.mp4") {
    TestFile file;
    Writer writer(&file, options);
    const Value track = Describe({"1/25", "video", "h264"}, 1);
    h4mk_value_set_text(track.get(), "beside", name.c_str());
    uint32_t index = 0;
    EXPECT_EQ(h4mk_writer_add_track(writer.get(), track.get(), &index), H4MK_OK);
    const Bytes& film = folder_.files["film.mp4"];
    uint64_t at = 0;
    for (int i = 0; i < 40; ++i) {
      Block block = media_.blocks[i];
      at += i % 9;
      if (i % 5 != 0) {
        block.data = Reference(film, at, static_cast<uint32_t>(media_.blocks[i].data.size()));
        block.flags |= H4MK_BLOCK_ELSEWHERE;
      }
      at += media_.blocks[i].data.size();
      EXPECT_EQ(writer.Write(block), H4MK_OK) << writer.message();
    }
    EXPECT_EQ(writer.Finish(), H4MK_OK);
    return std::move(file.bytes);
  }

  Reading Read(const Bytes& bytes, h4mk_reader_options options) {
    TestFile file(bytes);
    Reader reader(&file, options);
    EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
    Reading reading = reader.ReadOn();
    message_ = reader.message();
    return reading;
  }

  Folder folder_;
  Media media_;
  std::string message_;
};

TEST_F(SidecarTest, BlocksComeFromTheFileBeside) {
  const Reading reading = Read(Make(), folder_.Options());
  EXPECT_EQ(reading.blocks, media_.blocks);
  EXPECT_EQ(reading.damage, std::vector<std::string>());
  EXPECT_EQ(folder_.asked, std::vector<std::string>{"film.mp4"});
}

TEST_F(SidecarTest, SeeksAndSingleBlocks) {
  TestFile file(Make());
  Reader reader(&file, folder_.Options());
  for (const int64_t time : {30, 1, 39, 14}) {
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY), H4MK_OK);
    Block block;
    ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
    EXPECT_EQ(block, media_.blocks[time]);
    h4mk_block single;
    ASSERT_EQ(h4mk_reader_read_block(reader.get(), 0, time, &single), H4MK_OK);
    EXPECT_EQ(FromC(single), media_.blocks[time]);
  }
}

TEST_F(SidecarTest, EncryptedReferences) {
  h4mk_writer_options options = ClusterLimits(4000, 400);
  options.encryption_scheme = H4MK_SCHEME_GCM;
  options.encryption_key = {nullptr, 0, kMaster.data(), kMaster.size()};
  const h4mk_key key = {nullptr, 0, kMaster.data(), kMaster.size()};
  h4mk_reader_options read = folder_.Options();
  read.keys = &key;
  read.key_count = 1;
  EXPECT_EQ(Read(Make(options), read).blocks, media_.blocks);
}

// ---- what is not there

TEST_F(SidecarTest, WithoutAFolderTheMissingFileIsNamed) {
  TestFile file(Make());
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK);
  Block block;
  ASSERT_EQ(reader.Next(&block), H4MK_OK);  // the first one is in the sidecar
  EXPECT_EQ(reader.Next(&block), H4MK_ERR_NOT_FOUND);
  EXPECT_NE(reader.message().find("\"film.mp4\""), std::string::npos) << reader.message();
  uint64_t total = 0;
  EXPECT_EQ(h4mk_reader_decode_chain(reader.get(), 0, 20, nullptr, 0, &total), H4MK_OK);
  EXPECT_EQ(total, 9u);
}

TEST_F(SidecarTest, AFileThatAppearsIsFound) {
  TestFile file(Make());
  const Bytes film = folder_.files["film.mp4"];
  folder_.files.clear();
  Reader reader(&file, folder_.Options());
  Block block;
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  EXPECT_EQ(reader.Next(&block), H4MK_ERR_NOT_FOUND);
  folder_.files["film.mp4"] = film;
  ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
  EXPECT_EQ(block, media_.blocks[1]);
}

// Each changed byte costs the block it is in.
TEST_F(SidecarTest, AnotherFileIsNotPassedOff) {
  const Bytes file = Make();
  folder_.files["film.mp4"][150] ^= 1;  // of block 1
  const Reading reading = Read(file, folder_.Options());
  EXPECT_EQ(reading.blocks.size(), 39u);
  ASSERT_EQ(reading.damage.size(), 1u);
  EXPECT_NE(reading.damage[0].find("are not those"), std::string::npos) << reading.damage[0];
  folder_.files["film.mp4"].resize(3000);
  EXPECT_NE(Read(file, folder_.Options()).damage.back().find("behind its end"), std::string::npos);
}

// ---- hostile files

TEST_F(SidecarTest, NothingButANameInTheSameFolderIsOpened) {
  for (const char* name : {"/etc/passwd", "../film.mp4", "..", ".", "", "a/b", "a\\b", "c:film.mp4", "file:film.mp4", "film\n.mp4"}) {
    EXPECT_FALSE(h4mk::IsNameOfFileBeside(name)) << name;
    const Reading reading = Read(Make(ClusterLimits(4000, 400), name), folder_.Options());
    EXPECT_EQ(reading.blocks.size(), 8u) << name;
    EXPECT_EQ(folder_.asked, std::vector<std::string>()) << name;
    h4mk_io io = H4MK_IO_INIT;
    char path[] = "/tmp/x.h4mk";
    EXPECT_EQ(h4mk_io_open_beside(path, name, &io), H4MK_ERR_ARGUMENT) << name;
  }
  for (const char* name : {"film.mp4", "...", ".hidden", "a film?.mp4", "Grüße.mp4"})
    EXPECT_TRUE(h4mk::IsNameOfFileBeside(name)) << name;
  EXPECT_FALSE(h4mk::IsNameOfFileBeside(std::string(256, 'a')));
}

TEST_F(SidecarTest, ReferencesToMoreThanTheFileHasAreRefused) {
  h4mk::BlockReference reference;
  for (const auto& [offset, size] : {std::pair<uint64_t, uint32_t>{0, UINT32_MAX}, {UINT64_MAX, 1}, {INT64_MAX, 1}}) {
    const Bytes bytes = h4mk::EncodeBlockReference({offset, size, {}});
    EXPECT_FALSE(h4mk::DecodeBlockReference(bytes, &reference).ok());
  }
  EXPECT_FALSE(h4mk::DecodeBlockReference(Bytes(43), &reference).ok());
  EXPECT_TRUE(h4mk::DecodeBlockReference(Bytes(44), &reference).ok());
}

TEST_F(SidecarTest, WritersTakeReferencesOf44BytesOnly) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack();
  EXPECT_EQ(writer.Write({0, kKey | H4MK_BLOCK_ELSEWHERE, 0, 0, 1, Bytes(43)}), H4MK_ERR_ARGUMENT);
}

// ---- elsewhere

TEST_F(SidecarTest, ATrackThatNamesNoFileHasNoReferences) {
  TestFile file;
  {
    Writer writer(&file);
    writer.AddTrack();
    ASSERT_EQ(writer.Write({0, kKey | H4MK_BLOCK_ELSEWHERE, 0, 0, 1, Bytes(44)}), H4MK_OK);
    ASSERT_EQ(writer.Finish(), H4MK_OK);
  }
  EXPECT_EQ(Read(file.bytes, folder_.Options()).damage.size(), 1u);
}

}  // namespace
}  // namespace h4mk_test
