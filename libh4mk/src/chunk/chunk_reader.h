// SPDX-License-Identifier: MIT
// Reads chunks at given offsets, and finds the next one behind damage.
#ifndef H4MK_CHUNK_CHUNK_READER_H_
#define H4MK_CHUNK_CHUNK_READER_H_

#include <functional>

#include "base/io.h"
#include "chunk/chunk_format.h"

namespace h4mk {

// Chunks that are read whole into memory (all but CORE) may not be larger: what is, is damaged or hostile.
inline constexpr uint32_t kMaxSmallChunk = 64u << 20;
inline constexpr uint32_t kMaxAttachmentChunk = (1u << 30) + 16;

// Gives a chunk, as far as it was read, back to the source: it will be read again.
void Unread(Source& source, uint64_t offset, const ChunkHeader& header, ByteSpan payload);

class ChunkReader {
 public:
  explicit ChunkReader(Source& source) : source_(source) {}

  // kEnd: fewer bytes than a chunk header follow (nothing, or the container checksum). Where no
  // chunk may start (Io::StartsChunk) the header reads as zeros, which is none.
  Status ReadHeader(uint64_t offset, ChunkHeader* header);

  // Reads the payload of the chunk at offset and checks its CRC, which also goes to *crc. kAgain: the file ends inside
  // the chunk. kCorrupt: CRC, or longer than kMaxSmallChunk.
  Status ReadPayload(uint64_t offset, const ChunkHeader& header, Bytes* payload,
                     uint32_t* crc = nullptr);

  // Says whether a whole and valid chunk starts at an offset. `header` is what stands there.
  using Check = std::function<Status(uint64_t offset, const ChunkHeader& header, bool* valid)>;

  // Finds the first chunk with a known tag behind offset that check accepts. kEnd: none; all can be read again.
  Status Resynchronise(uint64_t offset, const Check& check, uint64_t* found);

  // Finds the last chunk of this tag that starts before `before` and that check accepts, looking back at most `distance` bytes.
  Status FindBackward(uint64_t before, uint64_t distance, uint32_t tag, const Check& check,
                      uint64_t* found);

 private:
  Source& source_;
};

}  // namespace h4mk

#endif  // H4MK_CHUNK_CHUNK_READER_H_
