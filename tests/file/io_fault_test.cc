// SPDX-License-Identifier: MIT
//
// Input and output that fail: every callback fails once, gives one byte at a time, has no room
// left, or grows meanwhile.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>

#include "base/hex.h"
#include "base/json.h"
#include "support/chunks.h"
#include "support/container.h"
#include "support/layouts.h"
#include "support/observe.h"

namespace h4mk_test {
namespace {

class IoFaultTest : public testing::Test {
 protected:
  IoFaultTest() : media_(Film()) {
    FillPayloads(&media_, 60);
    bytes_ = Mux(media_, kLimits);
  }

  // Writes the recording; returns the first status that was no success.
  h4mk_status WriteAll(Writer* writer) {
    for (const Track& track : media_.tracks) writer->AddTrack(track);
    for (const Block& block : media_.blocks) {
      const h4mk_status status = writer->Write(block);
      if (status != H4MK_OK) return status;
    }
    return writer->Finish();
  }

  // What can be read is a beginning of the recording, and all of its complete clusters.
  void ExpectReadableBeginning(const TestFile& written) {
    TestFile file(written.bytes);
    Reader reader(&file);
    size_t complete = 0;
    for (const Chunk& chunk : WalkChunks(bytes_)) {
      if (!chunk.is_cluster() || chunk.end() > file.bytes.size()) continue;
      for (const int64_t offset : offsets()) complete += chunk.Contains(offset);
    }
    if (complete == 0) return;
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    const std::vector<Block> blocks = reader.ReadOn().blocks;
    ASSERT_GE(blocks.size(), complete);
    for (size_t i = 0; i < blocks.size(); ++i) ASSERT_EQ(blocks[i], media_.blocks[i]);
  }

  const std::vector<int64_t>& offsets() {
    if (offsets_.empty()) {
      TestFile file(bytes_);
      offsets_ = Reader(&file).ReadOn().offsets;
    }
    return offsets_;
  }

