// SPDX-License-Identifier: MIT
#include "reader/seek_planner.h"

#include <algorithm>
#include <functional>

namespace h4mk {
namespace {

using At = TrackStart::At;

// Whether a block at `time` is a better answer: of equal times the last one backward, the first one
// forward.
bool IsBetter(const SeekRequest& request, int64_t time, const std::optional<SeekTarget>& best) {
  if (time == kNoTime) return false;
  if (request.mode == SeekMode::kBackward)
    return time <= request.time && (!best || time >= best->start.time);
  return time >= request.time && (!best || time < best->start.time);
}

}  // namespace

size_t TrackStart::PositionIn(uint32_t track, ClusterLoader& loaded) const {
  if (at == At::kBlock) return block;
  BlockRecord key;
  if (!loaded.FindKey(static_cast<int32_t>(track), time, at == At::kFirstKeyAt, &key)) return 0;
  const std::vector<BlockRecord>& blocks = loaded.index().blocks();
  size_t first = 0;
  while (blocks[first].track != key.track || blocks[first].ordinal != key.ordinal) ++first;
  return first;
}

bool TrackStart::FindBlock(uint32_t track, ClusterLoader& loaded, BlockRecord* found) const {
  const auto wanted = static_cast<int32_t>(track);
  // Side data and external data are known of all blocks or none.
  if (is_by_time() && loaded.FindKey(wanted, time, at == At::kFirstKeyAt, found) &&
      !(found->flags & (kBlockHasSideData | kBlockExternal)))
    return true;
  if (!loaded.Complete().ok()) return false;
  const std::vector<BlockRecord>& blocks = loaded.index().blocks();
  const size_t first = PositionIn(track, loaded);
  if (first >= blocks.size() || blocks[first].track != wanted) return false;
  *found = blocks[first];
  return true;
}

Status NoSuchKey(const ClusterRef& cluster) {
  return Corrupt(cluster.offset, "the index names a seek point that is not there");
}

Status SeekPlanner::FindTarget(const SeekRequest& request, bool trust_index,
                               std::optional<SeekTarget>* target) {
  if (request.any) return FindAny(request, target);
  const bool is_backward = request.mode == SeekMode::kBackward;
  Index::Found found;
  ClusterRef cluster;
  H4MK_TRY(file_.index().Find(request.track, request.time, is_backward, &found, &cluster));
  if (found == Index::Found::kNone) return {};
  if (found == Index::Found::kMany) return SearchCandidates(request, target);
  if (trust_index && cluster.has_one_time && !clusters_.current().Holds(cluster.offset)) {
    const At at = is_backward ? At::kLastKeyUntil : At::kFirstKeyAt;
    *target = {request.track, cluster, {at, cluster.offset, 0, cluster.time}};
    return {};
  }
  H4MK_TRY(SearchCluster(cluster, request, target));
  return *target ? Status() : NoSuchKey(cluster);
}

bool SeekPlanner::CanTrustIndex(const SeekRequest& request, const BlockFilter& filter) {
  if (request.any) return false;
  for (uint32_t other = 0; other < file_.tracks().size(); ++other)
    if (other != request.track && !filter.IsDiscarded(other) && file_.index().keys(other) == 0)
      return false;
  return true;
}

Status SeekPlanner::SearchCandidates(const SeekRequest& request,
                                     std::optional<SeekTarget>* target) {
  std::optional<ClusterRef> first;
  const auto search = [&](const ClusterRef& cluster) {
    if (!first) first = cluster;
    return SearchCluster(cluster, request, target);
  };
  H4MK_TRY(file_.index().ForCandidates(request.track, request.time,
                                       request.mode == SeekMode::kBackward, std::cref(search)));
  return first && !*target ? NoSuchKey(*first) : Status();
}

Status SeekPlanner::SearchCluster(const ClusterRef& cluster, const SeekRequest& request,
                                  std::optional<SeekTarget>* target) {
  const std::vector<BlockRecord>* blocks = nullptr;
  H4MK_TRY(clusters_.SearchAnywhere(cluster, &blocks));
  for (size_t i = 0; i < blocks->size(); ++i) {
    const BlockRecord& block = (*blocks)[i];
    if (block.track != static_cast<int32_t>(request.track) || !(request.any || block.is_key()))
      continue;
    if (IsBetter(request, block.time(), *target))
      *target = {request.track, cluster, {At::kBlock, cluster.offset, i, block.time()}};
  }
  return {};
}

// Where the track's clusters do not overlap, the answer is in the last span whose frames begin at
// the time or before, or between it and the next span with frames. Elsewhere all spans are
// searched.
Status SeekPlanner::FindAny(const SeekRequest& request, std::optional<SeekTarget>* target) {
  Index& index = file_.index();
  const auto [track, time, mode, any] = request;
  const bool is_in_order = !file_.totals(track).overlaps;
  const bool is_backward = mode == SeekMode::kBackward;
  SpanRef span;
  bool found = false;
  if (is_in_order) H4MK_TRY(index.SpanAtTime(track, time, &span, &found));
  if (!found) H4MK_TRY(index.FirstSpan(track, &span, &found));
  while (found) {
    int64_t first_time = 0;
    H4MK_TRY(index.FirstTime(track, span, &first_time));
    const bool can_hold =
        is_backward ? first_time <= time : !*target || first_time < (*target)->start.time;
    if (can_hold) H4MK_TRY(SearchCluster(span.cluster, request, target));
    const bool is_later = span.frames > 0 && first_time > time;
    if (is_in_order && (is_later || (!is_backward && *target))) break;
    H4MK_TRY(index.NextSpan(track, &span, &found));
  }
  return {};
}

SeekRoute SeekPlanner::DirectRoute(const SeekTarget& target) {
  const size_t tracks = file_.tracks().size();
  SeekRoute route{{target.cluster}, std::vector<TrackStart>(tracks), std::vector<size_t>(tracks)};
  route.starts[target.track] = target.start;
  return route;
}

Status SeekPlanner::FindRoute(const SeekTarget& target, const BlockFilter& filter,
                              SeekRoute* route) {
  *route = DirectRoute(target);
  std::vector<ClusterRef>& way = route->clusters;
  const std::vector<Track>& tracks = file_.tracks();
  for (uint32_t other = 0; other < tracks.size(); ++other) {
    if (other == target.track || filter.IsDiscarded(other)) continue;
    TrackStart& start = route->starts[other];
    if (file_.index().keys(other) == 0) {  // nowhere to begin: what follows the target
      if (!target.start.is_by_time())
        start = {At::kBlock, target.cluster.offset, target.start.block + 1, 0};
      continue;
    }
    ClusterRef first;
    const int64_t time =
        Rescale(target.start.time, tracks[target.track].time_base, tracks[other].time_base);
    H4MK_TRY(FindStart(other, time, &start, &first));
    if (start.at != At::kAnywhere && first < target.cluster)
      H4MK_TRY(file_.index().Between(
          first, target.cluster, file_.totals(other).all_key ? int64_t{other} : Index::kAllTracks,
          &way));
  }
  std::ranges::sort(way, std::ranges::greater(), &ClusterRef::offset);
  way.erase(std::unique(way.begin(), way.end()), way.end());
  return {};
}

// Where a track other than the one that was sought begins: at its last seek point not
// later than time.
Status SeekPlanner::FindStart(uint32_t track, int64_t time, TrackStart* start,
                              ClusterRef* cluster) {
  Index::Found found;
  H4MK_TRY(file_.index().Find(track, time, /*backward=*/true, &found, cluster));
  if (found == Index::Found::kOne) {
    *start = {At::kLastKeyUntil, cluster->offset, 0, time};
    return {};
  }
  std::optional<SeekTarget> target;
  if (found == Index::Found::kMany)
    H4MK_TRY(SearchCandidates({track, time, SeekMode::kBackward, /*any=*/false}, &target));
  if (target) {
    *cluster = target->cluster;
    *start = target->start;
    return {};
  }
  // All its seek points are later: it begins with its first block, which may be none of
  // them.
  bool any = false;
  H4MK_TRY(file_.totals(track).starts_with_key ? file_.index().FindFirst(track, cluster, &any)
                                               : file_.index().First(cluster, &any));
  if (any) *start = {At::kBlock, cluster->offset, 0, 0};
  return {};
}

}  // namespace h4mk
