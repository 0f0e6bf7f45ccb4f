// SPDX-License-Identifier: MIT
#include "cluster/cluster_index.h"

#include <algorithm>

#include "base/crc32.h"
#include "chunk/chunk_format.h"
#include "cluster/cluster_format.h"
#include "cluster/column.h"

namespace h4mk {
namespace {

// The columns of a track, in their order. That of the dts has no value for the first block.
enum : size_t { kFlags, kSize, kDuration, kDts, kPtsMinusDts, kColumns };
constexpr uint64_t kMaxClusterTracks = 4096;

// The column of flags, which are 32 bits (core.md, "Block flags").
bool ReadFlags(ByteReader& reader, size_t count, std::span<int64_t> values, Column* flags) {
  if (!ReadColumn(reader, count, values, flags)) return false;
  auto all = static_cast<uint64_t>((*flags)[0]);
  if (flags->mask != 0)
    for (const int64_t value : values) all |= static_cast<uint64_t>(value);
  return all <= UINT32_MAX;
}

}  // namespace

// Goes through the blocks of one track.
struct ClusterIndex::Cursor {
  explicit Cursor(const TrackRun& of) : Cursor(of, of.count) {}
  Cursor(const TrackRun& of, size_t first_blocks)
      : run(&of), count(first_blocks), next_dts(of.dts_before), offset(of.offset) {}

  // False at the end.
  bool Next(BlockRecord* block) {
    const size_t i = next++;
    if (i >= count) return false;
    const auto flags = static_cast<uint32_t>(run->flags[i]);
    const int64_t duration = run->duration[i];
    const int64_t dts = WrapAdd(next_dts, run->dts[i]);
    const int64_t pts = WrapAdd(dts, run->pts_minus_dts[i]);
    block->pts = flags & kBlockNoPts ? kNoTime : pts;
    block->dts = flags & kBlockNoDts ? kNoTime : dts;
    block->duration = duration;
    block->ordinal = run->ordinal + i;
    block->offset = static_cast<uint32_t>(offset);
    block->size = static_cast<uint32_t>(run->size[i]);
    block->track = run->track;
    block->flags = flags;
    block->side_data = 0;
    block->external = 0;
    next_dts = WrapAdd(dts, duration);
    offset += block->stored_size();
    return true;
  }

