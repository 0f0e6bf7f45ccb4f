// SPDX-License-Identifier: MIT
#include "reader/seek_cursor.h"

#include <utility>

namespace h4mk {

using At = TrackStart::At;

bool SeekCursor::OnRoute::IsWanted(uint64_t cluster, const BlockFilter& filter) const {
  for (size_t track = 0; track < route.starts.size(); ++track) {
    const TrackStart& start = route.starts[track];
    if (!filter.IsDiscarded(track) && (start.at == At::kAnywhere || start.cluster <= cluster))
      return true;
  }
  return false;
}

const SeekCursor::PendingTarget& SeekCursor::sought() const {
  const auto* pending = std::get_if<PendingTarget>(&state_);
  return pending != nullptr ? *pending : std::get<FoundTarget>(state_).sought;
}

void SeekCursor::SetFound(const BlockRecord& block) { state_ = FoundTarget{sought(), block}; }

const BlockRecord* SeekCursor::SetDelivered(uint64_t cluster, bool has_reported_damage) {
  const FoundTarget found = std::get<FoundTarget>(state_);
  state_ = DeliveredTarget{found.sought.target,
                           DeliveredBlock{found.block, cluster, has_reported_damage}};
  return &As<DeliveredTarget>()->delivered->block;
}

void SeekCursor::SetNotDelivered() { state_ = DeliveredTarget{sought().target, std::nullopt}; }

void SeekCursor::SetRoute(SeekRoute route) {
  const std::optional<DeliveredBlock> delivered = std::get<DeliveredTarget>(state_).delivered;
  state_ = OnRoute{std::move(route), delivered};
}

bool SeekCursor::Enter(ClusterLoader& cluster) {
  OnRoute* on_route = As<OnRoute>();
  if (on_route == nullptr) return false;
  auto& [clusters, starts, first_position] = on_route->route;
  bool any_start = false;
  for (uint32_t track = 0; track < starts.size(); ++track) {
    TrackStart& start = starts[track];
    first_position[track] = 0;
    if (start.at == At::kAnywhere) continue;
    any_start = true;
    if (cluster.offset() < start.cluster) {
      first_position[track] = cluster.index().blocks().size();
      continue;
    }
    if (cluster.offset() == start.cluster) first_position[track] = start.PositionIn(track, cluster);
    start.at = At::kAnywhere;
  }
  std::optional<DeliveredBlock>& delivered = on_route->delivered;
  const bool comes_by = delivered && delivered->cluster == cluster.offset();
  if (comes_by || !clusters.empty()) return comes_by && delivered->has_reported_damage;
  if (any_start)
    delivered.reset();
  else
    Reset();
  return false;
}

bool SeekCursor::Skips(const BlockRecord& block, size_t position, uint64_t cluster) const {
  const OnRoute* on_route = std::get_if<OnRoute>(&state_);
  if (on_route == nullptr) return false;
  const auto& [route, delivered] = *on_route;
  if (delivered && delivered->cluster == cluster && delivered->block.track == block.track &&
      delivered->block.ordinal == block.ordinal)
    return true;
  const auto track = static_cast<size_t>(block.track);
  return track < route.first_position.size() && position < route.first_position[track];
}

std::optional<uint64_t> SeekCursor::comes_again() const {
  const OnRoute* on_route = std::get_if<OnRoute>(&state_);
  if (on_route == nullptr || !on_route->delivered) return std::nullopt;
  return on_route->delivered->cluster;
}

}  // namespace h4mk
