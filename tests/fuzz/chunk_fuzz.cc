// SPDX-License-Identifier: MIT
//
// The header and the walk over chunks, forwards with resynchronisation, and back. The input is a
// file.

#include "base/memory_io.h"
#include "chunk/chunk_reader.h"
#include "fuzz/file_mutator.h"
#include "fuzz/fuzz.h"
#include "open/open_file.h"

using namespace h4mk;  // NOLINT: a test
using h4mk_fuzz::Touch;

namespace {

// Cannot seek back, like a pipe.
class PipeInput final : public Io {
 public:
  explicit PipeInput(ByteSpan bytes) : input_(bytes) {}
  int64_t Read(uint8_t* buffer, size_t size) override { return input_.Read(buffer, size); }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return false; }
  int64_t Seek(int64_t) override { return -1; }
  int64_t Size() override { return -1; }

 private:
  MemoryInput input_;
};

void Walk(Io& io, ByteSpan file) {
  Source source(io);
  ChunkReader chunks(source);
  Bytes payload;
  FileHeader file_header;
  if (const Status status = ReadFileHeader(source, &file_header); !status.ok()) source.set_salt(0);
  uint64_t offset = kFileHeaderSize;
  ChunkHeader header;
  while (chunks.ReadHeader(offset, &header).ok()) {
    const Status status = chunks.ReadPayload(offset, header, &payload);
    if (status.ok()) {
      FUZZ_CHECK(payload.size() == header.length);
      FUZZ_CHECK(offset + header.size() <= file.size());
      Touch(payload);
      offset += header.size();
      continue;
    }
    FUZZ_CHECK(status.code() == Code::kCorrupt || status.code() == Code::kAgain ||
               status.code() == Code::kUnsupported);
    uint64_t found = 0;
    if (!chunks.FindNext(offset, &found).ok()) break;
    FUZZ_CHECK(found > offset && found <= file.size());
    offset = found;
  }
  if (!source.seekable()) return;
  const auto is_whole = [&](uint64_t offset, const ChunkHeader& at, bool* whole) {
    return chunks.IsWhole(offset, at, whole);
  };
  uint64_t before = file.size(), found = 0;
  while (chunks.FindBackward(before, file.size(), kTagIndex, is_whole, &found).ok()) {
    FUZZ_CHECK(found < before);
    before = found;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteSpan file(data, size);
  FileVersion(file);
  MemoryInput memory(file);
  Walk(memory, file);
  PipeInput pipe(file);
  Walk(pipe, file);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return h4mk_fuzz::MutateFile(data, size, max_size, seed, 0);
}
