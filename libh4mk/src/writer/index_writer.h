// SPDX-License-Identifier: MIT
// The index of a file that is written: pages among the clusters as it grows, and all of it at the
// end (core.md, "Page", "End of file").
#ifndef H4MK_WRITER_INDEX_WRITER_H_
#define H4MK_WRITER_INDEX_WRITER_H_

#include <vector>

#include "chunk/chunk_writer.h"
#include "file/end_writer.h"
#include "index/page_builder.h"
#include "writer/description_writer.h"

namespace h4mk {

class IndexWriter {
 public:
  // All must outlive the writer.
  IndexWriter(ChunkWriter& chunks, const TrackIds& ids, const DescriptionWriter& descriptions)
      : chunks_(chunks), ids_(ids), descriptions_(descriptions) {}

  // Makes room for tracks that were added.
  void GrowTo(size_t track_count);
  // Clusters begin here.
  void Start() { page_start_ = chunks_.position(); }

  // What is known of the clusters since the last page. Blocks are added to it as they come.
  PageBuilder& page() { return page_; }
  const std::vector<TrackTotals>& totals() const { return page_.totals(); }

  // The cluster at an offset was written and is in page(). Writes a page when one is due.
  Status ClusterWritten(uint64_t offset);

  // At the end: the last page, and copies of those before.
  Status WritePages();
  IndexTop MakeTop() const;
  // Writes top and locator.
  Status WriteEnd();

  // REQUIRES: WriteEnd() was called. kLimit: the pages were too large to be kept.
  Status MakeFront(uint64_t moved, Bytes* index) const;

 private:
  bool IsPageDue() const;
  Status WritePage();

  ChunkWriter& chunks_;
  const TrackIds& ids_;
  const DescriptionWriter& descriptions_;

  PageBuilder page_;
  uint64_t page_start_ = 0;     // where the clusters of the page begin
  uint64_t first_cluster_ = 0;  // offset; 0: there is none
  std::vector<PageRef> pages_;
  uint64_t last_page_ = 0;  // offset; it may be repeated at the end
  // The pages, to be repeated at the end of the file; none once they are larger than
  // kMaxPageCopies.
  std::vector<StoredPage> kept_;
  size_t kept_bytes_ = 0;  // of all pages, kept or not
  uint64_t file_size_ = 0;
};

}  // namespace h4mk

#endif  // H4MK_WRITER_INDEX_WRITER_H_
