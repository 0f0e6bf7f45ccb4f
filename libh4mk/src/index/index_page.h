// SPDX-License-Identifier: MIT
// core.md, "Index": pages (what a run of clusters holds of each track) and the top (all pages of a
// file), both in TSEK chunks. Offsets here are absolute; in the file they are distances from the
// chunk that holds them, so that chunks can be moved together (an index in front of the file moves
// everything behind it).
#ifndef H4MK_INDEX_INDEX_PAGE_H_
#define H4MK_INDEX_INDEX_PAGE_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "cluster/cluster_index.h"
#include "cluster/column.h"

namespace h4mk {

// core.md, "Limits".
inline constexpr uint32_t kMaxPageClusters = 65536;
inline constexpr uint64_t kMaxPageSpans = 1u << 17;  // of all tracks
inline constexpr uint64_t kMaxTopCells = 1u << 18;   // pages times tracks
inline constexpr uint64_t kMaxIndexTracks = 4096;
inline constexpr int64_t kMinClusterSize = 31;  // bytes of its chunk

// Whether a block is a frame: it has a time and is shown.
inline bool IsFrame(int64_t time, uint32_t flags) {
  return time != kNoTime && !(flags & kBlockDiscard);
}

// What is known of a track up to the end of a page, or of the file.
struct TrackTotals {
  uint64_t blocks = 0;
  uint64_t hidden = 0;  // blocks that are no frames
  uint64_t bytes = 0;
  int64_t start_pts = kNoTime;  // pts of the first block that has one and is not marked discard
  int64_t first_dts = kNoTime;
  int64_t end_pts = kNoTime;    // largest time + duration
  bool all_key = true;          // every block is a seek point
  bool starts_with_key = true;  // the first block is one
  bool overlaps = false;        // a block is not later than one of an earlier cluster

  uint64_t frames() const { return blocks - hidden; }

  // Everything but `overlaps`, which blocks alone do not tell.
  void Add(const BlockRecord& block) {
    Add(block.pts, block.dts, block.duration, block.flags, block.size);
  }
  // Inline, since a writer counts every block.
  void Add(int64_t pts, int64_t dts, int64_t duration, uint32_t flags, uint64_t size) {
    const int64_t time = SeekTime(pts, dts);
    const bool is_key = (flags & kBlockKey) && time != kNoTime;
    if (blocks == 0) {
      first_dts = dts;
      starts_with_key = is_key;
    }
    if (start_pts == kNoTime && !(flags & kBlockDiscard)) start_pts = pts;
    ++blocks;
    hidden += !IsFrame(time, flags);
    bytes += size;
    all_key = all_key && is_key;
    if (time == kNoTime) return;
    int64_t end = 0;
    if (__builtin_add_overflow(time, std::max<int64_t>(duration, 0), &end)) end = INT64_MAX;
    end_pts = std::max(end_pts, end);  // kNoTime is the smallest
  }

  bool operator==(const TrackTotals&) const = default;
};

// One track within one page. Spans are the clusters with blocks of the track.
struct PageTrack {
  Values cluster;     // position of the cluster in the page
  Values blocks;      // how many
  Values hidden;      // how many of them are no frames
  Values first_time;  // smallest time of a block; where none has one, that of the span before, or 0
  // The spans with seek points.
  Values key_span;   // position of the span
  Values first_key;  // smallest time of a seek point
  Values last_key;   // largest
  Bytes times;       // the times of frames as they stand in the file; empty: they are not stored

  size_t spans() const { return cluster.size(); }
  size_t keys() const { return key_span.size(); }
  int64_t frames(size_t span) const { return blocks[span] - hidden[span]; }
  uint64_t frames() const;
  // The ranges of seek points lie one after the other: a binary search finds every time.
  bool ordered() const;
  // The times of all frames, span by span, where they are stored. False: they contradict the spans.
  bool DecodeTimes(Values* out) const;

  bool operator==(const PageTrack&) const = default;
};

struct IndexPage {
  std::vector<uint64_t> clusters;  // offset of each cluster's chunk
  std::vector<PageTrack> tracks;   // by track index
  std::vector<TrackTotals> totals;
  bool is_copy = false;   // found through the top only: it names no other chunk
  uint64_t previous = 0;  // offset of the page before; 0: none
  uint64_t trak = 0;      // offset of the chunk that holds here
  uint64_t meta = 0;

  explicit IndexPage(size_t track_count = 0) : tracks(track_count), totals(track_count) {}

  uint64_t span_count() const;

