// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_tracks.h"

#include <algorithm>
#include <iterator>

#include "base/fault.h"
#include "legacy/python_json.h"

namespace h4mk {
namespace {

struct V1Key {
  const char* name;
  bool is_required;
  bool is_number;
  int64_t if_missing = 0;  // of a number; a text is empty
};
constexpr V1Key kV1Keys[] = {{"track_id", true, true},
                             {"name", true, false},
                             {"kind", true, false},
                             {"codec", true, false},
                             {"sample_rate", false, true, 48000},
                             {"channels", false, true, 1},
                             {"note", false, false}};

Status NotObject(const char* what) {
  return Fault("json_not_object", std::string("TRAK: ") + what + " is no JSON object");
}

Status ParseTrack(const Json& given, Json* track) {
  if (!given.is_object()) return NotObject("a track");
  for (const auto& [key, value] : given.items())
    if (std::ranges::find(kV1Keys, key, &V1Key::name) == std::end(kV1Keys))
      return Fault("track_unknown_key", "TRAK: a track has the key \"" + key + "\"");
  for (const V1Key& key : kV1Keys) {
    const auto member = given.find(key.name);
    if (member != given.end())
      (*track)[key.name] = *member;
    else if (key.is_required)
      return Fault("track_missing_key", std::string("TRAK: a track lacks \"") + key.name + "\"");
    else
      (*track)[key.name] = key.is_number ? Json(key.if_missing) : Json("");
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
  return DumpPythonJson(Json{{"tracks", Json(tracks)}}, JsonStyle::kSpaced);
}

Json V1Track(const Json& description) {
  Json track = Json::object();
  for (const V1Key& key : kV1Keys) {
    const auto member = description.find(key.name);
    const bool fits = member != description.end() &&
                      (key.is_number ? member->is_number_integer() : member->is_string());
    track[key.name] = fits ? *member : key.is_number ? Json(0) : Json("");
  }
  return track;
}

}  // namespace h4mk
