// SPDX-License-Identifier: MIT
// legacy.md, "Version 1": TRAK, whose tracks have seven keys and no others.
#ifndef H4MK_LEGACY_V1_V1_TRACKS_H_
#define H4MK_LEGACY_V1_V1_TRACKS_H_

#include <string>
#include <vector>

#include "base/json.h"

namespace h4mk {

// Tracks as objects of the seven keys in their order, defaults filled in. Types are not checked.
// bad_json, json_not_object, track_missing_key, track_unknown_key.
Result<std::vector<Json>> ParseV1Tracks(std::string_view text);

// REQUIRES: objects of the seven keys, as V1Track() makes them.
std::string EncodeV1Tracks(const std::vector<Json>& tracks);

// What version 1 can say of a track: the seven keys of a description, texts and integers with
// defaults where it has others.
Json V1Track(const Json& description);

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_TRACKS_H_
