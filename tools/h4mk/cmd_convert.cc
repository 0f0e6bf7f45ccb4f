// SPDX-License-Identifier: MIT
// h4mk convert: a file of one version or dialect as another.
#include "command.h"
#include "convert/convert.h"
#include "files_option.h"
#include "key_option.h"
#include "progress.h"
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
  InputFile file;
  OpenedFile opened;
  if (const Status status = file.Open(path); !status.ok()) return output.Fail(status);
  const Status open = options.key.given() ? OpenWithKey(file, options.key, &opened)
                                          : file.OpenReader(KeepEncrypted(), &opened);
  if (!open.ok()) return output.Fail(open);
  if (!opened.reader->is_closed())
    return output.Fail(
        Status(Code::kAgain,
               "the file has no end: it was cut, or is still being written; see `h4mk recover`"));
  OutputFile out;
  if (const Status status = OpenNew(path, to, options.write, &out); !status.ok())
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
