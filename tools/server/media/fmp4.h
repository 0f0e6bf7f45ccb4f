// SPDX-License-Identifier: MIT
// CMAF (ISO/IEC 23000-19): header and segments of a track. A segment is a `moof` made from the
// index and spans of the file, one for each cluster, since a cluster keeps the bytes of a track
// together. Only what must be changed on the way (start codes, ADTS, compressed blocks, other
// files) is copied.
#ifndef H4MK_SERVER_MEDIA_FMP4_H_
#define H4MK_SERVER_MEDIA_FMP4_H_

#include <memory>
#include <string>
#include <vector>

#include "core/media_file.h"
#include "media/codec.h"
#include "media/segments.h"

namespace h4mk::server {

class BoxWriter;

// A block as a sample of MP4: times in ticks of the media's timeline, which begins at 0.
struct Sample {
  int64_t dts = 0;
  int64_t pts = 0;
  uint32_t duration = 0;
  uint32_t size = 0;
  bool is_key = false;
};

struct Samples {
  std::vector<Sample> list;
  Body data;
  uint64_t copied = 0;  // bytes of data that are in memory
};

// Of one answer. Blocks that cannot be sent as they stand in the file are copied: those that are
// compressed, encrypted or in another file, and those that MP4 has in another form.
constexpr uint64_t kMostCopied = 96 << 20;

// How the times of a track become those of its MP4 timeline.
struct Timeline {
  // Added to all times, so that none is negative; an edit list takes it off again. Negative
  // composition offsets would do without, but players that use FFmpeg show such video some frames
  // late.
  int64_t lead = 0;
  uint64_t timescale = 1;
  int64_t tick = 1;  // units of timescale a tick
};
Timeline TimelineOf(MediaFile& file, size_t track);

// The codec of a track, kept with the file. Throws HttpError 415, and 403 for an encrypted file.
std::shared_ptr<const CodecInfo> CodecOf(MediaFile& file, size_t track);

// The samples of some blocks, their checksums checked. Throws HttpError 422 if one is damaged, and
// if more than most_copied bytes must be copied.
Samples ReadSamples(MediaFile& file, size_t track, OrdinalRange range,
                    uint64_t most_copied = kMostCopied);

// When a track is shown: first nothing, then its media from media_time on.
struct Edit {
  uint64_t empty_ms = 0;
  int64_t media_time = 0;
};

// One `trak`, without sample tables or with those given. duration is that of the media.
void WriteTrackWithEdit(BoxWriter* w, MediaFile& file, size_t track, uint32_t number,
                        const std::function<void(BoxWriter*)>& tables, int64_t duration, Edit edit);

// ftyp and moov of one track.
std::string InitSegment(MediaFile& file, size_t track);
// moof and mdat. number: the sequence number of the fragment.
Body MediaSegment(MediaFile& file, size_t track, const Samples& samples, uint32_t number);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_FMP4_H_
