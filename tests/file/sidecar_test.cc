// SPDX-License-Identifier: MIT
// core.md, "External data": a file whose blocks are ranges of another file beside it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "base/memory_io.h"
#include "maintain/recover.h"
#include "maintain/verify.h"
#include "reader/external_data.h"
#include "support/allocations.h"
#include "support/chunks.h"
#include "support/container.h"
#include "support/encryption.h"

namespace h4mk_test {
namespace {

const Bytes kMaster = Payload(7, 32);

// The folder that a reader is given: files by name, and what was asked for.
struct Folder {
  std::map<std::string, Bytes> files;
  std::vector<std::string> asked;
  uint64_t bytes_read = 0;
  h4mk_status error = H4MK_ERR_NOT_FOUND;  // where there is no file

  struct File {
    Folder* folder;
    const Bytes* bytes;
    size_t position = 0;
  };

  static h4mk_status Open(void* self, const char* name, h4mk_io* io) {
    auto* folder = static_cast<Folder*>(self);
    folder->asked.push_back(name);
    const auto file = folder->files.find(name);
    if (file == folder->files.end()) return folder->error;
    *io = H4MK_IO_INIT;
    io->opaque = new File{folder, &file->second};
    io->read = [](void* opaque, uint8_t* buffer, size_t size) -> int64_t {
      auto* open = static_cast<File*>(opaque);
      const size_t count =
          std::min(size, open->bytes->size() - std::min(open->bytes->size(), open->position));
      std::copy_n(open->bytes->data() + open->position, count, buffer);
      open->position += count;
      open->folder->bytes_read += count;
      return static_cast<int64_t>(count);
    };
    io->seek = [](void* opaque, int64_t offset) {
      static_cast<File*>(opaque)->position = static_cast<size_t>(offset);
      return 0;
    };
    io->size = [](void* opaque) {
      return static_cast<int64_t>(static_cast<File*>(opaque)->bytes->size());
    };
    io->close = [](void* opaque) { delete static_cast<File*>(opaque); };
    return H4MK_OK;
  }
  h4mk_reader_options Options() {
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    options.open_beside = Open;
    options.beside_opaque = this;
    return options;
  }
};

h4mk_status WriteExternal(h4mk_writer* writer, const Block& block, uint64_t offset) {
  std::vector<h4mk_side_data> side_data;
  h4mk_block c = ToC(block, &side_data);
  c.flags |= H4MK_BLOCK_EXTERNAL;
  c.offset = static_cast<int64_t>(offset);
  return h4mk_writer_write(writer, &c);
}

uint32_t AddTrackBeside(h4mk_writer* writer, const std::string& name, int64_t id = 1) {
  const Value track = Describe({"1/25", "video", "h264"}, static_cast<uint32_t>(id));
  h4mk_value_set_text(track.get(), "beside", name.c_str());
  uint32_t index = 0;
  EXPECT_EQ(h4mk_writer_add_track(writer, track.get(), &index), H4MK_OK);
  return index;
}

// A film of 40 blocks in a file "film.mp4" with other bytes in between; every fifth block is in the
// sidecar itself.
class SidecarTest : public testing::Test {
 protected:
  void SetUp() override {
    Bytes& film = folder_.files["film.mp4"];
    for (int i = 0; i < 40; ++i) {
      const Block block{0, i % 12 == 0 ? kKey : kP, i, i, 1, Payload(i, 100 + i * 7)};
      media_.blocks.push_back(block);
      places_.push_back(film.size() + i % 9);
      film = film + Payload(1000 + i, i % 9) + block.data;
    }
  }

  static bool IsStored(size_t i) { return i % 5 == 0; }

  Bytes Make(h4mk_writer_options options = ClusterLimits(4000, 400),
             const std::string& name = "film.mp4") {
    TestFile file;
    Writer writer(&file, options);
    AddTrackBeside(writer.get(), name);
    for (size_t i = 0; i < media_.blocks.size(); ++i) {
      const Block& block = media_.blocks[i];
      EXPECT_EQ(IsStored(i) ? writer.Write(block) : WriteExternal(writer.get(), block, places_[i]),
                H4MK_OK)
          << writer.message();
    }
    EXPECT_EQ(writer.Finish(), H4MK_OK);
    return std::move(file.bytes);
  }

