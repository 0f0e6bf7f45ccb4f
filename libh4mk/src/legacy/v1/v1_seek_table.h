// SPDX-License-Identifier: MIT
// legacy.md, "Version 1": the seek table of one track (a TSEK chunk).
#ifndef H4MK_LEGACY_V1_V1_SEEK_TABLE_H_
#define H4MK_LEGACY_V1_V1_SEEK_TABLE_H_

#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

struct V1SeekEntry {
  int64_t pts_ms = 0;
  int64_t offset = 0;  // of the block's payload in the file
};

struct V1SeekTable {
  uint16_t track_id = 0;
  std::vector<V1SeekEntry> entries;
};

// The table without its track, "H4SK" and on. too_many_seek_entries, short_or_out_of_range_struct
// (a value beyond 32 bits).
Result<Bytes> EncodeV1Entries(std::span<const V1SeekEntry> entries);
// bad_seek_magic, short_or_out_of_range_struct. Bytes behind the entries are ignored.
Result<std::vector<V1SeekEntry>> DecodeV1Entries(ByteSpan bytes);

// The payload of a TSEK chunk. Also short_or_out_of_range_struct for a track_id beyond 16 bits.
Result<Bytes> EncodeV1SeekTable(int64_t track_id, std::span<const V1SeekEntry> entries);
// Nothing if the payload is no table of this form: a reader passes over such a chunk.
Result<std::optional<V1SeekTable>> DecodeV1SeekTable(ByteSpan payload);

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_SEEK_TABLE_H_
