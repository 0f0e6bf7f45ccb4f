// SPDX-License-Identifier: MIT
//
// A file of version 1, as V1File answers questions about it. (The `reader` target plays such
// files.)

#include "base/memory_io.h"
#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"
#include "legacy/v1/v1_file.h"

using namespace h4mk;  // NOLINT: a test

namespace {

void Ask(const V1File& file, size_t size) {
  Bytes payload;
  for (const ChunkInfo& chunk : file.chunks()) {
    FUZZ_CHECK(chunk.payload + chunk.length <= size);
    if (file.ReadPayload(chunk, &payload).ok()) h4mk_fuzz::Touch(payload);
    FUZZ_CHECK(file.FindChunk(chunk.payload).ok());
  }
  (void)file.Tracks().ok();
  (void)file.SeekTables().ok();
  const auto cores = file.Cores();
  if (!cores.ok()) return;
  size_t asked = 0;
  for (const V1Core& core : cores.value()) {
    FUZZ_CHECK(core.offset + core.size <= size);
    if (++asked > 16) break;
    (void)file.Keyframe(core.track_id, core.flags.pts_ms).ok();
    (void)file.DecodeChain(core.track_id, core.flags.pts_ms).ok();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const bool check : {false, true}) {
    MemoryInput input({data, size});
    Source source(input);
    const Result<V1File> file = V1File::Open(source, check);
    if (file.ok()) Ask(file.value(), size);
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, 0);
}