  // A file whose track got another name behind the library's back.
  Bytes WithName(const std::string& name) {
    Bytes bytes = Make();
    const std::string old = "film.mp4";
    EXPECT_EQ(name.size(), old.size());
    for (auto at = bytes.begin();;) {
      at = std::search(at, bytes.end(), old.begin(), old.end());
      if (at == bytes.end()) break;
      std::copy(name.begin(), name.end(), at);
    }
    for (const Chunk& chunk : WalkChunks(bytes)) FixCrc(&bytes, chunk);
    return bytes;
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
  std::vector<uint64_t> places_;
  std::string message_;
};

// Also of blocks that cannot be used.
TEST_F(SidecarTest, AllMemoryForBlocksIsGivenBack) {
  static int held;
  held = 0;
  h4mk_buffers buffers = H4MK_BUFFERS_INIT;
  buffers.alloc = [](void*, size_t size, uint8_t** data) -> void* {
    ++held;
    return *data = new uint8_t[size];
  };
  buffers.release = [](void*, void* handle) {
    EXPECT_NE(handle, nullptr);
    held -= handle != nullptr;
    delete[] static_cast<uint8_t*>(handle);
  };
  for (const bool is_damaged : {false, true}) {
    TestFile file(Make());
    if (is_damaged) folder_.files["film.mp4"][5000] ^= 1;
    h4mk_reader_options options = folder_.Options();
    options.buffers = &buffers;
    {
      Reader reader(&file, options);
      EXPECT_EQ(reader.ReadOn().damage.empty(), !is_damaged);
    }
    EXPECT_EQ(held, 0);
  }
}

TEST_F(SidecarTest, NoMemoryForAGroup) {
  static size_t largest;
  h4mk_buffers buffers = H4MK_BUFFERS_INIT;
  buffers.alloc = [](void*, size_t size, uint8_t** data) -> void* {
    return size > largest ? nullptr : *data = new uint8_t[size];
  };
  buffers.release = [](void*, void* handle) { delete[] static_cast<uint8_t*>(handle); };
  h4mk_reader_options options = folder_.Options();
  options.buffers = &buffers;
  size_t refused = 0;
  for (largest = 0; largest < 5000; largest += 100) {
    TestFile file(Make());
    Reader reader(&file, options);
    const Reading reading = reader.ReadOn();
    refused += reading.end == H4MK_ERR_MEMORY;
    EXPECT_TRUE(reading.end == H4MK_ERR_MEMORY || reading.end == H4MK_END);
  }
  EXPECT_GT(refused, 10u);
}

TEST_F(SidecarTest, BlocksComeFromTheFileBeside) {
  const Bytes file = Make();
  const Reading reading = Read(file, folder_.Options());
  EXPECT_EQ(reading.blocks, media_.blocks);
  EXPECT_EQ(reading.damage, std::vector<std::string>());
  EXPECT_EQ(folder_.asked, std::vector<std::string>{"film.mp4"});
}

TEST_F(SidecarTest, ABlockCostsLessThanFourBytes) {
  TestFile file;
  Writer writer(&file);
  AddTrackBeside(writer.get(), "film.mp4");
  ASSERT_EQ(writer.Flush(), H4MK_OK);
  const size_t before = file.bytes.size();
  uint64_t at = 40;
  for (int i = 0; i < 5000; ++i) {
    const Bytes data = Payload(i, 200 + i * 131 % 700);
    ASSERT_EQ(WriteExternal(writer.get(), {0, i % 50 == 0 ? kKey : kP, i, i, 1, data}, at),
              H4MK_OK);
    at += data.size() + (i % 10 == 9 ? 3000 + i % 77 : 0);  // other tracks between them
  }
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  EXPECT_LT(file.bytes.size() - before, 4 * 5000u);
}

TEST_F(SidecarTest, SeeksAndSingleBlocks) {
  TestFile file(Make());
  Reader reader(&file, folder_.Options());
  for (const int64_t time : {30, 1, 39, 14}) {
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY), H4MK_OK);
    Block block;
    ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
    EXPECT_EQ(block, media_.blocks[time]);
    h4mk_block single = H4MK_BLOCK_INIT;
    ASSERT_EQ(h4mk_reader_read_block(reader.get(), 0, time, &single), H4MK_OK);
    EXPECT_EQ(FromC(single), media_.blocks[time]);
  }
  // Key blocks: 12, 24 and 36 are in the other file.
  for (const int64_t time : {13, 38, 25, 3}) {
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    for (size_t i = static_cast<size_t>(time / 12 * 12); i < 40; ++i) {
      Block block;
      ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
      ASSERT_EQ(block, media_.blocks[i]);
    }
  }
}

// A lookup says where a block is without the other file: what a loader needs to read many at once.
TEST_F(SidecarTest, LookupsTellThePlaceInTheOtherFile) {
  TestFile file(Make());
  Reader reader(&file);
  for (uint64_t i = 0; i < 40; ++i) {
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
    ASSERT_EQ(h4mk_reader_block_info(reader.get(), 0, i, &info), H4MK_OK);
    EXPECT_EQ(info.size, media_.blocks[i].data.size());
    EXPECT_EQ((info.flags & H4MK_BLOCK_EXTERNAL) == 0, IsStored(i));
    if (!IsStored(i)) EXPECT_EQ(static_cast<uint64_t>(info.offset), places_[i]);
  }
  EXPECT_EQ(folder_.asked, std::vector<std::string>());
}

TEST_F(SidecarTest, TotalsCountTheBytesOfAllBlocks) {
  uint64_t bytes = 0;
  for (const Block& block : media_.blocks) bytes += block.data.size();
  TestFile file(Make());
  Reader reader(&file);
  h4mk_track_info info = H4MK_TRACK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_track_info(reader.get(), 0, &info), H4MK_OK);
  EXPECT_EQ(info.byte_count, bytes);
}

