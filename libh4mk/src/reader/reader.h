// SPDX-License-Identifier: MIT
// Reads a file: open, next block, seek (core.md, "Reading"). Version 2.
#ifndef H4MK_READER_READER_H_
#define H4MK_READER_READER_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/io.h"
#include "chunk/chunk_reader.h"
#include "file/file_reader.h"
#include "file/tracks.h"
#include "index/index.h"
#include "index/page_builder.h"
#include "reader/cluster_loader.h"
#include "reader/external_data.h"

namespace h4mk {

class Reader final : public FileReader {
 public:
  // What the source reads from, and the allocator, must outlive the reader.
  Reader(Source source, BufferAllocator& allocator, bool keep_corrupt);

  // How files beside this one are opened. keep_external: their blocks are still marked as such, for
  // who writes them so again.
  void SetBeside(OpenBeside open, bool keep_external);

  Status Open() override;

  int version() const override { return header_.version; }
  bool is_closed() const override { return closed_ || has_locator_; }
  const std::vector<Track>& tracks() const override { return list_.tracks; }
  const Json& meta() const override { return meta_; }
  const TrackTotals& totals(uint32_t track) const override { return totals_[track]; }
  Status Attachment(uint32_t track, ByteSpan* bytes) override;
  void Discard(uint32_t track, bool discard) override;

  unsigned TakeChanges() override { return std::exchange(changes_, 0u); }
  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;

  void IndexSize(uint32_t track, uint64_t* entries, uint64_t* bytes) override;
  Status IndexEntries(uint32_t track, uint64_t first, std::span<IndexEntry> out,
                      size_t* copied) override;

  Status FindKeyframe(uint32_t track, int64_t time, BlockInfo* info) override;
  Status DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                     uint64_t* total) override;
  Status KeyframesBetween(uint32_t track, int64_t from, int64_t to, std::span<BlockInfo> out,
                          uint64_t* total) override;
  Status FindFrame(uint32_t track, uint64_t number, BlockInfo* info) override;
  Status FindFrameAt(uint32_t track, int64_t time, uint64_t* number, BlockInfo* info) override;
  Status FrameTimes(uint32_t track, uint64_t first, std::span<int64_t> out,
                    size_t* copied) override;
  Status FrameChain(uint32_t track, uint64_t number, std::span<BlockInfo> out,
                    uint64_t* total) override;
  Status BlockAt(uint32_t track, uint64_t ordinal, BlockInfo* info) override;
  Status Blocks(uint32_t track, uint64_t first, std::span<BlockInfo> out, size_t* copied) override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

  Source& source() override { return source_; }
  bool NextWarning(std::string* text) override;

 private:
  // Where the blocks of a track begin to count after a seek: at a block of a cluster, or at its
  // last random access point that is not later than time.
  struct Landing {
    bool active = false;
    uint64_t cluster = 0;  // offset
    bool by_time = false;
    size_t block = 0;  // position in the cluster
    int64_t time = 0;
    bool first_of_time = false;  // by_time: of equal times the first one, not the last
  };
  // The block that a seek asked for.
  struct Led {
    BlockRecord block;
    uint64_t cluster = 0;       // offset
    bool has_reported = false;  // damage of the cluster's data
  };
  struct Target {
    ClusterRef cluster;
    size_t block = 0;  // position in the cluster
    int64_t time = 0;
    bool found = false;
    bool by_time = false;  // what the index says; the cluster was not looked at
  };
  // A seek of which only the target is known so far.
  struct Unplanned {
    uint32_t track;
    Target target;
  };
  struct Request {
    uint32_t track;
    int64_t time;
    SeekMode mode;
    bool any;
  };

  // A frame: its number, and its place in a cluster.
  struct FrameRef {
    uint64_t number = 0;
    ClusterRef cluster;
    size_t block = 0;
  };
  struct TimedBlock {
    int64_t time = 0;
    size_t block = 0;  // position in the cluster
  };
  // The frames of a track whose clusters overlap, in the order of presentation.
  struct FrameTable {
    struct Entry {
      int64_t time = 0;
      uint32_t page = 0, span = 0;
    };
    uint64_t blocks = 0;  // of the track when it was made
    std::vector<Entry> frames;
  };

  // The last index in a file without an end: a page, or the top of an end that something was
  // appended to.
  struct LastIndex {
    uint64_t offset = 0, end = 0;  // of its chunk
    bool is_top = false;
    uint64_t trak = 0, meta = 0;  // that a page names
  };

  // A file without an end as it was when it was looked at last.
  struct WalkedEnd {
    int64_t size = -1;
    uint64_t until = 0;  // where the walk over its chunks came to
    uint32_t crc = 0;    // of what made it stop there
    bool operator==(const WalkedEnd&) const = default;
  };

