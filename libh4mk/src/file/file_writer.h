// SPDX-License-Identifier: MIT
// What every writer of a file does, whatever version or dialect it writes: the library's side of
// h4mk_writer. Writer writes version 2, V1FileWriter version 1, TransportWriter the transport
// dialect; open/make_writer.h chooses.
#ifndef H4MK_FILE_FILE_WRITER_H_
#define H4MK_FILE_FILE_WRITER_H_

#include <optional>

#include "base/json.h"
#include "base/status.h"
#include "cluster/block.h"

namespace h4mk {

struct WriterOptions {
  uint32_t cluster_size_limit = 4u << 20;
  uint32_t cluster_time_limit_ms = 2000;
  uint32_t reserve_index_space = 0;
  bool any_compression = false;  // also one that nobody knows: clusters are copied as they are
  bool repeatable = false;       // the same input gives the same bytes
  std::optional<uint32_t>
      salt;  // of a file whose clusters are copied as they are; else chosen by the writer
};

class FileWriter {
 public:
  virtual ~FileWriter() = default;

  virtual Status AddTrack(const Json& description, uint32_t* track) = 0;
  virtual Status UpdateTrack(uint32_t track, const Json& description) = 0;
  virtual Status SetAttachment(uint32_t track, ByteSpan bytes) = 0;
  virtual Status SetMeta(const Json& meta) = 0;
  // A chunk that this library does not interpret: SAFE, VERI, NOTE or an unknown tag.
  virtual Status AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) = 0;

  virtual Status Write(const Block& block) = 0;
  virtual Status Flush() = 0;
  virtual Status Finish() = 0;

  // After Finish(): the index in a form that can be put in at byte 16, everything behind it moved;
  // and the container checksum that the file has then.
  virtual Status FrontIndex(Bytes* index, uint32_t* checksum) const = 0;

  virtual int64_t io_error() const = 0;
};

// What all versions ask of a block that belongs to one of `tracks` tracks.
Status CheckBlock(const Block& block, size_t tracks);

// Bytes of side data, names included.
uint64_t SideDataSize(const Block& block);

}  // namespace h4mk

#endif  // H4MK_FILE_FILE_WRITER_H_
