// SPDX-License-Identifier: MIT
// Chunks as all readers read them, where a file is not what it said, or is larger than what is read
// at once.
#include "chunk/chunk_reader.h"

#include <gtest/gtest.h>

#include <ctime>

#include "base/memory_io.h"
#include "support/chunks.h"

namespace h4mk_test {
namespace {

// Cannot seek and has no size.
class Pipe : public h4mk::Io {
 public:
  explicit Pipe(h4mk::ByteSpan bytes) : bytes_(bytes) {}
  int64_t Read(uint8_t* buffer, size_t size) override { return bytes_.Read(buffer, size); }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return false; }
  int64_t Seek(int64_t) override { return -1; }
  int64_t Size() override { return -1; }

 private:
  h4mk::MemoryInput bytes_;
};

// Fails once, where so many bytes were read.
class FailingPipe final : public Pipe {
 public:
  FailingPipe(h4mk::ByteSpan bytes, size_t fails_at) : Pipe(bytes), left_(fails_at) {}
  int64_t Read(uint8_t* buffer, size_t size) override {
    if (left_ == 0) {
      left_ = SIZE_MAX;
      return -5;
    }
    const int64_t count = Pipe::Read(buffer, std::min(size, left_));
    left_ -= static_cast<size_t>(count);
    return count;
  }

 private:
  size_t left_;
};

// The file became shorter after its size was asked for. This must not look like the end of the
// recording.
TEST(ChunkReaderTest, AChunkThatMustBeThereIsDamageAtTheEndOfTheFile) {
  const Bytes file = MakeHeader(2) + MakeChunk("TAIL", Bytes(8));
  h4mk::MemoryInput input(file);
  h4mk::Source source(input);
  Bytes payload;
  const h4mk::Status status =
      h4mk::ChunkReader(source).ReadChunk(file.size(), h4mk::kTagTail, &payload);
  EXPECT_EQ(status.code(), h4mk::Code::kCorrupt);
  EXPECT_NE(status.message().find("found the end of the file"), std::string::npos);
}

TEST(ChunkReaderTest, AChunkOfAnotherKindIsNotTakenForTheOneThatMustBeThere) {
  const Bytes file = MakeHeader(2) + MakeChunk("META", Bytes(8));
  h4mk::MemoryInput input(file);
  h4mk::Source source(input);
  Bytes payload;
  const h4mk::Status status =
      h4mk::ChunkReader(source).ReadChunk(kHeaderSize, h4mk::kTagTracks, &payload);
  EXPECT_EQ(status.code(), h4mk::Code::kCorrupt);
  EXPECT_NE(status.message().find("TRAK chunk expected, found META"), std::string::npos);
}

TEST(ChunkReaderTest, AChunkOfMoreThanIsReadAtOnceIsWholeInAPipeToo) {
  for (const size_t size : {size_t{1} << 20, (size_t{3} << 20) + 5}) {
    Bytes file = MakeHeader(2) + MakeChunk("ATCH", Bytes(size, 7));
    for (const bool is_good : {true, false}) {
      file.back() ^= is_good ? 0 : 1;
      Pipe pipe(file);
      h4mk::Source source(pipe);
      h4mk::ChunkReader chunks(source);
      h4mk::ChunkHeader header;
      bool is_whole = false;
      ASSERT_TRUE(chunks.ReadHeader(kHeaderSize, &header).ok());
      ASSERT_TRUE(chunks.IsWhole(kHeaderSize, header, &is_whole).ok());
      EXPECT_EQ(is_whole, is_good) << size;
    }
  }
}

// h4mk.h, h4mk_reader_next(): after a failure of the input, calling again tries once more.
TEST(ChunkReaderTest, APipeThatFailedWithinAChunkCanBeReadOn) {
  const Bytes content(size_t{2} << 20, 7);
  const Bytes file = MakeHeader(2) + MakeChunk("ATTA", content);
  for (const size_t fails_at : {size_t{1000}, size_t{1} << 20, (size_t{1} << 20) + 5000}) {
    FailingPipe pipe(file, fails_at);
    h4mk::Source source(pipe);
    h4mk::ChunkReader chunks(source);
    Bytes payload;
    EXPECT_EQ(chunks.ReadChunk(kHeaderSize, h4mk::kTagAttachment, &payload).code(),
              h4mk::Code::kIo);
    EXPECT_TRUE(chunks.ReadChunk(kHeaderSize, h4mk::kTagAttachment, &payload).ok()) << fails_at;
    EXPECT_TRUE(payload == content);
  }
}

// core.md, "Limits": the CRC of such a chunk would stand where it claims to end, not behind its
// header.
TEST(ChunkReaderTest, AChunkThatIsLongerThanItsKindMayBeIsNotWhole) {
  Bytes file = MakeHeader(2) + ToBytes("TRAK");
  AppendU32(&file, 0);
  AppendU32(&file, h4mk::kMaxSmallChunk + 1);
  AppendU32(&file, Crc32(file.data() + kHeaderSize, kChunkHeaderSize));
  Pipe pipe(file);
  h4mk::MemoryInput memory(file);
  for (h4mk::Io* io : std::initializer_list<h4mk::Io*>{&pipe, &memory}) {
    h4mk::Source source(*io);
    h4mk::ChunkReader chunks(source);
    h4mk::ChunkHeader header;
    bool is_whole = true;
    ASSERT_TRUE(chunks.ReadHeader(kHeaderSize, &header).ok());
    ASSERT_TRUE(chunks.IsWhole(kHeaderSize, header, &is_whole).ok());
    EXPECT_FALSE(is_whole);
  }
}

// legacy.md, "Version 1": no salt tells what a block carries from what the file has.
TEST(ChunkReaderTest, InAChunkOfVersion1ThatWasCutNothingIsLookedFor) {
  const Bytes carried = MakeChunk("META", ToBytes("{}"));
  for (const uint8_t version : {1, 2}) {
    Bytes file = MakeHeader(version) + MakeChunk("CORE", carried + Bytes(100));
    file.pop_back();
    h4mk::MemoryInput input(file);
    h4mk::Source source(input);
    uint64_t found = 0;
    const h4mk::Status status = h4mk::ChunkReader(source, version).FindNext(kHeaderSize, &found);
    EXPECT_EQ(status.code(), version == 1 ? h4mk::Code::kEnd : h4mk::Code::kOk);
  }
}

// What was read of a pipe is held, and is not copied for each place that may be a chunk.
TEST(ChunkReaderTest, ASearchInAPipeTakesTimeThatGrowsWithItsLength) {
  Bytes file = MakeHeader(2);
  const Bytes fake = MakeChunk("CORE", Bytes(256 << 10));
  while (file.size() < 4 << 20) file.insert(file.end(), fake.begin(), fake.begin() + 12);
  Pipe pipe(file);
  h4mk::Source source(pipe);
  uint64_t found = 0;
  const std::clock_t begin = std::clock();
  EXPECT_EQ(h4mk::ChunkReader(source).FindNext(kHeaderSize, &found).code(), h4mk::Code::kEnd);
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 5);
}

