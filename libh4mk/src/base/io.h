// SPDX-License-Identifier: MIT
// Where bytes come from and go to, and Source, which reads a file by absolute offsets over such an
// interface.
#ifndef H4MK_BASE_IO_H_
#define H4MK_BASE_IO_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

// The library's side of h4mk_io (h4mk.h), with the same contract.
class Io {
 public:
  virtual ~Io() = default;
  virtual int64_t Read(uint8_t* buffer, size_t size) = 0;
  virtual int64_t Write(const uint8_t* buffer, size_t size) = 0;
  virtual bool CanSeek() const = 0;
  virtual int64_t Seek(int64_t offset) = 0;  // 0 or a negative code
  virtual int64_t Size() = 0;                // negative: not known
  // Whether a chunk may be read that starts at an offset, 1 or 0, or a negative code: one that
  // verifies signatures says no where none was signed.
  virtual int64_t StartsChunk(uint64_t) { return 1; }
};

// Reads at absolute offsets. Small reads go through a small buffer; large ones straight into the
// caller's memory. On an input that cannot seek, offsets may only grow, except that bytes handed
// back with Unread() can be read again.
class Source {
 public:
  explicit Source(Io& io) : io_(io) {}

  bool seekable() const { return io_.CanSeek(); }
  // Size of the file now; -1 if the input does not tell.
  int64_t Size() { return io_.Size(); }
  // Io::StartsChunk(). kIo.
  Status StartsChunk(uint64_t offset, bool* starts);
  int64_t io_error() const { return io_error_; }

  // What every CRC of the file starts from (core.md, "File"); set by ReadFileHeader(). 0 in
  // version 1.
  uint32_t salt() const { return salt_; }
  void set_salt(uint32_t salt) { salt_ = salt; }

  // Reads size bytes at offset; *got is smaller only at the end of the input. After a failure the
  // same bytes can be read again.
  Status ReadAt(uint64_t offset, uint8_t* out, size_t size, size_t* got);
  // Reads as many bytes as `out` has. kIo where the input ends before: it is shorter than it was.
  Status ReadAll(uint64_t offset, std::span<uint8_t> out);

  // Keeps bytes for later reads at and behind offset (they are served before the input is asked).
  void Unread(uint64_t offset, ByteSpan bytes);
  void Hold(uint64_t offset, Bytes bytes);

  // What was read ahead or handed back is read again: it may have been written to since. REQUIRES:
  // seekable().
  void Forget() { held_.clear(); }

 private:
  Status MoveTo(uint64_t offset);
  Status PutBack(uint64_t offset, ByteSpan bytes, Status failure);
  Status ReadInput(uint8_t* out, size_t least, size_t most, size_t* got);

  Io& io_;
  uint32_t salt_ = 0;
  uint64_t input_position_ = 0;
  int64_t io_error_ = 0;
  Bytes held_;  // bytes of the file from held_offset_ on
  uint64_t held_offset_ = 0;
};

// Calls visit with the bytes from `begin` to `end`, piece by piece; what it returns, if anything,
// is a Status. kIo where the input ends before.
template <typename Visit>
Status ForBytes(Source& source, uint64_t begin, uint64_t end, Visit visit) {
  constexpr uint64_t kPiece = 1 << 20;
  Bytes buffer;
  for (; begin < end; begin += buffer.size()) {
    buffer.resize(static_cast<size_t>(std::min(kPiece, end - begin)));
    H4MK_TRY(source.ReadAll(begin, buffer));
    if constexpr (std::is_void_v<decltype(visit(ByteSpan(buffer)))>) {
      visit(ByteSpan(buffer));
    } else {
      H4MK_TRY(visit(ByteSpan(buffer)));
    }
  }
  return {};
}

// Writes everything or fails, and knows the position.
class Sink {
 public:
  // position: where the output stands in the file.
  explicit Sink(Io& io, uint64_t position = 0) : io_(io), position_(position) {}

  uint64_t position() const { return position_; }
  int64_t io_error() const { return io_error_; }
  bool seekable() const { return io_.CanSeek(); }
  Status Write(ByteSpan bytes);
  Status Seek(uint64_t offset);

 private:
  Io& io_;
  uint64_t position_;
  int64_t io_error_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_BASE_IO_H_
