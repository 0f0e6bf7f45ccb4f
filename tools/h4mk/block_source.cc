// SPDX-License-Identifier: MIT
#include "block_source.h"

#include "text.h"

namespace h4mk::tool {

h4mk_block BlockOf(const h4mk_block_info& info, uint32_t track) {
  h4mk_block block = H4MK_BLOCK_INIT;
  block.track = track;
  block.flags = info.flags;
  block.pts = info.pts;
  block.dts = info.dts;
  block.duration = info.duration;
  block.size = info.size;
  block.ordinal = info.ordinal;
  block.offset = info.offset;
  block.chunk = info.chunk;
  return block;
}

uint32_t TypeOf(uint32_t flags, const RecordedTrack& track) {
  const uint32_t type = flags & H4MK_BLOCK_TYPE_MASK;
  if (type == H4MK_BLOCK_TYPE_I || type == H4MK_BLOCK_TYPE_B) return type;
  const auto types = track.description.find("block_types");
  return types != track.description.end() && *types == "key" ? 3 : H4MK_BLOCK_TYPE_P;
}

char TypeLetter(uint32_t flags, const RecordedTrack& track) { return "IPB?"[TypeOf(flags, track)]; }

std::string BlockText(const h4mk_block& block, const RecordedTrack& track) {
  return fmt::format("block {} at {}, {}{}, {} bytes at byte {}", block.ordinal,
                     Clock(TimeOf(block), track.time_base()), TypeLetter(block.flags, track),
                     block.flags & H4MK_BLOCK_KEY ? "*" : "", block.size, block.offset);
}

Json BlockJson(const h4mk_block& block, const RecordedTrack& track) {
  const auto time = [](int64_t value) { return value == kNoTime ? Json(nullptr) : Json(value); };
  Json object = Json::object();
  object["track_id"] = track.id();
  object["ordinal"] = block.ordinal;
  object["pts"] = time(block.pts);
  object["dts"] = time(block.dts);
  object["duration"] = block.duration;
  object["time"] =
      TimeOf(block) == kNoTime ? Json(nullptr) : Json(Seconds(TimeOf(block), track.time_base()));
  object["type"] = std::string(1, TypeLetter(block.flags, track));
  object["key"] = (block.flags & H4MK_BLOCK_KEY) != 0;
  if (block.flags & H4MK_BLOCK_DISCARD) object["discard"] = true;
  if (block.flags & H4MK_BLOCK_CORRUPT) object["corrupt"] = true;
  if (block.flags & H4MK_BLOCK_ENCRYPTED) object["encrypted"] = true;
  if (block.flags & H4MK_BLOCK_COMPRESSED) object["compressed"] = true;
  if (block.flags & H4MK_BLOCK_EXTERNAL) object["external"] = true;
  object["size"] = block.size;
  object["offset"] = block.offset;
  if (block.chunk != 0) object["cluster"] = block.chunk;
  return object;
}

void ForEachBlock(Recording& recording, Output& output,
                  const std::function<Status(const h4mk_block&)>& visit) {
  h4mk_block block = H4MK_BLOCK_INIT;
  while (recording.Next(output, &block).ok())
    if (const Status stop = visit(block); !stop.ok()) return output.Problem(stop);
}

}  // namespace h4mk::tool
