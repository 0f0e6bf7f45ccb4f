// SPDX-License-Identifier: MIT
// legacy.md, "Block compression": pairs of a value and how often it comes, 1 to 255.
#ifndef H4MK_LEGACY_RUN_LENGTH_H_
#define H4MK_LEGACY_RUN_LENGTH_H_

#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

// Blocks beyond this are not decompressed: a file of a few bytes could ask for any amount of
// memory.
inline constexpr uint64_t kMaxRunLengthSize = 64u << 20;

// For plain bytes of any length.
Bytes EncodeRuns(ByteSpan plain);
// As the first writer has it: block_not_multiple_of_256.
Result<Bytes> EncodeRunLength(ByteSpan plain);
// compressed_length_odd; kLimit where the result would be larger than kMaxRunLengthSize.
Result<Bytes> DecodeRunLength(ByteSpan coded);
// What DecodeRunLength() would give.
uint64_t RunLengthSize(ByteSpan coded);

}  // namespace h4mk

#endif  // H4MK_LEGACY_RUN_LENGTH_H_
