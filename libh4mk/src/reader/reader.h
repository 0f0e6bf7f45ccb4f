// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_READER_H_
#define H4MK_READER_READER_H_

#include <span>

#include "base/io.h"
#include "file/file_reader.h"
#include "reader/block_filter.h"
#include "reader/cluster_pair.h"
#include "reader/cluster_stream.h"
#include "reader/external_data.h"
#include "reader/file_index.h"
#include "reader/file_lookups.h"
#include "reader/seek_cursor.h"
#include "reader/seek_planner.h"
#include "reader/warnings.h"

namespace h4mk {

// Reads a file of version 2 (core.md, "Reading"): hands out the blocks of one cluster after the
// other, which ClusterStream or a SeekCursor chooses. One thread at a time may use it.
class Reader final : public FileReader {
 public:
  // What the source reads from, and the allocator, must outlive the reader.
  Reader(Source source, BufferAllocator& allocator, bool keep_corrupt);

  // How files beside this one are opened.
  void SetBeside(OpenBeside open) { external_.SetOpener(std::move(open)); }

  // Blocks are handed out without their data, as lookups tell of them.
  void LeaveDataOut() { filter_.LeaveDataOut(); }

  Status Open() override;

  int version() const override { return file_.version(); }
  bool is_closed() const override { return file_.has_locator(); }
  const std::vector<Track>& tracks() const override { return file_.tracks(); }
  const Json& meta() const override { return file_.meta(); }
  const TrackTotals& totals(uint32_t track) const override { return file_.totals(track); }
  Status Attachment(uint32_t track, ByteSpan* bytes) override;
  void Discard(uint32_t track, bool discard) override { filter_.Discard(track, discard); }

  void SetDescriptionCheck(DescriptionCheck check) override {
    file_.descriptions().SetCheck(std::move(check));
  }

  Status Next(ReadBlock* block) override;
  const LostBlocks& lost() const override { return lost_; }
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;

  void IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) override;
  Status IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                      size_t* copied) override;

  Status LookUp(const std::function<Status(Lookups&)>& ask) override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

  Source& source() override { return source_; }
  bool NextWarning(Status* warning) override { return warnings_.Next(warning); }

 private:
  // The way of a block, from top to bottom.
  const BlockRecord* NextRecord();
  bool IsSkipped(const BlockRecord& block) const;
  Status Fetch(ClusterLoader& cluster, const BlockRecord& record);
  bool IsWrongTarget();
  const BlockRecord* PassOn(const BlockRecord* record);
  void FillBlock(const ClusterLoader& cluster, const BlockRecord& record, bool is_corrupt,
                 ReadBlock* block);
  void Lose(const BlockRecord* record);
  Status LoadMore();
  Status LoadNextCluster();
  void StartCluster();

  // Seeks.
  Status StartSeek(const SeekRequest& request, bool trust_index);
  Status LoadTarget();
  bool CanSeekAgain() const;
  Status SeekAgain(const Status& problem);
  Status PlanRoute();
  Status LoadRouteCluster();

  Source source_;
  const bool keep_corrupt_;
  Warnings warnings_;
  FileIndex file_;
  ClusterPair clusters_;
  ExternalData external_;
  BlockFilter filter_;
  ClusterStream stream_;
  SeekPlanner planner_;
  SeekCursor seek_;
  FileLookups lookups_;

  std::span<const BlockRecord> due_;  // of the current cluster, those not handed out yet
  bool has_reported_damage_ = false;  // of the current cluster's data
  LostBlocks lost_;
  bool seeks_again_ = false;  // … without trusting the index, as far as reading has not failed
  uint64_t expected_ordinal_ = 0;  // of the block behind the last one that was read by number …
  uint32_t expected_track_ = 0;    // … in this track
  BlockRecord external_record_;    // of the external block that was handed out last
};

}  // namespace h4mk

#endif  // H4MK_READER_READER_H_
