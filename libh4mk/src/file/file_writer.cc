// SPDX-License-Identifier: MIT
#include "file/file_writer.h"

namespace h4mk {

uint64_t SideDataSize(const Block& block) {
  uint64_t size = 0;
  for (const SideData& entry : block.side_data) size += entry.name.size() + entry.data.size();
  return size;
}

Status CheckBlock(const Block& block, size_t tracks) {
  if (block.track >= tracks) return Status(Code::kArgument, "block of an unknown track");
  if (block.data.size() > kMaxBlockSize)
    return Status(Code::kLimit,
                  "block of " + std::to_string(block.data.size()) + " bytes is larger than 1 GiB");
  if (block.flags & ~kBlockPublicFlags || (block.flags & kBlockTypeMask) == kBlockTypeMask)
    return Status(Code::kArgument, "block with unknown flags");
  if ((block.flags & kBlockExternal) && (block.flags & (kBlockEncrypted | kBlockCompressed)))
    return Status(Code::kArgument,
                  "a block in another file can be neither encrypted nor compressed");
  if ((block.flags & kBlockExternal) && block.external_offset > kMaxExternalEnd - block.data.size())
    return Status(Code::kArgument, "a block in another file that ends behind 2^63 - 1");
  if (block.side_data.size() > kMaxSideDataEntries || SideDataSize(block) > kMaxSideDataSize)
    return Status(Code::kLimit, "block with more than 32 MiB or 65536 pieces of side data");
  for (const SideData& entry : block.side_data)
    if (entry.name.empty() || entry.name.size() > kMaxSideDataName)
      return Status(Code::kArgument, "side data needs a name of 1 to 255 bytes");
  return {};
}

}  // namespace h4mk
