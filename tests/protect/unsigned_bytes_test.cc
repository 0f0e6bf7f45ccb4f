// SPDX-License-Identifier: MIT
// protection.md, "What a verifying reader uses": bytes that a signature covers, zeros, and edits of
// words about the recording. Everything else that an attacker can put into a signed file is told,
// and is used for nothing.
#include <h4mk/protection.h>

#include <functional>

#include "base/base64.h"
#include "base/json.h"
#include "cluster/cluster_encoder.h"
#include "index/index_page.h"
#include "protect/checkpoint.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

constexpr char kTracks[] =
    R"({"tracks":[{"track_id":1,"name":"","kind":"video","codec":"h264","time_base":"1/25",)"
    R"("extradata":"AAEC"},{"track_id":20,"name":"font","kind":"attachment","codec":"ttf",)"
    R"("time_base":"1/1000"}]})";
constexpr char kMeta[] = R"({"tags":{"title":"true"},"programs":[{"id":1}]})";

void AddTracks(h4mk_writer* writer, const char* json) {
  const h4mk::Json root = h4mk::Json::parse(json);
  for (const h4mk::Json& track : root["tracks"]) {
    uint32_t index = 0;
    ASSERT_EQ(h4mk_writer_add_track(writer, ParseJson(track.dump()).get(), &index), H4MK_OK);
  }
}

// A signed file with an attachment, and a chunk VERI that is no checkpoint.
Bytes SignedFile(const Bytes& attachment = ToBytes("a font"), int blocks = 60) {
  TestFile file;
  Writer writer(&file, Signing());
  AddTracks(writer.get(), kTracks);
  EXPECT_EQ(h4mk_writer_set_meta(writer.get(), ParseJson(kMeta).get()), H4MK_OK);
  EXPECT_EQ(h4mk_writer_set_attachment(writer.get(), 1, attachment.data(), attachment.size()),
            H4MK_OK);
  EXPECT_EQ(h4mk_writer_add_chunk(writer.get(), "VERI", 0, "a hash of old", 13), H4MK_OK);
  for (int i = 0; i < blocks; ++i)
    EXPECT_EQ(writer.Write({0, i % 12 == 0 ? kKey : kP, i, i, 1, Payload(i, 300)}), H4MK_OK);
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  return std::move(file.bytes);
}

Chunk Find(const Bytes& file, const std::string& tag) {
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.tag == tag) return chunk;
  ADD_FAILURE() << "no " << tag;
  return {};
}

h4mk::IndexTop LastTop(const Bytes& file) {
  h4mk::TrackIds ids;
  ids.Add(1);
  ids.Add(20);
  h4mk::IndexTop top;
  for (const Chunk& chunk : WalkChunks(file)) {
    const h4mk::ByteSpan payload(file.data() + chunk.payload(), chunk.payload_size);
    if (chunk.tag == "TSEK" && h4mk::IsTop(payload)) {
      EXPECT_TRUE(h4mk::DecodeTop(payload, ids, chunk.begin, &top));
    }
  }
  return top;
}

// A chunk with a CRC as a file has it.
Bytes ChunkFor(const Bytes& file, const std::string& tag, const Bytes& payload,
               uint32_t flags = 0) {
  return MakeChunk(tag, payload, flags, SaltOf(file));
}

// core.md, "Editing": chunks over the place of the checksum, and an end that names them.
Bytes WithEnd(const Bytes& file, const Bytes& chunks,
              const std::function<void(h4mk::IndexTop*)>& change) {
  h4mk::TrackIds ids;
  ids.Add(1);
  ids.Add(20);
  h4mk::IndexTop top = LastTop(file);
  Bytes edited = Bytes(file.begin(), file.end() - 4) + chunks;
  change(&top);
  const uint64_t at = edited.size();
  const size_t size = ChunkFor(file, "TSEK", h4mk::EncodeTop(top, ids, at)).size();
  top.file_size = at + size + 36;
  edited = edited + ChunkFor(file, "TSEK", h4mk::EncodeTop(top, ids, at));
  const h4mk::Tail tail = {at, static_cast<uint32_t>(size)};
  edited = edited + ChunkFor(file, "TAIL", h4mk::EncodeTail(tail, edited.size()));
  const std::vector<Chunk> all = WalkChunks(edited);
  edited.resize(edited.size() + 4);
  FixChecksum(&edited, all);
  return edited;
}

