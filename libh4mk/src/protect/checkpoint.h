// SPDX-License-Identifier: MIT
// protection.md, "Signed files": the checkpoint, payload of a VERI chunk.
#ifndef H4MK_PROTECT_CHECKPOINT_H_
#define H4MK_PROTECT_CHECKPOINT_H_

#include <array>
#include <vector>

#include "base/status.h"
#include "chunk/chunk_format.h"
#include "crypto/merkle.h"
#include "crypto/signature.h"
#include "index/index_page.h"

namespace h4mk {

// A checkpoint lists at most so many chunks.
inline constexpr size_t kMaxCheckpointLeaves = 4096;

inline constexpr size_t kTreeIdSize = 16;
using TreeId = std::array<uint8_t, kTreeIdSize>;

// A chunk of the tree: where it is, counted from the first one, and its hash.
struct TreeLeaf {
  uint64_t position = 0;
  uint64_t size = 0;  // of the chunk
  Sha256Digest hash{};

  uint64_t end() const { return position + size; }
};

struct Checkpoint {
  SignatureKind kind = SignatureKind::kEd25519;
  bool final = false;
  Sha256Digest fingerprint{};  // of the key
  TreeId tree_id{};
  std::array<uint8_t, kFileHeaderSize> header{};  // of the file
  uint64_t previous = 0;  // bytes from the checkpoint before to this one; 0: there is none
  uint64_t position = 0;  // of this checkpoint's chunk, counted as those of the leaves
  MerkleTree before;      // the leaves of earlier checkpoints
  std::vector<TreeLeaf> leaves;
  struct Track {
    uint32_t track_id = 0;
    uint64_t blocks = 0;
    uint64_t bytes = 0;
    int64_t end_pts = kNoTime;
  };
  std::vector<Track> tracks;
  // Digests (index_digest.h) of the pages of the index that were written since the checkpoint
  // before.
  std::vector<Sha256Digest> pages;
  // Only in the final one:
  std::vector<uint64_t> checkpoints;  // positions of all before
  struct Page {
    Sha256Digest digest{};  // as a copy
    uint64_t place = 0;     // where the top behind the checkpoint names it
  };
  std::vector<Page> copies;     // all pages of the index
  Sha256Digest top{};           // of the index
  uint64_t trak = 0, meta = 0;  // places of the descriptions that count

  uint64_t size() const { return before.size() + leaves.size(); }
  // Root of the tree of all leaves.
  Sha256Digest Root() const;
};

// protection.md, "Signed files": a place is a position plus 1, or 0 for that of nothing.
inline uint64_t PlaceOf(uint64_t position) { return position + 1; }

// Whether a chunk is a leaf: all but those that are moved or written anew without a change of what
// the file holds.
inline bool IsLeaf(uint32_t tag, ByteSpan payload) {
  if (tag == kTagVeri) return !IsCheckpoint(payload);
  return tag != kTagIndex && tag != kTagTail && tag != kTagFree;
}

// The data of a cluster is hashed in pieces of this size.
inline constexpr size_t kPieceSize = 16 << 10;

// Bytes of a chunk that are hashed as they are: of a cluster those before its data (0 if they are
// damaged), else all.
size_t ClusterHeadSize(ByteSpan chunk);

// protection.md, "Signed files": the hash of a chunk, given in pieces and without its CRC.
// REQUIRES: the first piece holds the chunk header and, of a cluster, all that stands before its
// data.
Sha256Digest ChunkLeafHash(std::span<const ByteSpan> chunk);

// The payload, signed.
Bytes EncodeCheckpoint(const Checkpoint& checkpoint, const SignatureKey& key);

// Decodes a payload and verifies its signature; without a key nobody knows whose it is. kKey:
// signed with another key. kCorrupt: anything else.
Status DecodeCheckpoint(ByteSpan payload, uint64_t offset, const SignatureKey* key,
                        Checkpoint* checkpoint);

}  // namespace h4mk

#endif  // H4MK_PROTECT_CHECKPOINT_H_
