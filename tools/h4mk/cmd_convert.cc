// SPDX-License-Identifier: MIT
// h4mk convert: a file of one version or dialect as another.
#include "command.h"
#include "files_option.h"
#include "key_option.h"
#include "recording.h"
#include "version_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct ConvertCommandOptions {
  FilesOptions files;
  std::string output;
  int version = 2;
  WriteOptions write;
  KeyOptions key;
};

void Describe(CLI::App* command, ConvertCommandOptions* options) {
  AddFilesOptions(command, &options->files,
                  "H4MK files, or - for standard input; without --output the last word is OUT");
  command
      ->add_option("--output,-o", options->output,
                   "The new file, or - for standard output; of several files the folder that gets "
                   "them")
      ->type_name("OUT");
  AddVersionOption(command, &options->version);
  AddWriteOptions(command, &options->write);
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "As with cp: h4mk convert FILE OUT, h4mk convert FILE... FOLDER.\n"
      "Chunks that only their owner understands are kept. A file that went to version 2 gives the "
      "same bytes on its way back.\n"
      "What the new form cannot hold is named.");
}

int ConvertOne(const ConvertCommandOptions& options, const std::string& path, const std::string& to,
               Output& output) {
  Recording input;
  Reading reading;
  reading.key = &options.key;
  if (const Status status = input.Open(path, reading); !status.ok()) return output.Fail(status);
  if (!input.is_closed()) return output.Fail(NoEndYet());
  OutputFile out;
  if (const Status status = OpenNew(path, to, options.write, &out); !status.ok())
    return output.Fail(status);
  Work work("convert");
  h4mk_convert_options convert = input.ConvertOptions();
  convert.task = work.task();
  convert.version = options.version;
  convert.drop_original = options.key.given();  // it has the ciphertext
  convert.payload_limit = options.write.MostOutput();
  const Status status = out.Explain(input.Convert(out, convert, work, output));
  if (!status.ok() && status.code() != Code::kCorrupt) return output.Fail(status);
  if (!status.ok()) output.Problem(status);  // damage was passed over, the rest was written
  if (const Status committed = out.Commit(); !committed.ok()) return output.Fail(committed);
  output.Set("version", options.version);
  return output.Finish();
}

int Run(const ConvertCommandOptions& options) {
  FilesOptions files = options.files;
  std::string out = options.output;
  if (const Status status = TakeOutput(&files, &out); !status.ok())
    return Output(files.paths[0], files.json).Fail(status);
  return ForEachFile(files, out,
                     [&](const std::string& path, const std::string& to, Output& output) {
                       return ConvertOne(options, path, to, output);
                     });
}

}  // namespace

void AddConvert(CLI::App& app, int* exit_code) {
  AddCommand<ConvertCommandOptions>(app, exit_code, "convert",
                                    "Write a file as another version or dialect", Describe, Run);
}

}  // namespace h4mk::tool