// An edit as the format has it: newer descriptions, named by a newer top.
Bytes Edited(const Bytes& file, const std::string& tracks, const std::string& meta) {
  Bytes chunks;
  size_t trak = 0, at = file.size() - 4;
  if (!tracks.empty()) {
    trak = at;
    chunks = ChunkFor(file, "TRAK", ToBytes(tracks));
  }
  const size_t meta_at = at + chunks.size();
  if (!meta.empty()) chunks = chunks + ChunkFor(file, "META", ToBytes(meta));
  return WithEnd(file, chunks, [&](h4mk::IndexTop* top) {
    if (!tracks.empty()) top->trak = trak;
    if (!meta.empty()) top->meta = meta_at;
  });
}

struct Seen {
  h4mk_status status = H4MK_OK;  // of opening
  std::string tracks, meta, attachment;
  std::vector<Block> blocks;
  std::vector<std::string> told;
  h4mk_signature signature = H4MK_SIGNATURE_INIT;
};

Seen See(const Bytes& bytes, h4mk_reader_options options = Verifying()) {
  TestFile file(bytes);
  Reader reader(&file, options);
  Seen seen;
  seen.status = reader.status();
  if (seen.status != H4MK_OK) {
    seen.told = {reader.message()};
    return seen;
  }
  for (uint32_t i = 0; i < h4mk_reader_track_count(reader.get()); ++i)
    seen.tracks += h4mk_value_to_json(h4mk_reader_track(reader.get(), i));
  seen.meta = h4mk_value_to_json(h4mk_reader_meta(reader.get()));
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (h4mk_reader_attachment(reader.get(), 1, &data, &size) == H4MK_OK)
    seen.attachment.assign(data, data + size);
  seen.blocks = reader.ReadOn().blocks;
  seen.told = reader.Warnings();
  if (options.verify_key != nullptr) {
    EXPECT_EQ(h4mk_reader_signature(reader.get(), &seen.signature), H4MK_OK);
  }
  return seen;
}

h4mk_reader_options Refusing() {
  h4mk_reader_options options = Verifying();
  options.refuse_unsigned = 1;
  return options;
}

// What was signed is shown, what was put in is told; who asked for it gets an error.
void ExpectToldAndNotUsed(const Bytes& attacked, const char* what) {
  SCOPED_TRACE(what);
  const Seen good = See(SignedFile()), seen = See(attacked);
  EXPECT_FALSE(seen.told.empty());
  if (seen.status == H4MK_OK) {
    EXPECT_EQ(seen.tracks, good.tracks);
    EXPECT_EQ(seen.meta, good.meta);
    EXPECT_EQ(seen.blocks, good.blocks);
    EXPECT_GT(seen.signature.problem_count, 0u);
  }
  EXPECT_EQ(See(attacked, Refusing()).status, H4MK_ERR_CORRUPT);
}

TEST(UnsignedBytesTest, AFileAsItWasSignedIsGoodForEverybody) {
  const Seen seen = See(SignedFile(), Refusing());
  EXPECT_EQ(seen.status, H4MK_OK);
  EXPECT_EQ(seen.told, std::vector<std::string>());
  EXPECT_EQ(seen.attachment, "a font");
  EXPECT_EQ(seen.blocks.size(), 60u);
  EXPECT_EQ(seen.signature.problem_count, 0u);
}

// ---- free space

TEST(UnsignedBytesTest, DescriptionsHiddenInFreeSpace) {
  const Bytes file = SignedFile();
  const Bytes forged_tracks =
      ChunkFor(file, "TRAK",
               ToBytes(R"({"tracks":[{"track_id":1,"name":"forged","kind":"video","codec":"h264",)"
                       R"("time_base":"1/50"}]})"));
  const Bytes forged_meta = ChunkFor(file, "META", ToBytes(R"({"tags":{"title":"forged"}})"));
  const size_t inside = file.size() - 4 + kChunkHeaderSize;
  const Bytes attacked =
      WithEnd(file, ChunkFor(file, "FREE", forged_tracks + forged_meta), [&](h4mk::IndexTop* top) {
        top->trak = inside;
        top->meta = inside + forged_tracks.size();
      });
  EXPECT_NE(See(attacked, H4MK_READER_OPTIONS_INIT).meta.find("forged"), std::string::npos)
      << "who does not verify believes it";
  ExpectToldAndNotUsed(attacked, "FREE");
}

