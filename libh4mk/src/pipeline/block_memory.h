// SPDX-License-Identifier: MIT
// The memory of the one block that goes through the stages.
#ifndef H4MK_PIPELINE_BLOCK_MEMORY_H_
#define H4MK_PIPELINE_BLOCK_MEMORY_H_

#include <cstring>
#include <utility>

#include "file/file_reader.h"
#include "reader/cluster_loader.h"

namespace h4mk {

class BlockMemory {
 public:
  // The allocator must outlive this.
  explicit BlockMemory(BufferAllocator& allocator) : allocator_(allocator) {}
  ~BlockMemory() { Clear(); }
  BlockMemory(const BlockMemory&) = delete;
  BlockMemory& operator=(const BlockMemory&) = delete;

  // Gives back what the block before had.
  void Clear() {
    Release(&input_);
    Release(&buffer_);
  }

  // Memory for `size` bytes, with zeros behind it. What the stage before wrote stays readable until
  // the next call. kMemory.
  Status New(size_t size, uint8_t** data) {
    Release(&input_);
    input_ = std::exchange(buffer_, nullptr);
    buffer_ = allocator_.Alloc(size + kBlockPadding, data);
    if (buffer_ == nullptr) return Status(Code::kMemory, "no memory for a block");
    std::memset(*data + size, 0, kBlockPadding);
    return {};
  }

  // Makes what New() gave the data of the block; `flag` said how it was stored and goes.
  void Use(const uint8_t* data, size_t size, uint32_t flag, ReadBlock* block) {
    record_ = *block->record;
    record_.size = static_cast<uint32_t>(size);
    record_.flags &= ~flag;
    block->record = &record_;
    block->data = data;
    block->buffer = buffer_;
  }

 private:
  void Release(void** buffer) {
    if (*buffer != nullptr) allocator_.Release(std::exchange(*buffer, nullptr));
  }

  BufferAllocator& allocator_;
  void* buffer_ = nullptr;  // of the last New()
  void* input_ = nullptr;   // of the one before: what the stage at work reads
  BlockRecord record_;
};

}  // namespace h4mk

#endif  // H4MK_PIPELINE_BLOCK_MEMORY_H_
