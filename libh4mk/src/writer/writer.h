// SPDX-License-Identifier: MIT
// Writes a file of version 2, append-only: clusters, index pages as it grows, and the end (core.md,
// "File"). Blocks are stored as they come; pipeline/write_pipeline.h compresses and encrypts them.
#ifndef H4MK_WRITER_WRITER_H_
#define H4MK_WRITER_WRITER_H_

#include <map>
#include <memory>
#include <vector>

#include "base/io.h"
#include "chunk/chunk_writer.h"
#include "file/file_writer.h"
#include "file/tracks.h"
#include "writer/cluster_collector.h"
#include "writer/description_writer.h"
#include "writer/index_writer.h"

namespace h4mk {

// Sees all chunks of a file, and adds some of its own between them: signatures, for one.
class WriterExtension : public ChunkObserver {
 public:
  // A cluster was written, the caller wants to have on disk what there is, or the index top is
  // next.
  enum class Moment { kCluster, kFlush, kEnd };
  virtual Status Extend(Moment moment, const std::vector<Track>& tracks, const IndexWriter& index,
                        ChunkWriter& chunks) = 0;
};

class Writer final : public FileWriter, private ClusterOutput {
 public:
  // io must outlive the writer. extension: may be null.
  Writer(Io& io, const WriterOptions& options,
         std::unique_ptr<WriterExtension> extension = nullptr);

  Status AddTrack(const Json& description, uint32_t* track) override;
  const std::vector<Track>& tracks() const { return tracks_; }
  Status UpdateTrack(uint32_t track, const Json& description) override;
  Status SetAttachment(uint32_t track, ByteSpan bytes) override;
  Status SetMeta(const Json& meta) override;
  // Before the first block: stands in front of it; else behind the cluster that is closed by it.
  Status AddChunk(uint32_t tag, uint32_t flags, ByteSpan payload) override;

  // kArgument also where the block's number is not behind those of its track so far.
  Status Write(const Block& block) override;
  // Appends a whole cluster chunk that stands elsewhere, its CRC included, as it is. `index` is its
  // index with the tracks of this writer.
  Status AppendCluster(const ClusterIndex& index, ByteSpan chunk);
  // The number that the next block of a track gets, also one that is not behind those before: the
  // blocks of a damaged file keep theirs.
  Status SetOrdinal(uint32_t track, uint64_t ordinal);

  Status Flush() override;
  Status Finish() override;

  Status FrontIndex(Bytes* index, uint32_t* checksum) const override;

  int64_t io_error() const override { return sink_.io_error(); }

 private:
  enum class Phase { kNew, kStarted, kFinished };
  struct FrontChunk {
    uint32_t tag = 0;
    uint32_t flags = 0;
    Bytes payload;
  };

  template <typename Body>
  Status Step(Body body);
  Status CheckUsable() const {
    return failed_ == Code::kOk && phase_ != Phase::kFinished ? Status() : Unusable();
  }
  Status Unusable() const;
  Status StartOnce() { return phase_ == Phase::kNew ? Start() : Status(); }
  Status Start();
  uint32_t ChooseSalt() const;
  Status BeginCluster() override;
  Status WriteCluster(const ClusterEncoder::Encoded& cluster) override;
  Status ClusterWritten(uint64_t offset);
  Status Extend(WriterExtension::Moment moment);
  Status WriteEnd();
  Status FillReservedSpace(const Bytes& index);

  const WriterOptions options_;
  Sink sink_;
  ChunkWriter chunks_;
  const std::unique_ptr<WriterExtension> extension_;
  Phase phase_ = Phase::kNew;
  Code failed_ = Code::kOk;  // an error of a step is final

  std::vector<Track> tracks_;
  TrackIds ids_;
  TracksSize tracks_size_;
  std::map<uint32_t, Bytes> attachments_;  // until the first block, as the next
  std::vector<FrontChunk> front_chunks_;
  DescriptionWriter descriptions_;
  IndexWriter index_;
  ClusterCollector clusters_;
};

}  // namespace h4mk

#endif  // H4MK_WRITER_WRITER_H_
