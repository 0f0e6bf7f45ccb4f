// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_file_writer.h"

#include "base/fault.h"
#include "chunk/chunk_format.h"
#include "chunk/chunk_reader.h"
#include "legacy/v1/v1_block.h"
#include "legacy/v1/v1_tracks.h"

namespace h4mk {
namespace {

constexpr TimeBase kMilliseconds = {1, 1000};
constexpr uint32_t kMaxKeys = 65535;  // of a track: its seek table counts with 16 bits

bool IsMilliseconds(TimeBase time_base) {
  return time_base.num == kMilliseconds.num && time_base.den == kMilliseconds.den;
}

// Whether the seven keys of version 1 say all that a description does.
bool IsPlain(const Track& track) {
  const Json plain = V1Track(track.description);
  for (const auto& [key, value] : track.description.items()) {
    if (key == "time_base") continue;
    if (const auto kept = plain.find(key); kept == plain.end() || *kept != value) return false;
  }
  return IsMilliseconds(track.time_base);
}

// A block that version 1 keeps whole. Without dts the order of decoding is not known, so that it
// cannot be lost.
bool IsPlain(const Block& block) {
  const bool is_key = block.flags & kBlockKey;
  const uint32_t others = block.flags & ~(kBlockTypeMask | kBlockKey);
  return block.pts != kNoTime && block.dts == kNoTime && block.duration == 0 && others == 0 &&
         is_key == ((block.flags & kBlockTypeMask) == kV1TypeI) && block.side_data.empty();
}

}  // namespace

Status V1FileWriter::AddTrack(const Json& description, uint32_t* track) {
  if (started_) return Status(Code::kState, "tracks cannot be added after the first block");
  if (tracks_.size() == kMaxTracks)
    return Status(Code::kLimit, "more than " + std::to_string(kMaxTracks) + " tracks");
  if (const auto id = description.find("track_id");
      id != description.end() && id->is_number_integer())
    H4MK_TRY(CheckV1TrackId(id->get<int64_t>()));
  Track added;
  H4MK_TRY(ReadTrack(description, &added));
  if (ids_.Find(added.id) >= 0)
    return Fault("duplicate_track", "two tracks with track_id " + std::to_string(added.id),
                 Code::kArgument);
  ids_.Add(added.id);
  log_.AddTrack(added.id);
  clocks_.emplace_back(added.time_base);
  key_counts_.push_back(0);
  *track = static_cast<uint32_t>(tracks_.size());
  tracks_.push_back(std::move(added));
  return {};
}

Status V1FileWriter::UpdateTrack(uint32_t track, const Json& description) {
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  Track changed;
  H4MK_TRY(ReadTrack(description, &changed));
  H4MK_TRY(CheckSameBlocks(tracks_[track], changed));
  tracks_[track] = std::move(changed);
  return {};
}

Status V1FileWriter::SetAttachment(uint32_t track, ByteSpan bytes) {
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  if (bytes.size() > kMaxBlockSize) return Status(Code::kLimit, "attachment larger than 1 GiB");
  attachments_[track].assign(bytes.begin(), bytes.end());
  return {};
}

Status V1FileWriter::SetMeta(const Json& meta) {
  if (!meta.is_object()) return Status(Code::kArgument, "metadata is no JSON object");
  if (meta.contains(kV1LogKey))
    return Status(Code::kArgument,
                  std::string("the key \"") + kV1LogKey + "\" of META is version 1's block log");
  meta_ = meta;
  return {};
}

Status V1FileWriter::AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) {
  if (finished_) return Status(Code::kState, "the file is finished");
  if (tag == kTagMeta && flags == 0) {
    contents_.sidecars[tag] = Keep(payload);
    return {};
  }
  if (!IsPlausibleTag(tag) || tag == kTagTracks || tag == kTagMeta || tag == kTagCore ||
      tag == kTagIndex || tag == kTagAttachment)
    return Status(Code::kArgument, "chunk " + TagText(tag) + " cannot be added");
  const ByteSpan kept = Keep(payload);
  // The first of each sidecar has its place; all others follow in their order.
  if (!IsV1Sidecar(tag) || flags != 0 || !contents_.sidecars.emplace(tag, kept).second)
    contents_.extra.push_back({tag, flags, kept});
  return {};
}

