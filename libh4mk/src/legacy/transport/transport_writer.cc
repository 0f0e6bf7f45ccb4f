// SPDX-License-Identifier: MIT
#include "legacy/transport/transport_writer.h"

#include <algorithm>
#include <set>

#include "base/fault.h"
#include "chunk/chunk_format.h"
#include "legacy/run_length.h"

namespace h4mk {
namespace {

constexpr TimeBase kMicroseconds = {1, 1000000};
constexpr auto kUnknown = static_cast<uint64_t>(kNoTime);

Status BadTime() {
  return Fault("pts_range",
               "block without a time, or before 0; the transport dialect has unsigned times",
               Code::kLimit);
}

std::string NameOf(const Track& track) { return track.description["name"]; }

// What a track is called in the file.
std::string TransportId(const Track& track) {
  const std::string name = NameOf(track);
  return name.empty() ? std::to_string(track.id) : name;
}

}  // namespace

bool TransportWriter::is_unnamed() const {
  return tracks_.size() == 1 && NameOf(tracks_[0]).empty();
}

Status TransportWriter::AddTrack(const Json& description, uint32_t* track) {
  if (!coded_.empty()) return Status(Code::kState, "tracks cannot be added after the first block");
  if (tracks_.size() == kMaxTracks)
    return Status(Code::kLimit, "more than " + std::to_string(kMaxTracks) + " tracks");
  Track added;
  H4MK_TRY(ReadTrack(description, &added));
  *track = static_cast<uint32_t>(tracks_.size());
  tracks_.push_back(std::move(added));
  return {};
}

Status TransportWriter::UpdateTrack(uint32_t track, const Json&) {
  if (track >= tracks_.size()) return Status(Code::kArgument, "no such track");
  return {};  // of a description only the name is kept, which blocks refer to
}

Status TransportWriter::SetAttachment(uint32_t, ByteSpan) {
  return Status(Code::kArgument, "the transport dialect has no attachments");
}

Status TransportWriter::SetMeta(const Json& meta) {
  if (!meta.is_object()) return Status(Code::kArgument, "metadata is no JSON object");
  contents_.meta = meta;
  return {};
}

Status TransportWriter::AddChunk(uint32_t tag, uint32_t, ByteSpan payload) {
  if (tag != kTagSafe)
    return Status(Code::kArgument,
                  "chunk " + TagText(tag) + " cannot be added to a file of the transport dialect");
  Result<Json> safe = ParseJson(AsText(payload), 0, "SAFE");
  if (!safe.ok()) return Status(Code::kArgument, safe.status().message());
  contents_.safe = std::move(safe.value());
  return {};
}

Status TransportWriter::Write(const Block& block) {
  if (half_done_) return Status(Code::kMemory, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  H4MK_TRY(CheckBlock(block, tracks_.size()));
  if (block.flags & (kBlockEncrypted | kBlockExternal))
    return Status(Code::kArgument,
                  "only files of version 2 hold encrypted blocks and blocks in other files");
  const int64_t time = SeekTime(block.pts, block.dts);
  const int64_t pts_us =
      time == kNoTime ? kNoTime : Rescale(time, tracks_[block.track].time_base, kMicroseconds);
  const bool may_lack_time = is_unnamed() && !(block.flags & kBlockKey);
  if (pts_us < 0 && !(pts_us == kNoTime && may_lack_time)) return BadTime();
  H4MK_ASSIGN(Bytes coded, EncodeRunLength(block.data));
  const bool is_key = block.flags & kBlockKey;
  half_done_ = true;  // running out of memory is final
  entries_.push_back({TransportId(tracks_[block.track]), static_cast<uint64_t>(pts_us),
                      std::string(1, "IPB"[block.flags & kBlockTypeMask]), is_key, coded_.size()});
  if (is_unnamed() && is_key)
    contents_.seek.push_back({static_cast<uint64_t>(pts_us), plain_size_});
  plain_size_ += block.data.size();
  contents_.blocks.push_back(coded_.emplace_back(std::move(coded)));
  half_done_ = false;
  return {};
}

// Whether SEEK and fps_hint say all that there is to say of the blocks' times, as in exports.
bool TransportWriter::IsExport() const {
  if (!is_unnamed()) return false;
  const auto duration_us = static_cast<uint64_t>(TransportDuration(contents_.meta));
  for (size_t i = 0; i < entries_.size(); ++i)
    if (!entries_[i].keyframe && entries_[i].pts_us != (duration_us ? i * duration_us : kUnknown))
      return false;
  return true;
}

Status TransportWriter::Finish() {
  if (half_done_) return Status(Code::kMemory, "an earlier write failed");
  if (finished_) return Status(Code::kState, "the file is finished");
  finished_ = true;
  std::ranges::stable_sort(contents_.seek, {}, &TransportSeekEntry::pts_us);
  if (!IsExport()) {
    for (const TransportTrackEntry& entry : entries_)
      if (entry.pts_us == kUnknown) return BadTime();
    std::set<std::string> ids;
    for (const Track& track : tracks_)
      if (!ids.insert(TransportId(track)).second)
        return Fault("duplicate_track",
                     "two tracks have one name, which is their id in this dialect",
                     Code::kArgument);
    contents_.seek.clear();
    H4MK_ASSIGN(contents_.meta, AddTrackIndex(std::move(contents_.meta), entries_));
  }
  contents_.secret = secret_.bytes();
  return WriteTransport(contents_, sink_);
}

Status TransportWriter::FrontIndex(Bytes*, uint32_t*) const {
  return Status(Code::kState, "the transport dialect has no index that could stand at the front");
}

}  // namespace h4mk
