// SPDX-License-Identifier: MIT
// legacy.md, "Conversion": every vector to version 2 and back is the same file, byte for byte.
#include "base/crc32.h"
#include "base/sha256.h"
#include "chunk/chunk_format.h"
#include "file/chunk_list.h"
#include "legacy/player.h"
#include "legacy/vectors.h"

namespace h4mk {
namespace {

struct Converted {
  h4mk_status status = H4MK_OK;
  Bytes bytes;
  std::vector<std::string> messages;
};

Converted Convert(ByteSpan input, int version, bool drop_original = false) {
  Converted result;
  h4mk_io in = H4MK_IO_INIT, out = H4MK_IO_INIT;
  h4mk_io_open_memory(input.data(), input.size(), &in);
  h4mk_io_new_memory(&out);
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  options.version = version;
  options.drop_original = drop_original;
  h4mk_task task = H4MK_TASK_INIT;
  task.opaque = &result.messages;
  task.problem = [](void* opaque, const h4mk_problem* problem) {
    static_cast<std::vector<std::string>*>(opaque)->push_back(problem->message);
  };
  options.task = &task;
  result.status = h4mk_convert(&in, &out, &options);
  const uint8_t* data = nullptr;
  size_t size = 0;
  h4mk_io_memory(&out, &data, &size);
  result.bytes.assign(data, data + size);
  h4mk_io_close(&in);
  h4mk_io_close(&out);
  return result;
}

std::vector<std::string> Tags(ByteSpan bytes) {
  Player player(bytes);
  std::vector<std::string> tags;
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  for (int64_t at = 0; h4mk_reader_chunk(player.reader(), at, &chunk) == H4MK_OK; at = chunk.next)
    tags.push_back(chunk.tag);
  return tags;
}

size_t Count(const std::vector<std::string>& tags, const std::string& tag) {
  return static_cast<size_t>(std::count(tags.begin(), tags.end(), tag));
}

class ConvertTest : public testing::TestWithParam<const char*> {};

TEST_P(ConvertTest, ThereAndBackIsTheSameFile) {
  const std::string folder = GetParam();
  size_t done = 0;
  for (const Json& test : VectorIndex(folder)["cases"]) {
    const std::string name = folder + "/" + test["file"].get<std::string>();
    SCOPED_TRACE(name);
    const Bytes original = ReadVector(name);
    Player player(original);
    if (player.status() != H4MK_OK) continue;  // nothing that could be converted
    const int version = h4mk_reader_version(player.reader());
    if (version != 1 && version != H4MK_VERSION_TRANSPORT) continue;
    const Converted two = Convert(original, 2);
    if (two.status != H4MK_OK) {
      EXPECT_EQ(two.status, H4MK_ERR_CORRUPT);
      EXPECT_FALSE(two.messages.empty());
    }
    Player second(two.bytes);
    EXPECT_EQ(second.status(), H4MK_OK) << second.message();
    EXPECT_EQ(h4mk_reader_is_closed(second.reader()), 1);
    const Converted back = Convert(two.bytes, version);
    EXPECT_EQ(back.status, H4MK_OK);
    EXPECT_EQ(ToHex(back.bytes), ToHex(original));
    ++done;
  }
  EXPECT_GE(done, 14u);
}

INSTANTIATE_TEST_SUITE_P(Folders, ConvertTest,
                         testing::Values("media", "media_odd", "media_bad", "transport",
                                         "transport_bad"));

TEST(ConversionTest, BlocksAreThoseOfTheOriginal) {
  for (const char* name : {"media/b_blocks.h4mk", "media/many_keyframes.h4mk",
                           "transport/tracks.h4mk", "transport/export.h4mk"}) {
    SCOPED_TRACE(name);
    const Bytes original = ReadVector(name);
    Player before(original), after(Convert(original, 2).bytes);
    const std::vector<std::string> lines = before.All();
    EXPECT_FALSE(lines.empty());
    EXPECT_EQ(after.All(), lines);
  }
}

// SAFE, NOTE, unknown tags: chunks of the new file too.
TEST(ConversionTest, UnknownChunksAreKept) {
  const Bytes media = ReadVector("media/all_sidecars.h4mk");
  const std::vector<std::string> tags = Tags(Convert(media, 2).bytes);
  for (const char* tag : {"SAFE", "VERI", "NOTE", "ORIG"}) EXPECT_EQ(Count(tags, tag), 1u) << tag;
  const Bytes unknown = ReadVector("transport_bad/unknown_chunk.h4mk");
  EXPECT_EQ(Count(Tags(Convert(unknown, 2).bytes), "FUTR"), 1u);
  const Converted again = Convert(Convert(media, 2).bytes, 2);
  for (const char* tag : {"SAFE", "VERI", "NOTE", "ORIG"})
    EXPECT_EQ(Count(Tags(again.bytes), tag), 1u) << tag;
  EXPECT_EQ(Convert(again.bytes, 1).bytes, media);
}

// Without the original the file is written anew: the same blocks in another file.
TEST(ConversionTest, WithoutTheOriginal) {
  const Bytes media = ReadVector("media/all_sidecars.h4mk");
  const Converted two = Convert(media, 2, /*drop_original=*/true);
  EXPECT_EQ(Count(Tags(two.bytes), "ORIG"), 0u);
  const Converted back = Convert(two.bytes, 1);
  ASSERT_EQ(back.status, H4MK_OK);
  Player before(media), after(back.bytes);
  EXPECT_EQ(after.All(), before.All());
  for (const char* tag : {"SAFE", "VERI", "NOTE"})
    EXPECT_EQ(Count(Tags(back.bytes), tag), 1u) << tag;
}

// The payload of ORIG.
Bytes Original(ByteSpan two) {
  Player player(two);
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  const uint8_t* data = nullptr;
  size_t size = 0;
  for (int64_t at = 0; h4mk_reader_chunk(player.reader(), at, &chunk) == H4MK_OK; at = chunk.next)
    if (std::string(chunk.tag) == "ORIG" &&
        h4mk_reader_chunk_payload(player.reader(), &chunk, &data, &size) == H4MK_OK)
      return Bytes(data, data + size);
  return {};
}

// The same tracks and blocks with other metadata (null: the same) and another ORIG.
Bytes Rewrite(ByteSpan two, const char* title, ByteSpan original) {
  Player player(two);
  h4mk_io out = H4MK_IO_INIT;
  h4mk_io_new_memory(&out);
  h4mk_writer* writer = nullptr;
  EXPECT_EQ(h4mk_writer_open(&out, nullptr, &writer), H4MK_OK);
  uint32_t track = 0;
  for (uint32_t i = 0; i < h4mk_reader_track_count(player.reader()); ++i)
    h4mk_writer_add_track(writer, h4mk_reader_track(player.reader(), i), &track);
  h4mk_value* meta = h4mk_value_new();
  if (title) h4mk_value_set_text(meta, "title", title);
  h4mk_writer_set_meta(writer, title ? meta : h4mk_reader_meta(player.reader()));
  h4mk_value_free(meta);
  h4mk_block block = H4MK_BLOCK_INIT;
  while (h4mk_reader_next(player.reader(), &block) == H4MK_OK) h4mk_writer_write(writer, &block);
  h4mk_writer_add_chunk(writer, "ORIG", 0, original.data(), original.size());
  EXPECT_EQ(h4mk_writer_finish(writer), H4MK_OK);
  const uint8_t* data = nullptr;
  size_t size = 0;
  h4mk_io_memory(&out, &data, &size);
  Bytes bytes(data, data + size);
  h4mk_writer_free(writer);
  h4mk_io_close(&out);
  return bytes;
}

// A file that was changed since is not turned back into what it was made of.
TEST(ConversionTest, ChangesAreNotUndone) {
  const Bytes media = ReadVector("media/b_blocks.h4mk");
  const Bytes two = Convert(media, 2).bytes;
  EXPECT_EQ(Convert(Rewrite(two, nullptr, Original(two)), 1).bytes, media);  // control
  const Converted back = Convert(Rewrite(two, "changed", Original(two)), 1);
  EXPECT_EQ(back.status, H4MK_OK);
  Player reread(back.bytes);
  EXPECT_STREQ(h4mk_value_get_text(h4mk_reader_meta(reread.reader()), "title"), "changed");
}

// Whatever ORIG says: the original, or a file that is written anew.
TEST(ConversionTest, DamagedOriginals) {
  const Bytes media = ReadVector("media/b_blocks.h4mk");
  const Bytes two = Convert(media, 2).bytes;
  const Bytes original = Original(two);
  ASSERT_GT(original.size(), 50u);
  Player before(media);
  const std::vector<std::string> lines = before.All();
  const auto check = [&](ByteSpan damaged) {
    const Converted back = Convert(Rewrite(two, nullptr, damaged), 1);
    ASSERT_EQ(back.status, H4MK_OK);
    if (back.bytes == media) return;
    Player after(back.bytes);
    ASSERT_EQ(after.All(), lines);
  };
  for (size_t size = 0; size < original.size(); size += 3) check(ByteSpan(original).first(size));
  for (size_t byte = 0; byte < original.size(); ++byte)
    for (const uint8_t bit : {1, 128}) {
      Bytes damaged = original;
      damaged[byte] ^= bit;
      check(damaged);
    }
}

// The same file with another ORIG and its other chunks.
Bytes WithOriginal(ByteSpan two, ByteSpan original) {
  Player player(two);
  Bytes bytes(two.begin(), two.begin() + 16);
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  for (int64_t at = 0; h4mk_reader_chunk(player.reader(), at, &chunk) == H4MK_OK; at = chunk.next) {
    const std::string tag = chunk.tag;
    if (tag == "TSEK" || tag == "TAIL") continue;  // they name places
    const auto from = static_cast<ptrdiff_t>(chunk.offset), to = static_cast<ptrdiff_t>(chunk.next);
    if (tag != "ORIG") {
      bytes.insert(bytes.end(), two.begin() + from, two.begin() + to);
      continue;
    }
    const size_t start = bytes.size();
    AppendBytes(bytes, ChunkHeaderBytes({kTagOriginal, 0, static_cast<uint32_t>(original.size())}));
    AppendBytes(bytes, original);
    AppendLe(bytes, Crc32(LoadLe<uint32_t>(two.data() + 8),
                          ByteSpan(bytes).subspan(start)));  // core.md, "File": the salt
  }
  return bytes;
}

// Two bytes of a recipe name a chunk of any size. Each chunk goes into the original once, or a file
// of 65 KB would become one of 524 MB.
TEST(ConversionTest, NoChunkIsInTheOriginalTwice) {
  const Bytes media = ReadVector("media/all_sidecars.h4mk");
  const Bytes two = Convert(media, 2).bytes;
  Bytes original = Original(two);
  EXPECT_EQ(Convert(WithOriginal(two, original), 1).bytes, media);  // control
  Player player(media);
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  int64_t at = 0;
  while (h4mk_reader_chunk(player.reader(), at, &chunk) == H4MK_OK &&
         std::string(chunk.tag) != "SAFE")
    at = chunk.next;
  ASSERT_STREQ(chunk.tag, "SAFE");  // the first chunk that is kept: number 0
  Bytes bomb = media;
  for (int i = 0; i < 1000; ++i) {
    original.push_back(4);  // a chunk …
    original.push_back(0);  // … by its number
    bomb.insert(bomb.end(), media.begin() + static_cast<ptrdiff_t>(chunk.offset),
                media.begin() + static_cast<ptrdiff_t>(chunk.next));
  }
  // legacy.md, "ORIG": magic, version, size, digest.
  StoreLe(original.data() + 5, static_cast<uint64_t>(bomb.size()));
  Sha256 hash;
  hash.Add(bomb);
  const Sha256Digest digest = hash.Finish();
  std::copy(digest.begin(), digest.end(), original.begin() + 13);
  const Converted back = Convert(WithOriginal(two, original), 1);
  EXPECT_LT(back.bytes.size(), 2 * media.size());
  Player before(media), after(back.bytes);
  EXPECT_EQ(after.All(), before.All());
}

// A signature belongs to one file; VERI that is none is kept.
TEST(ConversionTest, SignaturesAreLeftOut) {
  h4mk_io out = H4MK_IO_INIT;
  h4mk_io_new_memory(&out);
  h4mk_writer* writer = nullptr;
  ASSERT_EQ(h4mk_writer_open(&out, nullptr, &writer), H4MK_OK);
  h4mk_writer_add_chunk(writer, "VERI", 0, "H4VC....", 8);
  h4mk_writer_add_chunk(writer, "VERI", 0, "{}", 2);
  ASSERT_EQ(h4mk_writer_finish(writer), H4MK_OK);
  const uint8_t* data = nullptr;
  size_t size = 0;
  h4mk_io_memory(&out, &data, &size);
  const Converted copy = Convert(ByteSpan(data, size), 2);
  EXPECT_EQ(copy.status, H4MK_OK);
  EXPECT_EQ(Count(Tags(copy.bytes), "VERI"), 1u);
  EXPECT_EQ(copy.messages.size(), 1u);
  h4mk_writer_free(writer);
  h4mk_io_close(&out);
}

TEST(ConversionTest, BetweenTheOldOnes) {
  const Bytes transport = ReadVector("transport/tracks.h4mk");
  const Converted one = Convert(transport, 1);
  ASSERT_EQ(one.status, H4MK_OK) << one.messages.back();
  Player before(transport), after(one.bytes);
  EXPECT_EQ(after.All(), before.All());  // microseconds too: the block log has them
  const Converted media = Convert(ReadVector("media/reference_demo.h4mk"), H4MK_VERSION_TRANSPORT);
  EXPECT_EQ(media.status, H4MK_ERR_LIMIT);
  EXPECT_NE(media.messages.back().find("block_not_multiple_of_256"), std::string::npos);
}

TEST(ConversionTest, DamageIsReported) {
  Bytes media = ReadVector("media/reference_demo.h4mk");
  media[509 + 20] ^= 1;
  const Converted two = Convert(media, 2);
  EXPECT_EQ(two.status, H4MK_ERR_CORRUPT);
  EXPECT_NE(two.messages.front().find("byte 497"), std::string::npos);
  EXPECT_EQ(Convert(two.bytes, 1).bytes, media);  // the damage too
  EXPECT_EQ(Convert(ByteSpan(media).first(10), 2).status, H4MK_ERR_TRUNCATED);
}

TEST(ConversionTest, CanBeStopped) {
  const Bytes media = ReadVector("media/many_keyframes.h4mk");
  h4mk_io in = H4MK_IO_INIT, out = H4MK_IO_INIT;
  h4mk_io_open_memory(media.data(), media.size(), &in);
  h4mk_io_new_memory(&out);
  h4mk_convert_options options = H4MK_CONVERT_OPTIONS_INIT;
  h4mk_task task = H4MK_TASK_INIT;
  task.progress = [](void*, int64_t, int64_t) { return 1; };
  options.task = &task;
  EXPECT_EQ(h4mk_convert(&in, &out, &options), H4MK_ERR_CANCELLED);
  h4mk_io_close(&in);
  h4mk_io_close(&out);
}

}  // namespace
}  // namespace h4mk
