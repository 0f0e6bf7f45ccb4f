// SPDX-License-Identifier: MIT
// The index of a file as a reader sees it: pages, from the file or made by walking over clusters,
// and lookup in them.
#ifndef H4MK_INDEX_INDEX_H_
#define H4MK_INDEX_INDEX_H_

#include <algorithm>
#include <compare>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "chunk/chunk_reader.h"
#include "index/index_page.h"

namespace h4mk {

// A cluster by its place in the index.
struct ClusterRef {
  size_t page = 0;
  size_t cluster = 0;  // in the page
  uint64_t offset = 0;
  uint64_t extent = 0;  // bytes up to the next cluster in the page, 0: not known
  // Set where it was found by the seek points of a track: whether all have the same time, and
  // which.
  bool has_one_time = false;
  int64_t time = 0;

  bool operator==(const ClusterRef& other) const { return offset == other.offset; }
  // Clusters are in file order in the index.
  auto operator<=>(const ClusterRef& other) const { return offset <=> other.offset; }
};

// The blocks of a track in one cluster, by their place in the index.
struct SpanRef {
  ClusterRef cluster;
  size_t span = 0;  // in the page
  // How many blocks and frames of the track stand before it, and in it.
  uint64_t first_block = 0, first_frame = 0;
  uint64_t blocks = 0, frames = 0;
};

// Reads the page whose chunk stands at an offset. kCorrupt, kIo.
Status ReadIndexPage(ChunkReader& chunks, uint64_t offset, const TrackIds& tracks,
                     uint64_t file_size, IndexPage* page, uint64_t* chunk_size,
                     IndexBudget* budget = nullptr);

class Index {
 public:
  Index(ChunkReader& chunks, const TrackIds& tracks) : chunks_(chunks), tracks_(tracks) {}

  void Clear();
  // The size of the file, which bounds what its pages can say.
  void set_file_size(uint64_t size) { file_size_ = size; }
  // Adds a page that is read when it is needed.
  void AddPage(PageRef ref);
  // Adds a page that is in memory.
  void AddPage(IndexPage page);
  // Replaces the last page, which AddPage(IndexPage) added.
  void ReplaceLastPage(IndexPage page);

  // Clusters with seek points of a track.
  uint64_t keys(uint32_t track) const;
  uint64_t bytes() const;

  // A page, read from the file if need be. The pointer is valid until the next call. kCorrupt, kIo.
  Result<const IndexPage*> Page(size_t page);
  // The times of the frames of a track in a page, span by span; *times is valid until the next
  // call. False in *stored: the page does not have them.
  Status PageTimes(size_t page, uint32_t track, std::span<const int64_t>* times, bool* stored);

  // Tracks were added to those that the index was made with.
  void GrowTo(size_t tracks);

  // ---- seek points

  // Where the answer is to a search for a seek point of a track: at or before time (backward), or
  // at or after it. kOne: in *cluster, or nowhere; takes O(log n). kMany: times are not in order,
  // and ForCandidates() goes through the clusters that can hold it.
  enum class Found { kNone, kOne, kMany };
  Status Find(uint32_t track, int64_t time, bool backward, Found* found, ClusterRef* cluster);
  using Visit = std::function<Status(const ClusterRef&)>;
  Status ForCandidates(uint32_t track, int64_t time, bool backward, const Visit& visit);

  // Clusters whose seek points of a track may have times from `from` to `to`, in file order.
  Status ForBetween(uint32_t track, int64_t from, int64_t to, const Visit& visit);

  // The first cluster with seek points of the track. False in *found if there is none.
  Status FindFirst(uint32_t track, ClusterRef* cluster, bool* found);
  // The last cluster before another with a seek point of the track that is not later than time.
  Status FindKeyBefore(uint32_t track, const ClusterRef& before, int64_t time, ClusterRef* cluster,
                       bool* found);

  // Seek points of a track lie one behind the other in time all over the file.
  bool IsOrdered(uint32_t track);

  // Changes with the pages: positions in the index hold as long as it is the same.
  uint64_t revision() const { return revision_; }

  // Calls visit(cluster offset, time) for up to count clusters with seek points of a track, from
  // number `first` on. A template, since opening a file goes through all of them.
  template <typename VisitEntry>
  Status ForEntries(uint32_t track, uint64_t first, uint64_t count, VisitEntry visit);

