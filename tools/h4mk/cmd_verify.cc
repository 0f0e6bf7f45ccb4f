// SPDX-License-Identifier: MIT
// h4mk verify: is this file whole and unharmed?
#include <algorithm>
#include <map>

#include "api.h"
#include "block_source.h"
#include "command.h"
#include "files_option.h"
#include "progress.h"
#include "proofs.h"
#include "text.h"
#include "verify_protection.h"

namespace h4mk::tool {
namespace {

struct VerifyOptions {
  FilesOptions files;
  bool verbose = false;
  std::string public_key, proof, proofs;
  KeyOptions key;
};

void Describe(CLI::App* command, VerifyOptions* options) {
  AddFilesOptions(command, &options->files);
  command->get_option("FILE")->required(false)->description(
      "H4MK files, or - for standard input; with --proof the block's bytes");
  command->add_flag("--verbose,-v", options->verbose,
                    "Say what was checked: chunks, blocks, index");
  command
      ->add_option("--public-key", options->public_key,
                   "A public key (PEM): is the file as it was signed?")
      ->type_name("PUB");
  command
      ->add_option("--proof", options->proof,
                   "What `h4mk prove` wrote: is FILE the block that it speaks of?")
      ->type_name("PROOF");
  command
      ->add_option("--proofs", options->proofs,
                   "What `h4mk cut --proofs` wrote: are all blocks of FILE in the signed file?")
      ->type_name("PROOFS");
  AddDecryptionKeyOptions(command, &options->key);
  command->footer(
      "Checks the CRC of every chunk, index and stripe, the container checksum, and the index "
      "against the blocks; with --public-key\n"
      "the signature of the whole file, with --key-file or --key-env that every block opens.\n"
      "Exit status: 0 all is well, 1 something is damaged or missing, 2 the file cannot be read.");
}

void Show(const Json& report, bool verbose, Output& output) {
  std::string list;
  for (const auto& [tag, count] : report["chunks"].items())
    list += fmt::format(" {} {}", Grouped(count), Printable(tag));
  for (const char* key : {"version", "file_size", "closed", "chunks", "blocks", "payload_bytes",
                          "signed", "index_checked"})
    output.Set(key, report[key]);
  if (!verbose) return;
  output.Text("{}, {} bytes, {}\n", VersionText(report["version"]), Grouped(report["file_size"]),
              report["closed"] ? "closed" : "without an end");
  output.Text("good chunks:{}\n", list.empty() ? " none" : list);
  output.Text("good blocks: {}, {} bytes\n", Grouped(report["blocks"]),
              Grouped(report["payload_bytes"]));
  output.Text("index: {}\n", report["index_checked"] ? "compared with the blocks"
                                                     : "not compared with the blocks");
}

// What was asked beside the checksums: files beside this one, a signature, a key.
void ShowMore(const Json& report, Output& output) {
  if (report.contains("readable_blocks")) {
    output.Set("readable_blocks", report["readable_blocks"]);
    output.Text("with the files beside it: {} blocks can be read\n",
                Grouped(report["readable_blocks"]));
  }
  if (report.contains("signature")) {
    const Json& signature = report["signature"];
    output.Set("signature", signature);
    if (signature.contains("chunks"))
      output.Text("signature: {}, {} chunks, {}\n", signature["ok"] ? "good" : "NOT GOOD",
                  Grouped(signature["chunks"]),
                  signature["final"]
                      ? "up to the end"
                      : fmt::format("up to byte {}", Grouped(signature["signed_until"])));
  } else if (report["signed"]) {
    output.Text("signature: not verified, give --public-key\n");
  }
  if (report.contains("decrypted")) {
    output.Set("decrypted", report["decrypted"]);
    output.Text("decryption: {}, {} blocks\n", report["decrypted"]["ok"] ? "good" : "NOT GOOD",
                Grouped(report["decrypted"]["blocks"]));
  }
}

Status Verify(const VerifyOptions& options, InputFile& file, const Work& work, Json* report) {
  h4mk_verify_options verify = H4MK_VERIFY_OPTIONS_INIT;
  verify.task = work.task();
  std::string pem;
  verify.open_beside = file.open_beside();
  verify.beside_opaque = file.beside_opaque();
  if (!options.public_key.empty()) {
    H4MK_TRY(ReadPublicKey(options.public_key, &pem));
    verify.verify_key = pem.c_str();
  }
  Secret secret;
  h4mk_key key = H4MK_KEY_INIT;
  if (options.key.given()) {
    H4MK_TRY(ReadSecret(options.key, "", &secret));
    key.key = secret.bytes().data();
    key.key_size = secret.bytes().size();
    verify.keys = &key;
    verify.key_count = 1;
  }
  const h4mk_io io = CallbacksOf(file.NewIo());
  h4mk_value* found = nullptr;
  const h4mk_status status = h4mk_verify(&io, &verify, &found);
  const Value made(found);
  if (status != H4MK_OK && found == nullptr) return work.Result(status);
  *report = ToJson(found);
  return {};
}

// Where in time findings are, in seconds: the time of the block there, else of the next one. What
// stands before all blocks has none.
using Times = std::map<uint64_t, double>;
Times FindTimes(InputFile& file, const std::vector<Work::Problem>& problems) {
  std::vector<uint64_t> offsets;
  for (const Work::Problem& problem : problems)
    if (problem.offset) offsets.push_back(*problem.offset);
  std::sort(offsets.begin(), offsets.end());
  Times times;
  Output nobody(file.path(), /*json=*/false);
  nobody.SetSilent();
  Recording recording;
  Reading reading;
  reading.without_data = true;
  if (offsets.empty() || file.version() != 2 || !recording.Open(file, reading).ok()) return times;
  size_t next = 0;
  bool is_first = true;
  ForEachBlock(recording, nobody, [&](const h4mk_block& block) -> Status {
    const auto at = [&](int64_t offset) {
      return std::ranges::lower_bound(offsets, static_cast<uint64_t>(offset)) - offsets.begin();
    };
    if (std::exchange(is_first, false)) next = static_cast<size_t>(at(block.chunk));
    if (TimeOf(block) == kNoTime) return {};
    const uint64_t end = static_cast<uint64_t>(block.offset) + block.size;
    for (; next < offsets.size() && end > offsets[next]; ++next)
      times[offsets[next]] = Seconds(TimeOf(block), recording.tracks()[block.track].time_base());
    return {};
  });
  return times;
}

void ShowProblems(const Work& work, uint64_t count, const Times& times, Output& output) {
  uint64_t shown = 0;
  for (const Work::Problem& problem : work.problems()) {
    if (problem.code == Code::kOk) {
      output.Note(problem.offset, problem.message);
      continue;
    }
    const auto time = problem.offset ? times.find(*problem.offset) : times.end();
    output.Problem(problem.offset, problem.code, problem.message,
                   time == times.end() ? std::nullopt : std::optional(time->second));
    ++shown;
  }
  output.MoreProblems(count - std::min(count, shown));
}

std::string Problems(uint64_t count) {
  return fmt::format("{} problem{}", Grouped(count), count == 1 ? "" : "s");
}

// What to do about a file that is not as it should be.
void Advise(const std::string& path, const Json& report, Output& output) {
  // Another key, or words that were edited: nothing that a new file would cure.
  if (report["damage"] == 0 || output.json() || path == "-" || IsUrl(path)) return;
  output.Note(std::nullopt,
              fmt::format("{}`h4mk recover FILE OUT` makes a whole file of what is there",
                          report["closed"] ? "" : "if nobody is writing it any more, "));
}

// *ok: the file is as it should be.
int VerifyOne(const VerifyOptions& options, const std::string& path, Output& output, bool* ok) {
  InputFile file;
  Json report;
  Work work("verify");
  *ok = false;
  Status status = file.Open(path);
  if (status.ok()) status = Verify(options, file, work, &report);
  if (!status.ok()) return output.Fail(status);
  ClearProgress();
  Show(report, options.verbose, output);
  ShowMore(report, output);
  const uint64_t problems = report["problems"];
  *ok = problems == 0;
  output.Set("ok", *ok);
  if (*ok)
    output.Text("{}: {} blocks, {} bytes, {}\n", output.In(Output::Look::kGood, "OK"),
                Grouped(report["blocks"]), Grouped(report["payload_bytes"]),
                report["index_checked"] ? "and the index fits" : "the index was not compared");
  else
    output.Text("{}: {}\n", output.In(Output::Look::kBad, "NOT OK"), Problems(problems));
  ShowProblems(work, problems, FindTimes(file, work.problems()), output);
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
      fmt::print("{}: {}: {}, {}{}\n", Printable(path), output.In(Output::Look::kBad, "NOT OK"),
                 Problems(output.problem_count()), output.problem_count() > 1 ? "the first: " : "",
                 Printable(output.problems().front()));
    else if (!options.files.quiet)
      fmt::print("{}: {}\n", Printable(path), output.In(Output::Look::kGood, "OK"));
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
  if (!options.proofs.empty()) {
    Output output(paths.empty() ? "verify" : paths[0], options.files.json);
    if (paths.size() != 1)
      return output.Fail(Status(Code::kArgument, "--proofs speak of one file: give it"));
    return VerifyProofs(options.proofs, options.public_key, paths[0], output);
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
