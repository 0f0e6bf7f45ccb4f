// SPDX-License-Identifier: MIT
// A FileReader over another that hands compressed blocks out as they were before (FORMAT.md, "Compressed blocks").
#ifndef H4MK_FILE_UNPACKING_READER_H_
#define H4MK_FILE_UNPACKING_READER_H_

#include <memory>

#include "file/block_compression.h"
#include "file/cluster_loader.h"
#include "file/forwarding_reader.h"

namespace h4mk {

// Opens a reader and, if any track of the file is compressed, puts one that unpacks in its place. The allocator must outlive it.
// Errors of Open().
Status OpenUnpacked(BufferAllocator& allocator, std::unique_ptr<FileReader>* reader);

class UnpackingReader final : public ForwardingReader {
 public:
  // `file` is open; the allocator must outlive the reader.
  UnpackingReader(std::unique_ptr<FileReader> file, BufferAllocator& allocator);
  ~UnpackingReader() override;

  // Blocks that are encrypted still stay as they are.
  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

 private:
  Status UnpackBlock(const ReadBlock& stored, ReadBlock* block);
  void ReleaseBuffer();

  BufferAllocator& allocator_;
  BlockUnpacker unpacker_;
  ReadBlock stored_;
  bool held_ = false;  // stored_ is still to be handed out
  void* buffer_ = nullptr;
  BlockRecord record_;
};

}  // namespace h4mk

#endif  // H4MK_FILE_UNPACKING_READER_H_
