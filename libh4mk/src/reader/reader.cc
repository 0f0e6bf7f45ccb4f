// SPDX-License-Identifier: MIT
#include "reader/reader.h"

#include <functional>
#include <utility>

namespace h4mk {

Reader::Reader(Source source, BufferAllocator& allocator, bool keep_corrupt)
    : source_(std::move(source)),
      keep_corrupt_(keep_corrupt),
      file_(source_, warnings_, changes_),
      clusters_(source_, file_.descriptions().ids(), allocator),
      external_(allocator),
      filter_(file_.descriptions()),
      stream_(source_, file_, warnings_),
      planner_(file_, clusters_),
      lookups_(file_, clusters_, planner_) {}

Status Reader::Open() {
  H4MK_TRY(stream_.Open());
  if (file_.is_closed() || source_.seekable()) return {};
  const Status status = LoadNextCluster();
  if (status.code() == Code::kIo) return status;
  if (status.code() == Code::kCorrupt) warnings_.Add(status);
  if (status.ok()) file_.GuessTotals(clusters_.current().index().blocks());
  return {};
}

Status Reader::Attachment(uint32_t track, ByteSpan* bytes) {
  return file_.descriptions().Attachment(track, bytes);
}

// ------------------------------------------------------------------------------------------------
// the next block

Status Reader::Next(ReadBlock* block) {
  lost_.tracks.clear();
  lost_.any_track = false;
  for (;;) {
    while (const BlockRecord* record = NextRecord()) {
      ClusterLoader& cluster = clusters_.current();
      if (!filter_.IsUnderstood(*record)) {
        const Status problem = filter_.WhyLeftOut(*record, cluster.offset());
        if (problem.code() == Code::kCorrupt)
          Lose(record);
        else
          PassOn(record);
        if (!problem.ok()) return problem;
        continue;
      }
      const Status status = Fetch(cluster, *record);
      const bool is_corrupt = !status.ok();
      if (is_corrupt) {
        const bool is_external = record->flags & kBlockExternal;
        if (status.code() != Code::kCorrupt && !(is_external && status.code() == Code::kNotFound))
          return status;
        if (IsWrongTarget()) {
          H4MK_TRY(SeekAgain(Corrupt(cluster.offset(), "the length of a cluster is damaged")));
          break;
        }
        // Damage to a cluster's data, or to a group of external blocks, is reported once.
        if (is_external ? external_.IsNews() : !std::exchange(has_reported_damage_, true))
          return status;
        if (!keep_corrupt_ || is_external) {
          Lose(record);
          continue;
        }
      }
      FillBlock(cluster, *PassOn(record), is_corrupt, block);
      return {};
    }
    if (Status status = LoadMore(); !status.ok()) {
      lost_.any_track = status.code() == Code::kCorrupt;
      return status;
    }
  }
}

// A damaged block is left out, and the damage was told, or is now.
void Reader::Lose(const BlockRecord* record) {
  const auto track = static_cast<uint32_t>(record->track);
  if (lost_.tracks.empty() || lost_.tracks.back() != track) lost_.tracks.push_back(track);
  PassOn(record);
}

// The block to be handed out next from the current cluster, or null.
const BlockRecord* Reader::NextRecord() {
  if (const auto* found = seek_.As<SeekCursor::FoundTarget>()) return &found->block;
  if (due_.empty()) return nullptr;
  if (!seek_.is_idle() || filter_.any_discarded() ||
      clusters_.current().index().has_unknown_track())
    while (!due_.empty() && IsSkipped(due_.front())) due_ = due_.subspan(1);
  return due_.empty() ? nullptr : due_.data();
}

bool Reader::IsSkipped(const BlockRecord& block) const {
  if (block.track < 0 || filter_.IsDiscarded(static_cast<size_t>(block.track))) return true;
  const ClusterLoader& cluster = clusters_.current();
  const auto position = static_cast<size_t>(&block - cluster.index().blocks().data());
  return seek_.Skips(block, position, cluster.offset());
}

// Makes the data of a block available.
Status Reader::Fetch(ClusterLoader& cluster, const BlockRecord& record) {
  if (!filter_.wants_data()) return {};
  if (!(record.flags & kBlockExternal)) return cluster.Fetch(record);
  return external_.Fetch(file_.tracks()[static_cast<size_t>(record.track)], cluster.offset(),
                         cluster.index(), record);
}

// Whether the index has led to this block, which was found without the others of its cluster, and
// these show that the cluster is not what its header says.
bool Reader::IsWrongTarget() {
  return seek_.As<SeekCursor::FoundTarget>() != nullptr && CanSeekAgain() &&
         !clusters_.current().Complete().ok();
}

// The block is handed out, or left out for good. Returns where it is until the next call.
const BlockRecord* Reader::PassOn(const BlockRecord* record) {
  if (seek_.As<SeekCursor::FoundTarget>() != nullptr)
    return seek_.SetDelivered(clusters_.current().offset(), has_reported_damage_);
  due_ = due_.subspan(1);
  return record;
}

void Reader::FillBlock(const ClusterLoader& cluster, const BlockRecord& record, bool is_corrupt,
                       ReadBlock* block) {
  block->record = &record;
  block->data = filter_.wants_data() ? cluster.data(record) : nullptr;
  block->corrupt = is_corrupt;
  block->offset = static_cast<int64_t>(cluster.data_offset() + record.offset);
  block->chunk_offset = cluster.offset();
  block->buffer = cluster.buffer();
  block->external_offset = -1;
  block->side_data = cluster.index().side_data(record);
  if (!(record.flags & kBlockExternal)) return;
  block->external_offset = static_cast<int64_t>(cluster.index().range_of(record).offset);
  if (!filter_.wants_data()) {
    block->offset = block->external_offset;
    return;
  }
  external_record_ = record;
  external_record_.flags &= ~kBlockExternal;
  block->record = &external_record_;
  block->data = external_.data();
  block->buffer = external_.buffer();
}

// Loads the cluster that the next block is in.
Status Reader::LoadMore() {
  due_ = {};
  if (seek_.As<SeekCursor::PendingTarget>() != nullptr) return LoadTarget();
  if (seek_.As<SeekCursor::DeliveredTarget>() != nullptr) H4MK_TRY(PlanRoute());
  const auto* on_route = seek_.As<SeekCursor::OnRoute>();
  return on_route != nullptr && !on_route->route.clusters.empty() ? LoadRouteCluster()
                                                                  : LoadNextCluster();
}

Status Reader::LoadNextCluster() {
  H4MK_TRY(stream_.Next(filter_, &clusters_.current()));
  StartCluster();
  return {};
}

// The current cluster was loaded.
void Reader::StartCluster() {
  ClusterLoader& cluster = clusters_.current();
  due_ = cluster.index().blocks();
  has_reported_damage_ = seek_.Enter(cluster);
  if (cluster.index().has_unknown_track())
    warnings_.Add(cluster.offset(),
                  "cluster at byte " + std::to_string(cluster.offset()) +
                      " has blocks of a track that TRAK does not have; they are left out");
}

Status Reader::Rewind() {
  due_ = {};
  clusters_.current().Reset();
  external_.Restart();
  stream_.Rewind();
  seek_.Reset();
  return {};
}

// ------------------------------------------------------------------------------------------------
// seeks

// First the index is trusted, where it tells enough: so the clusters of the route are read once and
// in file order, which over HTTP is one request.
Status Reader::Seek(uint32_t track, int64_t time, SeekMode mode, bool any) {
  const SeekRequest request{track, time, mode, any};
  bool trust_index = true;
  const auto seek = [&] { return StartSeek(request, std::exchange(trust_index, false)); };
  return file_.LookUp(std::cref(seek));  // a copy would take memory
}

// What fails here leaves the position as it was.
Status Reader::StartSeek(const SeekRequest& request, bool trust_index) {
  trust_index = trust_index && planner_.CanTrustIndex(request, filter_);
  std::optional<SeekTarget> target;
  H4MK_TRY(planner_.FindTarget(request, trust_index, &target));
  if (!target && request.mode == SeekMode::kBackward) {
    // Before the first one: the first one it is.
    SeekRequest forward = request;
    forward.mode = SeekMode::kForward;
    H4MK_TRY(planner_.FindTarget(forward, trust_index, &target));
  }
  if (!target) return Status(Code::kNotFound, "no seek point of the track there");
  due_ = {};
  external_.Restart();
  seek_.Start(request, *target);
  return {};
}

// Reads the target's cluster, and finds the block in it.
Status Reader::LoadTarget() {
  const SeekTarget target = seek_.sought().target;
  Status status = clusters_.MakeCurrent(target.cluster, std::nullopt);
  if (status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  BlockRecord block;
  const bool is_found =
      status.ok() && target.start.FindBlock(target.track, clusters_.current(), &block);
  if (status.ok() && target.start.is_by_time() && (!is_found || block.time() != target.start.time))
    status = NoSuchKey(target.cluster);
  if (!status.ok() && CanSeekAgain()) return SeekAgain(status);
  has_reported_damage_ = false;
  if (is_found && !filter_.IsDiscarded(target.track))
    seek_.SetFound(block);
  else
    seek_.SetNotDelivered();
  return {};
}

// Whether a target that cannot be read may be the fault of the index, which was trusted.
bool Reader::CanSeekAgain() const {
  return seek_.sought().target.start.is_by_time() && (seeks_again_ || !file_.is_scanned());
}

Status Reader::SeekAgain(const Status& problem) {
  const SeekRequest request = seek_.sought().request;
  seeks_again_ = true;
  H4MK_TRY(file_.ScanAgain(problem));
  const Status status = StartSeek(request, /*trust_index=*/false);
  if (status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  seeks_again_ = false;
  return status.ok() ? Status() : problem;
}

// A route that cannot be found is replaced by one to the target alone.
Status Reader::PlanRoute() {
  const SeekTarget& target = seek_.As<SeekCursor::DeliveredTarget>()->target;
  SeekRoute route;
  H4MK_TRY(file_.FinishScan());
  Status status = planner_.FindRoute(target, filter_, &route);
  if (status.code() == Code::kCorrupt && !file_.is_scanned()) {
    H4MK_TRY(file_.ScanAgain(status));
    status = planner_.FindRoute(target, filter_, &route);
  }
  if (status.code() == Code::kCorrupt) route = planner_.DirectRoute(target);
  if (status.ok() || status.code() == Code::kCorrupt) seek_.SetRoute(std::move(route));
  return status;
}

Status Reader::LoadRouteCluster() {
  auto& on_route = *seek_.As<SeekCursor::OnRoute>();
  std::vector<ClusterRef>& clusters = on_route.route.clusters;
  while (clusters.size() > 1 && !on_route.IsWanted(clusters.back().offset, filter_))
    clusters.pop_back();
  const ClusterRef next = clusters.back();
  stream_.MoveTo(next.offset);
  Status status = clusters_.MakeCurrent(next, seek_.comes_again());
  if (status.ok()) status = clusters_.current().Complete();
  const bool is_lost = status.code() == Code::kCorrupt || status.code() == Code::kAgain;
  if (!status.ok() && !is_lost) return status;
  clusters.pop_back();
  if (is_lost) {  // so is what was to be fetched from it, but not the rest
    const Status damage = Corrupt(next.offset, "cluster cannot be read");
    return clusters.empty() ? stream_.Skip(damage, &clusters_.current()) : damage;
  }
  stream_.MoveBehind(clusters_.current());
  StartCluster();
  return {};
}

// ------------------------------------------------------------------------------------------------
// the index, and lookups, which leave the position as it is

void Reader::IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) {
  *entries = file_.index().keys(track);
  *bytes = file_.index().bytes();
}

Status Reader::IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                            size_t* copied) {
  IndexEntry* next = out.data();
  H4MK_TRY(file_.index().ForEntries(track, first, out.size(), [&](uint64_t offset, int64_t time) {
    *next++ = {offset, time};
  }));
  *copied = static_cast<size_t>(next - out.data());
  return {};
}

Status Reader::LookUp(const std::function<Status(Lookups&)>& ask) {
  return file_.LookUp([&] { return ask(lookups_); });
}

Status Reader::ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* read) {
  const BlockRecord* block = nullptr;
  H4MK_TRY(file_.LookUp([&] { return lookups_.FindOrdinal(track, ordinal, &block); }));
  if (!filter_.IsUnderstood(*block))
    return Status(Code::kUnsupported, "block " + std::to_string(ordinal) +
                                          " needs a feature that this library does not know");
  external_.Restart();
  ClusterLoader& cluster = clusters_.searched();
  const bool goes_on = track == expected_track_ && ordinal == expected_ordinal_;
  expected_track_ = track;
  expected_ordinal_ = ordinal + 1;
  const Status status = goes_on && !(block->flags & kBlockExternal) ? cluster.FetchOn(*block)
                                                                    : Fetch(cluster, *block);
  const bool is_corrupt = status.code() == Code::kCorrupt;
  if (!status.ok() && (!is_corrupt || !keep_corrupt_ || (block->flags & kBlockExternal)))
    return status;
  FillBlock(cluster, *block, is_corrupt, read);
  return {};
}

}  // namespace h4mk
