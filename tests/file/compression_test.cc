// SPDX-License-Identifier: MIT
// core.md, "Compressed blocks".
#include <zstd.h>

#include "base/memory_io.h"
#include "file/block_compression.h"
#include "maintain/recover.h"
#include "support/chunks.h"
#include "support/container.h"
#include "support/encryption.h"
#include "writer/writer.h"

namespace h4mk_test {
namespace {

const Bytes kMaster = Payload(7, 32);

// Text of words that come again and again.
Bytes Text(uint32_t seed, size_t size) {
  const Bytes random = Payload(seed, size / 4 + 1);
  Bytes text;
  for (const uint8_t byte : random)
    for (const char letter : {'w', 'o', char('a' + byte % 4), ' '}) text.push_back(letter);
  text.resize(size);
  return text;
}

// A compressed track of texts, noise and empty blocks, and one that is not compressed.
Media Mixed(int count = 60) {
  Media media;
  media.tracks = {{"1/25", "data", "none", "zstd"}, {"1/48000", "audio", "opus"}};
  for (int i = 0; i < count; ++i) {
    Block block{0, i % 12 == 0 ? kKey : kP, i, i, 1, Text(i, 200 + i * 31 % 700)};
    if (i % 3 == 1) block.data = Payload(i, 300);
    if (i % 7 == 2) block.data = {};
    if (i % 5 == 0) block.side_data = {{"note", Text(i, 100)}};
    media.blocks.push_back(block);
    media.blocks.push_back({1, kKey, i * 1920, i * 1920, 1920, Text(i, 100)});
  }
  return media;
}

Media WithoutCompression(Media media) {
  for (Track& track : media.tracks) track.compression.clear();
  return media;
}

Reading Read(const Bytes& file, h4mk_reader_options options = H4MK_READER_OPTIONS_INIT) {
  TestFile input(file);
  Reader reader(&input, options);
  EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
  return reader.ReadOn();
}

// The blocks of a file as they are stored.
struct Stored {
  std::vector<uint32_t> flags, sizes;
};
Stored StoredBlocks(const Bytes& file, uint32_t track) {
  TestFile input(file);
  Reader reader(&input);
  Stored stored;
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  for (uint64_t i = 0; h4mk_reader_block_info(reader.get(), track, i, &info) == H4MK_OK; ++i) {
    stored.flags.push_back(info.flags);
    stored.sizes.push_back(info.size);
  }
  return stored;
}

// A file with one compressed track and one block, whose stored bytes are given.
Bytes FileWithFrame(const Bytes& frame, const char* compression = "zstd") {
  h4mk::MemoryOutput io;
  h4mk::Writer writer(io, {.any_compression = true});
  uint32_t track = 0;
  h4mk::Json description = {
      {"track_id", 1}, {"name", ""}, {"kind", "data"}, {"codec", "none"}, {"time_base", "1/25"}};
  if (compression != nullptr) description["compression"] = compression;
  EXPECT_TRUE(writer.AddTrack(description, &track).ok());
  h4mk::Block block;
  block.flags = h4mk::kBlockKey | h4mk::kBlockCompressed;
  block.pts = block.dts = 0;
  block.data = frame;
  EXPECT_TRUE(writer.Write(block).ok());
  EXPECT_TRUE(writer.Finish().ok());
  return io.bytes;
}

Bytes Frame(const Bytes& content) {
  Bytes frame(ZSTD_compressBound(content.size()));
  frame.resize(ZSTD_compress(frame.data(), frame.size(), content.data(), content.size(), 3));
  return frame;
}

// Why the one block of a file cannot be had.
std::string Refusal(const Bytes& frame, const char* compression = "zstd") {
  const Reading reading = Read(FileWithFrame(frame, compression));
  EXPECT_EQ(reading.blocks.size(), 0u);
  EXPECT_EQ(reading.end, H4MK_END);
  return reading.damage.size() == 1 ? reading.damage[0] : "no single report";
}

TEST(CompressionTest, WhatComesBackIsWhatWasWritten) {
  const Media media = Mixed();
  const Bytes file = Mux(media, ClusterLimits(4000, 1000));
  const Reading reading = Read(file);
  EXPECT_EQ(reading.blocks, media.blocks);
  EXPECT_EQ(reading.damage, std::vector<std::string>());
  EXPECT_LT(file.size(), Mux(WithoutCompression(media), ClusterLimits(4000, 1000)).size());
}

// Any mixture of contents, sizes and tracks, from a pipe and by seeking.
TEST(CompressionTest, EveryMixtureComesBack) {
  for (uint32_t seed = 0; seed < Seeds(40); ++seed) {
    std::mt19937 random(seed);
    Media media;
    for (uint32_t i = 0; i < 1 + random() % 3; ++i)
      media.tracks.push_back({"1/25", "data", "none", random() % 3 ? "zstd" : ""});
    for (int i = 0; i < 80; ++i) {
      const size_t size = random() % 4 ? random() % 300 : random() % 70000;
      Block block{static_cast<uint32_t>(random() % media.tracks.size()), random() % 4 ? kP : kKey,
                  i, i, 1};
      block.data = random() % 3 == 0 ? Payload(random(), size)
                   : random() % 2    ? Text(random(), size)
                                     : Bytes(size, static_cast<uint8_t>(random()));
      media.blocks.push_back(block);
    }
    TestFile file(Mux(media, ClusterLimits(30000, 1000)));
    for (const bool pipe : {false, true}) {
      file.pipe = pipe;
      Reader reader(&file);
      const Reading reading = reader.ReadOn();
      ASSERT_EQ(reading.blocks, media.blocks) << "seed " << seed;
      ASSERT_EQ(reading.damage, std::vector<std::string>());
    }
    file.pipe = false;
    Reader reader(&file);
    for (int i = 0; i < 10; ++i) {
      const Block& block = media.blocks[random() % media.blocks.size()];
      ASSERT_EQ(reader.Seek(block.track, block.pts, H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY), H4MK_OK);
      Block read;
      do ASSERT_EQ(reader.Next(&read), H4MK_OK);
      while (read.track != block.track);
      ASSERT_EQ(read, block);
    }
  }
}

// What does not become smaller is stored as it is: the file grows by its flag and its track's key,
// at most.
TEST(CompressionTest, NoiseDoesNotGrow) {
  Media media;
  media.tracks = {{"1/25", "data", "none", "zstd"}};
  for (int i = 0; i < 100; ++i) media.blocks.push_back({0, kKey, i, i, 1, Payload(i, i * 5)});
  const Stored stored = StoredBlocks(Mux(media), 0);
  for (size_t i = 0; i < stored.sizes.size(); ++i) {
    EXPECT_EQ(stored.sizes[i], i * 5);
    EXPECT_FALSE(stored.flags[i] & H4MK_BLOCK_COMPRESSED);
  }
  EXPECT_LE(Mux(media).size(), Mux(WithoutCompression(media)).size() + 100);
}

TEST(CompressionTest, TracksThatDoNotAskForItStayAsTheyAre) {
  const Media media = Mixed();
  for (const uint32_t flags : StoredBlocks(Mux(media), 1).flags)
    EXPECT_FALSE(flags & H4MK_BLOCK_COMPRESSED);
}

// A block that is not compressed is handed out from the cluster's buffer.
TEST(CompressionTest, BlocksThatAreNotCompressedAreNotCopied) {
  TestFile file(Mux(Mixed()));
  Reader reader(&file);
  h4mk_block block = H4MK_BLOCK_INIT, next = H4MK_BLOCK_INIT;
  ASSERT_EQ(h4mk_reader_discard(reader.get(), 0, 1), H4MK_OK);
  ASSERT_EQ(h4mk_reader_next(reader.get(), &block), H4MK_OK);
  ASSERT_EQ(h4mk_reader_next(reader.get(), &next), H4MK_OK);
  EXPECT_EQ(next.data, block.data + block.size);
}

TEST(CompressionTest, SingleBlocksByTheirNumber) {
  const Media media = Mixed();
  TestFile file(Mux(media));
  Reader reader(&file);
  for (uint64_t i = 0; i < 60; ++i) {
    h4mk_block block = H4MK_BLOCK_INIT;
    ASSERT_EQ(h4mk_reader_read_block(reader.get(), 0, i, &block), H4MK_OK) << reader.message();
    EXPECT_EQ(FromC(block), media.blocks[2 * i]);
  }
}

// All questions have the answers that they have for the plain file.
TEST(CompressionTest, LookupsAreThoseOfThePlainFile) {
  const Media media = Mixed();
  TestFile packed(Mux(media, ClusterLimits(4000, 1000)));
  TestFile plain(Mux(WithoutCompression(media), ClusterLimits(4000, 1000)));
  Reader reader(&packed), expected(&plain);
  uint64_t entries = 0, bytes = 0;
  ASSERT_EQ(h4mk_reader_index_size(reader.get(), 0, &entries, &bytes), H4MK_OK);
  EXPECT_GE(entries, 1u);
  for (int64_t time = -1; time < 61; ++time) {
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT, other = H4MK_BLOCK_INFO_INIT;
    const h4mk_status status = h4mk_reader_keyframe(expected.get(), 0, time, &other);
    ASSERT_EQ(h4mk_reader_keyframe(reader.get(), 0, time, &info), status);
    if (status != H4MK_OK) continue;
    EXPECT_EQ(info.ordinal, other.ordinal);
    EXPECT_EQ(info.pts, other.pts);
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    Block block;
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
    EXPECT_EQ(block.data, media.blocks[2 * static_cast<size_t>(block.pts)].data);
  }
  ASSERT_EQ(h4mk_reader_rewind(reader.get()), H4MK_OK);
  EXPECT_EQ(reader.ReadOn().blocks, media.blocks);
  EXPECT_EQ(h4mk_reader_io_error(reader.get()), 0);
}

// ---- together with the rest

h4mk_writer_options Encrypting() {
  h4mk_writer_options options = ClusterLimits(4000, 1000);
  options.encryption_scheme = H4MK_SCHEME_GCM;
  options.encryption_key = HeldKey(kMaster);
  return options;
}

// Compressed, then encrypted: else nothing would become smaller.
TEST(CompressionTest, EncryptedFilesAreCompressedToo) {
  const Media media = Mixed();
  const Bytes file = Mux(media, Encrypting());
  const h4mk_key key = {sizeof(h4mk_key), nullptr, 0, kMaster.data(), kMaster.size()};
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keys = &key;
  options.key_count = 1;
  const Reading reading = Read(file, options);
  EXPECT_EQ(reading.blocks, media.blocks);
  EXPECT_EQ(reading.damage, std::vector<std::string>());
  EXPECT_LT(file.size(), Mux(WithoutCompression(media), Encrypting()).size());
}

// Ciphertext goes from file to file with the flag that it was encrypted with.
TEST(CompressionTest, CiphertextIsCopiedAsItIs) {
  const Media media = Mixed();
  TestFile file(Mux(media, Encrypting()));
  h4mk_reader_options keep = H4MK_READER_OPTIONS_INIT;
  keep.keep_encrypted = 1;
  TestFile copy;
  {
    Reader reader(&file, keep);
    Writer writer(&copy);
    for (const Track& track : media.tracks) writer.AddTrack(track);
    ASSERT_EQ(h4mk_writer_set_meta(writer.get(), h4mk_reader_meta(reader.get())), H4MK_OK);
    h4mk_block block = H4MK_BLOCK_INIT;
    while (h4mk_reader_next(reader.get(), &block) == H4MK_OK)
      ASSERT_EQ(h4mk_writer_write(writer.get(), &block), H4MK_OK) << writer.message();
    ASSERT_EQ(writer.Finish(), H4MK_OK);
  }
  const h4mk_key key = {sizeof(h4mk_key), nullptr, 0, kMaster.data(), kMaster.size()};
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keys = &key;
  options.key_count = 1;
  EXPECT_EQ(Read(copy.bytes, options).blocks, media.blocks);
}

TEST(CompressionTest, ConversionToVersion1StoresThePlainBlocks) {
  Media media = Mixed();
  const Bytes file = Mux(media);
  h4mk_io input = H4MK_IO_INIT, output = H4MK_IO_INIT;
  ASSERT_EQ(h4mk_io_open_memory(file.data(), file.size(), &input), H4MK_OK);
  ASSERT_EQ(h4mk_io_new_memory(&output), H4MK_OK);
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  options.version = 1;
  ASSERT_EQ(h4mk_convert(&input, &output, &options), H4MK_OK);
  const uint8_t* data = nullptr;
  size_t size = 0;
  ASSERT_EQ(h4mk_io_memory(&output, &data, &size), H4MK_OK);
  const Bytes converted(data, data + size);
  h4mk_io_close(&output);
  h4mk_io_close(&input);
  EXPECT_EQ(Read(converted).blocks, media.blocks);
  TestFile v1(converted);
  Reader reader(&v1);
  EXPECT_EQ(h4mk_value_get(h4mk_reader_track(reader.get(), 0), "compression"), nullptr);
  EXPECT_NE(std::search(converted.begin(), converted.end(), media.blocks[0].data.begin(),
                        media.blocks[0].data.end()),
            converted.end());
}

TEST(CompressionTest, RecoveryKeepsBlocksCompressed) {
  const Media media = Mixed();
  Bytes file = Mux(media);
  const size_t plain = Mux(WithoutCompression(media)).size();
  file.resize(file.size() - 36);
  for (const bool without_tracks : {false, true}) {
    h4mk::MemoryInput input(file);
    h4mk::MemoryOutput output;
    h4mk::RecoverReport report;
    ASSERT_TRUE(h4mk::RecoverV2(input, output, nullptr, &report).ok());
    const Bytes& recovered = output.bytes;
    EXPECT_LT(recovered.size(), plain);
    EXPECT_EQ(Read(recovered).blocks, media.blocks);
    if (without_tracks) break;
    // Without the descriptions, of which the page at the end says where they are, the flag of a
    // block is enough.
    for (const Chunk& chunk : WalkChunks(file))
      if (chunk.tag == "TRAK") file[chunk.payload() + 1] ^= 1;
  }
}

TEST(CompressionTest, CompressionOfATrackStays) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack({"1/25", "data", "none", "zstd"});
  ASSERT_EQ(writer.Write({0}), H4MK_OK);
  const Value other = Describe({"1/25", "data", "none"}, 1);
  EXPECT_EQ(h4mk_writer_update_track(writer.get(), 0, other.get()), H4MK_ERR_ARGUMENT);
}

TEST(CompressionTest, UnknownCompressionIsRefusedByWriters) {
  TestFile file;
  Writer writer(&file);
  uint32_t track = 0;
  const Value value = Describe({"1/25", "data", "none", "lzma"}, 1);
  EXPECT_EQ(h4mk_writer_add_track(writer.get(), value.get(), &track), H4MK_ERR_ARGUMENT);
}

// ---- hostile files

TEST(CompressionTest, AWholeFrameIsTaken) {  // control
  const Reading reading = Read(FileWithFrame(Frame(Text(1, 1000))));
  ASSERT_EQ(reading.blocks.size(), 1u);
  EXPECT_EQ(reading.blocks[0].data, Text(1, 1000));
}

TEST(CompressionTest, EveryTruncationOfAFrameIsRefused) {
  const Bytes frame = Frame(Text(1, 1000));
  for (size_t size = 0; size < frame.size(); ++size)
    EXPECT_NE(Refusal(Bytes(frame.begin(), frame.begin() + size)).find("cannot be unpacked"),
              std::string::npos)
        << size;
}

TEST(CompressionTest, BytesBehindAFrameAreRefused) {
  EXPECT_NE(Refusal(Frame(Text(1, 1000)) + Bytes(1)).find("not one whole"), std::string::npos);
  EXPECT_NE(Refusal(Frame(Text(1, 1000)) + Frame({1})).find("not one whole"), std::string::npos);
}

// The content size stands behind magic number and descriptor (RFC 8878, 3.1.1.1).
TEST(CompressionTest, AWrongSizeIsRefused) {
  Bytes frame = Frame(Text(1, 1000));
  for (const int change : {-1, 1}) {
    Bytes wrong = frame;
    wrong[5] = static_cast<uint8_t>(wrong[5] + change);
    EXPECT_NE(Refusal(wrong).find("cannot be unpacked"), std::string::npos) << change;
  }
}

// 64 MiB of zeros are 2 KiB: refused before memory is taken.
TEST(CompressionTest, ABombIsRefusedByItsSize) {
  std::vector<uint8_t> zeros(h4mk::kMaxUnpackedSize);
  EXPECT_NE(Refusal(Frame(zeros)).find("more than is allowed"), std::string::npos);
  zeros.resize(h4mk::kFreeUnpackedSize);
  EXPECT_EQ(Read(FileWithFrame(Frame(zeros))).blocks.size(), 1u);
}

// … and a writer does not make one.
TEST(CompressionTest, WhatReadersWouldRefuseIsStoredAsItIs) {
  Media media;
  media.tracks = {{"1/25", "data", "none", "zstd"}};
  media.blocks = {{0, kKey, 0, 0, 1, Bytes(8u << 20)}};
  const Bytes file = Mux(media);
  EXPECT_FALSE(StoredBlocks(file, 0).flags[0] & H4MK_BLOCK_COMPRESSED);
  EXPECT_EQ(Read(file).blocks, media.blocks);
}

TEST(CompressionTest, AnUnknownMethodCostsItsBlocksOnly) {
  Bytes file = Mux(Mixed());
  for (const Chunk& chunk : WalkChunks(file)) {
    if (chunk.tag != "TRAK") continue;
    const std::string zstd = "zstd";
    *std::search(file.begin() + chunk.payload(), file.end(), zstd.begin(), zstd.end()) = 'y';
    FixCrc(&file, chunk);
  }
  TestFile input(file);
  Reader reader(&input);
  ASSERT_EQ(reader.status(), H4MK_OK);
  size_t other = 0;
  for (const Block& block : reader.ReadOn().blocks) other += block.track == 1;
  EXPECT_EQ(other, 60u);
}

TEST(CompressionTest, ACompressedBlockOfATrackThatIsNotIsRefused) {
  EXPECT_NE(Refusal(Frame(Text(1, 1000)), nullptr).find("does not say how"), std::string::npos);
}

TEST(CompressionTest, AnUnknownCompressionIsNamed) {
  EXPECT_NE(Refusal(Bytes(9), "x-lz").find("\"x-lz\""), std::string::npos);
}

// With keep_corrupt a damaged block is reported once; there is nothing of it to hand out.
TEST(CompressionTest, DamageIsReportedOnce) {
  Bytes file = FileWithFrame(Frame(Text(1, 1000)));
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.is_cluster()) file[chunk.crc() - 3] ^= 1;
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_corrupt = 1;
  const Reading reading = Read(file, options);
  EXPECT_EQ(reading.blocks.size(), 0u);
  EXPECT_EQ(reading.damage.size(), 1u);
}

}  // namespace
}  // namespace h4mk_test
