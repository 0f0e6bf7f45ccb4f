// SPDX-License-Identifier: MIT
// Collects blocks and encodes them as one cluster (core.md, "Cluster").
#ifndef H4MK_CLUSTER_CLUSTER_ENCODER_H_
#define H4MK_CLUSTER_CLUSTER_ENCODER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "cluster/block.h"

namespace h4mk {

class ClusterEncoder {
 public:
  // A finished cluster chunk: head and data one after the other, then the CRC.
  struct Encoded {
    ByteSpan head;               // chunk header, index, index CRC
    std::vector<ByteSpan> data;  // payloads of the tracks
    uint32_t crc = 0;
  };

  // What all CRCs start from: the salt of the file. Before the first block.
  void set_salt(uint32_t salt) { salt_ = salt; }

  void AddTrack(uint32_t track_id);

  // Copies the block; of an external one the data is hashed and not kept. REQUIRES: block.track was
  // added; fewer than kMaxClusterBlocks blocks; sizes within the limits.
  void Add(const Block& block);
  // The same without the block's data: for an index whose data stands elsewhere.
  void AddToIndex(const Block& block) { AddToIndex(block, block.data.size()); }
  // An external block of `size` bytes that are not at hand. SetExternalHash() says what they are.
  void AddExternalToIndex(const Block& block, uint32_t size);
  // The hash of all external blocks of a track in this cluster. REQUIRES: it has some.
  void SetExternalHash(uint32_t track, const Sha256Digest& hash) {
    tracks_[track].external->hash = hash;
  }

  // Puts the data of a track in front of that of the others, since seeks lead to its first block.
  // REQUIRES: it has one.
  void PutFirst(uint32_t track);

  // The number within its track that the next block of a track gets.
  uint64_t NextOrdinal(uint32_t track) const {
    return tracks_[track].next_ordinal + tracks_[track].blocks.size();
  }
  // Leaves numbers out. REQUIRES: block_count() == 0.
  void SkipTo(uint32_t track, uint64_t ordinal) { tracks_[track].next_ordinal = ordinal; }

  size_t block_count() const { return order_.size(); }
  // core.md, "Limits": a cluster has no more blocks than its payload has bytes. The shortest index
  // takes 15. Where data is in another file, the index is filled up.
  bool HasRoomFor(const Block& block) const {
    return has_external_ || (block.flags & kBlockExternal) ||
           order_.size() < data_size_ + block.data.size() + side_data_.size() + 15;
  }
  size_t side_data_count() const { return side_data_count_; }
  // Bytes of blocks, external ones too, and of side data.
  uint64_t size() const { return data_size_ + external_size_ + side_data_.size() + names_size_; }
  // Bytes of a track's external blocks.
  uint64_t external_size(uint32_t track) const {
    return tracks_[track].external ? tracks_[track].external->size : 0;
  }

  // Encodes what was added. The result is valid until the next Add(). REQUIRES: block_count() > 0.
  Encoded Encode();

  // Starts the next cluster; block numbers go on.
  void Clear();

 private:
  struct Columns {  // of one block
    int64_t flags, size, duration, dts, pts_minus_dts;
  };
  struct External {  // of a track
    Sha256 hashing;
    std::optional<Sha256Digest> hash;
    uint64_t size = 0;
    uint64_t first = 0, end = 0;  // in the other file: of the first block, of the last one
    std::vector<int64_t>
        jumps_in_track;  // both forms of the column, of which the shorter one is written
    std::vector<int64_t> jumps_in_cluster;
  };
  struct Track {
    uint32_t track_id = 0;
    size_t place = 0;  // in used_
    Bytes data;
    uint64_t next_ordinal = 0;  // number of the first block of the next cluster
    int64_t dts_base = 0;
    int64_t next_dts = 0;  // predicted
    std::vector<Columns> blocks;
    std::unique_ptr<External> external;  // null: none
  };

  void AddToIndex(const Block& block, size_t size);
  void AddExternal(const Block& block, size_t size);
  void AppendExternal(Bytes& index);
  void AddSideData(const Block& block);
  uint32_t stripe_shift() const;
  void EncodeIndex(Bytes& index);
  void AppendColumnOf(Bytes& index, std::span<const Columns> blocks, int64_t Columns::*column);
  void AppendStripes(Bytes& index);
  uint32_t ChunkCrc(const Encoded& encoded) const;

  std::vector<Track> tracks_;
  std::vector<uint32_t> used_;  // tracks with blocks, in the order of their data
  std::vector<int64_t> order_;  // place in used_ of each block's track
  uint32_t salt_ = 0;
  size_t data_size_ = 0;
  uint64_t external_size_ = 0;
  uint64_t external_end_ = 0;  // of the external block added last, in the other file
  bool has_external_ = false;
  bool seeks_lead_here_ = false;

  // Side data: names once, then what each block has. The last list of a track need not be repeated.
  std::vector<std::string> names_;
  std::map<std::string, size_t, std::less<>> name_positions_;
  size_t names_size_ = 0;
  size_t side_data_count_ = 0;
  uint64_t repeated_side_data_ = 0;
  Bytes side_data_;
  std::vector<Bytes> last_side_data_;  // by track

  std::vector<int64_t> column_;
  Bytes index_;
  Bytes head_;
  std::vector<uint32_t> stripe_crcs_;
};

}  // namespace h4mk

#endif  // H4MK_CLUSTER_CLUSTER_ENCODER_H_