// One block costs its group, which is what the track has in one cluster: at most the size that the
// writer's clusters have.
TEST_F(SidecarTest, ASingleBlockReadsOneGroup) {
  TestFile file(Make(ClusterLimits(1000, 400)));
  Reader reader(&file, folder_.Options());
  h4mk_block block = H4MK_BLOCK_INIT;
  ASSERT_EQ(h4mk_reader_read_block(reader.get(), 0, 23, &block), H4MK_OK);
  EXPECT_EQ(FromC(block), media_.blocks[23]);
  EXPECT_LE(folder_.bytes_read, 1000u + 2 * 4096);
}

// More than is kept at once: the groups are checked first, then the blocks are read one by one.
TEST_F(SidecarTest, GroupsThatAreTooLargeToBeKept) {
  Bytes& film = folder_.files["large.mov"];
  std::vector<Block> blocks;
  TestFile file;
  h4mk_writer_options options = ClusterLimits(256 << 20, 100000);
  Writer writer(&file, options);
  for (uint32_t track = 0; track < 3; ++track) AddTrackBeside(writer.get(), "large.mov", track + 1);
  for (int i = 0; i < 6; ++i) {
    const Block block{
        static_cast<uint32_t>(i % 3), kKey, i, i, 1, Bytes(15u << 20, static_cast<uint8_t>(i))};
    ASSERT_EQ(WriteExternal(writer.get(), block, film.size()), H4MK_OK);
    film.insert(film.end(), block.data.begin(), block.data.end());
    blocks.push_back(block);
  }
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  EXPECT_EQ(Read(file.bytes, folder_.Options()).blocks, blocks);
  // The last track's blocks are read twice, those of the others once.
  EXPECT_LE(folder_.bytes_read, (90u + 30u) << 20);

  TestFile again(file.bytes);
  Reader reader(&again, folder_.Options());
  Block block;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(reader.Next(&block), H4MK_OK);
  film[(75u << 20) + 5] ^= 1;  // of the last block, after its group was checked
  for (int i = 3; i < 5; ++i) ASSERT_EQ(reader.Next(&block), H4MK_OK);
  EXPECT_EQ(reader.Next(&block), H4MK_ERR_CORRUPT);
  EXPECT_NE(reader.message().find("changed while"), std::string::npos) << reader.message();
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

// core.md: a reader without the other file does everything but hand out these blocks. It is told
// once a track and cluster.
TEST_F(SidecarTest, WhatIsStoredIsReadWithoutTheOtherFile) {
  TestFile file(Make());
  folder_.files.clear();
  Reader reader(&file, folder_.Options());
  std::vector<Block> read;
  int told = 0;
  for (;;) {
    Block block;
    const h4mk_status status = reader.Next(&block);
    if (status == H4MK_END) break;
    ASSERT_TRUE(status == H4MK_OK || status == H4MK_ERR_NOT_FOUND) << reader.message();
    told += status == H4MK_ERR_NOT_FOUND;
    if (status == H4MK_OK) read.push_back(block);
  }
  std::vector<Block> stored;
  for (size_t i = 0; i < 40; ++i)
    if (IsStored(i)) stored.push_back(media_.blocks[i]);
  EXPECT_EQ(read, stored);
  const auto chunks = WalkChunks(file.bytes);
  EXPECT_EQ(told, std::count_if(chunks.begin(), chunks.end(),
                                [](const Chunk& chunk) { return chunk.is_cluster(); }));
}

TEST_F(SidecarTest, AFileThatAppearsIsFound) {
  TestFile file(Make());
  const Bytes film = folder_.files["film.mp4"];
  folder_.files.clear();
  Reader reader(&file, folder_.Options());
  Block block;
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  EXPECT_EQ(reader.Next(&block), H4MK_ERR_NOT_FOUND);
  EXPECT_NE(reader.message().find(
                "\"film.mp4\", which has blocks of track 1, was not found beside this file"),
            std::string::npos)
      << reader.message();
  folder_.error = H4MK_ERR_IO;
  h4mk_block single = H4MK_BLOCK_INIT;
  EXPECT_EQ(h4mk_reader_read_block(reader.get(), 0, 1, &single), H4MK_ERR_NOT_FOUND);
  EXPECT_NE(reader.message().find("cannot be opened"), std::string::npos) << reader.message();
  folder_.files["film.mp4"] = film;
  ASSERT_EQ(h4mk_reader_read_block(reader.get(), 0, 1, &single), H4MK_OK);
  EXPECT_EQ(FromC(single), media_.blocks[1]);
  ASSERT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK);
  EXPECT_EQ(reader.ReadOn().blocks, media_.blocks);
}

