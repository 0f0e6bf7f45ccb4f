// SPDX-License-Identifier: MIT
// What a codec is called in MP4 and in playlists, and how its blocks become samples.
#ifndef H4MK_SERVER_MEDIA_CODEC_H_
#define H4MK_SERVER_MEDIA_CODEC_H_

#include <string>
#include <string_view>

#include "core/media_file.h"

namespace h4mk::server {

struct CodecInfo {
  std::string name;          // RFC 6381, as in CODECS and codecs=
  std::string sample_entry;  // four characters
  std::string config;        // boxes inside the sample entry, whole
  // Blocks are not samples yet: start codes become lengths, ADTS headers go.
  enum Repack { kNone, kAnnexB, kAdts } repack = kNone;
  // Whether the browsers of today (2026) play it without help from the system.
  bool in_browsers = true;
  std::string note;  // the truth about a codec that not all play
};

// first_block: the bytes of the track's first block, for codecs that say there what they are (AC-3,
// ADTS, Annex B); may be empty. Throws HttpError 415 for what MP4 or this program does not know.
CodecInfo DescribeCodec(const TrackInfo& track, std::string_view first_block);
// True if DescribeCodec() needs first_block.
bool NeedsFirstBlock(const TrackInfo& track);

// A block as a sample.
std::string RepackBlock(CodecInfo::Repack repack, std::string_view block);

}  // namespace h4mk::server
#endif  // H4MK_SERVER_MEDIA_CODEC_H_
