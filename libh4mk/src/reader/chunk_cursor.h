// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_CHUNK_CURSOR_H_
#define H4MK_READER_CHUNK_CURSOR_H_

#include <optional>

#include "chunk/chunk_reader.h"
#include "chunk/container_checksum.h"

namespace h4mk {

// Where reading in file order goes on, and the header of the chunk there once it was read: an input
// that cannot seek gives it only once. Makes the container checksum on the way, as long as every
// chunk is read, and in order.
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

  // The file header was read, and position() is behind it.
  void Begin(const ContainerChecksum& of_header) {
    checksum_ = of_header;
    summed_until_ = position_;
  }
  // Goes behind the chunk at position(), which ends at `end`. crc: its CRC; none: it was not read.
  // next: the header behind it, if it was read along. A chunk that comes again, after a rewind, is
  // in the checksum already.
  void Pass(uint64_t end, std::optional<uint32_t> crc,
            const std::optional<ChunkHeader>& next = std::nullopt) {
    if (!crc) StopChecksum();
    if (crc && position_ == summed_until_) {
      checksum_.Add(*crc);
      summed_until_ = end;
    }
    position_ = end;
    header_ = next;
  }
  // Goes back, to a chunk that was read before.
  void Return(uint64_t position) {
    position_ = position;
    header_.reset();
  }
  // Goes elsewhere: nothing can be said about the checksum any more.
  void Jump(uint64_t position) {
    StopChecksum();
    Return(position);
  }

  // The container checksum, if all chunks before position() are in it, and no others.
  std::optional<uint32_t> checksum() const {
    if (summed_until_ != position_) return std::nullopt;
    return checksum_.value();
  }
  void StopChecksum() { summed_until_ = 0; }

 private:
  ChunkReader& chunks_;
  uint64_t position_ = kFileHeaderSize;
  std::optional<ChunkHeader> header_;
  ContainerChecksum checksum_;
  uint64_t summed_until_ = 0;  // 0: the checksum has stopped
};

}  // namespace h4mk

#endif  // H4MK_READER_CHUNK_CURSOR_H_
