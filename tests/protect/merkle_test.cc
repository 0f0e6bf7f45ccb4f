// SPDX-License-Identifier: MIT
// Merkle trees: the values that implementations of RFC 6962 and RFC 9162 share, and proofs for
// every leaf of every size.
#include "crypto/merkle.h"

#include "legacy/vectors.h"

namespace h4mk {
namespace {

// The leaves of the Certificate Transparency reference tests.
std::vector<Sha256Digest> ReferenceLeaves() {
  std::vector<Sha256Digest> leaves;
  for (const char* hex : {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                          "606162636465666768696a6b6c6d6e6f"}) {
    const Bytes data = FromHex(hex);
    const ByteSpan span(data);
    leaves.push_back(LeafHash(LeafKind::kBytes, {&span, 1}));
  }
  return leaves;
}

TEST(MerkleTest, RootsOfTheReferenceTree) {
  const char* const roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                               "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                               "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                               "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                               "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                               "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                               "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                               "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  MerkleTree tree;
  EXPECT_EQ(ToHex(tree.Root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  size_t i = 0;
  for (const Sha256Digest& leaf : ReferenceLeaves()) {
    tree.Add(leaf);
    EXPECT_EQ(ToHex(tree.Root()), roots[i++]) << "size " << i;
  }
}

// Inclusion proofs of the same tree.
TEST(MerkleTest, ProofsOfTheReferenceTree) {
  const struct {
    uint64_t leaf, size;
    std::vector<std::string> path;
  } cases[] = {
      {0, 1, {}},
      {0,
       8,
       {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
      {5,
       8,
       {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
      {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
      {1,
       5,
       {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
  };
  const std::vector<Sha256Digest> all = ReferenceLeaves();
  for (const auto& test : cases) {
    const std::span leaves(all.data(), static_cast<size_t>(test.size));
    MerkleTree tree;
    for (const Sha256Digest& leaf : leaves) tree.Add(leaf);
    const auto proof = ProveInclusion(MerkleTree(), leaves, test.leaf);
    std::vector<std::string> path;
    for (const Sha256Digest& node : proof) path.push_back(ToHex(node));
    EXPECT_EQ(path, test.path) << test.leaf << " of " << test.size;
    EXPECT_TRUE(VerifyInclusion(all[static_cast<size_t>(test.leaf)], test.leaf, test.size, proof,
                                tree.Root()));
  }
}

Sha256Digest NumberedLeaf(uint64_t number) {
  Bytes data;
  AppendLe(data, number);
  const ByteSpan span(data);
  return LeafHash(LeafKind::kBytes, {&span, 1});
}

// Whatever part of the tree is known by its peaks only.
TEST(MerkleTest, EveryLeafHasAProofOfLogarithmicLength) {
  for (uint64_t size = 1; size <= 18; ++size)
    for (uint64_t before_size = 0; before_size < size; ++before_size) {
      MerkleTree before, whole;
      std::vector<Sha256Digest> leaves;
      for (uint64_t i = 0; i < size; ++i) {
        whole.Add(NumberedLeaf(i));
        if (i < before_size) {
          before.Add(NumberedLeaf(i));
        } else {
          leaves.push_back(NumberedLeaf(i));
        }
      }
      for (uint64_t leaf = before_size; leaf < size; ++leaf) {
        auto proof = ProveInclusion(before, leaves, leaf);
        EXPECT_LE(proof.size(), static_cast<size_t>(std::bit_width(size - 1)));
        ASSERT_TRUE(VerifyInclusion(NumberedLeaf(leaf), leaf, size, proof, whole.Root()));
        EXPECT_FALSE(VerifyInclusion(NumberedLeaf(leaf + 1), leaf, size, proof, whole.Root()));
        EXPECT_FALSE(VerifyInclusion(NumberedLeaf(leaf), leaf + 1, size, proof, whole.Root()) &&
                     leaf + 1 < size);
        for (Sha256Digest& sibling : proof) {
          sibling[0] ^= 1;
          EXPECT_FALSE(VerifyInclusion(NumberedLeaf(leaf), leaf, size, proof, whole.Root()));
          sibling[0] ^= 1;
        }
        proof.push_back(NumberedLeaf(0));
        EXPECT_FALSE(VerifyInclusion(NumberedLeaf(leaf), leaf, size, proof, whole.Root()));
      }
    }
}

// A leaf is never taken for a node, nor one kind for the other: their hashes begin differently.
TEST(MerkleTest, ANodeIsNoLeaf) {
  const Sha256Digest left = NumberedLeaf(0), right = NumberedLeaf(1);
  const ByteSpan joined[] = {left, right};
  for (const LeafKind kind : {LeafKind::kBytes, LeafKind::kCluster})
    EXPECT_NE(LeafHash(kind, joined), NodeHash(left, right));
  EXPECT_NE(LeafHash(LeafKind::kBytes, joined), LeafHash(LeafKind::kCluster, joined));
}

}  // namespace
}  // namespace h4mk
