// SPDX-License-Identifier: MIT
// h4mk watch: how a file grows.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "command.h"
#include "describe.h"
#include "recording.h"
#include "text.h"

namespace h4mk::tool {
namespace {

using Steady = std::chrono::steady_clock;

struct WatchOptions {
  CommonOptions common;
  double every = 1, patience = 0;  // seconds
};

void Describe(CLI::App* command, WatchOptions* options) {
  AddCommonOptions(command, &options->common);
  command->get_option("--json")->description("A JSON object a line");
  command->add_option("--every", options->every, "Seconds between two lines, default 1")
      ->type_name("SECONDS")
      ->check(Between(0.01, 86400));
  command
      ->add_option("--patience", options->patience,
                   "End after so many seconds in which nothing came, default never")
      ->type_name("SECONDS")
      ->check(Between(0, 1e9));
  command->footer(
      "Says how far the file reaches, how many blocks came and how fast, until it has its end. On "
      "a terminal one line changes.\n"
      "Exit status: 0 the file has its end, 1 nothing came any more (--patience), 2 it cannot be "
      "read.");
}

class Watch {
 public:
  explicit Watch(const WatchOptions& options)
      : options_(options), output_(options.common.file, options.common.json) {}

  int Run() {
    if (options_.common.file == "-")
      return output_.Fail(Status(Code::kArgument, "a pipe is no file that grows"));
    if (const Status status = OpenOnceThere(); !status.ok()) return End(output_.Fail(status));
    if (h4mk_reader_version(input_.get()) != 2)
      return output_.Fail(Status(Code::kVersion, "only files of version 2 grow"));
    for (;;) {
      bool ended = false;
      if (const Status status = ReadOn(&ended); !status.ok()) return End(output_.Fail(status));
      const bool gave_up =
          !ended && options_.patience > 0 && Since(last_growth_) >= options_.patience;
      Show(ended, gave_up);
      if (ended) return End(kExitDone);
      if (gave_up) return End(kExitNo);
      Wait();
    }
  }

 private:
  // A writer that has just begun may not yet have written what a reader needs to open the file.
  Status OpenOnceThere() {
    for (last_growth_ = last_line_ = Steady::now();;) {
      Recording trial;
      const Status status = trial.Open(options_.common.file);
      if (status.ok()) return input_.Open(options_.common.file);
      if (!IsYetToCome(status)) return status;
      if (options_.patience > 0 && Since(last_growth_) >= options_.patience) return status;
      Wait();
    }
  }

  bool IsYetToCome(const Status& status) const {
    std::error_code error;
    return status.code() == Code::kTruncated ||
           (status.code() == Code::kNotH4mk &&
            std::filesystem::file_size(options_.common.file, error) == 0 && !error);
  }

  void Wait() const { std::this_thread::sleep_for(std::chrono::duration<double>(options_.every)); }

  static double Since(Steady::time_point time) {
    return std::chrono::duration<double>(Steady::now() - time).count();
  }

  // All blocks that are there by now.
  Status ReadOn(bool* ended) {
    h4mk_block block = H4MK_BLOCK_INIT;
    for (;;) {
      const h4mk_status status = h4mk_reader_next(input_.get(), &block);
      *ended = status == H4MK_END;
      if (status == H4MK_END || status == H4MK_AGAIN) return {};
      if (status == H4MK_OK) {
        Count(block);
      } else {
        ++damaged_;
        if (status != H4MK_ERR_CORRUPT && status != H4MK_ERR_NOT_FOUND)
          return Status(static_cast<Code>(status), h4mk_reader_message(input_.get()));
      }
    }
  }

  void Count(const h4mk_block& block) {
    ++blocks_;
    last_growth_ = Steady::now();
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    if (TimeOf(block) == H4MK_NO_TIME ||
        h4mk_reader_track_info(input_.get(), block.track, &info) != H4MK_OK)
      return;
    const double time = Seconds(TimeOf(block), {info.time_base_num, info.time_base_den});
    first_ = blocks_ == 1 ? time : std::min(first_, time);
    latest_ = std::max(latest_, time);
  }

  void Show(bool ended, bool gave_up) {
    const double seconds = Since(last_line_);
    const uint64_t size = static_cast<uint64_t>(std::max<int64_t>(0, input_.CurrentSize()));
    const double rate = last_size_ > 0 && size >= last_size_ && seconds > 0
                            ? static_cast<double>(size - last_size_) * 8 / seconds
                            : 0;
    last_line_ = Steady::now();
    last_size_ = size;
    const char* state = ended ? "has its end" : gave_up ? "nothing comes any more" : "grows";
    const double reach = blocks_ == 0 ? 0 : latest_ - first_;
    if (output_.json()) {
      const Json line = {{"seconds", reach},        {"size", size},
                         {"blocks", blocks_},       {"damaged", damaged_},
                         {"bits_per_second", rate}, {"ended", ended}};
      fmt::print("{}\n", DumpJson(line));
    } else {
      const bool one_line = isatty(STDOUT_FILENO) != 0;
      output_.Text("{}{}  {} bytes  {} blocks{}  {}{}", one_line ? "\r\x1b[K" : "",
                   ClockOfSeconds(reach), Grouped(size), Grouped(blocks_),
                   damaged_ ? fmt::format("  {} damaged places", damaged_) : "",
                   ended || gave_up ? state : BitRateText(rate), one_line ? "" : "\n");
    }
    std::fflush(stdout);
  }

  int End(int code) {
    if (!output_.json() && isatty(STDOUT_FILENO)) fmt::print("\n");
    return code;
  }

  const WatchOptions& options_;
  Output output_;
  Recording input_;
  uint64_t blocks_ = 0, damaged_ = 0, last_size_ = 0;
  double first_ = 0, latest_ = 0;
  Steady::time_point last_growth_, last_line_;
};

int Run(const WatchOptions& options) { return Watch(options).Run(); }

}  // namespace

void AddWatch(CLI::App& app, int* exit_code) {
  AddCommand<WatchOptions>(app, exit_code, "watch", "How a file grows, until it has its end",
                           Describe, Run);
}

}  // namespace h4mk::tool
