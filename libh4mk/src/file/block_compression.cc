// SPDX-License-Identifier: MIT
#include "file/block_compression.h"

#include <zstd.h>
#include <zstd_errors.h>

namespace h4mk {
namespace {

constexpr int kCompressionLevel = 3;  // zstd's own default

Status NoMemoryForZstd() { return Status(Code::kMemory, "no memory for compression"); }

bool IsOutOfMemory(size_t result) {
  return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation;
}

}  // namespace

void BlockPacker::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
void BlockUnpacker::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

Status BlockPacker::Pack(const Block& block, Block* packed) {
  *packed = block;
  const size_t size = block.data.size();
  if ((block.flags & (kBlockCompressed | kBlockEncrypted | kBlockExternal)) || size <= 1 ||
      size > kMaxUnpackedSize)
    return {};
  if (!context_) context_.reset(ZSTD_createCCtx());
  if (!context_) return NoMemoryForZstd();
  data_.resize(size - 1);  // there is no room for what would not be smaller
  const size_t stored = ZSTD_compressCCtx(context_.get(), data_.data(), data_.size(),
                                          block.data.data(), size, kCompressionLevel);
  if (ZSTD_isError(stored)) return IsOutOfMemory(stored) ? NoMemoryForZstd() : Status();
  if (!IsUnpackedSizeAllowed(stored, size)) return {};
  packed->data = ByteSpan(data_).first(stored);
  packed->flags |= kBlockCompressed;
  return {};
}

Status BlockUnpacker::IsThere() { return {}; }

Status BlockUnpacker::UnpackedSize(ByteSpan stored, size_t* size) {
  const unsigned long long told = ZSTD_getFrameContentSize(stored.data(), stored.size());
  if (told == ZSTD_CONTENTSIZE_ERROR || told == ZSTD_CONTENTSIZE_UNKNOWN)
    return Status(Code::kCorrupt, "no zstd frame that tells its size");
  if (!IsUnpackedSizeAllowed(stored.size(), told))
    return Status(Code::kCorrupt, std::to_string(stored.size()) +
                                      " bytes say that they unpack to " + std::to_string(told) +
                                      ", more than is allowed");
  *size = static_cast<size_t>(told);
  return {};
}

Status BlockUnpacker::Unpack(ByteSpan stored, std::span<uint8_t> out) {
  if (!context_) context_.reset(ZSTD_createDCtx());
  if (!context_) return NoMemoryForZstd();
  if (ZSTD_findFrameCompressedSize(stored.data(), stored.size()) != stored.size())
    return Status(Code::kCorrupt, "not one whole zstd frame");
  const size_t got =
      ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), stored.data(), stored.size());
  if (ZSTD_isError(got) && IsOutOfMemory(got)) return NoMemoryForZstd();
  if (ZSTD_isError(got))
    return Status(Code::kCorrupt, std::string("a bad zstd frame (") + ZSTD_getErrorName(got) + ")");
  return got == out.size() ? Status() : Status(Code::kCorrupt, "a zstd frame of another size");
}

}  // namespace h4mk
