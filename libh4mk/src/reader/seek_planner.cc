// SPDX-License-Identifier: MIT
#include "reader/seek_planner.h"

#include <algorithm>
#include <functional>
#include <set>

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

// Takes the block if it is a better answer.
void Offer(const ClusterRef& cluster, const std::vector<BlockRecord>& blocks, size_t position,
           const SeekRequest& request, std::optional<SeekTarget>* best) {
  const BlockRecord& block = blocks[position];
  if ((request.any || block.is_key()) && IsBetter(request, block.time(), *best))
    *best = {request.track, cluster, {At::kBlock, cluster.offset, position, block.time()}};
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
  if (found == Index::Found::kMany) {
    SeekSearch search{request, {}, {}};
    H4MK_TRY(SearchCandidates({&search, 1}));
    *target = search.best;
    return {};
  }
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

// Each cluster is loaded once for all searches, of which each has a track of its own: one search
// after the other would load it once for each track.
Status SeekPlanner::SearchCandidates(std::span<SeekSearch> searches) {
  std::set<ClusterRef> clusters;
  std::vector<SeekSearch*> by_track(file_.tracks().size());
  for (SeekSearch& search : searches) {
    const auto [track, time, mode, any] = search.request;
    by_track[track] = &search;
    const auto add = [&](const ClusterRef& cluster) -> Status {
      if (!search.candidate) search.candidate = cluster;
      clusters.insert(cluster);
      return {};
    };
    H4MK_TRY(file_.index().ForCandidates(track, time, mode == SeekMode::kBackward, std::cref(add)));
  }
  for (const ClusterRef& cluster : clusters) {
    const std::vector<BlockRecord>* blocks = nullptr;
    H4MK_TRY(clusters_.SearchAnywhere(cluster, &blocks));
    for (size_t i = 0; i < blocks->size(); ++i) {
      const int32_t track = (*blocks)[i].track;
      SeekSearch* search = track < 0 ? nullptr : by_track[static_cast<size_t>(track)];
      if (search != nullptr) Offer(cluster, *blocks, i, search->request, &search->best);
    }
  }
  for (const SeekSearch& search : searches)
    if (search.candidate && !search.best) return NoSuchKey(*search.candidate);
  return {};
}

Status SeekPlanner::SearchCluster(const ClusterRef& cluster, const SeekRequest& request,
                                  std::optional<SeekTarget>* target) {
  const std::vector<BlockRecord>* blocks = nullptr;
  H4MK_TRY(clusters_.SearchAnywhere(cluster, &blocks));
  for (size_t i = 0; i < blocks->size(); ++i)
    if ((*blocks)[i].track == static_cast<int32_t>(request.track))
      Offer(cluster, *blocks, i, request, target);
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
  std::vector<std::optional<ClusterRef>> begins(file_.tracks().size());
  H4MK_TRY(FindStarts(target, filter, route, &begins));
  std::optional<ClusterRef> first;  // from here on all clusters are read
  for (uint32_t track = 0; track < begins.size(); ++track) {
    const std::optional<ClusterRef>& begin = begins[track];
    if (!begin || !(*begin < target.cluster)) continue;
    if (file_.totals(track).all_key)
      H4MK_TRY(file_.index().Between(*begin, target.cluster, track, &route->clusters));
    else if (!first || *begin < *first)
      first = begin;
  }
  if (first)
    H4MK_TRY(file_.index().Between(*first, target.cluster, Index::kAllTracks, &route->clusters));
  std::vector<ClusterRef>& way = route->clusters;
  std::ranges::sort(way, std::ranges::greater(), &ClusterRef::offset);
  way.erase(std::unique(way.begin(), way.end()), way.end());
  return {};
}

// Where the tracks begin that were not sought: at their last seek point not later than the target.
Status SeekPlanner::FindStarts(const SeekTarget& target, const BlockFilter& filter,
                               SeekRoute* route, std::vector<std::optional<ClusterRef>>* begins) {
  const std::vector<Track>& tracks = file_.tracks();
  std::vector<SeekSearch> searches;  // for tracks of which the index does not know
  for (uint32_t other = 0; other < tracks.size(); ++other) {
    if (other == target.track || filter.IsDiscarded(other)) continue;
    TrackStart& start = route->starts[other];
    if (file_.index().keys(other) == 0) {  // nowhere to begin: what follows the target
      if (!target.start.is_by_time())
        start = {At::kBlock, target.cluster.offset, target.start.block + 1, 0};
      continue;
    }
    const int64_t time =
        Rescale(target.start.time, tracks[target.track].time_base, tracks[other].time_base);
    Index::Found found;
    ClusterRef cluster;
    H4MK_TRY(file_.index().Find(other, time, /*backward=*/true, &found, &cluster));
    if (found == Index::Found::kMany) {
      searches.push_back({{other, time, SeekMode::kBackward, /*any=*/false}, {}, {}});
    } else if (found == Index::Found::kOne) {
      start = {At::kLastKeyUntil, cluster.offset, 0, time};
      (*begins)[other] = cluster;
    } else {
      H4MK_TRY(FindFirstBlock(other, &start, &(*begins)[other]));
    }
  }
  H4MK_TRY(SearchCandidates(searches));
  for (const SeekSearch& search : searches) {
    const uint32_t other = search.request.track;
    if (search.best) {
      route->starts[other] = search.best->start;
      (*begins)[other] = search.best->cluster;
    } else {
      H4MK_TRY(FindFirstBlock(other, &route->starts[other], &(*begins)[other]));
    }
  }
  return {};
}

// All seek points of the track are later: it begins with its first block, which may be none of
// them.
Status SeekPlanner::FindFirstBlock(uint32_t track, TrackStart* start,
                                   std::optional<ClusterRef>* begin) {
  ClusterRef cluster;
  bool any = false;
  H4MK_TRY(file_.totals(track).starts_with_key ? file_.index().FindFirst(track, &cluster, &any)
                                               : file_.index().First(&cluster, &any));
  if (!any) return {};
  *begin = cluster;
  *start = {At::kBlock, cluster.offset, 0, 0};
  return {};
}

}  // namespace h4mk
