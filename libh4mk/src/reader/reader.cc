// SPDX-License-Identifier: MIT
// Reading on: the next block, the next cluster, and what to do about damage.
#include "reader/reader.h"

#include <algorithm>
#include <utility>

#include "base/crc32.h"
#include "base/fault.h"

namespace h4mk {
namespace {

constexpr uint64_t kWorthAJump = 64 << 10;    // what is less is read and thrown away
constexpr uint64_t kKeptCluster = 256 << 10;  // a cluster that is kept while the next one is read

}  // namespace

Status Reader::Next(ReadBlock* block) {
  for (;;) {
    while (const BlockRecord* record = NextRecord()) {
      if (!IsUnderstood(*record)) {
        const bool is_new = MustReport(*record);
        Status unknown = ReportUnknown(*record);
        if (std::exchange(lead_, std::nullopt))
          unchecked_.reset();
        else
          ++next_block_;
        if (is_new) return unknown;
        continue;
      }
      const Status status = Fetch(*current_, *record);
      const bool is_external = record->flags & kBlockExternal;
      const bool corrupt =
          status.code() == Code::kCorrupt || (is_external && status.code() == Code::kNotFound);
      if (!status.ok() && !corrupt) return status;
      if (corrupt && lead_ && unchecked_ && !index_rebuilt_ && !current_->Complete().ok()) {
        H4MK_TRY(SeekAgain(Corrupt(current_->offset(), "the length of a cluster is damaged")));
        break;
      }
      if (corrupt && (is_external ? external_.IsNews() : !std::exchange(has_reported_, true)))
        return status;
      if (lead_) {
        unchecked_.reset();
        led_ = {*std::exchange(lead_, std::nullopt), current_->offset(), has_reported_};
        record = &led_->block;
      } else {
        ++next_block_;
      }
      if (corrupt && (!keep_corrupt_ || is_external)) continue;
      FillBlock(*current_, *record, corrupt, block);
      return {};
    }
    Status status = target_ ? LoadTarget() : LoadNextCluster();
    if (!status.ok()) return status;
  }
}

// Makes the data of a block available.
Status Reader::Fetch(ClusterLoader& cluster, const BlockRecord& record) {
  if (!(record.flags & kBlockExternal)) return cluster.Fetch(record);
  return external_.Fetch(list_.tracks[static_cast<size_t>(record.track)], cluster.offset(),
                         cluster.index(), record);
}

void Reader::FillBlock(const ClusterLoader& cluster, const BlockRecord& record, bool corrupt,
                       ReadBlock* block) {
  *block = {&record,
            cluster.data(record),
            corrupt,
            static_cast<int64_t>(cluster.data_offset() + record.offset),
            cluster.offset(),
            cluster.buffer(),
            -1,
            cluster.index().side_data(record)};
  if (!(record.flags & kBlockExternal)) return;
  external_record_ = record;
  if (!keep_external_) external_record_.flags &= ~kBlockExternal;
  block->record = &external_record_;
  block->data = external_.data();
  block->buffer = external_.buffer();
  block->external_offset = static_cast<int64_t>(cluster.index().range_of(record).offset);
}

void Reader::SetBeside(OpenBeside open, bool keep_external) {
  external_.SetOpener(std::move(open));
  keep_external_ = keep_external;
}

// The block of the current cluster to be handed out next, or null.
const BlockRecord* Reader::NextRecord() {
  if (!current_->loaded()) return nullptr;
  if (lead_) return &*lead_;
  const std::vector<BlockRecord>& blocks = current_->index().blocks();
  const bool may_skip =
      filtering_ || led_ || any_discarded_ || current_->index().has_unknown_track();
  while (may_skip && next_block_ < blocks.size() && IsSkipped(next_block_)) ++next_block_;
  return next_block_ < blocks.size() ? &blocks[next_block_] : nullptr;
}

bool Reader::IsSkipped(size_t position) const {
  const BlockRecord& block = current_->index().blocks()[position];
  if (block.track < 0) return true;
  if (led_ && led_->cluster == current_->offset() && led_->block.track == block.track &&
      led_->block.ordinal == block.ordinal)
    return true;
  const auto track = static_cast<size_t>(block.track);
  return discarded_[track] || (filtering_ && position < first_block_[track]);
}

// core.md, "Block flags" and `requires`: a block that this library cannot understand is not handed
// out.
bool Reader::IsUnderstood(const BlockRecord& block) const {
  if ((block.flags & kBlockCompressed) && block.track >= 0 &&
      list_.tracks[static_cast<size_t>(block.track)].compression == Compression::kNone)
    return false;
  return !(block.flags & kBlockMustKnow) &&
         (!any_requirement_ ||
          list_.tracks[static_cast<size_t>(block.track)].unknown_requirement.empty());
}

bool Reader::MustReport(const BlockRecord& block) const {
  if (block.flags & kBlockCompressed && IsKnownRequirement(block)) return true;
  const uint32_t flags = block.flags & kBlockMustKnow;
  return flags != 0 ? (flags & ~reported_flags_) != 0
                    : !reported_tracks_[static_cast<size_t>(block.track)];
}

// What is wrong with the block is not that it needs a feature.
bool Reader::IsKnownRequirement(const BlockRecord& block) const {
  return !(block.flags & kBlockMustKnow) &&
         list_.tracks[static_cast<size_t>(block.track)].unknown_requirement.empty();
}

Status Reader::ReportUnknown(const BlockRecord& block) {
  if (IsKnownRequirement(block))
    return Corrupt(current_->offset(),
                   "block " + std::to_string(block.ordinal) +
                       " is compressed, but its track does not say how, in the cluster");
  const uint32_t flags = block.flags & kBlockMustKnow;
  reported_flags_ |= flags;
  if (flags != 0)
    return Status(Code::kUnsupported,
                  "blocks of the cluster at byte " + std::to_string(current_->offset()) +
                      " have flags " + std::to_string(flags) +
                      " that this version of the library does not know; they are left out")
        .At(current_->offset());
  const auto track = static_cast<size_t>(block.track);
  reported_tracks_[track] = true;
  return Status(Code::kUnsupported,
                "track " + std::to_string(list_.tracks[track].id) + " requires \"" +
                    list_.tracks[track].unknown_requirement +
                    "\", which this version of the library does not know; its blocks are left out");
}

// Whether the data of discarded tracks is worth a jump.
bool Reader::SkipsMuch() const {
  uint64_t skipped = 0;
  for (const BlockRecord& block : current_->index().blocks())
    if (block.track >= 0 && discarded_[static_cast<size_t>(block.track)])
      skipped += block.stored_size();
  return skipped > kWorthAJump;
}

// Goes to the block that a seek asked for, which is handed out before all others: so one cluster is
// read for it. Those where other tracks begin come next, and this one again in its turn.
Status Reader::LoadTarget() {
  const uint32_t track = *target_;
  const Landing& landing = landings_[track];
  Status status = MakeCurrent(route_.front());
  if (status.code() == Code::kIo || status.code() == Code::kMemory) return status;
  BlockRecord block;
  bool found = false;
  if (status.ok()) {
    next_block_ = kNone;
    found = FindLead(track, &block);
    if (landing.by_time && (!found || block.time() != landing.time))
      status =
          Corrupt(current_->offset(), "the index names a random access point that is not there");
  }
  if (!status.ok() && unchecked_ && !index_rebuilt_) return SeekAgain(std::move(status));
  target_.reset();
  has_reported_ = false;
  if (found && !discarded_[track])
    lead_ = block;
  else
    unchecked_.reset();
  return {};
}

// The block of the current cluster where the track begins that a seek asked for. Its time alone
// leads to it, without the other blocks; but side data and external data is known of all or none.
bool Reader::FindLead(uint32_t track, BlockRecord* block) {
  const Landing& landing = landings_[track];
  if (landing.by_time &&
      current_->FindKey(static_cast<int32_t>(track), landing.time, landing.first_of_time, block) &&
      !(block->flags & (kBlockHasSideData | kBlockExternal)))
    return true;
  if (!current_->Complete().ok()) return false;
  const std::vector<BlockRecord>& blocks = current_->index().blocks();
  const size_t first = FirstOf(track);
  if (first >= blocks.size() || blocks[first].track != static_cast<int32_t>(track)) return false;
  *block = blocks[first];
  return true;
}

// Makes a cluster that a seek leads to the current one. That of the block that was asked for stays
// in memory until its turn comes.
Status Reader::MakeCurrent(const ClusterRef& cluster) {
  if (current_->Holds(cluster.offset)) return {};
  if (search_->Holds(cluster.offset)) {
    current_.swap(search_);
    return {};
  }
  // The next seek may need it. But large ones would push each other out of the processor's cache.
  const bool comes_again = led_ && current_->Holds(led_->cluster);
  const bool is_kept =
      current_->loaded() && (comes_again || current_->end() - current_->offset() <= kKeptCluster);
  if (is_kept && !(led_ && search_->Holds(led_->cluster))) current_.swap(search_);
  return current_->LoadAt(cluster.offset, cluster.extent);
}

// Whether a track that is not discarded (a caller may do so after the seek only) has begun, or
// begins in this cluster of the route.
bool Reader::IsWanted(uint64_t offset) const {
  for (size_t track = 0; track < landings_.size(); ++track)
    if (!discarded_[track] && (!landings_[track].active || landings_[track].cluster <= offset))
      return true;
  return false;
}

// Moves to the next cluster of the route and starts it.
Status Reader::LoadRouteCluster() {
  while (route_.size() > 1 && !IsWanted(route_.back().offset)) route_.pop_back();
  position_ = route_.back().offset;
  has_header_ = false;
  Status status = MakeCurrent(route_.back());
  if (status.ok()) status = current_->Complete();
  if (status.code() == Code::kCorrupt || status.code() == Code::kAgain) {
    route_.pop_back();  // what was to be fetched from here is lost, the rest is not
    Status damage = Corrupt(position_, "cluster cannot be read");
    return route_.empty() ? Damaged(std::move(damage)) : std::move(damage);
  }
  if (!status.ok()) return status;
  route_.pop_back();
  StartCluster();
  return {};
}

// Moves to the next cluster and starts it.
Status Reader::LoadNextCluster() {
  if (unplanned_) H4MK_TRY(PlanRoute());
  if (!route_.empty()) return LoadRouteCluster();
  if (ended_) return Status(Code::kAgain, "the file has no end");
  for (;;) {
    const int64_t size = source_.Size();
    const bool past_end = size >= 0 && position_ + kChunkHeaderSize > static_cast<uint64_t>(size);
    ChunkHeader header;
    Status status;
    if (!past_end) status = NextHeader(&header);
    if (past_end || status.code() == Code::kEnd) {
      if (CanReadOn(size)) continue;
      return AtEnd();
    }
    if (!status.ok()) return status;

    if (!IsPlausibleTag(header.tag)) {
      status = Corrupt(position_, "no chunk found; expected one");
    } else if (size >= 0 && position_ + header.size() > static_cast<uint64_t>(size)) {
      status = Status(Code::kAgain, "");
    } else if (header.is_cluster()) {
      TakeDescriptions();
      status = current_->Load(position_, header, whole_clusters_ || !source_.seekable());
      if (status.ok() && !whole_clusters_ && !SkipsMuch()) {
        status = current_->LoadData();
        if (!status.ok()) current_->Reset();
      }
    } else {
      status = PassOver(header);
      if (status.ok()) continue;
    }
    if (status.ok()) {
      StartCluster();
      return {};
    }
    if (status.code() == Code::kCorrupt) return Damaged(std::move(status));
    if (status.code() != Code::kAgain) return status;
    // The chunk is longer than the file. Either the file ends here, or the length is damaged and
    // chunks follow.
    if (IsUnfinishedCluster(position_, header)) {
      if (CanReadOn(size)) continue;
      return AtEnd();
    }
    uint64_t found = 0;
    status = chunks_.FindNext(position_, &found);
    if (status.code() == Code::kEnd) return AtEnd();
    if (!status.ok()) return status;
    Status damage =
        Corrupt(position_, TagText(header.tag) + " chunk of " + std::to_string(header.length) +
                               " bytes does not fit into the file");
    return GoOnAt(found, damage);
  }
}

// Whether a file without an end has become longer than size. An input that waits for what is
// appended (as FFmpeg's file protocol does when told to) waits here.
bool Reader::CanReadOn(int64_t size) {
  if (size < 0 || closed_) return false;
  if (saw_tail_ && position_ + kCrcSize <= static_cast<uint64_t>(size)) return false;
  uint8_t byte = 0;
  size_t got = 0;
  return source_.ReadAt(static_cast<uint64_t>(size), &byte, 1, &got).ok() && got == 1 &&
         source_.Size() > size;
}

// Whether a cluster that is longer than the file is a true one: then what is there of it is no
// place to look for chunks.
bool Reader::IsUnfinishedCluster(uint64_t offset, const ChunkHeader& header) {
  if (!header.is_cluster() || !source_.seekable()) return false;
  const bool valid = search_->Load(offset, header, /*whole=*/false).ok();
  search_->Reset();
  return valid;
}

Status Reader::NextHeader(ChunkHeader* header) {
  if (!has_header_) {
    H4MK_TRY(chunks_.ReadHeader(position_, &next_header_));
    has_header_ = true;
  }
  *header = next_header_;
  return {};
}

// A chunk that holds no blocks. It is checked, so that damage to its length is not followed.
Status Reader::PassOver(const ChunkHeader& header) {
  uint32_t crc = 0;
  if (header.length > (header.tag == kTagAttachment ? kMaxAttachmentChunk : kMaxSmallChunk))
    return Corrupt(position_, TagText(header.tag) + " chunk of " + std::to_string(header.length) +
                                  " bytes is larger than the limit");
  if (header.length <= kCheckedChunk) {
    Bytes payload;
    const Status status = chunks_.ReadPayload(position_, header, &payload, &crc);
    if (!status.ok() && status.code() != Code::kUnsupported) return status;
    AddToChecksum(position_, position_ + header.size(), crc);
    if (!status.ok()) Warn(status.message());
    // Where there is no end to look at first, what counts is known when it comes by.
    if (status.ok() && !closed_) KeepDescription(header.tag, position_, std::move(payload));
  } else {
    checksum_valid_ = false;
  }
  position_ += header.size();
  has_header_ = false;
  saw_tail_ = header.tag == kTagTail && header.unknown_flags() == 0;
  return {};
}

// A later description, met while reading. It counts once a cluster follows (core.md, "Which
// description counts"); a pipe has nothing else to go by.
void Reader::KeepDescription(uint32_t tag, uint64_t offset, Bytes payload) {
  if (tag == kTagMeta && offset > meta_offset_)
    later_meta_ = {offset, std::move(payload)};
  else if (tag == kTagTracks && offset > trak_offset_)
    later_tracks_ = {offset, std::move(payload)};
  if (!source_.seekable()) TakeDescriptions();
}

void Reader::TakeDescriptions() {
  if (const auto meta = std::exchange(later_meta_, std::nullopt))
    TakeMeta(meta->first, meta->second);
  if (const auto tracks = std::exchange(later_tracks_, std::nullopt))
    if (const Status status = TakeLaterTracks(tracks->first, tracks->second); !status.ok())
      Warn(status.message());
}

void Reader::StartCluster() {
  next_block_ = 0;
  const bool is_led = led_ && led_->cluster == current_->offset();
  has_reported_ = is_led && led_->has_reported;
  if (!is_led && route_.empty()) led_.reset();
  saw_tail_ = false;
  position_ = current_->end();
  has_header_ = current_->has_next_header();
  if (has_header_) {
    next_header_ = current_->next_header();
    AddToChecksum(current_->offset(), current_->end(), current_->stored_crc());
  } else {
    checksum_valid_ = false;
  }
  if (current_->index().has_unknown_track())
    Warn("cluster at byte " + std::to_string(current_->offset()) +
         " has blocks of a track that TRAK does not have; they are left out");
  if (filtering_) Land();
}

// After a seek: which blocks of this cluster count.
void Reader::Land() {
  const std::vector<BlockRecord>& blocks = current_->index().blocks();
  filtering_ = false;
  first_block_.assign(landings_.size(), 0);
  for (size_t track = 0; track < landings_.size(); ++track) {
    Landing& landing = landings_[track];
    if (!landing.active) continue;
    filtering_ = true;
    if (current_->offset() < landing.cluster) {
      first_block_[track] = blocks.size();
      continue;
    }
    landing.active = false;
    if (current_->offset() > landing.cluster) continue;
    first_block_[track] = FirstOf(track);
  }
}

// The position in the current cluster, which is the one that it lands in, where a track begins.
size_t Reader::FirstOf(size_t track) {
  const Landing& landing = landings_[track];
  if (!landing.by_time) return landing.block;
  BlockRecord key;
  if (!current_->FindKey(static_cast<int32_t>(track), landing.time, landing.first_of_time, &key))
    return 0;
  const std::vector<BlockRecord>& blocks = current_->index().blocks();
  size_t first = 0;
  while (blocks[first].track != key.track || blocks[first].ordinal != key.ordinal) ++first;
  return first;
}

// Something at position_ cannot be read: finds where to go on, and returns the damage.
Status Reader::Damaged(Status damage) {
  const uint64_t at = position_;
  uint64_t found = 0;
  checksum_valid_ = false;
  has_header_ = false;
  const Status status = chunks_.FindNext(at, &found);
  if (status.code() == Code::kEnd) {
    // Nothing follows. A growing file may go on here, a closed one is read.
    const int64_t size = source_.Size();
    position_ = closed_ && size >= 0 ? static_cast<uint64_t>(size) : at;
    if (!source_.seekable())
      ended_ = true;  // nothing will be read again
    else if (position_ == at)
      return AtEnd();
    return damage.Saying(damage.message() + "; nothing readable follows");
  }
  if (!status.ok()) return status;
  return GoOnAt(found, damage);
}

Status Reader::GoOnAt(uint64_t found, const Status& damage) {
  checksum_valid_ = false;
  has_header_ = false;
  position_ = found;
  return damage.Saying(damage.message() + "; reading goes on at byte " + std::to_string(found));
}

Status Reader::AtEnd() {
  current_->Reset();
  uint8_t stored[kCrcSize + 1];  // nothing may follow the checksum
  size_t got = 0;
  if (closed_ || saw_tail_) H4MK_TRY(source_.ReadAt(position_, stored, sizeof stored, &got));
  if (!source_.seekable())
    source_.Unread(position_, ByteSpan(stored, got));  // the end may be asked for again
  if (got != kCrcSize) {
    source_.Unread(position_, ByteSpan(stored, got));
    if (!is_closed()) return Status(Code::kAgain, "the file has no end yet");
  } else if (checksum_valid_ && checksum_until_ == position_) {
    if (LoadLe<uint32_t>(stored) != checksum_)
      Warn("container checksum at byte " + std::to_string(position_) +
           " does not match the chunks: some were exchanged, replaced or removed");
    checksum_valid_ = false;
  }
  return Status(Code::kEnd, "end of file");
}

void Reader::AddToChecksum(uint64_t offset, uint64_t end, uint32_t crc) {
  if (!checksum_valid_ || offset != checksum_until_) return;
  uint8_t stored[kCrcSize];
  StoreLe(stored, crc);
  checksum_ = Crc32(checksum_, stored);
  checksum_until_ = end;
}

Status Reader::Attachment(uint32_t track, ByteSpan* bytes) {
  const auto known = attachments_.find(list_.ids.id(track));
  if (known == attachments_.end()) return Status(Code::kNotFound, "track has no attachment");
  *bytes = known->second;
  return {};
}

void Reader::IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) {
  *entries = index_.keys(track);
  *bytes = index_.bytes();
}

Status Reader::IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                            size_t* copied) {
  IndexEntry* next = out.data();
  H4MK_TRY(index_.ForEntries(track, first, out.size(), [&](uint64_t offset, int64_t time) {
    *next++ = {offset, time};
  }));
  *copied = static_cast<size_t>(next - out.data());
  return {};
}

void Reader::Discard(uint32_t track, bool discard) {
  discarded_[track] = discard;
  any_discarded_ = std::find(discarded_.begin(), discarded_.end(), true) != discarded_.end();
  whole_clusters_ = !any_discarded_;
}

}  // namespace h4mk
