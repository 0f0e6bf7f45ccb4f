// SPDX-License-Identifier: MIT
// The end of a closed file of version 2 and what it names: index top, tracks, metadata (core.md,
// "End of file").
#ifndef H4MK_FILE_FILE_END_H_
#define H4MK_FILE_FILE_END_H_

#include "base/io.h"
#include "file/tracks.h"
#include "index/index_page.h"

namespace h4mk {

inline constexpr uint64_t kTailChunkSize = kTailPayloadSize + 16;  // the locator
inline constexpr uint64_t kTailSize = kTailChunkSize + 4;          // and the container checksum

struct FileEnd {
  uint64_t tail_offset = 0;  // of the locator; the container checksum is the file's last four bytes
  uint32_t checksum = 0;
  uint64_t top_offset = 0;
  IndexTop top;
  TrackList tracks;
  Json meta = Json::object();
};

// Reads the end of a file. kNotFound: it has none. kCorrupt: what the end names cannot be used.
Status ReadFileEnd(Source& source, FileEnd* end);

}  // namespace h4mk

#endif  // H4MK_FILE_FILE_END_H_
