// SPDX-License-Identifier: MIT
// The decoded index of one cluster: every block's times, flags and place (core.md, "Cluster").
#ifndef H4MK_CLUSTER_CLUSTER_INDEX_H_
#define H4MK_CLUSTER_CLUSTER_INDEX_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "base/status.h"
#include "cluster/block.h"
#include "cluster/column.h"

namespace h4mk {

// Track ids of a file in the order of TRAK.
class TrackIds {
 public:
  void Add(uint32_t track_id) {
    const std::pair entry(track_id, static_cast<int32_t>(ids_.size()));
    sorted_.insert(std::ranges::upper_bound(sorted_, entry), entry);
    ids_.push_back(track_id);
  }
  size_t size() const { return ids_.size(); }
  bool operator==(const TrackIds&) const = default;
  uint32_t id(size_t index) const { return ids_[index]; }
  // Index of a track id, or -1. A cluster may ask for thousands.
  int32_t Find(uint64_t track_id) const {
    const auto found =
        std::ranges::lower_bound(sorted_, track_id, {}, &std::pair<uint32_t, int32_t>::first);
    return found == sorted_.end() || found->first != track_id ? -1 : found->second;
  }

 private:
  std::vector<uint32_t> ids_;
  std::vector<std::pair<uint32_t, int32_t>> sorted_;  // ids and their indexes
};

struct BlockRecord {
  int64_t pts = 0;
  int64_t dts = 0;
  int64_t duration = 0;
  uint64_t ordinal = 0;  // within its track
  uint32_t offset = 0;   // of its data in the cluster's data
  uint32_t size = 0;
  int32_t track = 0;       // index, -1: a track that TRAK does not have
  uint32_t flags = 0;      // as in the file
  uint32_t side_data = 0;  // position + 1 in ClusterIndex::side_data, 0: none
  uint32_t external = 0;   // position + 1 in ClusterIndex::ranges, 0: the data is in the cluster

  int64_t time() const { return SeekTime(pts, dts); }
  bool is_key() const { return flags & kBlockKey; }
  // Bytes of it in the cluster's data.
  uint32_t stored_size() const { return flags & kBlockExternal ? 0 : size; }
};

// core.md, "External data": where an external block is in the other file, and the blocks that are
// hashed together with it.
struct ExternalRange {
  uint64_t offset = 0;
  uint64_t start = 0;  // in its group, whose blocks are hashed back to back
  uint32_t size = 0;
  uint32_t group = 0;

  uint64_t end() const { return offset + size; }
};
struct ExternalGroup {
  Sha256Digest hash = {};
  size_t first = 0, count = 0;  // in ClusterIndex::ranges
  uint64_t size = 0;
};

class ClusterIndex {
 public:
  ClusterIndex() = default;
  ClusterIndex(const ClusterIndex&) = delete;  // much in it points to its own
  ClusterIndex& operator=(const ClusterIndex&) = delete;

  // What the CRC of an index starts from: the salt of the file.
  void set_salt(uint32_t salt) { salt_ = salt; }
  // The index was verified by something better than its CRC, whose salt is not known.
  void SkipCrc() { check_crc_ = false; }

  // Decodes an index from the front of a cluster chunk's payload. front may be less than the whole
  // payload: then *needed is set to the number of payload bytes up to the data, and kAgain is
  // returned. offset is that of the payload in the file. Every count is bounded before memory is
  // taken for it: a hostile index costs a few MiB. payload_size: as the chunk's header says; what
  // the index asks for is bounded by it.
  Status Parse(ByteSpan front, uint64_t offset, uint64_t payload_size, const TrackIds& tracks,
               size_t* needed);
  static constexpr uint64_t kAnyPayload = UINT64_MAX;  // the data stands elsewhere

  // The same, but blocks() are not there until Complete(), which also tells
  // whether that size is true: who seeks wants one of them, which FindKey() gives.
  Status ParseOutline(ByteSpan front, uint64_t offset, uint64_t payload_size,
                      const TrackIds& tracks, size_t* needed);
  Status Complete();

  // The last seek point of a track up to a time: of those with the same time the last one,
  // or the first. Its side data is not looked for, nor its range. False: there is none, the index
  // contradicts itself or the size that an outline was told, or it is an outline of external data.
  bool FindKey(int32_t track, int64_t time, bool first_of_time, BlockRecord* key);

