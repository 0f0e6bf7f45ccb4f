// SPDX-License-Identifier: MIT
// A file of version 1 as its first readers see it: every chunk, the blocks, the seek tables, the
// keyframe for a time and the decode chain up to it (legacy.md, "Version 1"). V1Reader plays such
// files; this class answers questions about them.
#ifndef H4MK_LEGACY_V1_V1_FILE_H_
#define H4MK_LEGACY_V1_V1_FILE_H_

#include <optional>
#include <vector>

#include "base/io.h"
#include "base/json.h"
#include "chunk/chunk_format.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_seek_table.h"

namespace h4mk {

// "chunk_index" in version 1: the offset of a chunk's payload in the file.
struct V1Chunk {
  uint64_t offset = 0;  // of the payload
  uint32_t tag = 0;
  uint32_t flags = 0;
  uint32_t length = 0;
  uint32_t crc = 0;  // as stored
  // CORE: the track_id, or what is wrong with the routing.
  int32_t track_id = kNotTrackBound;
  static constexpr int32_t kNotTrackBound = -1, kShortRouting = -2;
};

struct V1Core {
  uint64_t offset = 0;  // of the payload; the block's bytes begin 8 behind
  uint16_t track_id = 0;
  V1Flags flags;
  uint32_t size = 0;  // of the block
};

struct V1Header {
  uint8_t version = 1;
  uint8_t flags = 0;
  uint16_t reserved = 0;
  uint64_t timestamp_ms = 0;
};

class V1File {
 public:
  // Parses a whole file; with `check` all CRCs too. Memory: 32 bytes a chunk. The source must be
  // seekable, of known size, and outlive the result. too_short, bad_magic, chunk_overrun,
  // chunk_crc, container_crc.
  static Result<V1File> Open(Source& source, bool check);

  const V1Header& header() const { return header_; }
  const std::vector<V1Chunk>& chunks() const { return chunks_; }
  Status ReadPayload(const V1Chunk& chunk, Bytes* payload) const;
  // The chunk whose payload starts at an offset: no_such_chunk.
  Result<const V1Chunk*> FindChunk(uint64_t offset) const;

  // The first TRAK; empty if there is none. Faults of ParseV1Tracks().
  Result<std::vector<Json>> Tracks() const;
  // All blocks in file order: not_track_bound, short_or_out_of_range_struct.
  Result<std::vector<V1Core>> Cores() const;
  // One table a track; a second one replaces the first. bad_seek_magic,
  // short_or_out_of_range_struct.
  Result<std::vector<V1SeekTable>> SeekTables() const;

  // The offset to start decoding at; nothing if there is none. O(log n) where the track has a
  // table, else a scan.
  Result<std::optional<uint64_t>> Keyframe(int64_t track_id, int64_t t_ms) const;
  // Offsets from the keyframe on to the last block at or before t_ms, at most to the next I block.
  Result<std::vector<uint64_t>> DecodeChain(int64_t track_id, int64_t t_ms) const;

 private:
  explicit V1File(Source& source) : source_(&source) {}

  Status Parse(bool check);
  Status ParseChunk(uint64_t position, uint64_t size, bool check, V1Chunk* chunk);
  Status AddToCrc(uint64_t until);
  Status LoadTables();

  Source* source_;
  V1Header header_;
  std::vector<V1Chunk> chunks_;
  std::vector<V1SeekTable> tables_;
  Status tables_status_;
  // CRC of the bytes before covered_until_, while parsing.
  uint32_t running_crc_ = 0;
  uint64_t covered_until_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_FILE_H_
