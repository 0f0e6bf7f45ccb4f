// SPDX-License-Identifier: MIT
//
// A file in memory whose callbacks can be made to misbehave.

#ifndef H4MK_TESTS_SUPPORT_TEST_FILE_H_
#define H4MK_TESTS_SUPPORT_TEST_FILE_H_

#include <h4mk/h4mk.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "support/block.h"

namespace h4mk_test {

class TestFile {
 public:
  static constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();
  static constexpr int64_t kFault = -77;  // what a failing callback returns

  TestFile() = default;
  explicit TestFile(Bytes content) : bytes(std::move(content)) {}

  Bytes bytes;
  size_t position = 0;

  bool pipe = false;               // no seek, no size
  bool has_size = true;            // else it can seek, but not tell its size
  size_t max_transfer = kNoLimit;  // bytes one call moves at most
  size_t capacity = kNoLimit;      // the disk is full when the file has this size
  size_t failing_read = kNoLimit;  // number of the read call that fails, once, counted from 0
  size_t failing_write = kNoLimit;
  size_t failing_seek = kNoLimit;

  size_t reads = 0;
  size_t writes = 0;
  size_t seeks = 0;
  size_t jumps = 0;  // seeks that lead back, or so far ahead that over HTTP another request is
                     // cheaper than reading on
  size_t bytes_read = 0;
  size_t furthest = 0;  // end of what was read

  // The callbacks; they refer to this object.
  h4mk_io Io() {
    h4mk_io io = H4MK_IO_INIT;
    io.opaque = this;
    io.read = [](void* self, uint8_t* buffer, size_t size) {
      return static_cast<TestFile*>(self)->Read(buffer, size);
    };
    io.write = [](void* self, const uint8_t* buffer, size_t size) {
      return static_cast<TestFile*>(self)->Write(buffer, size);
    };
    if (!pipe) {
      io.seek = [](void* self, int64_t offset) {
        return static_cast<TestFile*>(self)->Seek(offset);
      };
    }
    if (!pipe && has_size) {
      io.size = [](void* self) {
        return static_cast<int64_t>(static_cast<TestFile*>(self)->bytes.size());
      };
    }
    return io;
  }

 private:
  int64_t Read(uint8_t* buffer, size_t size) {
    if (reads++ == failing_read) return kFault;
    const size_t left = bytes.size() - std::min(position, bytes.size());
    const size_t count = std::min({size, left, max_transfer});
    if (count != 0) std::memcpy(buffer, bytes.data() + position, count);
    position += count;
    bytes_read += count;
    furthest = std::max(furthest, position);
    return static_cast<int64_t>(count);
  }

  int64_t Write(const uint8_t* buffer, size_t size) {
    if (writes++ == failing_write) return kFault;
    if (position >= capacity) return kFault;
    const size_t count = std::min({size, capacity - position, max_transfer});
    if (bytes.size() < position + count) bytes.resize(position + count);
    if (count != 0) std::memcpy(bytes.data() + position, buffer, count);
    position += count;
    return static_cast<int64_t>(count);
  }

  int Seek(int64_t offset) {
    if (seeks++ == failing_seek || offset < 0) return static_cast<int>(kFault);
    const auto target = static_cast<size_t>(offset);
    if (target < position || target - position > (256 << 10)) ++jumps;
    position = target;
    return 0;
  }
};

}  // namespace h4mk_test

#endif  // H4MK_TESTS_SUPPORT_TEST_FILE_H_
