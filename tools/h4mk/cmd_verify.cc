// SPDX-License-Identifier: MIT
// h4mk verify: is this file whole and unharmed?
#include "adapt/transport_verify.h"
#include "block_source.h"
#include "command.h"
#include "file/verify.h"
#include "progress.h"
#include "text.h"
#include "verify_protection.h"

namespace h4mk::tool {
namespace {

struct VerifyOptions {
  CommonOptions common;
  std::string public_key, proof;
  KeyOptions key;
};

void Describe(CLI::App* command, VerifyOptions* options) {
  command->add_option("FILE", options->common.file, "An H4MK file, or - for standard input; with --proof the block's bytes");
  command->add_flag("--json", options->common.json, "One JSON object instead of text");
  command->add_option("--key", options->public_key, "A public key (PEM): is the file as it was signed?")->type_name("PUB");
  command->add_option("--proof", options->proof, "What `h4mk prove` wrote: is FILE the block that it speaks of?")
      ->type_name("PROOF");
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "Checks the CRC of every chunk, index and stripe, the container checksum, and the index against the blocks; with --key\n"
      "the signature of the whole file, with --key-file or --key-env that every block opens.\n"
      "Exit status: 0 all is well, 1 something is damaged or missing, 2 the file cannot be read.");
}

void Show(const VerifyReport& report, Output& output) {
  Json chunks = Json::object();
  std::string list;
  for (const auto& [tag, count] : report.chunks) {
    chunks[tag] = count;
    list += fmt::format(" {} {}", Grouped(count), Printable(tag));
  }
  output.Set("version", report.version);
  output.Set("file_size", report.file_size);
  output.Set("closed", report.closed);
  output.Set("chunks", chunks);
  output.Set("blocks", report.blocks);
  output.Set("payload_bytes", report.payload_bytes);
  output.Set("signed", report.is_signed);
  output.Set("index_checked", report.index_checked);
  output.Text("{}, {} bytes, {}\n", VersionText(report.version), Grouped(report.file_size),
              report.closed ? "closed" : "without an end");
  output.Text("good chunks:{}\n", list.empty() ? " none" : list);
  output.Text("good blocks: {}, {} bytes\n", Grouped(report.blocks), Grouped(report.payload_bytes));
  output.Text("index: {}\n", report.index_checked ? "compared with the blocks" : "not compared with the blocks");
}

// What needs a key, beside the checksums.
bool VerifyProtection(const VerifyOptions& options, bool is_signed, InputFile& file, Output& output) {
  bool ok = true;
  if (!options.public_key.empty()) ok &= VerifySignature(file, options.public_key, output);
  else if (is_signed) output.Text("signature: not verified, give --key\n");
  if (options.key.given()) ok &= VerifyEncryption(file, options.key, output);
  return ok;
}

// Blocks of a sidecar that are in files beside it.
bool VerifyBeside(InputFile& file, Output& output) {
  std::unique_ptr<FileReader> reader;
  if (file.version() != 2 || !file.OpenReader(false, &reader).ok() || !BesideReader::IsNeeded(*reader)) return true;
  const auto progress = MakeProgress("verify");
  uint64_t blocks = 0, bad = 0;
  for (;;) {
    ReadBlock block;
    const Status status = reader->Next(&block);
    if (status.ok()) {
      ++blocks;
      if (progress) progress(static_cast<uint64_t>(block.offset), file.size());
      continue;
    }
    if (status.code() == Code::kEnd || status.code() == Code::kAgain) break;
    output.Problem(status);
    ++bad;
    if (status.code() != Code::kCorrupt) break;
  }
  ClearProgress();
  output.Set("readable_blocks", blocks);
  output.Text("with the files beside it: {} blocks can be read\n", Grouped(blocks));
  return bad == 0;
}

int Run(const VerifyOptions& options) {
  if (!options.proof.empty()) {
    Output output(options.proof, options.common.json);
    return VerifyBlockProof(options.proof, options.public_key, options.common.file, output);
  }
  Output output(options.common.file, options.common.json);
  if (options.common.file.empty()) return output.Fail(Status(Code::kArgument, "FILE is required"));
  InputFile file;
  if (const Status status = file.Open(options.common.file); !status.ok()) return output.Fail(status);
  VerifyReport report;
  Status status;
  switch (file.version()) {
    case 1: status = VerifyV1(file.NewIo(), MakeProgress("verify"), &report); break;
    case 2: status = VerifyV2(file.NewIo(), MakeProgress("verify"), &report); break;
    case kTransportVersion: status = VerifyTransport(file.NewIo(), &report); break;
    default: {  // says what is wrong with it
      std::unique_ptr<FileReader> reader;
      status = file.OpenReader(false, &reader);
    }
  }
  if (!status.ok()) return output.Fail(status);
  ClearProgress();
  Show(report, output);
  const bool beside_ok = VerifyBeside(file, output);
  const bool ok = VerifyProtection(options, report.is_signed, file, output) && report.ok() && beside_ok;
  const uint64_t found = report.errors + output.problems().size();
  output.Set("ok", ok);
  output.Text("{}\n", ok ? "OK" : fmt::format("NOT OK: {} found", Grouped(found)));
  for (const Finding& finding : report.findings) {
    if (finding.is_error) output.Problem(finding.offset, Code::kCorrupt, finding.message);
    else output.Note(finding.offset, finding.message);
  }
  const int code = output.Finish();
  return code == kExitDone || ok ? code : kExitNo;
}

}  // namespace

void AddVerify(CLI::App& app, int* exit_code) {
  AddCommand<VerifyOptions>(app, exit_code, "verify", "Check every CRC, and the index against the blocks",
                            Describe, Run);
}

}  // namespace h4mk::tool
