// SPDX-License-Identifier: MIT
//
// core.md, "Frames", "Decode chain", "Block by number": all lookups, on files of every version,
// against a linear scan.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "support/allocations.h"
#include "support/chunks.h"
#include "support/container.h"
#include "support/layouts.h"

namespace h4mk_test {
namespace {

// Blocks of one track in decoding order.
std::vector<Block> OfTrack(const Media& media, uint32_t track) {
  std::vector<Block> blocks;
  for (const Block& block : media.blocks)
    if (block.track == track) blocks.push_back(block);
  return blocks;
}

bool IsTimedKey(const Block& block) {
  return (block.flags & H4MK_BLOCK_KEY) && block.time() != H4MK_NO_TIME;
}

std::optional<size_t> Keyframe(const std::vector<Block>& blocks, int64_t time) {
  std::optional<size_t> best;
  for (size_t i = 0; i < blocks.size(); ++i)
    if (IsTimedKey(blocks[i]) && blocks[i].time() <= time &&
        (!best || blocks[i].time() >= blocks[*best].time()))
      best = i;
  return best;
}

// Positions of the frames in the order of presentation.
std::vector<size_t> Frames(const std::vector<Block>& blocks) {
  std::vector<size_t> frames;
  for (size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].time() != H4MK_NO_TIME && !(blocks[i].flags & H4MK_BLOCK_DISCARD))
      frames.push_back(i);
  std::ranges::stable_sort(frames, {}, [&](size_t i) { return blocks[i].time(); });
  return frames;
}

// The number of the frame that is shown at a time.
std::optional<size_t> FrameAt(const std::vector<Block>& blocks, int64_t time) {
  const std::vector<size_t> frames = Frames(blocks);
  std::optional<size_t> best;
  for (size_t i = 0; i < frames.size(); ++i)
    if (blocks[frames[i]].time() <= time) best = i;
  return best;
}

std::vector<uint64_t> Chain(const std::vector<Block>& blocks, size_t frame) {
  std::vector<uint64_t> chain;
  for (size_t i = frame + 1; i-- > 0;) {
    chain.insert(chain.begin(), i);
    if (IsTimedKey(blocks[i]) && blocks[i].time() <= blocks[frame].time()) return chain;
  }
  return {};  // it cannot be decoded
}

std::vector<uint64_t> ChainAt(const std::vector<Block>& blocks, int64_t time) {
  const std::optional<size_t> number = FrameAt(blocks, time);
  return number ? Chain(blocks, Frames(blocks)[*number]) : std::vector<uint64_t>();
}

std::vector<uint64_t> Ordinals(const std::vector<h4mk_block_info>& infos) {
  std::vector<uint64_t> ordinals;
  for (const h4mk_block_info& info : infos) ordinals.push_back(info.ordinal);
  return ordinals;
}

template <typename Lookup>
std::vector<h4mk_block_info> List(Lookup lookup) {
  uint64_t total = 0;
  EXPECT_EQ(lookup(nullptr, 0, &total), H4MK_OK);
  std::vector<h4mk_block_info> infos(total + 1, h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  EXPECT_EQ(lookup(infos.data(), infos.size(), &total), H4MK_OK);
  EXPECT_EQ(total, infos.size() - 1);
  infos.resize(total);
  return infos;
}

std::set<int64_t> SomeTimes(const std::vector<Block>& blocks) {
  std::set<int64_t> times = {std::numeric_limits<int64_t>::min() + 1, -1000000,
                             std::numeric_limits<int64_t>::max()};
  const size_t step = std::max<size_t>(1, blocks.size() / 40);
  for (size_t i = 0; i < blocks.size(); i += step) {
    if (blocks[i].time() == H4MK_NO_TIME) continue;
    times.insert(blocks[i].time());
    if (blocks[i].time() < std::numeric_limits<int64_t>::max()) times.insert(blocks[i].time() + 1);
    if (blocks[i].time() > std::numeric_limits<int64_t>::min() + 1)
      times.insert(blocks[i].time() - 1);
  }
  return times;
}

void CheckBlock(h4mk_reader* reader, uint32_t track, size_t number, const Block& expected) {
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_block_info(reader, track, number, &info), H4MK_OK);
  EXPECT_EQ(info.pts, expected.pts);
  EXPECT_EQ(info.dts, expected.dts);
  EXPECT_EQ(info.size, expected.data.size());
  EXPECT_EQ(info.flags, expected.flags);
  EXPECT_EQ(info.ordinal, number);
  h4mk_block block = H4MK_BLOCK_INIT;
  ASSERT_EQ(h4mk_reader_read_block(reader, track, number, &block), H4MK_OK)
      << h4mk_reader_message(reader);
  EXPECT_EQ(FromC(block).data, expected.data);
  EXPECT_EQ(block.offset, info.offset);
  EXPECT_LT(info.chunk, info.offset);
}

// All blocks of a track from one on, fetched by so many at once.
void CheckBlocksFrom(h4mk_reader* reader, uint32_t track, const std::vector<Block>& blocks,
                     size_t first, size_t step) {
  std::vector<h4mk_block_info> infos(step, h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  size_t next = first, copied = step;
  while (copied == step) {
    ASSERT_EQ(h4mk_reader_blocks(reader, track, next, infos.data(), step, &copied), H4MK_OK);
    for (size_t i = 0; i < copied; ++i, ++next) {
      h4mk_block_info single = H4MK_BLOCK_INFO_INIT;
      ASSERT_EQ(h4mk_reader_block_info(reader, track, next, &single), H4MK_OK);
      ASSERT_EQ(infos[i].ordinal, next);
      ASSERT_EQ(infos[i].pts, blocks[next].pts);
      ASSERT_EQ(infos[i].offset, single.offset);
      ASSERT_EQ(infos[i].chunk, single.chunk);
      ASSERT_EQ(infos[i].flags, single.flags);
      ASSERT_EQ(infos[i].size, single.size);
    }
  }
  ASSERT_EQ(next, blocks.size());
}

void CheckFrameAt(h4mk_reader* reader, uint32_t track, const std::vector<Block>& blocks,
                  int64_t time) {
  const std::optional<size_t> frame = FrameAt(blocks, time);
  uint64_t number = 0;
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_frame_at(reader, track, time, &number, &info),
            frame ? H4MK_OK : H4MK_ERR_NOT_FOUND);
  if (!frame) return;
  EXPECT_EQ(number, *frame);
  EXPECT_EQ(info.ordinal, Frames(blocks)[*frame]);
}

// The times of all frames, fetched by so many at once.
std::vector<int64_t> TimesBy(h4mk_reader* reader, uint32_t track, size_t step) {
  std::vector<int64_t> times;
  for (size_t copied = step; copied == step;) {
    const size_t first = times.size();
    times.resize(first + step);
    EXPECT_EQ(h4mk_reader_frame_times(reader, track, first, times.data() + first, step, &copied),
              H4MK_OK);
    times.resize(first + copied);
  }
  return times;
}

void CheckFrames(h4mk_reader* reader, uint32_t track, const std::vector<Block>& blocks) {
  const std::vector<size_t> frames = Frames(blocks);
  uint64_t count = 0;
  ASSERT_EQ(h4mk_reader_frame_count(reader, track, &count), H4MK_OK);
  ASSERT_EQ(count, frames.size());
  std::vector<int64_t> times;
  for (size_t frame : frames) times.push_back(blocks[frame].time());
  for (const size_t step : {size_t{1000}, size_t{7}})
    ASSERT_EQ(TimesBy(reader, track, step), times);
  for (size_t i = 0; i < frames.size(); i += std::max<size_t>(1, frames.size() / 40)) {
    SCOPED_TRACE("frame " + std::to_string(i));
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
    ASSERT_EQ(h4mk_reader_frame(reader, track, i, &info), H4MK_OK);
    ASSERT_EQ(info.ordinal, frames[i]);
    ASSERT_EQ(Ordinals(List([&](h4mk_block_info* out, size_t room, uint64_t* total) {
                return h4mk_reader_frame_chain(reader, track, i, out, room, total);
              })),
              Chain(blocks, frames[i]));
  }
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  uint64_t total = 0;
  EXPECT_EQ(h4mk_reader_frame(reader, track, frames.size(), &info), H4MK_ERR_NOT_FOUND);
  EXPECT_EQ(h4mk_reader_frame_chain(reader, track, frames.size(), nullptr, 0, &total),
            H4MK_ERR_NOT_FOUND);
}

void CheckTrack(h4mk_reader* reader, const Media& media, uint32_t track) {
  const std::vector<Block> blocks = OfTrack(media, track);
  for (const int64_t time : SomeTimes(blocks)) {
    SCOPED_TRACE(time);
    const std::optional<size_t> key = Keyframe(blocks, time);
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
    const h4mk_status status = h4mk_reader_keyframe(reader, track, time, &info);
    ASSERT_EQ(status, key ? H4MK_OK : H4MK_ERR_NOT_FOUND);
    if (key) {
      ASSERT_EQ(info.ordinal, *key);
    }
    const auto chain = List([&](h4mk_block_info* out, size_t count, uint64_t* total) {
      return h4mk_reader_decode_chain(reader, track, time, out, count, total);
    });
    ASSERT_EQ(Ordinals(chain), ChainAt(blocks, time));
    CheckFrameAt(reader, track, blocks, time);
    const int64_t to = time > std::numeric_limits<int64_t>::max() - 500 ? time : time + 500;
    std::vector<uint64_t> between;
    for (size_t i = 0; i < blocks.size(); ++i)
      if (IsTimedKey(blocks[i]) && blocks[i].time() >= time && blocks[i].time() <= to)
        between.push_back(i);
    ASSERT_EQ(Ordinals(List([&](h4mk_block_info* out, size_t count, uint64_t* total) {
                return h4mk_reader_keyframes_between(reader, track, time, to, out, count, total);
              })),
              between);
  }
  CheckFrames(reader, track, blocks);
  CheckBlocksFrom(reader, track, blocks, 0, 7);
  CheckBlocksFrom(reader, track, blocks, blocks.size() / 3, 1000);
  const size_t step = std::max<size_t>(1, blocks.size() / 20);
  for (size_t i = 0; i < blocks.size(); i += step) CheckBlock(reader, track, i, blocks[i]);
  if (!blocks.empty()) CheckBlock(reader, track, blocks.size() - 1, blocks.back());
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  EXPECT_EQ(h4mk_reader_block_info(reader, track, blocks.size(), &info), H4MK_ERR_NOT_FOUND);
}

void CheckAll(const Bytes& bytes, const Media& media) {
  TestFile file(bytes);
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  // Lookups do not move the reading position.
  Block first;
  if (!media.blocks.empty()) {
    ASSERT_EQ(reader.Next(&first), H4MK_OK);
  }
  for (uint32_t track = 0; track < media.tracks.size(); ++track) {
    SCOPED_TRACE("track " + std::to_string(track));
    CheckTrack(reader.get(), media, track);
  }
  const Reading rest = reader.ReadOn();
  EXPECT_EQ(rest.blocks.size() + 1, std::max<size_t>(1, media.blocks.size()));
}

class LookupTest : public testing::TestWithParam<Layout> {};

TEST_P(LookupTest, Version2) {
  const Media media = GetParam().make();
  const Bytes bytes = Mux(media, ClusterLimits(3000, 300));
  CheckAll(bytes, media);
  CheckAll(Bytes(bytes.begin(), bytes.end() - 40),
           media);                                     // without an end: the index is made anew
  CheckAll(Mux(media, ClusterLimits(400, 0)), media);  // groups of blocks are cut anywhere
}

constexpr char kTooFarForVersion1[] = "ExtremeTimes";

// Version 1 has no times before 0: each track is moved behind it.
void ShiftTimes(Media* media) {
  for (uint32_t track = 0; track < media->tracks.size(); ++track) {
    int64_t first = 0;
    for (const Block& block : media->blocks)
      for (const int64_t time : {block.pts, block.dts})
        if (block.track == track && time != H4MK_NO_TIME) first = std::min(first, time);
    for (Block& block : media->blocks)
      for (int64_t* time : {&block.pts, &block.dts})
        if (block.track == track && *time != H4MK_NO_TIME) *time -= first;
  }
}

class LookupVersion1Test : public testing::TestWithParam<Layout> {};

TEST_P(LookupVersion1Test, SameAnswers) {
  Media media = GetParam().make();
  ShiftTimes(&media);
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.version = 1;
  TestFile file;
  {
    Writer writer(&file, options);
    for (const Track& track : media.tracks) writer.AddTrack(track);
    for (const Block& block : media.blocks)
      ASSERT_EQ(writer.Write(block), H4MK_OK) << writer.message();
    ASSERT_EQ(writer.Finish(), H4MK_OK) << writer.message();
  }
  CheckAll(file.bytes, media);
}

// The one layout left out above: such times are refused, and the error says why.
TEST(LookupVersion1LimitTest, TimesOf64BitsAreRefused) {
  const std::vector<Layout> layouts = AllLayouts();
  const auto layout = std::ranges::find(layouts, kTooFarForVersion1, &Layout::name);
  ASSERT_NE(layout, layouts.end());
  const Media media = layout->make();
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.version = 1;
  TestFile file;
  Writer writer(&file, options);
  for (const Track& track : media.tracks) writer.AddTrack(track);
  EXPECT_EQ(writer.Write(media.blocks.front()), H4MK_ERR_LIMIT);
  EXPECT_NE(std::string(writer.message()).find("pts_range"), std::string::npos) << writer.message();
}

std::vector<Layout> LayoutsOfVersion1() {
  std::vector<Layout> layouts = AllLayouts();
  std::erase_if(layouts, [](const Layout& layout) { return layout.name == kTooFarForVersion1; });
  return layouts;
}

INSTANTIATE_TEST_SUITE_P(Layouts, LookupVersion1Test, testing::ValuesIn(LayoutsOfVersion1()),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Layouts, LookupTest, testing::ValuesIn(AllLayouts()),
                         [](const auto& info) { return info.param.name; });

// A block that is damaged is not handed out as good.
TEST(LookupDamageTest, ReadBlockChecks) {
  Media media;
  media.tracks.resize(1);
  for (int64_t i = 0; i < 3; ++i)
    media.blocks.push_back({.pts = i, .dts = i, .data = Payload(1, 100)});
  const Bytes bytes = Mux(media);
  TestFile file(bytes);
  Reader control(&file);
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_block_info(control.get(), 0, 1, &info), H4MK_OK);
  file.bytes[static_cast<size_t>(info.offset)] ^= 1;
  Reader reader(&file);
  h4mk_block block = H4MK_BLOCK_INIT;
  EXPECT_EQ(h4mk_reader_read_block(reader.get(), 0, 1, &block), H4MK_ERR_CORRUPT);
  h4mk_reader_options keep = H4MK_READER_OPTIONS_INIT;
  keep.keep_corrupt = 1;
  Reader keeper(&file, keep);
  ASSERT_EQ(h4mk_reader_read_block(keeper.get(), 0, 1, &block), H4MK_OK);
  EXPECT_TRUE(block.flags & H4MK_BLOCK_CORRUPT);
}

