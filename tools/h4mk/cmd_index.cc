// SPDX-License-Identifier: MIT
// h4mk index: the index of a file made anew, or put in front.
#include "api.h"
#include "command.h"
#include "edit_file.h"
#include "file.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct IndexOptions {
  CommonOptions common;
  bool front = false;
  std::string output;
  WriteOptions write;
};

void Describe(CLI::App* command, IndexOptions* options) {
  AddCommonOptions(command, &options->common);
  CLI::Option* front = command->add_flag(
      "--front", options->front,
      "Put a copy of the index in front, for readers to whom the end of a file is dear");
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

Status MoveToFront(const IndexOptions& options) {
  InputFile file;
  H4MK_TRY(file.Open(options.common.file));
  if (file.version() != 2)
    return Status(Code::kVersion, "only files of version 2 have such an index");
  OutputFile out;
  H4MK_TRY(options.output.empty() ? out.OpenInPlace(options.common.file)
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

int Run(const IndexOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  bool changed = true;
  const Status status =
      options.front ? MoveToFront(options) : Rebuild(options.common.file, &changed);
  if (!status.ok()) return output.Fail(status);
  output.Set("changed", changed);
  output.Text("{}\n", options.front ? "the index is in front"
                      : changed     ? "index and end were made anew"
                                    : "the index is as it should be");
  return output.Finish();
}

}  // namespace

void AddIndex(CLI::App& app, int* exit_code) {
  AddCommand<IndexOptions>(app, exit_code, "index", "Make the index anew, or put it in front",
                           Describe, Run);
}

}  // namespace h4mk::tool
