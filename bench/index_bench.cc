// SPDX-License-Identifier: MIT
// Looking a time up in indexes of 10^2 to 10^8 entries, whose pages grow as the writer lets them
// grow (core.md, "Page"). Warm: times within one page that is in memory, which shows O(log
// n). Cold: times anywhere, so that pages have to be read, checked and decoded.
#include <benchmark/benchmark.h>

#include <optional>
#include <random>

#include "base/memory_io.h"
#include "chunk/chunk_writer.h"
#include "index/index.h"
#include "index/page_builder.h"

namespace {

using namespace h4mk;  // NOLINT: a benchmark

constexpr int64_t kTicks = 2000;  // from one entry to the next
constexpr uint64_t kClusterSize = 70'000;

// Where cluster number i stands: behind the pages, which are all there is of the file.
uint64_t OffsetOf(int64_t i) {
  return (uint64_t{1} << 40) + static_cast<uint64_t>(i) * kClusterSize;
}

// The chunks of the pages of an index with so many entries of one track.
Bytes MakePages(int64_t entries, const TrackIds& ids, std::vector<PageRef>* refs) {
  Bytes file(kFileHeaderSize);
  for (int64_t next = 0; next < entries;) {
    const int64_t growth = 1 + static_cast<int64_t>(refs->size()) / 2048;
    const int64_t end = std::min(entries, next + 512 * growth);
    PageBuilder builder(1);
    for (; next < end; ++next) {
      const BlockRecord key{.pts = next * kTicks, .dts = next * kTicks, .flags = kBlockKey};
      builder.AddCluster(OffsetOf(next), std::span(&key, 1));
    }
    IndexPage page = builder.Take();
    page.is_copy = true;  // clusters stand behind it
    const uint64_t offset = file.size();
    AppendBytes(file, MakeChunk(kTagIndex, 0, EncodePage(page, ids, offset)));
    refs->push_back(
        Summarize(page, offset, file.size() - offset, refs->empty() ? nullptr : &refs->back()));
  }
  return file;
}

class SomeIndex {
 public:
  explicit SomeIndex(int64_t entries) : entries_(entries) {
    ids_.Add(1);
    std::vector<PageRef> refs;
    bytes_ = MakePages(entries, ids_, &refs);
    input_.emplace(bytes_);
    source_.emplace(*input_);
    chunks_.emplace(*source_);
    index_.emplace(*chunks_, ids_);
    for (PageRef& ref : refs) index_->AddPage(std::move(ref));
  }

  int64_t end() const { return entries_ * kTicks; }

  // Whether what is found is right.
  bool Find(int64_t time) {
    Index::Found found;
    ClusterRef cluster;
    return index_->Find(0, time, /*backward=*/true, &found, &cluster).ok() &&
           found == Index::Found::kOne && cluster.offset == OffsetOf(time / kTicks);
  }

 private:
  const int64_t entries_;
  TrackIds ids_;
  Bytes bytes_;
  std::optional<MemoryInput> input_;
  std::optional<Source> source_;
  std::optional<ChunkReader> chunks_;
  std::optional<Index> index_;
};

void Lookup(benchmark::State& state, bool warm) {
  SomeIndex index(state.range(0));
  std::mt19937_64 random(1);
  const int64_t from = warm ? index.end() / 2 : 0;
  const int64_t range = warm ? 50 * kTicks : index.end();
  for (auto _ : state) {
    if (!index.Find(from + static_cast<int64_t>(random() % static_cast<uint64_t>(range)))) {
      state.SkipWithError("a wrong cluster was found");
      break;
    }
  }
}

void BM_LookupWarm(benchmark::State& state) { Lookup(state, true); }
BENCHMARK(BM_LookupWarm)->ArgName("entries")->RangeMultiplier(10)->Range(100, 100'000'000);

void BM_LookupCold(benchmark::State& state) { Lookup(state, false); }
BENCHMARK(BM_LookupCold)->ArgName("entries")->RangeMultiplier(10)->Range(100, 100'000'000);

}  // namespace