// A changed byte costs the blocks that are hashed together, those of its cluster; it is told once,
// with name and range.
TEST_F(SidecarTest, AnotherFileIsNotPassedOff) {
  const Bytes file = Make(ClusterLimits(1000, 400));
  folder_.files["film.mp4"][places_[11] + 3] ^= 1;
  for (const int keep_corrupt : {0, 1}) {
    h4mk_reader_options options = folder_.Options();
    options.keep_corrupt = keep_corrupt;
    const Reading reading = Read(file, options);
    EXPECT_LT(reading.blocks.size(), 40u);
    EXPECT_GT(reading.blocks.size(), 34u);
    for (const Block& block : reading.blocks) EXPECT_EQ(block, media_.blocks[block.dts]);
    ASSERT_EQ(reading.damage.size(), 1u);
    EXPECT_NE(reading.damage[0].find("of \"film.mp4\" are not what they were"), std::string::npos)
        << reading.damage[0];
    EXPECT_NE(reading.damage[0].find("bytes "), std::string::npos);
  }
}

// A range is compared with the size of the other file before anything is read.
TEST_F(SidecarTest, AFileThatIsTooShort) {
  const Bytes file = Make(ClusterLimits(1000, 400));
  folder_.files["film.mp4"].resize(places_[31]);
  const Reading reading = Read(file, folder_.Options());
  EXPECT_NE(reading.damage.back().find("are not all there"), std::string::npos)
      << reading.damage.back();
  for (const Block& block : reading.blocks) EXPECT_EQ(block, media_.blocks[block.dts]);
  EXPECT_GE(reading.blocks.size(), 28u);
}

// ---- hostile files

