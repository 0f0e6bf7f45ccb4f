// SPDX-License-Identifier: MIT
#include "cluster/cluster_index.h"

#include <algorithm>

#include "base/crc32.h"
#include "chunk/chunk_format.h"
#include "cluster/cluster_format.h"
#include "cluster/column.h"

namespace h4mk {
namespace {

constexpr size_t kColumns = 5;            // flags, size, duration, dts, pts_minus_dts
constexpr uint64_t kMaxClusterTracks = 4096;
constexpr uint64_t kMaxIndexSize = 128u << 20;

}  // namespace

Status ClusterIndex::Parse(ByteSpan front, uint64_t offset, const TrackIds& tracks,
                           size_t* needed) {
  ByteReader size_reader(front);
  const uint64_t index_size = size_reader.Varint();
  if (size_reader.failed() || index_size > kMaxIndexSize) {
    if (front.size() < 10) {
      *needed = 10;
      if (size_reader.failed()) return Status(Code::kAgain, "");
    }
    return Corrupt(offset, "cluster index has a bad size");
  }
  const size_t before = size_reader.position();
  data_start_ = before + static_cast<size_t>(index_size) + kCrcSize;
  *needed = data_start_;
  if (front.size() < data_start_) return Status(Code::kAgain, "");

  const ByteSpan covered = front.first(before + static_cast<size_t>(index_size));
  const auto stored = LoadLe<uint32_t>(covered.data() + covered.size());
  if (Crc32(0, covered) != stored)
    return Corrupt(offset, "cluster index does not match its CRC");

  ByteReader reader(covered.subspan(before));
  if (!ParseHeader(reader, tracks) || !ParseColumns(reader) || !BuildBlocks() ||
      !ParseStripes(reader, stripe_shift_))
    return Corrupt(offset, "cluster index contradicts itself");
  if (has_side_data_) {
    // Kept apart, since blocks may be handed out while the next cluster is read.
    index_copy_.assign(reader.data(), reader.data() + reader.left());
    ByteReader side_reader{ByteSpan(index_copy_)};
    if (!ParseSideData(side_reader)) return Corrupt(offset, "side data of a cluster is damaged");
  }
  return {};
}

bool ClusterIndex::ParseHeader(ByteReader& reader, const TrackIds& tracks) {
  const uint64_t block_count = reader.Varint();
  const uint64_t track_count = reader.Varint();
  stripe_shift_ = reader.Le<uint8_t>();
  if (reader.failed() || block_count == 0 || block_count > kMaxClusterBlocks ||
      track_count == 0 || track_count > block_count || track_count > kMaxClusterTracks)
    return false;
  if (stripe_shift_ != 0 && (stripe_shift_ < kMinStripeShift || stripe_shift_ > kMaxStripeShift))
    return false;
  runs_.clear();
  has_unknown_track_ = false;
  uint64_t total = 0;
  for (uint64_t i = 0; i < track_count; ++i) {
    TrackRun run;
    run.track = tracks.Find(reader.Varint());
    has_unknown_track_ |= run.track < 0;
    const uint64_t count = track_count > 1 ? reader.Varint() : block_count;
    if (reader.failed() || count == 0 || count > block_count - total) return false;
    run.count = static_cast<size_t>(count);
    total += count;
    run.ordinal = reader.Varint();
    run.dts_base = reader.Signed();
    runs_.push_back(run);
  }
  if (reader.failed() || total != block_count) return false;
  order_.assign(static_cast<size_t>(block_count), 0);
  return track_count == 1 || ReadColumn(reader, order_);
}

bool ClusterIndex::ParseColumns(ByteReader& reader) {
  values_.resize(order_.size() * kColumns);
  int64_t* room = values_.data();
  for (TrackRun& run : runs_) {
    for (Column* column : {&run.flags, &run.size, &run.duration}) {
      if (!ReadColumn(reader, room, run.count, column)) return false;
      room += run.count;
    }
    if (!ReadDts(reader, room, &run)) return false;
    room += run.count;
    if (!ReadColumn(reader, room, run.count, &run.pts_minus_dts)) return false;
    room += run.count;
  }
  return true;
}

// The dts column starts with the second block: dts_base is that of the first.
bool ClusterIndex::ReadDts(ByteReader& reader, int64_t* out, TrackRun* run) {
  *out = 0;
  run->dts = {out, 0};
  if (run->count == 1) return true;
  if (!ReadColumn(reader, out + 1, run->count - 1, &run->dts)) return false;
  if (run->dts.mask == 0)
    run->dts_base = WrapSub(run->dts_base, run->dts[0]);  // so that it goes for the first block as well
  else
    run->dts.values = out;
  return true;
}

// Brings the tracks' columns into file order.
bool ClusterIndex::BuildBlocks() {
  struct Cursor {
    const TrackRun* run;
    size_t next;  // position in the run
    int64_t next_dts;
    uint64_t offset;  // of the next block's data
  };
  std::vector<Cursor> cursors;
  cursors.reserve(runs_.size());
  uint64_t offset = 0;
  for (const TrackRun& run : runs_) {
    cursors.push_back({&run, 0, run.dts_base, offset});
    for (size_t i = 0; i < run.count; ++i) {
      const int64_t size = run.size[i];
      if (size < 0 || size > kMaxBlockSize) return false;
      offset += static_cast<uint64_t>(size);
    }
    if (offset > UINT32_MAX) return false;
  }
  data_size_ = offset;
  blocks_.resize(order_.size());
  has_side_data_ = false;
  for (size_t i = 0; i < order_.size(); ++i) {
    const auto which = static_cast<uint64_t>(order_[i]);
    if (which >= cursors.size()) return false;
    Cursor& cursor = cursors[which];
    const TrackRun& run = *cursor.run;
    const size_t k = cursor.next++;
    if (k >= run.count) return false;
    const auto flags = static_cast<uint32_t>(run.flags[k]);
    const int64_t size = run.size[k];
    const int64_t duration = run.duration[k];
    const int64_t dts = WrapAdd(cursor.next_dts, run.dts[k]);
    const int64_t pts = WrapAdd(dts, run.pts_minus_dts[k]);
    cursor.next_dts = WrapAdd(dts, duration);
    BlockRecord& block = blocks_[i];
    block.pts = flags & kBlockNoPts ? kNoTime : pts;
    block.dts = flags & kBlockNoDts ? kNoTime : dts;
    block.duration = duration;
    block.ordinal = run.ordinal + k;
    block.offset = static_cast<uint32_t>(cursor.offset);
    block.size = static_cast<uint32_t>(size);
    block.track = run.track;
    block.flags = flags;
    block.side_data = 0;
    has_side_data_ |= (flags & kBlockHasSideData) != 0;
    cursor.offset += static_cast<uint64_t>(size);
  }
  return true;
}

bool ClusterIndex::ParseStripes(ByteReader& reader, uint32_t shift) {
  stripe_crcs_.clear();
  stripe_size_ = shift ? uint64_t{1} << shift : 0;
  if (shift == 0) return true;
  const uint64_t count = (data_size_ + stripe_size_ - 1) >> shift;
  const ByteSpan crcs = reader.Take(count * kCrcSize);
  if (reader.failed()) return false;
  stripe_crcs_.resize(static_cast<size_t>(count));
  if (count > 0) std::memcpy(stripe_crcs_.data(), crcs.data(), crcs.size());
  return true;
}

bool ClusterIndex::ParseSideData(ByteReader& reader) {
  side_data_.clear();
  side_data_lists_.clear();
  const uint64_t name_count = reader.Varint();
  if (reader.failed() || name_count > kMaxSideDataEntries) return false;
  std::vector<std::string_view> names;
  for (uint64_t i = 0; i < name_count; ++i) {
    const ByteSpan name = reader.Take(reader.Varint());
    if (reader.failed() || name.empty() || name.size() > kMaxSideDataName) return false;
    names.emplace_back(reinterpret_cast<const char*>(name.data()), name.size());
  }
  std::vector<uint32_t> last(runs_.size(), 0);  // list of the run's block before, + 1
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (!(blocks_[i].flags & kBlockHasSideData)) continue;
    uint32_t& previous = last[static_cast<size_t>(order_[i])];
    const uint64_t count = reader.Varint();
    if (count == 0) {
      if (reader.failed() || previous == 0) return false;
      blocks_[i].side_data = previous;
      continue;
    }
    if (count > kMaxSideDataEntries - side_data_.size()) return false;
    SideDataList list{side_data_.size(), static_cast<size_t>(count)};
    for (uint64_t k = 0; k < count; ++k) {
      const uint64_t name = reader.Varint();
      const ByteSpan data = reader.Take(reader.Varint());
      if (reader.failed() || name >= names.size()) return false;
      side_data_.push_back({names[static_cast<size_t>(name)], data});
    }
    side_data_lists_.push_back(list);
    previous = blocks_[i].side_data = static_cast<uint32_t>(side_data_lists_.size());
  }
  return true;
}

}  // namespace h4mk
