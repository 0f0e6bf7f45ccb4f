// SPDX-License-Identifier: MIT
// Writes version 1 through the interface of all writers: what version 1 cannot say goes into the
// block log in META, so that the file reads back exactly (legacy.md, "Block log").
// Blocks are written in the order of their times, which is known only at the end: all of them are
// kept in memory until Finish().
#ifndef H4MK_LEGACY_V1_V1_FILE_WRITER_H_
#define H4MK_LEGACY_V1_V1_FILE_WRITER_H_

#include <deque>
#include <map>

#include "base/io.h"
#include "file/file_writer.h"
#include "file/tracks.h"
#include "legacy/v1/v1_block_log.h"
#include "legacy/v1/v1_writer.h"

namespace h4mk {

class V1FileWriter final : public FileWriter {
 public:
  // io must outlive the writer.
  explicit V1FileWriter(Io& io) : sink_(io) {}

  // Faults of WriteV1() are told as early as possible, all before the first byte is written.
  Status AddTrack(const Json& description, uint32_t* track) override;
  Status UpdateTrack(uint32_t track, const Json& description) override;
  Status SetAttachment(uint32_t track, ByteSpan bytes) override;
  Status SetMeta(const Json& meta) override;
  // META too, as bytes: they are written as they are unless the file needs a block log.
  Status AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) override;

  Status Write(const Block& block) override;
  Status Flush() override { return {}; }
  Status Finish() override;
  Status FrontIndex(Bytes* index, uint32_t* checksum) const override;

  int64_t io_error() const override { return sink_.io_error(); }

 private:
  // A copy that lives as long as the writer.
  ByteSpan Keep(ByteSpan bytes) { return kept_.emplace_back(bytes.begin(), bytes.end()); }
  bool NeedsLog() const;
  Status AddMeta();

  Sink sink_;
  bool started_ = false, finished_ = false, half_done_ = false;
  std::vector<Track> tracks_;
  TrackIds ids_;
  std::vector<V1Clock> clocks_;
  std::vector<uint32_t> key_counts_;  // by track
  std::map<uint32_t, Bytes> attachments_;
  std::optional<Json> meta_;
  std::deque<Bytes> kept_;
  V1Contents contents_;
  uint64_t core_bytes_ = 0;
  V1BlockLogWriter log_;
  bool blocks_need_log_ = false;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_V1_V1_FILE_WRITER_H_