TEST_F(SidecarTest, NothingButANameInTheSameFolderIsOpened) {
  for (const char* name :
       {"/etc/passwd", "../film.mp4", "..", ".", "", "a/b", "a\\b", "c:film.mp4", "file:film.mp4",
        "film\n.mp4", "%2e%2e%2fsecret", "film.mp4?delete=all", "film.mp4#t", "-", "-film.mp4",
        "film\x7F.mp4", "film\xC2\x85.mp4", "film\xFF.mp4"}) {
    EXPECT_FALSE(h4mk::IsNameOfFileBeside(name)) << name;
    h4mk_io io = H4MK_IO_INIT;
    char path[] = "/tmp/x.h4mk";
    EXPECT_EQ(h4mk_io_open_beside(path, name, &io), H4MK_ERR_ARGUMENT) << name;
  }
  for (const char* name :
       {"film.mp4", "...", ".hidden", "a film!-.mp4", "Grüße.mp4", "film\xC2\xA0.mp4"})
    EXPECT_TRUE(h4mk::IsNameOfFileBeside(name)) << name;
  EXPECT_TRUE(h4mk::IsNameOfFileBeside(std::string(255, 'a')));
  EXPECT_FALSE(h4mk::IsNameOfFileBeside(std::string(256, 'a')));
}

TEST_F(SidecarTest, AFileWithSuchANameOpensNothing) {
  for (const char* name : {"/ilm.mp4", "../m.mp4", "-ilm.mp4", "f%lm.mp4", "film?mp4"}) {
    const Reading reading = Read(WithName(name), folder_.Options());
    EXPECT_EQ(reading.blocks.size(), 8u) << name;
    EXPECT_NE(reading.damage[0].find("does not name a file"), std::string::npos)
        << reading.damage[0];
  }
  EXPECT_EQ(folder_.asked, std::vector<std::string>());
}

// Only regular files: a FIFO would wait for ever, a link leads elsewhere, a device does things when
// it is read.
TEST_F(SidecarTest, OnlyRegularFilesAreOpened) {
  char folder[] = "/tmp/h4mk_sidecar_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string base = std::string(folder) + "/";
  std::string sidecar = base + "film.h4mk";
  const auto open_beside = [&](const char* name) {
    h4mk_io io = H4MK_IO_INIT;
    const h4mk_status status = h4mk_io_open_beside(sidecar.data(), name, &io);
    if (status == H4MK_OK) {
      EXPECT_EQ(io.size(io.opaque), 4);
      h4mk_io_close(&io);
    }
    return status;
  };
  std::ofstream(base + "film.mp4") << "film";
  ASSERT_EQ(symlink("film.mp4", (base + "link.mp4").c_str()), 0);
  ASSERT_EQ(mkfifo((base + "pipe.mp4").c_str(), 0600), 0);
  ASSERT_EQ(mkdir((base + "folder").c_str(), 0700), 0);
  EXPECT_EQ(open_beside("film.mp4"), H4MK_OK);
  EXPECT_EQ(open_beside("link.mp4"), H4MK_ERR_IO);
  EXPECT_EQ(open_beside("pipe.mp4"), H4MK_ERR_IO);
  EXPECT_EQ(open_beside("folder"), H4MK_ERR_IO);
  EXPECT_EQ(open_beside("nothing.mp4"), H4MK_ERR_NOT_FOUND);
  sidecar = "/dev/x.h4mk";
  EXPECT_EQ(open_beside("zero"), H4MK_ERR_IO);
  for (const char* name : {"film.mp4", "link.mp4", "pipe.mp4"}) unlink((base + name).c_str());
  rmdir((base + "folder").c_str());
  rmdir(folder);
}

// A small file that names the same bytes again and again does not make a reader work without end.
TEST_F(SidecarTest, WhatIsReadOfTheOtherFileIsBounded) {
  folder_.files["film.mp4"] = Payload(1, 100000);
  const Block block{0, kKey, 0, 0, 1, folder_.files["film.mp4"]};
  TestFile file;
  Writer writer(&file, ClusterLimits(1000, 400));
  AddTrackBeside(writer.get(), "film.mp4");
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(WriteExternal(writer.get(), block, 0), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  TestFile copy(file.bytes);
  Reader reader(&copy, folder_.Options());
  const Reading reading = reader.ReadOn();
  EXPECT_EQ(reading.blocks.size(), 32u);
  EXPECT_NE(reading.damage.at(0).find("more than 32 times"), std::string::npos)
      << reading.damage[0];
  // What a caller asks for is not counted together.
  h4mk_block single = H4MK_BLOCK_INIT;
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(h4mk_reader_read_block(reader.get(), 0, 900 - i, &single), H4MK_OK);
  ASSERT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK);
  Block next;
  EXPECT_EQ(reader.Next(&next), H4MK_OK);
}

// ---- writing

