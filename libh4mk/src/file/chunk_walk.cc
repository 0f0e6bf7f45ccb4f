// SPDX-License-Identifier: MIT
#include "file/chunk_walk.h"

#include <algorithm>

#include "base/crc32.h"

namespace h4mk {
namespace {

constexpr size_t kPiece = 1 << 20;  // so much of a chunk is read at once
// Enough for the index of most clusters, and what Source has read ahead with the chunk's header.
constexpr size_t kFront = 4096 - kChunkHeaderSize;
constexpr uint32_t kScanned = 1 << 20;  // larger chunks without blocks are not read by a scan

}  // namespace

Status ReadClusterIndex(Source& source, uint64_t offset, const ChunkHeader& header,
                        const TrackIds& tracks, ClusterIndex* index) {
  const uint64_t payload = offset + kChunkHeaderSize;
  const int64_t file_size = source.Size();
  Bytes front;
  size_t needed = std::min<size_t>(header.length, kFront);
  for (;;) {
    const size_t had = front.size();
    if (file_size >= 0 && payload + needed > static_cast<uint64_t>(file_size)) break;
    front.resize(needed);
    size_t got = 0;
    H4MK_TRY(source.ReadAt(payload + had, front.data() + had, needed - had, &got));
    if (got < needed - had) break;
    index->set_salt(source.salt());
    const Status status = index->Parse(front, payload, header.length, tracks, &needed);
    if (status.ok()) {
      if (index->data_start() + index->data_size() == header.length) return {};
      return Corrupt(offset + 8, "length of a cluster contradicts its index");
    }
    if (status.code() != Code::kAgain || needed > header.length || needed <= front.size()) break;
  }
  return Corrupt(offset, "cluster index cannot be read");
}

ChunkWalk::ChunkWalk(Source& source, const TrackIds& tracks, int version, Depth depth,
                     Progress progress)
    : source_(source),
      chunks_(source, version),
      tracks_(tracks),
      version_(version),
      depth_(depth),
      progress_(std::move(progress)) {
  Resume(kFileHeaderSize);
}

void ChunkWalk::Resume(uint64_t position) {
  position_ = position;
  size_ = static_cast<uint64_t>(std::max<int64_t>(source_.Size(), 0));
}

bool ChunkWalk::IsCluster(const ChunkHeader& header) const {
  return version_ >= 2 && header.is_cluster();
}

Status ChunkWalk::Next(Piece* piece) {
  *piece = Piece();
  piece->offset = position_;
  if (progress_) progress_(position_, size_);
  // The file may have grown since: what is behind was not there, else the walk would turn back.
  if (position_ + kChunkHeaderSize > size_)
    return Status(Code::kEnd, "no chunk follows at byte " + std::to_string(position_))
        .At(position_);
  ChunkHeader header;
  H4MK_TRY(chunks_.ReadHeader(position_, &header));
  piece->end = position_ + header.size();
  piece->header = header;
  piece->is_cluster = IsCluster(header);
  const bool plausible = IsPlausibleTag(header.tag);
  const bool fits = piece->end <= size_;
  bool usable = false;
  if (plausible && piece->is_cluster) {
    H4MK_TRY(CheckCluster(piece, &usable));
  } else if (plausible && fits) {
    H4MK_TRY(CheckSmall(piece, &usable));
  } else {
    piece->problem = plausible
                         ? TagText(header.tag) + " chunk of " + std::to_string(header.length) +
                               " bytes does not fit into the file"
                         : "no chunk found; expected one";
  }
  if (!usable && piece->offset == kFileHeaderSize && version_ >= 2) {
    bool repaired = false;
    H4MK_TRY(RepairSalt(source_, &repaired));
    if (repaired) return Next(piece);
  }
  if (!usable) return PassGap(piece);
  position_ = piece->end;
  return {};
}

// From a piece that cannot be used to the next chunk, or to the end of the file.
Status ChunkWalk::PassGap(Piece* piece) {
  const bool chunk_begins = IsPlausibleTag(piece->header.tag) && piece->end > size_;
  uint64_t found = 0;
  const Status status = chunks_.FindNext(piece->offset, &found);
  if (status.code() == Code::kEnd || (status.ok() && found > size_)) {
    piece->kind = chunk_begins ? Piece::Kind::kUnfinished : Piece::Kind::kGap;
    if (chunk_begins) piece->problem = TagText(piece->header.tag) + " chunk is not complete";
    piece->end = size_;
  } else if (status.ok()) {
    piece->kind = Piece::Kind::kGap;
    piece->end = found;
  } else {
    return status;
  }
  piece->is_cluster = false;
  position_ = piece->end;
  return {};
}

Status ChunkWalk::CheckCluster(Piece* piece, bool* usable) {
  const Status status = ReadClusterIndex(source_, piece->offset, piece->header, tracks_, &index_);
  if (status.code() == Code::kCorrupt) {
    piece->problem = "cluster index cannot be read";
    return {};
  }
  H4MK_TRY(status);
  data_offset_ = piece->offset + kChunkHeaderSize + index_.data_start();
  if (piece->end >
      size_) {  // the unfinished end: what is there of it is no place to look for chunks
    piece->kind = Piece::Kind::kUnfinished;
    piece->problem = "cluster is not complete";
    piece->end = size_;
    *usable = true;
    return depth_ == Depth::kAll ? CheckWholeStripes() : Status();
  }
  *usable = true;
  if (depth_ != Depth::kAll) return {};
  StartStripes(/*bad=*/false);
  uint32_t actual = 0;
  H4MK_TRY(Stream(
      *piece, [this](uint64_t at, ByteSpan bytes) { CheckStripes(at, bytes); }, &actual,
      &piece->crc));
  if (index_.stripe_crcs().empty()) bad_[0] = actual != piece->crc;
  const bool any_bad = std::find(bad_.begin(), bad_.end(), true) != bad_.end();
  if (actual == piece->crc && !any_bad) return {};
  piece->kind = Piece::Kind::kDamagedData;
  piece->problem = any_bad ? "data of the cluster does not match its CRC"
                           : "cluster does not match the CRC of the chunk";
  return {};
}

// Of a cluster that was cut: a stripe that is there as a whole can be good.
Status ChunkWalk::CheckWholeStripes() {
  StartStripes(/*bad=*/true);
  if (index_.stripe_crcs().empty()) return {};
  const uint64_t end = std::min(size_, data_offset_ + index_.data_size());
  return ForPieces(data_offset_, end,
                   [this](uint64_t at, ByteSpan bytes) { CheckStripes(at, bytes); });
}

Status ChunkWalk::CheckSmall(Piece* piece, bool* good) {
  *good = depth_ == Depth::kScan && piece->header.length > kScanned;
  if (*good) return {};
  uint32_t actual = 0;
  H4MK_TRY(Stream(*piece, nullptr, &actual, &piece->crc));
  *good = actual == piece->crc;
  if (!*good) piece->problem = TagText(piece->header.tag) + " chunk does not match its CRC";
  return {};
}

// Reads a part of the file; visit gets its pieces with their place in the file.
Status ChunkWalk::ForPieces(uint64_t begin, uint64_t end, const Visit& visit) {
  const uint64_t longest = begin < end ? std::min<uint64_t>(end - begin, kPiece) : 0;
  buffer_.resize(std::max(buffer_.size(), static_cast<size_t>(longest)));
  while (begin < end) {
    const auto step = static_cast<size_t>(std::min<uint64_t>(end - begin, kPiece));
    const std::span<uint8_t> bytes = std::span(buffer_).first(step);
    H4MK_TRY(source_.ReadAll(begin, bytes));
    visit(begin, bytes);
    begin += step;
  }
  return {};
}

// Reads a whole chunk; visit gets the pieces of its payload.
Status ChunkWalk::Stream(const Piece& piece, const Visit& visit, uint32_t* actual,
                         uint32_t* stored) {
  uint32_t crc = Crc32(source_.salt(), ChunkHeaderBytes(piece.header));
  const uint64_t begin = piece.offset + kChunkHeaderSize, end = begin + piece.header.length;
  H4MK_TRY(ForPieces(begin, end, [&](uint64_t at, ByteSpan bytes) {
    crc = Crc32(crc, bytes);
    if (visit) visit(at, bytes);
    if (progress_) progress_(at + bytes.size(), size_);
  }));
  uint8_t tail[kCrcSize];
  H4MK_TRY(source_.ReadAll(end, tail));
  *actual = crc;
  *stored = LoadLe<uint32_t>(tail);
  return {};
}

// bad: what is known of a stripe until it was read to its end.
void ChunkWalk::StartStripes(bool bad) {
  bad_.assign(std::max<size_t>(index_.stripe_crcs().size(), 1), bad);
  stripe_ = 0;
  stripe_crc_ = source_.salt();
}

void ChunkWalk::CheckStripes(uint64_t at, ByteSpan bytes) {
  if (index_.stripe_crcs().empty()) return;
  if (at < data_offset_) {  // of the index
    const uint64_t skipped = std::min<uint64_t>(data_offset_ - at, bytes.size());
    at += skipped;
    bytes = bytes.subspan(static_cast<size_t>(skipped));
  }
  while (!bytes.empty()) {
    const uint64_t in_data = at - data_offset_;
    const uint64_t stripe_end =
        std::min((in_data / index_.stripe_size() + 1) * index_.stripe_size(), index_.data_size());
    const auto step = static_cast<size_t>(std::min<uint64_t>(stripe_end - in_data, bytes.size()));
    stripe_crc_ = Crc32(stripe_crc_, bytes.first(step));
    at += step;
    bytes = bytes.subspan(step);
    if (in_data + step < stripe_end) return;
    bad_[stripe_] = stripe_crc_ != index_.stripe_crcs()[stripe_];
    ++stripe_;
    stripe_crc_ = source_.salt();
  }
}

bool ChunkWalk::IsGood(const BlockRecord& block) const {
  if (block.stored_size() == 0) return true;
  const uint64_t stripe = index_.stripe_size() != 0 ? index_.stripe_size() : UINT64_MAX;
  for (uint64_t i = block.offset / stripe; i * stripe < uint64_t{block.offset} + block.size; ++i)
    if (bad_[static_cast<size_t>(i)]) return false;
  return true;
}

}  // namespace h4mk
