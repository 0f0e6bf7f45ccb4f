// SPDX-License-Identifier: MIT
// The end of a closed file of version 2 and what it names: index top, tracks, metadata (core.md,
// "End of file").
#ifndef H4MK_FILE_FILE_END_H_
#define H4MK_FILE_FILE_END_H_

#include <functional>

#include "base/io.h"
#include "chunk/chunk_reader.h"
#include "file/tracks.h"
#include "index/index_page.h"

namespace h4mk {

inline constexpr uint64_t kTailChunkSize = kTailPayloadSize + 16;  // the locator
inline constexpr uint64_t kTailSize = kTailChunkSize + 4;          // and the container checksum

// An index top as it stands in the file.
struct StoredTop {
  uint64_t offset = 0;  // of its chunk
  Bytes payload;
};

// Reads the top that the locator at the end of a file of this size names. kNotFound: there is no
// locator. kCorrupt: there is none where it says. kIo.
Status ReadStoredTop(ChunkReader& chunks, uint64_t file_size, StoredTop* stored);

// Decodes a top. It names TRAK, and what it says of tracks can be read only with them at hand: it
// is decoded with `ids` as they are, `read_descriptions` reads what it names, and it is decoded
// again with `ids` as they are then. kCorrupt, and whatever read_descriptions returns.
Status DecodeStoredTop(const StoredTop& stored, const TrackIds& ids,
                       const std::function<Status(const IndexTop& top)>& read_descriptions,
                       IndexTop* top);

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
