// SPDX-License-Identifier: MIT
// Seeking and lookup where all blocks of a file are in memory, numbered in the order that they are
// handed out in: version 1 and the transport dialect. What a lookup needs is sorted when the first
// one comes; from then on it takes O(log n).
#ifndef H4MK_LEGACY_BLOCK_TABLE_H_
#define H4MK_LEGACY_BLOCK_TABLE_H_

#include <functional>
#include <map>
#include <vector>

#include "file/file_reader.h"

namespace h4mk {

// Where reading goes on after a seek: at a block; blocks of a track before first[track] are left
// out.
struct SeekStart {
  uint32_t number = 0;
  std::vector<uint32_t> first;
};

class BlockTable final : public Lookups {
 public:
  // Describes a block; false: the file does not have it, or it is of no track.
  using Describe = std::function<bool(uint32_t number, BlockInfo* info)>;

  BlockTable(uint32_t block_count, Describe describe)
      : block_count_(block_count), describe_(std::move(describe)) {}

  // What h4mk_reader_seek() says. kNotFound.
  Status FindSeekStart(const std::vector<Track>& tracks, const std::vector<bool>& discarded,
                       uint32_t track, int64_t time, SeekMode mode, bool any, SeekStart* start);

  Status FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) override;
  Status DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                     uint64_t* total) override;
  Status KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                          uint64_t* total) override;
  Status BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) override;
  Status Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out, size_t* copied) override;
  Status FindFrame(uint32_t track, uint64_t number, BlockInfo* info) override;
  Status FrameChain(uint32_t track, uint64_t number, std::span<BlockInfo> out,
                    uint64_t* total) override;
  Status FindFrameAt(uint32_t track, int64_t time, uint64_t* number, BlockInfo* info) override;
  Status FrameTimes(uint32_t track, uint64_t first, std::span<int64_t> out,
                    size_t* copied) override;
  // The number of a block by its ordinal. kNotFound.
  Result<uint32_t> Find(uint32_t track, uint64_t ordinal);

  uint64_t key_count(uint32_t track) { return Timed(track, Which::kKeys).size(); }
  Status IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out, size_t* copied);

 private:
  struct TimedBlock {
    int64_t time = 0;
    uint32_t number = 0;
  };
  // Blocks of one track by time; equal times in the order of their numbers.
  using TimedBlocks = std::vector<TimedBlock>;
  enum class Which { kKeys, kFrames, kAll };
  Status Get(uint32_t number, BlockInfo* info) const {
    return describe_(number, info) ? Status() : Status(Code::kNotFound, "no such block");
  }
  const TimedBlocks& Timed(uint32_t track, Which which);
  Status ChainTo(uint32_t track, const TimedBlock& frame, std::span<BlockInfo> out,
                 uint64_t* total);
  const std::vector<uint32_t>& NumbersOf(uint32_t track);
  std::span<const uint32_t> NumbersFrom(uint32_t track, uint64_t ordinal);
  static const TimedBlock* LastUpTo(const TimedBlocks& blocks, int64_t time);
  Result<TimedBlock> Frame(uint32_t track, uint64_t number);

  const uint32_t block_count_;
  const Describe describe_;
  std::map<std::pair<uint32_t, Which>, TimedBlocks> timed_;
  std::map<uint32_t, std::vector<uint32_t>> numbers_;  // of each track's blocks, by place
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_BLOCK_TABLE_H_
