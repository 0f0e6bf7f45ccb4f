// SPDX-License-Identifier: MIT
#include "protect/checkpoint.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "file/tracks.h"

namespace h4mk {
namespace {

constexpr uint8_t kFinal = 1;
constexpr std::string_view kLabel{"H4MK/2 checkpoint\0", 18};

// Digests of the data in pieces of one size.
class PieceHasher {
 public:
  void Add(ByteSpan bytes) {
    while (!bytes.empty()) {
      const size_t size = std::min(bytes.size(), kPieceSize - filled_);
      if (filled_ == 0) hash_.emplace();
      hash_->Add(bytes.first(size));
      filled_ += size;
      bytes = bytes.subspan(size);
      if (filled_ == kPieceSize) Finish();
    }
  }
  const Bytes& digests() {
    if (filled_ > 0) Finish();
    return digests_;
  }

 private:
  void Finish() {
    AppendBytes(digests_, hash_->Finish());
    filled_ = 0;
  }

  std::optional<Sha256> hash_;
  size_t filled_ = 0;
  Bytes digests_;
};

Bytes SignedText(ByteSpan payload) {
  Bytes text(kLabel.size() + payload.size());
  std::ranges::copy(payload, std::ranges::copy(kLabel, text.begin()).out);
  return text;
}

template <size_t kSize>
void TakeArray(ByteReader& reader, std::array<uint8_t, kSize>* out) {
  const ByteSpan bytes = reader.Take(kSize);
  if (!reader.failed()) std::copy(bytes.begin(), bytes.end(), out->begin());
}

bool DecodeLeaves(ByteReader& reader, Checkpoint* checkpoint) {
  const uint64_t before = reader.Varint();
  std::vector<Sha256Digest> peaks(MerkleTree::PeakCount(before));
  for (Sha256Digest& peak : peaks) TakeArray(reader, &peak);
  checkpoint->before = MerkleTree(before, std::move(peaks));
  const uint64_t count = reader.Varint();
  uint64_t position = reader.Le<uint64_t>();
  if (reader.failed() || count > kMaxCheckpointLeaves || before > INT64_MAX) return false;
  checkpoint->leaves.clear();
  for (uint64_t i = 0; i < count; ++i) {
    TreeLeaf& leaf = checkpoint->leaves.emplace_back();
    const uint64_t gap = reader.Varint();
    leaf.size = reader.Varint();
    TakeArray(reader, &leaf.hash);
    if (reader.failed() || gap > INT64_MAX || position > INT64_MAX || leaf.size > INT64_MAX)
      return false;
    leaf.position = position + gap;
    position = leaf.end();
  }
  return position <= checkpoint->position;
}

bool DecodeTracks(ByteReader& reader, Checkpoint* checkpoint) {
  const uint64_t count = reader.Varint();
  if (count > kMaxTracks) return false;
  checkpoint->tracks.clear();
  for (uint64_t i = 0; i < count && !reader.failed(); ++i) {
    Checkpoint::Track& track = checkpoint->tracks.emplace_back();
    const uint64_t track_id = reader.Varint();
    if (track_id > kMaxTrackId) return false;
    track.track_id = static_cast<uint32_t>(track_id);
    track.blocks = reader.Varint();
    track.bytes = reader.Varint();
    if (reader.Le<uint8_t>() != 0) track.end_pts = reader.Signed();
  }
  return !reader.failed();
}

bool DecodeIndexDigests(ByteReader& reader, Checkpoint* checkpoint) {
  uint64_t count = reader.Varint();
  if (count > reader.left() / sizeof(Sha256Digest)) return false;
  checkpoint->pages.resize(static_cast<size_t>(count));
  for (Sha256Digest& digest : checkpoint->pages) TakeArray(reader, &digest);
  if (!checkpoint->final) return true;
  count = reader.Varint();
  if (count > reader.left() / (sizeof(Sha256Digest) + sizeof(uint64_t))) return false;
  checkpoint->copies.resize(static_cast<size_t>(count));
  for (Checkpoint::Page& page : checkpoint->copies) {
    TakeArray(reader, &page.digest);
    page.place = reader.Le<uint64_t>();
    if (page.place == 0 || page.place > checkpoint->position) return false;
  }
  TakeArray(reader, &checkpoint->top);
  checkpoint->trak = reader.Le<uint64_t>();
  checkpoint->meta = reader.Le<uint64_t>();
  // Descriptions are leaves: they stand before the checkpoint.
  return checkpoint->trak <= checkpoint->position && checkpoint->meta <= checkpoint->position;
}

bool DecodeBody(ByteReader& reader, Checkpoint* checkpoint, Sha256Digest* root) {
  const auto flags = reader.Le<uint8_t>();
  checkpoint->final = flags & kFinal;
  TakeArray(reader, &checkpoint->fingerprint);
  TakeArray(reader, &checkpoint->tree_id);
  TakeArray(reader, &checkpoint->header);
  checkpoint->position = reader.Le<uint64_t>();
  checkpoint->previous = reader.Le<uint64_t>();
  if (flags & ~kFinal || checkpoint->position > INT64_MAX ||
      checkpoint->previous > checkpoint->position || !DecodeLeaves(reader, checkpoint))
    return false;
  TakeArray(reader, root);
  if (!DecodeTracks(reader, checkpoint)) return false;
  const uint64_t count = reader.Varint();
  if (count > reader.left()) return false;
  checkpoint->checkpoints.clear();
  uint64_t at = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t step = reader.Varint();
    if (step > checkpoint->position - at) return false;
    checkpoint->checkpoints.push_back(at += step);
  }
  return DecodeIndexDigests(reader, checkpoint) && !reader.failed() && reader.left() == 0;
}

}  // namespace

