// SPDX-License-Identifier: MIT
// h4mk sign and h4mk prove: a file as a signed one; that a block is in it.
#include <h4mk/protection.h>

#include "command.h"
#include "files_option.h"
#include "key_option.h"
#include "recording.h"
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

Status Sign(const std::string& path, const std::string& to, const Secret& key,
            const WriteOptions& write, Output& output) {
  Recording input;
  H4MK_TRY(input.Open(path));
  if (input.version() != 2)
    return Status(Code::kVersion,
                  "only files of version 2 can be signed; `h4mk convert` makes one");
  if (!input.is_closed()) return NoEndYet();
  OutputFile out;
  H4MK_TRY(OpenNew(path, to, write, &out));
  Work work("sign");
  h4mk_convert_options convert = input.ConvertOptions();
  convert.task = work.task();
  convert.signing_key = reinterpret_cast<const char*>(key.bytes().data());
  Status status = input.Convert(out, convert, work, output);
  if (status.code() == Code::kCorrupt)
    return Status(Code::kCorrupt, "the file is damaged, nothing was signed; see `h4mk recover`");
  return out.Commit(std::move(status));
}

int RunSign(const SignOptions& options) {
  const std::vector<std::string>& paths = options.files.paths;
  const bool is_pipe = options.output.empty() && paths.size() == 1 && paths[0] == "-";
  Secret key;
  if (const Status status = ReadSigningKey(options.key, &key); !status.ok())
    return Output(paths[0], options.files.json).Fail(status);
  return ForEachFile(options.files, is_pipe ? "-" : options.output,
                     [&](const std::string& path, const std::string& to, Output& output) {
                       const Status status = Sign(path, to, key, options.write, output);
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
                   "The public key (PEM); without it any signer is accepted")
      ->type_name("PUB");
  command->footer(
      "The proof shows without the file that the block is in it:\n"
      "  h4mk verify --proof PROOF --public-key PUB BLOCKFILE\n"
      "Exit status 1: there is no such block.");
}

// The proof of the block that was read last.
Status WriteProof(const Recording& recording, const ProveOptions& options) {
  h4mk_value* made = nullptr;
  const h4mk_status proved = h4mk_reader_prove(recording.get(), &made);
  const Value proof(made);
  H4MK_TRY(recording.Told(proved));
  const std::string text = DumpJson(ToJson(made)) + "\n";
  OutputFile out;
  H4MK_TRY(out.Open(options.output, options.write, OutputFile::Content::kText));
  Sink sink(out.io());
  return out.Commit(sink.Write({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
}

int RunProve(const ProveOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  Recording recording;
  Reading reading;
  reading.with_proofs = true;
  Status status;
  if (!options.public_key.empty()) status = ReadPublicKey(options.public_key, &reading.verify_key);
  if (status.ok()) status = recording.Open(options.common.file, reading);
  if (!status.ok()) return output.Fail(status);
  Result<uint32_t> track = FindTrack(recording, options.track_id);
  if (!track.ok()) return output.Fail(track.status());
  h4mk_block block = H4MK_BLOCK_INIT;
  status =
      recording.Told(h4mk_reader_read_block(recording.get(), track.value(), options.index, &block));
  if (status.code() == Code::kNotFound) {
    const bool is_damaged = recording.TellWarnings(output);
    output.Text("no block {}{}\n", options.index, is_damaged ? " that can be read" : "");
    return output.Finish(kExitNo);
  }
  if (status.ok()) status = WriteProof(recording, options);
  if (!status.ok()) return output.Fail(status);
  output.Set("track_id", recording.tracks()[track.value()].id());
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
