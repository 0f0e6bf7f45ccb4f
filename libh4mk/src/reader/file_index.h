// SPDX-License-Identifier: MIT
#ifndef H4MK_READER_FILE_INDEX_H_
#define H4MK_READER_FILE_INDEX_H_

#include <chrono>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "chunk/chunk_reader.h"
#include "file/chunk_walk.h"
#include "file/file_end.h"
#include "index/index.h"
#include "index/page_builder.h"
#include "reader/chunk_cursor.h"
#include "reader/descriptions.h"

namespace h4mk {

// What is known of a file without reading its blocks: its descriptions, and the index of its
// clusters. The index of a closed file is named by the top at its end or front. That of a file
// without an end is made from the last page in the file and a scan of the clusters behind it, and
// grows with the file. An index that proves wrong is replaced by a scan of all clusters.
class FileIndex {
 public:
  // All must outlive this. What changes in the descriptions is added to `changes`, as
  // FileReader::kChanged….
  FileIndex(Source& source, Warnings& warnings, unsigned& changes);
  FileIndex(const FileIndex&) = delete;
  FileIndex& operator=(const FileIndex&) = delete;

  // Reads all chunks before the first cluster, then the end of the file. Leaves *cursor at the
  // cluster. Errors as h4mk_reader_open().
  Status Open(ChunkCursor* cursor);

  int version() const { return header_.version; }
  // The index came from a top: the file ends where that says.
  bool is_closed() const { return end_ == End::kTop; }
  // There is a locator at the end, though what it leads to may not be usable.
  bool has_locator() const { return end_ != End::kNone; }
  uint64_t behind_front() const { return behind_front_; }

  Descriptions& descriptions() { return descriptions_; }
  const std::vector<Track>& tracks() const { return descriptions_.tracks(); }
  const Json& meta() const { return descriptions_.meta(); }
  const TrackTotals& totals(uint32_t track) const { return totals_[track]; }
  Index& index() { return index_; }

  // Uses the descriptions that came by, as Descriptions::UsePending().
  void UsePendingDescriptions(uint64_t until, bool is_all);
  // Where nothing else tells where the tracks begin: the blocks of the first cluster do.
  void GuessTotals(const std::vector<BlockRecord>& blocks);

  // Runs a lookup in the index as it is now; if that turns out to be wrong (kCorrupt), once more in
  // one that is made from all clusters. kNotSeekable.
  Status LookUp(const std::function<Status()>& lookup);
  // The index led to something else than it says: scans all clusters. Positions in the index
  // (ClusterRef, SpanRef) hold no longer.
  Status ScanAgain(const Status& problem);
  // Goes on with a scan in which reading failed; until then the index lacks what is behind.
  Status FinishScan() { return is_scan_due_ ? ScanClusters() : Status(); }
  // All clusters were scanned: there is no better index.
  bool is_scanned() const { return is_scanned_ && !is_scan_due_; }

 private:
  enum class End { kNone, kLocator, kTop };

  // The last index in a file without an end: a page that was written as the file grew, or the top
  // of an end that something was appended to.
  struct LastPage {
    uint64_t offset, trak, meta;
  };
  struct LastIndex {
    uint64_t end = 0;  // of its chunk
    std::variant<LastPage, StoredTop> what;
  };

  // Where the scan has come to, and the page of the clusters that it came by last.
  struct Scan {
    uint64_t until = 0;
    PageBuilder builder;
    bool is_page_in_index = false;  // as its last one, to be replaced as it grows
    uint64_t trak = 0, meta = 0;    // met behind the last cluster; they count once one follows

    bool has_descriptions() const { return trak != 0 || meta != 0; }
  };
  // On the way of one scan, whose outcome replaces scan_.
  struct ScanStep {
    Scan scan;
    bool has_clusters = false;  // that are not in the index yet
    bool is_done = false;
  };

  // What a file without an end looked like where the scan has stopped.
  struct EndFingerprint {
    int64_t size = -1;
    uint64_t scanned_until = 0;
    uint32_t crc = 0;     // of the first bytes behind it, and the last ones of the chunk there
    bool is_all = false;  // there are no others
    bool operator==(const EndFingerprint&) const = default;
  };

  // file_index_open.cc
  Status ReadFront(ChunkCursor* cursor);
  Status ReadFrontChunks(ChunkCursor* cursor, StoredTop* top, Status* damage);
  Status PassFormerEnds();
  Status ReadFrontChunk(uint64_t offset, const ChunkHeader& header, std::optional<uint32_t>* crc,
                        StoredTop* top);
  Status PassOverFront(uint64_t offset, const ChunkHeader& header);
  Status RepairFront(const ChunkCursor& cursor, bool* repaired);
  Status ReadAhead(uint64_t offset, uint64_t size);
  Status ReadEnd(const ChunkCursor& cursor);
  Status UseTop(const StoredTop& stored, uint64_t file_size);
  Status UseTracksOfLastPage();

  // file_index.cc
  bool can_seek() { return source_.seekable() && source_.Size() >= 0; }
  uint64_t FileSize();
  void GrowTracks();
  Status Refresh();
  Status MakeIndex(bool trust_pages);
  void Clear();
  Status FindLastIndex(LastIndex* last);
  Status UseLastIndex();
  Status UsePages(const LastPage& last);
  Status ScanClusters();
  Status ScanPiece(ScanStep* step);
  Status UseScannedDescriptions(Scan* scan);
  void ScanCluster(uint64_t offset, const ClusterIndex& cluster, ScanStep* step);
  void PutScannedPage(IndexPage page, Scan* scan);
  Status TakeFingerprint(int64_t size, EndFingerprint* fingerprint);

  Source& source_;
  ChunkReader chunks_;
  Warnings& warnings_;
  FileHeader header_;
  Descriptions descriptions_;
  std::vector<TrackTotals> totals_;
  Index index_;
  uint64_t behind_front_ = 0;         // offset of the first chunk behind the front
  uint64_t first_cluster_ = 0;        // the same, or behind former ends
  bool begins_with_cluster_ = false;  // one stood there when the file was opened
  End end_ = End::kNone;
  bool is_scanned_ = false;   // … or are being scanned: nothing else is in the index
  bool is_scan_due_ = false;  // the last scan did not come to its end
  ChunkWalk walk_;            // of the scan: it knows what it has looked through in vain
  Scan scan_;
  EndFingerprint last_end_;                          // where the last scan stopped
  std::chrono::steady_clock::time_point next_scan_;  // not before, if that looks the same
};

}  // namespace h4mk

#endif  // H4MK_READER_FILE_INDEX_H_
