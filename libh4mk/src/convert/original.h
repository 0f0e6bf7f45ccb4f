// SPDX-License-Identifier: MIT
// legacy.md, "ORIG": what a file of version 1 or of the transport dialect had beside its blocks,
// kept in the file of version 2 that was made of it, so that the way back gives the same bytes.
#ifndef H4MK_CONVERT_ORIGINAL_H_
#define H4MK_CONVERT_ORIGINAL_H_

#include <vector>

#include "base/io.h"
#include "legacy/v1/v1_block_log.h"
#include "pipeline/block_pipeline.h"

namespace h4mk {

// Notes how the original is put together, while its blocks are read.
class OriginalRecorder {
 public:
  // reader: of the original, on an input that can seek; must outlive the recorder.
  explicit OriginalRecorder(BlockPipeline& reader);

  // The block that Next() gave last, which becomes the next block of the new file.
  Status AddBlock(const ReadBlock& block);
  // A chunk of the original that the new file has too; in file order.
  void AddChunk(uint64_t offset, uint64_t end) { chunks_.push_back({offset, end}); }

  // Payloads of the ORIG chunks. kLimit: the original has more beside its blocks than is kept (256
  // MiB).
  Status Finish(std::vector<Bytes>* payloads);

 private:
  struct Piece {
    uint64_t begin = 0, end = 0;  // in the original
    uint32_t number = 0;          // of the block
    uint8_t op = 0;
  };
  struct Range {
    uint64_t begin = 0, end = 0;
  };

  Status AddV1Block(const ReadBlock& block, Piece* piece);
  Status AddTransportBlock(const ReadBlock& block, Piece* piece);
  void AddPiece(const Piece& piece);
  void EndRun();
  Status AddLiteral(uint64_t begin, uint64_t end);

  BlockPipeline& reader_;
  Source& source_;
  std::vector<V1Clock> clocks_;
  std::vector<Piece> pieces_;
  std::vector<Range> chunks_;
  size_t next_chunk_ = 0;
  uint32_t block_count_ = 0;
  uint32_t expected_ = 0;  // number of the block behind the last piece's
  uint32_t run_ = 0;       // pieces that were not written yet
  Piece run_start_;
  Bytes ops_;
};

// Writes the original that a file of version 2 was made of, byte by byte. *rebuilt is false, and
// nothing is written, where the file has none of this version, or was changed since.
Status RebuildOriginal(BlockPipeline& reader, int version, Sink& sink, bool* rebuilt);

}  // namespace h4mk

#endif  // H4MK_CONVERT_ORIGINAL_H_
