// SPDX-License-Identifier: MIT
#include "files_option.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "file_name.h"
#include "own_path.h"
#include "recording.h"
#include "text.h"

namespace h4mk::tool {
namespace {

namespace fs = std::filesystem;

// A file that was named, or is in a folder that was.
struct FoundFile {
  std::string path, below;  // below: its path from that folder on
};

// Folders that are links are not entered: they may lead round in circles. Nor is a link of somebody
// else taken, by which a file that only the caller can read would be copied to where all can.
Status FindInFolder(const std::string& folder, bool (*takes)(const std::string& path),
                    std::vector<FoundFile>* files) {
  std::error_code error;
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator
           at(folder, fs::directory_options::skip_permission_denied, error),
       end;
       !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (takes(at->path().string()) && at->is_regular_file(ignored) &&
        !IsLinkOfOthers(at->path().string()))
      found.push_back(at->path());
  }
  if (error) return Status(Code::kIo, folder + ": " + error.message());
  std::sort(found.begin(), found.end());
  for (const fs::path& path : found)
    files->push_back({path.string(), path.lexically_relative(folder).string()});
  return {};
}

// With --recursive the files in folders, by name.
Status FindFiles(const FilesOptions& options, std::vector<FoundFile>* files) {
  for (const std::string& path : options.paths) {
    if (options.recursive && IsFolder(path))
      H4MK_TRY(FindInFolder(path, options.takes, files));
    else
      files->push_back({path, LastName(path)});
  }
  if (!files->empty()) return {};
  return Status(Code::kNotFound, options.takes == IsH4mkName
                                     ? "no file there ends in .h4mk"
                                     : "no file there has the name of a media file");
}

// Where what comes of each file goes: two of them never to the same place.
Status NameOutputs(const std::vector<FoundFile>& files, const std::string& out, bool in_folder,
                   std::vector<std::string>* outputs) {
  if (in_folder && out == "-")
    return Status(Code::kArgument, "several files cannot go to standard output");
  std::set<std::string> taken;
  for (const FoundFile& file : files) {
    outputs->push_back(in_folder ? InFolder(out, file.below) : out);
    if (in_folder && !taken.insert(outputs->back()).second)
      return Status(Code::kArgument, "two of the files would become " + outputs->back());
  }
  return {};
}

}  // namespace

void AddFilesOptions(CLI::App* command, FilesOptions* options, const std::string& what) {
  command->add_option("FILE", options->paths, what)->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->add_flag("--recursive,-r", options->recursive,
                    "Take folders too, with all files in them that end in .h4mk");
  command->add_flag("--quiet,-q", options->quiet, "Say only what is wrong");
}

Status TakeOutput(FilesOptions* options, std::string* out) {
  if (!out->empty()) return {};
  if (options->paths.size() < 2)
    return Status(Code::kArgument, "say where the new file goes: FILE OUT, or --output");
  *out = options->paths.back();
  options->paths.pop_back();
  return {};
}

bool AreSeveral(const FilesOptions& options) {
  return options.recursive || options.paths.size() > 1;
}

int ForEachFile(const FilesOptions& options, const std::string& out,
                const std::function<int(const std::string& path, const std::string& to,
                                        Output& output)>& visit) {
  std::FILE* const text = out == "-" ? stderr : stdout;
  std::vector<FoundFile> files;
  std::vector<std::string> outputs;
  Status status = FindFiles(options, &files);
  const bool in_folder =
      !out.empty() && !options.together && (AreSeveral(options) || IsFolder(out));
  if (status.ok()) status = NameOutputs(files, out, in_folder, &outputs);
  if (!status.ok()) return Output(options.paths[0], options.json, text).Fail(status);
  if (!out.empty())  // what comes of one file never takes the place of another that is still to be
                     // read
    for (const FoundFile& file : files) KeepInput(file.path);
  const bool is_list = options.json && AreSeveral(options);
  int code = kExitDone;
  if (is_list) std::fputs("{\n\"files\": [\n", text);
  for (size_t i = 0; i < files.size(); ++i) {
    if (is_list && i > 0) std::fputs(",\n", text);
    Output output(files[i].path, options.json, text);
    output.SetQuiet(options.quiet);
    status = in_folder && !options.dry ? MakeFolderOf(outputs[i]) : Status();
    if (IsFolder(files[i].path))
      status = Status(Code::kIo, "is a directory; --recursive (-r) takes the files in it");
    code = std::max(code,
                    status.ok() ? visit(files[i].path, outputs[i], output) : output.Fail(status));
  }
  if (is_list) std::fputs("]\n}\n", text);
  return code;
}

int ForEachFile(const FilesOptions& options,
                const std::function<int(const std::string& path, Output& output)>& visit) {
  return ForEachFile(options, "",
                     [&](const std::string& path, const std::string& /*to*/, Output& output) {
                       return visit(path, output);
                     });
}

Status OpenNew(const std::string& path, const std::string& to, const WriteOptions& options,
               OutputFile* file) {
  return to.empty() ? file->OpenInPlace(path) : file->Open(to, options);
}

Status OpenNew(InputFile& input, const std::string& path, const std::string& to,
               const WriteOptions& options, OutputFile* file) {
  std::error_code ignored;
  Recording recording;
  if (fs::exists(to, ignored)) (void)recording.Open(input).ok();
  return OpenNew(path, to, options, file);
}

void ShowFileName(const FilesOptions& options, const std::string& path, Output& output) {
  if (AreSeveral(options)) output.Text("{}:\n", output.In(Output::Look::kHeading, Printable(path)));
}

}  // namespace h4mk::tool
