// SPDX-License-Identifier: MIT
// core.md, "Compressed blocks": the data of single blocks as zstd frames.
#ifndef H4MK_FILE_BLOCK_COMPRESSION_H_
#define H4MK_FILE_BLOCK_COMPRESSION_H_

#include <memory>
#include <span>

#include "base/status.h"
#include "cluster/block.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace h4mk {

// What a stored block may unpack to: bounds the memory, and the work for each byte of the file.
inline constexpr uint64_t kMaxUnpackedSize = 64u << 20;
inline constexpr uint64_t kFreeUnpackedSize = 64 << 10;  // whatever the ratio
inline constexpr uint64_t kMaxUnpackedRatio = 1024;

inline constexpr bool IsUnpackedSizeAllowed(uint64_t stored, uint64_t unpacked) {
  return unpacked <= kMaxUnpackedSize &&
         (unpacked <= kFreeUnpackedSize || unpacked <= stored * kMaxUnpackedRatio);
}

// Compresses the blocks of a file, one after the other.
class BlockPacker {
 public:
  // *packed is the block as it is to be stored: compressed where that makes it smaller, and valid
  // until the next call, else a copy of `block`. A block that is compressed or encrypted already,
  // or in another file, stays as it is. kMemory.
  Status Pack(const Block& block, Block* packed);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  Bytes data_;
};

// Unpacks one block after the other.
class BlockUnpacker {
 public:
  // kUnsupported: this build cannot unpack anything.
  static Status IsThere();
  // What a stored block unpacks to; nothing is unpacked yet. kCorrupt: it is no frame of a size
  // that is allowed.
  static Status UnpackedSize(ByteSpan stored, size_t* size);
  // Unpacks to `out`, which has the size that UnpackedSize() told. kCorrupt, kMemory.
  Status Unpack(ByteSpan stored, std::span<uint8_t> out);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace h4mk

#endif  // H4MK_FILE_BLOCK_COMPRESSION_H_
