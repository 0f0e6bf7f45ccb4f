// SPDX-License-Identifier: MIT
// The chunks of a file of any version, one after the other, as they stand in it.
#ifndef H4MK_FILE_CHUNK_LIST_H_
#define H4MK_FILE_CHUNK_LIST_H_

#include "base/io.h"

namespace h4mk {

struct ChunkInfo {
  uint64_t offset = 0;   // of the chunk
  uint64_t payload = 0;  // offset of its payload
  uint64_t next = 0;     // offset of what follows
  uint32_t tag = 0;      // as chunk_format.h's Tag()
  uint32_t flags = 0;    // 0 in the transport dialect
  uint32_t length = 0;   // of the payload
  uint32_t crc = 0;      // as stored
};

// The chunk at an offset; 0: the first one. version: as FileReader::version(). kEnd: fewer bytes
// than a chunk header are left (the container checksum, say). kCorrupt: the chunk would extend past
// the file. kNotSeekable.
Status ReadChunkInfo(Source& source, int version, uint64_t offset, ChunkInfo* chunk);

// Its payload, as it is. kCorrupt: larger than 1 GiB, or it does not match the CRC (payload is
// there all the same).
Status ReadChunkPayload(Source& source, int version, const ChunkInfo& chunk, Bytes* payload);

// What is said of the chunk at an offset that does not match its CRC.
Status WrongCrc(uint64_t offset, uint32_t tag);

// A chunk that stands for itself: a reader needs to know nothing else to keep it, and no writer
// makes it on its own.
bool IsKeptTag(uint32_t tag);

}  // namespace h4mk

#endif  // H4MK_FILE_CHUNK_LIST_H_
