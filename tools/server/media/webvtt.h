// SPDX-License-Identifier: MIT
// Text tracks as WebVTT.
#ifndef H4MK_SERVER_MEDIA_WEBVTT_H_
#define H4MK_SERVER_MEDIA_WEBVTT_H_

#include <string>

#include "core/media_file.h"

namespace h4mk::server {

// The text of a cue, or a part of it, without what would end the cue or begin another one: empty
// lines and "-->". What is longer than a screen could show is cut.
std::string CleanCue(std::string_view text);

bool IsTextCodec(const std::string& codec);
// The text of a block as that of a cue; "" if it has none.
std::string CueText(const std::string& codec, std::string_view block);
// Cues that are shown at any time in [from, to), in microseconds; for a segment of HLS with the
// line that ties it to the media's timeline.
std::string WebVtt(MediaFile& file, size_t track, int64_t from_us, int64_t to_us, bool is_segment);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_WEBVTT_H_
