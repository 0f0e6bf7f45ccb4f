// SPDX-License-Identifier: MIT
// h4mk convert: a file of one version or dialect as another.
#include "command.h"
#include "convert/convert.h"
#include "key_option.h"
#include "progress.h"
#include "version_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct ConvertCommandOptions {
  CommonOptions common;
  std::string output;
  int version = 2;
  WriteOptions write;
  KeyOptions key;
};

void Describe(CLI::App* command, ConvertCommandOptions* options) {
  AddCommonOptions(command, &options->common);
  command->add_option("--output,-o,OUT", options->output, "The new file, or - for standard output")
      ->required();
  AddVersionOption(command, &options->version);
  AddWriteOptions(command, &options->write);
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "Chunks that only their owner understands are kept. A file that went to version 2 gives the "
      "same bytes on its way back.\n"
      "What the new form cannot hold is named.");
}

int Run(const ConvertCommandOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  InputFile file;
  OpenedFile opened;
  if (const Status status = file.Open(options.common.file); !status.ok())
    return output.Fail(status);
  const Status open = options.key.given() ? OpenWithKey(file, options.key, &opened)
                                          : file.OpenReader(KeepEncrypted(), &opened);
  if (!open.ok()) return output.Fail(open);
  if (!opened.reader->is_closed())
    return output.Fail(
        Status(Code::kAgain,
               "the file has no end: it was cut, or is still being written; see `h4mk recover`"));
  OutputFile out;
  if (const Status status = out.Open(options.output, options.write); !status.ok())
    return output.Fail(status);
  ConvertOptions convert;
  convert.version = options.version;
  convert.keep_original = !options.key.given();  // it has the ciphertext
  convert.max_payload = options.write.MostOutput();
  convert.message = [&](const std::string& text) { output.Note(std::nullopt, text); };
  convert.progress = MakeProgress("convert");
  const Status status = out.Explain(Convert(*opened.reader, out.io(), std::move(convert)));
  if (!status.ok() && status.code() != Code::kCorrupt) return output.Fail(status);
  if (!status.ok()) output.Problem(status);  // damage was passed over, the rest was written
  if (const Status committed = out.Commit(); !committed.ok()) return output.Fail(committed);
  output.Set("version", options.version);
  return output.Finish();
}

}  // namespace

void AddConvert(CLI::App& app, int* exit_code) {
  AddCommand<ConvertCommandOptions>(app, exit_code, "convert",
                                    "Write a file as another version or dialect", Describe, Run);
}

}  // namespace h4mk::tool
