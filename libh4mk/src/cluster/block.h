// SPDX-License-Identifier: MIT
// A block (what FFmpeg calls a packet) as it goes into a file and as it is described by a cluster's
// index.
#ifndef H4MK_CLUSTER_BLOCK_H_
#define H4MK_CLUSTER_BLOCK_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/time_base.h"

namespace h4mk {

// The number behind that of the track's block before.
inline constexpr uint64_t kNextOrdinal = UINT64_MAX;

// core.md, "Block flags". The public ones are those of h4mk.h; the others exist only in files.
inline constexpr uint32_t kBlockTypeMask = 0x3;
inline constexpr uint32_t kBlockKey = 0x4;
inline constexpr uint32_t kBlockDiscard = 0x8;
inline constexpr uint32_t kBlockCorrupt = 0x10;
inline constexpr uint32_t kBlockNoPts = 0x40;
inline constexpr uint32_t kBlockNoDts = 0x80;
inline constexpr uint32_t kBlockHasSideData = 0x100;
inline constexpr uint32_t kBlockEncrypted = 0x200;
inline constexpr uint32_t kBlockCompressed = 0x400;
inline constexpr uint32_t kBlockExternal = 0x800;
inline constexpr uint32_t kBlockMustKnow =
    0xF000;  // a block with one of these that is not known is not handed out
inline constexpr uint32_t kBlockPublicFlags =
    0x3F | kBlockEncrypted | kBlockCompressed | kBlockExternal;

// core.md, "Limits".
inline constexpr uint32_t kMaxBlockSize = 1u << 30;
inline constexpr uint32_t kMaxClusterBlocks = 65535;
inline constexpr size_t kMaxSideDataName = 255;
inline constexpr size_t kMaxSideDataEntries = 65536;     // of a cluster
inline constexpr uint64_t kMaxSideDataSize = 32u << 20;  // of one block, names included
inline constexpr uint64_t kMaxRepeatedSideData = 32;     // of a cluster, times its payload
inline constexpr uint64_t kMaxExternalGroup =
    64u << 20;  // external blocks of a track in a cluster, if more than one
inline constexpr uint64_t kMaxExternalEnd = INT64_MAX;  // where one ends in the other file

struct SideData {
  std::string_view name;
  ByteSpan data;
};

struct Block {
  uint32_t track = 0;  // index in TRAK
  uint32_t flags = 0;
  int64_t pts = kNoTime;
  int64_t dts = kNoTime;
  int64_t duration = 0;
  ByteSpan data;
  std::span<const SideData> side_data;
  // Its number within the track. Numbers may be left out, which shows that blocks are missing.
  uint64_t ordinal = kNextOrdinal;
  uint64_t external_offset = 0;  // of a block with kBlockExternal: where its data, which is here as
                                 // well, stands in the other file
};

// What the flags of a block are in a file.
inline uint32_t StoredFlags(const Block& block) {
  return (block.flags & kBlockPublicFlags) | (block.pts == kNoTime ? kBlockNoPts : 0) |
         (block.dts == kNoTime ? kBlockNoDts : 0) |
         (block.side_data.empty() ? 0 : kBlockHasSideData);
}

}  // namespace h4mk

#endif  // H4MK_CLUSTER_BLOCK_H_
