// SPDX-License-Identifier: MIT
#include "remote_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace h4mk::frames {
namespace {

constexpr int64_t kLeastReadAhead = 64 << 10, kMostReadAhead = 4 << 20;
constexpr int64_t kMostEnd = 1 << 20;  // of the piece at the end that is never dropped

}  // namespace

bool RemoteFile::IsSameVersion(const std::string& tag) {
  if (tag_.empty()) tag_ = tag;
  return tag.empty() || tag == tag_;
}

void RemoteFile::Keep(int64_t offset, std::vector<uint8_t> bytes, uint64_t limit) {
  if (bytes.empty()) return;
  const int64_t end = offset + static_cast<int64_t>(bytes.size());
  // What is there already of it is the same.
  std::erase_if(pieces_,
                [&](const Piece& piece) { return piece.offset >= offset && piece.end() <= end; });
  const auto behind = std::ranges::upper_bound(pieces_, offset, {}, &Piece::offset);
  int64_t from = offset, until = end;
  if (behind != pieces_.begin()) from = std::max(from, std::prev(behind)->end());
  if (behind != pieces_.end()) until = std::min(until, behind->offset);
  if (from >= until) return;
  if (until < end) bytes.resize(static_cast<size_t>(until - offset));
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(from - offset));
  pieces_.insert(behind, Piece{from, std::move(bytes), ++clock_});
  MakeRoom(limit);
}

void RemoteFile::MakeRoom(uint64_t limit) {
  uint64_t total = 0;
  for (const Piece& piece : pieces_) total += piece.bytes.size();
  while (total > limit) {
    auto oldest = pieces_.end();
    for (auto piece = pieces_.begin(); piece != pieces_.end(); ++piece) {
      const bool stays =
          piece->offset == 0 ||
          (piece->end() == size_ && static_cast<int64_t>(piece->bytes.size()) <= kMostEnd) ||
          piece->used == clock_;
      if (!stays && (oldest == pieces_.end() || piece->used < oldest->used)) oldest = piece;
    }
    if (oldest == pieces_.end()) return;
    total -= oldest->bytes.size();
    pieces_.erase(oldest);
  }
}

int64_t RemoteFile::Copy(int64_t offset, uint8_t* out, size_t size) {
  const auto behind = std::ranges::upper_bound(pieces_, offset, {}, &Piece::offset);
  if (behind == pieces_.begin() || std::prev(behind)->end() <= offset) return 0;
  Piece& piece = *std::prev(behind);
  const auto count = std::min<int64_t>(static_cast<int64_t>(std::min<size_t>(size, INT64_MAX)),
                                       piece.end() - offset);
  std::memcpy(out, piece.bytes.data() + (offset - piece.offset), static_cast<size_t>(count));
  piece.used = ++clock_;
  return count;
}

std::vector<h4mk_range> RemoteFile::Missing(std::vector<h4mk_range> ranges) const {
  std::vector<h4mk_range> missing;
  for (const h4mk_range& range : ranges) {
    int64_t at = std::max<int64_t>(range.offset, 0);
    const int64_t end =
        size_ < 0 ? range.offset + range.size : std::min(range.offset + range.size, size_);
    for (const Piece& piece : pieces_) {
      if (piece.end() <= at || at >= end) continue;
      if (piece.offset >= end) break;
      if (piece.offset > at) missing.push_back({at, piece.offset - at});
      at = piece.end();
    }
    if (at < end) missing.push_back({at, end - at});
  }
  return missing;
}

h4mk_range RemoteFile::ToFetch(int64_t offset, int64_t size) {
  const bool goes_on = offset == expected_ && offset > 0;
  read_ahead_ = goes_on ? std::min(read_ahead_ * 2, kMostReadAhead) : kLeastReadAhead;
  // A server may say that a file is as large as numbers go.
  int64_t end = offset + std::min(std::max(size, read_ahead_), size_ - offset);
  const auto behind = std::ranges::upper_bound(pieces_, offset, {}, &Piece::offset);
  if (behind != pieces_.end()) end = std::min(end, behind->offset);
  expected_ = end;
  // After the end of a file a reader asks for the index, which stands before it: both in one read.
  int64_t begin =
      end == size_ ? std::min(offset, std::max<int64_t>(end - kLeastReadAhead, 0)) : offset;
  if (behind != pieces_.begin()) begin = std::max(begin, std::prev(behind)->end());
  return {begin, end - begin};
}

}  // namespace h4mk::frames
