// SPDX-License-Identifier: MIT
#include "base/io.h"

#include <algorithm>
#include <string>

namespace h4mk {
namespace {

constexpr size_t kSmallRead = 2048;  // reads below this size fill the buffer
constexpr size_t kReadAhead = 4096;  // with up to this many bytes

}  // namespace

Status Source::ReadAt(uint64_t offset, uint8_t* out, size_t size, size_t* got) {
  *got = 0;
  while (*got < size) {
    const uint64_t at = offset + *got;
    const size_t wanted = size - *got;
    if (at >= held_offset_ && at - held_offset_ < held_.size()) {
      const size_t from = static_cast<size_t>(at - held_offset_);
      const size_t count = std::min(wanted, held_.size() - from);
      std::memcpy(out + *got, held_.data() + from, count);
      *got += count;
      continue;
    }
    H4MK_TRY(MoveTo(at));
    size_t count = 0;
    if (wanted < kSmallRead) {
      held_.resize(kReadAhead);
      Status status = ReadInput(held_.data(), wanted, kReadAhead, &count);
      held_.resize(count);
      held_offset_ = at;
      if (!status.ok()) return PutBack(offset, ByteSpan(out, *got), std::move(status));
      if (count == 0) return {};
      continue;
    }
    Status status = ReadInput(out + *got, wanted, wanted, &count);
    *got += count;
    if (!status.ok()) return PutBack(offset, ByteSpan(out, *got), std::move(status));
    return {};
  }
  return {};
}

Status Source::ReadAll(uint64_t offset, std::span<uint8_t> out) {
  size_t got = 0;
  H4MK_TRY(ReadAt(offset, out.data(), out.size(), &got));
  if (got == out.size()) return {};
  return Status(Code::kIo, "the file became shorter while it was read, at byte " +
                               std::to_string(offset + got))
      .At(offset + got);
}

Status Source::StartsChunk(uint64_t offset, bool* starts) {
  const int64_t answer = io_.StartsChunk(offset);
  *starts = answer > 0;
  if (answer >= 0) return {};
  io_error_ = answer;
  return Status(Code::kIo, "reading failed at byte " + std::to_string(offset)).At(offset);
}

// After a failure nothing counts as read, so that the caller can try again.
Status Source::PutBack(uint64_t offset, ByteSpan bytes, Status failure) {
  Unread(offset, bytes);
  return failure;
}

// On an input that cannot seek, most of what is handed back is held still. While it is searched
// that is done at thousands of places, and each time all would be copied.
void Source::Unread(uint64_t offset, ByteSpan bytes) {
  const bool is_held =
      !seekable() && offset >= held_offset_ && offset + bytes.size() <= held_offset_ + held_.size();
  if (!is_held) Hold(offset, Bytes(bytes.begin(), bytes.end()));
}

void Source::Hold(uint64_t offset, Bytes bytes) {
  // What is held behind these bytes would be lost on an input that cannot seek back to it.
  if (offset + bytes.size() >= held_offset_ && offset + bytes.size() < held_offset_ + held_.size())
    bytes.insert(bytes.end(),
                 held_.begin() + static_cast<ptrdiff_t>(offset + bytes.size() - held_offset_),
                 held_.end());
  held_ = std::move(bytes);
  held_offset_ = offset;
}

Status Source::MoveTo(uint64_t offset) {
  if (offset == input_position_) return {};
  if (io_.CanSeek()) {
    if (offset > INT64_MAX)
      return Status(Code::kIo, "no input has a byte " + std::to_string(offset));
    const int64_t code = io_.Seek(static_cast<int64_t>(offset));
    if (code < 0) {
      io_error_ = code;
      return Status(Code::kIo, "cannot seek to byte " + std::to_string(offset));
    }
    input_position_ = offset;
    return {};
  }
  if (offset < input_position_)
    return Status(Code::kNotSeekable, "input cannot seek back to byte " + std::to_string(offset));
  uint8_t skipped[kSmallRead];
  while (input_position_ < offset) {
    size_t count = 0;
    const size_t most =
        static_cast<size_t>(std::min<uint64_t>(sizeof skipped, offset - input_position_));
    H4MK_TRY(ReadInput(skipped, 1, most, &count));
    if (count == 0) break;
  }
  return {};
}

// Reads until at least `least` bytes are there or the input ends. A file that grows may have more a
// moment after it gave nothing; one that says so and gives nothing again would be searched for
// ever.
Status Source::ReadInput(uint8_t* out, size_t least, size_t most, size_t* got) {
  *got = 0;
  bool gave_nothing = false;
  while (*got < least) {
    const int64_t count = io_.Read(out + *got, most - *got);
    if (count < 0) {
      io_error_ = count;
      return Status(Code::kIo, "reading failed at byte " + std::to_string(input_position_))
          .At(input_position_);
    }
    if (static_cast<uint64_t>(count) > most - *got)
      return Status(Code::kIo, "the input gave more bytes than it was asked for at byte " +
                                   std::to_string(input_position_))
          .At(input_position_);
    if (count == 0) {
      const int64_t size = io_.CanSeek() ? io_.Size() : -1;
      if (size < 0 || static_cast<uint64_t>(size) <= input_position_) break;
      if (gave_nothing)
        return Status(Code::kIo, "the input ends at byte " + std::to_string(input_position_) +
                                     ", but says that it has " + std::to_string(size) + " bytes")
            .At(input_position_);
    }
    gave_nothing = count == 0;
    *got += static_cast<size_t>(count);
    input_position_ += static_cast<uint64_t>(count);
  }
  return {};
}

Status Sink::Write(ByteSpan bytes) {
  while (!bytes.empty()) {
    const int64_t count = io_.Write(bytes.data(), bytes.size());
    if (count <= 0) {
      io_error_ = count;
      return Status(Code::kIo, "writing failed at byte " + std::to_string(position_)).At(position_);
    }
    if (static_cast<uint64_t>(count) > bytes.size())
      return Status(Code::kIo, "the output took more bytes than it was given at byte " +
                                   std::to_string(position_))
          .At(position_);
    bytes = bytes.subspan(static_cast<size_t>(count));
    position_ += static_cast<uint64_t>(count);
  }
  return {};
}

Status Sink::Seek(uint64_t offset) {
  const int64_t code = io_.Seek(static_cast<int64_t>(offset));
  if (code < 0) {
    io_error_ = code;
    return Status(Code::kIo, "cannot seek to byte " + std::to_string(offset));
  }
  position_ = offset;
  return {};
}

}  // namespace h4mk
