// SPDX-License-Identifier: MIT
// protection.md, "Signed files": whole files through the C interface, and what an attacker without
// the key does to them.
#include "support/signing.h"

#include <h4mk/protection.h>

#include <set>

#include "base/memory_io.h"
#include "index/index_page.h"
#include "protect/checkpoint_chain.h"
#include "protect/index_digest.h"
#include "protect/verifying_io.h"
#include "support/allocations.h"
#include "support/closed_anew.h"
#include "support/encryption.h"

namespace h4mk_test {
namespace {

Media Film(int count = 200) {
  Media media;
  media.tracks = {{"1/25", "video", "h264"}, {"1/48000", "audio", "opus"}};
  for (int i = 0; i < count; ++i) {
    media.blocks.push_back({0, i % 12 == 0 ? kKey : kP, i, i, 1, Payload(i, 200 + i * 7 % 300)});
    media.blocks.push_back({1, kKey, i * 1920, i * 1920, 1920, Payload(1000 + i, i % 90)});
  }
  return media;
}

// A recording that is still being written, signed up to here.
Bytes Unfinished(const Media& media) {
  TestFile file;
  Writer writer(&file, Signing());
  for (const Track& track : media.tracks) writer.AddTrack(track);
  for (const Block& block : media.blocks) EXPECT_EQ(writer.Write(block), H4MK_OK);
  EXPECT_EQ(writer.Flush(), H4MK_OK);
  return std::move(file.bytes);
}

std::vector<Chunk> Clusters(const Bytes& file) {
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.is_cluster()) clusters.push_back(chunk);
  return clusters;
}

TEST(SigningTest, ASignedFileReadsAsItWasWritten) {
  const Media media = Film();
  for (const bool ed25519 : {true, false}) {
    const KeyPair key = MakeKey(ed25519);
    const Verified verified = Verify(Mux(media, Signing(key)), key);
    EXPECT_TRUE(verified.intact()) << verified.message;
    EXPECT_EQ(verified.reading.blocks, media.blocks);
  }
}

TEST(SigningTest, WhoDoesNotVerifyReadsItTheSameWay) {
  TestFile file(Mux(Film(), Signing()));
  EXPECT_EQ(Reader(&file).ReadOn().blocks, Film().blocks);
}

TEST(SigningTest, SeeksAreVerifiedToo) {
  TestFile file(Mux(Film(), Signing())), plain(Mux(Film(), ClusterLimits(3000, 500)));
  Reader reader(&file, Verifying()), expected(&plain);
  for (const int64_t time : {150, 3, 199, 77, 0, 120}) {
    ASSERT_EQ(reader.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    ASSERT_EQ(expected.Seek(0, time, H4MK_SEEK_BACKWARD), H4MK_OK);
    Block block, other;
    ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
    ASSERT_EQ(expected.Next(&other), H4MK_OK);
    EXPECT_EQ(block, other);
  }
}

TEST(SigningTest, EncryptedFilesAreSignedAsTheyAreStored) {
  const h4mk_key key = KeyOf(kMaster);
  h4mk_writer_options options = Encrypting();
  options.signing_key = SigningKey().secret.c_str();
  TestFile file(Mux(Film(), options));
  h4mk_reader_options without = Verifying();
  without.keep_encrypted = 1;  // verifying needs no key
  EXPECT_EQ(Reader(&file, without).ReadOn().end, H4MK_END);
  h4mk_reader_options with = Verifying();
  with.keys = &key;
  with.key_count = 1;
  EXPECT_EQ(Reader(&file, with).ReadOn().blocks, Film().blocks);
}

TEST(SigningTest, AnIndexPutInAtTheFrontMovesWhatIsSigned) {
  TestFile file;
  h4mk_writer_options options = Signing();
  Writer writer(&file, options);
  const Media media = Film();
  for (const Track& track : media.tracks) writer.AddTrack(track);
  for (const Block& block : media.blocks) writer.Write(block);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  Bytes moved = WithIndexInFront(writer, file.bytes);
  const Verified verified = Verify(moved);
  EXPECT_TRUE(verified.intact()) << verified.message;
  EXPECT_EQ(verified.reading.blocks, media.blocks);
}

// What could not be read is not called unsigned, or signed with another key.
TEST(SigningTest, EveryReadFailsOnce) {
  const Bytes bytes = Mux(Film(), Signing());
  TestFile control(bytes);
  ASSERT_EQ(Reader(&control, Verifying()).status(), H4MK_OK);
  ASSERT_GT(control.reads, 2u);
  for (size_t call = 0; call < control.reads; ++call) {
    TestFile file(bytes);
    file.failing_read = call;
    EXPECT_EQ(Reader(&file, Verifying()).status(), H4MK_ERR_IO) << "call " << call;
  }
}

TEST(SigningTest, EveryReadOfACheckWithKeysFailsOnce) {
  const h4mk_key key = KeyOf(kMaster);
  h4mk_writer_options writing = Encrypting();
  writing.signing_key = SigningKey().secret.c_str();
  const Bytes bytes = Mux(Film(20), writing);
  h4mk_verify_options checking = H4MK_VERIFY_OPTIONS_INIT;
  checking.verify_key = SigningKey().open.c_str();
  checking.keys = &key;
  checking.key_count = 1;
  const auto check = [&](TestFile* file) {
    const h4mk_io io = file->Io();
    return h4mk_verify(&io, &checking, nullptr);
  };
  TestFile control(bytes);
  ASSERT_EQ(check(&control), H4MK_OK);
  for (size_t call = 0; call < control.reads; ++call) {
    TestFile file(bytes);
    file.failing_read = call;
    EXPECT_EQ(check(&file), H4MK_ERR_IO) << "call " << call << " of " << control.reads;
  }
}

// h4mk_reader_signature(): how far a file is signed, also while it has no end.
TEST(SigningTest, HowFarItIsSignedCanBeAsked) {
  const Bytes whole = Mux(Film(), Signing());
  TestFile file(whole);
  h4mk_signature signature = H4MK_SIGNATURE_INIT;
  {
    Reader reader(&file, Verifying());
    ASSERT_EQ(h4mk_reader_signature(reader.get(), &signature), H4MK_OK);
    EXPECT_EQ(signature.is_final, 1);
    EXPECT_EQ(signature.descriptions_unsigned, 0);
    const std::vector<Chunk> chunks = WalkChunks(whole);
    EXPECT_GT(signature.chunk_count, Clusters(whole).size());
    EXPECT_LE(signature.signed_until, static_cast<int64_t>(chunks.back().end()));
    EXPECT_GE(signature.signed_until, static_cast<int64_t>(Clusters(whole).back().end()));
    h4mk_signature small = H4MK_SIGNATURE_INIT;
    small.struct_size = sizeof small.struct_size + sizeof small.is_final;  // of an older caller
    EXPECT_EQ(h4mk_reader_signature(reader.get(), &small), H4MK_OK);
    EXPECT_EQ(small.is_final, 1);
    EXPECT_EQ(small.chunk_count, 0u);
    small.struct_size = 7;
    EXPECT_EQ(h4mk_reader_signature(reader.get(), &small), H4MK_ERR_ARGUMENT);
    EXPECT_EQ(h4mk_reader_signature(reader.get(), nullptr), H4MK_ERR_ARGUMENT);
  }
  const uint64_t all = signature.chunk_count;
  TestFile cut(Bytes(whole.begin(), whole.begin() + whole.size() / 2));
  Reader reader(&cut, Verifying());
  ASSERT_EQ(h4mk_reader_signature(reader.get(), &signature), H4MK_OK) << reader.message();
  EXPECT_EQ(signature.is_final, 0);
  EXPECT_LT(signature.chunk_count, all);
  EXPECT_LE(signature.signed_until, static_cast<int64_t>(cut.bytes.size()));
  Reader unverified(&file);
  EXPECT_EQ(h4mk_reader_signature(unverified.get(), &signature), H4MK_ERR_STATE);
}

TEST(SigningTest, KeysOfOtherKindsAreRefused) {
  const auto refusal = [](const std::string& pem) {
    TestFile file;
    const h4mk_io io = file.Io();
    h4mk_writer_options options = Signing();
    options.signing_key = pem.c_str();
    h4mk_writer* writer = nullptr;
    EXPECT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_ERR_KEY);
    const std::string message = h4mk_writer_message(writer);
    h4mk_writer_free(writer);
    return message;
  };
  const std::string other = "a key must be of the kind Ed25519 or ECDSA on P-256";
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
  EXPECT_EQ(refusal(Pem(key, true)), other);
  EVP_PKEY_free(key);
  key = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
  EXPECT_EQ(refusal(Pem(key, true)), other);
  EVP_PKEY_free(key);
  // One that needs a password: nobody is asked for it.
  key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  BIO* bio = BIO_new(BIO_s_mem());
  char password[] = "secret";
  PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), nullptr, 0, nullptr, password);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  const std::string none = "a private key in PEM form, without a password, is needed";
  EXPECT_EQ(refusal(std::string(text, static_cast<size_t>(size))), none);
  BIO_free(bio);
  EVP_PKEY_free(key);
  EXPECT_EQ(refusal(SigningKey().open), none) << "a public key signs nothing";
}

