// SPDX-License-Identifier: MIT
// A FileReader over another that hands compressed blocks out as they were before (core.md,
// "Compressed blocks").
#ifndef H4MK_PIPELINE_UNPACKING_READER_H_
#define H4MK_PIPELINE_UNPACKING_READER_H_

#include <memory>

#include "file/block_compression.h"
#include "pipeline/replacing_reader.h"

namespace h4mk {

// Opens a reader and, if any track of the file is compressed, puts one that unpacks in its place.
// The allocator must outlive it. Errors of Open().
Status OpenUnpacked(BufferAllocator& allocator, std::unique_ptr<FileReader>* reader);

// Blocks that are encrypted still stay as they are.
class UnpackingReader final : public ReplacingReader {
 public:
  using ReplacingReader::ReplacingReader;

 private:
  Status Replace(const ReadBlock& stored, ReadBlock* block) override;

  BlockUnpacker unpacker_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_UNPACKING_READER_H_