TEST(UnsignedBytesTest, FreeSpaceIsZeros) {
  const Bytes file = SignedFile();
  const auto with_front = [&](const Bytes& front) {
    Bytes changed = file;
    changed.insert(changed.begin() + kHeaderSize, front.begin(), front.end());
    return changed;
  };
  EXPECT_EQ(See(with_front(ChunkFor(file, "FREE", Bytes(100)))).signature.problem_count, 0u);
  Bytes payload(100);
  payload[99] = 1;
  ExpectToldAndNotUsed(with_front(ChunkFor(file, "FREE", payload)), "one byte");
  ExpectToldAndNotUsed(with_front(ChunkFor(file, "FREE", Bytes(100), 1)), "flags");
}

// A damaged chunk makes readers look for the next one: it must not be one that was put in.
TEST(UnsignedBytesTest, AnAttachmentHiddenWhereDamageLeadsTo) {
  Bytes file = SignedFile();
  const Chunk attachment = Find(file, "ATTA");
  file[attachment.crc() - 1] ^= 1;
  Bytes evil = ChunkFor(file, "FREE", ChunkFor(file, "ATTA", Bytes{20} + ToBytes("evil")));
  evil.back() ^= 1;
  file.insert(file.begin() + kHeaderSize, evil.begin(), evil.end());
  const Seen seen = See(file);
  EXPECT_EQ(seen.status, H4MK_OK);
  EXPECT_EQ(seen.attachment, "");
  EXPECT_GE(seen.signature.problem_count, 2u);
}

// ---- chunks inside of chunks that are signed

TEST(UnsignedBytesTest, OffsetsLeadToStartsOfChunksOnly) {
  const Bytes inner =
      ChunkFor(SignedFile(), "TRAK",
               ToBytes(R"({"tracks":[{"track_id":1,"name":"inner","kind":"video","codec":"h264",)"
                       R"("time_base":"1/50"}]})"));
  const Bytes file = SignedFile(inner);
  const size_t inside = Find(file, "ATTA").payload() + 1;
  const Bytes attacked = WithEnd(file, {}, [&](h4mk::IndexTop* top) { top->trak = inside; });
  EXPECT_NE(See(attacked, H4MK_READER_OPTIONS_INIT).tracks.find("inner"), std::string::npos);
  const Seen seen = See(attacked);
  EXPECT_EQ(seen.tracks, See(file).tracks);
  EXPECT_GT(seen.signature.problem_count, 0u);
  EXPECT_EQ(See(attacked, Refusing()).status, H4MK_ERR_CORRUPT);
}

// ---- chunks that are no leaves

TEST(UnsignedBytesTest, AVeriThatIsNoCheckpointIsSigned) {
  Bytes file = SignedFile();
  const Chunk veri = Find(file, "VERI");
  ASSERT_EQ(veri.payload_size, 13u);
  file[veri.payload()] ^= 1;
  FixCrc(&file, veri);
  ExpectToldAndNotUsed(file, "changed");
  const Bytes good = SignedFile();
  ExpectToldAndNotUsed(
      Bytes(good.begin(), good.end() - 4) + ChunkFor(file, "VERI", ToBytes("hello")), "added");
}

TEST(UnsignedBytesTest, ACheckpointStandsInItsPlaceOnly) {
  const Bytes file = SignedFile();
  Bytes checkpoint;
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.tag == "VERI" && chunk.payload_size > 13)
      checkpoint = Bytes(file.begin() + chunk.begin, file.begin() + chunk.end());
  ASSERT_FALSE(checkpoint.empty());
  Bytes attacked = file;
  attacked.insert(attacked.begin() + kHeaderSize, checkpoint.begin(), checkpoint.end());
  ExpectToldAndNotUsed(attacked, "at the front");
}

TEST(UnsignedBytesTest, ALocatorHasNoRoomForMore) {
  const Bytes file = SignedFile();
  const Bytes front(file.begin(), file.end() - 4);
  ExpectToldAndNotUsed(front + ChunkFor(file, "TAIL", Bytes(100, 7)), "another size");
  ExpectToldAndNotUsed(front + ChunkFor(file, "TAIL", ToBytes("H4TL000000000000")),
                       "names nothing");
}

TEST(UnsignedBytesTest, BytesBehindTheEnd) {
  ExpectToldAndNotUsed(SignedFile() + Bytes(7, 'x'), "not a chunk");
  ExpectToldAndNotUsed(SignedFile() + ToBytes("CORE") + Bytes(40, 'x'), "a beginning of one");
}

TEST(UnsignedBytesTest, EveryBitOfTheFileHeaderIsSigned) {
  for (size_t bit = 0; bit < 8 * kHeaderSize; ++bit) {
    Bytes changed = SignedFile();
    changed[bit / 8] ^= 1 << bit % 8;
    EXPECT_NE(See(changed).status, H4MK_OK) << "bit " << bit;
  }
}

