// SPDX-License-Identifier: MIT
#include "maintain/chunk_walk.h"

#include <algorithm>

#include "base/crc32.h"

namespace h4mk {
namespace {

constexpr size_t kPiece = 1 << 20;  // so much of a chunk is read at once
constexpr size_t kFront = 4096;     // enough for the index of most clusters

}  // namespace

ChunkWalk::ChunkWalk(Source& source, const TrackIds& tracks, int version, Depth depth,
                     Progress progress)
    : source_(source),
      chunks_(source, version),
      tracks_(tracks),
      version_(version),
      depth_(depth),
      progress_(std::move(progress)),
      size_(static_cast<uint64_t>(std::max<int64_t>(source.Size(), 0))) {
  index_.set_salt(source.salt());
}

bool ChunkWalk::IsCluster(const ChunkHeader& header) const {
  return version_ >= 2 && header.is_cluster();
}

Status ChunkWalk::Next(Piece* piece) {
  *piece = Piece();
  piece->offset = position_;
  if (progress_) progress_(position_, size_);
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
    index_.set_salt(source_.salt());
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
  if (status.code() == Code::kEnd) {
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

// Reads as much of a cluster's front as its index takes. *problem tells what is wrong with the
// index.
Status ChunkWalk::ParseIndex(const Piece& piece, Status* problem) {
  const uint64_t payload = piece.offset + kChunkHeaderSize;
  Bytes front;
  size_t needed = std::min<size_t>(piece.header.length, kFront);
  for (;;) {
    const size_t had = front.size();
    const bool is_there = payload + needed <= size_;
    if (is_there) front.resize(needed);
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(payload + had, front.data() + had, front.size() - had, &got));
    if (!is_there || got < front.size() - had) needed = SIZE_MAX;
    front.resize(had + got);
    *problem = needed == SIZE_MAX
                   ? Status(Code::kAgain, "")
                   : index_.Parse(front, payload, piece.header.length, tracks_, &needed);
    if (problem->ok()) break;
    if (problem->code() != Code::kAgain || needed > piece.header.length || needed <= front.size()) {
      *problem = Corrupt(piece.offset, "cluster index cannot be read");
      return {};
    }
  }
  data_offset_ = payload + index_.data_start();
  if (index_.data_start() + index_.data_size() != piece.header.length)
    *problem = Corrupt(piece.offset + 8, "length of a cluster contradicts its index");
  return {};
}

Status ChunkWalk::CheckCluster(Piece* piece, bool* usable) {
  Status problem;
  H4MK_TRY(ParseIndex(*piece, &problem));
  if (!problem.ok()) {
    piece->problem = "cluster index cannot be read";
    return {};
  }
  if (piece->end >
      size_) {  // the unfinished end: what is there of it is no place to look for chunks
    piece->kind = Piece::Kind::kUnfinished;
    piece->problem = "cluster is not complete";
    piece->end = size_;
    *usable = true;
    return depth_ == Depth::kAll ? CheckWholeStripes() : Status();
  }
  *usable = true;
  if (depth_ == Depth::kIndexes) return {};
  bad_.assign(index_.stripe_crcs().size(), false);
  stripe_ = 0;
  stripe_crc_ = source_.salt();
  uint32_t actual = 0;
  H4MK_TRY(Stream(
      *piece, [this](uint64_t at, ByteSpan bytes) { CheckStripes(at, bytes); }, &actual,
      &piece->crc));
  all_bad_ = actual != piece->crc && bad_.empty();
  const bool any_bad = all_bad_ || std::find(bad_.begin(), bad_.end(), true) != bad_.end();
  if (actual == piece->crc && !any_bad) return {};
  piece->kind = Piece::Kind::kDamagedData;
  piece->problem = any_bad ? "data of the cluster does not match its CRC"
                           : "cluster does not match the CRC of the chunk";
  return {};
}

// Of a cluster that was cut: a stripe that is there as a whole can be good.
Status ChunkWalk::CheckWholeStripes() {
  bad_.assign(index_.stripe_crcs().size(), true);
  all_bad_ = bad_.empty();
  stripe_ = 0;
  stripe_crc_ = source_.salt();
  buffer_.resize(kPiece);
  const uint64_t end = std::min(size_, data_offset_ + index_.data_size());
  for (uint64_t at = data_offset_; at < end && !bad_.empty();) {
    const auto step = static_cast<size_t>(std::min<uint64_t>(end - at, kPiece));
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(at, buffer_.data(), step, &got));
    if (got < step) return Status(Code::kIo, "the file became shorter while it was read");
    CheckStripes(at, ByteSpan(buffer_).first(step));
    at += step;
  }
  return {};
}

Status ChunkWalk::CheckSmall(Piece* piece, bool* good) {
  uint32_t actual = 0;
  H4MK_TRY(Stream(*piece, nullptr, &actual, &piece->crc));
  *good = actual == piece->crc;
  if (!*good) piece->problem = TagText(piece->header.tag) + " chunk does not match its CRC";
  return {};
}

// Reads a whole chunk in pieces; visit gets those of the payload with their place in the file.
Status ChunkWalk::Stream(const Piece& piece,
                         const std::function<void(uint64_t at, ByteSpan bytes)>& visit,
                         uint32_t* actual, uint32_t* stored) {
  buffer_.resize(kPiece);
  uint32_t crc = Crc32(source_.salt(), ChunkHeaderBytes(piece.header));
  uint64_t at = piece.offset + kChunkHeaderSize;
  const uint64_t end = at + piece.header.length;
  while (at < end) {
    const auto step = static_cast<size_t>(std::min<uint64_t>(end - at, kPiece));
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(at, buffer_.data(), step, &got));
    if (got < step) return Status(Code::kIo, "the file became shorter while it was read");
    const ByteSpan bytes = ByteSpan(buffer_).first(step);
    crc = Crc32(crc, bytes);
    if (visit) visit(at, bytes);
    at += step;
    if (progress_) progress_(at, size_);
  }
  uint8_t tail[kCrcSize];
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(end, tail, sizeof tail, &got));
  if (got < sizeof tail) return Status(Code::kIo, "the file became shorter while it was read");
  *actual = crc;
  *stored = LoadLe<uint32_t>(tail);
  return {};
}

void ChunkWalk::CheckStripes(uint64_t at, ByteSpan bytes) {
  if (bad_.empty()) return;
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
  if (bad_.empty()) return !all_bad_;
  const uint64_t stripe = index_.stripe_size();
  for (uint64_t i = block.offset / stripe; i * stripe < uint64_t{block.offset} + block.size; ++i)
    if (bad_[static_cast<size_t>(i)]) return false;
  return true;
}

}  // namespace h4mk