// ---- proof of a block

// Whether it is stored compressed or not.
TEST(ProofTest, ABlockIsProvedWithoutTheFile) {
  Media media = Film();
  media.tracks[0].compression = "zstd";
  for (Block& block : media.blocks)
    if (block.track == 0 && block.pts % 2 == 0) block.data.assign(500, 'x');
  TestFile file(Mux(media, Signing()));
  Reader reader(&file, Verifying());
  for (size_t i = 0; i < media.blocks.size(); ++i) {
    Block block;
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
    if (i % 37 != 0) continue;
    h4mk_value* made = nullptr;
    ASSERT_EQ(h4mk_reader_prove(reader.get(), &made), H4MK_OK) << reader.message();
    const Value sent = ParseJson(h4mk_value_to_json(Value(made).get()));
    h4mk_value* proven = nullptr;
    ASSERT_EQ(h4mk_proof_verify(sent.get(), SigningKey().open.c_str(), nullptr, &proven), H4MK_OK);
    const Value owner(proven);
    const uint8_t* data = nullptr;
    size_t size = 0;
    ASSERT_EQ(h4mk_value_get_bytes(proven, "data", &data, &size), H4MK_OK);
    EXPECT_EQ(Bytes(data, data + size), media.blocks[i].data);
    EXPECT_EQ(h4mk_value_get_int(proven, "pts", -1), media.blocks[i].pts);
    EXPECT_EQ(h4mk_value_get_int(proven, "dts", -1), media.blocks[i].dts);
    EXPECT_EQ(h4mk_value_get_int(proven, "track_id", -1), media.blocks[i].track + 1);
    EXPECT_EQ(h4mk_proof_verify(sent.get(), MakeKey().open.c_str(), nullptr, &proven),
              H4MK_ERR_KEY);
  }
}

TEST(ProofTest, ABlockThatWasAskedForByNumberIsProved) {
  TestFile file(Mux(Film(), Signing()));
  Reader reader(&file, Verifying());
  h4mk_block block = H4MK_BLOCK_INIT;
  ASSERT_EQ(h4mk_reader_read_block(reader.get(), 1, 100, &block), H4MK_OK);
  h4mk_value *made = nullptr, *proven = nullptr;
  ASSERT_EQ(h4mk_reader_prove(reader.get(), &made), H4MK_OK) << reader.message();
  const Value owner(made);
  ASSERT_EQ(h4mk_proof_verify(made, SigningKey().open.c_str(), nullptr, &proven), H4MK_OK);
  const Value proven_owner(proven);
  EXPECT_EQ(h4mk_value_get_int(proven, "ordinal", -1), 100);
  EXPECT_EQ(h4mk_value_get_int(proven, "track_id", -1), 2);
}

TEST(ProofTest, WhatCannotBeReadIsNotProved) {
  const Bytes bytes = Mux(Film(), Signing());
  const auto prove = [&](size_t failing, size_t* reads) {
    TestFile file(bytes);
    Reader reader(&file, Verifying());
    h4mk_block block = H4MK_BLOCK_INIT;
    EXPECT_EQ(h4mk_reader_read_block(reader.get(), 0, 100, &block), H4MK_OK);
    file.bytes.resize(failing == 0 ? file.bytes.size() : 100);
    const size_t before = file.reads;
    file.failing_read = before + failing - 1;
    h4mk_value* made = nullptr;
    const h4mk_status status = h4mk_reader_prove(reader.get(), &made);
    h4mk_value_free(made);
    *reads = file.reads - before;
    return status;
  };
  size_t reads = 0, unused = 0;
  ASSERT_EQ(prove(0, &reads), H4MK_OK);
  ASSERT_GT(reads, 0u);
  for (size_t failing = 1; failing <= reads; ++failing)
    EXPECT_NE(prove(failing, &unused), H4MK_OK) << failing;
}

