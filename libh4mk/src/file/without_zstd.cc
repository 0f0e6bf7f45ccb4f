// SPDX-License-Identifier: MIT
// What a build without zstd has in place of block_compression.cc.
#include "file/block_compression.h"

namespace h4mk {
namespace {

Status NoZstd() { return Status(Code::kUnsupported, "this build of the library has no zstd"); }

}  // namespace

void BlockPacker::Free::operator()(ZSTD_CCtx_s*) const {}
void BlockUnpacker::Free::operator()(ZSTD_DCtx_s*) const {}

Status BlockPacker::Pack(const Block&, Block*) { return NoZstd(); }
Status BlockUnpacker::IsThere() { return NoZstd(); }
Status BlockUnpacker::UnpackedSize(ByteSpan, size_t*) { return NoZstd(); }
Status BlockUnpacker::Unpack(ByteSpan, std::span<uint8_t>) { return NoZstd(); }

}  // namespace h4mk
