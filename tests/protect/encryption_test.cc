// SPDX-License-Identifier: MIT
// protection.md, "Encrypted blocks": whole files through the C interface, and what an attacker does
// to them.
#include "support/encryption.h"

#include <h4mk/legacy.h>
#include <h4mk/protection.h>

#include <functional>
#include <ranges>

#include "base/base64.h"
#include "base/hex.h"
#include "protect/block_cipher.h"
#include "support/chunks.h"

namespace h4mk_test {
namespace {

// Video with B blocks, side data and missing times, and audio.
Media TwoTracks(int count = 60) {
  Media media;
  media.tracks = {{"1/25", "video", "h264"}, {"1/48000", "audio", "opus"}};
  for (int i = 0; i < count; ++i) {
    Block video{0, i % 12 == 0 ? kKey : kP, i, i - 2, 1, Payload(i, 50 + i * 7 % 300)};
    if (i % 5 == 0) video.side_data = {{"skip_samples", Payload(i, 10)}, {"empty", {}}};
    if (i % 7 == 0) video.dts = H4MK_NO_TIME;
    media.blocks.push_back(video);
    media.blocks.push_back({1, kKey, i * 1920, i * 1920, 1920, Payload(1000 + i, i % 90)});
  }
  return media;
}

std::vector<Block> OfTrack(const std::vector<Block>& blocks, uint32_t track) {
  std::vector<Block> chosen;
  for (const Block& block : blocks)
    if (block.track == track) chosen.push_back(block);
  return chosen;
}

Reading ReadWith(Bytes file, const Bytes& master = kMaster, bool pipe = false) {
  TestFile input(std::move(file));
  input.pipe = pipe;
  Keys keys(master);
  Reader reader(&input, keys.options);
  EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
  return reader.ReadOn();
}

std::string Found(const Bytes& file, const Bytes& needle) {
  return std::search(file.begin(), file.end(), needle.begin(), needle.end()) == file.end() ? "no"
                                                                                           : "yes";
}

TEST(EncryptionTest, WhatComesBackIsWhatWasWritten) {
  const Media media = TwoTracks();
  const Bytes file = Mux(media, Encrypting());
  for (const bool pipe : {false, true}) {
    const Reading reading = ReadWith(file, kMaster, pipe);
    EXPECT_EQ(reading.blocks, media.blocks);
    EXPECT_EQ(reading.damage, std::vector<std::string>());
    EXPECT_EQ(reading.end, H4MK_END);
  }
}

TEST(EncryptionTest, NothingOfBlocksOrKeysIsInTheFile) {
  const Media media = TwoTracks();
  const Bytes file = Mux(media, Encrypting());
  EXPECT_EQ(Found(file, kMaster), "no");
  for (const Block& block : media.blocks) {
    if (block.data.size() >= 8) {
      EXPECT_EQ(Found(file, block.data), "no") << block;
    }
    for (const SideData& entry : block.side_data)
      if (!entry.data.empty()) {
        EXPECT_EQ(Found(file, entry.data), "no") << block;
      }
  }
}

// core.md, "Limits".
TEST(EncryptionTest, ATrackMayHaveTheLargestNumber) {
  TestFile file;
  Writer writer(&file, Encrypting());
  uint32_t track = 0;
  ASSERT_EQ(h4mk_writer_add_track(writer.get(), Describe({}, 65535).get(), &track), H4MK_OK);
  const Block block{track, kKey, 0, 0, 1, Payload(1, 50)};
  ASSERT_EQ(writer.Write(block), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  EXPECT_EQ(ReadWith(file.bytes).blocks, std::vector<Block>{block});
}

TEST(EncryptionTest, ABlockOfATrackThatIsNotThereIsRefused) {
  TestFile file;
  Writer writer(&file, Encrypting());
  writer.AddTrack();
  for (const uint32_t track : {1u, UINT32_MAX})
    EXPECT_EQ(writer.Write({track, kKey, 0, 0, 1, Payload(1, 50)}), H4MK_ERR_ARGUMENT);
  const Block block{0, kKey, 0, 0, 1, Payload(1, 50)};
  ASSERT_EQ(writer.Write(block), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  EXPECT_EQ(ReadWith(file.bytes).blocks, std::vector<Block>{block});
}

// Two files under one key have nothing in common: their ids are random.
TEST(EncryptionTest, TheSameRecordingTwiceGivesOtherBytes) {
  const Media media = TwoTracks(2);
  TestFile first(Mux(media, Encrypting())), second(Mux(media, Encrypting()));
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_encrypted = 1;
  Reader a(&first, options), b(&second, options);
  const Reading from_a = a.ReadOn(), from_b = b.ReadOn();
  ASSERT_EQ(from_a.blocks.size(), from_b.blocks.size());
  for (size_t i = 0; i < from_a.blocks.size(); ++i)
    EXPECT_NE(from_a.blocks[i].data, from_b.blocks[i].data);
}

TEST(EncryptionTest, SeeksFromAnywhereGiveTheSameBlocks) {
  const Media media = TwoTracks(200);
  TestFile file(Mux(media, Encrypting())), plain(Mux(media, ClusterLimits(4000, 1000)));
  Keys keys(kMaster);
  Reader reader(&file, keys.options), expected(&plain);
  for (const int64_t time : {150, 3, 199, 77, 0, 120}) {
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    ASSERT_EQ(expected.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    for (int i = 0; i < 20; ++i) {
      Block block, other;
      const h4mk_status status = expected.Next(&other);
      ASSERT_EQ(reader.Next(&block), status) << reader.message();
      if (status == H4MK_OK) {
        ASSERT_EQ(block, other);
      }
    }
  }
  ASSERT_EQ(h4mk_reader_rewind(reader.get()), H4MK_OK);
  EXPECT_EQ(reader.ReadOn().blocks, media.blocks);
}

TEST(EncryptionTest, OneTrackOnly) {
  const Media media = TwoTracks();
  TestFile file(Mux(media, Encrypting()));
  Keys keys(kMaster);
  Reader reader(&file, keys.options);
  h4mk_reader_discard(reader.get(), 0, 1);
  const Reading reading = reader.ReadOn();
  EXPECT_EQ(reading.blocks, OfTrack(media.blocks, 1));
  EXPECT_EQ(reading.damage, std::vector<std::string>());
  EXPECT_EQ(reading.end, H4MK_END);
}

// Scheme living: keys lead forward only, but who has the master key can start again.
TEST(EncryptionTest, LivingFilesReadAndSeekLikeOthers) {
  const Media media = TwoTracks(1500);  // more than an epoch
  TestFile file(Mux(media, Encrypting(kMaster, H4MK_SCHEME_LIVING)));
  EXPECT_EQ(ReadWith(file.bytes).blocks, media.blocks);
  Keys keys(kMaster);
  Reader reader(&file, keys.options);
  for (const int64_t time : {1490, 3, 1030, 1020, 0}) {
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    Block block;
    ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
    EXPECT_NE(std::find(media.blocks.begin(), media.blocks.end(), block), media.blocks.end());
  }
}

// protection.md, "Scheme living"; the values were computed by another implementation.
TEST(EncryptionTest, LivingKeysAreLeavesOfATree) {
  using namespace h4mk;
  Key top;
  for (size_t i = 0; i < top.size(); ++i) top[i] = static_cast<uint8_t>(i);
  const std::pair<uint64_t, const char*> cases[] = {
      {0, "a95467183560f35167a4a589c267de9d506b7fe428ea67b6568cceaca0f9dafe"},
      {1, "3fe47a6ca21a4a5d12f1eaf170d364524f85da4b0544d05dd67062d3ba21685e"},
      {2, "022cdf5d5421c3a123ad6c05898b5ea3974c985e36a54c6602d271ee2f927d55"},
      {1023, "bf4d95d090b048c169b3f24f61db8a306f82e64e5cf4461fb6ab16b566f084f0"},
      {uint64_t{1} << 32, "0341e9d77d83fc998e0a7bf0de8356c93a9965bfab835ad906d7f968300ce18e"},
      {(uint64_t{1} << 50) + 1, "d89a140949a834657248d8e19555cd1a00346e1e8d5a0a1608dd51019e51ed02"},
      {UINT64_MAX, "2eb9e5ba0f80fecf3c78990da3be21630101535d7fdd0f184a26f14b57a08f07"}};
  LivingTrack forgets(top, true), keeps(top, false);
  for (const auto& [ordinal, key] : cases) {
    ASSERT_FALSE(forgets.IsPast(ordinal));
    EXPECT_EQ(EncodeHex(forgets.Take(ordinal)), key) << ordinal;
    EXPECT_TRUE(forgets.IsPast(ordinal));
    EXPECT_EQ(EncodeHex(keeps.Take(ordinal)), key) << ordinal;
  }
  for (const auto& [ordinal, key] : cases | std::views::reverse) {
    ASSERT_FALSE(keeps.IsPast(ordinal));
    EXPECT_EQ(EncodeHex(keeps.Take(ordinal)), key) << ordinal;
  }
}

// A number that no recording comes to costs no more than any other, before and after it is found
// not to be authentic. With keys in a chain this would not end.
TEST(EncryptionTest, LivingNumbersOfAnySizeAreOpened) {
  const Media media = TwoTracks(3);
  for (const uint64_t number : {uint64_t{1} << 32, uint64_t{1} << 50, uint64_t{INT64_MAX} - 1}) {
    Sealed sealed = ReadSealed(Mux(media, Encrypting(kMaster, H4MK_SCHEME_LIVING)));
    sealed.ordinals[4] = number;
    const Reading reading = ReadWith(WriteSealed(media, sealed));
    EXPECT_EQ(reading.blocks.size(), 5u);
    EXPECT_GE(reading.damage.size(), 2u) << "blocks are missing, and that one is not what it was";
  }
}

// core.md, "TRAK": tracks may be added while a file is written, unless their keys are gone.
TEST(EncryptionTest, TracksThatAreAddedLaterAreEncryptedToo) {
  for (const char* scheme : {H4MK_SCHEME_GCM, H4MK_SCHEME_LIVING}) {
    TestFile file;
    Writer writer(&file, Encrypting(kMaster, scheme));
    writer.AddTrack();
    ASSERT_EQ(writer.Write({.data = ToBytes("first")}), H4MK_OK);
    uint32_t track = 0;
    const h4mk_status added = h4mk_writer_add_track(writer.get(), Describe({}, 2).get(), &track);
    if (std::string(scheme) == H4MK_SCHEME_LIVING) {
      EXPECT_EQ(added, H4MK_ERR_STATE);
      continue;
    }
    ASSERT_EQ(added, H4MK_OK) << writer.message();
    ASSERT_EQ(writer.Write({.track = track, .pts = 1, .dts = 1, .data = ToBytes("second")}),
              H4MK_OK);
    ASSERT_EQ(writer.Finish(), H4MK_OK);
    const Reading reading = ReadWith(file.bytes);
    ASSERT_EQ(reading.blocks.size(), 2u);
    EXPECT_EQ(reading.blocks[1].data, ToBytes("second"));
    EXPECT_EQ(reading.end, H4MK_END);
  }
}

// The writer's state after its first block does not open that block.
TEST(EncryptionTest, ALivingWriterForgets) {
  using namespace h4mk;
  MasterKey key{{}, Secret(kMaster)};
  auto made = BlockCipher::New(kSchemeLiving, key);
  ASSERT_TRUE(made.ok());
  BlockCipher& writer = *made.value();
  auto reader = BlockCipher::Open(Json::parse(writer.Describe().dump()), {&key, 1});
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  const uint32_t tracks[] = {1};
  writer.ForgetMasterKey(tracks);
  BlockContext block;
  block.track_id = 1;
  h4mk_test::Bytes first(kGcmTagSize + 4), second(kGcmTagSize + 4), out(4);
  writer.Seal(block, BlockPart::kData, h4mk_test::Bytes(4), first.data());
  block.ordinal = 1;
  writer.Seal(block, BlockPart::kData, h4mk_test::Bytes(4), second.data());
  EXPECT_TRUE(reader.value()->Open(block, BlockPart::kData, second, out.data()));
  block.ordinal = 0;
  EXPECT_TRUE(reader.value()->Open(block, BlockPart::kData, first, out.data()));
  EXPECT_FALSE(writer.Open(block, BlockPart::kData, first, out.data()));
}

// ---- keys

TEST(EncryptionTest, AWrongKeyIsAnErrorBeforeAnyBlock) {
  TestFile file(Mux(TwoTracks(), Encrypting()));
  const Bytes other = Payload(9, 32);  // Keys refers to it
  Keys wrong(other);
  Reader reader(&file, wrong.options);
  EXPECT_EQ(reader.status(), H4MK_ERR_KEY);
  EXPECT_NE(reader.message().find("not the one"), std::string::npos) << reader.message();
  Block block;
  EXPECT_NE(reader.Next(&block), H4MK_OK);
}

TEST(EncryptionTest, NoKeyIsAnErrorThatNamesTheKeyId) {
  TestFile file(Mux(TwoTracks(), Encrypting()));
  Reader reader(&file);
  EXPECT_EQ(reader.status(), H4MK_ERR_KEY);
  EXPECT_NE(reader.message().find(h4mk::EncodeHex(kKid)), std::string::npos) << reader.message();
}

TEST(EncryptionTest, TheKeyIsChosenByItsId) {
  TestFile file(Mux(TwoTracks(), Encrypting()));
  const Bytes other = Payload(9, 32), other_kid = Payload(10, 16);
  const h4mk_key keys[] = {KeyOf(other, other_kid), KeyOf(kMaster, kKid)};
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keys = keys;
  options.key_count = 2;
  EXPECT_EQ(Reader(&file, options).status(), H4MK_OK);
  options.key_count = 1;
  EXPECT_EQ(Reader(&file, options).status(), H4MK_ERR_KEY);
}

// Else protection could be taken off.
TEST(EncryptionTest, AKeyForAPlainFileIsAnError) {
  TestFile file(Mux(TwoTracks()));
  Keys keys(kMaster);
  EXPECT_EQ(Reader(&file, keys.options).status(), H4MK_ERR_KEY);
}

TEST(EncryptionTest, KeysOutsideTheirLengthsAreRefused) {
  for (const size_t size : {0, 15, 1025}) {
    TestFile file;
    const h4mk_io io = file.Io();
    const Bytes key = Payload(1, size);
    h4mk_writer_options options = Encrypting(key);
    h4mk_writer* writer = nullptr;
    EXPECT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_ERR_ARGUMENT) << size;
    h4mk_writer_free(writer);
  }
}

// What stands around the blocks is as in a plain file, and can be changed as there.
TEST(EncryptionTest, DescriptionsAndAttachmentsStayReadable) {
  TestFile file;
  {
    Writer writer(&file, Encrypting());
    writer.AddTrack();
    writer.AddTrack({"1/1000", "attachment", "ttf"});
    ASSERT_EQ(h4mk_writer_set_attachment(writer.get(), 1, "font", 4), H4MK_OK);
    ASSERT_EQ(h4mk_writer_add_chunk(writer.get(), "NOTE", 0, "note", 4), H4MK_OK);
    ASSERT_EQ(writer.Write({.data = Payload(1, 100)}), H4MK_OK);
    EXPECT_EQ(writer.Write({.track = 2}), H4MK_ERR_ARGUMENT);
    ASSERT_EQ(writer.Flush(), H4MK_OK);
    const Value renamed = Describe({}, 1);
    h4mk_value_set_text(renamed.get(), "name", "renamed");
    ASSERT_EQ(h4mk_writer_update_track(writer.get(), 0, renamed.get()), H4MK_OK);
    const Value meta = ParseJson(R"({"tags":{"title":"later"}})");
    ASSERT_EQ(h4mk_writer_set_meta(writer.get(), meta.get()), H4MK_OK);
    EXPECT_EQ(h4mk_writer_set_meta(writer.get(), ParseJson("[]").get()), H4MK_ERR_ARGUMENT);
    ASSERT_EQ(writer.Finish(), H4MK_OK) << writer.message();
    EXPECT_EQ(writer.io_error(), 0);
  }
  Keys keys(kMaster, kKid);
  Reader reader(&file, keys.options);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  EXPECT_STREQ(h4mk_value_get_text(h4mk_reader_track(reader.get(), 0), "name"), "renamed");
  EXPECT_STREQ(h4mk_value_get_text(h4mk_value_get(h4mk_reader_meta(reader.get()), "tags"), "title"),
               "later");
  const uint8_t* data = nullptr;
  size_t size = 0;
  ASSERT_EQ(h4mk_reader_attachment(reader.get(), 1, &data, &size), H4MK_OK);
  EXPECT_EQ(Bytes(data, data + size), ToBytes("font"));
  EXPECT_EQ(Found(file.bytes, ToBytes("NOTE")), "yes");
  EXPECT_EQ(reader.ReadOn().blocks.size(), 1u);
}

TEST(EncryptionTest, AFailureOfTheOutputHasItsCode) {
  TestFile file;
  file.capacity = 100;
  Writer writer(&file, Encrypting());
  writer.AddTrack();
  for (int i = 0; i < 20; ++i) (void)writer.Write({.pts = i, .dts = i, .data = Payload(1, 1000)});
  EXPECT_EQ(writer.Finish(), H4MK_ERR_IO);
  EXPECT_EQ(writer.io_error(), TestFile::kFault);
}

// ---- remuxing

TEST(EncryptionTest, WithoutAKeyBlocksAreMarkedAsEncryptedWhenAskedFor) {
  const Sealed sealed = ReadSealed(Mux(TwoTracks(), Encrypting()));
  ASSERT_EQ(sealed.blocks.size(), 120u);
  for (const Block& block : sealed.blocks) EXPECT_TRUE(block.flags & H4MK_BLOCK_ENCRYPTED);
}

TEST(EncryptionTest, CiphertextCanBeRemuxedWithoutTheKey) {
  const Media media = TwoTracks();
  const Reading reading = ReadWith(WriteSealed(media, ReadSealed(Mux(media, Encrypting()))));
  EXPECT_EQ(reading.blocks, media.blocks);
  EXPECT_EQ(reading.damage, std::vector<std::string>());
  EXPECT_EQ(reading.end, H4MK_END);
}

TEST(EncryptionTest, EncryptedBlocksAreNotEncryptedAgain) {
  TestFile file;
  Writer writer(&file, Encrypting());
  writer.AddTrack();
  EXPECT_EQ(writer.Write({0, kKey | H4MK_BLOCK_ENCRYPTED}), H4MK_ERR_ARGUMENT);
}

// Whoever goes on with a file meets other keys at the same number: no nonce is used twice, whatever
// was lost before.
TEST(EncryptionTest, ANewSessionHasNewKeysForTheSameNumbers) {
  using namespace h4mk;
  MasterKey key{{}, Secret(kMaster)};
  auto made = BlockCipher::New(kSchemeGcm, key);
  ASSERT_TRUE(made.ok());
  BlockCipher& cipher = *made.value();
  const auto seal = [&](BlockCipher& by, uint64_t ordinal) {
    h4mk_test::Bytes out(16 + kGcmTagSize);
    BlockContext block;
    block.track_id = 1;
    block.ordinal = ordinal;
    by.Seal(block, BlockPart::kData, h4mk_test::Bytes(16), out.data());
    out.resize(16);  // the tag depends on the session anyway
    return out;
  };
  const auto continued = [&](uint8_t id) {
    Json description = Json::parse(cipher.Describe().dump());
    description["sessions"] = Json::array();
    description["sessions"].push_back(Json::parse(R"({"first": [[1, 10]]})"));
    description["sessions"][0]["id"] = EncodeBase64(h4mk_test::Bytes(16, id));
    return BlockCipher::Open(description, {&key, 1});
  };
  auto opened = continued('a'), again = continued('b');
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(seal(*opened.value(), 9), seal(cipher, 9));
  EXPECT_NE(seal(*opened.value(), 10), seal(cipher, 10));
  EXPECT_NE(seal(*again.value(), 10), seal(*opened.value(), 10));

  auto reopened = BlockCipher::Open(Json::parse(opened.value()->Describe().dump()), {&key, 1});
  ASSERT_TRUE(reopened.ok()) << reopened.status().message();
  EXPECT_EQ(seal(*reopened.value(), 10), seal(*opened.value(), 10));

  // Of several sessions the last one that begins at or before a block has it.
  const auto with = [&](std::initializer_list<std::pair<uint8_t, const char*>> sessions) {
    Json description = Json::parse(cipher.Describe().dump());
    description["sessions"] = Json::array();
    for (const auto& [id, first] : sessions)
      description["sessions"].push_back(
          {{"id", EncodeBase64(h4mk_test::Bytes(16, id))}, {"first", Json::parse(first)}});
    return BlockCipher::Open(description, {&key, 1});
  };
  auto several = with({{'a', "[[1, 10]]"}, {'c', "[[1, 30]]"}, {'b', "[[1, 20]]"}});
  auto b = with({{'b', "[[1, 20]]"}});
  ASSERT_TRUE(several.ok() && b.ok());
  EXPECT_EQ(seal(*several.value(), 9), seal(cipher, 9));
  EXPECT_EQ(seal(*several.value(), 10), seal(*opened.value(), 10));
  EXPECT_EQ(seal(*several.value(), 19), seal(*opened.value(), 19));
  EXPECT_EQ(seal(*several.value(), 20), seal(*b.value(), 20));
  EXPECT_EQ(seal(*several.value(), 30), seal(*b.value(), 30));
  auto all = with({{'c', "[[1, 5]]"}, {'b', "[[2, 7]]"}});  // b has all blocks of the track
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(seal(*all.value(), 0), seal(*with({{'b', "[]"}}).value(), 0));
  EXPECT_EQ(seal(*all.value(), 25), seal(*b.value(), 25));
}

// A later description may add sessions, and not change those that blocks were opened with.
TEST(EncryptionTest, SessionsOfALaterDescriptionAreAdded) {
  using namespace h4mk;
  MasterKey key{{}, Secret(kMaster)};
  auto made = BlockCipher::New(kSchemeGcm, key);
  ASSERT_TRUE(made.ok());
  const auto with = [&](std::initializer_list<uint8_t> ids) {
    Json description = Json::parse(made.value()->Describe().dump());
    description["sessions"] = Json::array();
    for (const uint8_t id : ids)
      description["sessions"].push_back(
          {{"id", EncodeBase64(h4mk_test::Bytes(16, id))}, {"first", Json::parse("[[1, 10]]")}});
    return description;
  };
  auto opened = BlockCipher::Open(with({'a'}), {&key, 1});
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_TRUE(opened.value()->AddSessions(with({'a', 'b'})).ok());
  EXPECT_TRUE(opened.value()->AddSessions(with({'a'})).ok());
  EXPECT_FALSE(opened.value()->AddSessions(with({'c', 'b'})).ok());
  EXPECT_FALSE(opened.value()->AddSessions(with({'a', 'c'})).ok());
  EXPECT_EQ(opened.value()->Describe()["sessions"], with({'a', 'b'})["sessions"]);
}

// ---- attacks

class AttackTest : public testing::Test {
 protected:
  // Writes what is left of the ciphertext, and reads that with the key.
  Reading Attacked() { return ReadWith(WriteSealed(media_, sealed_)); }
  void Erase(size_t i) {
    sealed_.blocks.erase(sealed_.blocks.begin() + i);
    sealed_.ordinals.erase(sealed_.ordinals.begin() + i);
  }
  // The ciphertext of a, with all else of b, at the place of b.
  void ExpectTransplantIsSeen(size_t a, size_t b) {
    sealed_.blocks[b].data = sealed_.blocks[a].data;
    const Reading reading = Attacked();
    ASSERT_EQ(reading.damage.size(), 1u);
    EXPECT_NE(reading.damage[0].find("not what was encrypted"), std::string::npos);
    EXPECT_EQ(reading.blocks.size(), media_.blocks.size() - 1);
  }

  const Media media_ = TwoTracks();
  Sealed sealed_ = ReadSealed(Mux(media_, Encrypting()));
};

TEST_F(AttackTest, Exchanged) {
  std::swap(sealed_.blocks[20].data, sealed_.blocks[22].data);
  EXPECT_EQ(Attacked().damage.size(), 2u);
}

TEST_F(AttackTest, CopiedToAnotherNumber) { ExpectTransplantIsSeen(20, 22); }
TEST_F(AttackTest, CopiedToAnotherTrack) { ExpectTransplantIsSeen(20, 21); }

TEST_F(AttackTest, TransplantedFromAnotherFile) {
  const Sealed other = ReadSealed(Mux(media_, Encrypting()));
  sealed_.blocks[20] = other.blocks[20];
  EXPECT_EQ(Attacked().damage.size(), 1u);
}

TEST_F(AttackTest, Dropped) {
  Erase(20);
  const Reading reading = Attacked();
  ASSERT_EQ(reading.damage.size(), 1u);
  EXPECT_NE(reading.damage[0].find("missing"), std::string::npos) << reading.damage[0];
  EXPECT_EQ(reading.blocks.size(), media_.blocks.size() - 1);
}

TEST_F(AttackTest, DroppedAtTheFront) {
  Erase(0);
  EXPECT_EQ(Attacked().damage.size(), 1u);
}

TEST_F(AttackTest, CutOffAtTheEnd) {
  Erase(sealed_.blocks.size() - 1);
  const Reading reading = Attacked();
  ASSERT_EQ(reading.damage.size(), 1u);
  EXPECT_NE(reading.damage[0].find("but has 60 blocks"), std::string::npos) << reading.damage[0];
}

// Cut off with the count made to fit: that is authenticated too.
TEST_F(AttackTest, CutOffWithAnotherCount) {
  Erase(sealed_.blocks.size() - 1);
  std::string meta = h4mk_value_to_json(sealed_.meta.get());
  const size_t at = meta.find("[2,60]");
  ASSERT_NE(at, std::string::npos) << meta;
  sealed_.meta = ParseJson(meta.replace(at, 6, "[2,59]"));
  TestFile file(WriteSealed(media_, sealed_));
  Keys keys(kMaster);
  Reader reader(&file, keys.options);
  EXPECT_EQ(reader.status(), H4MK_ERR_CORRUPT);
  EXPECT_NE(reader.message().find("not authentic"), std::string::npos) << reader.message();
}

TEST_F(AttackTest, Truncated) {
  sealed_.blocks[20].data.pop_back();
  EXPECT_EQ(Attacked().damage.size(), 1u);
}

TEST_F(AttackTest, ReplacedByPlainData) {
  sealed_.blocks[20].flags &= ~H4MK_BLOCK_ENCRYPTED;
  const Reading reading = Attacked();
  ASSERT_EQ(reading.damage.size(), 1u);
  EXPECT_NE(reading.damage[0].find("not encrypted"), std::string::npos) << reading.damage[0];
}

TEST_F(AttackTest, OtherTimesAndFlags) {
  sealed_.blocks[20].pts += 1;
  sealed_.blocks[22].dts += 1;
  sealed_.blocks[24].duration += 1;
  sealed_.blocks[26].flags ^= H4MK_BLOCK_DISCARD;
  sealed_.blocks[28].flags ^= H4MK_BLOCK_KEY;
  EXPECT_EQ(Attacked().damage.size(), 5u);
}

TEST_F(AttackTest, SideDataTakenOffOrChanged) {
  ASSERT_FALSE(sealed_.blocks[20].side_data.empty());
  ASSERT_FALSE(sealed_.blocks[30].side_data.empty());
  sealed_.blocks[20].side_data.clear();
  sealed_.blocks[30].side_data[0].data[0] ^= 1;
  EXPECT_EQ(Attacked().damage.size(), 2u);
}

// What was encrypted has one entry, with a name that tells so, and a tag at its end.
TEST_F(AttackTest, SideDataOfAnotherForm) {
  sealed_.blocks[20].side_data[0].name = "other";
  sealed_.blocks[30].side_data.push_back({"more", {}});
  sealed_.blocks[40].side_data[0].data.resize(15);
  EXPECT_EQ(Attacked().damage.size(), 3u);
}

// Whole clusters twice, or in another order, with index and checksums made to fit.
TEST_F(AttackTest, ClusterTwice) {
  Bytes file = Mux(media_, Encrypting());
  const std::vector<Chunk> chunks = WalkChunks(file);
  const auto cluster =
      std::find_if(chunks.begin(), chunks.end(), [](const Chunk& c) { return c.is_cluster(); });
  const Bytes copy(file.begin() + cluster->begin, file.begin() + cluster->end());
  file.insert(file.begin() + cluster->end(), copy.begin(), copy.end());
  TestFile input(std::move(file));
  input.pipe = true;  // reads clusters in the order in which they stand
  Keys keys(kMaster);
  Reader reader(&input, keys.options);
  const Reading reading = reader.ReadOn();
  EXPECT_FALSE(reading.damage.empty());
  EXPECT_EQ(reading.blocks, media_.blocks);
}

// ---- damage

// Changes a byte of the cluster with a number, from 0.
Bytes Damaged(Bytes file, const std::function<size_t(const Chunk&)>& place, size_t cluster) {
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.is_cluster() && cluster-- == 0) file[place(chunk)] ^= 1;
  return file;
}
size_t DataOf(const Chunk& chunk) { return chunk.crc() - 1; }
size_t IndexOf(const Chunk& chunk) { return chunk.payload() + 3; }

// Video in some clusters, then sound in others.
Media VideoThenAudio() {
  Media media = TwoTracks(30);
  std::ranges::stable_sort(media.blocks, {}, &Block::track);
  for (Block& block : media.blocks) {
    block.side_data.clear();
    if (block.track == 1) block.pts = block.dts += 48000 * 10;
  }
  return media;
}

// Who damages a block of one track must not hide so that one of another track is gone.
TEST(EncryptionDamageTest, AGapInAnotherTrackIsTold) {
  const Media media = VideoThenAudio();
  Sealed sealed = ReadSealed(Mux(media, Encrypting()));
  const auto audio = std::ranges::find(sealed.blocks, 1u, &Block::track) - sealed.blocks.begin();
  sealed.blocks.erase(sealed.blocks.begin() + audio);
  sealed.ordinals.erase(sealed.ordinals.begin() + audio);
  const Reading reading = ReadWith(Damaged(WriteSealed(media, sealed), DataOf, 0));
  ASSERT_EQ(reading.damage.size(), 2u);
  EXPECT_NE(reading.damage[1].find("blocks 0 to 0 are missing before block 1 of track 2"),
            std::string::npos)
      << reading.damage[1];
}

// What damage has cost is told once: of all tracks, if the index of a cluster is damaged.
TEST(EncryptionDamageTest, WhatIsLostToDamageIsNotToldAgain) {
  const Bytes file = Mux(TwoTracks(), Encrypting());
  for (const auto& place : {DataOf, IndexOf})
    for (const bool pipe : {false, true}) {
      const Reading reading = ReadWith(Damaged(file, place, 1), kMaster, pipe);
      EXPECT_EQ(reading.damage.size(), 1u) << reading.damage.back();
      EXPECT_LT(reading.blocks.size(), TwoTracks().blocks.size());
    }
}

// Every bit of a small file: as it is, the checksums tell; with the checksums made to fit, the tags
// do. What may change unseen is only what is no part of a block.
TEST(EncryptionBitTest, EveryChangedBitIsSeen) {
  const Media media = TwoTracks(2);
  const Bytes file = Mux(media, Encrypting());
  for (size_t bit = 0; bit < 8 * file.size(); ++bit) {
    TestFile changed(file);
    changed.bytes[bit / 8] ^= 1 << bit % 8;
    Keys keys(kMaster);
    Reader reader(&changed, keys.options);
    if (reader.status() != H4MK_OK) continue;
    const Reading reading = reader.ReadOn();
    const bool told =
        !reading.damage.empty() || !reader.Warnings().empty() || reading.end != H4MK_END;
    EXPECT_TRUE(told) << "bit " << bit % 8 << " of byte " << bit / 8;
  }
}

TEST(EncryptionBitTest, EveryChangedBitOfAClusterIsSeenWhateverTheChecksumsSay) {
  const Media media = TwoTracks(2);
  const Bytes file = Mux(media, Encrypting());
  for (const Chunk& chunk : WalkChunks(file)) {
    if (!chunk.is_cluster()) continue;
    const size_t index_size = file[chunk.payload()];  // one byte: the index is small
    ASSERT_LT(index_size, 128u);
    const size_t index_end = chunk.payload() + 1 + index_size;
    for (size_t byte = chunk.payload() + 1; byte < chunk.crc(); ++byte) {
      if (byte >= index_end && byte < index_end + 4) continue;  // the CRC of the index
      for (int bit = 0; bit < 8; ++bit) {
        TestFile changed(file);
        changed.bytes[byte] ^= 1 << bit;
        PutU32(
            &changed.bytes, index_end,
            Crc32(changed.bytes.data() + chunk.payload(), 1 + index_size, SaltOf(changed.bytes)));
        FixCrc(&changed.bytes, chunk);
        Keys keys(kMaster);
        Reader reader(&changed, keys.options);
        if (reader.status() != H4MK_OK) continue;
        const Reading reading = reader.ReadOn();
        EXPECT_TRUE(!reading.damage.empty() || reading.blocks == media.blocks)
            << "bit " << bit << " of byte " << byte;
        for (const Block& block : reading.blocks)
          EXPECT_NE(std::find(media.blocks.begin(), media.blocks.end(), block), media.blocks.end())
              << "bit " << bit << " of byte " << byte << " made " << block;
      }
    }
  }
}

// ---- ciphers, masks by themselves

TEST(CipherTest, SealAndOpenInPlace) {
  const h4mk_key key = KeyOf(kMaster);
  h4mk_cipher* cipher = nullptr;
  ASSERT_EQ(h4mk_cipher_new(H4MK_SCHEME_GCM, &key, nullptr, &cipher), H4MK_OK);
  h4mk_value* description = nullptr;
  ASSERT_EQ(h4mk_cipher_describe(cipher, &description), H4MK_OK);
  h4mk_cipher* other = nullptr;
  ASSERT_EQ(h4mk_cipher_from_description(description, &key, 1, &other), H4MK_OK)
      << h4mk_cipher_message(other);
  const Bytes plain = Payload(1, 100);
  Bytes data = plain;
  data.resize(plain.size() + H4MK_CIPHER_OVERHEAD);
  h4mk_cipher_block block = H4MK_CIPHER_BLOCK_INIT;
  block.ordinal = 5;
  ASSERT_EQ(h4mk_cipher_seal(cipher, &block, data.data(), plain.size(), data.data()), H4MK_OK);
  const Bytes sealed = data;
  ASSERT_EQ(h4mk_cipher_open(other, &block, data.data(), data.size(), data.data()), H4MK_OK);
  EXPECT_TRUE(std::equal(plain.begin(), plain.end(), data.begin()));
  block.ordinal = 6;
  data = sealed;
  EXPECT_EQ(h4mk_cipher_open(other, &block, data.data(), data.size(), data.data()),
            H4MK_ERR_CORRUPT);
  EXPECT_TRUE(
      std::all_of(data.begin(), data.begin() + plain.size(), [](uint8_t b) { return b == 0; }));
  h4mk_value_free(description);
  h4mk_cipher_free(cipher);
  h4mk_cipher_free(other);
}

// "protection" of META, with one member changed.
TEST(CipherTest, ADescriptionThatCannotBeUsedIsRefused) {
  const h4mk_key key = KeyOf(kMaster, kKid);
  h4mk_cipher* cipher = nullptr;
  ASSERT_EQ(h4mk_cipher_new(H4MK_SCHEME_GCM, &key, nullptr, &cipher), H4MK_OK);
  h4mk_value* description = nullptr;
  ASSERT_EQ(h4mk_cipher_describe(cipher, &description), H4MK_OK);
  h4mk_cipher_free(cipher);
  const std::string good = h4mk_value_to_json(description);
  h4mk_value_free(description);
  const auto open_with = [&](const std::string& member) {
    const Value value = ParseJson(good);
    if (!member.empty()) {
      const Value changed = ParseJson("{" + member.substr(1) + "}");
      h4mk_value_set_value(value.get(), h4mk_value_key_at(changed.get(), 0),
                           h4mk_value_at(changed.get(), 0));
    }
    h4mk_cipher* opened = nullptr;
    const h4mk_status status = h4mk_cipher_from_description(value.get(), &key, 1, &opened);
    EXPECT_EQ(status == H4MK_OK, *h4mk_cipher_message(opened) == 0) << member;
    h4mk_cipher_free(opened);
    return status;
  };
  const std::string id = "\"AAAAAAAAAAAAAAAAAAAAAA==\"";  // 16 bytes
  EXPECT_EQ(open_with(""), H4MK_OK);
  EXPECT_EQ(open_with(R"(,"sessions":[])"), H4MK_OK);
  EXPECT_EQ(open_with(",\"sessions\":[{\"id\":" + id + ",\"first\":[[1,5]]}]"), H4MK_OK);
  EXPECT_EQ(open_with(R"(,"scheme":"rot13")"), H4MK_ERR_UNSUPPORTED);
  EXPECT_EQ(open_with(R"(,"scheme":1)"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(R"(,"kid":"xy")"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(R"(,"kid":"0")"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(R"(,"kid":7)"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(",\"kid\":\"" + std::string(66, '0') + "\""), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(R"(,"kid":"00FF")"), H4MK_ERR_KEY) << "the id of another key";
  EXPECT_EQ(open_with(R"(,"file_id":"AAAA")"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(R"(,"file_id":null)"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(R"(,"key_check":"no base64!")"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(",\"file_id\":" + id), H4MK_ERR_KEY) << "of another file";
  EXPECT_EQ(open_with(R"(,"sessions":{})"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(R"(,"sessions":[1])"), H4MK_ERR_CORRUPT);
  EXPECT_EQ(open_with(R"(,"sessions":[{"id":"AAAA","first":[]}])"), H4MK_ERR_CORRUPT);
  for (const char* first :
       {"1", "[1]", "[[1]]", "[[1,2,3]]", "[[-1,2]]", "[[1,-2]]", "[[65536,2]]"})
    EXPECT_EQ(open_with(",\"sessions\":[{\"id\":" + id + ",\"first\":" + first + "}]"),
              H4MK_ERR_CORRUPT)
        << first;
  const Value array = ParseJson("[]");
  h4mk_cipher* none = nullptr;
  EXPECT_EQ(h4mk_cipher_from_description(array.get(), &key, 1, &none), H4MK_ERR_CORRUPT);
  h4mk_cipher_free(none);
}

// A master key has 16 to 1024 bytes, its id at most 32.
TEST(CipherTest, KeysAndTheirIdsHaveALength) {
  const Bytes bytes(1025, 7);
  const auto make = [&](size_t key_size, size_t kid_size) {
    const h4mk_key key = {sizeof(h4mk_key), bytes.data(), kid_size, bytes.data(), key_size};
    h4mk_cipher* cipher = nullptr;
    const h4mk_status status = h4mk_cipher_new(H4MK_SCHEME_GCM, &key, nullptr, &cipher);
    h4mk_cipher_free(cipher);
    return status;
  };
  for (const size_t size : {16, 32, 1024}) EXPECT_EQ(make(size, 0), H4MK_OK) << size;
  for (const size_t size : {1, 15, 1025}) EXPECT_EQ(make(size, 0), H4MK_ERR_ARGUMENT) << size;
  EXPECT_EQ(make(32, 32), H4MK_OK);
  EXPECT_EQ(make(32, 33), H4MK_ERR_ARGUMENT);
}

TEST(CipherTest, MisuseIsAnError) {
  const h4mk_key key = KeyOf(kMaster);
  h4mk_cipher* cipher = nullptr;
  h4mk_value* value = nullptr;
  EXPECT_EQ(h4mk_cipher_new(nullptr, &key, nullptr, &cipher), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_new(H4MK_SCHEME_GCM, nullptr, nullptr, &cipher), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_from_description(nullptr, &key, 1, &cipher), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_describe(nullptr, &value), H4MK_ERR_ARGUMENT);
  EXPECT_STREQ(h4mk_cipher_message(nullptr), "");

  uint8_t data[64] = {};
  h4mk_cipher_block block = H4MK_CIPHER_BLOCK_INIT;
  EXPECT_EQ(h4mk_cipher_new("rot13", &key, nullptr, &cipher), H4MK_ERR_ARGUMENT);
  ASSERT_NE(cipher, nullptr);  // so that it can be asked
  EXPECT_STREQ(h4mk_cipher_message(cipher),
               "no encryption scheme \"rot13\": there are aes-256-gcm and living");
  EXPECT_EQ(h4mk_cipher_describe(cipher, &value), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_seal(cipher, &block, data, 1, data), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_open(cipher, &block, data, 32, data), H4MK_ERR_ARGUMENT);
  h4mk_cipher_free(cipher);

  ASSERT_EQ(h4mk_cipher_new(H4MK_SCHEME_GCM, &key, data, &cipher), H4MK_OK);
  EXPECT_EQ(h4mk_cipher_seal(cipher, nullptr, data, 1, data), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_seal(cipher, &block, nullptr, 1, data), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_seal(cipher, &block, data, size_t{1} << 30, data), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_open(cipher, &block, data, 15, data), H4MK_ERR_CORRUPT) << "no tag";
  block.time_base_den = 0;
  EXPECT_EQ(h4mk_cipher_seal(cipher, &block, data, 1, data), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_cipher_open(cipher, &block, data, 32, data), H4MK_ERR_ARGUMENT);
  h4mk_cipher_free(cipher);
  EXPECT_EQ(h4mk_mask(nullptr, 1, 0, data, 1, data), H4MK_ERR_ARGUMENT);
  EXPECT_EQ(h4mk_mask(data, 1, 0, nullptr, 1, data), H4MK_ERR_ARGUMENT);
}

TEST(CipherTest, AMaskTakesItselfOff) {
  const Bytes plain = Payload(1, 1000);
  Bytes data = plain;
  ASSERT_EQ(h4mk_mask(kMaster.data(), kMaster.size(), 3, data.data(), data.size(), data.data()),
            H4MK_OK);
  EXPECT_NE(data, plain);
  ASSERT_EQ(h4mk_mask(kMaster.data(), kMaster.size(), 3, data.data(), data.size(), data.data()),
            H4MK_OK);
  EXPECT_EQ(data, plain);
}

}  // namespace
}  // namespace h4mk_test
