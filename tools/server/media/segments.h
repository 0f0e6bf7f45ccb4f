// SPDX-License-Identifier: MIT
// Where the segments of a track begin and end. Times are exact: they are those of blocks, in ticks.
//
// The grid is that of the first video track: a segment begins at its first key block that is shown
// 4 seconds or more behind the begin of the segment before. All other tracks are cut at the first
// block that is not shown before the begin of a segment. A file without video is cut every 4
// seconds. While a file grows the segments that were there stay what they were.
#ifndef H4MK_SERVER_MEDIA_SEGMENTS_H_
#define H4MK_SERVER_MEDIA_SEGMENTS_H_

#include <memory>
#include <vector>

#include "core/media_file.h"

namespace h4mk::server {

constexpr int64_t kSegmentSeconds = 4;
constexpr size_t kMostSegments = 100'000;  // 100 hours of 4 s: 90,000

struct Segment {
  int64_t start = 0;   // time of the first block, in the track's ticks
  uint64_t frame = 0;  // frame number of that block (tracks of key blocks only)
};

struct SegmentTable {
  std::vector<Segment> segments;
  int64_t end = 0;  // of the last one
  bool key_blocks_only = false;
  // Segments that will not change any more: all of a closed file; of a growing one the last one is
  // still open.
  size_t complete = 0;

  int64_t DurationOf(size_t i) const {
    return (i + 1 < segments.size() ? segments[i + 1].start : end) - segments[i].start;
  }
};

// Index of the track whose key blocks make the grid; tracks().size() if there is nothing to play.
size_t GridTrack(const MediaFile& file);

// Throws HttpError. Kept with the file.
std::shared_ptr<const SegmentTable> SegmentsOf(MediaFile& file, size_t track);

// Key blocks of a video track, in the order of time: for I-frame playlists.
struct KeyFrames {
  std::vector<int64_t> times;
  int64_t end = 0;
};
std::shared_ptr<const KeyFrames> KeyFramesOf(MediaFile& file, size_t track);

// The blocks of segment i in the order of the file: ordinals [first, last).
struct OrdinalRange {
  uint64_t first = 0, last = 0;
  int64_t next_dts = H4MK_NO_TIME;  // of the block `last`, if that is known
};
OrdinalRange BlocksOf(const MediaFile::Lease& lease, const MediaFile& file, size_t track,
                      const SegmentTable& table, size_t segment);

// A time in microseconds, rounded down: differences of these add up to the length of the film,
// whatever the time base is.
int64_t Microseconds(int64_t ticks, const TrackInfo& track);
// Microseconds as seconds with six decimals, as playlists have them; none is negative.
void AppendSeconds(int64_t microseconds, std::string* text);
std::string SecondsText(int64_t microseconds);

// a ticks of one track in ticks of another, rounded down.
int64_t Rescale(int64_t ticks, const TrackInfo& from, const TrackInfo& to);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_SEGMENTS_H_
