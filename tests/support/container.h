// SPDX-License-Identifier: MIT
//
// Writing and reading whole containers through the public C interface.

#ifndef H4MK_TESTS_SUPPORT_CONTAINER_H_
#define H4MK_TESTS_SUPPORT_CONTAINER_H_

#include <gtest/gtest.h>
#include <h4mk/h4mk.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/block.h"
#include "support/test_file.h"

namespace h4mk_test {

struct ValueFree {
  void operator()(h4mk_value* value) const { h4mk_value_free(value); }
};
using Value = std::unique_ptr<h4mk_value, ValueFree>;

inline Value ParseJson(const std::string& json) {
  h4mk_value* value = nullptr;
  EXPECT_EQ(h4mk_value_from_json(json.data(), json.size(), &value), H4MK_OK) << json;
  return Value(value);
}

// Memory for payloads from operator new, so that allocations.h sees it.
inline const h4mk_buffers* CountedBuffers() {
  static h4mk_buffers buffers = H4MK_BUFFERS_INIT;
  buffers.alloc = [](void*, size_t size, uint8_t** data) -> void* {
    *data = new (std::nothrow) uint8_t[size];
    return *data;
  };
  buffers.release = [](void*, void* handle) { delete[] static_cast<uint8_t*>(handle); };
  return &buffers;
}

struct Track {
  std::string time_base = "1/1000";
  std::string kind = "video";
  std::string codec = "h264";
  std::string compression = "";
};

inline Value Describe(const Track& track, uint32_t track_id) {
  Value value(h4mk_value_new());
  h4mk_value_set_int(value.get(), "track_id", track_id);
  h4mk_value_set_text(value.get(), "name", ("track " + std::to_string(track_id)).c_str());
  h4mk_value_set_text(value.get(), "kind", track.kind.c_str());
  h4mk_value_set_text(value.get(), "codec", track.codec.c_str());
  h4mk_value_set_text(value.get(), "time_base", track.time_base.c_str());
  if (!track.compression.empty())
    h4mk_value_set_text(value.get(), "compression", track.compression.c_str());
  return value;
}

class Writer {
 public:
  explicit Writer(TestFile* file, h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT) {
    const h4mk_io io = file->Io();
    options.repeatable = 1;  // tests look at bytes
    status_ = h4mk_writer_open(&io, &options, &writer_);
    EXPECT_EQ(status_, H4MK_OK) << message();
  }
  ~Writer() { h4mk_writer_free(writer_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Tracks get the ids 1, 2, 3 … in the order in which they are added.
  uint32_t AddTrack(const Track& track = {}) {
    uint32_t index = 0;
    const Value description = Describe(track, next_id_++);
    EXPECT_EQ(h4mk_writer_add_track(writer_, description.get(), &index), H4MK_OK) << message();
    return index;
  }
  h4mk_status Write(const Block& block) { return WriteBlock(writer_, block); }
  h4mk_status Flush() { return h4mk_writer_flush(writer_); }
  h4mk_status Finish() { return h4mk_writer_finish(writer_); }

  h4mk_writer* get() const { return writer_; }
  std::string message() const { return h4mk_writer_message(writer_); }
  int64_t io_error() const { return h4mk_writer_io_error(writer_); }

 private:
  h4mk_writer* writer_ = nullptr;
  h4mk_status status_ = H4MK_OK;
  uint32_t next_id_ = 1;
};

// The finished file with its index in front, put there as h4mk_writer_front_index() says.
inline Bytes WithIndexInFront(Writer& writer, Bytes file) {
  const uint8_t* index = nullptr;
  size_t size = 0;
  uint8_t checksum[4] = {};
  EXPECT_EQ(h4mk_writer_front_index(writer.get(), &index, &size, checksum), H4MK_OK);
  std::copy_n(checksum, 4, file.end() - 4);
  file.insert(file.begin() + 16, index, index + size);
  return file;
}

// What reading to the end gave.
struct Reading {
  std::vector<Block> blocks;
  std::vector<uint64_t> ordinals;   // of blocks, one each
  std::vector<int64_t> offsets;     // of blocks, one each
  std::vector<std::string> damage;  // the message of each H4MK_ERR_CORRUPT
  h4mk_status end = H4MK_OK;        // what stopped it: H4MK_END, H4MK_AGAIN or an error
};

// Opens a file from its start.
class Reader {
 public:
  explicit Reader(TestFile* file, h4mk_reader_options options = H4MK_READER_OPTIONS_INIT) {
    file->position = 0;
    const h4mk_io io = file->Io();
    status_ = h4mk_reader_open(&io, &options, &reader_);
  }
  ~Reader() { h4mk_reader_free(reader_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // What h4mk_reader_open() returned.
  h4mk_status status() const { return status_; }
  h4mk_reader* get() const { return reader_; }
  std::string message() const { return h4mk_reader_message(reader_); }
  bool is_closed() const { return h4mk_reader_is_closed(reader_) != 0; }

  h4mk_status Next(Block* block) {
    h4mk_block c = H4MK_BLOCK_INIT;
    const h4mk_status status = h4mk_reader_next(reader_, &c);
    if (status == H4MK_OK) *block = FromC(c);
    return status;
  }
  h4mk_status Seek(uint32_t track, int64_t time, int mode) {
    return h4mk_reader_seek(reader_, track, time, mode);
  }

  // Reads on to the end, past any damage. More than `most` blocks or reports means that it never
  // ends.
  Reading ReadOn(size_t most = 1 << 24) {
    Reading reading;
    h4mk_block c = H4MK_BLOCK_INIT;
    while (reading.blocks.size() + reading.damage.size() < most) {
      reading.end = h4mk_reader_next(reader_, &c);
      if (reading.end == H4MK_OK) {
        reading.blocks.push_back(FromC(c));
        reading.ordinals.push_back(c.ordinal);
        reading.offsets.push_back(c.offset);
      } else if (reading.end == H4MK_ERR_CORRUPT || reading.end == H4MK_ERR_UNSUPPORTED) {
        reading.damage.push_back(message());
      } else {
        return reading;
      }
    }
    ADD_FAILURE() << "reading does not come to an end";
    return reading;
  }

  std::vector<std::string> Warnings() {
    std::vector<std::string> warnings;
    while (const char* warning = h4mk_reader_next_warning(reader_)) warnings.push_back(warning);
    return warnings;
  }

 private:
  h4mk_reader* reader_ = nullptr;
  h4mk_status status_ = H4MK_OK;
};

// A whole recording: tracks, and blocks in the order in which they are written.
struct Media {
  std::vector<Track> tracks;
  std::vector<Block> blocks;
};

inline h4mk_writer_options ClusterLimits(uint32_t bytes, uint32_t ms) {
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  options.cluster_size_limit = bytes;
  options.cluster_time_limit_ms = ms;
  return options;
}

// The file that holds the recording.
inline Bytes Mux(const Media& media, h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT) {
  TestFile file;
  Writer writer(&file, options);
  for (const Track& track : media.tracks) writer.AddTrack(track);
  for (const Block& block : media.blocks) {
    EXPECT_EQ(writer.Write(block), H4MK_OK) << block << " " << writer.message();
  }
  EXPECT_EQ(writer.Finish(), H4MK_OK) << writer.message();
  return std::move(file.bytes);
}

// One file, written and read in the same test.
class ContainerTest : public testing::Test {
 protected:
  uint32_t AddTrack(const Track& track = {}) {
    media_.tracks.push_back(track);
    return static_cast<uint32_t>(media_.tracks.size() - 1);
  }
  void Write(const Block& block) { media_.blocks.push_back(block); }
  void Finish() { file_.bytes = Mux(media_, options_); }
  std::vector<Block> ReadAll() {
    Reader reader(&file_);
    EXPECT_EQ(reader.status(), H4MK_OK) << reader.message();
    const Reading reading = reader.ReadOn();
    EXPECT_EQ(reading.damage, std::vector<std::string>());
    EXPECT_EQ(reading.end, file_.pipe ? reading.end : H4MK_END) << reader.message();
    return reading.blocks;
  }
  // The rule of the whole project: what comes back is what was written.
  void ExpectAllBlocksComeBack() {
    Finish();
    const std::vector<Block> blocks = ReadAll();
    ASSERT_EQ(blocks.size(), media_.blocks.size());
    for (size_t i = 0; i < blocks.size(); ++i)
      ASSERT_EQ(blocks[i], media_.blocks[i]) << "block " << i;
  }

  Media media_;
  h4mk_writer_options options_ = H4MK_WRITER_OPTIONS_INIT;
  TestFile file_;
};

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_CONTAINER_H_