// One cluster of a small block, a large one, and a small one again.
Bytes SmallAndLarge() {
  Media media;
  media.tracks = {{}};
  for (int i = 0; i < 3; ++i)
    media.blocks.push_back({0, i == 0 ? kKey : kP, i, i, 1, Payload(i, i == 1 ? 2 << 20 : 100)});
  h4mk_writer_options options = Signing();
  options.cluster_size_limit = 8 << 20;
  return Mux(media, options);
}

// A cluster is read and hashed for its first proof only: another one takes no room for all of it.
TEST(ProofTest, AClusterIsHashedOnce) {
  const auto prove = [](Reader& reader) {
    h4mk_value* made = nullptr;
    EXPECT_EQ(h4mk_reader_prove(reader.get(), &made), H4MK_OK) << reader.message();
    return std::string(h4mk_value_to_json(Value(made).get()));
  };
  TestFile file(SmallAndLarge()), again(file.bytes);
  Reader reader(&file, Verifying()), other(&again, Verifying());
  Block block;
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  prove(reader);
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  const AllocationMeter memory;
  const std::string proof = prove(reader);
  EXPECT_LT(memory.peak(), 1 << 20);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(other.Next(&block), H4MK_OK);
  EXPECT_EQ(prove(other), proof);
}

// At the limits: no bytes, so no pieces, and the largest number that a track may have.
TEST(ProofTest, ABlockWithoutBytesOfTheLastTrackIsProved) {
  TestFile file;
  Writer writer(&file, Signing());
  uint32_t track = 0;
  ASSERT_EQ(h4mk_writer_add_track(writer.get(), Describe({}, 65535).get(), &track), H4MK_OK);
  ASSERT_EQ(writer.Write({track, kKey, 5, H4MK_NO_TIME, 1, {}}), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  Reader reader(&file, Verifying());
  Block block;
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  h4mk_value *made = nullptr, *proven = nullptr;
  ASSERT_EQ(h4mk_reader_prove(reader.get(), &made), H4MK_OK);
  const Value owner(made);
  ASSERT_EQ(h4mk_proof_verify(made, SigningKey().open.c_str(), nullptr, &proven), H4MK_OK);
  const Value proven_owner(proven);
  EXPECT_EQ(h4mk_value_get_int(proven, "pts", -1), 5);
  EXPECT_EQ(h4mk_value_get_int(proven, "dts", -1), -1);
  EXPECT_EQ(h4mk_value_get_int(proven, "track_id", -1), 65535);
}

Value ProofOfTheFirstBlock() {
  TestFile file(Mux(Film(), Signing()));
  Reader reader(&file, Verifying());
  Block block;
  EXPECT_EQ(reader.Next(&block), H4MK_OK);
  h4mk_value* made = nullptr;
  EXPECT_EQ(h4mk_reader_prove(reader.get(), &made), H4MK_OK);
  return Value(made);
}

TEST(ProofTest, AChangedProofProvesNothing) {
  const Value made = ProofOfTheFirstBlock();
  const std::string proof = h4mk_value_to_json(made.get());
  h4mk_value* proven = nullptr;
  ASSERT_EQ(h4mk_proof_verify(made.get(), SigningKey().open.c_str(), nullptr, &proven), H4MK_OK);
  const std::string expected = h4mk_value_to_json(Value(proven).get());
  size_t refused = 0;
  for (size_t i = 0; i < proof.size(); i += 13) {
    std::string changed = proof;
    changed[i] = changed[i] == 'B' ? 'C' : 'B';
    h4mk_value* value = nullptr;
    if (h4mk_value_from_json(changed.data(), changed.size(), &value) != H4MK_OK) continue;
    const Value freed(value);
    if (h4mk_proof_verify(value, SigningKey().open.c_str(), nullptr, &proven) != H4MK_OK) {
      ++refused;
      continue;
    }
    // Base64 has characters whose last bits mean nothing.
    EXPECT_EQ(h4mk_value_to_json(Value(proven).get()), expected) << "character " << i;
  }
  EXPECT_GT(refused, proof.size() / 13 / 2);
}

TEST(ProofTest, AnotherNumberIsAnotherBlockOrNone) {
  const Value made = ProofOfTheFirstBlock();
  h4mk_value_set_int(made.get(), "ordinal", 1000000);
  h4mk_value* proven = nullptr;
  EXPECT_EQ(h4mk_proof_verify(made.get(), SigningKey().open.c_str(), nullptr, &proven),
            H4MK_ERR_CORRUPT);
}

// ---- keys

TEST(SigningTest, AnotherKeyIsAnError) {
  const KeyPair other = MakeKey();
  const Verified verified = Verify(Mux(Film(), Signing()), other);
  EXPECT_EQ(verified.status, H4MK_ERR_KEY);
  EXPECT_NE(verified.message.find("signed with another key"), std::string::npos)
      << verified.message;
  EXPECT_EQ(Verify(Mux(Film(), Signing()), MakeKey(false)).status, H4MK_ERR_KEY);
}

// Signed with another key, under the name of this one: each checkpoint has its fingerprint.
TEST(SigningTest, AnotherKeyUnderTheNameOfThisOneIsAnError) {
  Bytes file = Mux(Film(), Signing(MakeKey()));
  const auto own = h4mk::SignatureKey::Public(SigningKey().open);
  ASSERT_TRUE(own.ok());
  for (const Chunk& chunk : WalkChunks(file)) {
    if (chunk.tag != "VERI") continue;
    constexpr size_t kFingerprint = 4 + 1 + 1;  // behind the magic, the kind and the flags
    std::ranges::copy(own.value().fingerprint(), file.begin() + chunk.payload() + kFingerprint);
    FixCrc(&file, chunk);
  }
  FixChecksum(&file, WalkChunks(file));
  TestFile plain(file);
  EXPECT_TRUE(Reader(&plain).ReadOn().damage.empty()) << "its checksums fit";
  EXPECT_EQ(Verify(file).status, H4MK_ERR_KEY);
}

TEST(SigningTest, AFileWithoutSignatureIsAnError) {
  EXPECT_EQ(Verify(Mux(Film())).status, H4MK_ERR_KEY);
}

TEST(SigningTest, WhatIsNoKeyIsRefused) {
  TestFile file;
  const h4mk_io io = file.Io();
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.signing_key = "-----BEGIN PRIVATE KEY-----\nno\n-----END PRIVATE KEY-----\n";
  h4mk_writer* writer = nullptr;
  EXPECT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_ERR_KEY);
  h4mk_writer_free(writer);
}

