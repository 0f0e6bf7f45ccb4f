// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_file.h"

#include <algorithm>
#include <array>

#include "base/crc32.h"
#include "base/fault.h"
#include "base/hex.h"
#include "legacy/v1/v1_tracks.h"

namespace h4mk {
namespace {

Status RoutingFault(const V1Chunk& chunk) {
  const std::string at = "CORE payload at byte " + std::to_string(chunk.offset);
  if (chunk.track_id == V1Chunk::kNotTrackBound)
    return Fault("not_track_bound", at + " does not start with H4TB").At(chunk.offset);
  return Fault("short_or_out_of_range_struct", at + " ends inside its routing").At(chunk.offset);
}

std::string Hex(uint32_t value) {
  uint8_t bytes[sizeof value];
  StoreBe(bytes, value);
  return EncodeHex(bytes);
}

}  // namespace

Result<V1File> V1File::Open(Source& source, bool check) {
  V1File file(source);
  H4MK_TRY(file.Parse(check));
  file.tables_status_ = file.LoadTables();
  if (file.tables_status_.code() == Code::kIo) return std::move(file.tables_status_);
  return file;
}

Status V1File::Parse(bool check) {
  const int64_t known_size = source_->Size();
  if (!source_->seekable() || known_size < 0)
    return Status(Code::kNotSeekable, "a whole file that can seek is needed");
  const auto size = static_cast<uint64_t>(known_size);
  if (size < kFileHeaderSize)
    return Fault("too_short", "file of " + std::to_string(size) + " bytes; its header has 16",
                 Code::kTruncated);
  uint8_t bytes[kFileHeaderSize];
  H4MK_TRY(source_->ReadAll(0, bytes));
  if (LoadLe<uint32_t>(bytes) != kFileMagic)
    return Fault("bad_magic", "\"H4MK\" expected at byte 0", Code::kNotH4mk).At(0);
  header_ = {bytes[4], bytes[5], LoadLe<uint16_t>(bytes + 6), LoadLe<uint64_t>(bytes + 8)};

  uint64_t position = kFileHeaderSize;
  while (position < size - kCrcSize && position + kChunkHeaderSize <= size) {
    V1Chunk chunk;
    H4MK_TRY(ParseChunk(position, size, check, &chunk));
    position = chunk.offset + chunk.length + kCrcSize;
    chunks_.push_back(chunk);
  }
  if (!check) return {};
  H4MK_TRY(AddToCrc(size - kCrcSize));
  uint8_t stored[kCrcSize];
  H4MK_TRY(source_->ReadAll(size - kCrcSize, stored));
  if (LoadLe<uint32_t>(stored) != running_crc_)
    return Fault("container_crc", "container CRC at byte " + std::to_string(size - kCrcSize) +
                                      " is " + Hex(LoadLe<uint32_t>(stored)) + "; expected " +
                                      Hex(running_crc_))
        .At(size - kCrcSize);
  return {};
}

Status V1File::ParseChunk(uint64_t position, uint64_t size, bool check, V1Chunk* chunk) {
  uint8_t bytes[kChunkHeaderSize];
  H4MK_TRY(source_->ReadAll(position, bytes));
  const ChunkHeader header = ParseChunkHeader(bytes);
  *chunk = {position + kChunkHeaderSize, header.tag, header.flags, header.length};
  const uint64_t end = chunk->offset + header.length;
  if (end > size - kCrcSize)
    return Fault("chunk_overrun", TagText(header.tag) + " chunk of " +
                                      std::to_string(header.length) + " bytes at byte " +
                                      std::to_string(position) + " extends past the container")
        .At(position);
  if (header.tag == kTagCore) {
    std::array<uint8_t, kV1RoutingSize> front;
    const size_t count = std::min<size_t>(header.length, front.size());
    H4MK_TRY(source_->ReadAll(chunk->offset, std::span(front).first(count)));
    const Result<uint16_t> track_id = ParseV1Routing(ByteSpan(front).first(count));
    chunk->track_id = track_id.ok()                                    ? track_id.value()
                      : track_id.status().fault() == "not_track_bound" ? V1Chunk::kNotTrackBound
                                                                       : V1Chunk::kShortRouting;
  }
  uint8_t stored[kCrcSize];
  H4MK_TRY(source_->ReadAll(end, stored));
  chunk->crc = LoadLe<uint32_t>(stored);
  if (!check) return {};
  H4MK_TRY(AddToCrc(position));
  const uint32_t before = running_crc_;
  running_crc_ = 0;
  H4MK_TRY(AddToCrc(end));
  const uint32_t actual = running_crc_;
  running_crc_ = Crc32Combine(before, actual, end - position);
  if (chunk->crc != actual)
    return Fault("chunk_crc", TagText(header.tag) + " chunk at byte " + std::to_string(position) +
                                  " has the CRC " + Hex(chunk->crc) + "; expected " + Hex(actual))
        .At(position);
  return {};
}

Status V1File::AddToCrc(uint64_t until) {
  H4MK_TRY(ForBytes(*source_, covered_until_, until,
                    [&](ByteSpan bytes) { running_crc_ = Crc32(running_crc_, bytes); }));
  covered_until_ = until;
  return {};
}

Status V1File::ReadPayload(const V1Chunk& chunk, Bytes* payload) const {
  payload->resize(chunk.length);  // no more than the file has: the parser has compared it
  return source_->ReadAll(chunk.offset, *payload);
}

Result<const V1Chunk*> V1File::FindChunk(uint64_t offset) const {
  const auto chunk = std::lower_bound(
      chunks_.begin(), chunks_.end(), offset,
      [](const V1Chunk& candidate, uint64_t wanted) { return candidate.offset < wanted; });
  if (chunk == chunks_.end() || chunk->offset != offset)
    return Fault("no_such_chunk", "no chunk has its payload at byte " + std::to_string(offset),
                 Code::kNotFound)
        .At(offset);
  return &*chunk;
}

Result<std::vector<Json>> V1File::Tracks() const {
  for (const V1Chunk& chunk : chunks_) {
    if (chunk.tag != kTagTracks) continue;
    Bytes payload;
    H4MK_TRY(ReadPayload(chunk, &payload));
    return ParseV1Tracks(AsText(payload));
  }
  return std::vector<Json>();
}

Result<std::vector<V1Core>> V1File::Cores() const {
  std::vector<V1Core> cores;
  for (const V1Chunk& chunk : chunks_) {
    if (chunk.tag != kTagCore) continue;
    if (chunk.track_id < 0) return RoutingFault(chunk);
    cores.push_back({chunk.offset, static_cast<uint16_t>(chunk.track_id), ParseV1Flags(chunk.flags),
                     chunk.length - static_cast<uint32_t>(kV1RoutingSize)});
  }
  return cores;
}

Status V1File::LoadTables() {
  for (const V1Chunk& chunk : chunks_) {
    if (chunk.tag != kTagIndex) continue;
    Bytes payload;
    H4MK_TRY(ReadPayload(chunk, &payload));
    Result<std::optional<V1SeekTable>> table = DecodeV1SeekTable(payload);
    if (!table.ok()) {
      return table.status()
          .Saying(table.status().message() + ", at byte " + std::to_string(chunk.offset))
          .At(chunk.offset);
    }
    if (!table.value()) continue;
    const auto same = std::find_if(tables_.begin(), tables_.end(), [&](const V1SeekTable& other) {
      return other.track_id == table.value()->track_id;
    });
    if (same != tables_.end()) {
      *same = std::move(*table.value());
    } else {
      tables_.push_back(std::move(*table.value()));
    }
  }
  return {};
}

Result<std::vector<V1SeekTable>> V1File::SeekTables() const {
  if (!tables_status_.ok()) return tables_status_;
  return tables_;
}

Result<std::optional<uint64_t>> V1File::Keyframe(int64_t track_id, int64_t t_ms) const {
  if (!tables_status_.ok()) return tables_status_;
  std::optional<uint64_t> found;
  for (const V1SeekTable& table : tables_) {
    if (table.track_id != track_id || table.entries.empty()) continue;
    const V1SeekEntry* entry = FindV1Entry(table.entries, t_ms);
    if (entry != nullptr) found = static_cast<uint64_t>(entry->offset);
    return found;
  }
  for (const V1Chunk& chunk : chunks_) {
    if (chunk.tag != kTagCore) continue;
    if (chunk.track_id < 0) return RoutingFault(chunk);
    const V1Flags flags = ParseV1Flags(chunk.flags);
    if (chunk.track_id == track_id && flags.type == kV1TypeI && flags.pts_ms <= t_ms)
      found = chunk.offset;
  }
  return found;
}

Result<std::vector<uint64_t>> V1File::DecodeChain(int64_t track_id, int64_t t_ms) const {
  H4MK_ASSIGN(const std::optional<uint64_t> start, Keyframe(track_id, t_ms));
  std::vector<uint64_t> chain;
  if (!start) return chain;
  chain.push_back(*start);
  const Result<const V1Chunk*> first = FindChunk(chain[0]);
  if (!first.ok()) return chain;  // a table that points at nothing: that offset alone
  for (const V1Chunk* chunk = first.value() + 1; chunk < chunks_.data() + chunks_.size(); ++chunk) {
    if (chunk->tag != kTagCore) continue;
    if (chunk->track_id < 0) return RoutingFault(*chunk);
    if (chunk->track_id != track_id) continue;
    const V1Flags flags = ParseV1Flags(chunk->flags);
    if (flags.type == kV1TypeI || flags.pts_ms > t_ms) break;
    chain.push_back(chunk->offset);
  }
  return chain;
}

}  // namespace h4mk
