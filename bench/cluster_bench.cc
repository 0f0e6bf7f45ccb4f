// SPDX-License-Identifier: MIT
// A cluster as a film, a recording of small audio packets and 4K video have it: encoding and
// decoding. Items are blocks.
#include <benchmark/benchmark.h>

#include <random>

#include "chunk/chunk_format.h"
#include "cluster/cluster_encoder.h"
#include "cluster/cluster_index.h"

namespace {

using namespace h4mk;  // NOLINT: a benchmark

enum Kind { kFilm, kOpus, kUhd };

struct Recording {
  size_t tracks = 1;
  std::vector<Block> blocks;  // two seconds of them
  Bytes payload;              // that all of them share
};

// Sizes vary as those of an encoder do; every third frame of the film is a P, the others B.
Recording Make(Kind kind) {
  std::mt19937 random(1);
  Recording recording;
  const size_t largest = kind == kUhd ? 250'000 : kind == kFilm ? 2'000 : 80;
  recording.payload.assign(largest, 0x55);
  const auto data = [&](size_t least, size_t most) {
    return ByteSpan(recording.payload).first(least + random() % (most - least));
  };
  if (kind == kOpus) {
    for (int64_t i = 0; i < 100; ++i)
      recording.blocks.push_back({0, kBlockKey, i * 960, i * 960, 960, data(60, 75), {}});
    return recording;
  }
  recording.tracks = 2;
  for (int64_t i = 0; i < (kind == kUhd ? 60 : 48); ++i) {
    const bool is_p = i % 3 == 1;
    const uint32_t flags = i == 0 ? kBlockKey : is_p ? 1u : 2u;
    recording.blocks.push_back(
        {0, flags, i + (is_p ? 3 : 1), i, 1, data(largest / 4, largest), {}});
    for (int64_t k = 0; k < 2; ++k)
      recording.blocks.push_back({1,
                                  kBlockKey,
                                  (2 * i + k) * 1024,
                                  (2 * i + k) * 1024,
                                  1024,
                                  data(largest / 8, largest / 4),
                                  {}});
  }
  return recording;
}

ClusterEncoder EncoderFor(const Recording& recording) {
  ClusterEncoder encoder;
  for (uint32_t i = 0; i < recording.tracks; ++i) encoder.AddTrack(i + 1);
  return encoder;
}

void BM_ClusterEncode(benchmark::State& state) {
  const Recording recording = Make(static_cast<Kind>(state.range(0)));
  ClusterEncoder encoder = EncoderFor(recording);
  int64_t bytes = 0;
  for (auto _ : state) {
    for (const Block& block : recording.blocks) encoder.Add(block);
    bytes += static_cast<int64_t>(encoder.size());
    benchmark::DoNotOptimize(encoder.Encode(0).crc);
    encoder.Clear();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(recording.blocks.size()));
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_ClusterEncode)->ArgName("kind")->Arg(kFilm)->Arg(kOpus)->Arg(kUhd);

void BM_ClusterDecodeIndex(benchmark::State& state) {
  const Recording recording = Make(static_cast<Kind>(state.range(0)));
  ClusterEncoder encoder = EncoderFor(recording);
  TrackIds tracks;
  for (uint32_t i = 0; i < recording.tracks; ++i) tracks.Add(i + 1);
  for (const Block& block : recording.blocks) encoder.Add(block);
  const ByteSpan head = encoder.Encode(0).head.subspan(kChunkHeaderSize);
  ClusterIndex index;
  size_t needed = 0;
  if (!index.Parse(head, 0, tracks, &needed).ok() ||
      index.blocks().size() != recording.blocks.size())
    state.SkipWithError("blocks are missing");
  for (auto _ : state) benchmark::DoNotOptimize(index.Parse(head, 0, tracks, &needed).ok());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(recording.blocks.size()));
  state.counters["index_bytes_a_block"] =
      static_cast<double>(head.size()) / static_cast<double>(recording.blocks.size());
}
BENCHMARK(BM_ClusterDecodeIndex)->ArgName("kind")->Arg(kFilm)->Arg(kOpus)->Arg(kUhd);

}  // namespace