Sha256Digest Checkpoint::Root() const {
  MerkleTree tree = before;
  for (const TreeLeaf& leaf : leaves) tree.Add(leaf.hash);
  return tree.Root();
}

size_t ClusterHeadSize(ByteSpan chunk) {
  if (chunk.size() < kChunkHeaderSize) return 0;
  const ChunkHeader header = ParseChunkHeader(chunk.data());
  if (!header.is_cluster()) return chunk.size();
  ByteReader reader(chunk.subspan(kChunkHeaderSize));
  reader.Take(reader.Varint());
  reader.Take(kCrcSize);
  return reader.failed() ? 0 : kChunkHeaderSize + reader.position();
}

Sha256Digest ChunkLeafHash(std::span<const ByteSpan> chunk) {
  const size_t head = ClusterHeadSize(chunk[0]);
  PieceHasher pieces;
  pieces.Add(chunk[0].subspan(head));
  for (ByteSpan data : chunk.subspan(1)) pieces.Add(data);
  const ByteSpan hashed[] = {chunk[0].first(head), pieces.digests()};
  const bool is_cluster =
      chunk[0].size() >= kChunkHeaderSize && ParseChunkHeader(chunk[0].data()).is_cluster();
  return LeafHash(is_cluster ? LeafKind::kCluster : LeafKind::kBytes, hashed);
}

Bytes EncodeCheckpoint(const Checkpoint& checkpoint, const SignatureKey& key) {
  Bytes out;
  AppendLe(out, kCheckpointMagic);
  out.push_back(static_cast<uint8_t>(key.kind()));
  out.push_back(checkpoint.final ? kFinal : 0);
  AppendBytes(out, key.fingerprint());
  AppendBytes(out, checkpoint.tree_id);
  AppendBytes(out, checkpoint.header);
  AppendLe(out, checkpoint.position);
  AppendLe(out, checkpoint.previous);
  AppendVarint(out, checkpoint.before.size());
  for (const Sha256Digest& peak : checkpoint.before.peaks()) AppendBytes(out, peak);
  AppendVarint(out, checkpoint.leaves.size());
  uint64_t position = checkpoint.leaves.empty() ? 0 : checkpoint.leaves[0].position;
  AppendLe(out, position);
  for (const TreeLeaf& leaf : checkpoint.leaves) {
    AppendVarint(out, leaf.position - position);
    AppendVarint(out, leaf.size);
    AppendBytes(out, leaf.hash);
    position = leaf.end();
  }
  AppendBytes(out, checkpoint.Root());
  AppendVarint(out, checkpoint.tracks.size());
  for (const Checkpoint::Track& track : checkpoint.tracks) {
    AppendVarint(out, track.track_id);
    AppendVarint(out, track.blocks);
    AppendVarint(out, track.bytes);
    out.push_back(track.end_pts != kNoTime);
    if (track.end_pts != kNoTime) AppendSigned(out, track.end_pts);
  }
  AppendVarint(out, checkpoint.checkpoints.size());
  uint64_t at = 0;
  for (uint64_t other : checkpoint.checkpoints) {
    AppendVarint(out, other - at);
    at = other;
  }
  AppendVarint(out, checkpoint.pages.size());
  for (const Sha256Digest& digest : checkpoint.pages) AppendBytes(out, digest);
  if (checkpoint.final) {
    AppendVarint(out, checkpoint.copies.size());
    for (const Checkpoint::Page& page : checkpoint.copies) {
      AppendBytes(out, page.digest);
      AppendLe(out, page.place);
    }
    AppendBytes(out, checkpoint.top);
    AppendLe(out, checkpoint.trak);
    AppendLe(out, checkpoint.meta);
  }
  const Bytes signature = key.Sign(SignedText(out));
  AppendBytes(out, signature);
  AppendLe(out, static_cast<uint16_t>(signature.size()));
  return out;
}

Status DecodeCheckpoint(ByteSpan payload, uint64_t offset, const SignatureKey* key,
                        Checkpoint* checkpoint) {
  *checkpoint = {};  // nothing of another one, which may not be valid, stays in it
  constexpr size_t kFrontSize = 4 + 1 + 1 + sizeof(Sha256Digest);
  const auto damaged = [&] { return Corrupt(offset, "checkpoint cannot be read"); };
  if (!IsCheckpoint(payload) || payload.size() < kFrontSize + 2) return damaged();
  const size_t signature_size = LoadLe<uint16_t>(payload.data() + payload.size() - 2);
  if (signature_size > payload.size() - kFrontSize - 2) return damaged();
  const size_t signed_size = payload.size() - 2 - signature_size;
  Sha256Digest root{};
  ByteReader reader(payload.first(signed_size).subspan(4));
  checkpoint->kind = static_cast<SignatureKind>(reader.Le<uint8_t>());
  if (!DecodeBody(reader, checkpoint, &root)) return damaged();
  if (key != nullptr &&
      (checkpoint->kind != key->kind() || checkpoint->fingerprint != key->fingerprint()))
    return Status(Code::kKey,
                  "the file was signed with another key, at byte " + std::to_string(offset))
        .At(offset);
  const bool is_signed =
      key == nullptr || key->Verify(SignedText(payload.first(signed_size)),
                                    payload.subspan(signed_size, signature_size));
  if (!is_signed || checkpoint->Root() != root) return Corrupt(offset, "signature is not valid");
  return {};
}

}  // namespace h4mk