// ---- edits

constexpr char kRenamed[] =
    R"({"tracks":[{"track_id":1,"name":"new name","kind":"video","codec":"h264","time_base":"1/25",)"
    R"("extradata":"AAEC","note":"n","tags":{"language":"en"}},{"track_id":20,"name":"font",)"
    R"("kind":"attachment","codec":"ttf","time_base":"1/1000"}]})";

TEST(SignedEditTest, WordsMayBeEditedAndThatIsTold) {
  const Bytes file = SignedFile();
  const std::string meta =
      R"({"tags":{"title":"edited"},"programs":[{"id":1}],"chapters":[{"id":1}],"artist":"who"})";
  for (const auto& [tracks, words] :
       {std::pair<std::string, std::string>{kRenamed, ""}, {"", meta}, {kRenamed, meta}}) {
    const Bytes edited = Edited(file, tracks, words);
    const Seen seen = See(edited);
    ASSERT_EQ(seen.status, H4MK_OK);
    EXPECT_EQ(seen.signature.descriptions_unsigned, 1);
    EXPECT_EQ(seen.signature.problem_count, 0u);
    EXPECT_EQ(seen.told.size(), 1u);
    EXPECT_EQ(seen.tracks.find("new name") != std::string::npos, !tracks.empty());
    EXPECT_EQ(seen.meta.find("edited") != std::string::npos, !words.empty());
    EXPECT_EQ(seen.blocks, See(file).blocks);
    EXPECT_EQ(See(edited, Refusing()).status, H4MK_ERR_CORRUPT);
  }
}

// Edits stand behind the end; in front of it they are as any chunk that nobody signed.
TEST(SignedEditTest, WordsMayBeEditedBehindTheEndOnly) {
  Bytes file = SignedFile();
  const Bytes edit =
      ChunkFor(file, "META", ToBytes(R"({"tags":{"title":"edited"},"programs":[{"id":1}]})"));
  file.insert(file.begin() + kHeaderSize, edit.begin(), edit.end());
  ExpectToldAndNotUsed(file, "in front");
}

