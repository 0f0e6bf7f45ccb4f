// SPDX-License-Identifier: MIT
// Encrypted files of the transport dialect, read and written with their secret through the C ABI.
#include "legacy/transport/transport_cipher.h"

#include "base/memory_io.h"
#include "legacy/player.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

struct EncryptedFile {
  Bytes bytes, secret;
  Json blocks;  // what the vectors say of them
};

std::vector<EncryptedFile> EncryptedFiles() {
  std::vector<EncryptedFile> files;
  for (const Json& test : VectorIndex("transport")["cases"])
    if (test.contains("decrypt"))
      files.push_back({ReadVector("transport/" + test["file"].get<std::string>()),
                       FromHex(test["decrypt"]["secret_hex"].get<std::string>()),
                       test["decrypt"]["blocks"]});
  EXPECT_GE(files.size(), 3u);
  return files;
}

TEST(TransportCipherTest, TheSecretOpensEveryBlock) {
  for (const EncryptedFile& file : EncryptedFiles()) {
    Player player(file.bytes, true, file.secret);
    ASSERT_EQ(player.status(), H4MK_OK) << player.message();
    for (const Json& block : file.blocks) {
      ASSERT_NE(player.Next(), "");
      EXPECT_EQ(Sha256Hex(player.last()), block["plain_sha256"]);
    }
    EXPECT_EQ(player.Next(), "");
    EXPECT_EQ(player.status(), H4MK_END);
    // What is handed out is not encrypted.
    EXPECT_EQ(h4mk_value_get(h4mk_reader_meta(player.reader()), "encryption"), nullptr);
  }
}

TEST(TransportCipherTest, BlocksInAnyOrder) {
  for (const EncryptedFile& file : EncryptedFiles()) {
    Player player(file.bytes, true, file.secret);
    for (size_t i = file.blocks.size(); i-- > 0;) {
      h4mk_block block = H4MK_BLOCK_INIT;
      ASSERT_EQ(h4mk_reader_read_block(player.reader(), 0, i, &block), H4MK_OK);
      EXPECT_EQ(Sha256Hex({block.data, block.size}), file.blocks[i]["plain_sha256"]) << i;
    }
  }
}

TEST(TransportCipherTest, AnotherSecretIsAnErrorBeforeAnyBlock) {
  for (EncryptedFile& file : EncryptedFiles()) {
    file.secret[0] ^= 1;
    EXPECT_EQ(Player(file.bytes, true, file.secret).status(), H4MK_ERR_KEY);
  }
  const Bytes plain = ReadVector("cli/files/plain.h4mk"), secret(32, 1);
  EXPECT_EQ(Player(plain, true, secret).status(), H4MK_ERR_KEY);
}

// Written by the name of the scheme only; blocks behind the 1024th carry a key that nobody mixes
// in.
TEST(TransportCipherTest, WhatIsWrittenReadsBack) {
  constexpr int kBlocks = 1030;
  const Bytes secret(32, 7);
  h4mk_io io = H4MK_IO_INIT;
  ASSERT_EQ(h4mk_io_new_memory(&io), H4MK_OK);
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.version = H4MK_VERSION_TRANSPORT;
  options.encryption_scheme = H4MK_SCHEME_LIVING_V3;
  const h4mk_key secret_key = {sizeof(h4mk_key), nullptr, 0, secret.data(), secret.size()};
  options.encryption_key = &secret_key;
  h4mk_writer* writer = nullptr;
  ASSERT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_OK) << h4mk_writer_message(writer);
  const std::string description =
      R"({"track_id":1,"name":"v","kind":"data","codec":"none","time_base":"1/1000000"})";
  h4mk_value* track = nullptr;
  ASSERT_EQ(h4mk_value_from_json(description.data(), description.size(), &track), H4MK_OK);
  uint32_t index = 0;
  ASSERT_EQ(h4mk_writer_add_track(writer, track, &index), H4MK_OK);
  h4mk_value_free(track);
  for (int i = 0; i < kBlocks; ++i) {
    const Bytes data(256, static_cast<uint8_t>(i));
    h4mk_block block = H4MK_BLOCK_INIT;
    block.flags = H4MK_BLOCK_KEY;
    block.pts = block.dts = i;
    block.data = data.data();
    block.size = data.size();
    ASSERT_EQ(h4mk_writer_write(writer, &block), H4MK_OK) << h4mk_writer_message(writer);
  }
  ASSERT_EQ(h4mk_writer_finish(writer), H4MK_OK);
  h4mk_writer_free(writer);
  const uint8_t* data = nullptr;
  size_t size = 0;
  ASSERT_EQ(h4mk_io_memory(&io, &data, &size), H4MK_OK);
  Player player({data, size}, true, secret);
  ASSERT_EQ(player.status(), H4MK_OK) << player.message();
  for (int i = 0; i < kBlocks; ++i) {
    ASSERT_NE(player.Next(), "") << i;
    EXPECT_EQ(player.last(), Bytes(256, static_cast<uint8_t>(i)));
  }
  h4mk_io_close(&io);
}

TEST(TransportCipherTest, OnlyTheTransportDialectTakesIt) {
  const Bytes secret(32, 7);
  h4mk_io io = H4MK_IO_INIT;
  ASSERT_EQ(h4mk_io_new_memory(&io), H4MK_OK);
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  const h4mk_key secret_key = {sizeof(h4mk_key), nullptr, 0, secret.data(), secret.size()};
  options.encryption_key = &secret_key;
  for (const int version : {1, 2}) {
    options.version = version;
    options.encryption_scheme = H4MK_SCHEME_LIVING_V3;
    h4mk_writer* writer = nullptr;
    EXPECT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_ERR_ARGUMENT);
    h4mk_writer_free(writer);
  }
  options.version = H4MK_VERSION_TRANSPORT;
  options.encryption_scheme = H4MK_SCHEME_GCM;
  h4mk_writer* writer = nullptr;
  EXPECT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_ERR_ARGUMENT);
  h4mk_writer_free(writer);
  h4mk_io_close(&io);
}

}  // namespace
}  // namespace h4mk
