// SPDX-License-Identifier: MIT
// h4mk chain and h4mk range: which blocks must be decoded to show a time; which seek points
// lie between two times.
#include "block_source.h"
#include "command.h"
#include "text.h"
#include "time_option.h"
#include "track_option.h"

namespace h4mk::tool {
namespace {

// The file and the track that a command asks for.
struct AskedTrack {
  Recording file;
  uint32_t index = 0;
  const RecordedTrack& track() const { return file.tracks()[index]; }
  uint32_t id() const { return track().id(); }
  TimeBase time_base() const { return track().time_base(); }

  Status Open(const std::string& path, int64_t track_id) {
    H4MK_TRY(file.Open(path));
    Result<uint32_t> found = FindTrack(file, track_id);
    if (found.ok()) index = found.value();
    return found.status();
  }
};

// All blocks of a list of h4mk.h: it is asked how long it is, then for what it has.
template <typename Ask>
Status ReadList(const Recording& file, const Ask& ask, std::vector<h4mk_block_info>* blocks) {
  uint64_t total = 0;
  H4MK_TRY(file.Told(ask(nullptr, 0, &total)));
  blocks->assign(static_cast<size_t>(total), H4MK_BLOCK_INFO_INIT);
  return file.Told(ask(blocks->data(), blocks->size(), &total));
}

int ShowBlocks(AskedTrack& asked, const std::vector<h4mk_block_info>& blocks, Output& output) {
  output.BeginRows("blocks");
  for (const h4mk_block_info& info : blocks) {
    const h4mk_block block = BlockOf(info, asked.index);
    output.Row([&] { return BlockJson(block, asked.track()); });
    output.Text("  {}\n", BlockText(block, asked.track()));
  }
  if (blocks.empty()) output.Text("  none\n");
  asked.file.TellState(output);
  return output.Finish(blocks.empty() ? kExitNo : kExitDone);
}

// ------------------------------------------------------------------------------------------------------------
// chain

struct ChainOptions {
  CommonOptions common;
  int64_t track_id = kNoTrack;
  TimeOption time;
};

void DescribeChain(CLI::App* command, ChainOptions* options) {
  AddCommonOptions(command, &options->common);
  AddTrackOption(command, &options->track_id, false);
  options->time.Add(command, "time", "The time", true);
  command->footer(
      "The blocks are in decoding order, from a seek point on. Exit status 1: there are "
      "none.");
}

int RunChain(const ChainOptions& options) {
  Output output(options.common.file, options.common.json);
  AskedTrack asked;
  if (const Status status = asked.Open(options.common.file, options.track_id); !status.ok())
    return output.Fail(status);
  const int64_t time = options.time.In(asked.time_base());
  std::vector<h4mk_block_info> blocks;
  const Status status = ReadList(
      asked.file,
      [&](h4mk_block_info* out, size_t count, uint64_t* total) {
        return h4mk_reader_decode_chain(asked.file.get(), asked.index, time, out, count, total);
      },
      &blocks);
  if (!status.ok()) return output.Fail(status);
  output.Set("track_id", asked.id());
  output.Set("pts", time);
  output.Text("to show {} of track {}, decode:\n", Clock(time, asked.time_base()), asked.id());
  return ShowBlocks(asked, blocks, output);
}

// ------------------------------------------------------------------------------------------------------------
// range

struct RangeOptions {
  CommonOptions common;
  int64_t track_id = kNoTrack;
  TimeOption from, to;
};

void DescribeRange(CLI::App* command, RangeOptions* options) {
  AddCommonOptions(command, &options->common);
  AddTrackOption(command, &options->track_id, false);
  options->from.Add(command, "from", "The first time, default the start", false);
  options->to.Add(command, "to", "The last time, default the end", false);
  command->footer("Exit status 1: there are no seek points between the two.");
}

int RunRange(const RangeOptions& options) {
  Output output(options.common.file, options.common.json);
  AskedTrack asked;
  if (const Status status = asked.Open(options.common.file, options.track_id); !status.ok())
    return output.Fail(status);
  const int64_t from = options.from.given() ? options.from.In(asked.time_base()) : INT64_MIN + 1;
  const int64_t to = options.to.given() ? options.to.In(asked.time_base()) : INT64_MAX;
  std::vector<h4mk_block_info> blocks;
  const Status status = ReadList(
      asked.file,
      [&](h4mk_block_info* out, size_t count, uint64_t* total) {
        return h4mk_reader_keyframes_between(asked.file.get(), asked.index, from, to, out, count,
                                             total);
      },
      &blocks);
  if (!status.ok()) return output.Fail(status);
  output.Set("track_id", asked.id());
  output.Text("seek points of track {}:\n", asked.id());
  return ShowBlocks(asked, blocks, output);
}

}  // namespace

void AddChain(CLI::App& app, int* exit_code) {
  AddCommand<ChainOptions>(app, exit_code, "chain", "The blocks to decode to show a time",
                           DescribeChain, RunChain);
}

void AddRange(CLI::App& app, int* exit_code) {
  AddCommand<RangeOptions>(app, exit_code, "range", "The seek points between two times",
                           DescribeRange, RunRange);
}

}  // namespace h4mk::tool