// Whoever reads one track by number, block after block, reads little of the others' data.
TEST(LookupCostTest, ReadingATrackByNumberLeavesOthersAlone) {
  constexpr size_t kClusters = 6, kBlocks = 20, kSize = 2000, kOther = 5000;
  Media media;
  media.tracks.resize(2);
  for (size_t i = 0; i < kClusters * kBlocks; ++i)
    for (const uint32_t track : {0u, 1u})
      media.blocks.push_back({.track = track,
                              .pts = static_cast<int64_t>(i),
                              .dts = static_cast<int64_t>(i),
                              .data = Payload(i, track == 0 ? kSize : kOther)});
  TestFile file(Mux(media, ClusterLimits(kBlocks * (kSize + kOther), 0)));
  Reader reader(&file);
  file.bytes_read = 0;
  for (size_t i = 0; i < kClusters * kBlocks; ++i) {
    h4mk_block block = H4MK_BLOCK_INIT;
    ASSERT_EQ(h4mk_reader_read_block(reader.get(), 0, i, &block), H4MK_OK) << reader.message();
    EXPECT_EQ(FromC(block).data, media.blocks[2 * i].data);
  }
  EXPECT_LT(file.bytes_read, kClusters * kBlocks * (kSize + kOther / 2));
}

// core.md, "Block by number": where blocks were lost, the numbers that clusters begin with lead to
// the others. What is lost is not found, and no more than a few clusters are read.
TEST(LookupDamageTest, BlocksBehindLostOnesAreFoundByNumber) {
  Media media;
  media.tracks.resize(1);
  for (int64_t i = 0; i < 600; ++i)
    media.blocks.push_back({.pts = i, .dts = i, .data = Payload(1, 100)});
  Bytes file = Mux(media, ClusterLimits(1000, 0));
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(file))
    if (chunk.is_cluster()) clusters.push_back(chunk);
  ASSERT_GE(clusters.size(), 60u);
  // Without an end the index is made of what is there.
  file.resize(clusters.back().end());
  file.erase(file.begin() + clusters[20].begin, file.begin() + clusters[35].begin);
  file.erase(file.begin() + clusters[3].begin, file.begin() + clusters[5].begin);
  TestFile input(file);
  Reader reader(&input);
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  int found = 0;
  for (uint64_t number = 0; number < 610; ++number) {
    const h4mk_status status = h4mk_reader_block_info(reader.get(), 0, number, &info);
    ASSERT_TRUE(status == H4MK_OK || status == H4MK_ERR_NOT_FOUND) << reader.message();
    if (status != H4MK_OK) continue;
    ++found;
    ASSERT_EQ(info.ordinal, number);
    ASSERT_EQ(info.pts, static_cast<int64_t>(number));
  }
  h4mk_track_info track = H4MK_TRACK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_track_info(reader.get(), 0, &track), H4MK_OK);
  EXPECT_EQ(static_cast<uint64_t>(found), track.block_count);
  // A list begins with the next block that is there.
  for (uint64_t first = 0; first < 610; first += 13) {
    h4mk_block_info blocks[40] = {H4MK_BLOCK_INFO_INIT};
    size_t copied = 0;
    ASSERT_EQ(h4mk_reader_blocks(reader.get(), 0, first, blocks, 40, &copied), H4MK_OK);
    uint64_t next = first;
    for (size_t i = 0; i < copied; ++i, ++next) {
      while (h4mk_reader_block_info(reader.get(), 0, next, &info) != H4MK_OK) ++next;
      ASSERT_EQ(blocks[i].ordinal, next);
    }
    if (copied < 40) {
      for (; next < 610; ++next)
        ASSERT_NE(h4mk_reader_block_info(reader.get(), 0, next, &info), H4MK_OK) << first;
    }
  }
  EXPECT_LT(found, 500);
}