  const std::vector<BlockRecord>& blocks() const { return blocks_; }
  // Where the data starts in the payload, and how long it is: what the sizes of the blocks add up
  // to; in an outline, what its payload's size leaves.
  size_t data_start() const { return data_start_; }
  uint64_t data_size() const { return data_size_; }
  // Bytes a stripe; 0: the data has no CRCs of its own, that of the chunk counts.
  uint64_t stripe_size() const { return stripe_size_; }
  const std::vector<uint32_t>& stripe_crcs() const { return stripe_crcs_; }
  bool has_unknown_track() const { return has_unknown_track_; }

  // Groups of external blocks. REQUIRES of range_of(): the block has the flag.
  bool has_external() const { return has_external_; }
  const std::vector<ExternalGroup>& groups() const { return groups_; }
  std::span<const ExternalRange> ranges(const ExternalGroup& group) const {
    return std::span(ranges_).subspan(group.first, group.count);
  }
  const ExternalRange& range_of(const BlockRecord& block) const {
    return ranges_[block.external - 1];
  }

  std::span<const SideData> side_data(const BlockRecord& block) const {
    if (block.side_data == 0) return {};
    const SideDataList& list = side_data_lists_[block.side_data - 1];
    return std::span(side_data_).subspan(list.first, list.count);
  }

 private:
  struct TrackRun {
    int32_t track = 0;  // -1: TRAK does not have it
    size_t count = 0;
    uint64_t ordinal = 0;
    int64_t dts_base = 0;
    int64_t dts_before = 0;  // what the dts column counts from
    uint64_t offset = 0;     // of its data in the cluster's
    ByteReader columns;      // stands before the first one; of an outline only
    Column flags, size, duration, dts, pts_minus_dts;
  };
  struct Cursor;
  struct ExternalCursor;
  struct SideDataList {
    size_t first = 0, count = 0;
    uint64_t bytes = 0;
  };

  Status ParseFront(ByteSpan front, uint64_t offset, uint64_t payload_size, const TrackIds& tracks,
                    size_t* needed);
  bool ParseHeader(ByteReader& reader, const TrackIds& tracks);
  bool SkipRuns(ByteReader& reader);
  bool ReadRuns(ByteReader& reader, uint64_t* data_size);
  static bool ReadRun(ByteReader& reader, TrackRun& run, size_t wanted, int64_t* room);
  static bool AddSizes(const TrackRun& run, size_t count, uint64_t* sum);
  static bool AddStoredSizes(const TrackRun& run, uint64_t* sum);
  bool ReadUntilKey(TrackRun& run, size_t* count);
  bool FindDataOf(TrackRun& run, size_t count);
  bool ParseStripes(ByteReader reader);
  Status Build();
  bool BuildBlocks();
  bool ParseExternal(ByteReader& reader);
  bool ReadGroups(ByteReader& reader, std::vector<ExternalCursor>* cursors);
  bool ParseSideData(ByteReader reader);
  Status Contradiction() const;

  uint32_t salt_ = 0;
  bool check_crc_ = true;
  uint64_t offset_ = 0;
  uint64_t payload_size_ = 0;
  Bytes index_;  // a copy, since blocks may be handed out, with side data from here, while the next
                 // cluster is read
  ByteReader order_at_, columns_at_, rest_at_;  // in it
  size_t block_count_ = 0;
  bool complete_ = false;
  std::vector<BlockRecord> blocks_;
  std::vector<TrackRun> runs_;
  std::vector<int64_t> order_;
  std::vector<int64_t> values_;
  std::vector<uint32_t> stripe_crcs_;
  std::vector<SideData> side_data_;
  std::vector<SideDataList> side_data_lists_;
  std::vector<ExternalGroup> groups_;
  std::vector<ExternalRange> ranges_;
  size_t data_start_ = 0;
  uint64_t data_size_ = 0;
  uint64_t stripe_size_ = 0;
  uint32_t stripe_shift_ = 0;
  bool has_external_ = false;
  bool has_side_data_ = false;
  bool has_unknown_track_ = false;
};

}  // namespace h4mk

#endif  // H4MK_CLUSTER_CLUSTER_INDEX_H_
