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
  Track& track = tracks_[block.track];
  uint32_t flags = block.flags & kBlockPublicFlags;
  if (block.pts == kNoTime) flags |= kBlockNoPts;
  if (block.dts == kNoTime) flags |= kBlockNoDts;
  if (!block.side_data.empty()) flags |= kBlockHasSideData;

  // FORMAT.md, "Times": an unknown dts takes its predicted value, so that the column stays small.
  const bool first = track.size.empty();
  int64_t dts = block.dts;
  if (first) {
    if (dts == kNoTime) dts = block.pts != kNoTime ? block.pts : 0;
    track.dts_base = dts;
  } else {
    if (dts == kNoTime) dts = track.next_dts;
    track.dts.push_back(WrapSub(dts, track.next_dts));
  }
  track.next_dts = WrapAdd(dts, block.duration);
  track.flags.push_back(flags);
  track.size.push_back(static_cast<int64_t>(block.data.size()));
  track.duration.push_back(block.duration);
  track.pts_minus_dts.push_back(block.pts == kNoTime ? 0 : WrapSub(block.pts, dts));

  if (order_.empty()) first_type_ = flags & kBlockTypeMask;
  order_.push_back(block.track);
  AppendBytes(data_, block.data);
  if (!block.side_data.empty()) AddSideData(block);
}

// FORMAT.md, "Side data": the number of entries, or 0 for the same as the block of this track before.
void ClusterEncoder::AddSideData(const Block& block) {
  side_data_count_ += block.side_data.size();
  Bytes list;
  AppendVarint(list, block.side_data.size());
  for (const SideData& entry : block.side_data) {
    auto name = std::find(names_.begin(), names_.end(), entry.name);
    if (name == names_.end()) {
      name = names_.emplace(name, entry.name);
      names_size_ += entry.name.size();
    }
    AppendVarint(list, static_cast<uint64_t>(name - names_.begin()));
    AppendVarint(list, entry.data.size());
    AppendBytes(list, entry.data);
  }
  Bytes& last = last_side_data_[block.track];
  if (list == last) {
    side_data_.push_back(0);
  } else {
    AppendBytes(side_data_, list);
    last = std::move(list);
  }
}

ClusterEncoder::Encoded ClusterEncoder::Encode(uint32_t pts_ms) {
  index_.clear();
  EncodeIndex(index_);

  head_.clear();
  AppendLe(head_, kTagCore);
  AppendLe(head_, kCoreIsCluster | first_type_ << kCoreTypeShift | std::min(pts_ms, kCoreMaxPtsMs));
  const size_t payload_size =
      VarintSize(index_.size()) + index_.size() + kCrcSize + data_.size();
  AppendLe(head_, static_cast<uint32_t>(payload_size));
  AppendVarint(head_, index_.size());
  AppendBytes(head_, index_);
  AppendLe(head_, Crc32(0, ByteSpan(head_).subspan(kChunkHeaderSize)));

  Encoded encoded;
  encoded.crc = Crc32(0, head_);
  if (stripe_crcs_.empty()) {
    encoded.crc = Crc32(encoded.crc, data_);
  } else {
    size_t at = 0;
    const size_t stripe = size_t{1} << StripeShift(data_.size());
    for (uint32_t crc : stripe_crcs_) {
      const size_t size = std::min(stripe, data_.size() - at);
      encoded.crc = Crc32Combine(encoded.crc, crc, size);
      at += size;
    }
  }
  encoded.head = head_;
  encoded.data = data_;
  return encoded;
}

void ClusterEncoder::EncodeIndex(Bytes& index) {
  std::vector<uint32_t> used;
  for (uint32_t i = 0; i < tracks_.size(); ++i)
    if (!tracks_[i].size.empty()) used.push_back(i);

  AppendVarint(index, order_.size());
  AppendVarint(index, used.size());
  index.push_back(static_cast<uint8_t>(StripeShift(data_.size())));
  for (uint32_t i : used) {
    const Track& track = tracks_[i];
    AppendVarint(index, track.track_id);
    if (used.size() > 1) AppendVarint(index, track.size.size());
    AppendVarint(index, track.next_ordinal);
    AppendSigned(index, track.dts_base);
  }
  if (used.size() > 1) {
    for (int64_t& track : order_)
      track = std::lower_bound(used.begin(), used.end(), static_cast<uint32_t>(track)) -
              used.begin();
    AppendColumn(index, order_);
  }
  for (uint32_t i : used) {
    const Track& track = tracks_[i];
    AppendColumn(index, track.flags);
    AppendColumn(index, track.size);
    AppendColumn(index, track.duration);
    AppendColumn(index, track.dts);
    AppendColumn(index, track.pts_minus_dts);
  }
  AppendStripes(index);
  if (!side_data_.empty()) {
    AppendVarint(index, names_.size());
    for (const std::string& name : names_) {
      AppendVarint(index, name.size());
      AppendText(index, name);
    }
    AppendBytes(index, side_data_);
  }
}

void ClusterEncoder::AppendStripes(Bytes& index) {
  stripe_crcs_.clear();
  const uint32_t shift = StripeShift(data_.size());
  if (shift == 0) return;
  const size_t stripe = size_t{1} << shift;
  for (size_t at = 0; at < data_.size(); at += stripe) {
    const ByteSpan bytes = ByteSpan(data_).subspan(at, std::min(stripe, data_.size() - at));
    stripe_crcs_.push_back(Crc32(0, bytes));
    AppendLe(index, stripe_crcs_.back());
  }
}

void ClusterEncoder::Clear() {
  for (Track& track : tracks_) {
    track.next_ordinal += track.size.size();
    track.flags.clear();
    track.size.clear();
    track.duration.clear();
    track.dts.clear();
    track.pts_minus_dts.clear();
  }
  for (Bytes& last : last_side_data_) last.clear();
  order_.clear();
  data_.clear();
  names_.clear();
  names_size_ = 0;
  side_data_count_ = 0;
  side_data_.clear();
}

}  // namespace h4mk
