// SPDX-License-Identifier: MIT
// Hands compressed blocks out as they were before (core.md, "Compressed blocks").
#ifndef H4MK_PIPELINE_UNPACK_STAGE_H_
#define H4MK_PIPELINE_UNPACK_STAGE_H_

#include "file/block_compression.h"
#include "pipeline/block_stage.h"

namespace h4mk {

// Blocks that are encrypted still stay as they are.
class UnpackStage final : public BlockStage {
 public:
  // `file` is open.
  explicit UnpackStage(const FileReader& file) : file_(file) {}

  Status Process(ReadBlock* block, BlockMemory& memory) override;

 private:
  const FileReader& file_;
  BlockUnpacker unpacker_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_UNPACK_STAGE_H_
