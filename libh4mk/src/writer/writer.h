// SPDX-License-Identifier: MIT
// Writes a file of version 2, append-only: clusters, index pages as it grows, and the end (core.md,
// "File").
#ifndef H4MK_WRITER_WRITER_H_
#define H4MK_WRITER_WRITER_H_

#include <map>
#include <memory>
#include <vector>

#include "base/io.h"
#include "chunk/chunk_writer.h"
#include "cluster/cluster_encoder.h"
#include "file/block_compression.h"
#include "file/file_writer.h"
#include "file/tracks.h"
#include "index/page_builder.h"

namespace h4mk {

// Signs a file while it is written; the layer above brings it.
class ChunkSigner : public ChunkObserver {
 public:
  enum class Moment { kCluster, kFlush, kEnd };
  // The payload of a VERI chunk that is to be written at offset now; empty: none yet. top: of the
  // index, for kEnd.
  virtual Bytes Sign(Moment moment, uint64_t offset, const std::vector<Track>& tracks,
                     const std::vector<TrackTotals>& totals, const IndexTop& top) = 0;
};

class Writer final : public FileWriter {
 public:
  // io must outlive the writer.
  Writer(Io& io, const WriterOptions& options);

  // Before anything is written.
  void SetSigner(std::unique_ptr<ChunkSigner> signer);

  Status AddTrack(const Json& description, uint32_t* track) override;
  const std::vector<Track>& tracks() const { return tracks_; }
  Status UpdateTrack(uint32_t track, const Json& description) override;
  Status SetAttachment(uint32_t track, ByteSpan bytes) override;
  Status SetMeta(const Json& meta) override;
  // Before the first block: stands in front of it; else behind the cluster that is closed by it.
  Status AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) override;

  Status Write(const Block& block) override;
  // Appends a whole cluster chunk that stands elsewhere, its CRC included, as it is. `index` is its
  // index with the tracks of this writer.
  Status AppendCluster(const ClusterIndex& index, ByteSpan chunk);
  // The number that the next block of a track has within it: a gap shows that blocks are missing.
  Status SetOrdinal(uint32_t track, uint64_t ordinal);

  Status Flush() override;
  Status Finish() override;

  Status FrontIndex(Bytes* index, uint32_t* checksum) const override;

  int64_t io_error() const override { return sink_.io_error(); }

 private:
  struct StoredPage {  // an index page that was written, kept to be repeated at the end of the file
    PageRef ref;
    Bytes payload;
    uint64_t chunk_offset = 0;
  };

  template <typename Body>
  Status Step(Body body);
  Status Place(const Block& block);
  bool MayHold(const Block& block) const;
  void Hold(const Block& block);
  Status AppendHeld();
  uint64_t NextOrdinal(uint32_t track) const;
  Status Append(const Block& block);
  Status Start();
  uint32_t ChooseSalt() const;
  Status WriteReservedSpace();
  Status WriteDescriptions();
  bool IsSeekPoint(const Block& block) const;
  bool MustCloseBefore(const Block& block) const;
  bool WouldOverlap(const Block& block) const;
  double Seconds(const Block& block) const;
  Status KeepOrdinal(const Block& block);
  Status CloseCluster();
  Status WriteCluster(const ClusterIndex& index, ByteSpan chunk);
  Status EndCluster(uint64_t offset);
  Status WritePageIfDue();
  Status WritePage();
  Status WriteSignature(ChunkSigner::Moment moment);
  Status WriteTail();
  IndexTop MakeTop() const;
  void AppendFront(Bytes* front, uint64_t at, uint64_t shift) const;

  Sink sink_;
  ChunkWriter chunks_;
  std::unique_ptr<ChunkSigner> signer_;  // null: the file is not signed
  const WriterOptions options_;
  bool started_ = false;
  bool finished_ = false;
  Code failed_ = Code::kOk;  // an error of a step is final

  std::vector<Track> tracks_;
  TrackIds ids_;
  std::vector<double> tick_seconds_;
  std::map<uint32_t, Bytes> attachments_;
  struct FrontChunk {
    uint32_t tag = 0;
    uint32_t flags = 0;
    Bytes payload;
  };
  std::vector<FrontChunk> front_chunks_;
  Json meta_ = Json::object();
  bool tracks_changed_ = true;
  bool meta_changed_ = false;
  uint64_t trak_offset_ = 0;
  uint64_t meta_offset_ = 0;
  uint64_t trak_copied_from_ =
      0;  // the same descriptions once more, earlier in the file; 0: there are none
  uint64_t meta_copied_from_ = 0;

  BlockPacker packer_;
  ClusterEncoder cluster_;
  double cluster_start_ = 0;  // seconds
  bool cluster_has_time_ = false;
  bool cluster_is_open_to_keys_ = false;  // begun by a seek point, nothing but key blocks since

  PageBuilder page_;
  uint64_t page_start_ = 0;
  uint64_t first_cluster_ = 0;
  std::vector<StoredPage> stored_pages_;
  std::vector<PageRef> page_refs_;
  size_t stored_bytes_ = 0;
  bool keep_pages_ = true;
  uint64_t last_page_offset_ = 0;
  std::vector<bool> has_other_blocks_;  // by track: not all are random access points
  bool has_gop_track_ = false;          // one of them has

  // Blocks that go with the next one, into this cluster or a new one. Their data stands in
  // held_data_ one after the other.
  std::vector<Block> held_;
  Bytes held_data_;
  uint64_t closed_size_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_WRITER_WRITER_H_
