// SPDX-License-Identifier: MIT
#include "legacy/v1/v1_block_log.h"

#include <algorithm>

#include "base/base64.h"
#include "chunk/chunk_format.h"

namespace h4mk {

std::vector<V1Clock> V1Clocks(const std::vector<Track>& tracks) {
  std::vector<V1Clock> clocks;
  for (const Track& track : tracks) clocks.emplace_back(track.time_base);
  return clocks;
}

void V1BlockLogWriter::Add(const Block& block) {
  encoder_.AddToIndex(block);
  // Pages are small, so that a seek need not decode much.
  if (encoder_.block_count() == kV1LogPageBlocks || encoder_.size() > (4u << 20)) EndPage();
}

void V1BlockLogWriter::EndPage() {
  const ClusterEncoder::Encoded encoded = encoder_.Encode();
  pages_.push_back(EncodeBase64(encoded.head.subspan(kChunkHeaderSize)));
  encoder_.Clear();
}

Json V1BlockLogWriter::Finish() {
  if (encoder_.block_count() > 0) EndPage();
  return std::move(pages_);
}

Status V1BlockLog::Load(const Json& pages, const TrackList& tracks, uint64_t max_blocks) {
  const auto bad = [] { return Status(Code::kCorrupt, "the block log in META cannot be used"); };
  if (!pages.is_array()) return bad();
  tracks_ = &tracks;
  std::vector<V1Clock> clocks = V1Clocks(tracks.tracks);
  for (const Json& text : pages) {
    Page& page = pages_.emplace_back();
    page.first = block_count_;
    if (!text.is_string() || !DecodeBase64(text.get_ref<const std::string&>(), &page.index) ||
        !LoadPage(pages_.size() - 1).ok())
      return bad();
    const std::vector<BlockRecord>& blocks = page_.blocks();
    // Few bytes can state many blocks: only as many as the file has room for are believed.
    if (blocks.size() > max_blocks - block_count_) return bad();
    for (const BlockRecord& block : blocks) {
      if (block.track < 0) return bad();
      const auto track = static_cast<size_t>(block.track);
      entries_.push_back({clocks[track].TimeMs(block.pts, block.dts), tracks.ids.id(track),
                          block.size, block_count_++});
    }
  }
  std::ranges::stable_sort(entries_, {}, &Entry::key);
  return {};
}

Status V1BlockLog::LoadPage(size_t page) {
  loaded_page_ = SIZE_MAX;
  size_t needed = 0;
  H4MK_TRY(page_.Parse(pages_[page].index, 0, ClusterIndex::kAnyPayload, tracks_->ids, &needed));
  loaded_page_ = page;
  return {};
}

const BlockRecord& V1BlockLog::Block(uint32_t number) {
  const auto behind = std::ranges::upper_bound(pages_, number, {}, &Page::first);
  const auto page = static_cast<size_t>(behind - pages_.begin()) - 1;
  // A page that was read once is read again: Load() has checked it.
  if (page != loaded_page_) static_cast<void>(LoadPage(page).ok());
  return page_.blocks()[number - pages_[page].first];
}

}  // namespace h4mk
