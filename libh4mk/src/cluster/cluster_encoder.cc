// SPDX-License-Identifier: MIT
#include "cluster/cluster_encoder.h"

#include <algorithm>

#include "base/crc32.h"
#include "chunk/chunk_format.h"
#include "cluster/cluster_format.h"
#include "cluster/column.h"

namespace h4mk {

void ClusterEncoder::AddTrack(uint32_t track_id) {
  Track& track = tracks_.emplace_back();
  track.track_id = track_id;
  last_side_data_.emplace_back();
}

void ClusterEncoder::Add(const Block& block) {
  AddToIndex(block);
  if (block.flags & kBlockExternal) {
    AddExternal(block, block.data.size());
    tracks_[block.track].external->hashing.Add(block.data);
    return;
  }
  AppendBytes(tracks_[block.track].data, block.data);
  data_size_ += block.data.size();
}

void ClusterEncoder::AddExternalToIndex(const Block& block, uint32_t size) {
  AddToIndex(block, size);
  AddExternal(block, size);
}

// core.md, "External data": where the block is, as both forms of the column `jump` say it.
void ClusterEncoder::AddExternal(const Block& block, size_t size) {
  std::unique_ptr<External>& external = tracks_[block.track].external;
  const auto jump_from = [&](uint64_t end) {
    return WrapSub(static_cast<int64_t>(block.external_offset), static_cast<int64_t>(end));
  };
  if (!external) {
    external = std::make_unique<External>();
    external->first = block.external_offset;
  } else {
    external->jumps_in_track.push_back(jump_from(external->end));
    external->jumps_in_cluster.push_back(jump_from(external_end_));
  }
  external_end_ = external->end = block.external_offset + size;
  external->size += size;
  external_size_ += size;
  has_external_ = true;
}

void ClusterEncoder::AddToIndex(const Block& block, size_t size) {
  Track& track = tracks_[block.track];
  const uint32_t flags = StoredFlags(block);

  // core.md, "Times": an unknown dts takes its predicted value, so that the column stays small.
  if (track.blocks.empty()) {
    track.place = used_.size();
    used_.push_back(block.track);
    track.dts_base = block.dts != kNoTime ? block.dts : block.pts != kNoTime ? block.pts : 0;
    track.next_dts = track.dts_base;
  }
  const int64_t dts = block.dts != kNoTime ? block.dts : track.next_dts;
  track.blocks.push_back({flags, static_cast<int64_t>(size), block.duration,
                          WrapSub(dts, track.next_dts),
                          block.pts == kNoTime ? 0 : WrapSub(block.pts, dts)});
  track.next_dts = WrapAdd(dts, block.duration);

  order_.push_back(static_cast<int64_t>(track.place));
  if (!block.side_data.empty()) AddSideData(block);
}

void ClusterEncoder::PutFirst(uint32_t track) {
  seeks_lead_here_ = true;
  const auto place = static_cast<int64_t>(tracks_[track].place);
  std::rotate(used_.begin(), used_.begin() + place, used_.begin() + place + 1);
  for (size_t i = 0; i < used_.size(); ++i) tracks_[used_[i]].place = i;
  for (int64_t& of_block : order_) {
    if (of_block == place)
      of_block = 0;
    else if (of_block < place)
      ++of_block;
  }
}

// core.md, "Side data": the number of entries, or 0 for the same as the block of this track before.
void ClusterEncoder::AddSideData(const Block& block) {
  side_data_count_ += block.side_data.size();
  Bytes list;
  uint64_t bytes = 0;
  AppendVarint(list, block.side_data.size());
  for (const SideData& entry : block.side_data) {
    auto name = name_positions_.find(entry.name);
    if (name == name_positions_.end()) {
      name = name_positions_.emplace(entry.name, names_.size()).first;
      names_.emplace_back(entry.name);
      names_size_ += entry.name.size();
    }
    AppendVarint(list, name->second);
    AppendVarint(list, entry.data.size());
    AppendBytes(list, entry.data);
    bytes += std::max<size_t>(entry.data.size(), 1);
  }
  Bytes& last = last_side_data_[block.track];
  if (list == last &&
      repeated_side_data_ + bytes <= kMaxRepeatedSideData * (data_size_ + side_data_.size())) {
    repeated_side_data_ += bytes;
    side_data_.push_back(0);
  } else {
    AppendBytes(side_data_, list);
    last = std::move(list);
  }
}

ClusterEncoder::Encoded ClusterEncoder::Encode() {
  index_.clear();
  EncodeIndex(index_);

  head_.clear();
  AppendLe(head_, kTagCore);
  AppendLe(head_, kCoreIsCluster);
  const size_t payload_size = VarintSize(index_.size()) + index_.size() + kCrcSize + data_size_;
  AppendLe(head_, static_cast<uint32_t>(payload_size));
  AppendVarint(head_, index_.size());
  AppendBytes(head_, index_);
  AppendLe(head_, Crc32(salt_, ByteSpan(head_).subspan(kChunkHeaderSize)));

  Encoded encoded;
  encoded.head = head_;
  for (uint32_t track : used_) encoded.data.emplace_back(tracks_[track].data);
  encoded.crc = ChunkCrc(encoded);
  return encoded;
}

// From the CRCs of the stripes where there are some: no second pass over the data.
uint32_t ClusterEncoder::ChunkCrc(const Encoded& encoded) const {
  uint32_t crc = Crc32(salt_, encoded.head);
  if (stripe_crcs_.empty()) {
    for (ByteSpan data : encoded.data) crc = Crc32(crc, data);
    return crc;
  }
  const size_t stripe = size_t{1} << stripe_shift();
  size_t left = data_size_;
  for (uint32_t stripe_crc : stripe_crcs_) {
    const size_t size = std::min(stripe, left);
    crc = Crc32Combine(crc ^ salt_, stripe_crc,
                       size);  // the stripe's CRC starts from the salt, not from 0
    left -= size;
  }
  return crc;
}

uint32_t ClusterEncoder::stripe_shift() const { return StripeShift(data_size_, seeks_lead_here_); }

void ClusterEncoder::EncodeIndex(Bytes& index) {
  AppendVarint(index, order_.size());
  AppendVarint(index, used_.size());
  index.push_back(static_cast<uint8_t>(stripe_shift() | (has_external_ ? kFormExternal : 0)));
  for (uint32_t i : used_) {
    const Track& track = tracks_[i];
    AppendVarint(index, track.track_id);
    if (used_.size() > 1) AppendVarint(index, track.blocks.size());
    AppendVarint(index, track.next_ordinal);
    AppendSigned(index, track.dts_base);
  }
  if (used_.size() > 1) AppendColumn(index, order_);
  for (uint32_t i : used_) {
    const std::span<const Columns> blocks = tracks_[i].blocks;
    AppendColumnOf(index, blocks, &Columns::flags);
    AppendColumnOf(index, blocks, &Columns::size);
    AppendColumnOf(index, blocks, &Columns::duration);
    AppendColumnOf(index, blocks.subspan(1), &Columns::dts);  // that of the first is dts_base
    AppendColumnOf(index, blocks, &Columns::pts_minus_dts);
  }
  AppendStripes(index);
  if (has_external_) AppendExternal(index);
  if (!side_data_.empty()) {
    AppendVarint(index, names_.size());
    for (const std::string& name : names_) {
      AppendVarint(index, name.size());
      AppendText(index, name);
    }
    AppendBytes(index, side_data_);
  }
  // core.md, "Cluster": not more blocks than the payload has bytes. The unused end of the index
  // makes up for data that is not here.
  if (has_external_ && index.size() + data_size_ < order_.size())
    index.resize(order_.size() - data_size_);
}

void ClusterEncoder::AppendExternal(Bytes& index) {
  Bytes in_track, in_cluster;
  for (uint32_t i : used_) {
    External* external = tracks_[i].external.get();
    if (external == nullptr) continue;
    if (!external->hash) external->hash = external->hashing.Finish();
    in_track.clear();
    in_cluster.clear();
    AppendColumn(in_track, external->jumps_in_track);
    AppendColumn(in_cluster, external->jumps_in_cluster);
    const bool is_in_track = in_track.size() <= in_cluster.size();
    AppendBytes(index, *external->hash);
    index.push_back(is_in_track ? kJumpInTrack : kJumpInCluster);
    AppendVarint(index, external->first);
    AppendBytes(index, is_in_track ? in_track : in_cluster);
  }
}

void ClusterEncoder::AppendColumnOf(Bytes& index, std::span<const Columns> blocks,
                                    int64_t Columns::*column) {
  column_.resize(blocks.size());
  for (size_t i = 0; i < blocks.size(); ++i) column_[i] = blocks[i].*column;
  AppendColumn(index, column_);
}

void ClusterEncoder::AppendStripes(Bytes& index) {
  stripe_crcs_.clear();
  const uint32_t shift = stripe_shift();
  if (shift == 0) return;
  const size_t stripe = size_t{1} << shift;
  uint32_t crc = salt_;
  size_t left = stripe;  // of the stripe that is being filled; stripes do not care for tracks
  for (uint32_t track : used_) {
    for (ByteSpan data = tracks_[track].data; !data.empty();) {
      const ByteSpan part = data.first(std::min(left, data.size()));
      crc = Crc32(crc, part);
      data = data.subspan(part.size());
      left -= part.size();
      if (left > 0) continue;
      stripe_crcs_.push_back(crc);
      crc = salt_;
      left = stripe;
    }
  }
  if (left < stripe) stripe_crcs_.push_back(crc);
  for (uint32_t stripe_crc : stripe_crcs_) AppendLe(index, stripe_crc);
}

void ClusterEncoder::Clear() {
  for (uint32_t i : used_) {
    Track& track = tracks_[i];
    track.next_ordinal += track.blocks.size();
    track.data.clear();
    track.blocks.clear();
    track.external.reset();
    last_side_data_[i].clear();
  }
  used_.clear();
  order_.clear();
  data_size_ = 0;
  external_size_ = external_end_ = 0;
  has_external_ = false;
  seeks_lead_here_ = false;
  names_.clear();
  name_positions_.clear();
  names_size_ = 0;
  side_data_count_ = 0;
  repeated_side_data_ = 0;
  side_data_.clear();
}

}  // namespace h4mk
