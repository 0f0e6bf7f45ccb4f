// SPDX-License-Identifier: MIT
// Writes a file of any version or dialect as another one (legacy.md, "Conversion"): tracks, blocks,
// metadata, attachments and chunks that only their owner understands. What the new form cannot hold
// is kept in ORIG where that is version 2, so that the way back gives the same bytes; a file of
// version 1 or of the transport dialect that came from version 2 reads back exactly, but is not the
// same bytes again.
#ifndef H4MK_CONVERT_CONVERT_H_
#define H4MK_CONVERT_CONVERT_H_

#include <functional>
#include <string>

#include "file/chunk_walk.h"
#include "file/file_writer.h"
#include "open/make_writer.h"
#include "pipeline/block_pipeline.h"

namespace h4mk {

struct ConvertOptions {
  int version = 2;            // of the output, as h4mk_reader_version()
  bool keep_original = true;  // version 2 from the others: write ORIG
  WriterOptions writer;
  ProtectOptions protect;  // of the output
  // The most that the blocks may have together. The older forms are held in memory until all of
  // them is known, and a block that was compressed to 40 bytes can be a megabyte.
  uint64_t max_payload = UINT64_MAX;
  ChunkWalk::Progress progress;  // bytes of the input that were gone through; may be empty
  // Each damage that was passed over and each thing that could not be kept, in words. May be empty.
  std::function<void(const std::string& text)> message;
};

// input: open, at its start, nothing discarded. kCorrupt: damage was passed over, all else was
// written. Errors of the writer (kLimit, kArgument): what the new form cannot hold, or
// more than max_payload; the output is then not complete.
Status Convert(BlockPipeline& input, Io& output, ConvertOptions options);

// Copies what is left of `input` to a writer that has no tracks yet, without finishing it. As
// Convert() for the rest.
class OriginalRecorder;
Status CopyFile(BlockPipeline& input, FileWriter& writer, const ConvertOptions& options,
                OriginalRecorder* recorder);

}  // namespace h4mk

#endif  // H4MK_CONVERT_CONVERT_H_
