// SPDX-License-Identifier: MIT
// h4mk verify: is this file whole and unharmed?
#include <algorithm>
#include <map>

#include "block_source.h"
#include "command.h"
#include "files_option.h"
#include "legacy/legacy.h"
#include "maintain/verify.h"
#include "progress.h"
#include "text.h"
#include "verify_protection.h"

namespace h4mk::tool {
namespace {

struct VerifyOptions {
  FilesOptions files;
  bool verbose = false;
  std::string public_key, proof;
  KeyOptions key;
};

void Describe(CLI::App* command, VerifyOptions* options) {
  AddFilesOptions(command, &options->files);
  command->get_option("FILE")->required(false)->description(
      "H4MK files, or - for standard input; with --proof the block's bytes");
  command->add_flag("--verbose,-v", options->verbose,
                    "Say what was checked: chunks, blocks, index");
  command
      ->add_option("--key", options->public_key,
                   "A public key (PEM): is the file as it was signed?")
      ->type_name("PUB");
  command
      ->add_option("--proof", options->proof,
                   "What `h4mk prove` wrote: is FILE the block that it speaks of?")
      ->type_name("PROOF");
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "Checks the CRC of every chunk, index and stripe, the container checksum, and the index "
      "against the blocks; with --key\n"
      "the signature of the whole file, with --key-file or --key-env that every block opens.\n"
      "Exit status: 0 all is well, 1 something is damaged or missing, 2 the file cannot be read.");
}

void Show(const VerifyReport& report, bool verbose, Output& output) {
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
  if (!verbose) return;
  output.Text("{}, {} bytes, {}\n", VersionText(report.version), Grouped(report.file_size),
              report.closed ? "closed" : "without an end");
  output.Text("good chunks:{}\n", list.empty() ? " none" : list);
  output.Text("good blocks: {}, {} bytes\n", Grouped(report.blocks), Grouped(report.payload_bytes));
  output.Text("index: {}\n",
              report.index_checked ? "compared with the blocks" : "not compared with the blocks");
}

// What needs a key, beside the checksums.
bool VerifyProtection(const VerifyOptions& options, bool is_signed, InputFile& file,
                      Output& output) {
  bool ok = true;
  if (!options.public_key.empty())
    ok &= VerifySignature(file, options.public_key, output);
  else if (is_signed)
    output.Text("signature: not verified, give --key\n");
  if (options.key.given()) ok &= VerifyEncryption(file, options.key, output);
  return ok;
}

// Blocks of a sidecar that are in files beside it.
bool VerifyBeside(InputFile& file, Output& output) {
  std::unique_ptr<BlockPipeline> reader;
  if (file.version() != 2 || !file.OpenReader(false, &reader).ok()) return true;
  if (std::none_of(reader->tracks().begin(), reader->tracks().end(), NamesFileBeside)) return true;
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

Status VerifyByVersion(InputFile& file, VerifyReport* report) {
  switch (file.version()) {
    case 1:
    case kTransportVersion:
      return VerifyLegacy(file.version(), file.NewIo(), MakeProgress("verify"), report);
    case 2:
      return VerifyV2(file.NewIo(), MakeProgress("verify"), report);
    default: {  // says what is wrong with it
      std::unique_ptr<BlockPipeline> reader;
      return file.OpenReader(false, &reader);
    }
  }
}

// Where in time findings are, in seconds: the time of the block there, else of the next one. What
// stands before all blocks has none.
using Times = std::map<uint64_t, double>;
Times FindTimes(const std::string& path, InputFile& file, const std::vector<Finding>& findings) {
  std::vector<uint64_t> offsets;
  for (const Finding& finding : findings) offsets.push_back(finding.offset);
  std::sort(offsets.begin(), offsets.end());
  Times times;
  Output nobody(path, /*json=*/false);
  nobody.SetSilent();
  std::unique_ptr<BlockPipeline> reader;
  if (offsets.empty() || file.version() != 2 || !file.OpenReader(true, &reader).ok()) return times;
  size_t next = 0;
  bool is_first = true;
  ForEachBlock(file, *reader, nobody, [&](const BlockRow& row) {
    if (is_first)
      next = static_cast<size_t>(std::ranges::lower_bound(offsets, row.cluster) - offsets.begin());
    is_first = false;
    if (row.time() == kNoTime) return;
    for (; next < offsets.size() && row.offset + row.size > offsets[next]; ++next)
      times[offsets[next]] = Seconds(row.time(), reader->tracks()[row.track].time_base);
  });
  return times;
}

void ShowFindings(const VerifyReport& report, const Times& times, Output& output) {
  uint64_t shown = 0;
  for (const Finding& finding : report.findings) {
    if (!finding.is_error) {
      output.Note(finding.offset, finding.message);
      continue;
    }
    const auto time = times.find(finding.offset);
    output.Problem(finding.offset, Code::kCorrupt, finding.message,
                   time == times.end() ? std::nullopt : std::optional(time->second));
    ++shown;
  }
  output.MoreProblems(report.errors - std::min(report.errors, shown));
}

std::string Problems(uint64_t count) {
  return fmt::format("{} problem{}", Grouped(count), count == 1 ? "" : "s");
}

// What to do about a file that is not as it should be.
void Advise(const std::string& path, const VerifyReport& report, Output& output) {
  if (report.errors == 0 || output.json() || path == "-") return;
  if (!report.closed && report.errors == 1 && report.version == 2)
    output.Note(std::nullopt,
                "only its end is missing: if nobody is writing it any more, `h4mk index FILE` "
                "gives it one");
  else
    output.Note(std::nullopt, "`h4mk recover FILE OUT` makes a whole file of what is whole in it");
}

// *ok: the file is as it should be.
int VerifyOne(const VerifyOptions& options, const std::string& path, Output& output, bool* ok) {
  InputFile file;
  VerifyReport report;
  *ok = false;
  Status status = file.Open(path);
  if (status.ok()) status = VerifyByVersion(file, &report);
  if (!status.ok()) return output.Fail(status);
  ClearProgress();
  Show(report, options.verbose, output);
  const bool beside_ok = VerifyBeside(file, output);
  *ok = VerifyProtection(options, report.is_signed, file, output) && report.ok() && beside_ok;
  output.Set("ok", *ok);
  if (*ok)
    output.Text("OK: {} blocks, {} bytes, {}\n", Grouped(report.blocks),
                Grouped(report.payload_bytes),
                report.index_checked ? "and the index fits" : "the index was not compared");
  else
    output.Text("NOT OK: {}\n", Problems(report.errors + output.problem_count()));
  ShowFindings(report, FindTimes(path, file, report.findings), output);
  Advise(path, report, output);
  const int code = output.Finish();
  return code == kExitDone || *ok ? code : kExitNo;
}

// A line for each file, and one for all.
int VerifyMany(const VerifyOptions& options) {
  uint64_t count = 0, good = 0;
  const int code = ForEachFile(options.files, [&](const std::string& path, Output& output) {
    bool ok = false;
    if (!options.verbose)
      output.SetSilent();
    else
      output.Text("{}:\n", Printable(path));
    const int result = VerifyOne(options, path, output, &ok);
    ++count;
    good += ok;
    if (!output.is_silent() || output.json()) return result;
    if (!ok)
      fmt::print("{}: NOT OK: {}, {}{}\n", Printable(path), Problems(output.problem_count()),
                 output.problem_count() > 1 ? "the first: " : "",
                 Printable(output.problems().front()));
    else if (!options.files.quiet)
      fmt::print("{}: OK\n", Printable(path));
    std::fflush(stdout);
    return result;
  });
  if (count > 0 && !options.files.quiet && !options.files.json)
    fmt::print("{} file{}: {} OK, {} not\n", Grouped(count), count == 1 ? "" : "s", Grouped(good),
               Grouped(count - good));
  return code;
}

int Run(const VerifyOptions& options) {
  const std::vector<std::string>& paths = options.files.paths;
  if (!options.proof.empty()) {
    Output output(options.proof, options.files.json);
    if (paths.size() > 1)
      return output.Fail(Status(Code::kArgument, "a proof speaks of one block: give one file"));
    return VerifyBlockProof(options.proof, options.public_key, paths.empty() ? "" : paths[0],
                            output);
  }
  if (paths.empty())
    return Output("verify", options.files.json).Fail(Status(Code::kArgument, "FILE is required"));
  if (paths.size() > 1 || options.files.recursive) return VerifyMany(options);
  return ForEachFile(options.files, [&](const std::string& path, Output& output) {
    bool ok = false;
    return VerifyOne(options, path, output, &ok);
  });
}

}  // namespace

void AddVerify(CLI::App& app, int* exit_code) {
  AddCommand<VerifyOptions>(app, exit_code, "verify",
                            "Check every CRC, and the index against the blocks", Describe, Run);
}

}  // namespace h4mk::tool
