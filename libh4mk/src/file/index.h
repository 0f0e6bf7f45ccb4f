// SPDX-License-Identifier: MIT
// The index of a file as a reader sees it: pages, from the file or made by walking over clusters, and lookup in them.
#ifndef H4MK_FILE_INDEX_H_
#define H4MK_FILE_INDEX_H_

#include <algorithm>
#include <list>
#include <memory>
#include <vector>

#include "chunk/chunk_reader.h"
#include "cluster/index_page.h"

namespace h4mk {

// A cluster by its place in the index.
struct ClusterRef {
  size_t page = 0;
  size_t cluster = 0;  // in the page
  uint64_t offset = 0;
  uint64_t extent = 0;  // bytes up to the next cluster in the page, 0: not known
  // Found by its entry of a track: whether all random access points of the track in it have one time, and that.
  bool has_one_time = false;
  int64_t time = 0;

  bool operator==(const ClusterRef& other) const { return offset == other.offset; }
  // Clusters are in file order in the index.
  bool operator<(const ClusterRef& other) const { return offset < other.offset; }
};

class Index {
 public:
  Index(ChunkReader& chunks, const TrackIds& tracks) : chunks_(chunks), tracks_(tracks) {}

  void Clear();
  // Adds a page that is read when it is needed.
  void AddPage(PageRef ref);
  // Adds a page that is in memory.
  void AddPage(IndexPage page);
  // Replaces the last page, which AddPage(IndexPage) added.
  void ReplaceLastPage(IndexPage page);

  size_t page_count() const { return pages_.size(); }
  bool empty() const { return pages_.empty(); }
  uint64_t entries(uint32_t track) const;
  uint64_t bytes() const;

  // A page, read from the file if need be. The pointer is valid until the next call. kCorrupt, kIo.
  Result<const IndexPage*> Page(size_t page);

  // Tracks were added to those that the index was made with.
  void GrowTo(size_t tracks);

  // Clusters that can hold the answer to a search for random access points of a track, in file order: at or before time
  // (backward), or at or after it. One where the track's times are in order, which takes O(log n); none if there is no answer.
  Status FindBackward(uint32_t track, int64_t time, std::vector<ClusterRef>* clusters);
  Status FindForward(uint32_t track, int64_t time, std::vector<ClusterRef>* clusters);

  // Clusters whose random access points of a track may have times from `from` to `to`, in file order.
  Status FindBetween(uint32_t track, int64_t from, int64_t to, std::vector<ClusterRef>* clusters);

  // The first cluster with random access points of the track. False in *found if there is none.
  Status FindFirst(uint32_t track, ClusterRef* cluster, bool* found);

  // Random access points of a track lie one behind the other in time all over the file.
  bool IsOrdered(uint32_t track);

  // The cluster behind one; *found is false at the end.
  Status Next(ClusterRef* cluster, bool* found);
  Status First(ClusterRef* cluster, bool* found);

  // Clusters by their place in the whole file. REQUIRES: number < cluster_count().
  uint64_t cluster_count() const;
  Status At(uint64_t number, ClusterRef* cluster);

  // Appends the clusters from `from` up to, not including, `to`; those with random access points of the track only, or all.
  Status Between(const ClusterRef& from, const ClusterRef& to, int64_t track_or_all,
                 std::vector<ClusterRef>* clusters);
  static constexpr int64_t kAllTracks = -1;

  // Calls visit(cluster offset, time) for up to count entries of a track from number `first` on. A template, since opening a
  // file goes through all of them.
  template <typename Visit>
  Status ForEntries(uint32_t track, uint64_t first, uint64_t count, Visit visit);

 private:
  struct Slot {
    PageRef ref;
    std::unique_ptr<IndexPage> page;  // null: in the file
    bool resident = false;            // not in the file: never dropped
  };

  Status FindOrdered(uint32_t track, int64_t time, bool backward, std::vector<ClusterRef>* clusters);
  Status FindUnordered(uint32_t track, int64_t time, bool backward,
                       std::vector<ClusterRef>* clusters);
  static ClusterRef RefTo(size_t page, const std::vector<uint64_t>& offsets, size_t cluster);
  Status AddEntry(size_t page, size_t entry, uint32_t track, std::vector<ClusterRef>* clusters);
  void MakeRoom();

  ChunkReader& chunks_;
  const TrackIds& tracks_;
  std::vector<Slot> pages_;
  std::list<size_t> cached_;  // pages in memory that can be read again, the oldest first
  uint64_t cached_entries_ = 0;
  std::vector<int8_t> ordered_;  // by track: -1 not known yet
};

template <typename Visit>
Status Index::ForEntries(uint32_t track, uint64_t first, uint64_t count, Visit visit) {
  for (size_t p = 0; p < pages_.size() && count > 0; ++p) {
    const uint64_t entries_here = pages_[p].ref.tracks[track].entries;
    if (first >= entries_here) {
      first -= entries_here;
      continue;
    }
    Result<const IndexPage*> page = Page(p);
    if (!page.ok()) return page.take_status();
    const PageTrack& entries = page.value()->tracks[track];
    const uint64_t* offsets = page.value()->clusters.data();
    const uint64_t until = std::min<uint64_t>(entries.cluster.size(), first + count);
    count -= until - first;
    for (auto i = static_cast<size_t>(first); i < until; ++i)
      visit(offsets[entries.cluster[i]], entries.first_time[i]);
    first = 0;
  }
  return {};
}

}  // namespace h4mk

#endif  // H4MK_FILE_INDEX_H_
