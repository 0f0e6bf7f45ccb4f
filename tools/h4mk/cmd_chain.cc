// SPDX-License-Identifier: MIT
// h4mk chain and h4mk range: which blocks must be decoded to show a time; which seek points
// lie between two times.
#include "block_source.h"
#include "command.h"
#include "file/lookup_all.h"
#include "text.h"
#include "time_option.h"
#include "track_option.h"

namespace h4mk::tool {
namespace {

void ShowBlocks(const std::vector<BlockInfo>& blocks, const Track& track, Output& output) {
  output.BeginRows("blocks");
  for (const BlockInfo& info : blocks) {
    const BlockRow row = MakeRow(info);
    output.Row([&] { return BlockJson(row, track); });
    output.Text("  block {} at {}, {}{}, {} bytes at byte {}\n", row.ordinal,
                Clock(row.time(), track.time_base), TypeLetter(row.flags, track),
                row.is_key() ? "*" : "", row.size, row.offset);
  }
  if (blocks.empty()) output.Text("  none\n");
}

// The file and the track that a command asks for.
struct OpenedTrack {
  InputFile file;
  std::unique_ptr<BlockPipeline> reader;
  uint32_t index = 0;
  const Track& description() const { return reader->tracks()[index]; }

  Status Open(const std::string& path, int64_t track_id) {
    H4MK_TRY(file.Open(path));
    H4MK_TRY(file.OpenReader(false, &reader));
    Result<uint32_t> found = FindTrack(*reader, track_id);
    if (found.ok()) index = found.value();
    return found.status();
  }
};

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
  OpenedTrack track;
  if (const Status status = track.Open(options.common.file, options.track_id); !status.ok())
    return output.Fail(status);
  const int64_t time = options.time.In(track.description().time_base);
  std::vector<BlockInfo> blocks;
  const Status status = LookupAll(
      track.reader->file(),
      [&](Lookups& lookups, std::span<BlockInfo> out, uint64_t* total) {
        return lookups.DecodeChain(track.index, time, out, total);
      },
      &blocks);
  if (!status.ok()) return output.Fail(status);
  output.Set("track_id", track.description().id);
  output.Set("pts", time);
  output.Text("to show {} of track {}, decode:\n", Clock(time, track.description().time_base),
              track.description().id);
  ShowBlocks(blocks, track.description(), output);
  ReportWarnings(*track.reader, output);
  return output.Finish(blocks.empty() ? kExitNo : kExitDone);
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
  OpenedTrack track;
  if (const Status status = track.Open(options.common.file, options.track_id); !status.ok())
    return output.Fail(status);
  const int64_t from =
      options.from.given() ? options.from.In(track.description().time_base) : INT64_MIN + 1;
  const int64_t to = options.to.given() ? options.to.In(track.description().time_base) : INT64_MAX;
  std::vector<BlockInfo> blocks;
  const Status status = LookupAll(
      track.reader->file(),
      [&](Lookups& lookups, std::span<BlockInfo> out, uint64_t* total) {
        return lookups.KeyframesBetween(track.index, from, to, out, total);
      },
      &blocks);
  if (!status.ok()) return output.Fail(status);
  output.Set("track_id", track.description().id);
  output.Text("seek points of track {}:\n", track.description().id);
  ShowBlocks(blocks, track.description(), output);
  ReportWarnings(*track.reader, output);
  return output.Finish(blocks.empty() ? kExitNo : kExitDone);
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