TEST(ChunkReaderTest, AChunkOfMoreThan64MiBIsNotWholeWhateverItsCrc) {
  for (const size_t size : {size_t{h4mk::kMaxSmallChunk}, size_t{h4mk::kMaxSmallChunk} + 1}) {
    const Bytes file = MakeHeader(2) + MakeChunk("TRAK", Bytes(size));
    h4mk::MemoryInput input(file);
    h4mk::Source source(input);
    h4mk::ChunkReader chunks(source);
    h4mk::ChunkHeader header;
    bool is_whole = false;
    ASSERT_TRUE(chunks.ReadHeader(kHeaderSize, &header).ok());
    ASSERT_TRUE(chunks.IsWhole(kHeaderSize, header, &is_whole).ok());
    EXPECT_EQ(is_whole, size == h4mk::kMaxSmallChunk);
  }
}

// The end of the file, with or without its checksum, shows that a length is right.
TEST(ChunkReaderTest, AChunkThatReachesToTheEndHasTheRightLength) {
  for (const size_t behind : {0u, 1u, 4u, 5u}) {
    Bytes chunk = MakeChunk("FREE", Bytes(100));
    chunk.back() ^= 1;
    const Bytes file = MakeHeader(2) + chunk + Bytes(behind);
    h4mk::MemoryInput input(file);
    h4mk::Source source(input);
    h4mk::ChunkReader chunks(source);
    h4mk::ChunkHeader header;
    ASSERT_TRUE(chunks.ReadHeader(kHeaderSize, &header).ok());
    EXPECT_EQ(chunks.CheckLength(kHeaderSize, header).ok(), behind == 0 || behind == 4) << behind;
  }
}

// A length is right where a chunk follows. Of a long one the tag is enough, a short one is read.
TEST(ChunkReaderTest, WhatFollowsIsReadUpTo1MiB) {
  for (const size_t size : {h4mk::kMaxCheckedChunk, h4mk::kMaxCheckedChunk + 1}) {
    Bytes file = MakeHeader(2);
    for (const size_t length : {size_t{100}, size}) {
      file = file + MakeChunk("FREE", Bytes(length));
      file.back() ^= 1;
    }
    h4mk::MemoryInput input(file);
    h4mk::Source source(input);
    h4mk::ChunkReader chunks(source);
    h4mk::ChunkHeader header;
    ASSERT_TRUE(chunks.ReadHeader(kHeaderSize, &header).ok());
    EXPECT_EQ(chunks.CheckLength(kHeaderSize, header).ok(), size > h4mk::kMaxCheckedChunk);
  }
}

}  // namespace
}  // namespace h4mk_test
