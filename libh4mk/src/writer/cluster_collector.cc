// SPDX-License-Identifier: MIT
#include "writer/cluster_collector.h"

#include <algorithm>

namespace h4mk {
namespace {

// Blocks wait until it is known which cluster they go into, but no more than these. What comes
// directly before a key frame is some 20 to 100 ms of sound.
constexpr size_t kMaxWaitingBlocks = 64;
constexpr size_t kMaxWaitingBytes = 64 << 10;
constexpr double kMaxWaitingSeconds = 0.25;

}  // namespace

void ClusterCollector::AddTrack(const Track& track) {
  tracks_.push_back(
      {.tick_seconds = static_cast<double>(track.time_base.num) / track.time_base.den});
  encoder_.AddTrack(track.id);
}

// A seek point starts a cluster, and what stands directly before it of tracks that need not be
// decoded from there goes along. So all tracks begin in that cluster, and a seek need not read the
// one before.
Status ClusterCollector::Add(const Block& block) {
  if (MayWait(block)) {
    if (!waiting_.empty() && Seconds(block) - Seconds(waiting_.front()) >= kMaxWaitingSeconds)
      H4MK_TRY(AppendWaiting());
    waiting_.push_back(block);
    AppendBytes(waiting_data_, block.data);
    return {};
  }
  const bool starts_cluster = IsSeekPoint(block) && !takes_keys_;
  if (starts_cluster) H4MK_TRY(CloseCluster());
  if (!waiting_.empty()) H4MK_TRY(AppendWaiting());
  H4MK_TRY(Append(block));
  if (starts_cluster) {
    takes_keys_ = true;
    encoder_.PutFirst(block.track);  // what a seek wants stands right behind the index
  }
  return {};
}

bool ClusterCollector::IsSeekPoint(const Block& block) const {
  return (block.flags & kBlockKey) && tracks_[block.track].has_other_blocks;
}

bool ClusterCollector::MayWait(const Block& block) const {
  return any_other_blocks_ && !tracks_[block.track].has_other_blocks && (block.flags & kBlockKey) &&
         block.side_data.empty() && waiting_.size() < kMaxWaitingBlocks &&
         waiting_data_.size() + block.data.size() <= kMaxWaitingBytes;
}

Status ClusterCollector::AppendWaiting() {
  size_t start = 0;
  for (Block& block : waiting_) {
    block.data = ByteSpan(waiting_data_).subspan(start, block.data.size());
    start += block.data.size();
    H4MK_TRY(Append(block));
  }
  waiting_.clear();
  waiting_data_.clear();
  return {};
}

uint64_t ClusterCollector::NextOrdinal(uint32_t track) const {
  uint64_t next = encoder_.NextOrdinal(track);
  for (const Block& block : waiting_)
    if (block.track == track) next = (block.ordinal != kNextOrdinal ? block.ordinal : next) + 1;
  return next;
}

// By what clusters are closed in time.
double ClusterCollector::Seconds(const Block& block) const {
  return static_cast<double>(block.dts != kNoTime ? block.dts : block.pts) *
         tracks_[block.track].tick_seconds;
}

Status ClusterCollector::Append(const Block& block) {
  if (MustCloseBefore(block)) H4MK_TRY(CloseCluster());
  if (block.ordinal != kNextOrdinal) H4MK_TRY(SkipMissing(block));
  if (encoder_.block_count() == 0) {
    H4MK_TRY(output_.BeginCluster());
    has_time_ = SeekTime(block.pts, block.dts) != kNoTime;
    start_ = Seconds(block);
  }
  if (!(block.flags & kBlockKey)) {
    takes_keys_ = false;
    tracks_[block.track].has_other_blocks = any_other_blocks_ = true;
  }
  page_.Add(block);
  encoder_.Add(block);
  return {};
}

// Only a new cluster can leave numbers out.
Status ClusterCollector::SkipMissing(const Block& block) {
  if (block.ordinal == encoder_.NextOrdinal(block.track)) return {};
  H4MK_TRY(CloseCluster());
  encoder_.SkipTo(block.track, block.ordinal);
  return {};
}

// Where blocks are stored in another order than shown, a cluster may grow by a quarter until one
// comes that is shown behind all before it: so the times of clusters do not overlap, and frames are
// found without reading all times.
bool ClusterCollector::MustCloseBefore(const Block& block) const {
  if (encoder_.block_count() == 0) return false;
  if (IsFull(block)) return true;
  const uint64_t size = encoder_.size() + block.data.size() + SideDataSize(block);
  const bool has_time = has_time_ && (block.dts != kNoTime || block.pts != kNoTime);
  const double span_ms = has_time ? (Seconds(block) - start_) * 1000 : 0;
  if (size <= size_limit_ && span_ms < time_limit_ms_) return false;
  return !WouldOverlap(block) || size > size_limit_ / 4 * uint64_t{5} ||
         span_ms >= time_limit_ms_ * 1.25;
}

// core.md, "Limits". An external block that is larger than its limit is alone.
bool ClusterCollector::IsFull(const Block& block) const {
  if (encoder_.block_count() == kMaxClusterBlocks || !encoder_.HasRoomFor(block) ||
      encoder_.side_data_count() + block.side_data.size() > kMaxSideDataEntries)
    return true;
  const uint64_t external = encoder_.external_size(block.track);
  return (block.flags & kBlockExternal) && external > 0 &&
         external + block.data.size() > kMaxExternalGroup;
}

// Whether blocks that are shown before some of this cluster may follow if the next one begins with
// this block.
bool ClusterCollector::WouldOverlap(const Block& block) const {
  return std::ranges::any_of(page_.reordered(), [&](uint32_t track) {
    return track != block.track || !page_.IsNewest(track, SeekTime(block.pts, block.dts));
  });
}

Status ClusterCollector::Close() {
  H4MK_TRY(AppendWaiting());
  return CloseCluster();
}

Status ClusterCollector::CloseCluster() {
  if (encoder_.block_count() == 0) return {};
  const ClusterEncoder::Encoded encoded = encoder_.Encode();
  H4MK_TRY(output_.WriteCluster(encoded));
  encoder_.Clear();
  takes_keys_ = false;
  return {};
}

void ClusterCollector::PassCluster(const ClusterIndex& index) {
  for (const BlockRecord& block : index.blocks()) {
    if (block.track < 0) continue;
    const auto track = static_cast<uint32_t>(block.track);
    if (!block.is_key()) tracks_[track].has_other_blocks = any_other_blocks_ = true;
    encoder_.SkipTo(track, block.ordinal + 1);
  }
}

}  // namespace h4mk