// ---- live and cut files

TEST(SigningTest, AStreamIsVerifiedUpToItsLastCheckpoint) {
  TestFile file;
  Writer writer(&file, Signing());
  const Media media = Film();
  for (const Track& track : media.tracks) writer.AddTrack(track);
  for (const Block& block : media.blocks) ASSERT_EQ(writer.Write(block), H4MK_OK);
  const Verified verified = Verify(file.bytes);
  ASSERT_EQ(verified.status, H4MK_OK) << verified.message;
  EXPECT_EQ(verified.reading.end, H4MK_AGAIN);
  EXPECT_GT(verified.reading.blocks.size(), media.blocks.size() / 4);
  EXPECT_LT(verified.reading.blocks.size(), media.blocks.size());
  EXPECT_TRUE(std::equal(verified.reading.blocks.begin(), verified.reading.blocks.end(),
                         media.blocks.begin()));
  // After a flush all that was written is signed.
  ASSERT_EQ(writer.Flush(), H4MK_OK);
  EXPECT_EQ(Verify(file.bytes).reading.blocks, media.blocks);
}

TEST(SigningTest, AReaderFollowsAGrowingFile) {
  TestFile file;
  Writer writer(&file, Signing());
  const Media media = Film(40);
  for (const Track& track : media.tracks) writer.AddTrack(track);
  std::vector<Block> seen;
  std::unique_ptr<Reader> reader;
  TestFile copy;
  for (const Block& block : media.blocks) {
    ASSERT_EQ(writer.Write(block), H4MK_OK);
    if (seen.empty() || block.track == 1) {
      ASSERT_EQ(writer.Flush(), H4MK_OK);
    }
    copy.bytes = file.bytes;
    if (!reader) reader = std::make_unique<Reader>(&copy, Verifying());
    ASSERT_EQ(reader->status(), H4MK_OK) << reader->message();
    const Reading reading = reader->ReadOn();
    EXPECT_EQ(reading.damage, std::vector<std::string>());
    seen.insert(seen.end(), reading.blocks.begin(), reading.blocks.end());
  }
  EXPECT_EQ(seen, media.blocks);
}

// ---- attacks

// A checkpoint of another file of the same signer behind one that grows: it is read on as it was.
TEST(SigningAttackTest, AGrowingFileDoesNotBecomeAnother) {
  const Bytes whole = Mux(Film(), Signing()), other = Mux(Film(400), Signing());
  const auto last_checkpoint = [](const Bytes& file) {
    std::vector<Chunk> chunks = WalkChunks(file);
    while (chunks.back().tag != "VERI") chunks.pop_back();
    return chunks.back();
  };
  Bytes growing(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(whole.size() / 2));
  TestFile file(growing);
  Reader reader(&file, Verifying());
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  EXPECT_EQ(reader.ReadOn().end, H4MK_AGAIN);
  h4mk_signature before = H4MK_SIGNATURE_INIT, after = H4MK_SIGNATURE_INIT;
  ASSERT_EQ(h4mk_reader_signature(reader.get(), &before), H4MK_OK);
  const Chunk foreign = last_checkpoint(other);
  file.bytes.resize(std::max(file.bytes.size(), foreign.begin));
  file.bytes.insert(file.bytes.end(), other.begin() + static_cast<ptrdiff_t>(foreign.begin),
                    other.begin() + static_cast<ptrdiff_t>(foreign.end()));
  const Reading reading = reader.ReadOn();
  EXPECT_EQ(reading.end, H4MK_AGAIN);
  EXPECT_TRUE(reading.blocks.empty());
  ASSERT_EQ(h4mk_reader_signature(reader.get(), &after), H4MK_OK);
  EXPECT_EQ(after.chunk_count, before.chunk_count);
  EXPECT_EQ(after.is_final, 0);
}

TEST(SigningAttackTest, AChangedClusterCostsItsBlocksOnly) {
  const Media media = Film();
  Bytes file = Mux(media, Signing());
  const std::vector<Chunk> clusters = Clusters(file);
  const Chunk& changed = clusters[clusters.size() / 2];
  file[changed.crc() - 1] ^= 1;
  FixCrc(&file, changed);
  const Verified verified = Verify(file);
  ASSERT_EQ(verified.status, H4MK_OK) << verified.message;
  EXPECT_EQ(verified.reading.damage.size(), 1u);
  EXPECT_FALSE(verified.warnings.empty());
  EXPECT_LT(verified.reading.blocks.size(), media.blocks.size());
  EXPECT_GT(verified.reading.blocks.size(), media.blocks.size() * 3 / 4);
}

// Sizes and durations end with the last chunk: without it a file is not even opened.
TEST(SigningAttackTest, AChangedLastChunkIsRefusedAtOnce) {
  const Bytes whole = Mux(Film(), Signing());
  for (Bytes file : {whole, Bytes(whole.begin(), whole.begin() + whole.size() / 2)}) {
    std::vector<Chunk> chunks = WalkChunks(file);
    while (chunks.back().tag != "VERI") chunks.pop_back();
    while (chunks.back().tag == "VERI" || chunks.back().tag == "TSEK") chunks.pop_back();
    EXPECT_EQ(Verify(file).status, H4MK_OK) << "control";
    file[chunks.back().crc() - 1] ^= 1;
    FixCrc(&file, chunks.back());
    EXPECT_EQ(Verify(file).status, H4MK_ERR_CORRUPT);
  }
}

TEST(SigningAttackTest, AClusterThatIsHiddenIsMissed) {
  Bytes file = Mux(Film(), Signing());
  const std::vector<Chunk> clusters = Clusters(file);
  Chunk hidden = clusters[clusters.size() / 2];
  std::copy_n("FREE", 4, file.begin() + hidden.begin);
  PutU32(&file, hidden.begin + 4, 0);
  FixCrc(&file, hidden);
  EXPECT_FALSE(Verify(file).reading.damage.empty());
}

