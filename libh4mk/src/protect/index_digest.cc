// SPDX-License-Identifier: MIT
#include "protect/index_digest.h"

#include <algorithm>
#include <array>

#include "protect/checkpoint.h"

namespace h4mk {
std::optional<PageForm> FormOf(ByteSpan payload) {
  if (payload[kPageFlags] == 0) return PageForm::kOriginal;
  const bool has_distances = std::ranges::any_of(
      std::array{kPagePrevious, kPageTrak, kPageMeta},
      [payload](size_t at) { return LoadLe<uint64_t>(payload.data() + at) != 0; });
  if (payload[kPageFlags] != kPageIsCopy || has_distances) return std::nullopt;
  return PageForm::kCopy;
}

Sha256Digest PageDigest(PageForm form, ByteSpan payload, uint64_t chunk_offset, uint64_t base) {
  uint64_t place = PlaceOf(chunk_offset - base);
  if (form == PageForm::kCopy) {  // that of the first cluster
    const auto distance = LoadLe<uint64_t>(payload.data() + kPageFirstCluster);
    place = distance == 0 ? 0 : PlaceOf(chunk_offset - distance - base);
    payload = payload.subspan(kPageRest);
  }
  Bytes text;
  AppendLe(text, place);
  AppendBytes(text, payload);
  return Sha256Of(text);
}

Sha256Digest TopDigest(const IndexTop& top) {
  Bytes text;
  AppendLe(text, uint64_t{top.pages.size()});
  for (const PageRef& page : top.pages) {
    AppendLe(text, page.size);
    AppendLe(text, page.clusters);
    for (const PageRef::Track& track : page.tracks) {
      AppendLe(text, track.blocks);
      AppendLe(text, track.hidden);
      AppendLe(text, track.first_time);
      AppendLe(text, track.keys);
      AppendLe(text, track.first_key);
      AppendLe(text, track.last_key);
      text.push_back(track.ordered ? 0 : 1);
    }
  }
  for (const TrackTotals& totals : top.totals) {
    AppendLe(text, totals.blocks);
    AppendLe(text, totals.hidden);
    AppendLe(text, totals.bytes);
    AppendLe(text, totals.start_pts);
    AppendLe(text, totals.first_dts);
    AppendLe(text, totals.end_pts);
    text.push_back(static_cast<uint8_t>(
        (totals.all_key ? 0 : 8) | (totals.starts_with_key ? 0 : 16) | (totals.overlaps ? 32 : 0)));
  }
  return Sha256Of(text);
}

}  // namespace h4mk
