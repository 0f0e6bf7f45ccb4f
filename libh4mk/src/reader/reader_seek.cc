// SPDX-License-Identifier: MIT
// Seeking: the block that is asked for, where the other tracks land, and the way there (core.md,
// "Seeking").
#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "base/crc32.h"
#include "reader/reader.h"

namespace h4mk {
namespace {

// Of what stands where a walk has stopped at least so much is looked at to see whether it has
// changed, and at most so much of a chunk that began there but could not be used: larger ones are
// walked to each time.
constexpr size_t kLeastLookedAt = 4 << 10;
constexpr size_t kMostLookedAt = 1 << 20;

// How many bytes from here on decide whether the chunk that begins here can be used.
uint64_t DecisiveBytes(ByteSpan front) {
  if (front.size() < kChunkHeaderSize) return 0;
  const ChunkHeader header = ParseChunkHeader(front.data());
  if (!IsPlausibleTag(header.tag)) return 0;
  if (!header.is_cluster()) return header.size();
  ByteReader reader(front.subspan(kChunkHeaderSize));
  return std::min<uint64_t>(reader.Varint(), header.length) + reader.position() + kChunkHeaderSize +
         kCrcSize;
}

}  // namespace

Status Reader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  const Request request{track, time, mode, any};
  bool may_believe = true;
  const auto seek = [&] { return SeekIndexed(request, std::exchange(may_believe, false)); };
  return WithIndex(std::cref(seek));  // a copy would take memory
}

// The target's cluster was not looked at when the seek was asked for. Now it cannot be read, or
// shows that the index was wrong: the seek is done again with one that is right.
Status Reader::SeekAgain(Status status) {
  const Request request = *unchecked_;
  unchecked_.reset();
  Warn(status.message() + "; the index is made again");
  H4MK_TRY(RebuildIndex(/*opening=*/false));
  if (const Status again = SeekIndexed(request, /*may_believe=*/false); !again.ok()) return status;
  return {};
}

Status Reader::Rewind() {
  current_->Reset();
  external_.Restart();
  position_ = first_cluster_;
  has_header_ = false;
  route_.clear();
  filtering_ = false;
  saw_tail_ = false;
  unchecked_.reset();
  unplanned_.reset();
  target_.reset();
  lead_.reset();
  led_.reset();
  return {};
}

// Takes in what was written to the end of a file without one since it was looked at last: appended,
// or where the walk over its chunks came to, if it has its size from the beginning (a download).
// What cannot be read there, megabytes of zeros after a power loss for instance, is not gone
// through at each lookup.
Status Reader::RefreshIndex() {
  const int64_t size = source_.Size();
  if (size < 0 || static_cast<uint64_t>(size) < walked_until_ + kChunkOverhead) return {};
  WalkedEnd end{size, walked_until_, 0};
  bool known = false;
  H4MK_TRY(LookAtEnd(&end, &known));
  if (known && end == walked_end_) return {};
  H4MK_TRY(WalkClusters(/*opening=*/false));
  walked_end_ = known ? end : WalkedEnd();
  return {};
}

// *known: what was looked at is all that decides whether the walk goes on.
Status Reader::LookAtEnd(WalkedEnd* end, bool* known) {
  source_.Forget();
  const uint64_t left = static_cast<uint64_t>(end->size) - end->until;
  Bytes bytes;
  for (uint64_t wanted = std::min<uint64_t>(kLeastLookedAt, left); wanted > bytes.size();
       wanted = std::min(DecisiveBytes(bytes), left)) {
    if (wanted > kMostLookedAt) return {};
    const size_t had = bytes.size();
    bytes.resize(static_cast<size_t>(wanted));
    size_t got = 0;
    H4MK_TRY(source_.ReadAt(end->until + had, bytes.data() + had, bytes.size() - had, &got));
  }
  end->crc = Crc32(0, bytes);
  *known = true;
  return {};
}

// may_believe: the target's cluster need not be looked at now, where the index tells enough. So the
// clusters of the route are read once and in file order, which over HTTP is one request.
Status Reader::SeekIndexed(const Request& request, bool may_believe) {
  Request found = request;
  may_believe = may_believe && MayBelieveIndex(request);
  Target target;
  H4MK_TRY(FindTarget(found, may_believe, &target));
  if (!target.found && request.mode == SeekMode::kBackward) {
    // Before the first one: the first one it is.
    found.mode = SeekMode::kForward;
    H4MK_TRY(FindTarget(found, may_believe, &target));
  }
  if (!target.found) return Status(Code::kNotFound, "no random access point of the track there");

  Position(request.track, target.cluster,
           {true, target.cluster.offset, target.by_time, target.block, target.time,
            found.mode == SeekMode::kForward});
  target_ = request.track;
  unplanned_ = Unplanned{request.track, target};
  if (target.by_time)
    unchecked_ = request;
  else
    unchecked_.reset();
  return {};
}

