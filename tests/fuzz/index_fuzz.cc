// SPDX-License-Identifier: MIT
//
// Index pages, the top, the locator, checkpoints. The input is the offset of the chunk (u64), then
// its payload. What can be read is encoded again and must then be read the same.

#include "fuzz/fuzz.h"
#include "index/index_page.h"
#include "protect/checkpoint.h"

using namespace h4mk;  // NOLINT: a test

namespace {

constexpr uint64_t kFileSize = uint64_t{1} << 20;
constexpr uint64_t kDecodedTimes = uint64_t{1} << 16;  // more would take long, and show nothing new

void CheckPage(ByteSpan payload, const TrackIds& tracks, uint64_t offset) {
  IndexPage page;
  if (!DecodePage(payload, tracks, offset, kFileSize, &page)) return;
  FUZZ_CHECK(page.tracks.size() == tracks.size() && page.totals.size() == tracks.size());
  FUZZ_CHECK(page.span_count() <= kMaxPageSpans);
  uint64_t blocks = 0;
  for (const PageTrack& track : page.tracks) {
    FUZZ_CHECK(track.blocks.size() == track.spans() && track.hidden.size() == track.spans());
    FUZZ_CHECK(track.first_time.size() == track.spans() && track.keys() <= track.spans());
    FUZZ_CHECK(track.first_key.size() == track.keys() && track.last_key.size() == track.keys());
    for (int64_t cluster : track.cluster)
      FUZZ_CHECK(cluster >= 0 && static_cast<size_t>(cluster) < page.clusters.size());
    for (size_t i = 0; i < track.spans(); ++i) {
      FUZZ_CHECK(track.blocks[i] > 0 && track.frames(i) >= 0 && track.frames(i) <= track.blocks[i]);
      blocks += static_cast<uint64_t>(track.blocks[i]);
    }
  }
  FUZZ_CHECK(blocks <= std::max(offset, kFileSize));  // every block takes a byte of the file
  h4mk::Values times;
  if (blocks < kDecodedTimes)
    for (const PageTrack& track : page.tracks)
      if (track.DecodeTimes(&times)) FUZZ_CHECK(times.size() == track.frames());
  Summarize(page, offset, payload.size(), nullptr);
  const Bytes once = EncodePage(page, tracks, offset);
  IndexPage again;
  FUZZ_CHECK(DecodePage(once, tracks, offset, kFileSize, &again));
  FUZZ_CHECK(EncodePage(again, tracks, offset) == once);
}

void CheckTop(ByteSpan payload, const TrackIds& tracks, uint64_t offset) {
  IndexTop top;
  if (!DecodeTop(payload, tracks, offset, &top)) return;
  FUZZ_CHECK(top.totals.size() == tracks.size());
  for (const PageRef& page : top.pages) FUZZ_CHECK(page.tracks.size() == tracks.size());
  const Bytes once = EncodeTop(top, tracks, offset);
  IndexTop again;
  FUZZ_CHECK(DecodeTop(once, tracks, offset, &again));
  FUZZ_CHECK(EncodeTop(again, tracks, offset) == once);
}

void CheckTail(ByteSpan payload, uint64_t offset) {
  Tail tail;
  if (!DecodeTail(payload, offset, &tail)) return;
  FUZZ_CHECK(tail.top < offset && tail.top_size <= offset - tail.top);
}

// Leaves stand one behind the other, before their checkpoint.
void CheckCheckpoint(ByteSpan payload, uint64_t offset) {
  Checkpoint checkpoint;
  if (!DecodeCheckpoint(payload, offset, nullptr, &checkpoint).ok()) return;
  uint64_t end = 0;
  for (const TreeLeaf& leaf : checkpoint.leaves) {
    FUZZ_CHECK(leaf.position >= end);
    end = leaf.end();
  }
  FUZZ_CHECK(end <= checkpoint.position);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 8) return 0;
  const uint64_t offset = LoadLe<uint64_t>(data) >> 1;  // offsets are below 2^63
  const ByteSpan payload(data + 8, size - 8);
  for (const uint32_t track_count : {0u, 1u, 3u}) {
    TrackIds tracks;
    for (uint32_t i = 0; i < track_count; ++i) tracks.Add(i + 1);
    CheckPage(payload, tracks, offset);
    CheckTop(payload, tracks, offset);
  }
  CheckTail(payload, offset);
  CheckCheckpoint(payload, offset);
  return 0;
}
