// SPDX-License-Identifier: MIT
// h4mk index: the index of a file made anew, or put in front.
#include "api.h"
#include "command.h"
#include "edit_file.h"
#include "file.h"
#include "files_option.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct IndexOptions {
  FilesOptions files;
  bool front = false;
  std::string output;
  WriteOptions write;
};

void Describe(CLI::App* command, IndexOptions* options) {
  AddFilesOptions(command, &options->files);
  CLI::Option* front = command->add_flag(
      "--front", options->front,
      "Put a copy of the index in front, for servers where each more request takes long");
  command
      ->add_option("--output,-o", options->output,
                   "With --front: where the file goes, default FILE itself")
      ->needs(front);
  AddForceOption(command, &options->write);
  command->footer(
      "Without --front: checks the index against the clusters, and makes index and end of FILE "
      "anew where they are missing or\n"
      "wrong. Of the clusters only their indexes are read. For damage between clusters see `h4mk "
      "recover`.");
}

Status MoveToFront(const IndexOptions& options, const std::string& path) {
  InputFile file;
  H4MK_TRY(file.Open(path));
  if (file.version() != 2)
    return Status(Code::kVersion, "only files of version 2 have such an index");
  OutputFile out;
  H4MK_TRY(options.output.empty() ? out.OpenInPlace(path)
                                  : out.Open(options.output, options.write));
  const h4mk_io from = CallbacksOf(file.NewIo()), to = CallbacksOf(out.io());
  Work work("index");
  return out.Commit(work.Result(h4mk_index_to_front(&from, &to, work.task())));
}

Status Rebuild(const std::string& path, bool* changed) {
  EditFile file;
  H4MK_TRY(file.Open(path));
  const h4mk_io io = file.Io();
  Work work("index");
  int made = 0;
  H4MK_TRY(file.Explain(work.Result(h4mk_reindex(&io, work.task(), &made))));
  *changed = made != 0;
  return {};
}

int IndexOne(const IndexOptions& options, const std::string& path, Output& output) {
  bool changed = true;
  const Status status = options.front ? MoveToFront(options, path) : Rebuild(path, &changed);
  if (!status.ok()) return output.Fail(status);
  output.Set("changed", changed);
  output.Text("{}{}\n", AreSeveral(options.files) ? Printable(path) + ": " : "",
              options.front ? "the index is in front"
              : changed     ? "index and end were made anew"
                            : "the index is as it should be");
  return output.Finish();
}

int Run(const IndexOptions& options) {
  if (!options.output.empty()) {
    const std::string& path = options.files.paths[0];
    Output output(path, options.files.json, options.output == "-" ? stderr : stdout);
    output.SetQuiet(options.files.quiet);
    if (AreSeveral(options.files))
      return output.Fail(Status(Code::kArgument, "--output is for one file"));
    return IndexOne(options, path, output);
  }
  return ForEachFile(options.files, [&](const std::string& path, Output& output) {
    return IndexOne(options, path, output);
  });
}

}  // namespace

void AddIndex(CLI::App& app, int* exit_code) {
  AddCommand<IndexOptions>(app, exit_code, "index", "Make the index anew, or put it in front",
                           Describe, Run);
}

}  // namespace h4mk::tool
