// SPDX-License-Identifier: MIT
//
// A file of the transport dialect, its tables and its block compression.

#include "base/memory_io.h"
#include "chunk/chunk_format.h"
#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"
#include "legacy/maintain.h"
#include "legacy/run_length.h"
#include "legacy/transport/transport_file.h"

using namespace h4mk;  // NOLINT: a test

namespace {

constexpr uint64_t kMostPlain = 1 << 20;

void CheckRunLength(ByteSpan coded) {
  if (RunLengthSize(coded) > kMostPlain) return;
  const Result<Bytes> plain = DecodeRunLength(coded);
  if (!plain.ok()) return;
  FUZZ_CHECK(plain.value().size() == RunLengthSize(coded));
  const Result<Bytes> again = EncodeRunLength(plain.value());
  if (!again.ok()) return;
  const Result<Bytes> back = DecodeRunLength(again.value());
  FUZZ_CHECK(back.ok() && back.value() == plain.value());
}

// Every table is tried on every payload: the mutator then needs not find out which is which.
void CheckTables(ByteSpan payload) {
  const std::string text(payload.begin(), payload.end());
  CheckRunLength(payload);
  if (const auto entries = DecodeTransportSeek(payload); entries.ok())
    FindTransportEntry(entries.value(), 1000);
  if (const auto entries = DecodeTransportTrak(text, 65536); entries.ok()) {
    const auto again = DecodeTransportTrak(EncodeTransportTrak(entries.value()), 65536);
    FUZZ_CHECK(again.ok() && again.value().size() == entries.value().size());
  }
  if (const auto tables = DecodeSeekm(payload); tables.ok()) {
    for (const TransportSeekmTable& table : tables.value()) FindSeekmEntry(table, 1000);
    const auto again = EncodeSeekm(tables.value());
    FUZZ_CHECK(again.ok() && again.value().size() <= payload.size());
  }
}

// What is recovered is whole.
void CheckRecovery(ByteSpan bytes) {
  MemoryOutput output;
  RecoverReport report;
  if (!RecoverTransport(bytes, output, nullptr, &report).ok()) return;
  MemoryInput input(output.bytes);
  Source source(input);
  FUZZ_CHECK(TransportFile::Open(source, /*check=*/true).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CheckTables({data, size});
  CheckRecovery({data, size});
  for (const bool check : {false, true}) {
    MemoryInput input({data, size});
    Source source(input);
    const Result<TransportFile> file = TransportFile::Open(source, check);
    if (!file.ok()) continue;
    FUZZ_CHECK(file.value().end() <= size);
    Bytes payload;
    for (const ChunkInfo& chunk : file.value().chunks()) {
      FUZZ_CHECK(file.value().ReadPayload(chunk, &payload).ok());
      CheckTables(payload);
    }
    (void)file.value().Seek().ok();
    (void)file.value().CheckVeri().ok();
    (void)file.value().ReadMetadata().ok();
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, 0);
}
