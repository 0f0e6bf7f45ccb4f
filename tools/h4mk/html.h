// SPDX-License-Identifier: MIT
// One HTML page that needs nothing else: a timeline of tracks, GOPs and bit rate to zoom into, a
// map of the bytes, and tables.
#ifndef H4MK_TOOLS_HTML_H_
#define H4MK_TOOLS_HTML_H_

#include <string>

#include "output.h"
#include "recording.h"

namespace h4mk::tool {

struct HtmlOptions {
  std::string path;     // of the page
  std::string ffmpeg;   // the program that makes pictures of the film; "" for none
  bool verify = false;  // every byte is read, else only indexes
};

// Writes the page about a file. Problems of the file go to the output, and into the page.
Status WriteHtml(Recording& recording, Output& output, const HtmlOptions& options,
                 const WriteOptions& write);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_HTML_H_
