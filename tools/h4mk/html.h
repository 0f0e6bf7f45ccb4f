// SPDX-License-Identifier: MIT
// One HTML page that needs nothing else: a timeline of tracks, GOPs and bit rate to zoom into, a
// map of the bytes, and tables.
#ifndef H4MK_TOOLS_HTML_H_
#define H4MK_TOOLS_HTML_H_

#include <string>

#include "block_source.h"

namespace h4mk::tool {

// Writes the page about the file at the path `name`. Problems of the file go to the output, and
// into the page. ffmpeg: the program that makes pictures of the film; "" for none.
Status WriteHtml(const std::string& name, InputFile& file, BlockPipeline& reader, Output& output,
                 const std::string& path, const std::string& ffmpeg, const WriteOptions& write);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_HTML_H_
