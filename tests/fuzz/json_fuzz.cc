// SPDX-License-Identifier: MIT
//
// JSON as TRAK and META hold it. What can be read is written again and must then be read the same.

#include <h4mk/h4mk.h>

#include "base/base64.h"
#include "file/tracks.h"
#include "fuzz/fuzz.h"
#include "legacy/v1/v1_tracks.h"

using namespace h4mk;  // NOLINT: a test

namespace {

void CheckJson(std::string_view text) {
  const Result<Json> value = ParseJson(text, 0, "JSON");
  if (!value.ok()) return;
  const std::string dumped = DumpJson(value.value());
  const Result<Json> again = ParseJson(dumped, 0, "JSON");
  FUZZ_CHECK(again.ok() && DumpJson(again.value()) == dumped);
}

void CheckTracks(std::string_view text) {
  const Result<TrackList> list = ParseTracks(text, 0);
  if (!list.ok()) return;
  FUZZ_CHECK(list.value().tracks.size() == list.value().ids.size());
  for (const Track& track : list.value().tracks) {
    FUZZ_CHECK(track.time_base.num >= 1 && track.time_base.den >= 1);
    FUZZ_CHECK(track.id <= kMaxTrackId);
  }
  const Result<TrackList> again = ParseTracks(EncodeTracks(list.value().tracks), 0);
  FUZZ_CHECK(again.ok() && again.value().tracks.size() == list.value().tracks.size());
}

void CheckV1Tracks(std::string_view text) {
  const Result<std::vector<Json>> tracks = ParseV1Tracks(text);
  if (tracks.ok())
    for (const Json& track : tracks.value()) FUZZ_CHECK(track.is_object() && track.size() == 7);
}

void CheckValue(const char* text, size_t size) {
  h4mk_value* value = nullptr;
  if (h4mk_value_from_json(text, size, &value) == H4MK_OK) h4mk_value_to_json(value);
  h4mk_value_free(value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  CheckJson(text);
  CheckTracks(text);
  CheckV1Tracks(text);
  CheckValue(text.data(), text.size());
  Bytes bytes;
  if (DecodeBase64(text, &bytes)) FUZZ_CHECK(EncodeBase64(bytes).size() == text.size());
  return 0;
}