// The way to the target, by where the other tracks begin. That is found out when reading goes on
// behind the block that a seek asked for: who only wants that one does not pay for the way.
Status Reader::PlanRoute() {
  Status status = FindRoute();
  if (status.code() == Code::kCorrupt && !index_rebuilt_) {
    Warn(status.message() + "; the index is made again");
    H4MK_TRY(RebuildIndex(/*opening=*/false));
    status = FindRoute();
  }
  // A route that cannot be found leaves the target.
  if (status.ok() || status.code() == Code::kCorrupt) unplanned_.reset();
  return status;
}

Status Reader::FindRoute() {
  const auto& [track, target] = *unplanned_;
  std::vector<Landing> landings = landings_;
  std::vector<ClusterRef> route;
  const TimeBase from = list_.tracks[track].time_base;
  for (uint32_t other = 0; other < list_.tracks.size(); ++other) {
    if (other == track || discarded_[other]) continue;
    if (index_.keys(other) == 0) {  // nowhere to begin: what follows the target, without a gap
      if (!target.by_time)
        landings[other] = {true, target.cluster.offset, false, target.block + 1, 0};
      continue;
    }
    ClusterRef cluster;
    const int64_t their_time = Rescale(target.time, from, list_.tracks[other].time_base);
    H4MK_TRY(FindLanding(other, their_time, &landings[other], &cluster));
    if (landings[other].active && cluster < target.cluster)
      H4MK_TRY(index_.Between(cluster, target.cluster,
                              totals_[other].all_key ? int64_t{other} : Index::kAllTracks, &route));
  }
  std::sort(route.begin(), route.end());
  route.erase(std::unique(route.begin(), route.end()), route.end());
  route.push_back(target.cluster);
  std::reverse(route.begin(), route.end());
  route_ = std::move(route);
  landings_ = std::move(landings);
  return {};
}

// Tracks that begin behind the target need its place in the cluster.
bool Reader::MayBelieveIndex(const Request& request) const {
  if (request.any) return false;
  for (uint32_t other = 0; other < list_.tracks.size(); ++other)
    if (other != request.track && !discarded_[other] && index_.keys(other) == 0) return false;
  return true;
}

// Memory is taken first: what fails here leaves the position as it was.
void Reader::Position(uint32_t track, const ClusterRef& cluster, const Landing& landing) {
  const size_t tracks = list_.tracks.size();
  route_.reserve(1);
  landings_.reserve(tracks);
  first_block_.reserve(tracks);
  route_.assign(1, cluster);
  landings_.assign(tracks, Landing());
  landings_[track] = landing;
  first_block_.assign(tracks, 0);
  filtering_ = true;
  external_.Restart();
  checksum_valid_ = false;
  saw_tail_ = false;
  has_header_ = false;
  lead_.reset();
  led_.reset();
  next_block_ = kNone;  // what is in memory may be on the route: StartCluster() says when it is due
}

// A cluster to look through. The one that is being read from stays as it is, for the case that the
// seek fails.
Status Reader::LoadForSearch(const ClusterRef& cluster, const std::vector<BlockRecord>** blocks) {
  if (current_->Holds(cluster.offset)) {
    H4MK_TRY(current_->Complete());
    *blocks = &current_->index().blocks();
    return {};
  }
  H4MK_TRY(LoadIntoSearch(cluster));
  *blocks = &search_->index().blocks();
  return {};
}

Status Reader::LoadIntoSearch(const ClusterRef& cluster) {
  if (!search_->Holds(cluster.offset)) {
    Status status = search_->LoadAt(cluster.offset, cluster.extent);
    if (status.code() == Code::kAgain) return Corrupt(cluster.offset, "cluster is not complete");
    if (!status.ok()) return status;
  }
  return search_->Complete();
}

