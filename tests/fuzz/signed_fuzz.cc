// SPDX-License-Identifier: MIT
//
// A signed file through the reader that verifies, with whoever signed it believed: mutations get as
// far as checkpoints, leaves and digests of the index. What is read comes to an end, and a proof
// that is made holds or says why not.

#include "base/memory_io.h"
#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"
#include "pipeline/block_pipeline.h"
#include "pipeline/signature_stage.h"
#include "reader/reader.h"

using namespace h4mk;  // NOLINT: a test

namespace {

class Allocator final : public BufferAllocator {
 public:
  void* Alloc(size_t size, uint8_t** data) override {
    *data = new uint8_t[size];
    return *data;
  }
  void Release(void* handle) override { delete[] static_cast<uint8_t*>(handle); }
};

void ReadThrough(VerifyingIo& io) {
  Bytes buffer(4096);
  uint64_t at = 0;
  for (int64_t got = 1; got > 0; at += static_cast<uint64_t>(std::max<int64_t>(got, 0)))
    got = io.ReadAt(at, buffer.data(), buffer.size());
}

void Read(BlockPipeline& reader, SignatureStage& signature, size_t file_size) {
  ReadBlock block;
  size_t reports = 0;
  for (;;) {
    const Status status = reader.Next(&block);
    if (status.ok()) {
      h4mk_fuzz::Touch({block.data, block.record->size});
      (void)signature.ProveLast().ok();
    } else if (status.code() == Code::kCorrupt) {
      FUZZ_CHECK(++reports <= file_size);
    } else {
      return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  MemoryInput input({data, size});
  const auto signature =
      std::make_shared<SignatureStage>(input, std::nullopt, SignatureStage::Strictness::kReport);
  VerifyingIo& io = signature->io();
  if (!io.Open().ok()) return 0;
  ReadThrough(io);
  Allocator allocator;
  BlockPipeline reader(std::make_unique<Reader>(Source(io), allocator, /*keep_corrupt=*/false),
                       allocator);
  reader.Add(signature);
  if (!reader.Open().ok()) return 0;
  Read(reader, *signature, size);
  if (!reader.tracks().empty() && reader.Seek(0, 20, SeekMode::kBackward, false).ok())
    Read(reader, *signature, size);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, 0);
}
