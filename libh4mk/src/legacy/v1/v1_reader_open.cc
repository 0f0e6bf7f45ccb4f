// SPDX-License-Identifier: MIT
// Opening a file of version 1: its chunks, descriptions and block log.
#include <algorithm>

#include "file/chunk_list.h"
#include "legacy/v1/v1_reader.h"
#include "legacy/v1/v1_tracks.h"

namespace h4mk {
namespace {

constexpr uint64_t kMaxStreamBlocks =
    4u << 20;  // that a block log may list where the size of the file is not known
constexpr uint64_t kMinCoreSize = kChunkOverhead + kV1RoutingSize;

void AddTrack(const Json& v1_track, TrackList* list) {
  Track track;
  Json description = V1Track(v1_track);
  description["time_base"] = "1/1000";
  if (!ReadTrack(description, &track).ok() || list->ids.Find(track.id) >= 0 ||
      list->tracks.size() == kMaxTracks)
    return;  // no block can belong to it
  list->ids.Add(track.id);
  list->tracks.push_back(std::move(track));
}

}  // namespace

V1Reader::V1Reader(Source source, BufferAllocator& allocator, bool keep_corrupt)
    : TableReader(std::move(source), allocator, keep_corrupt), chunks_(source_, /*version=*/1) {}

Status V1Reader::Open() {
  seekable_ = source_.seekable() && source_.Size() >= 0;
  position_ = kFileHeaderSize;
  H4MK_TRY(ReadChunks(/*until_core=*/!seekable_));
  if (seekable_) {
    const auto left = static_cast<uint64_t>(source_.Size()) - position_;
    closed_ = left >= kCrcSize && left < kChunkHeaderSize;
    if (!closed_) Warn("no container CRC at the end of the file: it was cut");
  }
  TakeDescriptions();
  ordinals_.assign(list_.tracks.size(), 0);
  CountTotals();
  return {};
}

// Takes in chunks from position_ on; stops before the first CORE, or at the end.
Status V1Reader::ReadChunks(bool until_core) {
  for (;;) {
    ChunkHeader header;
    Status status = chunks_.ReadHeader(position_, &header);
    if (status.ok() && until_core && header.tag == kTagCore) {
      source_.Unread(position_, ChunkHeaderBytes(header));
      return {};
    }
    if (status.ok()) status = TakeChunk(header);
    if (status.code() == Code::kEnd) return {};
    H4MK_TRY(status);
  }
}

// Takes in the chunk at position_, or passes over it if it cannot be used. kEnd: nothing follows.
Status V1Reader::TakeChunk(const ChunkHeader& header) {
  const Status status = TakeContents(header);
  // A stream was cut inside this chunk: what it carries may look like chunks.
  if (status.code() == Code::kAgain) return Status(Code::kEnd, status.message());
  return status.code() == Code::kCorrupt ? PassOverDamage(status) : status;
}

// Takes in the chunk at position_ and moves on behind it.
Status V1Reader::TakeContents(const ChunkHeader& header) {
  if (seekable_ && header.size() > static_cast<uint64_t>(source_.Size()) - position_)
    return Corrupt(position_, "chunk_overrun: " + TagText(header.tag) + " chunk of " +
                                  std::to_string(header.length) +
                                  " bytes does not fit into the file");
  if (header.tag == kTagCore) return seekable_ ? AddCore(header) : AddStreamCore(header);
  const uint32_t limit = header.tag == kTagAttachment ? kMaxAttachmentChunk : kMaxSmallChunk;
  if (header.length > limit && seekable_ && IsPlausibleTag(header.tag)) {
    position_ += header.size();  // of no use here, and too long to be checked
    return {};
  }
  Bytes payload;
  H4MK_TRY(chunks_.ReadPayload(position_, header, &payload));
  position_ += header.size();
  if (header.tag == kTagTracks && !trak_) {
    trak_ = std::move(payload);
  } else if (header.tag == kTagMeta && !meta_chunk_) {
    meta_chunk_ = std::move(payload);
  } else if (header.tag == kTagIndex) {
    index_bytes_ += header.size();
  } else if (header.tag == kTagAttachment) {
    ByteReader reader{ByteSpan(payload)};
    const auto track_id = static_cast<uint32_t>(reader.Varint());
    if (!reader.failed())
      attachments_[track_id].assign(reader.data(), reader.data() + reader.left());
  }
  return {};
}

// The CORE chunk at position_, whose payload begins with `front`.
Status V1Reader::ParseCore(const ChunkHeader& header, ByteSpan front, Core* core) const {
  core->offset = position_;
  core->length = header.length;
  core->flags = header.flags;
  const Result<uint16_t> track_id = ParseV1Routing(front);
  if (!track_id.ok()) return Corrupt(position_, track_id.status().message());
  core->track_id = track_id.value();
  return {};
}

Status V1Reader::AddCore(const ChunkHeader& header) {
  bool is_right = false;
  H4MK_TRY(chunks_.LengthsAreRight(&is_right));
  if (!is_right) H4MK_TRY(chunks_.IsWhole(position_, header, &is_right));
  if (!is_right) return WrongCrc(position_, kTagCore);
  uint8_t front[kV1RoutingSize];
  size_t got = 0;
  H4MK_TRY(source_.ReadAt(position_ + kChunkHeaderSize, front,
                          std::min<size_t>(header.length, sizeof front), &got));
  Core core;
  const Status routing = ParseCore(header, ByteSpan(front, got), &core);
  if (!routing.ok())
    AddDamage(position_, routing.message());
  else if (header.length > kMaxBlockSize)
    return Corrupt(position_, "block larger than 1 GiB");
  else
    cores_.push_back(core);
  position_ += header.size();
  return {};
}

// Finds where reading goes on behind damage at position_, and notes the damage (legacy.md, "Version
// 1: damage"). kEnd: nothing follows.
Status V1Reader::PassOverDamage(const Status& damage) {
  uint64_t found = 0;
  H4MK_TRY(chunks_.FindNext(position_, &found));
  AddDamage(position_, damage.message() + "; reading goes on at byte " + std::to_string(found));
  position_ = found;
  return {};
}

// Tracks, metadata and block log, once all chunks (of a stream: those before the first block) are
// read.
void V1Reader::TakeDescriptions() {
  if (trak_) {
    const Result<std::vector<Json>> tracks = ParseV1Tracks(AsText(*trak_));
    if (!tracks.ok()) Warn(tracks.status());
    if (tracks.ok())
      for (const Json& track : tracks.value()) AddTrack(track, &list_);
  }
  if (meta_chunk_) TakeMeta(*meta_chunk_);
  meta_chunk_.reset();
  if (const auto found = meta_.find(kV1LogKey);
      found != meta_.end() && found->is_object() && found->contains("blocks")) {
    const Json log = std::move(*found);
    meta_.erase(kV1LogKey);
    const TrackList plain = list_;
    if (TakeLoggedTracks(log)) LoadLog(log["blocks"]);
    if (log_ && seekable_) MatchLog();
    if (!log_) list_ = plain;
  }
  if (seekable_) AddUnknownTracks();
}

// Replaces list_ by the full descriptions of the same tracks; what TRAK says otherwise is newer.
bool V1Reader::TakeLoggedTracks(const Json& log) {
  const auto given = log.find("tracks");
  if (given == log.end() || !given->is_array() || given->size() != list_.tracks.size())
    return false;
  TrackList full;
  for (const Json& description : *given) {
    Track track;
    if (!ReadTrack(description, &track).ok() || full.ids.Find(track.id) >= 0) return false;
    const int32_t plain = list_.ids.Find(track.id);
    if (plain < 0) return false;
    const Json short_form = V1Track(description);
    for (const auto& [key, value] : short_form.items())
      if (const Json& newer = list_.tracks[static_cast<size_t>(plain)].description[key];
          newer != value)
        track.description[key] = newer;
    full.ids.Add(track.id);
    full.tracks.push_back(std::move(track));
  }
  list_ = std::move(full);
  return true;
}

void V1Reader::LoadLog(const Json& pages) {
  const uint64_t most =
      seekable_ ? static_cast<uint64_t>(source_.Size()) / kMinCoreSize : kMaxStreamBlocks;
  log_.emplace();
  if (const Status status = log_->Load(pages, list_, most); !status.ok()) {
    Warn(status);
    log_.reset();
  } else if (!seekable_) {
    lost_.assign(log_->block_count(), false);
  }
}

// Blocks whose track TRAK does not have are data of a track that is made up for them.
void V1Reader::AddUnknownTracks() {
  std::vector<uint32_t> ordinals(kMaxTracks);
  for (Core& core : cores_) {
    core.track = list_.ids.Find(core.track_id);
    if (core.track < 0 && list_.tracks.size() < kMaxTracks) {
      Warn("TRAK does not have track " + std::to_string(core.track_id) + ", which has blocks");
      core.track = static_cast<int32_t>(list_.tracks.size());
      AddTrack({{"track_id", core.track_id}, {"kind", "data"}, {"codec", "none"}}, &list_);
    }
    if (core.track >= 0) core.ordinal = ordinals[static_cast<size_t>(core.track)]++;
  }
}

// Finds the blocks of the log in the file.
void V1Reader::MatchLog() {
  core_of_block_.assign(log_->block_count(), kNone);
  std::vector<Core> kept;
  for (const Core& core : cores_) {
    const size_t before = matched_;
    uint32_t number = MatchCore(core);
    if (number == kNone || matched_ != before + 1) {
      // Not the block that is due: damaged, or others before it are missing.
      bool whole = false;
      static_cast<void>(
          chunks_.IsWhole(core.offset, {kTagCore, core.flags, core.length}, &whole).ok());
      if (!whole) {
        matched_ = before;
        AddDamage(core.offset, WrongCrc(core.offset, kTagCore).message());
        continue;
      }
      if (number == kNone) {
        Warn("the block log in META is not that of this file's blocks; it is not used");
        log_.reset();
        core_of_block_.clear();
        return;
      }
    }
    core_of_block_[number] = static_cast<uint32_t>(kept.size());
    kept.push_back(core);
  }
  cores_ = std::move(kept);
  log_->DropFileOrder();
  std::ranges::sort(damage_, {}, &Damage::offset);
}

// The number of a block in the log, which is gone through in file order; kNone if it is not there.
uint32_t V1Reader::MatchCore(const Core& core) {
  const std::vector<V1BlockLog::Entry>& entries = log_->in_file_order();
  const std::pair<int64_t, uint32_t> key(ParseV1Flags(core.flags).pts_ms, core.track_id);
  for (size_t i = matched_; i < entries.size(); ++i) {
    const V1BlockLog::Entry& entry = entries[i];
    if (entry.key() > key) break;
    if (entry.key() == key && entry.size + kV1RoutingSize == core.length) {
      for (; !seekable_ && matched_ < i; ++matched_) lost_[entries[matched_].number] = true;
      matched_ = i + 1;
      return entry.number;
    }
  }
  return kNone;
}

}  // namespace h4mk
