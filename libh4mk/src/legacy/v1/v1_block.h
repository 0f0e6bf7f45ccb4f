// SPDX-License-Identifier: MIT
// legacy.md, "Version 1": the flags of a CORE chunk and the routing in front of a block's bytes.
#ifndef H4MK_LEGACY_V1_V1_BLOCK_H_
#define H4MK_LEGACY_V1_V1_BLOCK_H_

#include <cstdint>

#include "base/bytes.h"
#include "base/status.h"

namespace h4mk {

inline constexpr int64_t kV1MaxPtsMs = (int64_t{1} << 28) - 1;  // about 74.6 hours
inline constexpr int64_t kV1MaxTrackId = 65535;
inline constexpr size_t kV1RoutingSize = 8;

enum V1Type : uint32_t { kV1TypeI = 0, kV1TypeP = 1, kV1TypeB = 2, kV1TypeReserved = 3 };

struct V1Flags {
  uint32_t pts_ms = 0;
  uint32_t type = kV1TypeI;
};

// Bits 30 and 31 are ignored.
V1Flags ParseV1Flags(uint32_t flags);
// pts_range, block_type.
Result<uint32_t> MakeV1Flags(int64_t pts_ms, int64_t type);
// The type that a block with these flags (block.h) has in version 1: what decoding can start at is
// I, all else is not.
uint32_t V1TypeOf(uint32_t block_flags);
// I, P, B, ?
char V1TypeLetter(uint32_t type);

// Checks a track_id as a writer must: track_id_range.
Status CheckV1TrackId(int64_t track_id);
// REQUIRES: CheckV1TrackId(track_id).ok().
void AppendV1Routing(int64_t track_id, Bytes& out);
// Reads the track_id from the front of a CORE payload: not_track_bound,
// short_or_out_of_range_struct.
Result<uint16_t> ParseV1Routing(ByteSpan front);

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_BLOCK_H_
