// SPDX-License-Identifier: MIT
// The container checksum as a reader makes it: as long as it reads every chunk, and in order.
#ifndef H4MK_READER_RUNNING_CHECKSUM_H_
#define H4MK_READER_RUNNING_CHECKSUM_H_

#include "chunk/chunk_format.h"
#include "chunk/container_checksum.h"

namespace h4mk {

class RunningChecksum {
 public:
  // Covers nothing.
  RunningChecksum() = default;
  // Of a file whose header was read.
  explicit RunningChecksum(ContainerChecksum header) : checksum_(header), until_(kFileHeaderSize) {}

  // A chunk was read. Those that come again, after a rewind, are in it already.
  void Add(uint64_t offset, uint64_t end, uint32_t crc) {
    if (offset != until_) return;
    checksum_.Add(crc);
    until_ = end;
  }
  // A chunk was not read: nothing can be said about the file any more.
  void Stop() { until_ = 0; }

  // Whether all chunks before an offset, and no others, are in it.
  bool Covers(uint64_t offset) const { return until_ != 0 && until_ == offset; }
  uint32_t value() const { return checksum_.value(); }

 private:
  ContainerChecksum checksum_;
  uint64_t until_ = 0;  // 0: stopped
};

}  // namespace h4mk

#endif  // H4MK_READER_RUNNING_CHECKSUM_H_
