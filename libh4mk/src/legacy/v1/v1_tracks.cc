// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_tracks.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "legacy/python_json.h"

namespace h4mk {
namespace {

constexpr std::array kKeys = {"track_id",    "name",     "kind", "codec",
                              "sample_rate", "channels", "note"};
constexpr size_t kRequiredKeys = 4;

Json Default(size_t key) {
  switch (key) {
    case 4:
      return 48000;
    case 5:
      return 1;
    default:
      return "";
  }
}

Status NotObject(const char* what) {
  return Fault("json_not_object", std::string("TRAK: ") + what + " is no JSON object");
}

Status ParseTrack(const Json& given, Json* track) {
  if (!given.is_object()) return NotObject("a track");
  for (const auto& [key, value] : given.items())
    if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end())
      return Fault("track_unknown_key", "TRAK: a track has the key \"" + key + "\"");
  for (size_t i = 0; i < kKeys.size(); ++i) {
    const auto member = given.find(kKeys[i]);
    if (member == given.end() && i < kRequiredKeys)
      return Fault("track_missing_key", std::string("TRAK: a track lacks \"") + kKeys[i] + "\"");
    (*track)[kKeys[i]] = member == given.end() ? Default(i) : *member;
  }
  return {};
}

}  // namespace

Result<std::vector<Json>> ParseV1Tracks(std::string_view text) {
  if (!IsUtf8(text)) return Fault("bad_json", "TRAK is not UTF-8");
  Result<Json> root = ParseLegacyJson(text, "TRAK");
  if (!root.ok()) return Fault("bad_json", "TRAK is no JSON text of allowed depth and size");
  if (!root.value().is_object()) return NotObject("it");
  std::vector<Json> tracks;
  const auto list = root.value().find("tracks");
  if (list == root.value().end()) return tracks;
  if (!list->is_array()) return NotObject("each of \"tracks\"");
  for (const Json& given : *list) {
    Json& track = tracks.emplace_back(Json::object());
    H4MK_TRY(ParseTrack(given, &track));
  }
  return tracks;
}

std::string EncodeV1Tracks(const std::vector<Json>& tracks) {
  Json list = Json::array();
  for (const Json& track : tracks) list.push_back(track);
  return DumpPythonJson(Json{{"tracks", std::move(list)}}, JsonStyle::kSpaced);
}

Json V1Track(const Json& description) {
  Json track = Json::object();
  for (size_t i = 0; i < kKeys.size(); ++i) {
    const auto member = description.find(kKeys[i]);
    const bool is_number = i == 0 || i == 4 || i == 5;
    const bool fits = member != description.end() &&
                      (is_number ? member->is_number_integer() : member->is_string());
    track[kKeys[i]] = fits ? *member : is_number ? Json(0) : Json("");
  }
  return track;
}

}  // namespace h4mk