Status V1FileWriter::Write(const Block& block) {
  if (half_done_) return Status(Code::kMemory, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  H4MK_TRY(CheckBlock(block, tracks_.size()));
  if (block.flags & (kBlockEncrypted | kBlockExternal))
    return Status(Code::kArgument,
                  "only files of version 2 hold encrypted blocks and blocks in other files");
  started_ = true;
  V1Block row;
  row.track_id = ids_.id(block.track);
  row.pts_ms = clocks_[block.track].TimeMs(block.pts, block.dts);
  row.type = V1TypeOf(block.flags);
  if (const Result<uint32_t> flags = MakeV1Flags(row.pts_ms, row.type); !flags.ok())
    return Status(Code::kLimit,
                  flags.status().message() + ", block of track " + std::to_string(row.track_id));
  if (row.type == kV1TypeI && key_counts_[block.track]++ == kMaxKeys)
    return Fault("too_many_seek_entries",
                 "more than 65535 key blocks in track " + std::to_string(row.track_id) +
                     "; a seek table of version 1 holds no more",
                 Code::kLimit);
  core_bytes_ += block.data.size() + kV1RoutingSize + kChunkOverhead;
  if (core_bytes_ > UINT32_MAX)
    return Fault("short_or_out_of_range_struct",
                 "a file of version 1 cannot be larger than 4 GiB, its offsets have 32 bits",
                 Code::kLimit);
  half_done_ = true;  // running out of memory is final
  row.data = Keep(block.data);
  contents_.blocks.push_back(row);
  log_.Add(block);
  blocks_need_log_ = blocks_need_log_ || !IsPlain(block);
  half_done_ = false;
  return {};
}

bool V1FileWriter::NeedsLog() const {
  bool needed = blocks_need_log_;
  for (const Track& track : tracks_) needed = needed || !IsPlain(track);
  return needed;
}

// META as given; with the block log where the file needs it.
Status V1FileWriter::AddMeta() {
  const auto given = contents_.sidecars.find(kTagMeta);
  const bool has_bytes = given != contents_.sidecars.end();
  if (!NeedsLog()) {
    if (meta_ && !has_bytes) contents_.sidecars[kTagMeta] = Keep(AsBytes(DumpJson(*meta_)));
    return {};
  }
  Json meta = meta_.value_or(Json::object());
  if (has_bytes) {
    Result<Json> parsed = ParseJson(AsText(given->second), 0, "META");
    if (!parsed.ok() || !parsed.value().is_object() || parsed.value().contains(kV1LogKey))
      return Status(Code::kArgument, "META is no JSON object that the block log can be added to");
    meta = std::move(parsed.value());
  }
  Json& log = meta[kV1LogKey] = Json::object();
  log["tracks"] = Json::array();
  for (const Track& track : tracks_) log["tracks"].push_back(track.description);
  log["blocks"] = log_.Finish();
  const std::string text = DumpJson(meta);
  if (text.size() > kMaxSmallChunk)
    return Status(Code::kLimit, "the block log makes META larger than 64 MiB");
  contents_.sidecars[kTagMeta] = Keep(AsBytes(text));
  return {};
}

Status V1FileWriter::Finish() {
  if (half_done_) return Status(Code::kMemory, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  finished_ = true;
  for (const Track& track : tracks_) contents_.tracks.push_back(V1Track(track.description));
  H4MK_TRY(AddMeta());
  for (const auto& [track, bytes] : attachments_) {
    Bytes payload;  // core.md, "Chunk": ATTA
    AppendVarint(payload, ids_.id(track));
    AppendBytes(payload, bytes);
    contents_.extra.push_back({kTagAttachment, 0, Keep(payload)});
  }
  return WriteV1(std::move(contents_), sink_);
}

Status V1FileWriter::FrontIndex(Bytes*, uint32_t*) const {
  return Status(Code::kState, "version 1 has no index that could stand at the front");
}

}  // namespace h4mk
