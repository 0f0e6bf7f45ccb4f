// SPDX-License-Identifier: MIT
#include "writer/index_writer.h"

#include <algorithm>

#include "index/index_format.h"

namespace h4mk {

void IndexWriter::GrowTo(size_t track_count) {
  page_.GrowTo(track_count);
  for (PageRef& page : pages_) page.tracks.resize(track_count);
}

Status IndexWriter::ClusterWritten(uint64_t offset) {
  if (first_cluster_ == 0) first_cluster_ = offset;
  return IsPageDue() ? WritePage() : Status();
}

bool IndexWriter::IsPageDue() const {
  const uint64_t growth = 1 + pages_.size() * page_.totals().size() / kCellsUntilGrowth;
  return page_.page().clusters.size() >= kPageClusters * growth || page_.is_full() ||
         chunks_.position() - page_start_ >= kPageBytes * growth;
}

Status IndexWriter::WritePage() {
  const uint64_t offset = chunks_.position();
  IndexPage page = page_.Take();
  page.previous = last_page_;
  page.trak = descriptions_.trak();
  page.meta = descriptions_.meta();
  Bytes payload = EncodePage(page, ids_, offset);
  H4MK_TRY(chunks_.WriteChunk(kTagIndex, 0, payload));
  last_page_ = offset;
  page_start_ = chunks_.position();
  pages_.push_back(Summarize(page, offset, payload.size() + kChunkOverhead,
                             pages_.empty() ? nullptr : &pages_.back()));
  kept_bytes_ += payload.size();
  if (kept_bytes_ > kMaxPageCopies)
    kept_.clear();
  else
    kept_.push_back({offset, std::move(payload)});
  return {};
}

// The last page stands where its copy would.
Status IndexWriter::WritePages() {
  const size_t earlier = pages_.size();
  if (!page_.page().clusters.empty() || pages_.empty()) H4MK_TRY(WritePage());
  return WritePageCopies(chunks_, std::span(kept_).first(std::min(earlier, kept_.size())), 0,
                         pages_);
}

IndexTop IndexWriter::MakeTop() const {
  IndexTop top;
  top.pages = pages_;
  top.totals = page_.totals();
  top.first_cluster = first_cluster_;
  top.trak = descriptions_.trak();
  top.meta = descriptions_.meta();
  top.file_size = file_size_;
  return top;
}

Status IndexWriter::WriteEnd() {
  IndexTop top = MakeTop();
  H4MK_TRY(WriteTopAndLocator(chunks_, ids_, &top));
  file_size_ = top.file_size;
  return {};
}

Status IndexWriter::MakeFront(uint64_t moved, Bytes* index) const {
  if (kept_.size() < pages_.size()) return Status(Code::kLimit, "the index is larger than 4 MiB");
  IndexTop top = MakeTop();
  // What stands at the front already need not be read at the end.
  top.trak = descriptions_.front_trak();
  top.meta = descriptions_.front_meta();
  return MakeFrontIndex(kept_, std::move(top), ids_, chunks_.salt(), moved, index);
}

}  // namespace h4mk