TEST(SigningAttackTest, ClustersThatChangePlacesAreSeen) {
  Media media;
  media.tracks = {{"1/50", "audio", "opus"}};
  for (int i = 0; i < 500; ++i)
    media.blocks.push_back({0, kKey, i + 100000, i + 100000, 1, Payload(i, 50)});
  Bytes file = Mux(media, Signing());
  const std::vector<Chunk> clusters = Clusters(file);
  const size_t size = clusters[3].end() - clusters[3].begin;
  ASSERT_EQ(clusters[5].end() - clusters[5].begin, size);
  ASSERT_TRUE(Verify(file).intact());
  std::swap_ranges(file.begin() + clusters[3].begin, file.begin() + clusters[3].end(),
                   file.begin() + clusters[5].begin);
  EXPECT_GE(Verify(file).reading.damage.size(), 1u);
}

// A recording of the same signer may have its chunks at the same places.
TEST(SigningAttackTest, APartOfAnotherRecordingIsNotRead) {
  Media media = Film(), other = Film();
  for (Block& block : other.blocks) std::ranges::reverse(block.data);
  Bytes file = Mux(media, Signing()), donor = Mux(other, Signing());
  ASSERT_EQ(file.size(), donor.size());
  std::vector<Chunk> checkpoints;
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.tag == "VERI") checkpoints.push_back(chunk);
  ASSERT_GE(checkpoints.size(), 3u);
  const auto from = static_cast<ptrdiff_t>(checkpoints[0].end());
  const auto to = static_cast<ptrdiff_t>(checkpoints[1].end());
  std::copy(donor.begin() + from, donor.begin() + to, file.begin() + from);
  TestFile plain(file);
  EXPECT_EQ(Reader(&plain).ReadOn().damage, std::vector<std::string>()) << "its checksums fit";
  const Verified verified = Verify(file);
  EXPECT_FALSE(verified.warnings.empty());
  EXPECT_LT(verified.reading.blocks.size(), media.blocks.size());
  for (const Block& block : verified.reading.blocks)
    EXPECT_NE(std::ranges::find(media.blocks, block), media.blocks.end()) << block;
}

// Who follows a file sees it where it stood when it was opened: all of it once more, behind its
// end, is nothing new.
TEST(SigningAttackTest, AGrowingFileDoesNotBeginAnew) {
  const Media media = Film(40);
  const Bytes file = Unfinished(media);
  TestFile growing(file);
  Reader reader(&growing, Verifying());
  EXPECT_EQ(reader.ReadOn().blocks, media.blocks);
  growing.bytes.insert(growing.bytes.end(), file.begin() + kHeaderSize, file.end());
  EXPECT_EQ(reader.ReadOn().blocks, std::vector<Block>());
  ASSERT_EQ(h4mk_reader_rewind(reader.get()), H4MK_OK);
  EXPECT_EQ(reader.ReadOn().blocks, media.blocks);
}

// Who follows a file reads what was appended, and not all that is behind the last checkpoint again.
TEST(SigningAttackTest, WhatIsAppendedWithoutACheckpointIsSearchedOnce) {
  const Media media = Film(40);
  TestFile growing(Unfinished(media));
  Reader reader(&growing, Verifying());
  EXPECT_EQ(reader.ReadOn().blocks, media.blocks);
  const size_t before = growing.bytes_read;
  constexpr size_t kAppended = 4 << 20, kStep = 4 << 10;
  for (size_t appended = 0; appended < kAppended; appended += kStep) {
    growing.bytes.resize(growing.bytes.size() + kStep);
    EXPECT_EQ(reader.ReadOn().end, H4MK_AGAIN);
  }
  EXPECT_LT(growing.bytes_read - before, 8 * kAppended);
}

// A checkpoint that was not complete when it was seen first is found when it is.
TEST(SigningTest, ACheckpointThatComesByteByByteIsTaken) {
  TestFile file;
  Writer writer(&file, Signing());
  const Media media = Film(60);
  for (const Track& track : media.tracks) writer.AddTrack(track);
  for (const Block& block : media.blocks) {
    ASSERT_EQ(writer.Write(block), H4MK_OK);
    if (&block == &media.blocks[60] || &block == &media.blocks.back()) {
      ASSERT_EQ(writer.Flush(), H4MK_OK);
    }
  }
  std::vector<Chunk> checkpoints;
  for (const Chunk& chunk : WalkChunks(file.bytes))
    if (chunk.tag == "VERI") checkpoints.push_back(chunk);
  ASSERT_GE(checkpoints.size(), 2u);
  const auto first = static_cast<ptrdiff_t>(checkpoints[checkpoints.size() - 2].end());
  TestFile copy(Bytes(file.bytes.begin(), file.bytes.begin() + first));
  Reader reader(&copy, Verifying());
  std::vector<Block> seen = reader.ReadOn().blocks;
  EXPECT_LT(seen.size(), media.blocks.size());
  while (copy.bytes.size() < file.bytes.size()) {
    copy.bytes.push_back(file.bytes[copy.bytes.size()]);
    const Reading reading = reader.ReadOn();
    EXPECT_EQ(reading.damage, std::vector<std::string>());
    seen.insert(seen.end(), reading.blocks.begin(), reading.blocks.end());
  }
  EXPECT_EQ(seen, media.blocks);
}

// A checkpoint whose length was changed would be read, as far as that says, for each piece of what
// it lists.
TEST(SigningAttackTest, ALostCheckpointIsReadOnce) {
  TestFile file;
  Writer writer(&file, Signing());
  writer.AddTrack({"1/25", "video", "h264"});
  for (int i = 0; i < 102; ++i) {
    ASSERT_EQ(writer.Write({0, kKey, i, i, 1, Payload(i, i == 101 ? 10 : 60000)}), H4MK_OK);
    if (i == 0 || i >= 100) {
      ASSERT_EQ(writer.Flush(), H4MK_OK);
    }
  }
  std::vector<Chunk> checkpoints;
  for (const Chunk& chunk : WalkChunks(file.bytes))
    if (chunk.tag == "VERI") checkpoints.push_back(chunk);
  const Chunk& lost = checkpoints[checkpoints.size() - 2];
  file.bytes.resize(file.bytes.size() + (6 << 20));
  PutU32(&file.bytes, lost.begin + 8,
         static_cast<uint32_t>(file.bytes.size() - lost.payload() - kCrcSize));
  FixCrc(&file.bytes, lost);
  file.bytes_read = 0;
  Reader reader(&file, Verifying());
  EXPECT_FALSE(reader.ReadOn().damage.empty() && reader.Warnings().empty());
  EXPECT_LT(file.bytes_read, 8 * file.bytes.size());
}

