// SPDX-License-Identifier: MIT
// The walk over chunks: headers alone, and with payload and CRC.
#include <benchmark/benchmark.h>

#include "base/memory_io.h"
#include "chunk/chunk_reader.h"
#include "chunk/chunk_writer.h"

namespace {

using namespace h4mk;  // NOLINT: a benchmark

constexpr size_t kChunks = 1000;

Bytes FileOfChunks(size_t payload_size) {
  MemoryOutput output;
  Sink sink(output);
  ChunkWriter writer(sink);
  const Bytes payload(payload_size, 0x55);
  if (!writer.WriteFileHeader({}).ok()) return {};
  for (size_t i = 0; i < kChunks; ++i)
    if (!writer.WriteChunk(kTagNote, 0, payload).ok()) return {};
  return output.bytes;
}

// Returns how many chunks there were.
size_t Walk(const Bytes& file, bool with_payload) {
  MemoryInput input(file);
  Source source(input);
  ChunkReader chunks(source);
  ChunkHeader header;
  Bytes payload;
  size_t count = 0;
  uint64_t offset = kFileHeaderSize;
  for (; chunks.ReadHeader(offset, &header).ok(); offset += header.size(), ++count)
    if (with_payload && !chunks.ReadPayload(offset, header, &payload).ok()) break;
  return count;
}

void BM_ChunkWalk(benchmark::State& state) {
  const bool with_payload = state.range(1);
  const Bytes file = FileOfChunks(static_cast<size_t>(state.range(0)));
  if (Walk(file, with_payload) != kChunks) state.SkipWithError("chunks are missing");
  for (auto _ : state) benchmark::DoNotOptimize(Walk(file, with_payload));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kChunks));
  if (with_payload) state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(file.size()));
}
BENCHMARK(BM_ChunkWalk)
    ->ArgNames({"payload", "read"})
    ->ArgsProduct({{100, 10'000, 100'000}, {0, 1}});

}  // namespace
