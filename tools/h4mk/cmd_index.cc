// SPDX-License-Identifier: MIT
// h4mk index: the index of a file made anew, or put in front.
#include <cstring>

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
  AddFilesOptions(command, &options->files, "H4MK files");
  CLI::Option* front = command->add_flag(
      "--front", options->front,
      "Put a copy of the index in front, for servers where each more request takes long");
  command
      ->add_option("--output,-o", options->output,
                   "With --front: the new file, or - for standard output; of several files the "
                   "folder that gets them. Default FILE itself")
      ->needs(front);
  AddForceOption(command, &options->write);
  command->get_option("--force")->description(
      "Overwrite the new file if it exists; cut off a cluster that is not whole");
  command->footer(
      "Without --front: checks the index against the clusters, and makes index and end of FILE "
      "anew where they are missing or\n"
      "wrong. Of the clusters only their indexes are read. For damage between clusters, and for a "
      "cluster that was cut, see `h4mk recover`.");
}

Status MoveToFront(const WriteOptions& write, const std::string& path, const std::string& to) {
  InputFile file;
  H4MK_TRY(file.Open(path));
  if (file.version() != 2)
    return Status(Code::kVersion, "only files of version 2 have such an index");
  OutputFile out;
  H4MK_TRY(OpenNew(file, path, to, write, &out));
  const h4mk_io from = CallbacksOf(file.NewIo()), into = CallbacksOf(out.io());
  Work work("index");
  return out.Commit(work.Result(h4mk_index_to_front(&from, &into, work.task())));
}

// Whether the file ends within a cluster: its whole blocks can be saved, but not in place.
bool EndsWithinCluster(const h4mk_io& io) {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  options.keep_encrypted = 1;
  h4mk_reader* opened = nullptr;
  const h4mk_status status = h4mk_reader_open(&io, &options, &opened);
  const std::unique_ptr<h4mk_reader, void (*)(h4mk_reader*)> reader(opened, h4mk_reader_free);
  if (status != H4MK_OK || h4mk_reader_is_closed(opened)) return false;
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  h4mk_status found = H4MK_OK;
  while (found == H4MK_OK) found = h4mk_reader_chunk(opened, chunk.next, &chunk);
  uint8_t tag[4] = {};
  return found == H4MK_ERR_CORRUPT && io.seek(io.opaque, chunk.next) == 0 &&
         io.read(io.opaque, tag, sizeof tag) == sizeof tag && std::memcmp(tag, "CORE", 4) == 0;
}

Status Rebuild(const std::string& path, bool force, bool* changed) {
  EditFile file;
  H4MK_TRY(file.Open(path));
  const h4mk_io io = file.Io();
  if (!force && EndsWithinCluster(io))
    return Status(Code::kState,
                  "the file ends within a cluster: `h4mk recover FILE OUT` saves the blocks that "
                  "are whole in it; --force (-y) cuts them off");
  Work work("index");
  int made = 0;
  H4MK_TRY(file.Explain(work.Result(h4mk_reindex(&io, work.task(), &made))));
  *changed = made != 0;
  return {};
}

int IndexOne(const IndexOptions& options, const std::string& path, const std::string& to,
             Output& output) {
  bool changed = true;
  const Status status = options.front ? MoveToFront(options.write, path, to)
                                      : Rebuild(path, options.write.overwrite, &changed);
  if (!status.ok()) return output.Fail(status);
  output.Set("changed", changed);
  output.Text("{}{}\n", AreSeveral(options.files) ? Printable(path) + ": " : "",
              options.front ? "the index is in front"
              : changed     ? "index and end were made anew"
                            : "the index is as it should be");
  return output.Finish();
}

int Run(const IndexOptions& options) {
  return ForEachFile(options.files, options.output,
                     [&](const std::string& path, const std::string& to, Output& output) {
                       return IndexOne(options, path, to, output);
                     });
}

}  // namespace

void AddIndex(CLI::App& app, int* exit_code) {
  AddCommand<IndexOptions>(app, exit_code, "index", "Make the index anew, or put it in front",
                           Describe, Run);
}

}  // namespace h4mk::tool
