// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_block.h"

#include "base/fault.h"
#include "chunk/chunk_format.h"
#include "cluster/block.h"

namespace h4mk {
namespace {

constexpr uint32_t kRoutingMagic = Tag("H4TB");

}  // namespace

V1Flags ParseV1Flags(uint32_t flags) {
  return {flags & static_cast<uint32_t>(kV1MaxPtsMs), flags >> kCoreTypeShift & 3};
}

Result<uint32_t> MakeV1Flags(int64_t pts_ms, int64_t type) {
  if (pts_ms < 0 || pts_ms > kV1MaxPtsMs)
    return Fault("pts_range",
                 "time of " + std::to_string(pts_ms) +
                     " ms; version 1 has 28 bits for it: 0 to 268435455 ms, about 74.6 hours",
                 Code::kLimit);
  if (type < kV1TypeI || type > kV1TypeB)
    return Fault("block_type", "block type " + std::to_string(type) + "; 0 to 2 are I, P, B",
                 Code::kArgument);
  return static_cast<uint32_t>(pts_ms) | static_cast<uint32_t>(type) << kCoreTypeShift;
}

uint32_t V1TypeOf(uint32_t block_flags) {
  if (block_flags & kBlockKey) return kV1TypeI;
  return (block_flags & kBlockTypeMask) == kV1TypeB ? kV1TypeB : kV1TypeP;
}

char V1TypeLetter(uint32_t type) { return "IPB?"[type & 3]; }

Status CheckV1TrackId(int64_t track_id) {
  if (track_id >= 0 && track_id <= kV1MaxTrackId) return {};
  return Fault(
      "track_id_range",
      "track_id " + std::to_string(track_id) + "; version 1 has 16 bits for it: 0 to 65535",
      Code::kLimit);
}

void AppendV1Routing(int64_t track_id, Bytes& out) {
  AppendLe(out, kRoutingMagic);
  AppendLe(out, static_cast<uint16_t>(track_id));
  AppendLe(out, uint16_t{0});
}

Result<uint16_t> ParseV1Routing(ByteSpan front) {
  if (front.size() < 4 || LoadLe<uint32_t>(front.data()) != kRoutingMagic)
    return Fault("not_track_bound", "CORE payload does not start with H4TB");
  if (front.size() < kV1RoutingSize)
    return Fault("short_or_out_of_range_struct", "CORE payload ends inside its routing");
  return LoadLe<uint16_t>(front.data() + 4);
}

}  // namespace h4mk
