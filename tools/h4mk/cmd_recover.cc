// SPDX-License-Identifier: MIT
// h4mk recover: a damaged or unfinished file into a whole one, saying what was lost.
#include "api.h"
#include "command.h"
#include "file.h"
#include "files_option.h"
#include "progress.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct RecoverOptions {
  FilesOptions files;
  std::string output;
  WriteOptions write;
};

void Describe(CLI::App* command, RecoverOptions* options) {
  AddFilesOptions(command, &options->files,
                  "H4MK files, or - for standard input; without --output the last word is OUT");
  command
      ->add_option("--output,-o", options->output,
                   "The whole file, or - for standard output; of several files the folder that "
                   "gets them")
      ->type_name("OUT");
  AddWriteOptions(command, &options->write);
  command->footer(
      "As with cp: h4mk recover FILE OUT, h4mk recover FILE... FOLDER. Chunks that are whole are "
      "taken over byte for byte; index and end\n"
      "are made anew. FILE stays as it is.\n"
      "Exit status: 0 no block was lost, 1 some were (OUT has the others), 2 nothing could be "
      "done.");
}

void Show(const Json& report, const Work& work, Output& output) {
  for (const Work::Problem& loss : work.problems())
    output.Text("lost at byte {}: {}{}\n", loss.offset.value_or(0), Printable(loss.message),
                loss.size > 0 ? fmt::format(" ({} bytes)", Grouped(loss.size)) : "");
  for (const char* key : {"blocks", "payload_bytes", "lost_blocks", "lost"})
    output.Set(key, report[key]);
  output.Text("saved: {} blocks, {} bytes\n", Grouped(report["blocks"]),
              Grouped(report["payload_bytes"]));
  if (report["lost_blocks"] > 0)
    output.Text("blocks lost between them: {}\n", Grouped(report["lost_blocks"]));
  if (report["lost"].empty()) output.Text("nothing was lost\n");
}

int RecoverOne(const std::string& path, const std::string& to, const WriteOptions& write,
               Output& output) {
  InputFile file;
  OutputFile out;
  // A file that has lost its first bytes is saved as well.
  Status status = file.Open(path, InputFile::Kind::kAny);
  if (status.ok()) status = OpenNew(file, path, to, write, &out);
  if (!status.ok()) return output.Fail(status);
  const h4mk_io from = CallbacksOf(file.NewIo()), into = CallbacksOf(out.io());
  Work work("recover");
  h4mk_value* found = nullptr;
  status = out.Commit(work.Result(h4mk_recover(&from, &into, work.task(), &found)));
  const Value made(found);
  if (status.code() == Code::kCorrupt && file.version() == 0)
    status = Status(Code::kNotH4mk, "not an H4MK file: neither tracks nor blocks are in it");
  if (!status.ok()) return output.Fail(status);
  ClearProgress();
  const Json report = ToJson(made.get());
  Show(report, work, output);
  return output.Finish(report["lost_any_blocks"] ? kExitNo : kExitDone);
}

int Run(const RecoverOptions& options) {
  FilesOptions files = options.files;
  std::string out = options.output;
  if (const Status status = TakeOutput(&files, &out); !status.ok())
    return Output(files.paths[0], files.json).Fail(status);
  return ForEachFile(files, out,
                     [&](const std::string& path, const std::string& to, Output& output) {
                       ShowFileName(files, path, output);
                       return RecoverOne(path, to, options.write, output);
                     });
}

}  // namespace

void AddRecover(CLI::App& app, int* exit_code) {
  AddCommand<RecoverOptions>(app, exit_code, "recover", "Make a damaged or unfinished file whole",
                             Describe, Run);
}

}  // namespace h4mk::tool