  // ---- clusters

  // The cluster behind one, or the first: of all, or of those with blocks of a track. *found is
  // false at the end.
  Status Next(int64_t track_or_all, ClusterRef* cluster, bool* found);
  Status First(ClusterRef* cluster, bool* found);
  static constexpr int64_t kAllTracks = -1;

  // Appends the clusters from `from` up to, not including, `to`; those with blocks of the track
  // only, or all.
  Status Between(const ClusterRef& from, const ClusterRef& to, int64_t track_or_all,
                 std::vector<ClusterRef>* clusters);

  // ---- blocks and frames of a track

  // The span with the block or the frame of this number, counted from the front of the file.
  Status SpanOfBlock(uint32_t track, uint64_t number, SpanRef* span, bool* found);
  Status SpanOfFrame(uint32_t track, uint64_t number, SpanRef* span, bool* found);
  // The last span with frames whose first time is not later. REQUIRES: the track's clusters do not
  // overlap.
  Status SpanAtTime(uint32_t track, int64_t time, SpanRef* span, bool* found);
  Status FirstSpan(uint32_t track, SpanRef* span, bool* found);
  Status NextSpan(uint32_t track, SpanRef* span, bool* found);
  // A span by its place. REQUIRES: the page has it.
  Status SpanAt(uint32_t track, size_t page, size_t span, SpanRef* out);
  // How many frames of the track are before a page.
  uint64_t FramesBefore(uint32_t track, size_t page) { return SumsOf(track).frames[page]; }
  // The first time of a span.
  Status FirstTime(uint32_t track, const SpanRef& span, int64_t* time);

 private:
  struct Slot {
    PageRef ref;
    std::unique_ptr<IndexPage> page;  // null: in the file
    bool resident = false;            // not in the file: never dropped
  };

  // Blocks and frames of a track before each page, and in all.
  struct Sums {
    std::vector<uint64_t> blocks, frames;
  };

  void Changed();
  const Sums& SumsOf(uint32_t track);
  Status FindOrdered(uint32_t track, int64_t time, bool backward, Found* found,
                     ClusterRef* cluster);
  Status SpanOf(uint32_t track, uint64_t number, bool frames, SpanRef* span, bool* found);
  static ClusterRef RefTo(size_t page, const std::vector<uint64_t>& offsets, size_t cluster);
  static ClusterRef RefToKey(size_t number, const IndexPage& page, uint32_t track, size_t key);
  static bool Agrees(const IndexPage& page, const PageRef& ref);
  void MakeRoom();

  ChunkReader& chunks_;
  const TrackIds& tracks_;
  uint64_t file_size_ = INT64_MAX;
  uint64_t revision_ = 0;
  std::vector<Slot> pages_;
  std::list<size_t> cached_;  // pages in memory that can be read again, the oldest first
  uint64_t cached_entries_ = 0;
  // Made when they are needed:
  std::vector<int8_t> ordered_;  // by track: -1 not known yet
  std::map<uint32_t, Sums> sums_;
  Values times_;  // PageTimes()'s, of…
  size_t times_page_ = SIZE_MAX;
  uint32_t times_track_ = 0;
};

template <typename VisitEntry>
Status Index::ForEntries(uint32_t track, uint64_t first, uint64_t count, VisitEntry visit) {
  for (size_t p = 0; p < pages_.size() && count > 0; ++p) {
    const uint64_t keys_here = pages_[p].ref.tracks[track].keys;
    if (first >= keys_here) {
      first -= keys_here;
      continue;
    }
    H4MK_ASSIGN(const IndexPage* page, Page(p));
    const PageTrack& spans = page->tracks[track];
    const uint64_t* offsets = page->clusters.data();
    const uint64_t until = std::min<uint64_t>(spans.keys(), first + count);
    count -= until - first;
    for (auto i = static_cast<size_t>(first); i < until; ++i)
      visit(offsets[spans.cluster[static_cast<size_t>(spans.key_span[i])]], spans.first_key[i]);
    first = 0;
  }
  return {};
}

}  // namespace h4mk

#endif  // H4MK_INDEX_INDEX_H_
