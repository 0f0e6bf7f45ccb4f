// SPDX-License-Identifier: MIT
// Writes a file of version 1: the same input gives the same bytes as from its first writer
// (legacy.md, "Version 1").
#ifndef H4MK_LEGACY_V1_V1_WRITER_H_
#define H4MK_LEGACY_V1_V1_WRITER_H_

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "base/io.h"
#include "base/json.h"
#include "chunk/chunk_format.h"

namespace h4mk {

struct V1Block {
  int64_t track_id = 0;
  int64_t pts_ms = 0;
  int64_t type = 0;
  ByteSpan data;
  // The order of the file; equal ones stay as they are.
  std::pair<int64_t, int64_t> key() const { return {pts_ms, track_id}; }
};

struct V1ExtraChunk {
  uint32_t tag = 0;
  uint32_t flags = 0;
  ByteSpan payload;
};

// What stands behind TRAK in a file of version 1, in this order, each at most once.
inline constexpr std::array kV1Sidecars = {kTagMeta, kTagSafe, kTagVeri, kTagNote};
inline bool IsV1Sidecar(uint32_t tag) {
  return std::ranges::find(kV1Sidecars, tag) != kV1Sidecars.end();
}

struct V1Contents {
  std::vector<Json> tracks;               // of the seven keys, see V1Track()
  std::map<uint32_t, ByteSpan> sidecars;  // by tag
  std::vector<V1ExtraChunk> extra;        // behind those, before the blocks; not known to the first
                                          // readers, which pass over them
  std::vector<V1Block> blocks;            // in any order
  uint64_t timestamp_ms = 0;              // the first writer: always 0
};

// Everything is checked before the first byte is written. duplicate_track, unknown_track,
// pts_range, block_type, track_id_range, too_many_seek_entries, short_or_out_of_range_struct (4
// GiB).
Status WriteV1(V1Contents contents, Sink& sink);

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_WRITER_H_
