// SPDX-License-Identifier: MIT
// Finds chunks of the transport dialect behind damage. Tag and length are in no CRC: only a payload
// that matches its CRC shows that a chunk stands where one seems to.
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_SCAN_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_SCAN_H_

#include "base/io.h"
#include "file/chunk_list.h"

namespace h4mk {

class TransportScan {
 public:
  // The source must be seekable, of known size, and outlive the scan.
  explicit TransportScan(Source& source)
      : source_(source), checks_left_(4 * static_cast<uint64_t>(source.Size())) {}

  // Whether the payload matches its CRC. All calls together read no more than four times the file;
  // from then on no chunk is whole.
  Status IsWhole(const ChunkInfo& chunk, bool* whole);

  // Finds the next whole chunk that writers of the dialect make, behind an offset. kEnd: none.
  Status FindNext(uint64_t offset, uint64_t* found);

 private:
  Source& source_;
  uint64_t checks_left_;  // bytes
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_SCAN_H_
