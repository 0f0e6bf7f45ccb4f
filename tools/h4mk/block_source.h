// SPDX-License-Identifier: MIT
// Every block of a file by its description, without its data where the version allows that.
#ifndef H4MK_TOOLS_BLOCK_SOURCE_H_
#define H4MK_TOOLS_BLOCK_SOURCE_H_

#include <functional>

#include "file.h"
#include "output.h"

namespace h4mk::tool {

struct BlockRow {
  uint32_t track = 0;  // index
  uint64_t ordinal = 0;
  int64_t pts = 0, dts = 0, duration = 0;
  uint32_t flags = 0;  // core.md, "Block flags"
  uint32_t size = 0;
  uint64_t offset = 0;   // of its data
  uint64_t cluster = 0;  // version 2: offset of the cluster; else 0

  int64_t time() const { return SeekTime(pts, dts); }
  bool is_key() const { return flags & kBlockKey; }
};

BlockRow MakeRow(const BlockRecord& record, uint64_t offset, uint64_t cluster);
BlockRow MakeRow(const BlockInfo& info);

// The type of a block: 0 I, 1 P, 2 B, 3 P or B, which nothing in the file tells (ffmpeg.md, "Block
// flags and FFmpeg's packet flags").
uint32_t TypeOf(uint32_t flags, const Track& track);
// The same as a letter: I, P, B or ?
char TypeLetter(uint32_t flags, const Track& track);

// The members of a block in JSON: the same names everywhere.
Json BlockJson(const BlockRow& row, const Track& track);

// Calls visit for every block in file order. Damage and a missing end become problems of the
// output.
void ForEachBlock(InputFile& file, BlockPipeline& reader, Output& output,
                  const std::function<void(const BlockRow&)>& visit);

// The same for every block that can be handed out, with its bytes; the others are problems.
void ForEachRead(BlockPipeline& reader, Output& output,
                 const std::function<Status(const ReadBlock&)>& visit);

// Tells of what opening and reading found, and of a file without an end, which is a problem.
void ReportWarnings(BlockPipeline& reader, Output& output);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_BLOCK_SOURCE_H_
