// SPDX-License-Identifier: MIT
// The checkpoints of a signed file, verified (protection.md, "Signed files"): the last one, and
// from there back the one that lists a chunk.
#ifndef H4MK_PROTECT_CHECKPOINT_CHAIN_H_
#define H4MK_PROTECT_CHECKPOINT_CHAIN_H_

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "base/io.h"
#include "protect/checkpoint.h"

namespace h4mk {

// The last checkpoint near the end of a file, whoever signed it. What is further in front is not
// searched.
// kNotFound: there is none. kIo.
Status FindCheckpoint(Source& input, Checkpoint* checkpoint);

class CheckpointChain {
 public:
  // input must outlive this object. Without a key any signer is accepted.
  CheckpointChain(Source& input, std::optional<SignatureKey> key)
      : input_(input), key_(std::move(key)) {}

  // Finds the last checkpoint of a file that has this many bytes by now; *is_new: another one than
  // before. kKey: there is none with this key. kCorrupt, kIo.
  Status FindNewest(uint64_t size, bool* is_new);
  // The size of the file that FindNewest() was called for last.
  uint64_t size_seen() const { return size_seen_; }

  const Checkpoint& last() const { return last_; }
  // Offset of the first chunk of the tree, from which positions count.
  uint64_t base() const { return base_; }
  // Offset behind the last byte that is signed: that of the last checkpoint, whose chunk ends at
  // end().
  uint64_t signed_until() const { return base_ + last_.position; }
  uint64_t end() const { return end_; }

  // The checkpoint at a position. kCorrupt: there is none, or of another file.
  Status Read(uint64_t position, Checkpoint* checkpoint);
  // The first checkpoint behind a position: the one that lists what is there. REQUIRES: position <
  // last().position.
  Status Behind(uint64_t position, const Checkpoint** checkpoint);
  // Offset of the first checkpoint behind an offset, of those known so far. REQUIRES: as Behind().
  uint64_t KnownBehind(uint64_t offset) const {
    return *known_.upper_bound(offset - base_) + base_;
  }
  // The checkpoint that lists the chunk which starts at an offset, and the position of that chunk
  // in its list. kCorrupt: none.
  Status FindLeaf(uint64_t offset, const Checkpoint** checkpoint, size_t* leaf);
  // Whether the payload of the chunk at an offset is a checkpoint of this file that belongs there.
  bool IsKnown(uint64_t offset, ByteSpan payload) const;

 private:
  const SignatureKey* key() const { return key_ ? &*key_ : nullptr; }
  // What a search for the last checkpoint has come to.
  struct Newest {
    bool is_found = false;
    Checkpoint checkpoint;
    uint64_t offset = 0, end = 0;  // of its chunk
    Status other_key;              // one that is signed with another key was seen
  };
  Status Judge(uint64_t at, const ChunkHeader& header, uint64_t size, Newest* newest);
  Status Search(uint64_t size, Newest* newest);
  Status ReadOnce(uint64_t position, Checkpoint* checkpoint);

  Source& input_;
  const std::optional<SignatureKey> key_;
  Checkpoint last_;
  uint64_t base_ = 0;
  uint64_t end_ = 0;  // 0: none was found yet
  uint64_t size_seen_ = 0;
  std::map<uint64_t, uint64_t> unfinished_;  // by offset, the sizes of chunks behind end_ that
                                             // reached over size_seen_
  std::set<uint64_t> known_;                 // positions of checkpoints
  std::map<uint64_t, Status> lost_;          // why the one at a position cannot be read
  std::deque<Checkpoint> loaded_;            // the few that were used last
};

}  // namespace h4mk

#endif  // H4MK_PROTECT_CHECKPOINT_CHAIN_H_
