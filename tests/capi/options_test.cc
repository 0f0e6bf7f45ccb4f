// SPDX-License-Identifier: MIT
// What programs ask for beside the blocks of a file: lists without data, what the index is made of,
// who signed a file, and conversion with keys.
#include <h4mk/protection.h>

#include "support/container.h"
#include "support/encryption.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

// Two tracks in several clusters, of which one has only seek points.
Media Film() {
  Media media{{{}, {.time_base = "1/1000", .kind = "audio", .codec = "aac"}}, {}};
  for (uint32_t i = 0; i < 60; ++i) {
    Block picture;
    picture.flags = i % 6 == 0 ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P;
    picture.pts = picture.dts = i * 40;
    picture.duration = 40;
    picture.data = Payload(i, 100 + i);
    Block sound = picture;
    sound.track = 1;
    sound.flags = H4MK_BLOCK_KEY;
    sound.data = Payload(1000 + i, 20);
    media.blocks.push_back(picture);
    media.blocks.push_back(sound);
  }
  return media;
}

h4mk_writer_options InClusters() { return ClusterLimits(3000, 500); }

h4mk_reader_options WithoutData() {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.without_data = 1;
  return options;
}

// What a list without data ends with, and what it found.
struct Listed {
  size_t blocks = 0, damage = 0;
  h4mk_status end = H4MK_OK;
};

Listed List(TestFile* file) {
  Reader reader(file, WithoutData());
  Listed listed;
  h4mk_block block = H4MK_BLOCK_INIT;
  for (;;) {
    listed.end = h4mk_reader_next(reader.get(), &block);
    if (!H4MK_GOES_ON(listed.end)) return listed;
    ++(listed.end == H4MK_OK ? listed.blocks : listed.damage);
  }
}

// Every block of a list is what a lookup tells of it.
void ExpectAsLookedUp(Bytes bytes, size_t blocks) {
  TestFile file(bytes), other(bytes);
  Reader list(&file, WithoutData()), asked(&other, WithoutData());
  ASSERT_EQ(list.status(), H4MK_OK) << list.message();
  h4mk_block block = H4MK_BLOCK_INIT;
  size_t count = 0;
  for (; h4mk_reader_next(list.get(), &block) == H4MK_OK; ++count) {
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
    ASSERT_EQ(h4mk_reader_block_info(asked.get(), block.track, block.ordinal, &info), H4MK_OK);
    EXPECT_EQ(block.data, nullptr);
    EXPECT_EQ(block.size, info.size);
    EXPECT_EQ(block.flags, info.flags);
    EXPECT_EQ(block.pts, info.pts);
    EXPECT_EQ(block.offset, info.offset);
    EXPECT_EQ(block.chunk, info.chunk);
  }
  EXPECT_EQ(count, blocks);
}

TEST(WithoutData, BlocksAreWhatLookupsTell) {
  const Media film = Film();
  ExpectAsLookedUp(Mux(film, InClusters()), film.blocks.size());
}

TEST(WithoutData, AlsoOfEncryptedBlocks) {
  const Media film = Film();
  ExpectAsLookedUp(Mux(film, Encrypting()), film.blocks.size());
}

TEST(WithoutData, AlsoOfCompressedBlocks) {
  Media film = Film();
  film.tracks[0].compression = "zstd";
  for (Block& block : film.blocks) block.data.assign(2000, 7);
  ExpectAsLookedUp(Mux(film, InClusters()), film.blocks.size());
}

