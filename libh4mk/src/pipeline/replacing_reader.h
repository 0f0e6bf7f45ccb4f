// SPDX-License-Identifier: MIT
// A FileReader over another that puts other data in the place of some blocks' data: the base of
// those that unpack.
#ifndef H4MK_PIPELINE_REPLACING_READER_H_
#define H4MK_PIPELINE_REPLACING_READER_H_

#include <memory>

#include "pipeline/forwarding_reader.h"
#include "reader/cluster_loader.h"

namespace h4mk {

class ReplacingReader : public ForwardingReader {
 public:
  // `file` is open; the allocator must outlive the reader.
  ReplacingReader(std::unique_ptr<FileReader> file, BufferAllocator& allocator)
      : ForwardingReader(std::move(file)), allocator_(allocator) {}
  ~ReplacingReader() override { ReleaseBuffer(); }

  Status Next(ReadBlock* block) override;
  Status Seek(uint32_t track, int64_t time, SeekMode mode, bool any) override;
  Status Rewind() override;
  Status ReadBlockAt(uint32_t track, uint64_t ordinal, ReadBlock* block) override;

 protected:
  // Makes *block, which is *stored so far, what is handed out. kCorrupt costs the block, other
  // errors (memory, I/O) do not.
  virtual Status Replace(const ReadBlock& stored, ReadBlock* block) = 0;

  // Memory for new data with zeros behind it, valid until the next call.
  Status NewBuffer(size_t size, uint8_t** data);
  // Makes that the data of the block; `flag` says no longer how it was stored.
  void UseBuffer(const uint8_t* data, size_t size, uint32_t flag, ReadBlock* block);

 private:
  void ReleaseBuffer();

  BufferAllocator& allocator_;
  ReadBlock stored_;
  bool held_ = false;  // stored_ is still to be handed out
  void* buffer_ = nullptr;
  BlockRecord record_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_REPLACING_READER_H_
