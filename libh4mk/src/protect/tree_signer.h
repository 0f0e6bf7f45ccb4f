// SPDX-License-Identifier: MIT
// Keeps the tree of a file's chunks while they are written, and signs checkpoints of it.
#ifndef H4MK_PROTECT_TREE_SIGNER_H_
#define H4MK_PROTECT_TREE_SIGNER_H_

#include "protect/checkpoint.h"
#include "writer/writer.h"

namespace h4mk {

class TreeSigner final : public WriterExtension {
 public:
  explicit TreeSigner(SignatureKey key);

  void HeaderWritten(ByteSpan header) override;
  void Written(uint64_t offset, std::span<const ByteSpan> chunk) override;
  // Writes a checkpoint in VERI when there is enough to be signed.
  Status Extend(Moment moment, const std::vector<Track>& tracks, const IndexWriter& index,
                ChunkWriter& chunks) override;

 private:
  void TakePage(uint64_t offset, ByteSpan payload);
  bool IsDue(Moment moment, uint64_t position) const;
  void AddEnd(const IndexTop& top, Checkpoint* checkpoint) const;

  const SignatureKey key_;
  TreeId tree_id_{};
  std::array<uint8_t, kFileHeaderSize> header_{};
  bool has_leaves_ = false;
  uint64_t first_offset_ = 0;  // of the first leaf in the file
  MerkleTree tree_;            // of the leaves that are in checkpoints
  std::vector<TreeLeaf> leaves_;
  std::vector<uint64_t> checkpoints_;  // positions
  std::vector<Sha256Digest> new_pages_,
      all_pages_;                 // of the index: since the last checkpoint; as copies
  uint64_t trak_ = 0, meta_ = 0;  // places of the last ones
};

}  // namespace h4mk

#endif  // H4MK_PROTECT_TREE_SIGNER_H_