// What a checkpoint that is not valid says of copies of the index does not become part of the next
// one that is looked at.
TEST(SigningAttackTest, AForgedCheckpointLendsNothingToTheNextOne) {
  Bytes file = Mux(Film(), Signing());
  Bytes last;
  for (const Chunk& chunk : WalkChunks(file)) {
    const h4mk::ByteSpan payload(file.data() + chunk.payload(), chunk.payload_size);
    h4mk::Checkpoint checkpoint;
    if (chunk.tag != "VERI" || !h4mk::DecodeCheckpoint(payload, 0, nullptr, &checkpoint).ok())
      continue;
    if (!checkpoint.final) last.assign(payload.begin(), payload.end());
    if (!checkpoint.final || last.empty()) continue;
    ASSERT_FALSE(checkpoint.copies.empty());
    ASSERT_TRUE(h4mk::DecodeCheckpoint(last, 0, nullptr, &checkpoint).ok());
    EXPECT_FALSE(checkpoint.final);
    EXPECT_TRUE(checkpoint.copies.empty());
    EXPECT_TRUE(checkpoint.checkpoints.empty());
    EXPECT_EQ(checkpoint.top, h4mk::Sha256Digest());
    EXPECT_EQ(checkpoint.trak, 0u);
    return;
  }
  FAIL() << "no final checkpoint behind another one";
}

// An index at the front tells where the file ends; what was signed ended with a locator.
TEST(SigningAttackTest, AnEndThatWasTakenOffIsToldWhateverTheFrontSays) {
  TestFile file;
  Writer writer(&file, Signing());
  const Media media = Film();
  for (const Track& track : media.tracks) writer.AddTrack(track);
  for (const Block& block : media.blocks) ASSERT_EQ(writer.Write(block), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  Bytes cut = WithIndexInFront(writer, file.bytes);
  std::vector<Chunk> chunks = WalkChunks(cut);
  const auto is_top = [&](const Chunk& chunk) {
    return chunk.tag == "TSEK" && h4mk::IsTop({cut.data() + chunk.payload(), chunk.payload_size});
  };
  while (chunks.back().tag != "VERI") chunks.pop_back();
  cut.resize(chunks.back().end());
  const auto front = std::ranges::find_if(chunks, is_top);
  ASSERT_NE(front, chunks.end());
  h4mk::TrackIds ids;
  ids.Add(1);
  ids.Add(2);
  h4mk::IndexTop top;
  ASSERT_TRUE(h4mk::DecodeTop({cut.data() + front->payload(), front->payload_size}, ids,
                              front->begin, &top));
  top.file_size = cut.size();
  const Bytes chunk = MakeChunk("TSEK", h4mk::EncodeTop(top, ids, front->begin), 0, SaltOf(cut));
  ASSERT_EQ(chunk.size(), front->end() - front->begin);
  std::ranges::copy(chunk, cut.begin() + static_cast<ptrdiff_t>(front->begin));
  TestFile plain(cut);
  ASSERT_TRUE(Reader(&plain).is_closed());  // who does not verify believes it
  EXPECT_FALSE(Verify(cut).warnings.empty());
  h4mk_reader_options refusing = Verifying();
  refusing.refuse_unsigned = 1;
  EXPECT_EQ(Reader(&plain, refusing).status(), H4MK_ERR_CORRUPT);
}

// core.md, "Damage": nothing in such a chunk is used, though its signature holds.
TEST(SigningAttackTest, ACheckpointThatDoesNotMatchItsCrcIsNone) {
  Bytes file = Mux(Film(), Signing());
  const auto is_final = [&] {
    TestFile input(file);
    Reader reader(&input, Verifying());
    h4mk_signature signature = H4MK_SIGNATURE_INIT;
    EXPECT_EQ(h4mk_reader_signature(reader.get(), &signature), H4MK_OK) << reader.message();
    return signature.is_final;
  };
  EXPECT_EQ(is_final(), 1);
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.tag == "VERI" && chunk.end() + 1000 > file.size()) file[chunk.crc()] ^= 1;
  EXPECT_EQ(is_final(), 0);
}

// A file that is cut behind a checkpoint and closed by somebody without the key.
TEST(SigningAttackTest, ACutFileGetsNoNewEnd) {
  const Media media = Film();
  const Bytes file = Mux(media, Signing());
  const std::vector<Chunk> chunks = WalkChunks(file);
  const auto first =
      std::find_if(chunks.begin(), chunks.end(), [](const Chunk& c) { return c.tag == "VERI"; });
  ASSERT_NE(first, chunks.end());
  const Bytes cut(file.begin(), file.begin() + first->end());
  EXPECT_EQ(Verify(cut).reading.end, H4MK_AGAIN);
  const std::optional<Bytes> closed = ClosedAnew(cut);
  ASSERT_TRUE(closed);
  TestFile plain(*closed);
  EXPECT_TRUE(Reader(&plain).is_closed()) << "who does not verify believes it";
  EXPECT_EQ(Verify(*closed).reading.end, H4MK_AGAIN);
  EXPECT_FALSE(Verify(*closed).warnings.empty());
  h4mk_reader_options refusing = Verifying();
  refusing.refuse_unsigned = 1;
  EXPECT_EQ(Reader(&plain, refusing).status(), H4MK_ERR_CORRUPT);
  // Without the final checkpoint but with everything else.
  Bytes without = file;
  const auto last =
      std::find_if(chunks.rbegin(), chunks.rend(), [](const Chunk& c) { return c.tag == "VERI"; });
  std::copy_n("FREE", 4, without.begin() + last->begin);
  FixCrc(&without, *last);
  const Verified verified = Verify(without);
  EXPECT_FALSE(verified.intact());
}

// The same with an index at the front that tells the file to end there.
TEST(SigningAttackTest, ACutFileGetsNoNewEndAtItsFront) {
  const Bytes file = Mux(Film(), Signing());
  const std::vector<Chunk> chunks = WalkChunks(file);
  const auto first =
      std::find_if(chunks.begin(), chunks.end(), [](const Chunk& c) { return c.tag == "VERI"; });
  Bytes cut(file.begin(), file.begin() + first->end());
  h4mk::TrackIds ids;
  ids.Add(1);
  ids.Add(2);
  h4mk::IndexTop top;
  top.totals.resize(2);
  const size_t size = h4mk::EncodeTop(top, ids, 16).size() + kChunkHeaderSize + kCrcSize;
  top.trak = 16 + size;
  top.first_cluster = Clusters(file)[0].begin + size;
  top.file_size = cut.size() + size;
  const Bytes front = MakeChunk("TSEK", h4mk::EncodeTop(top, ids, 16), 0, SaltOf(cut));
  ASSERT_EQ(front.size(), size);
  cut.insert(cut.begin() + 16, front.begin(), front.end());
  TestFile plain(cut);
  ASSERT_TRUE(Reader(&plain).is_closed());  // who does not verify believes it
  const Verified verified = Verify(cut);
  EXPECT_EQ(verified.reading.end, H4MK_AGAIN);
  EXPECT_FALSE(verified.warnings.empty());
}