// Version 1: its log lists blocks whose chunks are gone.
TEST(LookupInDamageTest, OfVersion1HasTheBlocksThatAreThere) {
  Media media;
  media.tracks = {{"1/1000", "data", "x"}};
  for (int i = 0; i < 20; ++i)
    media.blocks.push_back({0, kKey, 10 * i, 10 * i, 10, Payload(i, 50)});
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.version = 1;
  TestFile file(Mux(media, options));
  int number = 0;
  for (const Chunk& chunk : WalkChunks(file.bytes))
    if (chunk.tag == "CORE" && (number++ == 0 || number == 8))
      std::fill_n(file.bytes.begin() + static_cast<ptrdiff_t>(chunk.begin), 20, uint8_t{0});
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  std::vector<h4mk_block_info> blocks(30, h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  size_t copied = 0;
  ASSERT_EQ(h4mk_reader_blocks(reader.get(), 0, 0, blocks.data(), blocks.size(), &copied), H4MK_OK);
  std::vector<uint64_t> ordinals;
  for (size_t i = 0; i < copied; ++i) ordinals.push_back(blocks[i].ordinal);
  EXPECT_EQ(ordinals, reader.ReadOn().ordinals);
  EXPECT_EQ(ordinals.size(), 18u);
  uint64_t frames = 0;
  ASSERT_EQ(h4mk_reader_frame_count(reader.get(), 0, &frames), H4MK_OK);
  EXPECT_EQ(frames, 18u);
}

// A frame, a time and a block are one place of the file away from what opening has read; the times
// of all frames none.
TEST(LookupCostTest, OneReadLeadsToAFrame) {
  Media media;
  AddVideo(&media, kVideo, 900, 9, 1, /*open=*/true);
  AddSimple(&media, kAudio, 20000, 0, 1024, 1024);
  Interleave(&media);
  FillPayloads(&media, 300);
  TestFile file(Mux(media, H4MK_WRITER_OPTIONS_INIT));
  Reader reader(&file);
  uint64_t count = 0;
  file.jumps = 0;
  ASSERT_EQ(h4mk_reader_frame_count(reader.get(), 0, &count), H4MK_OK);
  std::vector<int64_t> times(count);
  size_t copied = 0;
  ASSERT_EQ(h4mk_reader_frame_times(reader.get(), 0, 0, times.data(), count, &copied), H4MK_OK);
  EXPECT_EQ(copied, count);
  EXPECT_EQ(file.jumps, 0u) << "the times are in the index";
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  uint64_t number = 0;
  for (const uint64_t i : {count / 2, count / 3, count - 1}) {
    file.jumps = 0;
    ASSERT_EQ(h4mk_reader_frame(reader.get(), 0, i, &info), H4MK_OK);
    EXPECT_EQ(info.pts, times[i]);
    EXPECT_EQ(file.jumps, 1u);
    file.jumps = 0;
    ASSERT_EQ(h4mk_reader_frame_at(reader.get(), 0, times[i / 5], &number, nullptr), H4MK_OK);
    EXPECT_EQ(number, i / 5);
    EXPECT_LE(file.jumps, 1u);
    file.jumps = 0;
    ASSERT_EQ(h4mk_reader_block_info(reader.get(), 0, i / 2, &info), H4MK_OK);
    EXPECT_EQ(info.ordinal, i / 2);
    EXPECT_LE(file.jumps, 1u);
  }
  // A list reads each index of a cluster once.
  std::vector<h4mk_block_info> blocks(count, h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  file.jumps = 0;
  ASSERT_EQ(h4mk_reader_blocks(reader.get(), 0, 0, blocks.data(), count, &copied), H4MK_OK);
  EXPECT_EQ(copied, count);
  std::set<int64_t> clusters;
  for (const h4mk_block_info& block : blocks) clusters.insert(block.chunk);
  EXPECT_LE(file.jumps, clusters.size() + 1);
}

// Groups of pictures longer than a cluster are cut where no picture of the next cluster is shown
// before one of this.
TEST(LookupCostTest, ClustersOfReorderedPicturesDoNotOverlap) {
  Media media;
  AddVideo(&media, kVideo, 2, 200, 1);
  FillPayloads(&media, 300);
  TestFile file(Mux(media, ClusterLimits(8000, 0)));
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(file.bytes))
    if (chunk.is_cluster()) clusters.push_back(chunk);
  ASSERT_GE(clusters.size(), 20u);
  Reader reader(&file);
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  file.jumps = 0;
  ASSERT_EQ(h4mk_reader_frame(reader.get(), 0, 500, &info), H4MK_OK);
  EXPECT_EQ(info.pts, 501);
  EXPECT_EQ(file.jumps, 1u) << "and not one for each cluster";
}

// Pictures that are not stored as they are shown have to be sorted, which takes memory: once for a
// cluster and a track, not at each look-up.
TEST(LookupCostTest, TheFramesOfAClusterAreSortedOnce) {
  Media media;
  AddVideo(&media, kVideo, 1, 400, 1);
  AddVideo(&media, kVideo, 1, 400, 1);
  Interleave(&media);
  FillPayloads(&media, 30);
  TestFile file(Mux(media, ClusterLimits(1 << 24, 1 << 30)));
  Reader reader(&file);
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  for (const uint32_t track : {0u, 1u, 0u}) {
    SCOPED_TRACE("track " + std::to_string(track));
    const std::vector<Block> blocks = OfTrack(media, track);
    const std::vector<size_t> frames = Frames(blocks);
    ASSERT_EQ(h4mk_reader_frame(reader.get(), track, 0, &info), H4MK_OK);
    const AllocationMeter meter;
    for (size_t i = 0; i < frames.size(); ++i) {
      ASSERT_EQ(h4mk_reader_frame(reader.get(), track, i, &info), H4MK_OK);
      ASSERT_EQ(info.ordinal, frames[i]);
    }
    EXPECT_LT(meter.peak(), 1000) << "a list takes some thousand bytes";
  }
}

// The list of a cluster does not outlive it: neither where other clusters are looked up in between,
// nor where reading takes the cluster over, nor where the file grows.
TEST(LookupCostTest, TheListOfFramesBelongsToItsCluster) {
  TestFile written, file;
  Writer writer(&written, ClusterLimits(1 << 24, 1 << 30));
  writer.AddTrack();
  const auto write = [&](int64_t cluster) {
    for (const int64_t time : {0, 2, 1, 3})  // each cluster has its frames in another order
      ASSERT_EQ(writer.Write({.pts = cluster * 4 + (time + cluster) % 4, .data = ToBytes("block")}),
                H4MK_OK);
    ASSERT_EQ(writer.Flush(), H4MK_OK);
    file.bytes = written.bytes;
  };
  write(0);
  write(1);
  Reader reader(&file);
  const auto look_up = [&](uint64_t number) {
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
    EXPECT_EQ(h4mk_reader_frame(reader.get(), 0, number, &info), H4MK_OK);
    EXPECT_EQ(info.pts, static_cast<int64_t>(number));
  };
  for (const uint64_t number : {1, 5, 2, 6, 0}) look_up(number);
  h4mk_block block = H4MK_BLOCK_INIT;
  ASSERT_EQ(h4mk_reader_seek(reader.get(), 0, 0, H4MK_SEEK_BACKWARD), H4MK_OK);
  ASSERT_EQ(h4mk_reader_next(reader.get(), &block), H4MK_OK);
  for (const uint64_t number : {5, 1, 6}) look_up(number);
  write(2);
  for (const uint64_t number : {9, 1, 10, 5}) look_up(number);
}

TEST(ChunkListTest, AllChunksWithTheirPayloads) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack();
  ASSERT_EQ(h4mk_writer_add_chunk(writer.get(), "NOTE", 5, "front", 5), H4MK_OK);
  ASSERT_EQ(writer.Write({.data = ToBytes("block")}), H4MK_OK);
  ASSERT_EQ(h4mk_writer_add_chunk(writer.get(), "XTRA", 0, "", 0), H4MK_OK);
  ASSERT_EQ(writer.Write({.pts = 1, .data = ToBytes("block")}), H4MK_OK);
  for (const char* own : {"TRAK", "CORE", "TSEK", "TAIL", "FREE", "META", "ATTA",
                          "ab\x01"
                          "c"})
    EXPECT_EQ(h4mk_writer_add_chunk(writer.get(), own, 0, "", 0), H4MK_ERR_ARGUMENT) << own;
  ASSERT_EQ(writer.Finish(), H4MK_OK);
  Reader reader(&file);
  EXPECT_TRUE(reader.is_closed());
  std::string tags;
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  h4mk_status status;
  int64_t at = 0;
  for (; (status = h4mk_reader_chunk(reader.get(), at, &chunk)) == H4MK_OK; at = chunk.next) {
    tags += chunk.tag;
    const uint8_t* data = nullptr;
    size_t size = 0;
    ASSERT_EQ(h4mk_reader_chunk_payload(reader.get(), &chunk, &data, &size), H4MK_OK);
    EXPECT_EQ(size, chunk.length);
    if (std::string(chunk.tag) != "NOTE") continue;
    EXPECT_EQ(chunk.flags, 5u);
    EXPECT_EQ(std::string(data, data + size), "front");
  }
  EXPECT_EQ(status, H4MK_END);
  EXPECT_EQ(tags, "TRAKNOTECOREXTRACORETSEKTSEKTAIL");
  EXPECT_EQ(at + 4, static_cast<int64_t>(file.bytes.size()));
  EXPECT_EQ(reader.ReadOn().blocks.size(), 2u);
  EXPECT_EQ(h4mk_reader_chunk(reader.get(), 17, &chunk), H4MK_ERR_CORRUPT);
}

}  // namespace
}  // namespace h4mk_test
