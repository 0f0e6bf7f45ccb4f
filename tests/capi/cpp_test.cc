// SPDX-License-Identifier: MIT
// h4mk.hpp: writes, reads, seeks and looks up; errors are exceptions; objects own what they open.
#include <gtest/gtest.h>

#include <cstdio>
#include <h4mk/h4mk.hpp>

namespace {

std::vector<uint8_t> Payload(int i) { return std::vector<uint8_t>(100, static_cast<uint8_t>(i)); }

// 100 blocks of a video, a key every 10, and an attachment.
h4mk::Writer Write(h4mk::Io io) {
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.cluster_size_limit = 2000;
  h4mk::Writer writer(std::move(io), options);
  h4mk::Value track;
  track.Set("track_id", 1).Set("name", "").Set("kind", "video").Set("codec", "h264");
  track.Set("time_base", "1/25").SetBytes("extradata", std::vector<uint8_t>{1, 2, 3});
  EXPECT_EQ(writer.AddTrack(track), 0u);
  const h4mk::Value font(
      R"({"track_id":2,"name":"font","kind":"attachment","codec":"ttf","time_base":"1/1"})");
  const uint32_t attachment = writer.AddTrack(font);
  writer.SetAttachment(attachment, Payload(99));
  writer.SetMeta(h4mk::Value(R"({"tags":{"title":"Film"},"x":1.5})"));
  for (int i = 0; i < 100; ++i) {
    const std::vector<uint8_t> data = Payload(i);
    h4mk_block block = H4MK_BLOCK_INIT;
    block.flags = i % 10 == 0 ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P;
    block.pts = block.dts = i;
    block.data = data.data();
    block.size = data.size();
    writer.Write(block);
  }
  writer.Finish();
  return writer;
}

TEST(CppTest, WritesReadsAndSeeks) {
  const h4mk::Writer writer = Write(h4mk::Io::NewMemory());
  h4mk::Reader reader(h4mk::Io::Memory(writer.io().bytes()));
  EXPECT_TRUE(reader.is_closed());
  EXPECT_EQ(reader.meta()["tags"]["title"].Text(), "Film");
  EXPECT_EQ(reader.meta()["x"].Real(), 1.5);
  EXPECT_EQ(reader.meta()["absent"]["deeper"].Text("none"), "none");
  EXPECT_EQ(reader.track(0).Bytes("extradata").size(), 3u);
  EXPECT_EQ(reader.info(0).block_count, 100u);
  EXPECT_EQ(reader.Attachment(1).size(), 100u);
  int64_t next = 0;
  while (const h4mk_block* block = reader.Next()) {
    EXPECT_EQ(block->pts, next);
    EXPECT_EQ(h4mk::DataOf(*block)[0], next);
    ++next;
  }
  EXPECT_EQ(next, 100);
  reader.Seek(0, 57);
  EXPECT_EQ(reader.Next()->pts, 50);
  reader.Rewind();
  EXPECT_EQ(reader.Next()->pts, 0);
  EXPECT_TRUE(reader.Warnings().empty());
}

TEST(CppTest, LooksUp) {
  const h4mk::Writer writer = Write(h4mk::Io::NewMemory());
  h4mk::Reader reader(h4mk::Io::Memory(writer.io().bytes()));
  EXPECT_EQ(reader.Keyframe(0, 57)->pts, 50);
  EXPECT_EQ(reader.Keyframe(0, -1), std::nullopt);
  EXPECT_EQ(reader.FrameAt(0, 57)->first, 57u);
  EXPECT_EQ(reader.FrameCount(0), 100u);
  EXPECT_EQ(reader.FrameChain(0, 57).size(), 8u);
  EXPECT_EQ(reader.KeyframesBetween(0, 5, 45).size(), 4u);
  EXPECT_EQ(reader.FrameTimes(0, 90, 100).size(), 10u);
  const auto blocks = reader.Blocks(0, 95, 100);
  ASSERT_EQ(blocks.size(), 5u);
  EXPECT_EQ(blocks[4].ordinal, 99u);
  EXPECT_EQ(reader.Read(0, 33).pts, 33);
  size_t chunks = 0;
  for (int64_t at = 0;; ++chunks) {
    const auto chunk = reader.Chunk(at);
    if (!chunk) break;
    EXPECT_EQ(reader.ChunkPayload(*chunk).size(), chunk->length);
    at = chunk->next;
  }
  EXPECT_GT(chunks, 5u);
}

TEST(CppTest, ErrorsAreExceptions) {
  const std::vector<uint8_t> nothing(100, 0);
  try {
    h4mk::Reader reader(h4mk::Io::Memory(nothing));
    FAIL() << "it is no file";
  } catch (const h4mk::Error& error) {
    EXPECT_EQ(error.status(), H4MK_ERR_NOT_H4MK);
    EXPECT_STRNE(error.what(), "");
  }
  EXPECT_THROW(h4mk::Io::Read("/no/such/file"), std::system_error);
  EXPECT_THROW(h4mk::Value("{"), h4mk::Error);
  h4mk::Writer writer(h4mk::Io::NewMemory());
  EXPECT_THROW(writer.AddTrack(h4mk::Value()), h4mk::Error);

  const h4mk::Writer good = Write(h4mk::Io::NewMemory());
  std::vector<uint8_t> bytes(good.io().bytes().begin(), good.io().bytes().end());
  h4mk::Reader control{h4mk::Io::Memory(bytes)};
  bytes[static_cast<size_t>(control.Block(0, 42)->offset)] ^= 1;
  h4mk::Reader reader{h4mk::Io::Memory(bytes)};
  size_t read = 0, damaged = 0;
  for (;;) try {  // as the head of h4mk.hpp has it
      if (reader.Next() == nullptr) break;
      ++read;
    } catch (const h4mk::Error& error) {
      if (!H4MK_GOES_ON(error.status())) throw;
      EXPECT_EQ(error.status(), H4MK_ERR_CORRUPT);
      EXPECT_GT(error.offset(), 0);
      ++damaged;
    }
  EXPECT_EQ(damaged, 1u);
  EXPECT_LT(read, 100u);
  EXPECT_THROW(reader.Seek(0, 1000, H4MK_SEEK_FORWARD), h4mk::Error);
}

TEST(CppTest, FilesAndMoves) {
  const std::string path = "capi_cpp_test.h4mk";
  Write(h4mk::Io::Write(path));
  h4mk::Reader first(h4mk::Io::Read(path));
  h4mk::Reader second = std::move(first);
  EXPECT_EQ(second.Next()->pts, 0);
  second = h4mk::Reader(h4mk::Io::Read(path));
  EXPECT_EQ(second.Next()->pts, 0);
  std::remove(path.c_str());
}

}  // namespace
