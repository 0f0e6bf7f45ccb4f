// SPDX-License-Identifier: MIT
// Low-latency HLS of a growing file: a part is what a cluster has of a track.
#ifndef H4MK_SERVER_MEDIA_LIVE_H_
#define H4MK_SERVER_MEDIA_LIVE_H_

#include <string>
#include <vector>

#include "core/media_file.h"
#include "media/segments.h"

namespace h4mk::server {

// A file without an end that was written to in the last minute. One that was cut counts as ended,
// so that no playlist waits for what never comes; if it grows again it is live again.
bool IsLive(const MediaFile& file);

struct MediaPart {
  OrdinalRange blocks;
  int64_t start = 0, end = 0;  // ticks
  bool independent = false;
};
struct PartList {
  size_t segment = 0;
  std::vector<MediaPart> parts;
};

// The parts of a segment, which may still be open. Kept with the file.
std::shared_ptr<const PartList> PartsOf(MediaFile& file, size_t track, const SegmentTable& table,
                                        size_t segment);
// Those of the last segments, as playlists name them.
std::vector<PartList> RecentParts(MediaFile& file, size_t track, const SegmentTable& table);

// skip_until: microseconds before the end that a delta update has at least.
std::string LiveHeader(const std::vector<PartList>& parts, const TrackInfo& track,
                       int64_t skip_until);
// The lines of one segment's parts; behind those of the last segment the hint to what comes next.
void AppendParts(const std::vector<PartList>& parts, size_t segment, const std::string& folder,
                 const TrackInfo& track, std::string* text);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_LIVE_H_
