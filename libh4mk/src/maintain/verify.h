// SPDX-License-Identifier: MIT
// Checks all that a file says of itself: every CRC, the container checksum, the index against the
// blocks.
#ifndef H4MK_MAINTAIN_VERIFY_H_
#define H4MK_MAINTAIN_VERIFY_H_

#include <map>
#include <string>
#include <vector>

#include "file/chunk_walk.h"

namespace h4mk {

struct Finding {
  bool is_error = true;  // false: worth knowing, but the file is as its writer left it
  uint64_t offset = 0;
  std::string message;
};

struct VerifyReport {
  int version = 0;
  uint64_t file_size = 0;
  bool closed = false;                     // it has its end
  std::map<std::string, uint64_t> chunks;  // good ones, by tag
  uint64_t clusters = 0;
  uint64_t blocks = 0;            // with good data
  uint64_t payload_bytes = 0;     // of those
  bool is_signed = false;         // it has signatures, which nobody has verified
  bool index_checked = false;     // the index agrees with the blocks, or findings say where not
  std::vector<Finding> findings;  // the first kMaxFindings
  uint64_t errors = 0;            // all

  static constexpr size_t kMaxFindings = 1000;
  bool ok() const { return errors == 0; }
  void Error(uint64_t offset, std::string message);
  // REQUIRES: !problem.ok(). Without an offset it is about the file.
  void Error(const Status& problem) { Error(problem.offset().value_or(0), problem.message()); }
  void Note(uint64_t offset, std::string message);
};

// io must be seekable and know its size. An error only where the file cannot be read at all (kIo)
// or is none of this version; damage goes into the report.
Status VerifyV2(Io& io, const ChunkWalk::Progress& progress, VerifyReport* report);

}  // namespace h4mk

#endif  // H4MK_MAINTAIN_VERIFY_H_
