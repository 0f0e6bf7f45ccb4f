// SPDX-License-Identifier: MIT
// CRC-32 as the library takes it, beside the bare call of libdeflate: the difference is what the
// layer costs.
#include <benchmark/benchmark.h>
#include <libdeflate.h>

#include "base/crc32.h"

namespace {

void BM_Crc32(benchmark::State& state) {
  const h4mk::Bytes bytes(static_cast<size_t>(state.range(0)), 0x55);
  if (h4mk::Crc32(0, bytes) != libdeflate_crc32(0, bytes.data(), bytes.size()))
    state.SkipWithError("CRCs differ");
  for (auto _ : state) benchmark::DoNotOptimize(h4mk::Crc32(0, bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc32)->Range(64, 4 << 20);

void BM_LibdeflateCrc32(benchmark::State& state) {
  const h4mk::Bytes bytes(static_cast<size_t>(state.range(0)), 0x55);
  for (auto _ : state) benchmark::DoNotOptimize(libdeflate_crc32(0, bytes.data(), bytes.size()));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_LibdeflateCrc32)->Range(64, 4 << 20);

void BM_Crc32Combine(benchmark::State& state) {
  const auto size = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(h4mk::Crc32Combine(0x12345678, 0x87654321, size));
}
BENCHMARK(BM_Crc32Combine)->Range(64, 4 << 20);

}  // namespace