TEST(WithoutData, AlsoOfBlocksInAnotherFile) {
  TestFile file;
  Writer writer(&file);
  Value track = Describe({}, 1);
  h4mk_value_set_text(track.get(), "beside", "film.mp4");
  uint32_t index = 0;
  ASSERT_EQ(h4mk_writer_add_track(writer.get(), track.get(), &index), H4MK_OK);
  const Bytes data = Payload(1, 500);
  h4mk_block block = H4MK_BLOCK_INIT;
  block.flags = H4MK_BLOCK_KEY | H4MK_BLOCK_EXTERNAL;
  block.pts = 0;
  block.data = data.data();
  block.size = data.size();
  block.offset = 4711;
  ASSERT_EQ(h4mk_writer_write(writer.get(), &block), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  ExpectAsLookedUp(file.bytes, 1);
}

TEST(WithoutData, OnlyIndexesAreReadOfLargeClusters) {
  Media film = Film();
  for (Block& block : film.blocks) block.data = Payload(1, 40000);
  TestFile file(Mux(film, ClusterLimits(1 << 20, 500)));
  EXPECT_EQ(List(&file).end, H4MK_END);
  EXPECT_LT(file.bytes_read, file.bytes.size() / 10);
}

TEST(WithoutData, DamagedDataIsNotSeenAndADamagedIndexIs) {
  const Media film = Film();
  const Bytes whole = Mux(film, InClusters());
  const std::vector<Chunk> chunks = WalkChunks(whole);
  const auto cluster =
      std::ranges::find_if(chunks, [](const Chunk& it) { return it.is_cluster(); });
  for (const bool is_index : {false, true}) {
    TestFile file(whole);
    file.bytes[is_index ? cluster->payload() + 6 : cluster->crc() - 1] ^= 1;
    const Listed listed = List(&file);
    EXPECT_EQ(listed.damage == 0, !is_index);
    EXPECT_EQ(listed.blocks == film.blocks.size(), !is_index);
  }
}

TEST(WithoutData, IsRefusedWithKeys) {
  TestFile file(Mux(Film(), InClusters()));
  h4mk_reader_options options = WithoutData();
  options.verify_key = SigningKey().open.c_str();
  EXPECT_EQ(Reader(&file, options).status(), H4MK_ERR_ARGUMENT);
  options = WithoutData();
  options.keys = HeldKey(kMaster);
  options.key_count = 1;
  EXPECT_EQ(Reader(&file, options).status(), H4MK_ERR_ARGUMENT);
}

TEST(Block, TellsItsCluster) {
  TestFile file(Mux(Film(), InClusters()));
  Reader reader(&file);
  h4mk_block block = H4MK_BLOCK_INIT;
  ASSERT_EQ(h4mk_reader_next(reader.get(), &block), H4MK_OK);
  const std::vector<Chunk> chunks = WalkChunks(file.bytes);
  const auto first = std::ranges::find_if(chunks, [](const Chunk& it) { return it.is_cluster(); });
  EXPECT_EQ(block.chunk, static_cast<int64_t>(first->begin));
}

TEST(TrackInfo, TellsWhetherAllBlocksAreSeekPoints) {
  TestFile file(Mux(Film(), InClusters()));
  Reader reader(&file);
  for (const uint32_t track : {0u, 1u}) {
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    ASSERT_EQ(h4mk_reader_track_info(reader.get(), track, &info), H4MK_OK);
    EXPECT_EQ(info.all_key, track == 1);
  }
}

TEST(IndexInfo, CountsClustersAndPages) {
  TestFile file(Mux(Film(), InClusters()));
  Reader reader(&file);
  h4mk_index_info info = H4MK_INDEX_INFO_INIT;
  ASSERT_EQ(h4mk_reader_index_info(reader.get(), &info), H4MK_OK);
  uint64_t clusters = 0, pages = 0;
  for (const Chunk& chunk : WalkChunks(file.bytes)) {
    clusters += chunk.is_cluster();
    pages += chunk.tag == "TSEK";
  }
  EXPECT_EQ(info.clusters, clusters);
  EXPECT_EQ(info.pages + 1, pages);  // and the top
  uint64_t entries = 0, bytes = 0;
  ASSERT_EQ(h4mk_reader_index_size(reader.get(), 0, &entries, &bytes), H4MK_OK);
  EXPECT_GE(info.bytes, bytes);
  h4mk_chunk top = H4MK_CHUNK_INIT;
  ASSERT_EQ(h4mk_reader_chunk(reader.get(), info.top, &top), H4MK_OK);
  EXPECT_STREQ(top.tag, "TSEK");
}

TEST(IndexInfo, IsEmptyWithoutAnEnd) {
  Bytes bytes = Mux(Film(), InClusters());
  bytes.resize(bytes.size() - 30);
  TestFile file(bytes);
  Reader reader(&file);
  h4mk_index_info info = H4MK_INDEX_INFO_INIT;
  info.clusters = info.pages = 9;
  ASSERT_EQ(h4mk_reader_index_info(reader.get(), &info), H4MK_OK);
  EXPECT_EQ(info.clusters + info.pages + info.bytes, 0u);
  EXPECT_EQ(info.top, 0);
}

TEST(Signer, IsToldWithoutItsKey) {
  for (const bool is_ed25519 : {true, false}) {
    const KeyPair key = MakeKey(is_ed25519);
    TestFile file(Mux(Film(), Signing(key)));
    Reader reader(&file);
    h4mk_signer signer = H4MK_SIGNER_INIT;
    ASSERT_EQ(h4mk_reader_signer(reader.get(), &signer), H4MK_OK);
    EXPECT_STREQ(signer.key_kind, is_ed25519 ? "Ed25519" : "ECDSA P-256");
    EXPECT_EQ(signer.is_final, 1);
  }
}

TEST(Signer, IsNotFoundWhereNobodySigned) {
  TestFile file(Mux(Film(), InClusters()));
  Reader reader(&file);
  h4mk_signer signer = H4MK_SIGNER_INIT;
  EXPECT_EQ(h4mk_reader_signer(reader.get(), &signer), H4MK_ERR_NOT_FOUND);
}

TEST(Proofs, AreMadeWithoutAKeyAndVerifiedWithIt) {
  TestFile file(Mux(Film(), Signing()));
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.with_proofs = 1;
  Reader reader(&file, options);
  h4mk_block block = H4MK_BLOCK_INIT;
  ASSERT_EQ(h4mk_reader_read_block(reader.get(), 0, 3, &block), H4MK_OK);
  h4mk_value *proof = nullptr, *proven = nullptr;
  ASSERT_EQ(h4mk_reader_prove(reader.get(), &proof), H4MK_OK) << reader.message();
  EXPECT_EQ(h4mk_proof_verify(proof, SigningKey().open.c_str(), nullptr, &proven), H4MK_OK);
  EXPECT_EQ(h4mk_value_get_int(proven, "ordinal", -1), 3);
  h4mk_value_free(proof);
  h4mk_value_free(proven);
}

TEST(Proofs, NeedASignedFile) {
  TestFile file(Mux(Film(), InClusters()));
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.with_proofs = 1;
  EXPECT_EQ(Reader(&file, options).status(), H4MK_ERR_KEY);
}

// ------------------------------------------------------------------------------------------------
// conversion

h4mk_status Convert(TestFile* from, TestFile* to, h4mk_convert_options options) {
  const h4mk_io in = from->Io(), out = to->Io();
  return h4mk_convert(&in, &out, &options);
}

TEST(Convert, DecryptsWithAKey) {
  const Media film = Film();
  TestFile file(Mux(film, Encrypting())), plain;
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  EXPECT_EQ(Convert(&file, &plain, options), H4MK_ERR_KEY);
  file.position = 0;
  options.keys = HeldKey(kMaster);
  options.key_count = 1;
  plain = TestFile();
  ASSERT_EQ(Convert(&file, &plain, options), H4MK_OK);
  EXPECT_EQ(Reader(&plain).ReadOn().blocks, film.blocks);
}

TEST(Convert, CopiesEncryptedBlocksAsTheyAre) {
  const Media film = Film();
  TestFile file(Mux(film, Encrypting())), copy;
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  options.keep_encrypted = 1;
  ASSERT_EQ(Convert(&file, &copy, options), H4MK_OK);
  h4mk_reader_options reading = H4MK_READER_OPTIONS_INIT;
  EXPECT_EQ(Reader(&copy, reading).status(), H4MK_ERR_KEY);
  reading.keys = HeldKey(kMaster);
  reading.key_count = 1;
  EXPECT_EQ(Reader(&copy, reading).ReadOn().blocks, film.blocks);
}

TEST(Convert, SignsTheOutput) {
  TestFile file(Mux(Film(), InClusters())), made;
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  options.signing_key = SigningKey().secret.c_str();
  ASSERT_EQ(Convert(&file, &made, options), H4MK_OK);
  EXPECT_TRUE(Verify(made.bytes).intact());
}

TEST(Convert, NoKeyIsNoSigningKey) {
  TestFile file(Mux(Film(), InClusters())), made;
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  options.signing_key = "this is no key";
  EXPECT_EQ(Convert(&file, &made, options), H4MK_ERR_KEY);
}

TEST(Convert, StopsAtThePayloadLimit) {
  const Media film = Film();
  uint64_t payload = 0;
  for (const Block& block : film.blocks) payload += block.data.size();
  for (const uint64_t limit : {payload, payload - 1}) {
    TestFile file(Mux(film, InClusters())), made;
    h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
    options.payload_limit = limit;
    EXPECT_EQ(Convert(&file, &made, options), limit == payload ? H4MK_OK : H4MK_ERR_LIMIT);
  }
}

}  // namespace
}  // namespace h4mk_test