  const h4mk_writer_options kLimits = ClusterLimits(400, 0);
  Media media_;
  Bytes bytes_;
  std::vector<int64_t> offsets_;
};

TEST_F(IoFaultTest, OneByteAtATime) {
  TestFile file;
  file.max_transfer = 1;
  Writer writer(&file, kLimits);
  ASSERT_EQ(WriteAll(&writer), H4MK_OK);
  EXPECT_TRUE(file.bytes == bytes_);
  for (const bool pipe : {false, true}) {
    file.pipe = pipe;
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    EXPECT_EQ(reader.ReadOn().blocks, media_.blocks);
  }
}

// "H4MK_ERR_IO: a callback failed; calling again tries once more." Nothing is lost or repeated by
// that.
TEST_F(IoFaultTest, EveryReadFailsOnce) {
  for (const bool pipe : {false, true}) {
    TestFile control(bytes_);
    control.pipe = pipe;
    control.max_transfer = 200;
    Reader(&control).ReadOn();
    ASSERT_GT(control.reads, 5u);
    for (size_t call = 0; call < control.reads; ++call) {
      SCOPED_TRACE("call " + std::to_string(call) + (pipe ? " of a pipe" : ""));
      TestFile file(bytes_);
      file.pipe = pipe;
      file.max_transfer = 200;
      file.failing_read = call;
      Reader reader(&file);
      if (reader.status() != H4MK_OK) {
        ASSERT_EQ(reader.status(), H4MK_ERR_IO) << reader.message();
        ASSERT_EQ(h4mk_reader_io_error(reader.get()), TestFile::kFault);
        continue;
      }
      Reading first = reader.ReadOn();
      if (first.end == H4MK_ERR_IO) {
        ASSERT_EQ(h4mk_reader_io_error(reader.get()), TestFile::kFault);
        ASSERT_NE(reader.message(), "");
        const Reading second = reader.ReadOn();
        first.blocks.insert(first.blocks.end(), second.blocks.begin(), second.blocks.end());
      }
      ASSERT_EQ(first.damage, std::vector<std::string>());
      ASSERT_EQ(first.blocks, media_.blocks);
    }
  }
}

// The same where chunks are looked for behind damage: what a pipe has given until then is not lost.
TEST_F(IoFaultTest, EveryReadOfADamagedPipeFailsOnce) {
  FillPayloads(&media_, 3000);
  const Bytes good = Mux(media_, ClusterLimits(60000, 0));
  std::vector<Bytes> files;
  for (const Chunk& chunk : WalkChunks(good)) {
    for (const size_t at : {size_t{0}, size_t{9}, kChunkHeaderSize + 1}) {  // tag, length, index
      files.push_back(good);
      files.back()[chunk.begin + at] ^= 0x11;
    }
    files.push_back(files.back());
    files.back().resize(chunk.end());  // nothing follows
  }
  for (const Bytes& bytes : files) {
    const auto file_of = [&](size_t failing_read) {
      TestFile file(bytes);
      file.pipe = true;
      file.max_transfer = 10000;
      file.failing_read = failing_read;
      return file;
    };
    TestFile control = file_of(TestFile::kNoLimit);
    const Reading expected = Reader(&control).ReadOn();
    for (size_t call = 0; call < control.reads; ++call) {
      SCOPED_TRACE("call " + std::to_string(call) + " of " + std::to_string(control.reads));
      TestFile file = file_of(call);
      Reader reader(&file);
      if (reader.status() == H4MK_ERR_IO) continue;
      Reading reading = reader.ReadOn();
      if (reading.end == H4MK_ERR_IO) {
        const Reading rest = reader.ReadOn();
        reading.blocks.insert(reading.blocks.end(), rest.blocks.begin(), rest.blocks.end());
        reading.damage.insert(reading.damage.end(), rest.damage.begin(), rest.damage.end());
        reading.end = rest.end;
      }
      ASSERT_EQ(reading.end, expected.end) << reader.message();
      ASSERT_EQ(reading.damage, expected.damage);
      ASSERT_EQ(reading.blocks, expected.blocks);
    }
  }
}

// The library does not read again by itself: it reports every callback that fails.
TEST_F(IoFaultTest, EveryReadOfTheRestOfTheTracksFailsOnce) {
  FillPayloads(&media_, 3000);
  const Bytes bytes = Mux(media_, ClusterLimits(60000, 0));
  const auto read = [](TestFile* file) {
    Reader reader(file);
    if (reader.status() != H4MK_OK) return reader.status();
    EXPECT_EQ(h4mk_reader_discard(reader.get(), 1, 1), H4MK_OK);
    return reader.ReadOn().end;
  };
  TestFile control(bytes);
  ASSERT_EQ(read(&control), H4MK_END);
  for (size_t call = 0; call < control.reads; ++call) {
    TestFile file(bytes);
    file.failing_read = call;
    EXPECT_EQ(read(&file), H4MK_ERR_IO) << "call " << call << " of " << control.reads;
  }
}

// An input that fails is reported as such, and not as damage.
TEST_F(IoFaultTest, EveryReadOfACheckAndOfARecoveryFailsOnce) {
  const auto verify = [](TestFile* file) {
    const h4mk_io io = file->Io();
    return h4mk_verify(&io, nullptr, nullptr);
  };
  const auto recover = [](TestFile* file) {
    TestFile out;
    const h4mk_io io = file->Io(), to = out.Io();
    return h4mk_recover(&io, &to, nullptr, nullptr);
  };
  for (const auto& work : std::vector<std::function<h4mk_status(TestFile*)>>{verify, recover}) {
    TestFile control(bytes_);
    ASSERT_EQ(work(&control), H4MK_OK);
    ASSERT_GT(control.reads, 2u);
    for (size_t call = 0; call < control.reads; ++call) {
      TestFile file(bytes_);
      file.failing_read = call;
      EXPECT_EQ(work(&file), H4MK_ERR_IO) << "call " << call << " of " << control.reads;
    }
  }
}

// A seek during which a callback fails leaves the position as it was, and the same seek then works.
// What the seek itself need not read may fail with the first block: that can be asked for again.
TEST_F(IoFaultTest, EveryReadAndSeekOfASeekFailsOnce) {
  FillPayloads(&media_, 3000);
  const Bytes bytes = Mux(media_, kLimits);
  int failed_seeks = 0, failed_blocks = 0;
  for (size_t call = 0; call < 10; ++call) {
    for (const bool fail_seek : {false, true}) {
      for (const int mode : {H4MK_SEEK_BACKWARD, H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY}) {
        SCOPED_TRACE(call);
        TestFile file(bytes);
        Reader reader(&file);
        Block block;
        for (size_t i = 0; i < 5; ++i) ASSERT_EQ(reader.Next(&block), H4MK_OK);
        (fail_seek ? file.failing_seek : file.failing_read) =
            (fail_seek ? file.seeks : file.reads) + call;
        const h4mk_status status = reader.Seek(0, 40, mode);
        if (status != H4MK_OK) {
          ++failed_seeks;
          ASSERT_EQ(status, H4MK_ERR_IO);
          ASSERT_EQ(h4mk_reader_io_error(reader.get()), TestFile::kFault);
          ASSERT_EQ(reader.Next(&block), H4MK_OK) << reader.message();
          ASSERT_EQ(block, media_.blocks[5]);
          ASSERT_EQ(reader.Seek(0, 40, mode), H4MK_OK) << reader.message();
        }
        do {
          h4mk_status next = reader.Next(&block);
          if (next == H4MK_ERR_IO) {
            ++failed_blocks;
            next = reader.Next(&block);
          }
          ASSERT_EQ(next, H4MK_OK) << reader.message();
        } while (block.track != 0);
        ASSERT_EQ(block.pts, 40);  // Film() has a seek point there: frames 1 + 13 × 3
      }
    }
  }
  EXPECT_GT(failed_seeks, 1);
  EXPECT_GT(failed_blocks, 1);
}

// A wrong index is made again at the seek that finds it; where reading fails then, the next call
// goes on with that.
TEST_F(IoFaultTest, EveryReadAndSeekFailsOnceWhileAnIndexIsMadeAgain) {
  Bytes bytes = bytes_;
  h4mk_block_info key = H4MK_BLOCK_INFO_INIT;
  {
    TestFile file(bytes);
    Reader reader(&file);
    ASSERT_EQ(h4mk_reader_keyframe(reader.get(), 0, 40, &key), H4MK_OK);
  }
  // The index names this cluster, and nothing can be read there.
  bytes[static_cast<size_t>(key.chunk) + 1] ^= 1;
  const auto read = [&](TestFile* file, size_t* failed) {
    file->max_transfer = 100;
    Reader reader(file);
    EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
    std::vector<Block> blocks;
    for (const int64_t time : {40, 70}) {
      h4mk_status status = reader.Seek(0, time, H4MK_SEEK_BACKWARD);
      for (int tries = 0; tries < 2 && status == H4MK_ERR_IO; ++tries, ++*failed)
        status = reader.Seek(0, time, H4MK_SEEK_BACKWARD);
      EXPECT_EQ(status, H4MK_OK) << reader.message();
      for (Block block; H4MK_GOES_ON(status) || status == H4MK_ERR_IO;) {
        status = reader.Next(&block);
        *failed += status == H4MK_ERR_IO;
        if (status == H4MK_OK) blocks.push_back(block);
      }
    }
    return blocks;
  };
  size_t failed = 0;
  TestFile control(bytes);
  const std::vector<Block> expected = read(&control, &failed);
  EXPECT_EQ(failed, 0u);
  size_t opening_reads = 0, opening_seeks = 0;
  {
    TestFile file(bytes);
    file.max_transfer = 100;
    Reader reader(&file);
    opening_reads = file.reads;
    opening_seeks = file.seeks;
  }
  for (size_t call = opening_reads; call < control.reads; ++call) {
    TestFile file(bytes);
    file.failing_read = call;
    EXPECT_EQ(read(&file, &failed), expected) << "read " << call << " of " << control.reads;
  }
  for (size_t call = opening_seeks; call < control.seeks; ++call) {
    TestFile file(bytes);
    file.failing_seek = call;
    EXPECT_EQ(read(&file, &failed), expected) << "seek " << call << " of " << control.seeks;
  }
  EXPECT_GT(failed, 10u);
}

// An input that has the callbacks but refuses to seek is read like a pipe.
TEST_F(IoFaultTest, SeekRefused) {
  TestFile file(bytes_);
  h4mk_io io = file.Io();
  io.seek = [](void*, int64_t) { return -1; };
  io.size = [](void*) { return int64_t{-1}; };
  h4mk_reader* reader = nullptr;
  ASSERT_EQ(h4mk_reader_open(&io, nullptr, &reader), H4MK_OK) << h4mk_reader_message(reader);
  size_t count = 0;
  h4mk_block block = H4MK_BLOCK_INIT;
  while (h4mk_reader_next(reader, &block) == H4MK_OK) ++count;
  EXPECT_EQ(count, media_.blocks.size());
  h4mk_reader_free(reader);
}

// After an I/O error "the writer stays in that error"; what was written before is readable.
TEST_F(IoFaultTest, EveryWriteFailsOnce) {
  TestFile control;
  Writer control_writer(&control, kLimits);
  ASSERT_EQ(WriteAll(&control_writer), H4MK_OK);
  ASSERT_GT(control.writes, 5u);
  for (size_t call = 0; call < control.writes; ++call) {
    SCOPED_TRACE(call);
    TestFile file;
    file.failing_write = call;
    Writer writer(&file, kLimits);
    ASSERT_EQ(WriteAll(&writer), H4MK_ERR_IO);
    ASSERT_EQ(writer.io_error(), TestFile::kFault);
    ASSERT_NE(writer.message(), "");
    const size_t size = file.bytes.size();
    ASSERT_EQ(writer.Write(media_.blocks[0]), H4MK_ERR_IO);
    ASSERT_EQ(writer.Finish(), H4MK_ERR_IO);
    ASSERT_EQ(file.bytes.size(), size) << "written after the error";
    ExpectReadableBeginning(file);
  }
}

// The disk is full after any number of bytes.
TEST_F(IoFaultTest, DiskFull) {
  for (size_t capacity = 0; capacity < bytes_.size(); capacity += 13) {
    SCOPED_TRACE(capacity);
    TestFile file;
    file.capacity = capacity;
    Writer writer(&file, kLimits);
    ASSERT_EQ(WriteAll(&writer), H4MK_ERR_IO);
    ASSERT_EQ(writer.io_error(), TestFile::kFault);
    ExpectReadableBeginning(file);
  }
}

// A file that grows while it is read: at its end H4MK_AGAIN, then the next blocks, at last
// H4MK_END.
TEST_F(IoFaultTest, AGrowingFile) {
  for (const bool pipe : {false, true}) {
    for (const size_t step : {1u, 50u, 1000u}) {
      SCOPED_TRACE(std::to_string(step) +
                   (pipe ? " bytes at a time to a pipe" : " bytes at a time"));
      // Enough to open it: everything before the first cluster.
      size_t size = 0;
      for (const Chunk& chunk : WalkChunks(bytes_)) {
        if (chunk.is_cluster()) {
          size = chunk.begin;
          break;
        }
      }
      TestFile file(Bytes(bytes_.begin(), bytes_.begin() + size));
      file.pipe = pipe;
      Reader reader(&file);
      ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
      std::vector<Block> blocks;
      h4mk_status end = H4MK_AGAIN;
      for (;; size = std::min(size + step, bytes_.size())) {
        file.bytes.assign(bytes_.begin(), bytes_.begin() + size);
        const Reading reading = reader.ReadOn();
        ASSERT_EQ(reading.damage, std::vector<std::string>()) << "with " << size << " bytes";
        blocks.insert(blocks.end(), reading.blocks.begin(), reading.blocks.end());
        end = reading.end;
        if (size == bytes_.size()) break;
        ASSERT_EQ(end, H4MK_AGAIN);
      }
      EXPECT_EQ(end, H4MK_END);
      EXPECT_EQ(blocks, media_.blocks);
    }
  }
}

// What stands behind damage is found as soon as it is complete, however the file came to be so
// long: what was looked through in vain is not looked through again.
TEST_F(IoFaultTest, AGrowingFileWithDamage) {
  const std::vector<Chunk> chunks = WalkChunks(bytes_);
  size_t first = 0;
  while (!chunks[first].is_cluster()) ++first;
  const auto middle = bytes_.begin() + static_cast<ptrdiff_t>(chunks[first + 2].begin);
  Bytes zeros = bytes_, no_index = bytes_, too_long = bytes_;
  std::fill_n(zeros.begin() + static_cast<ptrdiff_t>(chunks[first + 1].begin), 40, uint8_t{0});
  no_index[chunks[first + 1].begin + 20] ^= 1;
  too_long[chunks[first + 1].begin + 10] ^= 0x10;  // by a megabyte
  Bytes garbage = Payload(1, 300);
  for (const uint32_t flags :
       {0u, kClusterFlag, 0u, kClusterFlag}) {  // that never come to their end
    const Bytes chunk = MakeChunk("CORE", Bytes(100000), flags);
    garbage.insert(garbage.end(), chunk.begin(), chunk.begin() + 30);
  }
  const Bytes between = Bytes(bytes_.begin(), middle) + garbage + Bytes(middle, bytes_.end());
  for (const Bytes& bytes : {zeros, no_index, too_long, between}) {
    TestFile at_once(bytes);
    const Reading expected = Reader(&at_once).ReadOn();
    for (const size_t step : {1u, 50u, 1000u}) {
      SCOPED_TRACE(std::to_string(step) + " bytes at a time");
      TestFile file(
          Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(chunks[first].end())));
      Reader reader(&file);
      ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
      std::vector<Block> blocks;
      uint64_t entries = 0, bytes_of_index = 0;
      while (file.bytes.size() < bytes.size()) {
        const size_t size = std::min(file.bytes.size() + step, bytes.size());
        file.bytes.assign(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
        const Reading reading = reader.ReadOn();
        blocks.insert(blocks.end(), reading.blocks.begin(), reading.blocks.end());
        // A lookup takes into the index what has come.
        h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
        ASSERT_EQ(h4mk_reader_block_info(reader.get(), 0, 0, &info), H4MK_OK);
        ASSERT_EQ(h4mk_reader_index_size(reader.get(), 0, &entries, &bytes_of_index), H4MK_OK);
      }
      EXPECT_EQ(blocks, expected.blocks);
      TestFile whole(bytes);
      Reader other(&whole);
      uint64_t all = 0;
      ASSERT_EQ(h4mk_reader_index_size(other.get(), 0, &all, &bytes_of_index), H4MK_OK);
      EXPECT_EQ(entries, all);
    }
  }
}

// Damage that grows is looked through once, not at each growth.
TEST_F(IoFaultTest, DamageThatGrowsIsLookedThroughOnce) {
  constexpr size_t kStep = 4096, kSteps = 256;
  Bytes garbage(kStep);  // with chunks that are never complete
  for (size_t i = 0; i < 64; ++i) {
    const Bytes chunk = MakeChunk("CORE", Bytes(1 << 20, 0x7F), i % 2 == 0 ? 0 : kClusterFlag);
    std::copy_n(chunk.begin(), 30, garbage.begin() + static_cast<ptrdiff_t>(64 * i));
  }
  for (const bool reads_on : {true, false}) {
    TestFile file(Bytes(bytes_.begin(), bytes_.begin() + bytes_.size() / 2));
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    file.bytes_read = 0;
    for (size_t i = 0; i < kSteps; ++i) {
      file.bytes = file.bytes + garbage;
      if (reads_on)
        EXPECT_EQ(reader.ReadOn().end, H4MK_AGAIN);
      else
        EXPECT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK);
    }
    // In each step 32 clusters begin whose index is there; a CRC is read in pages of 4 KiB.
    EXPECT_LT(file.bytes_read, 48 * kStep * kSteps) << (reads_on ? "reading on" : "seeking");
  }
}

// The writer makes what it has visible on request: h4mk_writer_flush().
TEST_F(IoFaultTest, WhatIsFlushedCanBeRead) {
  TestFile file, view;
  Writer writer(&file);
  writer.AddTrack();
  ASSERT_EQ(writer.Flush(), H4MK_OK);
  view.bytes = file.bytes;
  Reader reader(&view);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  for (int64_t i = 0; i < 20; ++i) {
    Block block{.pts = i, .dts = i, .data = Payload(static_cast<uint32_t>(i), 20)};
    ASSERT_EQ(writer.Write(block), H4MK_OK);
    ASSERT_EQ(writer.Flush(), H4MK_OK);
    view.bytes = file.bytes;
    const Reading reading = reader.ReadOn();
    ASSERT_EQ(reading.blocks, std::vector<Block>{block});
    ASSERT_EQ(reading.end, H4MK_AGAIN);
  }
}

// What a file says of itself may change while it grows; without an end the newest counts that a
// cluster follows.
TEST_F(IoFaultTest, DescriptionsOfAFileThatGrew) {
  TestFile file;
  Writer writer(&file);
  writer.AddTrack();
  ASSERT_EQ(writer.Write({.data = Payload(1, 20)}), H4MK_OK);
  ASSERT_EQ(writer.Flush(), H4MK_OK);
  const Value renamed = Describe({}, 1);
  h4mk_value_set_text(renamed.get(), "name", "renamed");
  ASSERT_EQ(h4mk_writer_update_track(writer.get(), 0, renamed.get()), H4MK_OK);
  ASSERT_EQ(h4mk_writer_set_meta(writer.get(), ParseJson(R"({"title":"later"})").get()), H4MK_OK);
  ASSERT_EQ(writer.Write({.pts = 1, .dts = 1, .data = Payload(2, 20)}), H4MK_OK);
  ASSERT_EQ(writer.Flush(), H4MK_OK);
  const Chunk newer = [&] {
    Chunk last{};
    for (const Chunk& chunk : WalkChunks(file.bytes))
      if (chunk.tag == "TRAK") last = chunk;
    return last;
  }();
  const auto name_of = [](Reader& reader) {
    return std::string(h4mk_value_get_text(h4mk_reader_track(reader.get(), 0), "name"));
  };
  const auto warnings_of = [](Reader& reader) {
    std::string text;
    for (const std::string& warning : reader.Warnings()) text += warning + "\n";
    return text;
  };
  {
    TestFile view(file.bytes);
    Reader reader(&view);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    EXPECT_EQ(name_of(reader), "renamed");
    EXPECT_STREQ(h4mk_value_get_text(h4mk_reader_meta(reader.get()), "title"), "later");
    EXPECT_EQ(reader.ReadOn().blocks.size(), 2u);
  }
  {
    TestFile view(file.bytes);  // damaged: the former one, and a warning
    view.bytes[newer.payload() + 3] ^= 1;
    Reader reader(&view);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    EXPECT_EQ(name_of(reader), "track 1");
    EXPECT_NE(warnings_of(reader).find("at byte " + std::to_string(newer.begin)),
              std::string::npos);
    EXPECT_EQ(reader.ReadOn().blocks.size(), 2u);
  }
  {
    TestFile view(file.bytes);  // of other tracks
    const Bytes id = ToBytes("\"track_id\":1");
    *(std::search(view.bytes.begin() + static_cast<ptrdiff_t>(newer.begin), view.bytes.end(),
                  id.begin(), id.end()) +
      11) = '2';
    FixCrc(&view.bytes, newer);
    Reader reader(&view);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    EXPECT_EQ(name_of(reader), "track 1");
    EXPECT_NE(warnings_of(reader).find("TRAK contradicts the one before"), std::string::npos);
    EXPECT_EQ(reader.ReadOn().blocks.size(), 2u);
  }
}

// A growing file can be sought in as far as it reaches now, also in what was written after it was
// opened.
TEST_F(IoFaultTest, SeekingInAGrowingFile) {
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(bytes_)) {
    if (chunk.is_cluster()) clusters.push_back(chunk);
  }
  TestFile file(Bytes(bytes_.begin(), bytes_.begin() + clusters[0].end()));
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  for (const Chunk& cluster : clusters) {
    file.bytes.assign(bytes_.begin(), bytes_.begin() + cluster.end());
    int64_t expected = H4MK_NO_TIME;
    for (size_t i = 0; i < media_.blocks.size(); ++i) {
      const Block& block = media_.blocks[i];
      if (offsets()[i] < static_cast<int64_t>(cluster.end()) && block.track == 0 &&
          (block.flags & H4MK_BLOCK_KEY)) {
        expected = block.pts;
      }
    }
    reader.ReadOn();
    ASSERT_EQ(reader.Seek(0, 1000000, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
    Block block;
    do {
      ASSERT_EQ(reader.Next(&block), H4MK_OK);
    } while (block.track != 0);
    EXPECT_EQ(block.pts, expected);
  }
}

// What was counted before a read failed is not counted again.
TEST_F(IoFaultTest, AReadFailsWhileAGrownFileIsTakenIn) {
  std::vector<Chunk> clusters;
  for (const Chunk& chunk : WalkChunks(bytes_)) {
    if (chunk.is_cluster()) clusters.push_back(chunk);
  }
  const Bytes grown(bytes_.begin(), bytes_.begin() + static_cast<ptrdiff_t>(clusters.back().end()));
  TestFile whole(grown);
  Reader of_whole(&whole);
  h4mk_track_info expected = H4MK_TRACK_INFO_INIT, info = H4MK_TRACK_INFO_INIT;
  ASSERT_EQ(h4mk_reader_track_info(of_whole.get(), 0, &expected), H4MK_OK);
  size_t failed = 0;
  for (size_t failing = 0; failing < 200; ++failing) {
    SCOPED_TRACE(failing);
    TestFile file(Bytes(grown.begin(), grown.begin() + static_cast<ptrdiff_t>(clusters[0].end())));
    Reader reader(&file);
    ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
    file.bytes = grown;
    file.max_transfer = 64;
    file.failing_read = file.reads + failing;
    failed += reader.Seek(0, 0, H4MK_SEEK_BACKWARD) != H4MK_OK;
    ASSERT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
    ASSERT_EQ(h4mk_reader_track_info(reader.get(), 0, &info), H4MK_OK);
    EXPECT_EQ(info.block_count, expected.block_count);
  }
  EXPECT_GT(failed, clusters.size());
}

// What cannot be read behind the last cluster is gone through when the file is opened and at the
// first lookup, not at each.
TEST_F(IoFaultTest, SeekingWhereTheEndIsUnreadable) {
  constexpr size_t kZeros = 4 << 20;
  TestFile file(Bytes(bytes_.begin(), bytes_.begin() + bytes_.size() / 2));
  file.bytes.resize(file.bytes.size() + kZeros);
  Reader reader(&file);
  ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
  Block block;
  file.bytes_read = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(reader.Seek(0, 10 * i, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
    ASSERT_EQ(reader.Next(&block), H4MK_OK);
  }
  EXPECT_LT(file.bytes_read, 2 * kZeros);
}

// What could not be used at the end is not read as a whole at each lookup, whatever it looks like.
TEST_F(IoFaultTest, SeekingBeforeALargeChunkThatIsDamaged) {
  for (const uint32_t flags : {0u, kClusterFlag}) {
    Bytes chunk = MakeChunk("CORE", Bytes(1000000, 0x7F), flags);
    chunk[chunk.size() - 2] ^= 1;
    TestFile file(Bytes(bytes_.begin(), bytes_.begin() + bytes_.size() / 2));
    file.bytes = file.bytes + chunk;
    Reader reader(&file);
    ASSERT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
    file.bytes_read = 0;
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(reader.Seek(0, 10 * i, H4MK_SEEK_BACKWARD), H4MK_OK);
    EXPECT_LT(file.bytes_read, 200 * chunk.size()) << flags;
  }
}

// A download into a file that has its size from the beginning.
TEST_F(IoFaultTest, SeekingInAFileThatIsFilled) {
  Media large = media_;  // chunks that can only be used when many bytes are there
  for (size_t i = 0; i < large.blocks.size(); i += 25)
    large.blocks[i].side_data = {{"noise", Payload(i, 40000)}};
  for (const Bytes& bytes : {bytes_, Mux(large, kLimits)}) {
    const std::vector<Chunk> chunks = WalkChunks(bytes);
    size_t first = 0;
    while (!chunks[first].is_cluster()) ++first;
    TestFile whole(bytes);
    Reader of_whole(&whole);
    uint64_t expected = 0, size = 0;
    ASSERT_EQ(h4mk_reader_index_size(of_whole.get(), 0, &expected, &size), H4MK_OK);
    for (const size_t step : {1u, 7u, 100u, 1000u, 20000u}) {
      if (bytes.size() / step > 10000 || (step < 1000 && bytes.size() > 100000)) continue;
      SCOPED_TRACE(step);
      TestFile file(bytes);
      std::fill(file.bytes.begin() + static_cast<ptrdiff_t>(chunks[first].end()), file.bytes.end(),
                uint8_t{0});
      Reader reader(&file);
      ASSERT_EQ(reader.status(), H4MK_OK) << reader.message();
      uint64_t found = 0;
      for (size_t filled = chunks[first].end(); filled < bytes.size(); filled += step) {
        std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(filled),
                    std::min(step, bytes.size() - filled),
                    file.bytes.begin() + static_cast<ptrdiff_t>(filled));
        uint64_t entries = 0;
        ASSERT_EQ(reader.Seek(0, 0, H4MK_SEEK_BACKWARD), H4MK_OK) << reader.message();
        ASSERT_EQ(h4mk_reader_index_size(reader.get(), 0, &entries, &size), H4MK_OK);
        EXPECT_GE(entries, found);
        found = entries;
      }
      EXPECT_EQ(found, expected);
    }
  }
}

// ---- callbacks that do not keep their word: an I/O error each

// A file whose callbacks lie in one way; `file` must outlive it.
struct LyingFile {
  TestFile* file = nullptr;
  h4mk_io honest = {};
  int64_t more = 0;   // that a call says it has moved beyond what it was asked for
  int64_t size = -1;  // that the file says to have

  explicit LyingFile(TestFile* real) : file(real), honest(real->Io()) {}

  h4mk_io Io() {
    h4mk_io io = honest;
    io.opaque = this;
    io.read = [](void* self, uint8_t* buffer, size_t wanted) {
      const auto* lying = static_cast<LyingFile*>(self);
      const int64_t count = lying->honest.read(lying->file, buffer, wanted);
      return lying->more > 0 && count > 0 ? static_cast<int64_t>(wanted) + lying->more : count;
    };
    io.write = [](void* self, const uint8_t* buffer, size_t given) {
      const auto* lying = static_cast<LyingFile*>(self);
      return lying->honest.write(lying->file, buffer, given) + lying->more;
    };
    io.seek = [](void* self, int64_t offset) {
      const auto* lying = static_cast<LyingFile*>(self);
      return lying->honest.seek(lying->file, offset);
    };
    io.size = [](void* self) {
      const auto* lying = static_cast<LyingFile*>(self);
      return lying->size >= 0 ? lying->size : lying->honest.size(lying->file);
    };
    return io;
  }
};

TEST_F(IoFaultTest, ReadThatGivesMoreThanItWasAskedFor) {
  for (const int64_t more : {int64_t{1}, int64_t{1} << 20, INT64_MAX - (int64_t{1} << 32)}) {
    TestFile file(bytes_);
    LyingFile lying(&file);
    lying.more = more;
    const h4mk_io io = lying.Io();
    h4mk_reader* reader = nullptr;
    EXPECT_EQ(h4mk_reader_open(&io, nullptr, &reader), H4MK_ERR_IO) << more;
    EXPECT_NE(std::string(h4mk_reader_message(reader)).find("more bytes than"), std::string::npos);
    h4mk_reader_free(reader);
  }
}

TEST_F(IoFaultTest, WriteThatTakesMoreThanItWasGiven) {
  TestFile file;
  LyingFile lying(&file);
  lying.more = 1;
  const h4mk_io io = lying.Io();
  h4mk_writer* writer = nullptr;
  ASSERT_EQ(h4mk_writer_open(&io, nullptr, &writer), H4MK_OK);
  uint32_t track = 0;
  ASSERT_EQ(h4mk_writer_add_track(writer, Describe({}, 1).get(), &track), H4MK_OK);
  EXPECT_EQ(h4mk_writer_finish(writer), H4MK_ERR_IO);
  h4mk_writer_free(writer);
}

// Each call tells another size. What is handed out is in the file, and there is an end.
TEST_F(IoFaultTest, ASizeThatChanges) {
  const auto real = static_cast<int64_t>(bytes_.size());
  const std::vector<std::vector<int64_t>> sizes = {
      {real, 0}, {real, real / 2}, {real / 2, real}, {0, real}, {-1, real}, {real, real + 1000, 5}};
  for (const std::vector<int64_t>& told : sizes) {
    SCOPED_TRACE(testing::PrintToString(told));
    struct State {
      TestFile file;
      h4mk_io honest;
      const std::vector<int64_t>& told;
      size_t calls;
    } state{TestFile(bytes_), {}, told, 0};
    state.honest = state.file.Io();
    h4mk_io io = state.honest;
    io.opaque = &state;
    io.read = [](void* self, uint8_t* buffer, size_t size) {
      auto* s = static_cast<State*>(self);
      return s->honest.read(&s->file, buffer, size);
    };
    io.seek = [](void* self, int64_t offset) {
      auto* s = static_cast<State*>(self);
      return s->honest.seek(&s->file, offset);
    };
    io.size = [](void* self) {
      auto* s = static_cast<State*>(self);
      return s->told[s->calls++ % s->told.size()];
    };
    h4mk_reader* reader = nullptr;
    h4mk_status status = h4mk_reader_open(&io, nullptr, &reader);
    h4mk_block block = H4MK_BLOCK_INIT;
    size_t next = 0;  // of media_.blocks
    for (int call = 0; call < 1000 && H4MK_GOES_ON(status); ++call) {
      status = h4mk_reader_next(reader, &block);
      if (status != H4MK_OK) continue;
      const Bytes data(block.data, block.data + block.size);
      while (next < media_.blocks.size() && media_.blocks[next].data != data) ++next;
      ASSERT_LT(next++, media_.blocks.size()) << "a block that is not in the file";
    }
    EXPECT_NE(status, H4MK_OK);
    h4mk_reader_free(reader);
  }
}

// Whoever checks or repairs a recording that grows sees the end of what was there, or an error.
TEST_F(IoFaultTest, WorkOnASizeThatChangesComesToAnEnd) {
  struct Changing {
    TestFile file;
    h4mk_io honest = {};
    size_t small = 0, calls = 0;
  };
  const auto io_of = [](Changing* changing) {
    changing->honest = changing->file.Io();
    h4mk_io io = changing->honest;
    io.opaque = changing;
    io.read = [](void* self, uint8_t* buffer, size_t size) {
      auto* c = static_cast<Changing*>(self);
      return ++c->calls > 100000 ? -1 : c->honest.read(&c->file, buffer, size);
    };
    io.write = [](void* self, const uint8_t* buffer, size_t size) {
      auto* c = static_cast<Changing*>(self);
      return c->honest.write(&c->file, buffer, size);
    };
    io.seek = [](void* self, int64_t offset) {
      auto* c = static_cast<Changing*>(self);
      return c->honest.seek(&c->file, offset);
    };
    io.size = [](void* self) {
      auto* c = static_cast<Changing*>(self);
      return static_cast<int64_t>(++c->calls % 2 == 0 ? c->small : c->file.bytes.size());
    };
    io.truncate = [](void*, int64_t) { return -1; };
    return io;
  };
  const auto verify = [](const h4mk_io* io) { return h4mk_verify(io, nullptr, nullptr); };
  const auto recover = [](const h4mk_io* io) {
    TestFile out;
    const h4mk_io to = out.Io();
    return h4mk_recover(io, &to, nullptr, nullptr);
  };
  const auto reindex = [](const h4mk_io* io) {
    int changed = 0;
    return h4mk_reindex(io, nullptr, &changed);
  };
  const auto list = [](const h4mk_io* io) {
    const auto visit = [](void*, const h4mk_chunk* chunk, int) {
      EXPECT_LT(chunk->offset, chunk->next);
    };
    return h4mk_list_chunks(io, visit, nullptr, nullptr);
  };
  for (const auto& work :
       std::vector<std::function<h4mk_status(const h4mk_io*)>>{verify, recover, reindex, list})
    for (size_t small = 0; small < bytes_.size(); small += 61)
      for (const size_t first : {0, 1}) {
        Changing changing{TestFile(bytes_), {}, small, first};
        const h4mk_io io = io_of(&changing);
        work(&io);
        ASSERT_LT(changing.calls, 100000u) << small;
      }
}

// Exceptions must not leave a callback; where one does, the callback has failed, and what comes
// next is read as if it had not been called.
TEST_F(IoFaultTest, EveryCallbackThrowsOnce) {
  struct Throwing {
    TestFile file;
    h4mk_io honest = {};
    size_t calls = 0, throwing_call = SIZE_MAX;
    void Count() {
      if (calls++ == throwing_call) throw std::runtime_error("no callback may do this");
    }
  };
  const auto io_of = [](Throwing* throwing) {
    throwing->honest = throwing->file.Io();
    h4mk_io io = throwing->honest;
    io.opaque = throwing;
    io.read = [](void* self, uint8_t* buffer, size_t size) {
      auto* t = static_cast<Throwing*>(self);
      t->Count();
      return t->honest.read(&t->file, buffer, size);
    };
    io.seek = [](void* self, int64_t offset) {
      auto* t = static_cast<Throwing*>(self);
      t->Count();
      return t->honest.seek(&t->file, offset);
    };
    io.size = [](void* self) {
      auto* t = static_cast<Throwing*>(self);
      return t->honest.size(&t->file);
    };
    return io;
  };
  int failed = 0;
  const auto read = [&](Throwing* throwing, std::vector<Block>* blocks) {
    const h4mk_io io = io_of(throwing);
    h4mk_reader* reader = nullptr;
    h4mk_status status = h4mk_reader_open(&io, nullptr, &reader);
    h4mk_block block = H4MK_BLOCK_INIT;
    failed = status == H4MK_ERR_IO;
    while (H4MK_GOES_ON(status) || (status == H4MK_ERR_IO && failed < 2)) {
      status = h4mk_reader_next(reader, &block);
      if (status == H4MK_OK) blocks->push_back(FromC(block));
      if (status == H4MK_ERR_IO) EXPECT_STRNE(h4mk_reader_message(reader), "");
      if (status == H4MK_ERR_IO) ++failed;
    }
    h4mk_reader_free(reader);
    return status;
  };
  FillPayloads(&media_, 3000);
  const Bytes bytes = Mux(media_, ClusterLimits(60000, 0));
  Throwing control{TestFile(bytes)};
  std::vector<Block> all;
  ASSERT_EQ(read(&control, &all), H4MK_END);
  for (size_t call = 0; call < control.calls; ++call) {
    SCOPED_TRACE(call);
    Throwing throwing{TestFile(bytes)};
    throwing.throwing_call = call;
    std::vector<Block> blocks;
    const h4mk_status status = read(&throwing, &blocks);
    EXPECT_EQ(failed, 1);
    if (status == H4MK_ERR_STATE) continue;  // it could not be opened
    ASSERT_EQ(status, H4MK_END);
    ASSERT_EQ(blocks, all);
  }
}

TEST_F(IoFaultTest, ATaskThatThrowsIsStopped) {
  TestFile file(bytes_);
  file.bytes[file.bytes.size() / 2] ^= 1;
  const h4mk_io io = file.Io();
  h4mk_task task = H4MK_TASK_INIT;
  h4mk_verify_options options = H4MK_VERIFY_OPTIONS_INIT;
  options.task = &task;
  task.problem = [](void*, const h4mk_problem*) { throw 1; };
  EXPECT_EQ(h4mk_verify(&io, &options, nullptr), H4MK_ERR_CORRUPT);
  task.progress = [](void*, int64_t, int64_t) -> int { throw 1; };
  EXPECT_EQ(h4mk_verify(&io, &options, nullptr), H4MK_ERR_CANCELLED);
}

TEST_F(IoFaultTest, BuffersThatAreNone) {
  static int handles;
  handles = 0;
  h4mk_buffers buffers = H4MK_BUFFERS_INIT;
  buffers.release = [](void*, void*) { --handles; };
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.buffers = &buffers;
  for (const bool throws : {false, true}) {
    if (throws)
      buffers.alloc = [](void*, size_t, uint8_t**) -> void* { throw 1; };
    else  // a handle without memory
      buffers.alloc = [](void*, size_t, uint8_t**) -> void* { return ++handles, &handles; };
    TestFile file(bytes_);
    Reader reader(&file, options);
    ASSERT_EQ(reader.status(), H4MK_OK);
    Block block;
    EXPECT_EQ(reader.Next(&block), H4MK_ERR_MEMORY);
    EXPECT_NE(reader.message(), "");
    EXPECT_EQ(handles, 0);
  }
}

// What is not there would be looked for behind the end for ever.
TEST_F(IoFaultTest, ASizeThatLies) {
  for (const int64_t size :
       {static_cast<int64_t>(bytes_.size()) + 1, int64_t{1} << 40, INT64_MAX}) {
    TestFile file(bytes_);
    LyingFile lying(&file);
    lying.size = size;
    const h4mk_io io = lying.Io();
    h4mk_reader* reader = nullptr;
    EXPECT_EQ(h4mk_reader_open(&io, nullptr, &reader), H4MK_ERR_IO) << size;
    EXPECT_NE(std::string(h4mk_reader_message(reader)).find("but says that it has"),
              std::string::npos);
    h4mk_reader_free(reader);
  }
}

// Of older versions all is read into memory, which is taken when the file is known to have so much.
TEST_F(IoFaultTest, ASizeThatLiesOfAFileOfVersion1) {
  std::ifstream stored(H4MK_SOURCE_DIR "/tests/vectors/media/reference_demo.h4mk",
                       std::ios::binary);
  TestFile file(Bytes(std::istreambuf_iterator<char>(stored), {}));
  ASSERT_EQ(h4mk_probe(file.bytes.data(), file.bytes.size()), 1);
  LyingFile lying(&file);
  const auto problem = [](void* last, const h4mk_problem* told) {
    *static_cast<std::string*>(last) = told->message;
  };
  std::string why;
  h4mk_task task = H4MK_TASK_INIT;
  task.opaque = &why;
  task.problem = problem;
  for (const int64_t size : {static_cast<int64_t>(file.bytes.size()) + 1, INT64_MAX}) {
    lying.size = size;
    TestFile out;
    const h4mk_io io = lying.Io(), to = out.Io();
    EXPECT_EQ(h4mk_recover(&io, &to, &task, nullptr), H4MK_ERR_IO) << size;
    EXPECT_NE(why.find("but says that it has"), why.npos) << why;
  }
}

// Of all files that are as the specification wants them, with their keys: a read that fails is
// told, or nothing is different.
class EveryKindOfFileTest : public testing::Test {
 protected:
  struct Opened {
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    Bytes key;
    std::string verify_key;
    h4mk_key encryption = H4MK_KEY_INIT;
  };

  static Bytes Load(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(stream), {});
  }

  // The first key of the suite that opens the file.
  static void SetKey(const std::filesystem::path& description, Opened* opened) {
    const Bytes text = Load(description);
    const auto expected = h4mk::Json::parse(text.begin(), text.end());
    const auto keyed = expected.find("keyed");
    if (keyed == expected.end() || keyed->empty()) return;
    const std::string option = keyed->at(0).at("options")[0], key = keyed->at(0).at("options")[1];
    if (option == "--verify-key") {
      opened->verify_key = "-----BEGIN PUBLIC KEY-----\n" + key + "\n-----END PUBLIC KEY-----\n";
      opened->options.verify_key = opened->verify_key.c_str();
      return;
    }
    ASSERT_TRUE(h4mk::DecodeHex(key, &opened->key));
    opened->encryption.key = opened->key.data();
    opened->encryption.key_size = opened->key.size();
    opened->options.keys = &opened->encryption;
    opened->options.key_count = 1;
  }

  // What is seen of a file; *told: a call said that reading has failed.
  static std::string See(TestFile* file, const Opened& opened, bool* told) {
    Reader reader(file, opened.options);
    *told = reader.status() == H4MK_ERR_IO;
    if (reader.status() != H4MK_OK) return "status " + std::to_string(reader.status());
    std::string seen;
    for (const int64_t time : {int64_t{INT64_MIN}, int64_t{0}, int64_t{40}}) {
      const h4mk_status sought =
          time == INT64_MIN ? H4MK_OK : reader.Seek(0, time, H4MK_SEEK_BACKWARD);
      *told |= sought == H4MK_ERR_IO;
      seen += " seek " + std::to_string(sought);
      const Reading reading = reader.ReadOn();
      *told |= reading.end == H4MK_ERR_IO;
      for (const Block& block : reading.blocks) AppendBlock(&seen, block);
      for (const std::string& damage : reading.damage) seen += damage;
      seen += " end " + std::to_string(reading.end);
      seen += h4mk_value_to_json(h4mk_reader_meta(reader.get()));
    }
    for (const std::string& warning : reader.Warnings()) seen += warning;
    return seen;
  }

  // What a reader that is open shows; *told: a call said that reading has failed.
  static std::string SeeAgain(Reader& reader, bool* told) {
    std::string seen;
    *told = false;
    const auto note = [&](h4mk_status status) {
      *told |= status == H4MK_ERR_IO;
      seen += " " + std::to_string(status);
      return status == H4MK_OK;
    };
    for (const int64_t time : {int64_t{INT64_MIN}, int64_t{0}, int64_t{40}}) {
      note(time == INT64_MIN ? h4mk_reader_rewind(reader.get())
                             : reader.Seek(0, time, H4MK_SEEK_BACKWARD));
      const Reading reading = reader.ReadOn();
      for (const Block& block : reading.blocks) AppendBlock(&seen, block);
      for (const std::string& damage : reading.damage) seen += damage;
      note(reading.end);
    }
    seen += h4mk_value_to_json(h4mk_reader_meta(reader.get()));
    for (uint32_t track = 0; track < h4mk_reader_track_count(reader.get()); ++track) {
      seen += h4mk_value_to_json(h4mk_reader_track(reader.get(), track));
      h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
      if (note(h4mk_reader_keyframe(reader.get(), track, 40, &info)))
        seen += std::to_string(info.offset);
      h4mk_block block = H4MK_BLOCK_INIT;
      if (note(h4mk_reader_read_block(reader.get(), track, 1, &block)))
        AppendBlock(&seen, FromC(block));
      h4mk_index_entry entry = H4MK_INDEX_ENTRY_INIT;
      size_t count = 1;
      if (note(h4mk_reader_index_entries(reader.get(), track, 0, &entry, 1, &count)))
        seen += std::to_string(count) + " " + std::to_string(entry.offset);
    }
    return seen;
  }

  // The whole file, and beginnings of it if it has a cluster, behind which descriptions count.
  static std::vector<size_t> PlacesToOpenAt(const Bytes& bytes) {
    std::vector<size_t> places{bytes.size()};
    const std::vector<Chunk> chunks = WalkChunks(bytes);
    if (std::ranges::none_of(chunks, &Chunk::is_cluster)) return places;
    for (const Chunk& chunk : chunks)
      if (places.size() < 8 && chunk.end() < bytes.size()) places.push_back(chunk.end());
    return places;
  }

  // Opens the file when it had fewer bytes, and lets each read fail once: what it shows afterwards,
  // which must always be the same; nothing if it cannot be opened then.
  static std::string SeeAfterFailures(const Bytes& bytes, size_t opened_at, const Opened& opened,
                                      size_t* told) {
    const Bytes begin(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(opened_at));
    TestFile control(begin);
    Reader reader(&control, opened.options);
    if (reader.status() != H4MK_OK) return "";
    control.bytes = bytes;
    const size_t first = control.reads;
    bool is_told = false;
    SeeAgain(reader, &is_told);
    const size_t until = control.reads;
    const std::string expected = SeeAgain(reader, &is_told);
    for (size_t call = first; call < until; ++call) {
      TestFile file(begin);
      Reader failing(&file, opened.options);
      file.bytes = bytes;
      file.failing_read = call;
      SeeAgain(failing, &is_told);
      *told += is_told;
      EXPECT_EQ(SeeAgain(failing, &is_told), expected) << "call " << call;
    }
    return expected;
  }
};

TEST_F(EveryKindOfFileTest, EveryReadFailsOnce) {
  size_t told = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(H4MK_SOURCE_DIR "/tests/conformance/valid")) {
    if (entry.path().extension() != ".h4mk" || entry.file_size() > 100000) continue;
    SCOPED_TRACE(entry.path().filename());
    Opened opened;
    SetKey(std::filesystem::path(entry.path()).replace_extension(".json"), &opened);
    const Bytes bytes = Load(entry.path());
    TestFile control(bytes);
    bool is_told = false;
    const std::string expected = See(&control, opened, &is_told);
    ASSERT_FALSE(is_told);
    for (size_t call = 0; call < control.reads; ++call) {
      TestFile file(bytes);
      file.failing_read = call;
      const std::string seen = See(&file, opened, &is_told);
      EXPECT_TRUE(is_told || seen == expected)
          << "call " << call << " of " << control.reads << ":\n"
          << seen << "\ninstead of\n"
          << expected;
      told += is_told;
    }
  }
  EXPECT_GT(told, 100u);
}

