// SPDX-License-Identifier: MIT
// Commands that take several files, and folders of them; what they make of them goes into a folder.
#ifndef H4MK_TOOLS_FILES_OPTION_H_
#define H4MK_TOOLS_FILES_OPTION_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "file.h"
#include "file_name.h"
#include "output.h"

namespace h4mk::tool {

struct FilesOptions {
  std::vector<std::string> paths;
  bool json = false, recursive = false, quiet = false;
  bool dry = false;       // nothing is written: no folder is made for it
  bool together = false;  // what comes of all files goes to one output, not to a folder
  bool (*takes)(const std::string& path) = IsH4mkName;  // which files of a folder are meant
};

// Adds FILE…, --json, --recursive and --quiet. what: which files these are.
void AddFilesOptions(CLI::App* command, FilesOptions* options,
                     const std::string& what = "H4MK files, or - for standard input");

// For commands that can be called as cp is: FILE OUT, FILE... FOLDER. Without --output the last
// word goes from the files to *out. kArgument: there is none.
Status TakeOutput(FilesOptions* options, std::string* out);

// Whether the options may name more than one file.
bool AreSeveral(const FilesOptions& options);

// Calls visit for each file, with an output of its own, and gives the worst exit status. With
// --json and more than one file their objects are the elements of "files".
int ForEachFile(const FilesOptions& options,
                const std::function<int(const std::string& path, Output& output)>& visit);

// The same for commands that make a file of each. out is what --output says: "" for nothing, the
// new file or - for standard output; of several files, or if it is a folder, the folder where the
// new ones lie as those in the folders that were given; missing folders are made. visit gets the
// path of the new one, or "".
int ForEachFile(const FilesOptions& options, const std::string& out,
                const std::function<int(const std::string& path, const std::string& to,
                                        Output& output)>& visit);

// Opens the new file `to`; without one, path itself.
Status OpenNew(const std::string& path, const std::string& to, const WriteOptions& options,
               OutputFile* file);
// The same for those who read chunks of `input`, not tracks: the film of a sidecar is an input too.
Status OpenNew(InputFile& input, const std::string& path, const std::string& to,
               const WriteOptions& options, OutputFile* file);

// Writes the name of a file above its text, if the options may name several.
void ShowFileName(const FilesOptions& options, const std::string& path, Output& output);

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_FILES_OPTION_H_
