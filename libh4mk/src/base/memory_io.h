// SPDX-License-Identifier: MIT
// Input from bytes in memory, and output to them.
#ifndef H4MK_BASE_MEMORY_IO_H_
#define H4MK_BASE_MEMORY_IO_H_

#include <algorithm>

#include "base/io.h"

namespace h4mk {

// Reads bytes that the caller keeps.
class MemoryInput final : public Io {
 public:
  explicit MemoryInput(ByteSpan bytes) : bytes_(bytes) {}
  int64_t Read(uint8_t* buffer, size_t size) override {
    const size_t count = std::min(size, bytes_.size() - std::min(bytes_.size(), position_));
    std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(std::min(bytes_.size(), position_)), count,
                buffer);
    position_ += count;
    return static_cast<int64_t>(count);
  }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override {
    position_ = static_cast<size_t>(offset);
    return 0;
  }
  int64_t Size() override { return static_cast<int64_t>(bytes_.size()); }

 private:
  ByteSpan bytes_;
  size_t position_ = 0;
};

// Collects what is written.
class MemoryOutput final : public Io {
 public:
  int64_t Read(uint8_t*, size_t) override { return -1; }
  int64_t Write(const uint8_t* buffer, size_t size) override {
    bytes.insert(bytes.end(), buffer, buffer + size);
    return static_cast<int64_t>(size);
  }
  bool CanSeek() const override { return false; }
  int64_t Seek(int64_t) override { return -1; }
  int64_t Size() override { return -1; }

  Bytes bytes;
};

}  // namespace h4mk

#endif  // H4MK_BASE_MEMORY_IO_H_
