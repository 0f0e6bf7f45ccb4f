// SPDX-License-Identifier: MIT
//
// What becomes of a damaged or cut file: the new one is whole, holds what a reader finds in the old
// one, and of a cluster that was cut what lies in whole stripes besides.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/memory_io.h"
#include "cluster/cluster_encoder.h"
#include "maintain/verify.h"
#include "support/chunks.h"
#include "support/layouts.h"
#include "support/signing.h"

namespace h4mk_test {
namespace {

std::vector<Block> BlocksOf(const Bytes& bytes) {
  TestFile file(bytes);
  return Reader(&file).ReadOn().blocks;
}

// The blocks of the new file, in which nothing is wrong.
std::vector<Block> Recover(const Bytes& bytes) {
  TestFile file(bytes), out;
  const h4mk_io in = file.Io(), to = out.Io();
  EXPECT_EQ(h4mk_recover(&in, &to, nullptr, nullptr), H4MK_OK);
  h4mk::MemoryInput input(out.bytes);
  h4mk::VerifyReport report;
  EXPECT_TRUE(VerifyV2(input, nullptr, &report).ok());
  EXPECT_EQ(report.errors, 0u) << report.findings.front().message;
  EXPECT_TRUE(report.closed);
  return BlocksOf(out.bytes);
}

// Clusters of a few blocks, attachments and tags.
struct Small {
  Small() {
    AddVideo(&media, kVideo, 6, 2, 1);
    AddSimple(&media, kAudio, 20, 0, 1024, 1024);
    Interleave(&media);
    FillPayloads(&media, 25);
    bytes = Mux(media, ClusterLimits(300, 0));
  }
  Media media;
  Bytes bytes;
};

// One cluster of 195 KB, with stripes of 32 KB.
struct Striped {
  Striped() {
    media.tracks = {{}};
    for (uint32_t i = 0; i < 300; ++i)
      media.blocks.push_back({.flags = i == 0 ? kKey : kP, .pts = i, .data = Payload(i, 500 + i)});
    bytes = Mux(media);
  }
  Media media;
  Bytes bytes;
};

TEST(RecoverTest, AWholeFileLosesNothing) {
  EXPECT_EQ(Recover(Small().bytes), Small().media.blocks);
  EXPECT_EQ(Recover(Striped().bytes), Striped().media.blocks);
}

TEST(RecoverTest, DamageCostsWhatAReaderLoses) {
  const Small small;
  const Striped striped;
  for (const auto& [bytes, step] : {std::pair(small.bytes, 1), std::pair(striped.bytes, 997)}) {
    for (size_t at = WalkChunks(bytes).front().end(); at < bytes.size(); at += step) {
      SCOPED_TRACE(at);
      Bytes file = bytes;
      file[at] ^= 0x10;
      ASSERT_EQ(Recover(file), BlocksOf(file));
    }
  }
}

// The salt, and the first descriptions: those at the end are the same.
TEST(RecoverTest, DamageInFrontCostsNothing) {
  const Small small;
  for (size_t at = 8; at < WalkChunks(small.bytes).front().end(); ++at) {
    if (at == 12) at = kHeaderSize;
    SCOPED_TRACE(at);
    Bytes file = small.bytes;
    file[at] ^= 0x10;
    ASSERT_EQ(Recover(file), small.media.blocks);
  }
}

TEST(RecoverTest, AHoleCostsWhatAReaderLoses) {
  const Small small;
  const Chunk first = WalkChunks(small.bytes).front();
  for (size_t at = first.end(); at + 100 < small.bytes.size(); at += 13) {
    SCOPED_TRACE(at);
    Bytes file = small.bytes;
    std::fill_n(file.begin() + at, 100, uint8_t{0});
    ASSERT_EQ(Recover(file), BlocksOf(file));
  }
}

TEST(RecoverTest, ACutFileHasItsWholeClusters) {
  const Small small;
  const Chunk first = WalkChunks(small.bytes).front();
  for (size_t size = first.end(); size < small.bytes.size(); ++size) {
    SCOPED_TRACE(size);
    const Bytes file(small.bytes.begin(), small.bytes.begin() + size);
    ASSERT_EQ(Recover(file), BlocksOf(file));
  }
}

TEST(RecoverTest, ACutClusterHasItsWholeStripes) {
  const Striped striped;
  TestFile whole(striped.bytes);
  const std::vector<int64_t> offsets = Reader(&whole).ReadOn().offsets;
  const std::vector<Block>& blocks = striped.media.blocks;
  const int64_t stripe = 32 << 10;
  const int64_t end = offsets.back() + static_cast<int64_t>(blocks.back().data.size());
  for (int64_t size = offsets[0] + stripe - 1; size <= end; size += 4096) {
    for (const int64_t cut : {size, size + 1, size + 2}) {
      SCOPED_TRACE(cut);
      const int64_t good = cut >= end ? end : offsets[0] + (cut - offsets[0]) / stripe * stripe;
      size_t count = 0;
      while (count < blocks.size() &&
             offsets[count] + static_cast<int64_t>(blocks[count].data.size()) <= good)
        ++count;
      const Bytes file(striped.bytes.begin(), striped.bytes.begin() + cut);
      ASSERT_EQ(Recover(file), std::vector<Block>(blocks.begin(), blocks.begin() + count));
    }
  }
}

// Nothing of it can be damaged.
TEST(RecoverTest, ABlockWithoutBytesIsKept) {
  Media media;
  media.tracks = {{}};
  for (uint32_t i = 0; i < 3; ++i)
    media.blocks.push_back({.flags = kKey, .pts = i, .data = Payload(i, i == 1 ? 0 : 100)});
  Bytes file = Mux(media);
  TestFile whole(file);
  file[static_cast<size_t>(Reader(&whole).ReadOn().offsets[0])] ^= 1;
  EXPECT_EQ(Recover(file), std::vector<Block>{media.blocks[1]});
}

// What the report says of a file.
std::string Losses(const Bytes& bytes) {
  TestFile file(bytes), out;
  const h4mk_io in = file.Io(), to = out.Io();
  h4mk_value* report = nullptr;
  EXPECT_EQ(h4mk_recover(&in, &to, nullptr, &report), H4MK_OK);
  return h4mk_value_to_json(Value(report).get());
}

size_t Count(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++count;
  return count;
}

// A file of one attachment.
Bytes WithFont() {
  TestFile out;
  Writer writer(&out);
  const uint32_t track = writer.AddTrack({.kind = "attachment", .codec = "ttf"});
  const Bytes font = ToBytes("a font");
  EXPECT_EQ(h4mk_writer_set_attachment(writer.get(), track, font.data(), font.size()), H4MK_OK);
  h4mk_writer_set_meta(writer.get(), ParseJson(R"({"tags":{"title":"t"}})").get());
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  return std::move(out.bytes);
}

// No reader can open such a file. The blocks tell their tracks, but no more.
TEST(RecoverTest, TracksThatAreNoDescriptionsAreMadeUp) {
  const Small small;
  Bytes file = small.bytes;
  for (const Chunk& chunk : WalkChunks(file)) {
    if (chunk.tag != "TRAK") continue;
    file[chunk.payload()] = '[';
    FixCrc(&file, chunk);
  }
  TestFile unreadable(file);
  ASSERT_NE(Reader(&unreadable).status(), H4MK_OK);
  EXPECT_EQ(Recover(file).size(), small.media.blocks.size());
}

// A cluster with a block of each track of a row.
Bytes ClusterOf(uint32_t first_id, uint32_t tracks) {
  h4mk::ClusterEncoder encoder;
  for (uint32_t i = 0; i < tracks; ++i) encoder.AddTrack(first_id + i);
  const Bytes data = ToBytes("data");
  for (uint32_t i = 0; i < tracks; ++i) encoder.Add({.track = i, .pts = 0, .dts = 0, .data = data});
  const h4mk::ClusterEncoder::Encoded encoded = encoder.Encode();
  Bytes chunk(encoded.head.begin(), encoded.head.end());
  for (const h4mk::ByteSpan part : encoded.data)
    chunk.insert(chunk.end(), part.begin(), part.end());
  AppendU32(&chunk, encoded.crc);
  return chunk;
}

// core.md, "Limits": a file has at most 4096 tracks, though there are 65,536 ids.
TEST(RecoverTest, NoMoreTracksAreMadeUpThanAFileMayHave) {
  const Bytes most = MakeHeader(2) + ClusterOf(0, 2048) + ClusterOf(2048, 2048);
  EXPECT_EQ(Recover(most).size(), 4096u);
  EXPECT_EQ(Count(Losses(most), "at most 4096"), 0u);
  const Bytes more = most + ClusterOf(4100, 4);
  EXPECT_EQ(Count(Losses(more), "all tracks from track_id 4100 on: a file has at most 4096"), 1u);
}

// Nor can it open one that lost its first TRAK and its end. The TRAK of an edit is there still.
TEST(RecoverTest, TracksAreTakenFromTheLastDescriptionOfThem) {
  const Small small;
  Bytes file = small.bytes;
  const Chunk tracks = WalkChunks(file).front();
  ASSERT_EQ(tracks.tag, "TRAK");
  const Bytes copy(file.begin() + tracks.begin, file.begin() + tracks.end());
  size_t end = 0;
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.is_cluster()) end = chunk.end();
  file.resize(end);
  file = file + copy;
  file[tracks.payload()] ^= 1;
  TestFile unreadable(file), out;
  ASSERT_NE(Reader(&unreadable).status(), H4MK_OK);
  EXPECT_EQ(Losses(file).find("made up"), std::string::npos);
  EXPECT_EQ(Recover(file), small.media.blocks);
}

// core.md, "Chunk": flags that must be known may change what the chunk means.
TEST(RecoverTest, AnAttachmentOrMetaWithUnknownFlagsIsNotTakenOver) {
  for (const std::string tag : {"ATTA", "META"})
    for (const uint32_t flag : {0u, 1u << 17}) {
      Bytes file = WithFont();
      for (const Chunk& chunk : WalkChunks(file)) {
        if (chunk.tag != tag) continue;
        PutU32(&file, chunk.begin + 4, flag);
        FixCrc(&file, chunk);
      }
      EXPECT_EQ(Count(Losses(file), tag + " chunk") > 0, flag != 0) << Losses(file);
    }
}

// What nobody knows is carried over as it is, with its flags.
TEST(RecoverTest, AChunkOfAnotherKindKeepsItsFlags) {
  TestFile file, out;
  Writer writer(&file);
  ASSERT_EQ(h4mk_writer_add_chunk(writer.get(), "xyzw", 1u << 17, "x", 1), H4MK_OK);
  writer.AddTrack();
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  const h4mk_io in = file.Io(), to = out.Io();
  EXPECT_EQ(h4mk_recover(&in, &to, nullptr, nullptr), H4MK_OK);
  const std::vector<Chunk> chunks = WalkChunks(out.bytes);
  const auto kept = std::ranges::find(chunks, "xyzw", &Chunk::tag);
  ASSERT_NE(kept, chunks.end());
  EXPECT_EQ(kept->flags, 1u << 17);
}

TEST(RecoverTest, AChunkOfAnotherKindHas64MiB) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack();
  const Bytes most(size_t{64} << 20);
  ASSERT_EQ(h4mk_writer_add_chunk(writer.get(), "xyzw", 0, most.data(), most.size()), H4MK_OK);
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  EXPECT_EQ(Count(Losses(file.bytes), "larger than"), 0u);
}

