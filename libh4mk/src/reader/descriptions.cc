// SPDX-License-Identifier: MIT
#include "reader/descriptions.h"

#include <algorithm>

#include "file/file_reader.h"

namespace h4mk {

Status Descriptions::Attachment(size_t track, ByteSpan* bytes) const {
  const auto known = attachments_.find(list_.ids.id(track));
  if (known == attachments_.end()) return Status(Code::kNotFound, "track has no attachment");
  *bytes = known->second;
  return {};
}

Status Descriptions::UseFront(uint64_t offset, uint32_t tag, ByteSpan payload, uint32_t crc) {
  if (tag == kTagTracks) {
    trak_ = {offset, crc};
    return SetTracks(offset, payload);
  }
  if (tag == kTagMeta) {
    meta_chunk_ = {offset, crc};
    SetMeta(offset, payload);
  } else if (tag == kTagAttachment) {
    AddAttachment(offset, payload);
  }
  return {};
}

Status Descriptions::UseNamed(uint64_t trak, uint64_t meta) {
  Bytes payload;
  uint32_t crc = 0;
  if (trak != 0 && (trak != trak_.offset || !has_tracks_)) {
    const Status status = chunks_.ReadChunk(trak, kTagTracks, &payload, &crc);
    if (status.code() == Code::kIo || (!status.ok() && !has_tracks_)) return status;
    if (!status.ok()) warnings_.Add(status);
    if (status.ok() && (crc != trak_.crc || !has_tracks_)) H4MK_TRY(SetTracks(trak, payload));
  }
  if (meta != 0 && meta != meta_chunk_.offset) {
    const Status status = chunks_.ReadChunk(meta, kTagMeta, &payload, &crc);
    if (status.code() == Code::kIo) return status;
    if (!status.ok()) warnings_.Add(status);
    if (status.ok() && crc != meta_chunk_.crc) SetMeta(meta, payload);
  }
  return {};
}

Status Descriptions::ReadLater(uint64_t offset, uint32_t tag, std::optional<Pending>* chunk) {
  Pending read{offset, {}};
  const Status status = chunks_.ReadChunk(offset, tag, &read.payload);
  if (status.code() == Code::kIo) return status;
  if (status.ok())
    *chunk = std::move(read);
  else
    warnings_.Add(status);
  return {};
}

Status Descriptions::UseLater(uint64_t trak, uint64_t meta) {
  std::optional<Pending> later_trak, later_meta;
  if (trak != 0 && trak != trak_.offset) H4MK_TRY(ReadLater(trak, kTagTracks, &later_trak));
  if (meta != 0 && meta != meta_chunk_.offset) H4MK_TRY(ReadLater(meta, kTagMeta, &later_meta));
  if (const Status status = Use(later_trak, later_meta); !status.ok()) warnings_.Add(status);
  return {};
}

void Descriptions::AddPending(uint64_t offset, uint32_t tag, Bytes payload) {
  if (tag == kTagMeta && offset > meta_chunk_.offset)
    pending_meta_ = {offset, std::move(payload)};
  else if (tag == kTagTracks && offset > trak_.offset)
    pending_tracks_ = {offset, std::move(payload)};
}

void Descriptions::UsePending(uint64_t until, bool is_all) {
  // What is checked must fit the other one, which may be the next chunk. One that does not fit
  // would be parsed once more for each chunk behind it.
  if (check_ && !is_all) return;
  std::optional<Pending> none;
  const auto before = [&](std::optional<Pending>& pending) -> std::optional<Pending>& {
    return pending && pending->offset < until ? pending : none;
  };
  std::optional<Pending>&trak = before(pending_tracks_), &meta = before(pending_meta_);
  if (!trak && !meta) return;
  const Status status = Use(trak, meta);
  if (!status.ok() && !is_all) return;
  if (!status.ok()) warnings_.Add(status);
  trak.reset();
  meta.reset();
}

template <typename T>
std::optional<T> Descriptions::OrWarn(Result<T> result) {
  if (result.ok()) return std::optional<T>(std::in_place, std::move(result.value()));
  warnings_.Add(result.status());
  return std::nullopt;
}

// core.md, "TRAK": a later one may add tracks.
Result<TrackList> Descriptions::ParseLater(const Pending& trak) const {
  Result<TrackList> list = ParseTracks(AsText(trak.payload), trak.offset);
  if (!list.ok()) return list;
  const Status status = CheckLaterTracks(list_, list.value(), trak.offset);
  return status.ok() ? std::move(list) : status;
}

// Both are checked together, since only the two of them are authentic. One that cannot be read does
// not cost the other. What stays is not copied: a file may change the one at every cluster, and
// have much of the other.
Status Descriptions::Use(const std::optional<Pending>& trak, const std::optional<Pending>& meta) {
  std::optional<TrackList> list;
  std::optional<Json> object;
  if (trak) list = OrWarn(ParseLater(*trak));
  if (meta) object = OrWarn(ParseMeta(AsText(meta->payload), meta->offset));
  if (check_ && (list || object))
    H4MK_TRY(check_(list ? list->tracks : list_.tracks, object ? *object : meta_));
  if (list) {
    TakeList(std::move(*list));
    trak_.offset = trak->offset;
    changes_ |= FileReader::kChangedTracks;
  }
  if (object) TakeMeta(meta->offset, std::move(*object));
  return {};
}

Status Descriptions::SetTracks(uint64_t offset, ByteSpan payload) {
  H4MK_ASSIGN(TrackList list, ParseTracks(AsText(payload), offset));
  TakeList(std::move(list));
  has_tracks_ = true;
  return {};
}

void Descriptions::TakeList(TrackList list) {
  list_ = std::move(list);
  has_unknown_requirement_ = std::ranges::any_of(
      list_.tracks, [](const Track& track) { return !track.unknown_requirement.empty(); });
}

void Descriptions::SetMeta(uint64_t offset, ByteSpan payload) {
  Result<Json> meta = ParseMeta(AsText(payload), offset);
  if (!meta.ok()) return warnings_.Add(meta.status());
  TakeMeta(offset, std::move(meta.value()));
}

void Descriptions::TakeMeta(uint64_t offset, Json meta) {
  meta_ = std::move(meta);
  meta_chunk_.offset = offset;
  changes_ |= FileReader::kChangedMeta;
}

void Descriptions::AddAttachment(uint64_t offset, ByteSpan payload) {
  ByteReader reader(payload);
  const uint64_t track_id = reader.Varint();
  if (reader.failed() || track_id > kMaxTrackId)
    return warnings_.Add(
        offset, "attachment at byte " + std::to_string(offset) + " names no track; it is left out");
  attachments_[static_cast<uint32_t>(track_id)].assign(reader.data(),
                                                       reader.data() + reader.left());
}

void Descriptions::CheckAttachments() {
  for (const auto& [track_id, bytes] : attachments_)
    if (list_.ids.Find(track_id) < 0)
      warnings_.Add(Status(Code::kCorrupt, "attachment of track " + std::to_string(track_id) +
                                               ", which TRAK does not have; it is left out"));
}

}  // namespace h4mk
