// SPDX-License-Identifier: MIT
//
// Large files: more than 4 GiB, more than 74.6 hours (where version 1 ends), more than a million
// blocks. All of them are read right, opened and sought in without reading much, and cost no more
// memory than small ones.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <random>

#include "support/allocations.h"
#include "support/container.h"
#include "support/layouts.h"

namespace h4mk_test {
namespace {

// A file of any size that stores only what is not zero.
class SparseFile {
 public:
  h4mk_io Io() {
    h4mk_io io = H4MK_IO_INIT;
    io.opaque = this;
    io.read = [](void* self, uint8_t* buffer, size_t size) {
      return static_cast<SparseFile*>(self)->Read(buffer, size);
    };
    io.write = [](void* self, const uint8_t* buffer, size_t size) {
      return static_cast<SparseFile*>(self)->Write(buffer, size);
    };
    io.seek = [](void* self, int64_t offset) {
      static_cast<SparseFile*>(self)->position_ = offset;
      return 0;
    };
    io.size = [](void* self) { return static_cast<SparseFile*>(self)->size_; };
    return io;
  }
  int64_t size() const { return size_; }
  int64_t bytes_read() const { return bytes_read_; }

 private:
  static constexpr int64_t kPage = 4096;
  using Page = std::array<uint8_t, kPage>;

  int64_t Write(const uint8_t* buffer, size_t size) {
    for (size_t done = 0; done < size;) {
      const int64_t at = position_ % kPage;
      const size_t count = std::min(size - done, static_cast<size_t>(kPage - at));
      auto page = pages_.find(position_ / kPage);
      if (page == pages_.end() && std::memcmp(buffer + done, kZeros.data(), count) != 0) {
        page = pages_.emplace(position_ / kPage, kZeros).first;
      }
      if (page != pages_.end()) std::memcpy(page->second.data() + at, buffer + done, count);
      position_ += count;
      done += count;
    }
    size_ = std::max(size_, position_);
    return static_cast<int64_t>(size);
  }

  int64_t Read(uint8_t* buffer, size_t size) {
    const size_t total = std::min<size_t>(size, std::max<int64_t>(0, size_ - position_));
    for (size_t done = 0; done < total;) {
      const int64_t at = position_ % kPage;
      const size_t count = std::min(total - done, static_cast<size_t>(kPage - at));
      const auto page = pages_.find(position_ / kPage);
      const Page& source = page == pages_.end() ? kZeros : page->second;
      std::memcpy(buffer + done, source.data() + at, count);
      position_ += count;
      done += count;
    }
    bytes_read_ += static_cast<int64_t>(total);
    return static_cast<int64_t>(total);
  }

