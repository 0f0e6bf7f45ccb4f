// SPDX-License-Identifier: MIT
// h4mk sign and h4mk prove: a file as a signed one; that a block is in it.
#include "chunk/chunk_format.h"
#include "command.h"
#include "convert/convert.h"
#include "files_option.h"
#include "key_option.h"
#include "progress.h"
#include "protect/proof.h"
#include "text.h"
#include "track_option.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct SignOptions {
  FilesOptions files;
  KeyOptions key;
  std::string output;
  WriteOptions write;
};

void DescribeSign(CLI::App* command, SignOptions* options) {
  AddFilesOptions(command, &options->files);
  AddKeyOptions(command, &options->key, "The private key (Ed25519 or ECDSA P-256, PEM)");
  command->add_option("--output,-o", options->output,
                      "The signed file, or - for standard output; of several files the folder "
                      "that gets them. Default FILE itself");
  AddForceOption(command, &options->write);
  command->footer(
      "A pair of keys is made by\n"
      "  openssl genpkey -algorithm ed25519 -out sign.pem && openssl pkey -in sign.pem -pubout "
      "-out sign.pub\n"
      "Whoever has sign.pub can `h4mk verify --public-key sign.pub` the file. The blocks stay as "
      "they "
      "are, encrypted ones too.");
}

Status Sign(const std::string& path, const std::string& to, const SignatureKey& key,
            const WriteOptions& write, Output& output) {
  InputFile file;
  OpenedFile opened;
  H4MK_TRY(file.Open(path));
  H4MK_TRY(file.OpenReader(KeepEncrypted(), &opened));
  if (file.version() != 2)
    return Status(Code::kVersion,
                  "only files of version 2 can be signed; `h4mk convert` makes one");
  if (!opened.reader->is_closed())
    return Status(Code::kAgain,
                  "the file has no end: it was cut, or is still being written; see `h4mk recover`");
  OutputFile out;
  H4MK_TRY(OpenNew(path, to, write, &out));
  ConvertOptions convert;
  convert.protect.signing_key = key;
  convert.message = [&](const std::string& text) { output.Note(std::nullopt, text); };
  convert.progress = MakeProgress("sign");
  Status status = Convert(*opened.reader, out.io(), std::move(convert));
  if (status.code() == Code::kCorrupt)
    return Status(Code::kCorrupt, "the file is damaged, nothing was signed; see `h4mk recover`");
  return out.Commit(std::move(status));
}

int RunSign(const SignOptions& options) {
  const std::vector<std::string>& paths = options.files.paths;
  const bool is_pipe = options.output.empty() && paths.size() == 1 && paths[0] == "-";
  const Result<SignatureKey> key = ReadSigningKey(options.key);
  if (!key.ok()) return Output(paths[0], options.files.json).Fail(key.status());
  return ForEachFile(options.files, is_pipe ? "-" : options.output,
                     [&](const std::string& path, const std::string& to, Output& output) {
                       const Status status = Sign(path, to, key.value(), options.write, output);
                       if (!status.ok()) return output.Fail(status);
                       output.Text("{}signed\n",
                                   AreSeveral(options.files) ? Printable(path) + ": " : "");
                       return output.Finish();
                     });
}

struct ProveOptions {
  CommonOptions common;
  int64_t track_id = kNoTrack;
  uint64_t index = 0;
  std::string output, public_key;
  WriteOptions write;
};

void DescribeProve(CLI::App* command, ProveOptions* options) {
  AddCommonOptions(command, &options->common);
  AddTrackOption(command, &options->track_id, false);
  command->add_option("--index,-i", options->index, "Number of the block within its track, from 0")
      ->required();
  command->add_option("--output,-o", options->output, "The proof, or - for standard output")
      ->required();
  AddForceOption(command, &options->write);
  command
      ->add_option("--public-key", options->public_key,
                   "The public key (PEM); without it nobody is asked who signed the file")
      ->type_name("PUB");
  command->footer(
      "The proof shows without the file that the block is in it:\n"
      "  h4mk verify --proof PROOF --public-key PUB BLOCKFILE\n"
      "Exit status 1: there is no such block.");
}

Status WriteProof(const OpenedFile& opened, const ProveOptions& options) {
  Result<Json> proof = opened.signature->ProveLast();
  if (!proof.ok()) return proof.status();
  const std::string text = DumpJson(proof.value()) + "\n";
  OutputFile out;
  H4MK_TRY(out.Open(options.output, options.write, OutputFile::Content::kText));
  Sink sink(out.io());
  return out.Commit(sink.Write({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
}

int RunProve(const ProveOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  InputFile file;
  ReadOptions read = KeepEncrypted();
  read.with_proofs = true;
  if (!options.public_key.empty()) {
    Result<SignatureKey> key = ReadVerifyKey(options.public_key);
    if (!key.ok()) return output.Fail(key.status());
    read.verify_key = std::move(key.value());
  }
  OpenedFile opened;
  if (const Status status = file.Open(options.common.file); !status.ok())
    return output.Fail(status);
  if (const Status status = file.OpenReader(std::move(read), &opened); !status.ok())
    return output.Fail(status);
  Result<uint32_t> track = FindTrack(*opened.reader, options.track_id);
  if (!track.ok()) return output.Fail(track.status());
  ReadBlock block;
  Status status = opened.reader->ReadBlockAt(track.value(), options.index, &block);
  if (status.code() == Code::kNotFound) {
    output.Text("no block {}\n", options.index);
    return output.Finish(kExitNo);
  }
  if (status.ok()) status = WriteProof(opened, options);
  if (!status.ok()) return output.Fail(status);
  output.Set("track_id", opened.reader->tracks()[track.value()].id);
  output.Set("ordinal", options.index);
  output.Text("wrote {}\n", Printable(options.output));
  return output.Finish();
}

}  // namespace

void AddSign(CLI::App& app, int* exit_code) {
  AddCommand<SignOptions>(app, exit_code, "sign", "Sign a file", DescribeSign, RunSign);
}

void AddProve(CLI::App& app, int* exit_code) {
  AddCommand<ProveOptions>(app, exit_code, "prove",
                           "Write a proof that a block is in a signed file", DescribeProve,
                           RunProve);
}

}  // namespace h4mk::tool
