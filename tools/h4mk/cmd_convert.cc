// SPDX-License-Identifier: MIT
// h4mk convert: a file of one version or dialect as another.
#include "adapt/convert.h"
#include "command.h"
#include "file.h"
#include "progress.h"
#include "version_option.h"

namespace h4mk::tool {
namespace {

struct ConvertCommandOptions {
  CommonOptions common;
  std::string output;
  int version = 2;
};

void Describe(CLI::App* command, ConvertCommandOptions* options) {
  AddCommonOptions(command, &options->common);
  command->add_option("OUT", options->output, "The new file, or - for standard output")->required();
  AddVersionOption(command, &options->version);
  command->footer(
      "Chunks that only their owner understands are kept. A file that went to version 2 gives the same bytes on its way back.\n"
      "What the new form cannot hold is named.");
}

int Run(const ConvertCommandOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  InputFile file;
  std::unique_ptr<FileReader> reader;
  if (const Status status = file.Open(options.common.file); !status.ok()) return output.Fail(status);
  if (const Status status = file.OpenReader(false, &reader); !status.ok()) return output.Fail(status);
  if (!reader->is_closed())
    return output.Fail(Status(Code::kAgain, "the file has no end: it was cut, or is still being written; see `h4mk recover`"));
  OutputFile out;
  if (const Status status = out.Open(options.output); !status.ok()) return output.Fail(status);
  ConvertOptions convert;
  convert.version = options.version;
  convert.message = [&](const std::string& text) { output.Note(std::nullopt, text); };
  if (const auto progress = MakeProgress("convert"))
    convert.progress = [progress](uint64_t done, uint64_t total) {
      progress(done, total);
      return true;
    };
  const Status status = Convert(*reader, out.io(), convert);
  if (!status.ok() && status.code() != Code::kCorrupt) return output.Fail(status);
  if (!status.ok()) output.Problem(status);  // damage was passed over, the rest was written
  if (const Status committed = out.Commit(); !committed.ok()) return output.Fail(committed);
  output.Set("version", options.version);
  return output.Finish();
}

}  // namespace

void AddConvert(CLI::App& app, int* exit_code) {
  AddCommand<ConvertCommandOptions>(app, exit_code, "convert", "Write a file as another version or dialect", Describe,
                                    Run);
}

}  // namespace h4mk::tool