  // On the way over clusters that are not in the index yet.
  struct Walk {
    bool opening = false;
    uint64_t at = 0;
    uint64_t trak = 0, meta = 0;  // newer ones, which count when a cluster follows them
    PageBuilder builder;
    bool changed = false;  // its page
  };

  // reader_open.cc: front, end and index of a file.
  Status UseTracksOfLastPage();
  void CheckAttachments();
  Status ReadFileHeader();
  Status ReadFront();
  Status ReadFrontChunk(const ChunkHeader& header, Bytes* top, uint64_t* top_offset);
  Status TakeTracks(uint64_t offset, ByteSpan payload);
  Status TakeLaterTracks(uint64_t offset, ByteSpan payload);
  void GrowTracks();
  void TakeMeta(uint64_t offset, ByteSpan payload);
  Status HoldIndex(uint64_t offset, uint64_t size);
  Status ReadEnd();
  uint64_t FileSize();
  Status CheckFirstCluster(uint64_t offset, const IndexTop& top) const;
  Status UseTop(uint64_t offset, ByteSpan payload);
  Status UseDescriptions(uint64_t trak, uint64_t meta);
  Status RebuildIndex(bool opening);
  Status FindLastIndex(LastIndex* last);
  Status UseLastIndex();
  Status UsePages(const LastIndex& last);
  Status UseFormerTop(uint64_t offset);
  Status UseNewer(uint64_t trak, uint64_t meta);
  Status WalkClusters(bool opening);
  Status WalkChunk(Walk* walk, bool* more);
  Status WalkCluster(Walk* walk, const ChunkHeader& header);
  Status WalkOther(Walk* walk, const ChunkHeader& header);
  void PutWalkedPage(IndexPage page);
  Status GuessTotals();
  Status SmallChunk(uint64_t offset, uint32_t tag, Bytes* payload, uint32_t* crc);

  // reader.cc
  Status Fetch(ClusterLoader& cluster, const BlockRecord& record);
  void FillBlock(const ClusterLoader& cluster, const BlockRecord& record, bool corrupt,
                 ReadBlock* block);
  Status LoadTarget();
  Status LoadRouteCluster();
  Status MakeCurrent(const ClusterRef& cluster);
  bool IsWanted(uint64_t offset) const;
  Status LoadNextCluster();
  Status NextHeader(ChunkHeader* header);
  Status PassOver(const ChunkHeader& header);
  void KeepDescription(uint32_t tag, uint64_t offset, Bytes payload);
  void TakeDescriptions();
  Status Damaged(Status damage);
  Status GoOnAt(uint64_t found, const Status& damage);
  Status AtEnd();
  void StartCluster();
  void Land();
  size_t FirstOf(size_t track);
  bool FindLead(uint32_t track, BlockRecord* block);
  bool CanReadOn(int64_t size);
  bool IsUnfinishedCluster(uint64_t offset, const ChunkHeader& header);
  bool SkipsMuch() const;
  bool IsSkipped(size_t position) const;
  bool IsUnderstood(const BlockRecord& block) const;
  Status ReportUnknown(const BlockRecord& block);
  bool IsKnownRequirement(const BlockRecord& block) const;
  bool MustReport(const BlockRecord& block) const;
  const BlockRecord* NextRecord();

  // reader_seek.cc
  Status FindTarget(const Request& request, bool may_believe, Target* target);
  bool MayBelieveIndex(const Request& request) const;
  Status SeekAgain(Status status);
  static Status NotThere(const ClusterRef& cluster);
  Status SearchCandidates(const Request& request, Target* target);
  Status SearchCluster(const ClusterRef& cluster, const Request& request, Target* target);
  Status FindAny(uint32_t track, int64_t time, SeekMode mode, Target* target);
  Status FindLanding(uint32_t track, int64_t time, Landing* landing, ClusterRef* cluster);
  Status LoadForSearch(const ClusterRef& cluster, const std::vector<BlockRecord>** blocks);
  Status LoadIntoSearch(const ClusterRef& cluster);
  Status SeekIndexed(const Request& request, bool may_believe);
  Status PlanRoute();
  Status FindRoute();
  Status RefreshIndex();
  Status LookAtEnd(WalkedEnd* end, bool* known);
  void Position(uint32_t track, const ClusterRef& cluster, const Landing& landing);

  // reader_lookup.cc
  Status WithIndex(const std::function<Status()>& lookup);
  Status FindSpanFrom(uint32_t track, uint64_t ordinal, SpanRef* span, bool* found);
  Status FindOrdinal(uint32_t track, uint64_t ordinal, const BlockRecord** block);
  Status FindInCluster(uint32_t track, uint64_t ordinal, const BlockRecord** block,
                       const BlockRecord** first);
  BlockInfo InfoOf(const BlockRecord& block) const;

