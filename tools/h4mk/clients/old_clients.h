// SPDX-License-Identifier: MIT
// The command lines of the first programs that read and wrote H4MK files, answer for answer: three
// of version 1, and two clients of the transport dialect. Errors are exit status 1 here.
#ifndef H4MK_TOOLS_CLIENTS_OLD_CLIENTS_H_
#define H4MK_TOOLS_CLIENTS_OLD_CLIENTS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "file.h"

namespace h4mk::tool {

// transport_client.cc
int TransportInspect(const std::string& path);
int TransportSeek(const std::string& path, int64_t pts_us);
int TransportExport(const std::string& path);

// video_client.cc
int VideoManifest(const std::string& path);
int VideoSeek(const std::string& path, const std::string& track_id, int64_t pts_us);
int VideoBlock(const std::string& path, int64_t index, bool raw, const std::string& output,
               const WriteOptions& write);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_CLIENTS_OLD_CLIENTS_H_
