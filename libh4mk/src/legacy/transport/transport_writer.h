// SPDX-License-Identifier: MIT
// Writes the transport dialect through the interface of all writers (legacy.md,
// "Transport dialect: writing"). SEEK and META come behind the blocks and META has an entry for
// each: blocks are compressed as they come and kept in memory until Finish().
#ifndef H4MK_LEGACY_TRANSPORT_TRANSPORT_WRITER_H_
#define H4MK_LEGACY_TRANSPORT_TRANSPORT_WRITER_H_

#include <deque>
#include <vector>

#include "base/io.h"
#include "crypto/secret.h"
#include "file/file_writer.h"
#include "file/tracks.h"
#include "legacy/transport/transport_file.h"

namespace h4mk {

class TransportWriter final : public FileWriter {
 public:
  // io must outlive the writer. secret: of a Living Cipher v3 that blocks are encrypted with;
  // empty: they are not.
  TransportWriter(Io& io, Secret secret) : sink_(io), secret_(std::move(secret)) {}

  // A track's id in the file is its name, or its track_id where it has none. A single track without
  // a name is written as exports are, with SEEK and without an index of tracks, unless its blocks
  // have times that SEEK and fps_hint of META do not tell.
  Status AddTrack(const Json& description, uint32_t* track) override;
  Status UpdateTrack(uint32_t track, const Json& description) override;
  Status SetAttachment(uint32_t track, ByteSpan bytes) override;
  Status SetMeta(const Json& meta) override;
  // SAFE only, JSON: the dialect has its own form of everything else.
  Status AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) override;

  // block_not_multiple_of_256, pts_range (times from 0 µs on are needed; in a single track without
  // a name they may be missing).
  Status Write(const Block& block) override;
  Status Flush() override { return {}; }
  Status Finish() override;
  Status FrontIndex(Bytes* index, uint32_t* checksum) const override;

  int64_t io_error() const override { return sink_.io_error(); }

 private:
  bool is_unnamed() const;
  bool IsExport() const;

  Sink sink_;
  const Secret secret_;
  bool finished_ = false, half_done_ = false;
  std::vector<Track> tracks_;
  TransportContents contents_;
  std::deque<Bytes> coded_;
  std::vector<TransportTrackEntry> entries_;
  uint64_t plain_size_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_LEGACY_TRANSPORT_TRANSPORT_WRITER_H_
