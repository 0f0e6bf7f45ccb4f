// SPDX-License-Identifier: MIT
// Chapters: of files that others write, and of files that are cut and joined (ffmpeg.md, "Keys of
// META").
#ifndef H4MK_TOOLS_CHAPTERS_H_
#define H4MK_TOOLS_CHAPTERS_H_

#include <string>
#include <string_view>

#include "output.h"
#include "text.h"

namespace h4mk::tool {

inline constexpr TimeBase kNanoseconds{1, 1000000000};

// Reads chapters as META has them from ffmetadata, OGM ("CHAPTER01=…") or Matroska's XML; which of
// them it is the text tells. kArgument: none of these, or a line that cannot be used.
Result<Json> ParseChapters(std::string_view text);

// Adds a chapter, before the first that begins later: it ends where the next one begins.
void InsertChapter(Json* meta, int64_t milliseconds, const std::string& title);

// Leaves the chapters between two times, cut off at both; with `shift` they count from `start` on.
void CutChapters(Json* meta, int64_t start, int64_t end, bool shift, TimeBase time_base);

// Adds those of another file, `nanoseconds` later.
void AppendChapters(Json* meta, const Json& other, int64_t nanoseconds);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_CHAPTERS_H_
