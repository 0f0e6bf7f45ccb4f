// SPDX-License-Identifier: MIT
#include "legacy/run_length.h"

#include "base/fault.h"

namespace h4mk {

Result<Bytes> EncodeRunLength(ByteSpan plain) {
  if (plain.size() % 256 != 0)
    return Fault("block_not_multiple_of_256",
                 "block of " + std::to_string(plain.size()) +
                     " bytes; the transport dialect takes multiples of 256 only",
                 Code::kLimit);
  return EncodeRuns(plain);
}

Bytes EncodeRuns(ByteSpan plain) {
  Bytes coded;
  for (size_t i = 0; i < plain.size();) {
    size_t run = 1;
    while (run < 255 && i + run < plain.size() && plain[i + run] == plain[i]) ++run;
    coded.push_back(plain[i]);
    coded.push_back(static_cast<uint8_t>(run));
    i += run;
  }
  return coded;
}

uint64_t RunLengthSize(ByteSpan coded) {
  uint64_t size = 0;
  for (size_t i = 1; i < coded.size(); i += 2) size += coded[i];
  return size;
}

Result<Bytes> DecodeRunLength(ByteSpan coded) {
  if (coded.size() % 2 != 0)
    return Fault("compressed_length_odd",
                 "compressed block of " + std::to_string(coded.size()) + " bytes; pairs expected");
  const uint64_t size = RunLengthSize(coded);
  if (size > kMaxRunLengthSize)
    return Status(Code::kLimit,
                  "block of " + std::to_string(size) + " bytes is larger than 64 MiB");
  Bytes plain;
  plain.reserve(static_cast<size_t>(size));
  for (size_t i = 0; i < coded.size(); i += 2) plain.insert(plain.end(), coded[i + 1], coded[i]);
  return plain;
}

}  // namespace h4mk
