// SPDX-License-Identifier: MIT
// h4mk seek: where a player would land for a time.
#include <charconv>

#include "block_source.h"
#include "clients/old_clients.h"
#include "command.h"
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

Status FindBlock(Recording& recording, uint32_t track, int64_t time, const SeekOptions& options,
                 h4mk_block* block) {
  const int mode = (options.forward ? H4MK_SEEK_FORWARD : H4MK_SEEK_BACKWARD) |
                   (options.any ? H4MK_SEEK_ANY : 0);
  recording.KeepOnly(track);
  H4MK_TRY(recording.Told(h4mk_reader_seek(recording.get(), track, time, mode)));
  return recording.Told(h4mk_reader_next(recording.get(), block));
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
  Recording recording;
  int64_t id = kNoTrack;
  Status status = TrackId(options.track, &id);
  if (status.ok()) status = recording.Open(file);
  if (!status.ok()) return output.Fail(status);
  Result<uint32_t> index = FindTrack(recording, id);
  if (!index.ok()) return output.Fail(index.status());
  const RecordedTrack& track = recording.tracks()[index.value()];
  const int64_t time = options.pts_us ? Rescale(*options.pts_us, {1, 1000000}, track.time_base())
                                      : options.time.In(track.time_base());
  output.Set("track_id", track.id());
  output.Set("pts", time);
  h4mk_block block = H4MK_BLOCK_INIT;
  status = FindBlock(recording, index.value(), time, options, &block);
  const bool none = status.code() == Code::kNotFound || status.code() == Code::kEnd ||
                    status.code() == Code::kAgain;
  if (!status.ok() && !none) return output.Fail(status);
  output.Set("found", none ? Json(nullptr) : BlockJson(block, track));
  output.Text("{}\n", none ? "none" : BlockText(block, track));
  recording.TellState(output);
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
  if (options.pts_us && file.version() == H4MK_VERSION_TRANSPORT && !options.common.json)
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