  const TrackRun* run;
  size_t count;
  size_t next = 0;
  int64_t next_dts;
  uint64_t offset;
};

Status ClusterIndex::Parse(ByteSpan front, uint64_t offset, uint64_t payload_size,
                           const TrackIds& tracks, size_t* needed) {
  H4MK_TRY(ParseFront(front, offset, payload_size, tracks, needed));
  ByteReader reader = columns_at_;
  if (!ReadRuns(reader, &data_size_) || !ParseStripes(reader)) return Contradiction();
  return Build();
}

Status ClusterIndex::ParseOutline(ByteSpan front, uint64_t offset, uint64_t payload_size,
                                  const TrackIds& tracks, size_t* needed) {
  H4MK_TRY(ParseFront(front, offset, payload_size, tracks, needed));
  ByteReader reader = columns_at_;
  if (payload_size < data_start_ || !SkipRuns(reader)) return Contradiction();
  data_size_ = payload_size - data_start_;
  return ParseStripes(reader) ? Status() : Contradiction();
}

Status ClusterIndex::Complete() {
  if (complete_) return {};
  ByteReader reader = columns_at_;
  uint64_t data_size = 0;
  if (!ReadRuns(reader, &data_size)) return Contradiction();
  if (data_size != data_size_)
    return Corrupt(offset_, "data of a cluster is " + std::to_string(data_size_) +
                                " bytes, but its index says " + std::to_string(data_size));
  return Build();
}

Status ClusterIndex::Contradiction() const {
  return Corrupt(offset_, "cluster index contradicts itself");
}

// Up to the columns.
Status ClusterIndex::ParseFront(ByteSpan front, uint64_t offset, uint64_t payload_size,
                                const TrackIds& tracks, size_t* needed) {
  offset_ = offset;
  payload_size_ = payload_size;
  complete_ = false;
  blocks_.clear();
  runs_.clear();  // they refer to the index before
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
  if (check_crc_ && Crc32(salt_, covered) != stored)
    return Corrupt(offset, "cluster index does not match its CRC");

  const ByteSpan index = covered.subspan(before);
  index_.assign(index.begin(), index.end());
  ByteReader reader{ByteSpan(index_)};
  if (!ParseHeader(reader, tracks)) return Contradiction();
  columns_at_ = reader;
  return {};
}

// Makes the blocks from what was read. On an error, or where memory runs out, there are none: a
// block without its side data would be handed out as if it had none.
Status ClusterIndex::Build() {
  struct Guard {
    ClusterIndex& index;
    ~Guard() {
      if (!index.complete_) index.blocks_.clear();
    }
  } const guard{*this};
  ByteReader order = order_at_;
  order_.assign(block_count_, 0);
  if ((runs_.size() > 1 && !ReadColumn(order, order_)) || !BuildBlocks()) return Contradiction();
  ByteReader reader = rest_at_;
  if (has_external_ && !ParseExternal(reader)) return Contradiction();
  if (has_side_data_ && !ParseSideData(reader))
    return Corrupt(offset_, "side data of a cluster is damaged");
  complete_ = true;
  return {};
}

bool ClusterIndex::FindKey(int32_t track, int64_t time, bool first_of_time, BlockRecord* key) {
  const auto run = std::ranges::find(runs_, track, &TrackRun::track);
  if (run == runs_.end() || (has_external_ && !complete_)) return false;
  size_t count = run->count;
  if (!complete_ && (!ReadUntilKey(*run, &count) || !FindDataOf(*run, count))) return false;
  bool found = false;
  Cursor cursor(*run, count);
  for (BlockRecord block; cursor.Next(&block);) {
    if (!block.is_key() || block.time() == kNoTime || block.time() > time) continue;
    if (found && (block.time() < key->time() || (first_of_time && block.time() == key->time())))
      continue;
    found = true;
    *key = block;
  }
  return found && (has_external_ || !(key->flags & kBlockExternal));
}

bool ClusterIndex::ParseHeader(ByteReader& reader, const TrackIds& tracks) {
  const uint64_t block_count = reader.Varint();
  const uint64_t track_count = reader.Varint();
  const uint32_t form = reader.Le<uint8_t>();
  stripe_shift_ = form & kFormStripeShift;
  has_external_ = form & kFormExternal;
  if (form & ~(kFormStripeShift | kFormExternal)) return false;
  if (reader.failed() || block_count == 0 ||
      block_count > std::min<uint64_t>(kMaxClusterBlocks, payload_size_) || track_count == 0 ||
      track_count > block_count || track_count > kMaxClusterTracks)
    return false;
  if (stripe_shift_ != 0 && (stripe_shift_ < kMinStripeShift || stripe_shift_ > kMaxStripeShift))
    return false;
  has_unknown_track_ = false;
  std::vector<uint64_t> seen;
  if (track_count > 1) seen.reserve(static_cast<size_t>(track_count));
  uint64_t total = 0;
  for (uint64_t i = 0; i < track_count; ++i) {
    TrackRun run;
    const uint64_t track_id = reader.Varint();
    if (track_count > 1) seen.push_back(track_id);
    run.track = tracks.Find(track_id);
    has_unknown_track_ |= run.track < 0;
    const uint64_t count = track_count > 1 ? reader.Varint() : block_count;
    if (reader.failed() || count == 0 || count > block_count - total) return false;
    run.count = static_cast<size_t>(count);
    total += count;
    run.ordinal = reader.Varint();
    if (run.ordinal > INT64_MAX - count) return false;
    run.dts_base = reader.Signed();
    runs_.push_back(run);
  }
  std::ranges::sort(seen);
  if (reader.failed() || total != block_count || std::ranges::adjacent_find(seen) != seen.end())
    return false;
  block_count_ = static_cast<size_t>(block_count);
  order_at_ = reader;
  return track_count == 1 || SkipColumn(reader, block_count_);
}

bool ClusterIndex::SkipRuns(ByteReader& reader) {
  for (TrackRun& run : runs_) {
    run.columns = reader;
    for (size_t column = 0; column < kColumns; ++column)
      SkipColumn(reader, column == kDts ? run.count - 1 : run.count);
  }
  return !reader.failed();
}

bool ClusterIndex::ReadRuns(ByteReader& reader, uint64_t* data_size) {
  *data_size = 0;
  values_.resize(block_count_ * kColumns);
  int64_t* room = values_.data();
  for (TrackRun& run : runs_) {
    run.offset = *data_size;
    if (!ReadRun(reader, run, run.count, room) ||
        !(has_external_ ? AddStoredSizes(run, data_size) : AddSizes(run, run.count, data_size)))
      return false;
    room += run.count * kColumns;
  }
  return true;
}

// Reads the columns of a track, of each as many values as are wanted. REQUIRES: wanted > 0.
bool ClusterIndex::ReadRun(ByteReader& reader, TrackRun& run, size_t wanted, int64_t* room) {
  const auto column = [&](size_t number) { return std::span(room + number * run.count, wanted); };
  if (!ReadFlags(reader, run.count, column(kFlags), &run.flags) ||
      !ReadColumn(reader, run.count, column(kSize), &run.size) ||
      !ReadColumn(reader, run.count, column(kDuration), &run.duration))
    return false;
  // The dts column starts with the second block: dts_base is that of the first.
  const std::span<int64_t> dts = column(kDts);
  dts[0] = 0;
  run.dts = {dts.data(), SIZE_MAX};
  run.dts_before = run.dts_base;
  if (wanted == 1) {
    SkipColumn(reader, run.count - 1);
  } else {
    Column rest;
    if (!ReadColumn(reader, run.count - 1, dts.subspan(1), &rest)) return false;
    if (rest.mask == 0) {
      run.dts = rest;
      run.dts_before =
          WrapSub(run.dts_base, rest[0]);  // so that it goes for the first block as well
    }
  }
  return ReadColumn(reader, run.count, column(kPtsMinusDts), &run.pts_minus_dts);
}

// The sizes of a track's first blocks. False where they cannot be.
bool ClusterIndex::AddSizes(const TrackRun& run, size_t count, uint64_t* sum) {
  for (size_t i = 0; i < count; ++i) {
    const int64_t size = run.size[i];
    if (size < 0 || size > kMaxBlockSize) return false;
    *sum += static_cast<uint64_t>(size);
  }
  return *sum <= UINT32_MAX;
}

// The same where some are not in the cluster, of all blocks of a track.
bool ClusterIndex::AddStoredSizes(const TrackRun& run, uint64_t* sum) {
  for (size_t i = 0; i < run.count; ++i) {
    const int64_t size = run.size[i];
    if (size < 0 || size > kMaxBlockSize) return false;
    if (!(run.flags[i] & kBlockExternal)) *sum += static_cast<uint64_t>(size);
  }
  return *sum <= UINT32_MAX;
}

// Of an outline: the blocks of a track up to its last seek point, which often is the first
// block. *count is how many.
bool ClusterIndex::ReadUntilKey(TrackRun& run, size_t* count) {
  ByteReader reader = run.columns;
  values_.resize(block_count_ * kColumns);
  if (!ReadFlags(reader, run.count, std::span(values_).first(run.count), &run.flags)) return false;
  size_t last = run.count;
  while (last > 0 && !(run.flags[last - 1] & kBlockKey)) --last;
  *count = last;
  reader = run.columns;
  return last > 0 && ReadRun(reader, run, last, values_.data());
}

// Of an outline: where the data of a track is, of which count blocks were read. False where that
// cannot be.
bool ClusterIndex::FindDataOf(TrackRun& run, size_t count) {
  run.offset = 0;
  for (const TrackRun* before = runs_.data(); before < &run; ++before) {
    TrackRun sizes = *before;
    ByteReader reader = before->columns;
    SkipColumn(reader, before->count);
    if (!ReadColumn(reader, before->count, std::span(values_).last(before->count), &sizes.size) ||
        !AddSizes(sizes, before->count, &run.offset))
      return false;
  }
  uint64_t end = run.offset;
  return AddSizes(run, count, &end) && end <= data_size_;
}

// Brings the tracks' blocks into file order.
bool ClusterIndex::BuildBlocks() {
  std::vector<Cursor> cursors(runs_.begin(), runs_.end());
  blocks_.resize(block_count_);
  uint32_t flags = 0;  // of all
  for (size_t i = 0; i < block_count_; ++i) {
    const auto which = static_cast<uint64_t>(order_[i]);
    if (which >= cursors.size() || !cursors[which].Next(&blocks_[i])) return false;
    flags |= blocks_[i].flags;
  }
  has_side_data_ = flags & kBlockHasSideData;
  return has_external_ || !(flags & kBlockExternal);
}

// Behind the columns; external data and side data follow.
bool ClusterIndex::ParseStripes(ByteReader reader) {
  stripe_crcs_.clear();
  stripe_size_ = stripe_shift_ ? uint64_t{1} << stripe_shift_ : 0;
  if (stripe_size_ != 0) {
    const uint64_t count = (data_size_ + stripe_size_ - 1) >> stripe_shift_;
    const ByteSpan crcs = reader.Take(count * kCrcSize);
    if (reader.failed()) return false;
    stripe_crcs_.resize(static_cast<size_t>(count));
    for (size_t i = 0; i < stripe_crcs_.size(); ++i)
      stripe_crcs_[i] = LoadLe<uint32_t>(crcs.data() + i * sizeof(uint32_t));
  }
  rest_at_ = reader;
  return true;
}

// Goes through the external blocks of one track.
struct ClusterIndex::ExternalCursor {
  uint32_t group = 0;  // in groups_
  size_t next = 0;
  bool in_cluster = false;  // what jumps count from
  uint64_t end = 0;         // of the block before
  std::vector<int64_t> jumps;
};

// core.md, "External data". Where a block is may follow from a block of another track before it.
bool ClusterIndex::ParseExternal(ByteReader& reader) {
  groups_.clear();
  ranges_.clear();
  std::vector<ExternalCursor> cursors(runs_.size());
  if (!ReadGroups(reader, &cursors)) return false;
  uint64_t end = 0;  // of the block before, of any track
  for (size_t i = 0; i < blocks_.size(); ++i) {
    BlockRecord& block = blocks_[i];
    if (!(block.flags & kBlockExternal)) continue;
    if (block.flags & (kBlockEncrypted | kBlockCompressed)) return false;
    ExternalCursor& cursor = cursors[static_cast<size_t>(order_[i])];
    ExternalGroup& group = groups_[cursor.group];
    const size_t position = group.first + cursor.next;
    ExternalRange& range = ranges_[position];
    if (cursor.next > 0) {
      const uint64_t from = cursor.in_cluster ? end : cursor.end;
      range.offset = from + static_cast<uint64_t>(cursor.jumps[cursor.next - 1]);
    }
    range.start = group.size;
    range.size = block.size;
    range.group = cursor.group;
    if (range.offset > kMaxExternalEnd - block.size) return false;
    group.size += block.size;
    if (group.size > kMaxExternalGroup && group.count > 1) return false;
    ++cursor.next;
    cursor.end = end = range.end();
    block.external = static_cast<uint32_t>(position + 1);
  }
  return true;
}

// What stands there for each track; of the ranges only the first of each group has its place then.
bool ClusterIndex::ReadGroups(ByteReader& reader, std::vector<ExternalCursor>* cursors) {
  for (size_t i = 0; i < runs_.size(); ++i) {
    const TrackRun& run = runs_[i];
    ExternalGroup group;
    group.first = ranges_.size();
    for (size_t k = 0; k < run.count; ++k) group.count += (run.flags[k] & kBlockExternal) != 0;
    if (group.count == 0) continue;
    const ByteSpan hash = reader.Take(group.hash.size());
    const auto from = reader.Le<uint8_t>();
    ExternalCursor& cursor = (*cursors)[i];
    cursor.group = static_cast<uint32_t>(groups_.size());
    cursor.in_cluster = from == kJumpInCluster;
    ranges_.resize(group.first + group.count);
    ranges_[group.first].offset = reader.Varint();
    cursor.jumps.resize(group.count - 1);
    if (reader.failed() || (from != kJumpInTrack && from != kJumpInCluster) ||
        !ReadColumn(reader, cursor.jumps))
      return false;
    std::copy(hash.begin(), hash.end(), group.hash.begin());
    groups_.push_back(group);
  }
  return true;
}

bool ClusterIndex::ParseSideData(ByteReader reader) {
  side_data_.clear();
  side_data_lists_.clear();
  const uint64_t name_count = reader.Varint();
  if (reader.failed() || name_count > kMaxSideDataEntries) return false;
  std::vector<std::string_view> names;
  for (uint64_t i = 0; i < name_count; ++i) {
    const ByteSpan name = reader.Take(reader.Varint());
    if (reader.failed() || name.empty() || name.size() > kMaxSideDataName) return false;
    names.push_back(AsText(name));
  }
  std::vector<uint32_t> last(runs_.size(), 0);  // list of the run's block before, + 1
  uint64_t repeated = 0;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (!(blocks_[i].flags & kBlockHasSideData)) continue;
    uint32_t& previous = last[static_cast<size_t>(order_[i])];
    const uint64_t count = reader.Varint();
    if (count == 0) {
      if (reader.failed() || previous == 0) return false;
      repeated += side_data_lists_[previous - 1].bytes;
      if (repeated / kMaxRepeatedSideData > payload_size_) return false;
      blocks_[i].side_data = previous;
      continue;
    }
    if (count > kMaxSideDataEntries - side_data_.size()) return false;
    SideDataList list{side_data_.size(), static_cast<size_t>(count), 0};
    for (uint64_t k = 0; k < count; ++k) {
      const uint64_t name = reader.Varint();
      const ByteSpan data = reader.Take(reader.Varint());
      if (reader.failed() || name >= names.size()) return false;
      side_data_.push_back({names[static_cast<size_t>(name)], data});
      list.bytes += std::max<uint64_t>(data.size(), 1);
    }
    side_data_lists_.push_back(list);
    previous = blocks_[i].side_data = static_cast<uint32_t>(side_data_lists_.size());
  }
  return true;
}

}  // namespace h4mk
