// SPDX-License-Identifier: MIT
#include "crypto/merkle.h"

#include <bit>

namespace h4mk {
namespace {

constexpr uint8_t kNode = 1;

// Roots of the subtrees that an inclusion proof is made of.
class Subtrees {
 public:
  Subtrees(const MerkleTree& before, std::span<const Sha256Digest> leaves)
      : before_(before), leaves_(leaves) {}

  // Root over the leaves from `from` to `until`, a node of the whole tree.
  Sha256Digest Root(uint64_t from, uint64_t until) const {
    if (const Sha256Digest* peak = FindPeak(from, until)) return *peak;
    if (until - from == 1) return leaves_[static_cast<size_t>(from - before_.size())];
    const uint64_t middle = from + Split(until - from);
    return NodeHash(Root(from, middle), Root(middle, until));
  }

  // The largest power of two smaller than n.
  static uint64_t Split(uint64_t n) { return std::bit_floor(n - 1); }

 private:
  const Sha256Digest* FindPeak(uint64_t from, uint64_t until) const {
    uint64_t start = 0;
    for (const Sha256Digest& peak : before_.peaks()) {
      const uint64_t size = std::bit_floor(before_.size() - start);
      if (start == from && start + size == until) return &peak;
      start += size;
    }
    return nullptr;
  }

  const MerkleTree& before_;
  std::span<const Sha256Digest> leaves_;
};

}  // namespace

Sha256Digest LeafHash(LeafKind kind, std::span<const ByteSpan> pieces) {
  Sha256 hash;
  const auto first = static_cast<uint8_t>(kind);
  hash.Add({&first, 1});
  for (ByteSpan piece : pieces) hash.Add(piece);
  return hash.Finish();
}

Sha256Digest NodeHash(const Sha256Digest& left, const Sha256Digest& right) {
  Sha256 hash;
  hash.Add({&kNode, 1});
  hash.Add(left);
  hash.Add(right);
  return hash.Finish();
}

void MerkleTree::Add(const Sha256Digest& leaf) {
  peaks_.push_back(leaf);
  ++size_;
  for (uint64_t bit = size_; bit % 2 == 0; bit /= 2) {  // two subtrees of equal size are one
    const Sha256Digest right = peaks_.back();
    peaks_.pop_back();
    peaks_.back() = NodeHash(peaks_.back(), right);
  }
}

Sha256Digest MerkleTree::Root() const {
  if (peaks_.empty()) return Sha256().Finish();
  Sha256Digest root = peaks_.back();
  for (size_t i = peaks_.size() - 1; i-- > 0;) root = NodeHash(peaks_[i], root);
  return root;
}

std::vector<Sha256Digest> ProveInclusion(const MerkleTree& before,
                                         std::span<const Sha256Digest> leaves, uint64_t leaf) {
  const Subtrees subtrees(before, leaves);
  std::vector<Sha256Digest> from_root;
  uint64_t from = 0, until = before.size() + leaves.size();
  while (until - from > 1) {
    const uint64_t middle = from + Subtrees::Split(until - from);
    if (leaf < middle) {
      from_root.push_back(subtrees.Root(middle, until));
      until = middle;
    } else {
      from_root.push_back(subtrees.Root(from, middle));
      from = middle;
    }
  }
  return {from_root.rbegin(), from_root.rend()};
}

bool VerifyInclusion(const Sha256Digest& leaf_hash, uint64_t leaf, uint64_t size,
                     std::span<const Sha256Digest> proof, const Sha256Digest& root) {
  if (leaf >= size) return false;
  uint64_t node = leaf, last = size - 1;
  Sha256Digest hash = leaf_hash;
  for (const Sha256Digest& sibling : proof) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      hash = NodeHash(sibling, hash);
      while (node % 2 == 0 && node != 0) {
        node /= 2;
        last /= 2;
      }
    } else {
      hash = NodeHash(hash, sibling);
    }
    node /= 2;
    last /= 2;
  }
  return last == 0 && hash == root;
}

}  // namespace h4mk