// The order of members is no difference.
TEST(SignedEditTest, MembersMayChangePlaces) {
  const Bytes edited =
      Edited(SignedFile(), "", R"({"programs":[{"id":1}],"tags":{"title":"edited"}})");
  EXPECT_EQ(See(edited).signature.problem_count, 0u);
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(SignedEditTest, WhatDescribesTheBlocksMayNot) {
  const Bytes file = SignedFile();
  const std::pair<const char*, const char*> changes[] = {
      {R"("track_id":1)", R"("track_id":2)"},
      {R"("time_base":"1/25")", R"("time_base":"1/50")"},
      {R"("codec":"h264")", R"("codec":"hevc")"},
      {R"("kind":"video")", R"("kind":"audio")"},
      {R"("extradata":"AAEC")", R"("extradata":"AAED")"},
      {R"("extradata":"AAEC")", R"("width":64)"},
      {R"("extradata":"AAEC")", R"("extradata":"AAEC","adapter":"evil")"},
      {R"("extradata":"AAEC")", R"("extradata":"AAEC","beside":"other.mp4")"},
      {R"("extradata":"AAEC")", R"("extradata":"AAEC","compression":"zstd")"},
      {R"("extradata":"AAEC")", R"("extradata":"AAEC","a key of later":1)"},
      {"]}", R"(,{"track_id":3,"name":"","kind":"audio","codec":"opus","time_base":"1/48000"}]})"},
      {"]}", R"(],"more":1})"},
  };
  for (const auto& [from, to] : changes)
    ExpectToldAndNotUsed(Edited(file, Replaced(kTracks, from, to), ""), to);
  for (const char* meta : {R"({"tags":{"title":"true"}})", R"({"programs":[{"id":2}]})",
                           R"({"programs":[{"id":1}],"protection":{}})", R"([])", "no JSON"})
    ExpectToldAndNotUsed(Edited(file, "", meta), meta);
}

// An end without META would take away what META says.
TEST(SignedEditTest, ATopCannotDropMeta) {
  ExpectToldAndNotUsed(WithEnd(SignedFile(), {}, [](h4mk::IndexTop* top) { top->meta = 0; }),
                       "no META");
}

// ---- one verdict

TEST(VerdictTest, ASignedEndThatIsGoneIsRefused) {
  const Bytes file = SignedFile();
  const Bytes cut(file.begin(), file.end() - 36);
  EXPECT_EQ(See(cut).status, H4MK_OK);
  EXPECT_EQ(See(cut, Refusing()).status, H4MK_ERR_CORRUPT);
}

TEST(VerdictTest, AFileThatStillGrowsIsNot) {
  TestFile file;
  Writer writer(&file, Signing());
  writer.AddTrack();
  for (int i = 0; i < 100; ++i) writer.Write({0, kKey, i, i, 1, Payload(i, 300)});
  ASSERT_EQ(writer.Flush(), H4MK_OK);
  h4mk_reader_options growing = Refusing();
  growing.refuse_unsigned = 2;
  const Seen seen = See(file.bytes, growing);
  EXPECT_EQ(seen.status, H4MK_OK);
  EXPECT_EQ(seen.blocks.size(), 100u);
  EXPECT_EQ(seen.signature.is_final, 0);
  EXPECT_TRUE(std::ranges::any_of(seen.told, [](const std::string& text) {
    return text.find("is no end") != std::string::npos;
  }));
  // Who does not wait for more cannot know what was cut off.
  EXPECT_EQ(See(file.bytes, Refusing()).status, H4MK_ERR_CORRUPT);
}

// Damage that reading comes upon stays an error.
TEST(VerdictTest, WhatIsFoundLaterIsRefusedFromThenOn) {
  Bytes file = SignedFile(ToBytes("a font"), 400);
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.is_cluster()) clusters.push_back(chunk);
  const Chunk& changed = clusters[clusters.size() / 2];
  file[changed.crc() - 1] ^= 1;
  FixCrc(&file, changed);
  TestFile input(file);
  Reader reader(&input, Refusing());
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  Block block;
  h4mk_status status = H4MK_OK;
  size_t count = 0;
  for (; status == H4MK_OK; ++count) status = reader.Next(&block);
  EXPECT_EQ(status, H4MK_ERR_CORRUPT);
  EXPECT_GT(count, 100u);
  EXPECT_EQ(reader.Next(&block), H4MK_ERR_STATE);  // or a loop by H4MK_GOES_ON would have no end
  EXPECT_EQ(reader.Next(&block), H4MK_ERR_STATE);
  EXPECT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_ERR_CORRUPT);
}

TEST(VerdictTest, ACallerOfBeforeGetsWhatItKnows) {
  TestFile file(SignedFile());
  Reader reader(&file, Verifying());
  h4mk_signature signature = H4MK_SIGNATURE_INIT;
  signature.struct_size = offsetof(h4mk_signature, problem_count);
  signature.problem_count = 77;
  EXPECT_EQ(h4mk_reader_signature(reader.get(), &signature), H4MK_OK);
  EXPECT_EQ(signature.is_final, 1);
  EXPECT_EQ(signature.problem_count, 77u);
}

// ---- proofs

