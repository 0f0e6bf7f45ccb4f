// SPDX-License-Identifier: MIT
//
// core.md, "Content never becomes structure": what a file carries may be another H4MK file.
// Whatever happens to the file around it, no block, track or tag of the inner file comes out of it.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/chunks.h"
#include "support/container.h"

namespace h4mk_test {
namespace {

constexpr const char* kInnerTitle = "{\"tags\":{\"title\":\"inner\"}}";

// Blocks and title by which an inner file is known again.
Bytes InnerFile(int version) {
  TestFile file;
  h4mk_writer_options options = ClusterLimits(60, 0);
  options.version = version;
  Writer writer(&file, options);
  writer.AddTrack({.codec = version == 1 ? "h4core" : "inner"});
  h4mk_writer_set_meta(writer.get(), ParseJson(kInnerTitle).get());
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(writer.Write({.flags = H4MK_BLOCK_KEY,
                            .pts = 40 * i,
                            .dts = H4MK_NO_TIME,
                            .data = ToBytes("inner")}),
              H4MK_OK);
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  return std::move(file.bytes);
}

enum class Carrier { kAttachment, kBlock, kUnknownChunk };

struct Outer {
  Bytes bytes;
  std::set<Bytes> blocks;  // the payloads that may come out
};

Outer OuterFile(int version, Carrier carrier, const Bytes& inner) {
  Outer outer;
  TestFile file;
  h4mk_writer_options options = ClusterLimits(4u << 20, 0);
  options.version = version;
  Writer writer(&file, options);
  const uint32_t track = writer.AddTrack({.codec = version == 1 ? "h4core" : "outer"});
  if (carrier == Carrier::kAttachment)
    EXPECT_EQ(h4mk_writer_set_attachment(writer.get(), track, inner.data(), inner.size()), H4MK_OK);
  for (int i = 0; i < 3; ++i) {
    const Bytes data =
        carrier == Carrier::kBlock && i == 1 ? inner : ToBytes("outer" + std::to_string(i));
    outer.blocks.insert(data);
    EXPECT_EQ(writer.Write({.flags = i == 0 ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P,
                            .pts = 1000 + i,
                            .dts = H4MK_NO_TIME,
                            .data = data}),
              H4MK_OK);
    if (version == 2) EXPECT_EQ(writer.Flush(), H4MK_OK);
    if (carrier == Carrier::kUnknownChunk && i == 0)
      EXPECT_EQ(h4mk_writer_add_chunk(writer.get(), "xtra", 0, inner.data(), inner.size()),
                H4MK_OK);
  }
  EXPECT_EQ(writer.Finish(), H4MK_OK);
  outer.bytes = std::move(file.bytes);
  return outer;
}

// Opens, reads on and seeks; nothing of the inner file may show.
void ExpectNothingInner(const Outer& outer, const Bytes& changed, bool pipe,
                        const std::string& what) {
  TestFile file(changed);
  file.pipe = pipe;
  Reader reader(&file);
  if (reader.status() != H4MK_OK) return;
  const char* meta = h4mk_value_to_json(h4mk_reader_meta(reader.get()));
  EXPECT_EQ(std::string(meta ? meta : "").find("inner"), std::string::npos) << what;
  for (uint32_t i = 0; i < h4mk_reader_track_count(reader.get()); ++i)
    EXPECT_STRNE(h4mk_value_get_text(h4mk_reader_track(reader.get(), i), "codec"), "inner") << what;
  for (const Block& block : reader.ReadOn().blocks)
    EXPECT_TRUE(outer.blocks.contains(block.data)) << what;
  if (pipe || h4mk_reader_track_count(reader.get()) == 0) return;
  Block block;
  if (reader.Seek(0, 0, 0) == H4MK_OK && reader.Next(&block) == H4MK_OK)
    EXPECT_TRUE(outer.blocks.contains(block.data)) << what << ", after a seek";
}

class ContentTest : public testing::TestWithParam<std::tuple<int, Carrier>> {
 protected:
  int version() const { return std::get<0>(GetParam()); }
  Carrier carrier() const { return std::get<1>(GetParam()); }
};

TEST_P(ContentTest, CutAtEveryByte) {
  const Outer outer = OuterFile(version(), carrier(), InnerFile(version()));
  for (const bool pipe : {false, true}) {
    if (pipe && version() == 1)
      continue;  // a stream of version 1 has neither salt nor end: see legacy.md
    for (size_t size = 16; size < outer.bytes.size(); ++size)
      ExpectNothingInner(
          outer, Bytes(outer.bytes.begin(), outer.bytes.begin() + static_cast<ptrdiff_t>(size)),
          pipe, "cut to " + std::to_string(size) + (pipe ? " in a pipe" : ""));
  }
}

TEST_P(ContentTest, EveryBitFlipped) {
  const Outer outer = OuterFile(version(), carrier(), InnerFile(version()));
  // The content itself may change; what must not happen is that it is taken for more than content.
  for (const bool pipe : {false, true}) {
    if (pipe && version() == 1)
      continue;  // a stream of version 1 has neither salt nor end: see legacy.md
    for (size_t bit = 16 * 8; bit < outer.bytes.size() * 8; ++bit) {
      Bytes changed = outer.bytes;
      changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      ExpectNothingInner(outer, changed, pipe,
                         "bit " + std::to_string(bit) + (pipe ? " in a pipe" : ""));
      if (HasFailure()) return;
    }
  }
}

// What is saved of a damaged file, and what of one that was cut, is of the outer file as well.
void ExpectNothingInnerRecovered(const Outer& outer, const Bytes& changed,
                                 const std::string& what) {
  TestFile file(changed), recovered;
  const h4mk_io input = file.Io(), output = recovered.Io();
  if (h4mk_recover(&input, &output, nullptr, nullptr) == H4MK_OK)
    ExpectNothingInner(outer, recovered.bytes, false, what + ", recovered");
}

TEST_P(ContentTest, RecoveredFromEveryCut) {
  const Outer outer = OuterFile(version(), carrier(), InnerFile(version()));
  for (size_t size = 16; size < outer.bytes.size(); ++size)
    ExpectNothingInnerRecovered(
        outer, Bytes(outer.bytes.begin(), outer.bytes.begin() + static_cast<ptrdiff_t>(size)),
        "cut to " + std::to_string(size));
}

TEST_P(ContentTest, RecoveredFromEveryFlippedBit) {
  const Outer outer = OuterFile(version(), carrier(), InnerFile(version()));
  for (size_t bit = 16 * 8; bit < outer.bytes.size() * 8; ++bit) {
    Bytes changed = outer.bytes;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    ExpectNothingInnerRecovered(outer, changed, "bit " + std::to_string(bit));
    if (HasFailure()) return;
  }
}

// A reader that stays open while the file grows byte by byte.
TEST_P(ContentTest, WhileItGrows) {
  const Outer outer = OuterFile(version(), carrier(), InnerFile(version()));
  for (size_t begin = 16; begin < outer.bytes.size(); begin += 5) {
    TestFile file(Bytes(outer.bytes.begin(), outer.bytes.begin() + static_cast<ptrdiff_t>(begin)));
    Reader reader(&file);
    if (reader.status() != H4MK_OK) continue;
    while (true) {
      for (const Block& block : reader.ReadOn().blocks)
        EXPECT_TRUE(outer.blocks.contains(block.data))
            << "begun at " << begin << ", grown to " << file.bytes.size();
      if (HasFailure() || file.bytes.size() == outer.bytes.size()) break;
      file.bytes.push_back(outer.bytes[file.bytes.size()]);
    }
    const char* meta = h4mk_value_to_json(h4mk_reader_meta(reader.get()));
    EXPECT_EQ(std::string(meta ? meta : "").find("inner"), std::string::npos) << begin;
    if (HasFailure()) return;
  }
}

// Parts of a file: only its chunks, only its end, its clusters alone.
TEST_P(ContentTest, PartsOfAFile) {
  const Bytes inner = InnerFile(version());
  const std::vector<Chunk> chunks = WalkChunks(inner);
  for (size_t first = 0; first < chunks.size(); ++first) {
    const Bytes part(inner.begin() + static_cast<ptrdiff_t>(chunks[first].begin), inner.end());
    const Outer outer = OuterFile(version(), carrier(), part);
    const std::string what = "part " + std::to_string(first);
    for (size_t size = 16; size < outer.bytes.size(); ++size)
      ExpectNothingInner(
          outer, Bytes(outer.bytes.begin(), outer.bytes.begin() + static_cast<ptrdiff_t>(size)),
          false, what + " cut to " + std::to_string(size));
    for (size_t bit = 16 * 8; bit < outer.bytes.size() * 8; ++bit) {
      Bytes changed = outer.bytes;
      changed[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      ExpectNothingInner(outer, changed, false, what + ", bit " + std::to_string(bit));
      if (HasFailure()) return;
    }
  }
}

// Not a chunk of an unknown tag in version 1: its length cannot be trusted (legacy.md, rule 4).
INSTANTIATE_TEST_SUITE_P(, ContentTest,
                         testing::Values(std::tuple(2, Carrier::kAttachment),
                                         std::tuple(2, Carrier::kBlock),
                                         std::tuple(2, Carrier::kUnknownChunk),
                                         std::tuple(1, Carrier::kBlock),
                                         std::tuple(1, Carrier::kAttachment)));

}  // namespace
}  // namespace h4mk_test
