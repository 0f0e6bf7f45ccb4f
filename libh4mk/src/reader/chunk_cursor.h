// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_CHUNK_CURSOR_H_
#define H4MK_READER_CHUNK_CURSOR_H_

#include <optional>

#include "chunk/chunk_reader.h"

namespace h4mk {

// Where reading in file order goes on, and the header of the chunk there once it was read: an input
// that cannot seek gives it only once.
class ChunkCursor {
 public:
  explicit ChunkCursor(ChunkReader& chunks) : chunks_(chunks) {}

  uint64_t position() const { return position_; }
  // The header, if it was read.
  const std::optional<ChunkHeader>& known_header() const { return header_; }

  // The header of the chunk at position(). As ChunkReader::ReadHeader().
  Status ReadHeader(ChunkHeader* header) {
    if (!header_) {
      H4MK_TRY(chunks_.ReadHeader(position_, header));
      header_ = *header;
    }
    *header = *header_;
    return {};
  }

  void MoveTo(uint64_t position, const std::optional<ChunkHeader>& header = std::nullopt) {
    position_ = position;
    header_ = header;
  }

 private:
  ChunkReader& chunks_;
  uint64_t position_ = kFileHeaderSize;
  std::optional<ChunkHeader> header_;
};

}  // namespace h4mk

#endif  // H4MK_READER_CHUNK_CURSOR_H_
