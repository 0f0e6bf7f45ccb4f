// SPDX-License-Identifier: MIT
#include "protect/tree_signer.h"

#include "crypto/hkdf.h"
#include "protect/index_digest.h"

namespace h4mk {
namespace {

// A checkpoint is written after this many chunks or bytes. Of a live stream, or of one that was
// cut, what comes after the last checkpoint cannot be verified.
constexpr size_t kLeaves = 16;
constexpr uint64_t kBytes = 16u << 20;

}  // namespace

TreeSigner::TreeSigner(SignatureKey key) : key_(std::move(key)) { RandomBytes(tree_id_); }

void TreeSigner::HeaderWritten(ByteSpan header) {
  std::copy_n(header.begin(), header_.size(), header_.begin());
}

void TreeSigner::Written(uint64_t offset, std::span<const ByteSpan> chunk) {
  const ChunkHeader header = ParseChunkHeader(chunk[0].data());
  const ByteSpan payload = chunk[0].subspan(kChunkHeaderSize);
  if (header.tag == kTagIndex) TakePage(offset, payload);
  if (!IsLeaf(header.tag, payload)) return;
  if (!has_leaves_) first_offset_ = offset;
  has_leaves_ = true;
  leaves_.push_back({offset - first_offset_, header.size(), ChunkLeafHash(chunk)});
  if (header.tag == kTagTracks) trak_ = PlaceOf(leaves_.back().position);
  if (header.tag == kTagMeta) meta_ = PlaceOf(leaves_.back().position);
}

void TreeSigner::TakePage(uint64_t offset, ByteSpan payload) {
  if (!IsPage(payload) || FormOf(payload) != PageForm::kOriginal) return;
  new_pages_.push_back(PageDigest(PageForm::kOriginal, payload, offset, first_offset_));
  all_pages_.push_back(PageDigest(PageForm::kCopy, payload, offset, first_offset_));
}

bool TreeSigner::IsDue(Moment moment, uint64_t position) const {
  if (!has_leaves_) return false;
  if (moment == Moment::kEnd) return true;
  if (leaves_.empty()) return false;
  return moment == Moment::kFlush || leaves_.size() >= kLeaves ||
         position - leaves_[0].position >= kBytes;
}

Status TreeSigner::Extend(Moment moment, const std::vector<Track>& tracks, const IndexWriter& index,
                          ChunkWriter& chunks) {
  const uint64_t position = chunks.position() - first_offset_;
  if (!IsDue(moment, position)) return {};
  Checkpoint checkpoint;
  checkpoint.final = moment == Moment::kEnd;
  checkpoint.tree_id = tree_id_;
  checkpoint.header = header_;
  checkpoint.position = position;
  checkpoint.previous = checkpoints_.empty() ? 0 : position - checkpoints_.back();
  checkpoint.before = tree_;
  checkpoint.leaves = std::exchange(leaves_, {});
  const std::vector<TrackTotals>& totals = index.totals();
  for (size_t i = 0; i < tracks.size(); ++i)
    checkpoint.tracks.push_back(
        {tracks[i].id, totals[i].blocks, totals[i].bytes, totals[i].end_pts});
  checkpoint.pages = std::exchange(new_pages_, {});
  if (checkpoint.final) AddEnd(index.MakeTop(), &checkpoint);
  for (const TreeLeaf& leaf : checkpoint.leaves) tree_.Add(leaf.hash);
  checkpoints_.push_back(position);
  return chunks.WriteChunk(kTagVeri, 0, EncodeCheckpoint(checkpoint, key_));
}

void TreeSigner::AddEnd(const IndexTop& top, Checkpoint* checkpoint) const {
  checkpoint->checkpoints = checkpoints_;
  for (size_t i = 0; i < all_pages_.size(); ++i)
    checkpoint->copies.push_back({all_pages_[i], PlaceOf(top.pages[i].offset - first_offset_)});
  checkpoint->top = TopDigest(top);
  checkpoint->trak = trak_;
  checkpoint->meta = meta_;
}

}  // namespace h4mk