TEST(RecoverTest, AnAttachmentIsTakenOverIfItsTrackIsThere) {
  const Bytes whole = WithFont();
  TestFile in(whole), out;
  const h4mk_io from = in.Io(), to = out.Io();
  ASSERT_EQ(h4mk_recover(&from, &to, nullptr, nullptr), H4MK_OK);
  Reader reader(&out);
  const uint8_t* data = nullptr;
  size_t size = 0;
  ASSERT_EQ(h4mk_reader_attachment(reader.get(), 0, &data, &size), H4MK_OK);
  EXPECT_EQ(Bytes(data, data + size), ToBytes("a font"));

  const std::vector<Chunk> chunks = WalkChunks(whole);
  const Chunk attachment = *std::ranges::find(chunks, "ATTA", &Chunk::tag);
  Bytes of_another = whole, of_none = whole;
  of_another[attachment.payload()] = 9;
  std::fill_n(of_none.begin() + attachment.payload(), attachment.payload_size, uint8_t{0x80});
  for (Bytes* file : {&of_another, &of_none}) {
    FixCrc(file, attachment);
    EXPECT_EQ(Count(Losses(*file), "attachment of no track"), 1u) << Losses(*file);
  }
}

// They were of the old file.
TEST(RecoverTest, SignaturesAreLostAndThatIsToldOnce) {
  Media media;
  media.tracks = {{}};
  for (int i = 0; i < 200; ++i) media.blocks.push_back({0, kKey, i, i, 1, Payload(i, 300)});
  const Bytes file = Mux(media, Signing());
  ASSERT_GT(std::ranges::count(WalkChunks(file), "VERI", &Chunk::tag), 1);
  EXPECT_EQ(Count(Losses(file), "the signatures"), 1u);
  EXPECT_EQ(Recover(file), media.blocks);
}

}  // namespace
}  // namespace h4mk_test
