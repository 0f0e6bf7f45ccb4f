// SPDX-License-Identifier: MIT
// Merkle trees with the hashing of RFC 9162, section 2.1, over SHA-256.
#ifndef H4MK_CRYPTO_MERKLE_H_
#define H4MK_CRYPTO_MERKLE_H_

#include <bit>
#include <span>
#include <vector>

#include "base/sha256.h"

namespace h4mk {

// What a leaf is the hash of. Each kind has a first byte of its own, so that none can be read as
// another, nor as a node.
enum class LeafKind : uint8_t { kBytes = 0x00, kCluster = 0x02 };
// HASH(kind || pieces one after the other)
Sha256Digest LeafHash(LeafKind kind, std::span<const ByteSpan> pieces);
// HASH(0x01 || left || right)
Sha256Digest NodeHash(const Sha256Digest& left, const Sha256Digest& right);

// A tree that grows at its end, by the roots of its largest complete subtrees: 32 bytes for each
// bit of its size.
class MerkleTree {
 public:
  MerkleTree() = default;
  // Goes on with a tree of `size` leaves. REQUIRES: peaks.size() == PeakCount(size).
  MerkleTree(uint64_t size, std::vector<Sha256Digest> peaks)
      : size_(size), peaks_(std::move(peaks)) {}

  static size_t PeakCount(uint64_t size) { return static_cast<size_t>(std::popcount(size)); }

  void Add(const Sha256Digest& leaf);
  uint64_t size() const { return size_; }
  // The roots of the complete subtrees, from left to right: the largest first.
  const std::vector<Sha256Digest>& peaks() const { return peaks_; }
  Sha256Digest Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Sha256Digest> peaks_;
};

// The inclusion proof (RFC 9162, 2.1.3.1) of leaf number `leaf` in the tree of a first part, known
// by its peaks, and the leaves behind it. REQUIRES: before.size() ≤ leaf < before.size() +
// leaves.size().
std::vector<Sha256Digest> ProveInclusion(const MerkleTree& before,
                                         std::span<const Sha256Digest> leaves, uint64_t leaf);

// RFC 9162, 2.1.3.2
bool VerifyInclusion(const Sha256Digest& leaf_hash, uint64_t leaf, uint64_t size,
                     std::span<const Sha256Digest> proof, const Sha256Digest& root);

}  // namespace h4mk

#endif  // H4MK_CRYPTO_MERKLE_H_