TEST(SigningAttackTest, AClusterThatIsNotSignedIsNotRead) {
  const Media media = Film();
  const Bytes file = Mux(media, Signing());
  const std::vector<Chunk> clusters = Clusters(file);
  const Bytes copy(file.begin() + clusters[2].begin, file.begin() + clusters[2].end());
  for (const Chunk& chunk : WalkChunks(file)) {
    if (chunk.tag != "VERI") continue;
    Bytes forged = file;
    forged.insert(forged.begin() + chunk.end(), copy.begin(), copy.end());
    const Verified verified = Verify(forged);
    if (verified.status != H4MK_OK) continue;
    EXPECT_FALSE(verified.intact());
    // Signed ones, in their order, each once.
    auto at = media.blocks.begin();
    for (const Block& block : verified.reading.blocks) {
      at = std::find(at, media.blocks.end(), block);
      ASSERT_NE(at, media.blocks.end());
      ++at;
    }
  }
}

TEST(SigningAttackTest, UnsignedDescriptionsAreTold) {
  // Behind the final checkpoint: other metadata, as an edit without the key makes it.
  Bytes file = Mux(Film(), Signing());
  const std::vector<Chunk> chunks = WalkChunks(file);
  Bytes edited(file.begin(), file.end() - 4);
  const Bytes meta =
      MakeChunk("META", ToBytes("{\"tags\":{\"title\":\"other\"}}"), 0, SaltOf(file));
  edited = edited + meta;
  const Verified verified = Verify(edited);
  ASSERT_EQ(verified.status, H4MK_OK) << verified.message;
  EXPECT_EQ(verified.reading.blocks, Film().blocks);
  EXPECT_FALSE(verified.warnings.empty());
}

// Whether a chunk is a top that says the same in two files.
bool SaysTheSame(const Bytes& a, const Bytes& b, const Chunk& chunk) {
  h4mk::TrackIds ids;
  ids.Add(1);
  const auto decode = [&](const Bytes& file, h4mk::IndexTop* top) {
    const auto payload = h4mk::ByteSpan(file).subspan(chunk.payload(), chunk.payload_size);
    return chunk.tag == "TSEK" && h4mk::IsTop(payload) &&
           h4mk::DecodeTop(payload, ids, chunk.begin, top);
  };
  h4mk::IndexTop first, second;
  return decode(a, &first) && decode(b, &second) && TopDigest(first) == TopDigest(second) &&
         first.trak == second.trak && first.meta == second.meta &&
         first.file_size == second.file_size &&
         std::ranges::equal(first.pages, second.pages, {}, &h4mk::PageRef::offset,
                            &h4mk::PageRef::offset);
}

// Every bit of a small file, with the checksum of its chunk made to fit: it is told, or it changes
// nothing that is read.
TEST(SigningBitTest, EveryChangedBitIsSeen) {
  Media media;
  media.tracks = {{"1/25", "video", "h264"}};
  for (int i = 0; i < 3; ++i) media.blocks.push_back({0, kKey, i, i, 1, Payload(i, 20)});
  const Bytes file = Mux(media, Signing());
  const std::vector<Chunk> chunks = WalkChunks(file);
  for (const Chunk& chunk : chunks)
    for (size_t byte = chunk.begin; byte < chunk.crc(); ++byte)
      for (int bit = 0; bit < 8; ++bit) {
        Bytes changed = file;
        changed[byte] ^= 1 << bit;
        FixCrc(&changed, chunk);
        FixChecksum(&changed, chunks);
        const Verified verified = Verify(changed);
        if (!verified.intact()) continue;
        // A top may have bits that mean nothing.
        EXPECT_TRUE(SaysTheSame(changed, file, chunk))
            << chunk.tag << " byte " << byte - chunk.begin << " bit " << bit;
        EXPECT_EQ(verified.reading.blocks, media.blocks) << chunk.tag << " byte " << byte;
      }
}

// ---- checkpoints

// What cannot be is refused, whoever signed it.
TEST(CheckpointTest, SaysOnlyWhatIsBeforeIt) {
  auto key = h4mk::SignatureKey::Private(SigningKey().secret);
  ASSERT_TRUE(key.ok());
  const auto is_read = [&](void (*change)(h4mk::Checkpoint*)) {
    h4mk::Checkpoint checkpoint, decoded;
    checkpoint.final = true;
    checkpoint.position = 100;
    change(&checkpoint);
    const h4mk::Bytes payload = h4mk::EncodeCheckpoint(checkpoint, key.value());
    return h4mk::DecodeCheckpoint(payload, 0, &key.value(), &decoded).ok();
  };
  EXPECT_TRUE(is_read([](h4mk::Checkpoint* c) { c->previous = 100; }));
  EXPECT_FALSE(is_read([](h4mk::Checkpoint* c) { c->previous = 101; }));
  EXPECT_TRUE(is_read([](h4mk::Checkpoint* c) { c->checkpoints = {50, 100}; }));
  EXPECT_FALSE(is_read([](h4mk::Checkpoint* c) { c->checkpoints = {50, 101}; }));
  EXPECT_TRUE(is_read([](h4mk::Checkpoint* c) { c->copies = {{{}, 100}}; }));
  EXPECT_FALSE(is_read([](h4mk::Checkpoint* c) { c->copies = {{{}, 101}}; }));
  EXPECT_FALSE(is_read([](h4mk::Checkpoint* c) { c->copies = {{{}, 0}}; }));
  EXPECT_TRUE(is_read([](h4mk::Checkpoint* c) { c->trak = c->meta = 100; }));
  EXPECT_FALSE(is_read([](h4mk::Checkpoint* c) { c->trak = 101; }));
  EXPECT_FALSE(is_read([](h4mk::Checkpoint* c) { c->meta = 101; }));
  EXPECT_TRUE(is_read([](h4mk::Checkpoint* c) { c->leaves = {{20, 80, {}}}; }));
  EXPECT_FALSE(is_read([](h4mk::Checkpoint* c) { c->leaves = {{20, 81, {}}}; }));
  EXPECT_TRUE(is_read([](h4mk::Checkpoint* c) { c->position = INT64_MAX; }));
  EXPECT_FALSE(is_read([](h4mk::Checkpoint* c) { c->position = uint64_t{INT64_MAX} + 1; }));
}