TEST_F(SidecarTest, WhatWritersRefuse) {
  TestFile file;
  Writer writer(&file);
  const uint32_t beside = AddTrackBeside(writer.get(), "film.mp4");
  const uint32_t bad = AddTrackBeside(writer.get(), "../film.mp4", 2);
  const Block block{beside, kKey, 0, 0, 1, Bytes(43)};
  EXPECT_EQ(WriteExternal(writer.get(), block, static_cast<uint64_t>(-1)), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(WriteExternal(writer.get(), block, INT64_MAX - 42), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(
      WriteExternal(writer.get(), {beside, kKey | H4MK_BLOCK_ENCRYPTED, 0, 0, 1, Bytes(43)}, 0),
      H4MK_ERR_ARGUMENT);
  EXPECT_EQ(WriteExternal(writer.get(), {bad, kKey, 0, 0, 1, Bytes(43)}, 0), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(WriteExternal(writer.get(), block, INT64_MAX - 43), H4MK_OK);
}

TEST_F(SidecarTest, EncryptedFilesHaveNoBlocksInOthers) {
  TestFile file;
  h4mk_writer_options options = ClusterLimits(4000, 400);
  options.encryption_scheme = H4MK_SCHEME_GCM;
  options.encryption_key = HeldKey(kMaster);
  Writer writer(&file, options);
  AddTrackBeside(writer.get(), "film.mp4");
  EXPECT_EQ(WriteExternal(writer.get(), media_.blocks[1], places_[1]), H4MK_ERR_ARGUMENT);
}

TEST_F(SidecarTest, OtherVersionsHaveNone) {
  for (const int version : {1, H4MK_VERSION_TRANSPORT}) {
    TestFile file;
    h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
    options.version = version;
    Writer writer(&file, options);
    AddTrackBeside(writer.get(), "film.mp4");
    EXPECT_EQ(WriteExternal(writer.get(), media_.blocks[1], places_[1]), H4MK_ERR_ARGUMENT);
  }
}

// Clusters end before a group is larger than a reader takes, whatever their size may be.
TEST_F(SidecarTest, AGroupIsAtMost64MiB) {
  TestFile file;
  Writer writer(&file, ClusterLimits(1 << 30, 1000000));
  AddTrackBeside(writer.get(), "large.mov");
  Bytes& film = folder_.files["large.mov"] = Bytes(30u << 20, 1);
  const Block block{0, kKey, 0, 0, 1, film};
  for (int i = 0; i < 4; ++i) ASSERT_EQ(WriteExternal(writer.get(), block, 0), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  const Reading reading = Read(file.bytes, folder_.Options());
  EXPECT_EQ(reading.blocks.size(), 4u);
  EXPECT_EQ(reading.damage, std::vector<std::string>());
}

// ---- verify, recover, convert

Bytes RecoverFile(const Bytes& file, h4mk::RecoverReport* report) {
  h4mk::MemoryInput input(file);
  h4mk::MemoryOutput output;
  EXPECT_TRUE(h4mk::RecoverV2(input, output, nullptr, report).ok());
  return output.bytes;
}

TEST_F(SidecarTest, VerifyKnowsBlocksThatAreElsewhere) {
  const Bytes file = Make();
  h4mk::MemoryInput io(file);
  h4mk::VerifyReport report;
  ASSERT_TRUE(h4mk::VerifyV2(io, nullptr, &report).ok());
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.blocks, 40u);
  uint64_t stored = 0;
  for (size_t i = 0; i < 40; ++i) stored += IsStored(i) ? media_.blocks[i].data.size() : 0;
  EXPECT_EQ(report.payload_bytes, stored);
}

TEST_F(SidecarTest, VerifyFindsATrackThatNamesNoFile) {
  const Bytes file = WithName("f%lm.mp4");
  h4mk::MemoryInput io(file);
  h4mk::VerifyReport report;
  ASSERT_TRUE(h4mk::VerifyV2(io, nullptr, &report).ok());
  ASSERT_FALSE(report.ok());
  bool is_told = false;
  for (const h4mk::Finding& finding : report.findings)
    is_told |= finding.message.find("does not name") != std::string::npos;
  EXPECT_TRUE(is_told);
}

// What is in the other file is not lost when the sidecar is damaged: each byte of a cluster behind
// its index is changed in turn.
TEST_F(SidecarTest, RecoverKeepsBlocksThatAreElsewhere) {
  const Bytes file = Make(ClusterLimits(1500, 400));
  for (const Chunk& chunk : WalkChunks(file)) {
    if (chunk.tag != "CORE") continue;
    const size_t end = chunk.end();
    for (const size_t at : {end - 1, end - 5}) {  // of the CRC, of the data
      Bytes damaged = file;
      damaged[at] ^= 1;
      h4mk::RecoverReport report;
      const Reading reading = Read(RecoverFile(damaged, &report), folder_.Options());
      for (const Block& block : reading.blocks) EXPECT_EQ(block, media_.blocks[block.dts]);
      size_t external = 0;
      for (const Block& block : reading.blocks)
        external += !IsStored(static_cast<size_t>(block.dts));
      EXPECT_EQ(reading.damage, std::vector<std::string>());
      // A block that is stored and lost leaves a gap, which the hash of a group cannot have.
      if (reading.blocks.size() == 40) EXPECT_EQ(external, 32u);
      EXPECT_GE(reading.blocks.size() + report.lost_blocks, 35u);
    }
  }
}

// However many bytes a block has in the other file, damage of the data in this one does not reach
// it.
TEST_F(SidecarTest, RecoverKeepsATrackBesideOneThatIsDamaged) {
  TestFile file;
  Writer writer(&file);
  AddTrackBeside(writer.get(), "film.mp4");
  AddTrackBeside(writer.get(), "film.mp4", 2);
  Block stored{1, kKey, 0, 0, 1, Payload(1, 50)};
  ASSERT_EQ(writer.Write(stored), H4MK_OK);
  const std::vector<Block> film(media_.blocks.begin(), media_.blocks.begin() + 3);
  for (size_t i = 0; i < film.size(); ++i)
    ASSERT_EQ(WriteExternal(writer.get(), film[i], places_[i]), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  Bytes bytes = std::move(file.bytes);
  for (const Chunk& chunk : WalkChunks(bytes))
    if (chunk.tag == "CORE") bytes[chunk.end() - 5] ^= 1;  // of the data
  h4mk::RecoverReport report;
  EXPECT_EQ(Read(RecoverFile(bytes, &report), folder_.Options()).blocks, film);
}

// A cluster with a block of the other file, and one of its own, which can be damaged.
void AppendMixedCluster(Writer& writer, const Block& film, uint64_t place) {
  Block stored = film;
  stored.track = 1;
  ASSERT_EQ(WriteExternal(writer.get(), film, place), H4MK_OK) << writer.message();
  ASSERT_EQ(writer.Write(stored), H4MK_OK) << writer.message();
  ASSERT_EQ(writer.Flush(), H4MK_OK);
}

// What a damaged cluster costs depends on what is in it, not on how many tracks the file has.
TEST_F(SidecarTest, RecoverOfADamagedClusterCostsNothingForEachTrack) {
  const auto allocations_for_damage = [&](int64_t tracks) {
    TestFile file;
    Writer writer(&file);
    for (int64_t id = 1; id <= tracks; ++id) AddTrackBeside(writer.get(), "film.mp4", id);
    for (size_t i = 0; i < media_.blocks.size(); ++i)
      AppendMixedCluster(writer, media_.blocks[i], places_[i]);
    EXPECT_EQ(writer.Finish(), H4MK_OK);
    Bytes damaged = file.bytes;
    for (const Chunk& chunk : WalkChunks(damaged))
      if (chunk.is_cluster()) damaged[chunk.end() - 5] ^= 1;  // of the data
    h4mk::RecoverReport report;
    const AllocationMeter of_whole;
    RecoverFile(file.bytes, &report);
    const int64_t whole = of_whole.count();
    const AllocationMeter of_damaged;
    const Bytes recovered = RecoverFile(damaged, &report);
    const int64_t count = of_damaged.count();
    EXPECT_EQ(Read(recovered, folder_.Options()).blocks, media_.blocks);
    return count - whole;
  };
  // A vector that grows to 400 tracks takes memory nine times.
  EXPECT_LT(allocations_for_damage(402) - allocations_for_damage(2), 40);
}

}  // namespace
}  // namespace h4mk_test