// An attachment whose bytes can be read as the head of a cluster and the digest of its data.
TEST(ForgedProofTest, AnAttachmentProvesNoBlock) {
  using namespace h4mk;
  const auto lie = ToBytes("a text that was never in the file");
  ClusterEncoder encoder;
  encoder.AddTrack(1);
  h4mk::Block block;
  block.flags = kBlockKey;
  block.pts = block.dts = 1;
  block.data = lie;
  encoder.SkipTo(0, 1000000);
  encoder.Add(block);
  const ClusterEncoder::Encoded encoded = encoder.Encode();
  const auto head = ByteSpan(encoded.head).subspan(kChunkHeaderSize);
  ASSERT_LT(head[0], 0x80);  // the size of the index: the attachment's track has it as its number
  Sha256 hash;
  hash.Add(lie);
  const Sha256Digest digest = hash.Finish();
  h4mk::Bytes font(head.begin() + 1, head.end());
  AppendBytes(font, digest);

  TestFile file;
  Writer writer(&file, Signing());
  writer.AddTrack();
  uint32_t index = 0;
  ASSERT_EQ(h4mk_writer_add_track(writer.get(),
                                  Describe({"1/1000", "attachment", "ttf"}, head[0]).get(), &index),
            H4MK_OK);
  ASSERT_EQ(h4mk_writer_set_attachment(writer.get(), index, font.data(), font.size()), H4MK_OK);
  ASSERT_EQ(writer.Write({0, kKey, 0, 0, 1, Payload(1, 50)}), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);

  // An honest proof of the only cluster, with the attachment in its place.
  const std::vector<Chunk> chunks = WalkChunks(file.bytes);
  h4mk::Bytes payload;
  std::vector<Sha256Digest> leaves;
  uint64_t forged = UINT64_MAX;
  for (const Chunk& chunk : chunks) {
    const ByteSpan bytes(file.bytes.data() + chunk.begin, chunk.crc() - chunk.begin);
    const ByteSpan body = bytes.subspan(kChunkHeaderSize);
    if (chunk.tag == "VERI") payload.assign(body.begin(), body.end());
    if (!IsLeaf(LoadLe<uint32_t>(bytes.data()), body)) continue;
    if (chunk.tag == "ATTA") forged = leaves.size();
    leaves.push_back(ChunkLeafHash({&bytes, 1}));
  }
  ASSERT_LT(forged, leaves.size());
  h4mk::Bytes path;
  for (const Sha256Digest& step : ProveInclusion(MerkleTree(), leaves, forged))
    AppendBytes(path, step);
  MerkleTree tree;
  for (const Sha256Digest& leaf : leaves) tree.Add(leaf);
  ASSERT_TRUE(VerifyInclusion(leaves[forged], forged, leaves.size(),
                              ProveInclusion(MerkleTree(), leaves, forged), tree.Root()));
  const Chunk attachment = Find(file.bytes, "ATTA");
  const ByteSpan whole(file.bytes.data() + attachment.begin,
                       attachment.crc() - attachment.begin - digest.size());
  const Json proof = {{"h4mk_proof", 1},
                      {"track_id", 1},
                      {"ordinal", 1000000},
                      {"leaf", forged},
                      {"checkpoint", EncodeBase64(payload)},
                      {"path", EncodeBase64(path)},
                      {"head", EncodeBase64(whole)},
                      {"pieces", EncodeBase64(digest)},
                      {"first_piece", 0},
                      {"data", EncodeBase64(lie)}};
  h4mk_value* proven = nullptr;
  EXPECT_EQ(
      h4mk_proof_verify(ParseJson(proof.dump()).get(), SigningKey().open.c_str(), nullptr, &proven),
      H4MK_ERR_CORRUPT);
}

// What a proof holds besides: as many pieces as the cluster has, each of its size.
TEST(ForgedProofTest, PiecesAreThoseOfTheCluster) {
  TestFile file;
  Writer writer(&file, Signing());
  writer.AddTrack();
  ASSERT_EQ(writer.Write({0, kKey, 0, 0, 1, Payload(1, 40000)}), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  Reader reader(&file, Verifying());
  Block block;
  ASSERT_EQ(reader.Next(&block), H4MK_OK);
  h4mk_value* made = nullptr;
  ASSERT_EQ(h4mk_reader_prove(reader.get(), &made), H4MK_OK);
  const h4mk::Json proof = h4mk::Json::parse(h4mk_value_to_json(Value(made).get()));
  const auto holds = [](const h4mk::Json& value) {
    h4mk_value* proven = nullptr;
    const h4mk_status status = h4mk_proof_verify(ParseJson(value.dump()).get(),
                                                 SigningKey().open.c_str(), nullptr, &proven);
    if (status == H4MK_OK) h4mk_value_free(proven);
    return status == H4MK_OK;
  };
  ASSERT_TRUE(holds(proof));
  h4mk::Bytes pieces, head;
  ASSERT_TRUE(h4mk::DecodeBase64(proof["pieces"].get<std::string>(), &pieces));
  ASSERT_TRUE(h4mk::DecodeBase64(proof["head"].get<std::string>(), &head));
  ASSERT_EQ(pieces.size(), 3 * 32u);
  const auto with = [&](const char* key, h4mk::ByteSpan bytes) {
    h4mk::Json changed = proof;
    changed[key] = h4mk::EncodeBase64(bytes);
    return changed;
  };
  EXPECT_FALSE(holds(with("pieces", h4mk::ByteSpan(pieces).first(64))));
  EXPECT_FALSE(holds(with("head", h4mk::ByteSpan(head).first(head.size() - 1))));
  // A digest moved over from the pieces to the head.
  h4mk::Json moved = with("pieces", h4mk::ByteSpan(pieces).subspan(32));
  h4mk::Bytes longer = head;
  longer.insert(longer.end(), pieces.begin(), pieces.begin() + 32);
  moved["head"] = h4mk::EncodeBase64(longer);
  EXPECT_FALSE(holds(moved));
}

}  // namespace
}  // namespace h4mk_test
