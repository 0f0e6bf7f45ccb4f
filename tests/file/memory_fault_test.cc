// SPDX-License-Identifier: MIT
//
// Memory runs out, once, at each single allocation of reading, seeking and writing: an error,
// nothing leaked, and no wrong block, neither in what is read nor in what is written. Descriptions
// (opening a file, adding tracks, finishing) are left out: nlohmann-json allocates in its
// destructor, which ends the program where that fails.

#include <gtest/gtest.h>

#include "support/allocations.h"
#include "support/container.h"
#include "support/layouts.h"

namespace h4mk_test {
namespace {

// Calls of the library only are made while an allocation is to fail: what the test does itself must
// not.
class MemoryFaultTest : public testing::Test {
 protected:
  MemoryFaultTest() : media_(Film()) {
    media_.blocks.resize(60);
    FillPayloads(&media_, 60);
    media_.blocks[7].side_data = {{"skip_samples", Payload(1, 10)},
                                  {"a name that is long enough", {}}};
    bytes_ = Mux(media_, kLimits);
  }

  // Reads to the end; the allocation with this number fails. False if there are not so many.
  bool ReadWithFailure(h4mk_reader* reader, int64_t number, std::vector<Block>* blocks) {
    bool failed = false;
    for (;;) {
      h4mk_block block = H4MK_BLOCK_INIT;
      h4mk_status status;
      bool now = false;
      {
        FailingAllocation failure(number);
        status = h4mk_reader_next(reader, &block);
        now = !failed && failure.has_failed();
        number = g_until_failure;
      }
      failed = failed || now;
      if (now && status == H4MK_ERR_MEMORY) continue;  // once more, then there is memory
      if (status != H4MK_OK) {
        EXPECT_EQ(status, H4MK_END);
        return failed;
      }
      blocks->push_back(FromC(block));
    }
  }

  // Writes all blocks and the last cluster; the first status that is no success.
  h4mk_status WriteWithFailure(h4mk_writer* writer, int64_t number, bool* failed) {
    *failed = false;
    for (size_t i = 0; i <= media_.blocks.size(); ++i) {
      const bool is_over = i == media_.blocks.size();
      std::vector<h4mk_side_data> side_data;
      h4mk_block block = H4MK_BLOCK_INIT;
      if (!is_over) block = ToC(media_.blocks[i], &side_data);
      FailingAllocation failure(number);
      const h4mk_status status =
          is_over ? h4mk_writer_flush(writer) : h4mk_writer_write(writer, &block);
      *failed = failure.has_failed();
      number = g_until_failure;
      if (status != H4MK_OK || *failed) return status;
    }
    return H4MK_OK;
  }

  const h4mk_writer_options kLimits = ClusterLimits(400, 0);
  Media media_;
  Bytes bytes_;
};

// Calling again tries once more: nothing is lost or repeated.
TEST_F(MemoryFaultTest, EveryAllocationOfReadingFailsOnce) {
  bool failed = true;
  int64_t number = 0;
  for (; failed; ++number) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    const int64_t before = g_allocated;
    {
      TestFile file(bytes_);
      h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
      options.buffers = CountedBuffers();
      Reader reader(&file, options);
      std::vector<Block> blocks;
      failed = ReadWithFailure(reader.get(), number, &blocks);
      ASSERT_EQ(blocks, media_.blocks);
    }
    ASSERT_EQ(g_allocated, before) << "leaked";
  }
  EXPECT_GT(number, 20);
}

// "On an error the position is unchanged", and the same seek then works.
TEST_F(MemoryFaultTest, EveryAllocationOfASeekFailsOnce) {
  bool failed = true;
  for (int64_t number = 0; failed; ++number) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    TestFile file(bytes_);
    Reader reader(&file);
    Block block;
    for (size_t i = 0; i < 5; ++i) ASSERT_EQ(reader.Next(&block), H4MK_OK);
    h4mk_status status;
    {
      FailingAllocation failure(number);
      status = h4mk_reader_seek(reader.get(), 0, 14, H4MK_SEEK_BACKWARD);
      failed = failure.has_failed();
    }
    if (status != H4MK_OK) {
      ASSERT_TRUE(failed);
      ASSERT_EQ(status, H4MK_ERR_MEMORY);
      ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
      ASSERT_EQ(block, media_.blocks[5]);
      ASSERT_EQ(reader.Seek(0, 14, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
    }
    do {
      ASSERT_EQ(reader.Next(&block), H4MK_OK);
    } while (block.track != 0);
    ASSERT_EQ(block.pts, 14);  // Film() has a seek point there: frames 1 + 13 × n
  }
}

// The same for the blocks before the one that was sought.
TEST_F(MemoryFaultTest, EveryAllocationOfAPrerollFailsOnce) {
  for (Block& block : media_.blocks) block.side_data = {{"skip_samples", Payload(1, 10)}};
  bytes_ = Mux(media_, kLimits);
  const auto read = [&](int64_t number, std::vector<Block>* blocks) {
    TestFile file(bytes_);
    Reader reader(&file);
    EXPECT_EQ(h4mk_reader_set_preroll(reader.get(), 1, 8), H4MK_OK);
    EXPECT_EQ(reader.Seek(1, media_.blocks[40].pts, H4MK_SEEK_BACKWARD), H4MK_OK);
    return ReadWithFailure(reader.get(), number, blocks);
  };
  std::vector<Block> expected;
  ASSERT_FALSE(read(INT64_MAX - 1, &expected));
  bool failed = true;
  for (int64_t number = 0; failed; ++number) {
    std::vector<Block> blocks;
    failed = read(number, &blocks);
    ASSERT_EQ(blocks, expected) << "allocation " << number;
  }
}

// What a writer that ran out of memory has written is the beginning of the recording.
TEST_F(MemoryFaultTest, EveryAllocationOfWritingFailsOnce) {
  bool failed = true;
  int64_t number = 0;
  for (; failed; ++number) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    TestFile file;
    file.bytes.reserve(2 * bytes_.size());
    const int64_t before = g_allocated;
    {
      Writer writer(&file, kLimits);
      for (const Track& track : media_.tracks) writer.AddTrack(track);
      ASSERT_EQ(writer.Flush(), H4MK_OK);  // TRAK
      const h4mk_status status = WriteWithFailure(writer.get(), number, &failed);
      ASSERT_EQ(status, failed ? H4MK_ERR_MEMORY : H4MK_OK) << writer.message();
      writer.Finish();  // whatever it can still do
    }
    ASSERT_EQ(g_allocated, before) << "leaked";
    if (file.bytes.size() < 500) continue;  // no cluster yet
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    const Reading reading = reader.ReadOn();
    ASSERT_EQ(reading.damage, std::vector<std::string>());
    for (size_t i = 0; i < reading.blocks.size(); ++i)
      ASSERT_EQ(reading.blocks[i], media_.blocks[i]);
  }
  EXPECT_GT(number, 50);
}

}  // namespace
}  // namespace h4mk_test
