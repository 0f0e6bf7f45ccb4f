// SPDX-License-Identifier: MIT
// A file of version 1 as its first readers see it: every chunk, the blocks, the seek tables, the
// keyframe for a time and the decode chain up to it (legacy.md, "Version 1"). V1Reader plays such
// files; this class answers questions about them.
#ifndef H4MK_LEGACY_V1_V1_FILE_H_
#define H4MK_LEGACY_V1_V1_FILE_H_

#include "base/json.h"
#include "legacy/strict_file.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_seek_table.h"

namespace h4mk {

struct V1Core {
  // Of the payload: what the first readers call "chunk_index". The block's bytes begin 8 behind.
  uint64_t offset = 0;
  uint16_t track_id = 0;
  V1Flags flags;
  uint32_t size = 0;  // of the block
};

struct V1Header {
  uint8_t version = 1;
  uint8_t flags = 0;
  uint64_t timestamp_ms = 0;
};

class V1File : public StrictFile {
 public:
  // Parses a whole file; with `check` all CRCs too. The source must be seekable, of known size, and
  // outlive the result. too_short, bad_magic, chunk_overrun, chunk_crc, container_crc.
  static Result<V1File> Open(Source& source, bool check);

  const V1Header& header() const { return header_; }
  // The chunk whose payload starts at an offset: no_such_chunk.
  Result<const ChunkInfo*> FindChunk(uint64_t payload) const;

  // The first TRAK; empty if there is none. Faults of ParseV1Tracks().
  Result<std::vector<Json>> Tracks() const;
  // All blocks in file order: not_track_bound, short_or_out_of_range_struct.
  Result<std::vector<V1Core>> Cores() const;
  // One table a track; a second one replaces the first. bad_seek_magic,
  // short_or_out_of_range_struct.
  Result<std::vector<V1SeekTable>> SeekTables() const;

  // The offset to start decoding at; nothing if there is none.
  Result<std::optional<uint64_t>> Keyframe(int64_t track_id, int64_t t_ms) const;
  // Offsets from the keyframe on to the last block at or before t_ms, at most to the next I block.
  Result<std::vector<uint64_t>> DecodeChain(int64_t track_id, int64_t t_ms) const;

 private:
  explicit V1File(Source& source) : StrictFile(source, /*version=*/1) {}

  Status CheckContainer() const;
  Result<V1Core> CoreIn(const ChunkInfo& chunk) const;

  V1Header header_;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_FILE_H_