Status Reader::FindTarget(const Request& request, bool may_believe, Target* target) {
  const auto [track, time, mode, any] = request;
  if (any) return FindAny(track, time, mode, target);
  const bool backward = mode == SeekMode::kBackward;
  Index::Found found;
  ClusterRef cluster;
  H4MK_TRY(index_.Find(track, time, backward, &found, &cluster));
  if (found == Index::Found::kNone) return {};
  if (found == Index::Found::kMany) return SearchCandidates(request, target);
  if (may_believe && cluster.has_one_time && !current_->Holds(cluster.offset)) {
    *target = {cluster, 0, cluster.time, true, true};
    return {};
  }
  H4MK_TRY(SearchCluster(cluster, request, target));
  return target->found ? Status() : NotThere(cluster);
}

Status Reader::NotThere(const ClusterRef& cluster) {
  return Corrupt(cluster.offset, "the index names a random access point that is not there");
}

namespace {

// Whether `time` is a better answer than `best`: of equal ones the last counts backward, the first
// forward.
bool IsBetter(SeekMode mode, int64_t wanted, int64_t time, bool have_best, int64_t best) {
  if (time == kNoTime) return false;
  if (mode == SeekMode::kBackward) return time <= wanted && (!have_best || time >= best);
  return time >= wanted && (!have_best || time < best);
}

}  // namespace

Status Reader::SearchCandidates(const Request& request, Target* target) {
  std::optional<ClusterRef> first;
  const auto search = [&](const ClusterRef& cluster) {
    if (!first) first = cluster;
    return SearchCluster(cluster, request, target);
  };
  H4MK_TRY(index_.ForCandidates(request.track, request.time, request.mode == SeekMode::kBackward,
                                std::cref(search)));
  return first && !target->found ? NotThere(*first) : Status();
}

Status Reader::SearchCluster(const ClusterRef& cluster, const Request& request, Target* target) {
  const std::vector<BlockRecord>* found = nullptr;
  H4MK_TRY(LoadForSearch(cluster, &found));
  const std::vector<BlockRecord>& blocks = *found;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const BlockRecord& block = blocks[i];
    if (block.track != static_cast<int32_t>(request.track) || !(request.any || block.is_key()))
      continue;
    if (IsBetter(request.mode, request.time, block.time(), target->found, target->time))
      *target = {cluster, i, block.time(), true};
  }
  return {};
}

// Any block counts. Where the track's clusters do not overlap, the answer is in the last span whose
// frames begin at the time or before, or between it and the next span with frames. Elsewhere all
// spans are looked through.
Status Reader::FindAny(uint32_t track, int64_t time, SeekMode mode, Target* target) {
  const Request request{track, time, mode, /*any=*/true};
  const bool in_order = !totals_[track].overlaps;
  const bool backward = mode == SeekMode::kBackward;
  SpanRef span;
  bool found = false;
  if (in_order) H4MK_TRY(index_.SpanAtTime(track, time, &span, &found));
  if (!found) H4MK_TRY(index_.FirstSpan(track, &span, &found));
  while (found) {
    int64_t first_time = 0;
    H4MK_TRY(index_.FirstTime(track, span, &first_time));
    const bool can_hold =
        backward ? first_time <= time : !target->found || first_time < target->time;
    if (can_hold) H4MK_TRY(SearchCluster(span.cluster, request, target));
    const bool is_later = span.frames > 0 && first_time > time;
    if (in_order && (is_later || (!backward && target->found))) break;
    H4MK_TRY(index_.NextSpan(track, &span, &found));
  }
  return {};
}

// Where a track other than the one that was sought begins: at its last random access point not
// later than time.
Status Reader::FindLanding(uint32_t track, int64_t time, Landing* landing, ClusterRef* cluster) {
  Index::Found found;
  H4MK_TRY(index_.Find(track, time, /*backward=*/true, &found, cluster));
  if (found == Index::Found::kOne) {
    *landing = {true, cluster->offset, true, 0, time};
    return {};
  }
  Target target;
  if (found == Index::Found::kMany)
    H4MK_TRY(SearchCandidates({track, time, SeekMode::kBackward, /*any=*/false}, &target));
  if (target.found) {
    *cluster = target.cluster;
    *landing = {true, cluster->offset, false, target.block, 0};
    return {};
  }
  // All its random access points are later: its blocks count from the first one on, which may be
  // none of those.
  bool any = false;
  H4MK_TRY(totals_[track].starts_with_key ? index_.FindFirst(track, cluster, &any)
                                          : index_.First(cluster, &any));
  if (any) *landing = {true, cluster->offset, false, 0, 0};
  return {};
}

}  // namespace h4mk
