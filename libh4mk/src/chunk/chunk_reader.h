// SPDX-License-Identifier: MIT
// Reads the file header and chunks at given offsets, and finds the next chunk behind damage.
#ifndef H4MK_CHUNK_CHUNK_READER_H_
#define H4MK_CHUNK_CHUNK_READER_H_

#include <functional>
#include <optional>
#include <vector>

#include "base/io.h"
#include "chunk/chunk_format.h"
#include "chunk/range_crc.h"

namespace h4mk {

// core.md, "Limits": chunks that are read whole into memory may not be larger.
inline constexpr uint32_t kMaxSmallChunk = 64u << 20;
inline constexpr uint32_t kMaxAttachmentChunk = (1u << 30) + 16;

// A chunk that nobody reads is read all the same up to this length, so that damage to its length is
// not followed. A longer one is passed over after CheckLength().
inline constexpr uint32_t kMaxCheckedChunk = 1 << 20;

// core.md, "Limits": of chunks without blocks. Chunks that are never read whole are limited by
// their 32-bit length only.
constexpr uint32_t LongestPayload(uint32_t tag) {
  if (tag == kTagAttachment) return kMaxAttachmentChunk;
  const bool is_read_whole = tag == kTagTracks || tag == kTagMeta || tag == kTagIndex ||
                             tag == kTagTail || tag == kTagVeri;
  return is_read_whole ? kMaxSmallChunk : UINT32_MAX;
}

// What to say of a file that does not begin as H4MK files do.
Status NotH4mk(bool is_empty);

// Reads the header of a file of version 2 and tells the source its salt. kNotH4mk, kVersion,
// kTruncated; kUnsupported: a feature is required that this library does not know.
Status ReadFileHeader(Source& source, FileHeader* header);

// core.md, "A damaged salt": if the first chunk does not hold, and it and the second one do with
// another salt, takes that. *changed tells. The source must be seekable.
Status RepairSalt(Source& source, bool* changed);

// Gives a chunk, as far as it was read, back to the source: it will be read again.
void Unread(Source& source, uint64_t offset, const ChunkHeader& header, ByteSpan payload);

class ChunkReader {
 public:
  // The source must outlive the reader. version is that of the file: only version 2 has clusters.
  explicit ChunkReader(Source& source, int version = 2) : source_(source), version_(version) {}

  // kEnd: fewer bytes than a chunk header follow (nothing, or the container checksum). Where no
  // chunk may start (Io::StartsChunk) the header reads as zeros, which is none.
  Status ReadHeader(uint64_t offset, ChunkHeader* header);

  // Reads the payload of the chunk at offset and checks its CRC, which also goes to *crc. kAgain:
  // the file ends inside the chunk. kCorrupt: CRC, or longer than its tag allows. kUnsupported: it
  // is whole, but has a flag that must be known and is not.
  Status ReadPayload(uint64_t offset, const ChunkHeader& header, Bytes* payload,
                     uint32_t* crc = nullptr);

  // Reads the chunk at offset, which must have this tag. kCorrupt: another chunk, or none, stands
  // there. Otherwise as ReadPayload().
  Status ReadChunk(uint64_t offset, uint32_t tag, Bytes* payload, uint32_t* crc = nullptr);

  // Whether a chunk stands at offset as a whole: by its CRC, for a cluster by that of its index.
  // `header` is what stands there.
  Status IsWhole(uint64_t offset, const ChunkHeader& header, bool* whole);

  // Whether a chunk that nobody reads may be passed over by its length: a whole chunk or the end
  // follows it, or its own CRC holds. Another long chunk that follows need not be whole: it is
  // checked when it is passed over itself. kCorrupt: nothing of this. The source must be seekable.
  Status CheckLength(uint64_t offset, const ChunkHeader& header);

  // Of a file of version 1: whether its checksum says that all lengths are right, which it does
  // without a look at payloads (legacy.md, "Version 1: damage"). The source must be seekable and
  // know its size.
  Status LengthsAreRight(bool* right);

  // Where to go on behind a chunk that cannot be used (core.md, "Damage"): directly behind it where
  // a whole chunk follows, else at the next known tag whose chunk is whole. kEnd: nothing follows;
  // all can be read again. The work is in proportion to the distance, whatever lengths stand there.
  // Asked again in a file that has grown since, it only looks at what was appended, and at what was
  // not complete; in one of the same size it looks at all, which may have been written meanwhile.
  Status FindNext(uint64_t offset, uint64_t* found);

  // Says whether the chunk at an offset is the one that is looked for. Called for chunks of the
  // right tag.
  using Check = std::function<Status(uint64_t offset, const ChunkHeader& header, bool* valid)>;

  // Finds the last chunk of this tag that starts before `before` and that check accepts, looking
  // back at most `distance` bytes. What check has to read is bounded by a multiple of the bytes
  // that were looked through. kEnd: none.
  Status FindBackward(uint64_t before, uint64_t distance, uint32_t tag, const Check& check,
                      uint64_t* found);

 private:
  struct Next {
    Status status;
    bool is_end = false;    // of the file, or the container checksum
    bool is_chunk = false;  // that is whole
  };
  // A chunk that the file has to be so long to tell anything about.
  struct Unfinished {
    uint64_t offset, needed;
  };
  // For the next chunk behind damage, of a source that can seek.
  struct Search {
    uint64_t start = 0;     // where the damage begins
    uint64_t until = 0;     // nothing begins before, except what is unfinished
    int64_t file_size = 0;  // then
    std::vector<Unfinished> unfinished;
    bool found_nothing = false;  // it came to the end of the file
  };
  Next WhatFollows(uint64_t offset, int64_t file_size, uint32_t longest_read = UINT32_MAX);
  Status ReadUpTo(uint64_t offset, uint64_t size, Bytes* bytes);
  Status FollowsInStream(uint64_t offset, const ChunkHeader& header, bool* follows);
  Status FindTrueLength(uint64_t offset, const ChunkHeader& header, int64_t file_size,
                        uint64_t* found);
  bool GoesOn(uint64_t offset);
  Status SearchOn(uint64_t* found);
  void BeginSearch(uint64_t offset, uint64_t follower, int64_t size);
  Status Scan(uint64_t offset, uint64_t* found);
  Status Judge(uint64_t offset, const ChunkHeader& header, bool* whole);
  Status IsWholeWith(uint64_t offset, const ChunkHeader& header, int64_t file_size,
                     RangeCrc* ranges, bool* whole);
  Status IsWholeInStream(uint64_t offset, const ChunkHeader& header, uint64_t* budget, bool* whole);
  Status Covered(uint64_t offset, const ChunkHeader& header, uint64_t* size);
  bool IsCluster(const ChunkHeader& header) const { return version_ >= 2 && header.is_cluster(); }

  Source& source_;
  const int version_;
  std::optional<bool> lengths_are_right_;  // once somebody asked
  std::optional<RangeCrc> ranges_;         // of searches, each behind the one before
  Search search_;                          // the last one
};

}  // namespace h4mk

#endif  // H4MK_CHUNK_CHUNK_READER_H_
