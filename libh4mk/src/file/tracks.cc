// SPDX-License-Identifier: MIT
#include "file/tracks.h"

#include "chunk/chunk_reader.h"

namespace h4mk {
namespace {

// core.md, "TRAK": the first of the names in `requires`. This library knows none.
std::string UnknownRequirement(const Json& description) {
  const auto names = description.find("requires");
  if (names == description.end()) return "";
  if (!names->is_array()) return DumpJson(*names);
  if (names->empty()) return "";
  return names->front().is_string() ? names->front().get<std::string>() : DumpJson(names->front());
}

}  // namespace

Status ReadTrack(const Json& description, Track* track) {
  if (!description.is_object()) return Status(Code::kArgument, "track is no JSON object");
  for (const char* key : {"track_id", "name", "kind", "codec", "time_base"})
    if (!description.contains(key))
      return Status(Code::kArgument, std::string("track lacks the key \"") + key + "\"");
  for (const char* key : {"name", "kind", "codec"})
    if (!description[key].is_string())
      return Status(Code::kArgument, std::string("the key \"") + key + "\" of a track is no text");
  const Json& id = description["track_id"];
  if (!id.is_number_integer() || id < 0 || id > kMaxTrackId)
    return Status(Code::kArgument, "track_id is not in 0 to 65535");
  const Json& time_base = description["time_base"];
  if (!time_base.is_string() ||
      !ParseTimeBase(time_base.get_ref<const std::string&>(), &track->time_base))
    return Status(Code::kArgument, "time_base is not \"num/den\" with both from 1 to 2^31 - 1");
  const auto compression = description.find(kCompressionKey);
  if (compression != description.end())
    track->compression = *compression == "zstd" ? Compression::kZstd : Compression::kUnknown;
  track->unknown_requirement = UnknownRequirement(description);
  track->id = id.get<uint32_t>();
  track->description = description;
  return {};
}

Status CheckSameBlocks(const Track& old, const Track& changed) {
  if (changed.id != old.id || changed.time_base.num != old.time_base.num ||
      changed.time_base.den != old.time_base.den || changed.compression != old.compression ||
      changed.unknown_requirement != old.unknown_requirement)
    return Status(Code::kArgument,
                  "track_id, time_base, compression and requires of a track cannot change");
  return {};
}

Status CheckLaterTracks(const TrackList& old, const TrackList& later, uint64_t offset) {
  if (later.tracks.size() < old.tracks.size())
    return Corrupt(offset, "TRAK has fewer tracks than the one before");
  for (size_t i = 0; i < old.tracks.size(); ++i) {
    if (later.tracks[i].id != old.tracks[i].id)
      return Corrupt(offset, "TRAK contradicts the one before (track " +
                                 std::to_string(old.tracks[i].id) + " has another place)");
    if (const Status status = CheckSameBlocks(old.tracks[i], later.tracks[i]); !status.ok())
      return Corrupt(offset, "TRAK contradicts the one before (" + status.message() + ")");
  }
  return {};
}

Result<TrackList> ParseTracks(std::string_view text, uint64_t offset) {
  H4MK_ASSIGN(Json root, ParseJson(text, offset, "TRAK"));
  if (!root.is_object() || !root.contains("tracks") || !root["tracks"].is_array())
    return Corrupt(offset, "TRAK is no object with an array \"tracks\"");
  TrackList list;
  for (Json& description : root["tracks"]) {
    Track track;
    if (const Status status = ReadTrack(description, &track); !status.ok())
      return Corrupt(offset, "TRAK: " + status.message());
    if (list.ids.Find(track.id) >= 0)
      return Corrupt(offset, "TRAK has two tracks with track_id " + std::to_string(track.id));
    if (list.tracks.size() == kMaxTracks) return Corrupt(offset, "TRAK has too many tracks");
    list.ids.Add(track.id);
    list.tracks.push_back(std::move(track));
  }
  return list;
}

Result<Json> ParseMeta(std::string_view text, uint64_t offset) {
  Result<Json> meta = ParseJson(text, offset, "META");
  if (meta.ok() && !meta.value().is_object()) return Corrupt(offset, "META is no JSON object");
  return meta;
}

Status CheckMeta(const Json& meta) {
  size_t values = 0;
  H4MK_TRY(MeasureJson(meta, 0, "metadata", &values));
  if (values > kMaxJsonValues || DumpJson(meta).size() > kMaxSmallChunk)
    return Status(Code::kLimit, "metadata is larger than a file can hold");
  return {};
}

Status TracksSize::With(const Json& added, const Json* removed, TracksSize* changed) const {
  TracksSize size = *this;
  H4MK_TRY(MeasureJson(added, 2, "the description of a track", &size.values));
  size.bytes += DumpJson(added).size() + 1;
  if (removed != nullptr) {
    size_t less = 0;
    H4MK_TRY(MeasureJson(*removed, 2, "the description of a track", &less));
    size.values -= less;
    size.bytes -= DumpJson(*removed).size() + 1;
  }
  if (size.values > kMaxJsonValues || size.bytes > kMaxSmallChunk)
    return Status(Code::kLimit, "the descriptions of the tracks are larger than a file can hold");
  *changed = size;
  return {};
}

std::string EncodeTracks(const std::vector<Track>& tracks) {
  Json root = Json::object();
  Json& list = root["tracks"] = Json::array();
  for (const Track& track : tracks) list.push_back(track.description);
  return DumpJson(root);
}

}  // namespace h4mk
