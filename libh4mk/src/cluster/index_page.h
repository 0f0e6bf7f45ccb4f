// SPDX-License-Identifier: MIT
// core.md, "Index": pages (the seek points of a run of clusters) and the top (all pages of a file), both in TSEK chunks.
// Offsets here are absolute; in the file they are distances from the chunk that holds them, so that chunks can be moved
// together (an index in front of the file moves everything behind it).
#ifndef H4MK_CLUSTER_INDEX_PAGE_H_
#define H4MK_CLUSTER_INDEX_PAGE_H_

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "cluster/cluster_index.h"

namespace h4mk {

// core.md, "Limits".
inline constexpr uint32_t kMaxPageClusters = 65536;
inline constexpr uint64_t kMaxPageEntries = 1u << 17;  // of all tracks
inline constexpr uint64_t kMaxTopCells = 1u << 18;     // pages times tracks

// What is known of a track up to the end of a page, or of the file.
struct TrackTotals {
  uint64_t blocks = 0;
  uint64_t bytes = 0;
  int64_t start_pts = kNoTime;  // pts of the first block that is not marked discard
  int64_t first_dts = kNoTime;
  int64_t end_pts = kNoTime;  // largest time + duration
  bool all_key = true;         // every block is a random access point with a time: each has a place in the index
  bool starts_with_key = true;  // the first block is such a one
  // Between one random access point and the next, times lie after the one before and before the next one.
  bool regular = true;

  void Add(const Block& block);
  void Add(const BlockRecord& block);

 private:
  void Add(int64_t pts, int64_t dts, int64_t duration, uint32_t flags, uint64_t size);
  void CheckRegular(int64_t time, bool is_key);

  int64_t last_key_ = kNoTime, key_before_ = kNoTime, max_time_ = kNoTime;
};

// Whether both say the same of a track.
bool SameTotals(const TrackTotals& a, const TrackTotals& b);

// The seek points of one track within one page: an entry for each cluster with random access points of it.
struct PageTrack {
  std::vector<int64_t> cluster;     // position of the cluster in the page
  std::vector<int64_t> first_time;  // smallest time of a random access point in the cluster
  std::vector<int64_t> last_time;   // largest
  // The entries' time ranges lie one after the other: a binary search finds every time.
  bool ordered() const;
  bool operator==(const PageTrack&) const = default;
};

struct IndexPage {
  std::vector<uint64_t> clusters;  // offset of each cluster's chunk
  std::vector<PageTrack> tracks;   // by track index
  std::vector<TrackTotals> totals;
  uint64_t previous = 0;  // offset of the page before; 0: none
  uint64_t trak = 0;      // offset of the chunk that counts; 0: this page is a copy
  uint64_t meta = 0;

  explicit IndexPage(size_t track_count = 0) : tracks(track_count), totals(track_count) {}

  uint64_t entry_count() const;

  // Makes room for tracks that were added.
  void GrowTo(size_t track_count) {
    tracks.resize(track_count);
    totals.resize(track_count);
  }

  // Notes a random access point; clusters.back() is the cluster it is in.
  void AddKey(uint32_t track, int64_t time);
};

// Summary of one page in the top.
struct PageRef {
  uint64_t offset = 0;  // of its chunk
  uint64_t size = 0;    // of its chunk
  uint64_t clusters = 0;
  struct Track {
    uint64_t entries = 0;
    int64_t first_time = 0, last_time = 0;  // range of the times of all entries
    bool ordered = true;                    // the page's entries are ordered
  };
  std::vector<Track> tracks;
};

struct IndexTop {
  std::vector<PageRef> pages;
  std::vector<TrackTotals> totals;
  uint64_t trak = 0;
  uint64_t meta = 0;
  uint64_t file_size = 0;
};

// Where the distances of a page stand in its payload. What follows does not change when it is moved.
inline constexpr size_t kPagePrevious = 4, kPageTrak = 12, kPageMeta = 20, kPageFirstCluster = 28, kPageRest = 36;

PageRef Summarize(const IndexPage& page, uint64_t offset, uint64_t size);

// Payload of a TSEK chunk that stands at chunk_offset.
Bytes EncodePage(const IndexPage& page, const TrackIds& tracks, uint64_t chunk_offset);
Bytes EncodeTop(const IndexTop& top, const TrackIds& tracks, uint64_t chunk_offset);

// False if the payload is damaged. Tracks that are not in `tracks` are passed over.
bool DecodePage(ByteSpan payload, const TrackIds& tracks, uint64_t chunk_offset, IndexPage* page);
bool DecodeTop(ByteSpan payload, const TrackIds& tracks, uint64_t chunk_offset, IndexTop* top);

bool IsPage(ByteSpan payload);
bool IsTop(ByteSpan payload);

// core.md, "Locator": the payload of the TAIL chunk.
inline constexpr size_t kTailPayloadSize = 16;
struct Tail {
  uint64_t top = 0;       // offset of the top's chunk
  uint32_t top_size = 0;  // of its chunk
};
Bytes EncodeTail(const Tail& tail, uint64_t chunk_offset);
bool DecodeTail(ByteSpan payload, uint64_t chunk_offset, Tail* tail);

}  // namespace h4mk

#endif  // H4MK_CLUSTER_INDEX_PAGE_H_