// "H4MK_ERR_IO: calling again tries once more": whatever read failed, all that is asked for
// afterwards is answered as if it had not; also of a file that grows after it was opened, which
// shows in the end what it shows to somebody who opens it then.
TEST_F(EveryKindOfFileTest, AFailedReadCostsNothingAfterwards) {
  size_t told = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(H4MK_SOURCE_DIR "/tests/conformance/valid")) {
    if (entry.path().extension() != ".h4mk" || entry.file_size() > 100000) continue;
    SCOPED_TRACE(entry.path().filename());
    Opened opened;
    SetKey(std::filesystem::path(entry.path()).replace_extension(".json"), &opened);
    const Bytes bytes = Load(entry.path());
    // The end tells which keys the blocks of later sessions have.
    const bool end_has_keys = entry.path().stem() == "encrypted-sessions";
    std::string whole;
    for (const size_t opened_at : PlacesToOpenAt(bytes)) {
      SCOPED_TRACE("opened with " + std::to_string(opened_at) + " bytes");
      const std::string seen = SeeAfterFailures(bytes, opened_at, opened, &told);
      if (opened_at == bytes.size()) whole = seen;
      if (!seen.empty() && !end_has_keys) {
        EXPECT_EQ(seen, whole) << "as a file that grew";
      }
    }
  }
  EXPECT_GT(told, 100u);
}

}  // namespace
}  // namespace h4mk_test
