// SPDX-License-Identifier: MIT
// CRCs of many ranges of a file that may overlap, at a cost that does not add up: what is looked
// through for chunks may claim any lengths, and each of them has to be checked.
#ifndef H4MK_CHUNK_RANGE_CRC_H_
#define H4MK_CHUNK_RANGE_CRC_H_

#include <vector>

#include "base/io.h"

namespace h4mk {

class RangeCrc {
 public:
  // The source must be seekable and outlive this.
  explicit RangeCrc(Source& source) : source_(source) {}

  // CRC of the bytes from `from` to `until`, starting from `start`. The ranges' beginnings must
  // rise from call to call. kEnd: the file is shorter.
  Status Of(uint32_t start, uint64_t from, uint64_t until, uint32_t* crc);

 private:
  // The bytes of one step, as far as the file has them.
  struct Page {
    uint64_t offset = 0;
    Bytes bytes;
  };
  Status PrefixAt(uint64_t offset, Page* page, uint32_t* crc);
  Status Read(uint64_t offset, size_t size, Page* page);

  Source& source_;
  uint64_t origin_ = 0;
  std::vector<uint32_t> prefixes_;  // [i]: CRC, starting from 0, of i steps behind origin_
  // Of the last range's beginning and end: the next ones are near, where there are many.
  Page first_, last_;
};

}  // namespace h4mk

#endif  // H4MK_CHUNK_RANGE_CRC_H_
