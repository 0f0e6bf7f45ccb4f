// SPDX-License-Identifier: MIT
#include "protect/proof.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "chunk/chunk_format.h"
#include "file/block_compression.h"

namespace h4mk {
namespace {

Status ReadAll(VerifyingIo& io, uint64_t offset, uint64_t size, Bytes* bytes) {
  bytes->resize(static_cast<size_t>(size));
  size_t done = 0;
  while (done < bytes->size()) {
    const int64_t got = io.ReadAt(offset + done, bytes->data() + done, bytes->size() - done);
    if (got <= 0) return Corrupt(offset + done, "what is to be proved cannot be read");
    done += static_cast<size_t>(got);
  }
  return {};
}

// A member of a proof that holds bytes.
bool GetBytes(const Json& proof, const char* key, Bytes* bytes) {
  const auto member = proof.find(key);
  return member != proof.end() && member->is_string() &&
         DecodeBase64(member->get_ref<const std::string&>(), bytes);
}

bool GetDigests(const Json& proof, const char* key, std::vector<Sha256Digest>* digests) {
  Bytes bytes;
  if (!GetBytes(proof, key, &bytes) || bytes.size() % sizeof(Sha256Digest) != 0) return false;
  digests->resize(bytes.size() / sizeof(Sha256Digest));
  for (size_t i = 0; i < digests->size(); ++i)
    std::copy_n(bytes.data() + i * sizeof(Sha256Digest), sizeof(Sha256Digest),
                (*digests)[i].data());
  return true;
}

std::string Joined(std::span<const Sha256Digest> digests) {
  Bytes bytes;
  for (const Sha256Digest& digest : digests) AppendBytes(bytes, digest);
  return EncodeBase64(bytes);
}

uint64_t GetNumber(const Json& proof, const char* key) {
  const auto member = proof.find(key);
  return member != proof.end() && member->is_number_integer() && *member >= 0
             ? member->get<uint64_t>()
             : UINT64_MAX;
}

Status Worthless(const char* what) {
  return Status(Code::kCorrupt, std::string("the proof is not valid: ") + what);
}

uint64_t PieceCount(uint64_t size) { return (size + kPieceSize - 1) / kPieceSize; }

// What a cluster's head says of the size of its data; false if the bytes are no head of a cluster.
bool DataSize(ByteSpan head, uint64_t* size) {
  if (head.size() < kChunkHeaderSize || ClusterHeadSize(head) != head.size()) return false;
  const ChunkHeader header = ParseChunkHeader(head.data());
  const uint64_t before_data = head.size() - kChunkHeaderSize;
  if (!header.is_cluster() || before_data > header.length) return false;
  *size = header.length - before_data;
  return true;
}

// The data in the proof is whole pieces of the cluster that is proved, from number `first` on.
bool PiecesMatch(ByteSpan data, uint64_t first, std::span<const Sha256Digest> pieces,
                 uint64_t data_size) {
  for (size_t at = 0; at < data.size(); at += kPieceSize, ++first) {
    const ByteSpan piece = data.subspan(at, std::min(kPieceSize, data.size() - at));
    if (first >= pieces.size() ||
        piece.size() != std::min<uint64_t>(kPieceSize, data_size - first * kPieceSize) ||
        Sha256Of(piece) != pieces[static_cast<size_t>(first)])
      return false;
  }
  return true;
}

std::vector<Sha256Digest> HashPieces(ByteSpan data) {
  std::vector<Sha256Digest> pieces;
  for (size_t at = 0; at < data.size(); at += kPieceSize)
    pieces.push_back(Sha256Of(data.subspan(at, std::min(kPieceSize, data.size() - at))));
  return pieces;
}

}  // namespace

// Proofs of the blocks of a cluster differ in little, so that they share one hashing of it.
Result<Json> BlockProver::Prove(const ReadBlock& block, uint32_t track_id) {
  if (block.external_offset >= 0)  // the tree has the hash of its group, not of the block
    return Status(Code::kArgument,
                  "the block is in another file; of such blocks there are no proofs");
  if (!cluster_ || cluster_->offset != block.chunk_offset) {
    cluster_.reset();
    Cluster cluster;
    if (Status status = Load(block.chunk_offset, &cluster); !status.ok()) return status;
    cluster_ = std::move(cluster);
  }
  const size_t first = block.record->offset / kPieceSize;
  const size_t end = std::min<size_t>(
      cluster_->data_size, (size_t{block.record->offset} + block.record->size + kPieceSize - 1) /
                               kPieceSize * kPieceSize);
  const size_t start = std::min(first * kPieceSize, end);
  Bytes data;
  if (Status status = ReadAll(io_, cluster_->data_offset + start, end - start, &data); !status.ok())
    return status;
  return Json{{"h4mk_proof", 1},
              {"track_id", track_id},
              {"ordinal", block.record->ordinal},
              {"leaf", cluster_->leaf},
              {"checkpoint", cluster_->checkpoint},
              {"path", cluster_->path},
              {"head", cluster_->head},
              {"pieces", cluster_->pieces},
              {"first_piece", first},
              {"data", EncodeBase64(data)}};
}

Status BlockProver::Load(uint64_t offset, Cluster* cluster) {
  const Checkpoint* checkpoint = nullptr;
  size_t number = 0;
  H4MK_TRY(io_.chain().FindLeaf(offset, &checkpoint, &number));
  const TreeLeaf leaf = checkpoint->leaves[number];
  const uint64_t checkpoint_offset = offset - leaf.position + checkpoint->position;
  std::vector<Sha256Digest> hashes;
  for (const TreeLeaf& each : checkpoint->leaves) hashes.push_back(each.hash);
  cluster->offset = offset;
  cluster->leaf = checkpoint->before.size() + number;
  cluster->path = Joined(ProveInclusion(checkpoint->before, hashes, cluster->leaf));

  Bytes chunk;
  H4MK_TRY(ReadAll(io_, offset, leaf.size, &chunk));
  const ByteSpan hashed = ByteSpan(chunk).first(chunk.size() - kCrcSize);
  const size_t head = ClusterHeadSize(hashed);
  cluster->data_offset = offset + head;
  cluster->data_size = hashed.size() - head;
  cluster->head = EncodeBase64(hashed.first(head));
  cluster->pieces = Joined(HashPieces(hashed.subspan(head)));
  return LoadCheckpoint(checkpoint_offset, &cluster->checkpoint);
}

Status BlockProver::LoadCheckpoint(uint64_t offset, std::string* text) {
  Bytes chunk;
  H4MK_TRY(ReadAll(io_, offset, kChunkHeaderSize, &chunk));
  H4MK_TRY(ReadAll(io_, offset, ParseChunkHeader(chunk.data()).size(), &chunk));
  *text = EncodeBase64(ByteSpan(chunk).subspan(kChunkHeaderSize, chunk.size() - kChunkOverhead));
  return {};
}

Json DescribeProven(const ProvenBlock& block) {
  Json value = {{"track_id", block.track_id}, {"ordinal", block.record.ordinal}};
  if (block.record.pts != kNoTime) value["pts"] = block.record.pts;
  if (block.record.dts != kNoTime) value["dts"] = block.record.dts;
  value["duration"] = block.record.duration;
  value["flags"] = block.record.flags & kBlockPublicFlags;
  value["data"] = EncodeBase64(block.data);
  for (const ProvenBlock::SideData& entry : block.side_data)
    value["side_data"].push_back({{"name", entry.name}, {"data", EncodeBase64(entry.data)}});
  return value;
}

namespace {

// A block that is compressed, and not encrypted, is shown as it was before.
bool Unpack(ProvenBlock* block) {
  if (!(block->record.flags & kBlockCompressed) || (block->record.flags & kBlockEncrypted))
    return true;
  size_t size = 0;
  if (!BlockUnpacker::UnpackedSize(block->data, &size).ok()) return false;
  Bytes data(size);
  if (!BlockUnpacker().Unpack(block->data, data).ok()) return false;
  block->data = std::move(data);
  block->record.flags &= ~kBlockCompressed;
  return true;
}

}  // namespace

Result<ProvenBlock> VerifyProof(const Json& proof, const SignatureKey& key) {
  Bytes payload, head, data;
  std::vector<Sha256Digest> path, pieces;
  const uint64_t leaf = GetNumber(proof, "leaf"), first = GetNumber(proof, "first_piece");
  const uint64_t ordinal = GetNumber(proof, "ordinal"), track_id = GetNumber(proof, "track_id");
  if (!proof.is_object() || GetNumber(proof, "h4mk_proof") != 1 ||
      !GetBytes(proof, "checkpoint", &payload) || !GetBytes(proof, "head", &head) ||
      !GetBytes(proof, "data", &data) || !GetDigests(proof, "path", &path) ||
      !GetDigests(proof, "pieces", &pieces) || first > pieces.size() || track_id > kMaxTrackId)
    return Worthless("a member is missing or cannot be used");
  Checkpoint checkpoint;
  if (Status status = DecodeCheckpoint(payload, 0, &key, &checkpoint); !status.ok())
    return status.code() == Code::kKey ? Status(Code::kKey, "the proof is signed with another key")
                                       : Worthless("its signature does not hold");

  Bytes digests;
  for (const Sha256Digest& piece : pieces) AppendBytes(digests, piece);
  const ByteSpan hashed[] = {head, digests};
  uint64_t data_size = 0;
  if (!DataSize(head, &data_size) || pieces.size() != PieceCount(data_size))
    return Worthless("its head and pieces are not those of a cluster");
  if (!VerifyInclusion(LeafHash(LeafKind::kCluster, hashed), leaf, checkpoint.size(), path,
                       checkpoint.Root()))
    return Worthless("the cluster is not in the tree that was signed");
  if (!PiecesMatch(data, first, pieces, data_size))
    return Worthless("the data is not that of the cluster");

  TrackIds tracks;
  tracks.Add(static_cast<uint32_t>(track_id));
  ClusterIndex index;
  size_t needed = 0;
  index.SkipCrc();  // the path proves the head
  if (!index
           .Parse(ByteSpan(head).subspan(kChunkHeaderSize), kChunkHeaderSize,
                  ParseChunkHeader(head.data()).length, tracks, &needed)
           .ok() ||
      index.data_size() != data_size)
    return Worthless("the cluster cannot be read");
  for (const BlockRecord& record : index.blocks()) {
    if (record.track != 0 || record.ordinal != ordinal) continue;
    if (record.flags & kBlockExternal) return Worthless("the block is in another file");
    const uint64_t start = first * kPieceSize;
    if (record.offset < start || record.offset - start + uint64_t{record.size} > data.size())
      return Worthless("not all of the block is there");
    const auto from = data.begin() + static_cast<ptrdiff_t>(record.offset - start);
    ProvenBlock block{static_cast<uint32_t>(track_id), record, Bytes(from, from + record.size), {}};
    for (const SideData& entry : index.side_data(record))
      block.side_data.push_back({std::string(entry.name), {entry.data.begin(), entry.data.end()}});
    if (!Unpack(&block)) return Worthless("the block cannot be unpacked");
    return block;
  }
  return Worthless("the cluster has no such block");
}

}  // namespace h4mk
