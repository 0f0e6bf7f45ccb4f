// SPDX-License-Identifier: MIT
// h4mk recover: a damaged or unfinished file into a whole one, saying what was lost.
#include <sys/mman.h>

#include <array>

#include "command.h"
#include "file.h"
#include "legacy/legacy.h"
#include "maintain/recover.h"
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
  command->add_option("OUT", options->output, "The whole file, or - for standard output")
      ->required();
  AddWriteOptions(command, &options->write);
  command->footer(
      "Chunks that are whole are taken over byte for byte; index and end are made anew.\n"
      "Exit status: 0 no block was lost, 1 some were (OUT has the others), 2 nothing could be "
      "done.");
}

// Legacy files are small enough to be looked at as a whole.
Status RecoverMapped(const InputFile& file, Io& output, RecoverReport* report) {
  if (file.size() == 0) return Status(Code::kNotH4mk, "the file is empty");
  void* memory = mmap(nullptr, file.size(), PROT_READ, MAP_PRIVATE, file.fd(), 0);
  if (memory == MAP_FAILED) return SystemError("cannot read");
  Status status = RecoverLegacy(file.version(), {static_cast<const uint8_t*>(memory), file.size()},
                                output, MakeProgress("recover"), report);
  munmap(memory, file.size());
  return status;
}

// A file whose front was damaged: what its first bytes are in every file of version 2, and the salt
// that stands behind them.
class WithHeader final : public Io {
 public:
  explicit WithHeader(Io& file) : file_(file) {}
  int64_t Read(uint8_t* buffer, size_t size) override {
    const int64_t got = file_.Read(buffer, size);
    for (int64_t i = 0; i < got && position_ + i < static_cast<int64_t>(kFront.size()); ++i)
      buffer[i] = kFront[static_cast<size_t>(position_ + i)];
    if (got > 0) position_ += got;
    return got;
  }
  int64_t Write(const uint8_t*, size_t) override { return -1; }
  bool CanSeek() const override { return true; }
  int64_t Seek(int64_t offset) override {
    position_ = offset;
    return file_.Seek(offset);
  }
  int64_t Size() override { return file_.Size(); }

 private:
  static constexpr std::array<uint8_t, 8> kFront = {'H', '4', 'M', 'K', 2};  // core.md, "File"
  Io& file_;
  int64_t position_ = 0;
};

Status Recover(InputFile& file, Io& output, RecoverReport* report) {
  switch (file.version()) {
    case 1:
    case kTransportVersion:
      return RecoverMapped(file, output, report);
    case 2:
      return RecoverV2(file.NewIo(), output, MakeProgress("recover"), report);
    default: {  // the header may be what was damaged
      WithHeader repaired(file.NewIo());
      return RecoverV2(repaired, output, MakeProgress("recover"), report);
    }
  }
}

void Show(const RecoverReport& report, Output& output) {
  Json losses = Json::array();
  for (const RecoverReport::Loss& loss : report.losses) {
    losses.push_back({{"offset", loss.offset}, {"bytes", loss.bytes}, {"message", loss.message}});
    output.Text("lost at byte {}: {}{}\n", loss.offset, Printable(loss.message),
                loss.bytes > 0 ? fmt::format(" ({} bytes)", Grouped(loss.bytes)) : "");
  }
  output.Set("blocks", report.blocks);
  output.Set("payload_bytes", report.payload_bytes);
  output.Set("lost_blocks", report.lost_blocks);
  output.Set("lost", std::move(losses));
  output.Text("saved: {} blocks, {} bytes\n", Grouped(report.blocks),
              Grouped(report.payload_bytes));
  if (report.lost_blocks > 0)
    output.Text("blocks lost between them: {}\n", Grouped(report.lost_blocks));
  if (report.ok()) output.Text("nothing was lost\n");
}

int Run(const RecoverOptions& options) {
  Output output(options.common.file, options.common.json, options.output == "-" ? stderr : stdout);
  InputFile file;
  if (const Status status = file.Open(options.common.file); !status.ok())
    return output.Fail(status);
  OutputFile out;
  if (const Status status = out.Open(options.output, options.write); !status.ok())
    return output.Fail(status);
  RecoverReport report;
  Status status = Recover(file, out.io(), &report);
  if (status.ok()) status = out.Commit();
  if (!status.ok()) return output.Fail(out.Explain(std::move(status)));
  ClearProgress();
  Show(report, output);
  return output.Finish(report.lost_any_blocks() ? kExitNo : kExitDone);
}

}  // namespace

void AddRecover(CLI::App& app, int* exit_code) {
  AddCommand<RecoverOptions>(app, exit_code, "recover", "Make a damaged or unfinished file whole",
                             Describe, Run);
}

}  // namespace h4mk::tool