// Nobody has verified a number of what follows when memory is taken for it.
TEST(CheckpointTest, CountsAreNotBelieved) {
  auto key = h4mk::SignatureKey::Private(SigningKey().secret);
  ASSERT_TRUE(key.ok());
  // Behind the counts of pages and of copies: nothing, and a digest with two places.
  for (const auto& [final, behind] : {std::pair(false, size_t{0}), {true, size_t{32 + 2 * 8}}}) {
    h4mk::Checkpoint checkpoint, decoded;
    checkpoint.final = final;
    h4mk::Bytes payload = h4mk::EncodeCheckpoint(checkpoint, key.value());
    const size_t signature = payload[payload.size() - 2] | payload[payload.size() - 1] << 8;
    const size_t count = payload.size() - 2 - signature - behind - 1;
    ASSERT_EQ(payload[count], 0);
    payload.insert(payload.begin() + count, 8, uint8_t{0xFF});
    payload[count + 8] = 0x7F;
    EXPECT_EQ(h4mk::DecodeCheckpoint(payload, 0, nullptr, &decoded).code(), h4mk::Code::kCorrupt);
  }
}

// Chunks are signed from where they start only, and none behind the last checkpoint.
TEST(CheckpointTest, ALeafIsFoundWhereItStarts) {
  const Bytes bytes = Mux(Film(), Signing());
  h4mk::MemoryInput input(bytes);
  h4mk::Source source(input);
  h4mk::FileHeader header;
  ASSERT_TRUE(ReadFileHeader(source, &header).ok());
  h4mk::CheckpointChain chain(source, std::nullopt);
  bool is_new = false;
  ASSERT_TRUE(chain.FindNewest(bytes.size(), &is_new).ok());
  std::set<uint64_t> starts;
  for (const Chunk& chunk : WalkChunks(bytes)) {
    const h4mk::ByteSpan payload(bytes.data() + chunk.payload(), chunk.payload_size);
    if (chunk.begin < chain.signed_until() &&
        h4mk::IsLeaf(h4mk::LoadLe<uint32_t>(bytes.data() + chunk.begin), payload))
      starts.insert(chunk.begin);
  }
  ASSERT_GT(starts.size(), 10u);
  for (uint64_t offset = 0; offset <= chain.signed_until(); ++offset) {
    const h4mk::Checkpoint* checkpoint = nullptr;
    size_t leaf = 0;
    const h4mk::Status status = chain.FindLeaf(offset, &checkpoint, &leaf);
    ASSERT_EQ(status.ok(), starts.contains(offset)) << offset;
    if (!status.ok()) ASSERT_EQ(status.message().find("no signed chunk starts"), 0u) << offset;
  }
}

// An input that a test changes while it is read.
class Input final : public h4mk::Io {
 public:
  explicit Input(const Bytes& bytes) : size(bytes.size()), bytes_(bytes) {}
  int64_t Read(uint8_t* buffer, size_t count) override {
    if (fails) return -1;
    const int64_t got = bytes_.Read(buffer, count);
    if (got != 0 || !has_zeros_behind) return got;
    std::fill_n(buffer, count, uint8_t{0});
    return static_cast<int64_t>(count);
  }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override { return bytes_.Seek(offset); }
  int64_t Size() override { return size; }

  int64_t size;
  bool fails = false;
  bool has_zeros_behind = false;

 private:
  h4mk::MemoryInput bytes_;
};

// They would have to be in memory at once.
TEST(VerifyingIoTest, NoMoreThan256MiBMayBeUnsigned) {
  const Bytes whole = Mux(Film(), Signing());
  auto key = h4mk::SignatureKey::Public(SigningKey().open);
  ASSERT_TRUE(key.ok());
  Input input(whole);
  h4mk::VerifyingIo io(input, key.value());
  ASSERT_TRUE(io.Open().ok());
  uint8_t byte = 0;
  EXPECT_EQ(io.ReadAt(whole.size(), &byte, 1), 0);
  input.size += int64_t{256} << 20;
  input.has_zeros_behind = true;
  EXPECT_LT(io.ReadAt(whole.size(), &byte, 1), 0);
}

// What was added may be signed, or not. Who reads there is told that reading fails, and once it
// does no more all of it is there.
TEST(VerifyingIoTest, AGrownFileThatCannotBeReadIsAnErrorUntilItCan) {
  const Bytes whole = Mux(Film(), Signing());
  auto key = h4mk::SignatureKey::Public(SigningKey().open);
  ASSERT_TRUE(key.ok());
  Input input(whole);
  input.size /= 2;
  h4mk::VerifyingIo io(input, key.value());
  ASSERT_TRUE(io.Open().ok());
  const int64_t size = io.Size();
  input.size = whole.size();
  input.fails = true;
  uint8_t byte = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_GT(io.Size(), size);
    EXPECT_LT(io.ReadAt(static_cast<uint64_t>(size), &byte, 1), 0);
  }
  input.fails = false;
  EXPECT_EQ(io.ReadAt(static_cast<uint64_t>(size), &byte, 1), 1);
  EXPECT_EQ(byte, whole[static_cast<size_t>(size)]);
  EXPECT_EQ(io.problems(), 0u);
}

// An input whose size cannot be told any more says so, and is not taken for one that has grown.
TEST(VerifyingIoTest, ASizeThatIsNotKnownIsNone) {
  const Bytes whole = Mux(Film(), Signing());
  const Bytes growing(whole.begin(), whole.begin() + whole.size() / 2);
  auto key = h4mk::SignatureKey::Public(SigningKey().open);
  ASSERT_TRUE(key.ok());
  for (const Bytes* bytes : {&whole, &growing}) {
    Input input(*bytes);
    h4mk::VerifyingIo io(input, key.value());
    ASSERT_TRUE(io.Open().ok());
    EXPECT_GT(io.Size(), 0);
    input.size = -7;
    EXPECT_EQ(io.Size(), -7);
    EXPECT_EQ(io.problems(), 0u);
  }
}

}  // namespace
}  // namespace h4mk_test