  static constexpr Page kZeros = {};
  std::map<int64_t, Page> pages_;
  int64_t position_ = 0, size_ = 0, bytes_read_ = 0;
};

// A recording that is computed, not stored.
struct Recording {
  std::vector<Track> tracks;
  uint64_t count;
  Block (*block)(uint64_t number);
};

void WriteRecording(const h4mk_io& io, const Recording& recording,
                    h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT) {
  h4mk_writer* writer = nullptr;
  ASSERT_EQ(h4mk_writer_open(&io, &options, &writer), H4MK_OK);
  for (uint32_t i = 0; i < recording.tracks.size(); ++i) {
    uint32_t index;
    ASSERT_EQ(h4mk_writer_add_track(writer, Describe(recording.tracks[i], i + 1).get(), &index),
              H4MK_OK);
  }
  for (uint64_t i = 0; i < recording.count; ++i) {
    ASSERT_EQ(WriteBlock(writer, recording.block(i)), H4MK_OK) << h4mk_writer_message(writer);
  }
  ASSERT_EQ(h4mk_writer_finish(writer), H4MK_OK) << h4mk_writer_message(writer);
  h4mk_writer_free(writer);
}

// Compares times, flags and as much of the payload as tells blocks apart.
bool Same(const h4mk_block& c, const Block& block, size_t* size) {
  *size = c.size;
  const size_t count = std::min(c.size, block.data.size());
  return c.track == block.track && c.flags == block.flags && c.pts == block.pts &&
         c.dts == block.dts && c.duration == block.duration &&
         std::equal(c.data, c.data + count, block.data.begin());
}

void ExpectAllBlocks(h4mk_reader* reader, const Recording& recording) {
  h4mk_block c = H4MK_BLOCK_INIT;
  size_t size;
  for (uint64_t i = 0; i < recording.count; ++i) {
    ASSERT_EQ(h4mk_reader_next(reader, &c), H4MK_OK) << i << " " << h4mk_reader_message(reader);
    const Block expected = recording.block(i);
    ASSERT_TRUE(Same(c, expected, &size)) << i << " " << FromC(c) << " " << expected;
    ASSERT_EQ(size, expected.data.size());
  }
  ASSERT_EQ(h4mk_reader_next(reader, &c), H4MK_END);
}

// The first block of track 0 after a seek to the time of block `number`, which is a seek point
// .
void ExpectSeekTo(h4mk_reader* reader, const Recording& recording, uint64_t number) {
  const Block target = recording.block(number);
  ASSERT_EQ(target.track, 0u);
  for (const int mode : {H4MK_SEEK_BACKWARD, H4MK_SEEK_FORWARD}) {
    ASSERT_EQ(h4mk_reader_seek(reader, 0, target.pts, mode), H4MK_OK)
        << h4mk_reader_message(reader);
    h4mk_block c = H4MK_BLOCK_INIT;
    size_t size;
    do {
      ASSERT_EQ(h4mk_reader_next(reader, &c), H4MK_OK) << h4mk_reader_message(reader);
    } while (c.track != 0);
    ASSERT_TRUE(Same(c, target, &size)) << FromC(c) << " instead of " << target;
  }
}

Bytes Numbered(uint64_t number, size_t size) {
  Bytes bytes(size);
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

// 1,100 blocks of 4 MiB: offsets of more than 32 bits.
TEST(LargeTest, MoreThan4GiB) {
  const Recording recording{{{"1/25"}}, 1100, [](uint64_t i) {
                              const int64_t time = static_cast<int64_t>(i);
                              return Block{.flags = i % 10 == 0 ? kKey : kP,
                                           .pts = time,
                                           .dts = time,
                                           .duration = 1,
                                           .data = Numbered(i, 4 << 20)};
                            }};
  SparseFile file;
  ASSERT_NO_FATAL_FAILURE(WriteRecording(file.Io(), recording));
  ASSERT_GT(file.size(), int64_t{4} << 30);

  h4mk_io io = file.Io();
  io.seek(io.opaque, 0);
  h4mk_reader* reader = nullptr;
  ASSERT_EQ(h4mk_reader_open(&io, nullptr, &reader), H4MK_OK) << h4mk_reader_message(reader);
  h4mk_track_info info = H4MK_TRACK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_track_info(reader, 0, &info), H4MK_OK);
  EXPECT_EQ(info.block_count, 1100u);
  EXPECT_EQ(info.byte_count, uint64_t{1100} * (4 << 20));
  EXPECT_LT(file.bytes_read(), 1 << 20) << "to open it";
  for (const uint64_t number : {1090, 0, 1020, 550})
    ASSERT_NO_FATAL_FAILURE(ExpectSeekTo(reader, recording, number));
  EXPECT_LT(file.bytes_read(), 64 << 20) << "for four seeks";
  ASSERT_EQ(h4mk_reader_rewind(reader), H4MK_OK);
  ExpectAllBlocks(reader, recording);
  h4mk_reader_free(reader);
}

// 100 hours in ticks of a nanosecond: more than 2^28 ms, times of 49 bits.
TEST(LargeTest, MoreThan74Hours) {
  const Recording recording{{{"1/1000000000"}, {"1/48000"}}, 100 * 3600, [](uint64_t i) {
                              const uint32_t track = i % 2;
                              const int64_t time = static_cast<int64_t>(i / 2) * 2 *
                                                   (track == 0 ? 1000000000 : 48000);
                              const uint32_t flags = track == 1 || i % 20 == 0 ? kKey : kP;
                              return Block{.track = track,
                                           .flags = flags,
                                           .pts = time,
                                           .dts = time,
                                           .duration = 1,
                                           .data = Numbered(i, 8)};
                            }};
  TestFile file;
  ASSERT_NO_FATAL_FAILURE(WriteRecording(file.Io(), recording));
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  ASSERT_NO_FATAL_FAILURE(ExpectAllBlocks(reader.get(), recording));
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    ASSERT_NO_FATAL_FAILURE(
        ExpectSeekTo(reader.get(), recording, random() % (recording.count / 20) * 20));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectSeekTo(reader.get(), recording, recording.count - 20));
}

Block OfMillions(uint64_t i) {
  const uint32_t track = i % 3 == 0 ? 0 : 1;
  const int64_t time = static_cast<int64_t>(track == 0 ? i / 3 : i * 512);
  const uint32_t flags = track == 1 || i % 300 == 0 ? kKey : kP;
  return Block{.track = track,
               .flags = flags,
               .pts = time,
               .dts = time,
               .duration = track == 0 ? 1 : 512,
               .data = Numbered(i, 8 + i % 7)};
}

struct Cost {
  int64_t writing = 0, reading = 0, seeking = 0;  // most memory in use at once
};

// Writes and reads so many blocks through a real file.
Cost CostOfBlocks(uint64_t count) {
  const Recording recording{{{"1/25"}, {"1/48000"}}, count, OfMillions};
  const std::string path = testing::TempDir() + "h4mk_large_test.h4mk";
  Cost cost;
  h4mk_io io = H4MK_IO_INIT;
  EXPECT_EQ(h4mk_io_open_file(path.c_str(), H4MK_OPEN_WRITE, &io), H4MK_OK);
  {
    const AllocationMeter meter;
    WriteRecording(io, recording);
    cost.writing = meter.peak();
  }
  h4mk_io_close(&io);
  EXPECT_EQ(h4mk_io_open_file(path.c_str(), H4MK_OPEN_READ, &io), H4MK_OK);
  h4mk_reader* reader = nullptr;
  {
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    options.buffers = CountedBuffers();
    const AllocationMeter meter;
    EXPECT_EQ(h4mk_reader_open(&io, &options, &reader), H4MK_OK) << h4mk_reader_message(reader);
    ExpectAllBlocks(reader, recording);
    cost.reading = meter.peak();
  }
  {
    const AllocationMeter meter;
    std::mt19937 random(1);
    for (int i = 0; i < 500; ++i) ExpectSeekTo(reader, recording, random() % (count / 300) * 300);
    cost.seeking = meter.peak();
  }
  uint64_t entries = 0, bytes = 0;
  EXPECT_EQ(h4mk_reader_index_size(reader, 0, &entries, &bytes), H4MK_OK);
  EXPECT_EQ(entries, (count + 299) / 300);  // one for each seek point of track 0
  std::vector<h4mk_index_entry> index(1000, h4mk_index_entry(H4MK_INDEX_ENTRY_INIT));
  uint64_t seen = 0;
  for (size_t copied = index.size(); copied == index.size(); seen += copied) {
    copied = 0;
    EXPECT_EQ(h4mk_reader_index_entries(reader, 0, seen, index.data(), index.size(), &copied),
              H4MK_OK);
    for (size_t i = 0; i < copied; ++i)
      EXPECT_EQ(index[i].time, static_cast<int64_t>(seen + i) * 100);
  }
  EXPECT_EQ(seen, entries);
  h4mk_reader_free(reader);
  h4mk_io_close(&io);
  std::remove(path.c_str());
  return cost;
}

// "Index memory stays bounded at any length": four times the blocks cost hardly more memory.
TEST(LargeTest, MoreThanAMillionBlocks) {
  constexpr int64_t kMegabyte = 1 << 20;
  const Cost small = CostOfBlocks(300000);
  const Cost large = CostOfBlocks(1200000);
  EXPECT_LT(large.writing, 16 * kMegabyte);
  EXPECT_LT(large.reading, 16 * kMegabyte);
  EXPECT_LT(large.seeking, 16 * kMegabyte);
  EXPECT_LT(large.writing - small.writing, kMegabyte);
  EXPECT_LT(large.reading - small.reading, kMegabyte);
  EXPECT_LT(large.seeking - small.seeking, kMegabyte);
}

// A file of many clusters that was cut: its index pages are found from its end, so that opening and
// seeking read little.
TEST(LargeTest, ALongFileThatWasCut) {
  const Recording recording{{{"1/25"}, {"1/48000"}}, 600000, OfMillions};
  TestFile file;
  ASSERT_NO_FATAL_FAILURE(WriteRecording(file.Io(), recording, ClusterLimits(2000, 0)));
  file.bytes.resize(file.bytes.size() / 3 * 2);
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  EXPECT_FALSE(reader.is_closed());
  ASSERT_NO_FATAL_FAILURE(ExpectSeekTo(reader.get(), recording, 300 * 1000));
  ASSERT_NO_FATAL_FAILURE(ExpectSeekTo(reader.get(), recording, 300));
  h4mk_reader_rewind(reader.get());
  uint64_t i = 0;
  Block block;
  for (; reader.Next(&block) == H4MK_OK; ++i) ASSERT_EQ(block, OfMillions(i));
  EXPECT_GT(i, 600000u * 6 / 10);
}

}  // namespace
}  // namespace h4mk_test
