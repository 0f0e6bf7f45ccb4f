// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_writer.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/crc32.h"
#include "base/fault.h"
#include "chunk/chunk_writer.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_seek_table.h"
#include "legacy/v1/v1_tracks.h"

namespace h4mk {
namespace {

int64_t TrackId(const Json& track) { return track["track_id"].get<int64_t>(); }

// Tracks and blocks fit each other; checked first.
Status CheckTracks(const V1Contents& contents) {
  std::set<int64_t> ids;
  for (const Json& track : contents.tracks) {
    if (!track["track_id"].is_number_integer())
      return Fault("track_id_range", "track_id is no integer", Code::kArgument);
    if (!ids.insert(TrackId(track)).second)
      return Fault("duplicate_track", "two tracks have one track_id", Code::kArgument);
  }
  for (const V1Block& block : contents.blocks)
    if (!ids.contains(block.track_id))
      return Fault("unknown_track",
                   "block of track " + std::to_string(block.track_id) +
                       ", which is not in the list of tracks",
                   Code::kArgument);
  return {};
}

Status CheckSize(uint64_t size) {
  if (size <= UINT32_MAX) return {};
  return Fault(
      "short_or_out_of_range_struct",
      std::to_string(size) + " bytes; version 1 has 32 bits for lengths and offsets: 4 GiB",
      Code::kLimit);
}

struct Layout {
  std::vector<V1ExtraChunk> front;  // all before the blocks
  std::vector<uint32_t> flags;      // by block
  std::vector<Bytes> tables;        // by track
};

// Everything that can fail, and the seek tables, which need all offsets.
Status MakeLayout(const V1Contents& contents, ByteSpan trak, Layout* layout) {
  layout->front.push_back({kTagTracks, 0, trak});
  for (const uint32_t tag : kV1Sidecars)
    if (const auto sidecar = contents.sidecars.find(tag); sidecar != contents.sidecars.end())
      layout->front.push_back({tag, 0, sidecar->second});
  layout->front.insert(layout->front.end(), contents.extra.begin(), contents.extra.end());
  uint64_t position = kFileHeaderSize;
  for (const V1ExtraChunk& chunk : layout->front) {
    H4MK_TRY(CheckSize(chunk.payload.size()));
    position += chunk.payload.size() + kChunkOverhead;
  }
  std::map<int64_t, std::vector<V1SeekEntry>> entries;
  for (const V1Block& block : contents.blocks) {
    H4MK_ASSIGN(uint32_t flags, MakeV1Flags(block.pts_ms, block.type));
    H4MK_TRY(CheckV1TrackId(block.track_id));
    H4MK_TRY(CheckSize(kV1RoutingSize + block.data.size()));
    layout->flags.push_back(flags);
    position += kChunkHeaderSize;
    if (block.type == kV1TypeI)
      entries[block.track_id].push_back({block.pts_ms, static_cast<int64_t>(position)});
    position += kV1RoutingSize + block.data.size() + kCrcSize;
  }
  for (const Json& track : contents.tracks) {
    H4MK_ASSIGN(Bytes table, EncodeV1SeekTable(TrackId(track), entries[TrackId(track)]));
    layout->tables.push_back(std::move(table));
  }
  return {};
}

}  // namespace

Status WriteV1(V1Contents contents, Sink& sink) {
  H4MK_TRY(CheckTracks(contents));
  std::ranges::stable_sort(contents.blocks, {}, &V1Block::key);
  const std::string trak = EncodeV1Tracks(contents.tracks);
  Layout layout;
  H4MK_TRY(MakeLayout(contents, AsBytes(trak), &layout));

  uint32_t crc = 0;  // of every byte, which version 1 ends with
  const auto write = [&](ByteSpan bytes) {
    crc = Crc32(crc, bytes);
    return sink.Write(bytes);
  };
  Bytes header;
  AppendLe(header, kFileMagic);
  AppendLe(header, uint32_t{1});  // version 1, flags 0, reserved 0
  AppendLe(header, contents.timestamp_ms);
  H4MK_TRY(write(header));
  for (const V1ExtraChunk& chunk : layout.front)
    H4MK_TRY(write(MakeChunk(chunk.tag, chunk.flags, chunk.payload, /*salt=*/0)));
  Bytes payload;
  for (size_t i = 0; i < contents.blocks.size(); ++i) {
    const V1Block& block = contents.blocks[i];
    payload.clear();
    AppendV1Routing(block.track_id, payload);
    AppendBytes(payload, block.data);
    H4MK_TRY(write(MakeChunk(kTagCore, layout.flags[i], payload, /*salt=*/0)));
  }
  for (const Bytes& table : layout.tables)
    H4MK_TRY(write(MakeChunk(kTagIndex, 0, table, /*salt=*/0)));
  Bytes footer;
  AppendLe(footer, crc);
  return sink.Write(footer);
}

}  // namespace h4mk