  // Makes room for tracks that were added.
  void GrowTo(size_t track_count) {
    tracks.resize(track_count);
    totals.resize(track_count);
  }
};

// Summary of one page in the top.
struct PageRef {
  uint64_t offset = 0;  // of its chunk
  uint64_t size = 0;    // of its chunk
  uint64_t clusters = 0;
  struct Track {
    uint64_t blocks = 0, hidden = 0;
    int64_t first_time =
        0;              // smallest of the spans with frames; without: that of the page before, or 0
    uint64_t keys = 0;  // spans with seek points
    int64_t first_key = 0,
            last_key = 0;  // range of the times of all seek points; without: as first_time
    bool ordered = true;   // the page's seek points are
    uint64_t frames() const { return blocks - hidden; }
    bool operator==(const Track&) const = default;
  };
  std::vector<Track> tracks;
};

struct IndexTop {
  std::vector<PageRef> pages;
  std::vector<TrackTotals> totals;
  uint64_t first_cluster = 0;  // 0: there is none
  uint64_t trak = 0;
  uint64_t meta = 0;
  uint64_t file_size = 0;
};

// Where the distances of a page stand in its payload. What follows does not change when it is
// moved.
inline constexpr size_t kPageFlags = 4, kPagePrevious = 5, kPageTrak = 13, kPageMeta = 21,
                        kPageFirstCluster = 29, kPageRest = 37;
inline constexpr uint8_t kPageIsCopy = 0x1;

// before: of the page before this one in the top; null: this is the first one.
PageRef Summarize(const IndexPage& page, uint64_t offset, uint64_t size, const PageRef* before);

// Values as differences to the one before (core.md, "Column": deltas).
void AppendDeltas(Bytes& out, Values values);

// Payload of a TSEK chunk that stands at chunk_offset.
Bytes EncodePage(const IndexPage& page, const TrackIds& tracks, uint64_t chunk_offset);
Bytes EncodeTop(const IndexTop& top, const TrackIds& tracks, uint64_t chunk_offset);

// The payload of a page as it is in a copy that stands elsewhere, where clusters were moved as
// well.
Bytes CopyOfPage(Bytes payload, uint64_t from, uint64_t to, uint64_t clusters_moved);

// core.md, "Limits": how much the pages and tops may list that are decoded one after the other. A
// page of a few bytes may list 2^17 spans, or have room for 4096 tracks.
class IndexBudget {
 public:
  explicit IndexBudget(uint64_t file_size)
      : values_(4 * std::min(file_size, uint64_t{1} << 60) + 4096) {}

  bool TakeValues(uint64_t count) { return Take(count, &values_); }
  // So many pages in memory, each of so many tracks.
  bool TakePages(uint64_t pages, uint64_t tracks) {
    return Take(pages * std::max<uint64_t>(tracks, 1), &cells_);
  }

 private:
  static bool Take(uint64_t count, uint64_t* left) {
    const bool has_room = count <= *left;
    *left -= has_room ? count : *left;  // what comes behind is refused as well
    return has_room;
  }

  uint64_t values_;
  uint64_t cells_ = 2 * kMaxTopCells;  // of pages and their copies
};

// False if the payload is damaged or says what cannot be in a file of this size. Tracks that are
// not in `tracks` are passed over. Who decodes what no top has named gives a budget.
bool DecodePage(ByteSpan payload, const TrackIds& tracks, uint64_t chunk_offset, uint64_t file_size,
                IndexPage* page, IndexBudget* budget = nullptr);
bool DecodeTop(ByteSpan payload, const TrackIds& tracks, uint64_t chunk_offset, IndexTop* top,
               IndexBudget* budget = nullptr);

bool IsPage(ByteSpan payload);
bool IsTop(ByteSpan payload);
// The size that a top gives the file, without decoding more; 0: it has none. REQUIRES: IsTop().
uint64_t FileSizeOfTop(ByteSpan payload, uint64_t chunk_offset);
// How many pages a top names, without decoding more: a few bytes can name 2^18. REQUIRES: IsTop().
uint64_t PageCountOfTop(ByteSpan payload);

// core.md, "Locator": the payload of the TAIL chunk.
inline constexpr size_t kTailPayloadSize = 16;
struct Tail {
  uint64_t top = 0;       // offset of the top's chunk
  uint32_t top_size = 0;  // of its chunk
};
Bytes EncodeTail(const Tail& tail, uint64_t chunk_offset);
bool DecodeTail(ByteSpan payload, uint64_t chunk_offset, Tail* tail);

}  // namespace h4mk

#endif  // H4MK_INDEX_INDEX_PAGE_H_
