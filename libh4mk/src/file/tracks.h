// SPDX-License-Identifier: MIT
// core.md, "TRAK": the tracks of a file, each a JSON object of which this layer needs track_id and
// time_base.
#ifndef H4MK_FILE_TRACKS_H_
#define H4MK_FILE_TRACKS_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time_base.h"
#include "cluster/cluster_index.h"

namespace h4mk {

inline constexpr size_t kMaxTracks = 4096;
inline constexpr int64_t kMaxTrackId = 65535;

// How blocks of a track may be compressed; kUnknown: by what this library does not know.
enum class Compression { kNone, kZstd, kUnknown };

struct Track {
  uint32_t id = 0;
  TimeBase time_base;
  Compression compression = Compression::kNone;
  std::string unknown_requirement;  // of the key `requires`, the first; empty: all is understood
  Json description;
};

struct TrackList {
  std::vector<Track> tracks;
  TrackIds ids;
};

// The key of TRAK that says how.
inline constexpr const char* kCompressionKey = "compression";

// Checks a description and reads what this layer needs of it; the status names the key that is
// wrong.
Status ReadTrack(const Json& description, Track* track);

// Whether a track may get another description: track_id, time_base, compression and requires stay.
// kArgument.
Status CheckSameBlocks(const Track& old, const Track& changed);

// Whether a later TRAK may replace an earlier one: the same tracks, perhaps with more behind them.
// kCorrupt.
Status CheckLaterTracks(const TrackList& old, const TrackList& later, uint64_t offset);

// The contents of TRAK and META chunks that stand at an offset. kCorrupt.
Result<TrackList> ParseTracks(std::string_view text, uint64_t offset);
Result<Json> ParseMeta(std::string_view text, uint64_t offset);
std::string EncodeTracks(const std::vector<Track>& tracks);

// kLimit: readers would refuse this META (core.md, "Conventions" and "Limits"), so that a writer
// must not make it.
Status CheckMeta(const Json& meta);

// How much the descriptions in TRAK take of what it may hold.
struct TracksSize {
  size_t values = 3, bytes = 13;  // of {"tracks":[]}

  // Sets *changed to the size with one more description, and without another, null: none.
  Status With(const Json& added, const Json* removed, TracksSize* changed) const;
};

}  // namespace h4mk

#endif  // H4MK_FILE_TRACKS_H_
