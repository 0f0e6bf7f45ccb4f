// SPDX-License-Identifier: MIT
// h4mk frames: the frame table of a track: number in the order of presentation, time, kind.
#include <algorithm>
#include <utility>

#include "block_source.h"
#include "command.h"
#include "files_option.h"
#include "text.h"
#include "track_option.h"

namespace h4mk::tool {
namespace {

struct FramesOptions {
  FilesOptions files;
  int64_t track_id = kNoTrack;
  bool csv = false;
};

struct Frame {
  int64_t time = 0;
  uint64_t ordinal = 0;
  uint32_t flags = 0;
};

void Describe(CLI::App* command, FramesOptions* options) {
  AddFilesOptions(command, &options->files);
  AddTrackOption(command, &options->track_id, false);
  command->add_flag("--csv", options->csv, "Lines of values with commas between them, for tables")
      ->excludes("--json");
  command->footer(
      "Blocks that must be decoded but not shown, and those without a time, are no frames. The "
      "type is I, P or B, and ? where the\n"
      "writer knew only that it is no seek point: `h4mk import` looks into packets for "
      "it, ffmpeg with -picture_types 1.");
}

// A text as a value of a table.
std::string CsvText(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : Printable(text)) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// *has_head: the table of --csv has its first line.
int ShowFrames(const FramesOptions& options, const std::string& path, bool* has_head,
               Output& output) {
  Recording recording;
  Reading reading;
  reading.without_data = true;
  if (!options.csv) ShowFileName(options.files, path, output);
  if (const Status status = recording.Open(path, reading); !status.ok()) return output.Fail(status);
  Result<uint32_t> index = FindTrack(recording, options.track_id);
  if (!index.ok()) return output.Fail(index.status());
  std::vector<Frame> frames;
  ForEachBlock(recording, output, [&](const h4mk_block& block) -> Status {
    if (block.track == index.value() && TimeOf(block) != kNoTime &&
        !(block.flags & H4MK_BLOCK_DISCARD))
      frames.push_back({TimeOf(block), block.ordinal, block.flags});
    return {};
  });
  std::stable_sort(frames.begin(), frames.end(),
                   [](const Frame& a, const Frame& b) { return a.time < b.time; });
  const RecordedTrack& track = recording.tracks()[index.value()];
  const TimeBase time_base = track.time_base();
  output.Set("track_id", track.id());
  output.Set("time_base", fmt::format("{}/{}", time_base.num, time_base.den));
  output.Set("count", frames.size());
  output.BeginRows("frames");
  // With --csv all files are one table.
  const bool is_named = AreSeveral(options.files);
  const std::string file_column = is_named ? CsvText(path) + "," : "";
  if (!options.csv)
    output.Text("{:>8}  {:>12}  {:>12}  {:4}  {}\n", "frame", "time", "pts", "type", "ordinal");
  else if (!std::exchange(*has_head, true))
    output.Text("{}frame,time,pts,type,key,ordinal\n", is_named ? "file," : "");
  for (size_t i = 0; i < frames.size(); ++i) {
    const Frame& frame = frames[i];
    const bool key = frame.flags & H4MK_BLOCK_KEY;
    output.Row([&] {
      return Json{{"frame", i},
                  {"pts", frame.time},
                  {"time", Seconds(frame.time, time_base)},
                  {"type", std::string(1, TypeLetter(frame.flags, track))},
                  {"key", key},
                  {"ordinal", frame.ordinal}};
    });
    if (options.csv)
      output.Text("{}{},{:.6f},{},{},{},{}\n", file_column, i, Seconds(frame.time, time_base),
                  frame.time, TypeLetter(frame.flags, track), key ? 1 : 0, frame.ordinal);
    else
      output.Text("{:8}  {:>12}  {:12}  {}{:3}  {}\n", i, Clock(frame.time, time_base), frame.time,
                  TypeLetter(frame.flags, track), key ? "*" : "", frame.ordinal);
  }
  return output.Finish();
}

int Run(const FramesOptions& options) {
  bool has_head = false;
  return ForEachFile(options.files, [&](const std::string& path, Output& output) {
    return ShowFrames(options, path, &has_head, output);
  });
}

}  // namespace

void AddFrames(CLI::App& app, int* exit_code) {
  AddCommand<FramesOptions>(app, exit_code, "frames",
                            "The frame table of a track: number, time, kind", Describe, Run);
}

}  // namespace h4mk::tool