  // reader_frames.cc
  Status LoadFrames(uint32_t track, const SpanRef& span);
  Status LocateFrame(uint32_t track, uint64_t number, FrameRef* frame);
  Status LocateFrameAt(uint32_t track, int64_t time, FrameRef* frame);
  Status MakeFrameTable(uint32_t track, const FrameTable** table);
  Status AddToTable(uint32_t track, const SpanRef& span, size_t* place, FrameTable* table);
  Status CopyFrameTimes(uint32_t track, uint64_t first, std::span<int64_t> out, size_t* copied);
  Status ChainTo(uint32_t track, const FrameRef& frame, std::span<BlockInfo> out, uint64_t* total);

  void Warn(std::string text);

  static constexpr uint32_t kCheckedChunk =
      1 << 20;  // chunks that are passed over are checked up to this size

  Source source_;
  ChunkReader chunks_;
  BufferAllocator& allocator_;
  const bool keep_corrupt_;

  FileHeader header_;
  TrackList list_;
  bool have_tracks_ = false;
  bool opened_ = false;   // tracks were handed out: they stay, and others may come behind them
  unsigned changes_ = 0;  // since TakeChanges()
  uint32_t trak_crc_ = 0, meta_crc_ = 0;
  uint64_t trak_offset_ = 0, meta_offset_ = 0;
  Json meta_ = Json::object();
  std::vector<TrackTotals> totals_;
  std::map<uint32_t, Bytes> attachments_;  // by track id

  bool closed_ = false;
  bool has_locator_ =
      false;  // of a file that is not: it ends as a closed one does, but its index cannot be used
  bool ended_ = false;  // an input that cannot seek ends in something that cannot be read
  std::optional<std::pair<uint64_t, Bytes>> later_tracks_,
      later_meta_;              // met while reading, with their places; for the next cluster
  uint64_t first_cluster_ = 0;  // offset of the first chunk behind the front
  Index index_;
  uint64_t walked_until_ = 0;  // a file without an end: what follows is not in the index yet
  WalkedEnd walked_end_;
  PageBuilder walked_;            // the page of the clusters that a walk has come by last
  bool has_walked_page_ = false;  // it is the last one in the index
  bool index_rebuilt_ = false;

  // The cluster that blocks are handed out from, and one for searching.
  std::unique_ptr<ClusterLoader> current_;
  std::unique_ptr<ClusterLoader> search_;
  static constexpr size_t kNone = SIZE_MAX;
  size_t next_block_ = 0;  // kNone: those of the current cluster are not due
  std::optional<uint32_t>
      target_;  // the track of a seek whose block is still to be handed out, as the first one
  std::optional<BlockRecord> lead_;  // that block, in the current cluster
  std::optional<Led> led_;           // … and where it was, until reading comes by
  bool has_reported_ = false;        // damage of the current cluster's data
  ExternalData external_;
  bool keep_external_ = false;
  BlockRecord external_record_;  // of the external block that was handed out last
  uint64_t position_ = 0;        // of the next chunk
  bool has_header_ = false;      // next_header_ stands at position_
  ChunkHeader next_header_;
  bool saw_tail_ = false;

  std::optional<Request>
      unchecked_;  // a seek whose target is where the index says, until that block is there
  std::optional<Unplanned> unplanned_;
  std::vector<ClusterRef> route_;  // clusters to be visited before reading goes on at position_;
                                   // the next one stands last
  bool filtering_ = false;
  std::map<uint32_t, FrameTable> frame_tables_;  // by track, once they are needed
  std::vector<TimedBlock> frames_;               // LoadFrames()'s
  std::vector<Landing> landings_;                // by track
  std::vector<size_t> first_block_;  // by track: first position in the current cluster that counts
  std::vector<bool> discarded_;
  bool any_requirement_ = false;       // a track has one that this library does not know
  uint32_t reported_flags_ = 0;        // of blocks that were left out for flags that are not known
  std::vector<bool> reported_tracks_;  // left out for what they require
  bool any_discarded_ = false;
  bool whole_clusters_ = true;

  // The container checksum, as long as every chunk was read in order.
  bool checksum_valid_ = false;
  uint32_t checksum_ = 0;
  uint64_t checksum_until_ = 0;  // all chunks before this offset are in it
  void AddToChecksum(uint64_t offset, uint64_t end, uint32_t crc);

  std::deque<std::string> warnings_;
};

}  // namespace h4mk

#endif  // H4MK_READER_READER_H_
