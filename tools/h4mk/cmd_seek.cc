// SPDX-License-Identifier: MIT
// h4mk seek: where a player would land for a time.
#include <charconv>

#include "block_source.h"
#include "command.h"
#include "old_clients.h"
#include "text.h"
#include "time_option.h"
#include "track_option.h"

namespace h4mk::tool {
namespace {

struct SeekOptions {
  CommonOptions common;
  std::string track;
  TimeOption time;
  std::optional<int64_t> pts_us, old_pts_us;
  bool forward = false, any = false;
};

void Describe(CLI::App* command, SeekOptions* options) {
  AddCommonOptions(command, &options->common);
  command->add_option("PTS_US", options->old_pts_us,
                      "As the first client of the transport dialect takes it");
  command->add_option("--track,-t", options->track, "The track_id, as `h4mk inspect` shows it")
      ->type_name("ID");
  options->time.Add(command, "time", "The time", false);
  command->add_option("--pts-us", options->pts_us, "The time, in microseconds")->type_name("INT");
  command->add_flag("--forward", options->forward, "The first seek point at or after the time");
  command->add_flag("--any", options->any, "Any block, not only seek points");
  command->footer(
      "The last seek point at or before the time, or the first one of the track. Exit "
      "status 1: there is none.\n"
      "For files of the transport dialect, PTS_US or --pts-us answer as the old clients of that "
      "dialect do.");
}

Status FindBlock(BlockPipeline& reader, uint32_t track, int64_t time, const SeekOptions& options,
                 BlockRow* row) {
  for (uint32_t i = 0; i < reader.tracks().size(); ++i) reader.Discard(i, i != track);
  H4MK_TRY(reader.Seek(track, time, options.forward ? SeekMode::kForward : SeekMode::kBackward,
                       options.any));
  ReadBlock block;
  H4MK_TRY(reader.Next(&block));
  *row = MakeRow(*block.record, static_cast<uint64_t>(block.offset), 0);
  return {};
}

Status TrackId(const std::string& text, int64_t* id) {
  *id = kNoTrack;
  if (text.empty()) return {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *id);
  if (error != std::errc() || end != text.data() + text.size() || *id < 0)
    return Status(Code::kArgument, "\"" + text + "\" is no track_id");
  return {};
}

int SeekIn(InputFile& file, const SeekOptions& options, Output& output) {
  std::unique_ptr<BlockPipeline> reader;
  int64_t id = kNoTrack;
  Status status = TrackId(options.track, &id);
  if (status.ok()) status = file.OpenReader(false, &reader);
  if (!status.ok()) return output.Fail(status);
  Result<uint32_t> track = FindTrack(*reader, id);
  if (!track.ok()) return output.Fail(track.status());
  const Track& description = reader->tracks()[track.value()];
  const int64_t time = options.pts_us
                           ? Rescale(*options.pts_us, {1, 1000000}, description.time_base)
                           : options.time.In(description.time_base);
  output.Set("track_id", description.id);
  output.Set("pts", time);
  BlockRow row;
  status = FindBlock(*reader, track.value(), time, options, &row);
  const bool none = status.code() == Code::kNotFound || status.code() == Code::kEnd ||
                    status.code() == Code::kAgain;
  if (!status.ok() && !none) return output.Fail(status);
  output.Set("found", none ? Json(nullptr) : BlockJson(row, description));
  if (none)
    output.Text("none\n");
  else
    output.Text("block {} at {}, {}{}, {} bytes at byte {}\n", row.ordinal,
                Clock(row.time(), description.time_base), TypeLetter(row.flags, description),
                row.is_key() ? "*" : "", row.size, row.offset);
  ReportWarnings(*reader, output);
  return output.Finish(none ? kExitNo : kExitDone);
}

int Run(const SeekOptions& options) {
  Output output(options.common.file, options.common.json);
  // Standard input can be read once: TransportSeek() does that.
  if (options.old_pts_us && options.common.file == "-")
    return TransportSeek(options.common.file, *options.old_pts_us);
  InputFile file;
  const Status opened = file.Open(options.common.file);
  if (options.old_pts_us && opened.ok() && file.version() == 2)
    return output.Fail(Status(Code::kArgument,
                              "say which time: --time, in seconds; a number alone "
                              "is for files of the transport dialect"));
  if (options.old_pts_us) return TransportSeek(options.common.file, *options.old_pts_us);
  if (!opened.ok()) return output.Fail(opened);
  if (options.pts_us && file.version() == kTransportVersion && !options.common.json)
    return VideoSeek(options.common.file, options.track, *options.pts_us);
  if (!options.pts_us && !options.time.given())
    return output.Fail(Status(Code::kArgument, "say which time: --time, --time-ms or --pts-us"));
  return SeekIn(file, options, output);
}

}  // namespace

void AddSeek(CLI::App& app, int* exit_code) {
  AddCommand<SeekOptions>(app, exit_code, "seek", "Where a player would land for a time", Describe,
                          Run);
}

}  // namespace h4mk::tool
