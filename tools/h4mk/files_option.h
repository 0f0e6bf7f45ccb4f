// SPDX-License-Identifier: MIT
// Commands that take several files, and folders of them.
#ifndef H4MK_TOOLS_FILES_OPTION_H_
#define H4MK_TOOLS_FILES_OPTION_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "output.h"

namespace h4mk::tool {

struct FilesOptions {
  std::vector<std::string> paths;
  bool json = false, recursive = false, quiet = false;
};

// Adds FILE…, --json, --recursive and --quiet.
void AddFilesOptions(CLI::App* command, FilesOptions* options);

// The files that the options name: with --recursive the H4MK files in folders, by name. kIo: a
// folder cannot be read.
Status FindFiles(const FilesOptions& options, std::vector<std::string>* files);

// Whether the options may name more than one file.
bool AreSeveral(const FilesOptions& options);

// Calls visit for each file, with an output of its own, and gives the worst exit status. With
// --json and more than one file their objects are the elements of "files".
int ForEachFile(const FilesOptions& options,
                const std::function<int(const std::string& path, Output& output)>& visit);

// Of several files, what stands before the text of each: its name.
void ShowFileName(const FilesOptions& options, const std::string& path, Output& output);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_FILES_OPTION_H_
