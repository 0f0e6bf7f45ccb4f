// SPDX-License-Identifier: MIT
// h4mk recover: a damaged or unfinished file into a whole one, saying what was lost.
#include "api.h"
#include "command.h"
#include "file.h"
#include "progress.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct RecoverOptions {
  CommonOptions common;
  std::string output;
  WriteOptions write;
};

void Describe(CLI::App* command, RecoverOptions* options) {
  AddCommonOptions(command, &options->common);
  command
      ->add_option("--output,-o,OUT", options->output, "The whole file, or - for standard output")
      ->required();
  AddWriteOptions(command, &options->write);
  command->footer(
      "Chunks that are whole are taken over byte for byte; index and end are made anew.\n"
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

int Run(const RecoverOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  InputFile file;
  if (const Status status = file.Open(options.common.file); !status.ok())
    return output.Fail(status);
  OutputFile out;
  if (const Status status = out.Open(options.output, options.write); !status.ok())
    return output.Fail(status);
  const h4mk_io from = CallbacksOf(file.NewIo()), to = CallbacksOf(out.io());
  Work work("recover");
  h4mk_value* found = nullptr;
  const Status status = out.Commit(work.Result(h4mk_recover(&from, &to, work.task(), &found)));
  const Value made(found);
  if (!status.ok()) return output.Fail(status);
  ClearProgress();
  const Json report = ToJson(made.get());
  Show(report, work, output);
  return output.Finish(report["lost_any_blocks"] ? kExitNo : kExitDone);
}

}  // namespace

void AddRecover(CLI::App& app, int* exit_code) {
  AddCommand<RecoverOptions>(app, exit_code, "recover", "Make a damaged or unfinished file whole",
                             Describe, Run);
}

}  // namespace h4mk::tool
