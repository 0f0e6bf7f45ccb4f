// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_file.h"

#include <algorithm>
#include <map>

#include "base/crc32.h"
#include "base/fault.h"
#include "chunk/chunk_format.h"
#include "legacy/find_in_steps.h"
#include "legacy/v1/v1_tracks.h"

namespace h4mk {
namespace {

// A fault in the payload of a chunk, with its place.
Status FaultIn(const ChunkInfo& chunk, const Status& fault) {
  return Corrupt(chunk.payload, fault.message()).Named(fault.fault());
}

}  // namespace

Result<V1File> V1File::Open(Source& source, bool check) {
  V1File file(source);
  uint8_t header[kFileHeaderSize];
  H4MK_TRY(file.ReadHeader(header));
  file.header_ = {header[4], header[5], LoadLe<uint64_t>(header + 8)};
  H4MK_TRY(file.ReadChunks(check));
  if (check) H4MK_TRY(file.CheckContainer());
  return file;
}

// Compares the CRC of all bytes. The chunks have matched theirs, so only the bytes between them are
// read again.
Status V1File::CheckContainer() const {
  uint32_t actual = 0;
  uint64_t covered = 0;
  const auto cover = [&](uint64_t until) {
    return ForBytes(*source_, covered, until,
                    [&](ByteSpan bytes) { actual = Crc32(actual, bytes); });
  };
  for (const ChunkInfo& chunk : chunks()) {
    H4MK_TRY(cover(chunk.offset));
    covered = chunk.payload + chunk.length;
    actual = Crc32Combine(actual, chunk.crc, covered - chunk.offset);
  }
  const uint64_t end = size() - kCrcSize;
  H4MK_TRY(cover(end));
  uint8_t stored[kCrcSize];
  H4MK_TRY(source_->ReadAll(end, stored));
  if (LoadLe<uint32_t>(stored) == actual) return {};
  return Corrupt(end, "container_crc: the bytes of the file do not match the container CRC")
      .Named("container_crc");
}

Result<const ChunkInfo*> V1File::FindChunk(uint64_t payload) const {
  const auto chunk = std::ranges::lower_bound(chunks(), payload, {}, &ChunkInfo::payload);
  if (chunk != chunks().end() && chunk->payload == payload) return &*chunk;
  return Fault("no_such_chunk", "no chunk has its payload at byte " + std::to_string(payload),
               Code::kNotFound)
      .At(payload);
}

Result<std::vector<Json>> V1File::Tracks() const {
  H4MK_ASSIGN(const std::optional<Bytes> payload, First(kTagTracks));
  return payload ? ParseV1Tracks(AsText(*payload)) : std::vector<Json>();
}

Result<V1Core> V1File::CoreIn(const ChunkInfo& chunk) const {
  uint8_t front[kV1RoutingSize];
  const size_t size = std::min<size_t>(chunk.length, sizeof front);
  H4MK_TRY(source_->ReadAll(chunk.payload, std::span(front).first(size)));
  const Result<uint16_t> track_id = ParseV1Routing(ByteSpan(front, size));
  if (!track_id.ok()) return FaultIn(chunk, track_id.status());
  return V1Core{chunk.payload, track_id.value(), ParseV1Flags(chunk.flags),
                chunk.length - static_cast<uint32_t>(kV1RoutingSize)};
}

Result<std::vector<V1Core>> V1File::Cores() const {
  std::vector<V1Core> cores;
  for (const ChunkInfo& chunk : chunks()) {
    if (chunk.tag != kTagCore) continue;
    H4MK_ASSIGN(cores.emplace_back(), CoreIn(chunk));
  }
  return cores;
}

Result<std::vector<V1SeekTable>> V1File::SeekTables() const {
  std::vector<V1SeekTable> tables;
  std::map<uint16_t, size_t> places;  // in tables, by track
  for (const ChunkInfo& chunk : chunks()) {
    if (chunk.tag != kTagIndex) continue;
    Bytes payload;
    H4MK_TRY(ReadPayload(chunk, &payload));
    Result<std::optional<V1SeekTable>> table = DecodeV1SeekTable(payload);
    if (!table.ok()) return FaultIn(chunk, table.status());
    if (!table.value()) continue;
    const auto [place, is_new] = places.emplace(table.value()->track_id, tables.size());
    if (is_new) tables.emplace_back();
    tables[place->second] = std::move(*table.value());
  }
  return tables;
}

Result<std::optional<uint64_t>> V1File::Keyframe(int64_t track_id, int64_t t_ms) const {
  H4MK_ASSIGN(const std::vector<V1SeekTable> tables, SeekTables());
  std::optional<uint64_t> found;
  for (const V1SeekTable& table : tables) {
    if (table.track_id != track_id || table.entries.empty()) continue;
    const V1SeekEntry* entry =
        FindInSteps(std::span(table.entries),
                    [&](const V1SeekEntry& candidate) { return candidate.pts_ms <= t_ms; });
    if (entry != nullptr) found = static_cast<uint64_t>(entry->offset);
    return found;
  }
  H4MK_ASSIGN(const std::vector<V1Core> cores, Cores());
  for (const V1Core& core : cores)
    if (core.track_id == track_id && core.flags.type == kV1TypeI && core.flags.pts_ms <= t_ms)
      found = core.offset;
  return found;
}

Result<std::vector<uint64_t>> V1File::DecodeChain(int64_t track_id, int64_t t_ms) const {
  H4MK_ASSIGN(const std::optional<uint64_t> start, Keyframe(track_id, t_ms));
  std::vector<uint64_t> chain;
  if (!start) return chain;
  chain.push_back(*start);
  const Result<const ChunkInfo*> first = FindChunk(*start);
  if (!first.ok()) return chain;  // a table that points at nothing: that offset alone
  const auto place = static_cast<size_t>(first.value() - chunks().data());
  for (const ChunkInfo& chunk : std::span(chunks()).subspan(place + 1)) {
    if (chunk.tag != kTagCore) continue;
    H4MK_ASSIGN(const V1Core core, CoreIn(chunk));
    if (core.track_id != track_id) continue;
    if (core.flags.type == kV1TypeI || core.flags.pts_ms > t_ms) break;
    chain.push_back(core.offset);
  }
  return chain;
}

}  // namespace h4mk
