// SPDX-License-Identifier: MIT
// Playlists of HLS (RFC 8216bis) and the manifest of DASH (ISO/IEC 23009-1).
#ifndef H4MK_SERVER_MEDIA_HLS_H_
#define H4MK_SERVER_MEDIA_HLS_H_

#include <string>
#include <vector>

#include "core/media_file.h"

namespace h4mk::server {

// Tracks that can be streamed, and why the others cannot.
struct Streams {
  std::vector<size_t> video, audio, subtitles;
  std::vector<std::pair<size_t, std::string>> refused;
};
Streams StreamsOf(MediaFile& file);

std::string MasterPlaylist(MediaFile& file);
// is_delta: of a growing file, without the segments that players have known for long (RFC 8216bis,
// 6.2.5.1).
std::string MediaPlaylist(MediaFile& file, size_t track, bool is_delta);
std::string IFramePlaylist(MediaFile& file, size_t track);
std::string DashManifest(MediaFile& file);

// Bits a second of a track, on average.
int64_t BandwidthOf(const MediaFile& file, const TrackInfo& track);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_HLS_H_
