// SPDX-License-Identifier: MIT
// Every block of a file, and how one is shown.
#ifndef H4MK_TOOLS_BLOCK_SOURCE_H_
#define H4MK_TOOLS_BLOCK_SOURCE_H_

#include <functional>

#include "output.h"
#include "recording.h"

namespace h4mk::tool {

// A block of a track that was looked up, as one that was read without its data.
h4mk_block BlockOf(const h4mk_block_info& info, uint32_t track);

// The type of a block: 0 I, 1 P, 2 B, 3 P or B, which nothing in the file tells (ffmpeg.md, "Block
// flags and FFmpeg's packet flags").
uint32_t TypeOf(uint32_t flags, const RecordedTrack& track);
// The same as a letter: I, P, B or ?
char TypeLetter(uint32_t flags, const RecordedTrack& track);
// "block 12 at 0:00:01.500, I*, 1234 bytes at byte 5678"; the star marks a seek point.
std::string BlockText(const h4mk_block& block, const RecordedTrack& track);

// The members of a block in JSON: the same names everywhere.
Json BlockJson(const h4mk_block& block, const RecordedTrack& track);

// Calls visit for every block that can be handed out, in file order, until that returns an error.
// Damage, a missing end and that error become problems of the output.
void ForEachBlock(Recording& recording, Output& output,
                  const std::function<Status(const h4mk_block&)>& visit);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_BLOCK_SOURCE_H_
