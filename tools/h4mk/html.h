// SPDX-License-Identifier: MIT
// One HTML page that needs nothing else: a timeline of tracks, GOPs and bit rate to zoom into, and
// tables.
#ifndef H4MK_TOOLS_HTML_H_
#define H4MK_TOOLS_HTML_H_

#include <string>

#include "block_source.h"

namespace h4mk::tool {

// Writes the page about a file. Problems of the file go to the output, and into the page.
Status WriteHtml(const std::string& name, InputFile& file, BlockPipeline& reader, Output& output,
                 const std::string& path, const WriteOptions& write);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_HTML_H_
