// SPDX-License-Identifier: MIT
#include "files_option.h"

#include <algorithm>
#include <filesystem>

#include "text.h"

namespace h4mk::tool {
namespace {

namespace fs = std::filesystem;

// Folders that are links are not entered: they may lead round in circles.
Status FindInFolder(const std::string& folder, std::vector<std::string>* files) {
  std::error_code error;
  std::vector<std::string> found;
  for (fs::recursive_directory_iterator
           at(folder, fs::directory_options::skip_permission_denied, error),
       end;
       !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->path().extension() == ".h4mk" && at->is_regular_file(ignored))
      found.push_back(at->path().string());
  }
  if (error) return Status(Code::kIo, folder + ": " + error.message());
  std::sort(found.begin(), found.end());
  files->insert(files->end(), found.begin(), found.end());
  return {};
}

}  // namespace

void AddFilesOptions(CLI::App* command, FilesOptions* options) {
  command->add_option("FILE", options->paths, "H4MK files, or - for standard input")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->add_flag("--recursive,-r", options->recursive,
                    "Take folders too, with all files in them that end in .h4mk");
  command->add_flag("--quiet,-q", options->quiet, "Say only what is wrong");
}

Status FindFiles(const FilesOptions& options, std::vector<std::string>* files) {
  for (const std::string& path : options.paths) {
    std::error_code ignored;
    if (options.recursive && fs::is_directory(path, ignored))
      H4MK_TRY(FindInFolder(path, files));
    else
      files->push_back(path);
  }
  return files->empty() ? Status(Code::kNotFound, "no file there ends in .h4mk") : Status();
}

bool AreSeveral(const FilesOptions& options) {
  return options.recursive || options.paths.size() > 1;
}

int ForEachFile(const FilesOptions& options,
                const std::function<int(const std::string& path, Output& output)>& visit) {
  std::vector<std::string> files;
  if (const Status status = FindFiles(options, &files); !status.ok())
    return Output(options.paths[0], options.json).Fail(status);
  const bool is_list = options.json && AreSeveral(options);
  int code = kExitDone;
  if (is_list) std::fputs("{\n\"files\": [\n", stdout);
  for (const std::string& path : files) {
    if (is_list && &path != &files.front()) std::fputs(",\n", stdout);
    Output output(path, options.json);
    output.SetQuiet(options.quiet);
    code = std::max(code, visit(path, output));
  }
  if (is_list) std::fputs("]\n}\n", stdout);
  return code;
}

void ShowFileName(const FilesOptions& options, const std::string& path, Output& output) {
  if (AreSeveral(options)) output.Text("{}:\n", output.In(Output::Look::kHeading, Printable(path)));
}

}  // namespace h4mk::tool
