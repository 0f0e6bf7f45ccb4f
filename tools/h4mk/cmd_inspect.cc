// SPDX-License-Identifier: MIT
// h4mk inspect: what a file holds, from its front, its end and its index; blocks are not read.
#include <algorithm>

#include "child.h"
#include "clients/old_clients.h"
#include "command.h"
#include "describe.h"
#include "files_option.h"
#include "html.h"
#include "recording.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct InspectOptions {
  FilesOptions files;
  std::string html, ffmpeg;
  bool thumbnails = false, verify = false;
  WriteOptions write;
};

void Describe(CLI::App* command, InspectOptions* options) {
  AddFilesOptions(command, &options->files);
  command
      ->add_option(
          "--html", options->html,
          "Write a page with a timeline of tracks, GOPs and bit rate, - for standard output; for "
          "several files a folder, which gets a page for each")
      ->type_name("PAGE");
  command
      ->add_flag("--thumbnails", options->thumbnails,
                 "With pictures of the film in the page, by an ffmpeg that reads H4MK")
      ->needs("--html");
  command
      ->add_flag("--verify", options->verify,
                 "Check every byte for the page, and show in it what is damaged")
      ->needs("--html");
  AddFfmpegOption(command, &options->ffmpeg);
  AddForceOption(command, &options->write);
  command->footer(
      "Reads the front, the end and the index of the file, not its blocks; `h4mk verify` checks "
      "those. For --html the indexes of\n"
      "the clusters too, with --verify all of it. For files of the transport dialect the text is "
      "that of the first client "
      "of that dialect.");
}

// The seek points of a track: for a track of GOPs, one at the start of each.
struct Gops {
  uint64_t count = 0;
  double shortest = 0, longest = 0;  // seconds from one to the next
};

Status ReadGops(Recording& recording, uint32_t track, Gops* gops) {
  constexpr size_t kStep = 4096;
  std::vector<h4mk_index_entry> entries(kStep, H4MK_INDEX_ENTRY_INIT);
  int64_t before = kNoTime;
  const TimeBase time_base = recording.tracks()[track].time_base();
  for (;;) {
    size_t copied = 0;
    H4MK_TRY(recording.Told(h4mk_reader_index_entries(recording.get(), track, gops->count,
                                                      entries.data(), kStep, &copied)));
    for (size_t i = 0; i < copied; ++i) {
      if (before != kNoTime) {
        const double length = SecondsBetween(before, entries[i].time, time_base);
        const bool first = gops->longest == 0 && gops->shortest == 0;
        gops->shortest = first ? length : std::min(gops->shortest, length);
        gops->longest = first ? length : std::max(gops->longest, length);
      }
      before = entries[i].time;
    }
    gops->count += copied;
    if (copied < kStep) return {};
  }
}

Json TimeJson(int64_t time) { return time == kNoTime ? Json(nullptr) : Json(time); }

bool HasTimes(const RecordedTrack& track) {
  return track.info.start_pts != kNoTime && track.info.end_pts != kNoTime;
}

double DurationOf(const RecordedTrack& track) {
  return SecondsBetween(track.info.start_pts, track.info.end_pts, track.time_base());
}

Json TrueDescription(const RecordedTrack& track) {
  return WithTrueRate(track.description, track.info.block_count,
                      HasTimes(track) ? DurationOf(track) : 0);
}

Json TrackJson(const RecordedTrack& track, const Gops& gops, uint64_t attachment) {
  Json object = Json::object();
  object["description"] = track.description;
  object.update(MediaJson(TrueDescription(track)));
  object["blocks"] = track.info.block_count;
  object["bytes"] = track.info.byte_count;
  object["start_pts"] = TimeJson(track.info.start_pts);
  object["end_pts"] = TimeJson(track.info.end_pts);
  if (HasTimes(track)) object["duration"] = DurationOf(track);
  object["seek_points"] = gops.count;
  if (gops.count > 1) {
    object["shortest_gop"] = gops.shortest;
    object["longest_gop"] = gops.longest;
  }
  if (attachment > 0) object["attachment_bytes"] = attachment;
  return object;
}

// What the file says of a track beside its media.
std::string Particulars(const RecordedTrack& track) {
  const std::string name = TextOf(track.description, "name"),
                    compression = TextOf(track.description, "compression");
  std::string text;
  if (!name.empty()) text += fmt::format(", \"{}\"", Printable(name));
  if (!compression.empty()) text += ", compressed by " + Printable(compression);
  return text;
}

std::string WithComma(const std::string& text) {
  return text.empty() ? text : ", " + Printable(text);
}

std::string TrackHeading(const RecordedTrack& track, const Output& output) {
  return output.In(Output::Look::kHeading, fmt::format("track {}", track.id()));
}

void ShowAttachment(const RecordedTrack& track, uint64_t size, Output& output) {
  const auto found = track.description.find("tags");
  const Json tags =
      found != track.description.end() && found->is_object() ? *found : Json::object();
  const std::string name = TextOf(tags, "filename"), codec = TextOf(track.description, "codec");
  output.Text("{}: attachment{}{}{}, {} bytes\n", TrackHeading(track, output),
              WithComma(codec == "none" ? "" : codec),
              name.empty() ? "" : fmt::format(", \"{}\"", Printable(name)),
              WithComma(TextOf(tags, "mimetype")), Grouped(size));
}

// Blocks of a sidecar.
std::string BesideText(InputFile& file, const std::string& beside) {
  return fmt::format(", in \"{}\"{}", Printable(beside),
                     file.HasBeside(beside) ? "" : ", which is missing: they cannot be read");
}

void ShowTrack(InputFile& file, const RecordedTrack& track, const Gops& gops, Output& output) {
  const Json description = TrueDescription(track);
  const TimeBase time_base = track.time_base();
  output.Text("{}: {}, {}{}{}, time base {}/{}{}\n", TrackHeading(track, output),
              Printable(track.kind), Printable(CodecText(description)),
              WithComma(MediaText(description)), WithComma(AudienceText(description)),
              time_base.num, time_base.den, Particulars(track));
  const h4mk_track_info& info = track.info;
  if (info.block_count == 0) return;
  const std::string beside = TextOf(description, kBesideKey);
  std::string size = Grouped(info.byte_count) + " bytes";
  if (HasTimes(track) && DurationOf(track) > 0)
    size += ", " + BitRateText(static_cast<double>(info.byte_count) * 8 / DurationOf(track));
  if (!beside.empty()) size += BesideText(file, beside);
  output.Text("  {} block{}, {}, {} to {}\n", Grouped(info.block_count),
              info.block_count == 1 ? "" : "s", size, Clock(info.start_pts, time_base),
              Clock(info.end_pts, time_base));
  if (gops.count > 1)
    output.Text("  {} seek points, {:.3f} to {:.3f} s apart{}\n", Grouped(gops.count),
                gops.shortest, gops.longest, info.all_key ? ", every block is a seek point" : "");
}

void ShowTracks(Recording& recording, Output& output) {
  Json tracks = Json::array();
  for (uint32_t i = 0; i < recording.tracks().size(); ++i) {
    const RecordedTrack& track = recording.tracks()[i];
    Gops gops;
    if (const Status status = ReadGops(recording, i, &gops); !status.ok()) output.Problem(status);
    ByteSpan attachment;
    const bool is_attachment = recording.Attachment(i, &attachment).ok();
    if (is_attachment)
      ShowAttachment(track, attachment.size(), output);
    else
      ShowTrack(recording.file(), track, gops, output);
    tracks.push_back(TrackJson(track, gops, is_attachment ? attachment.size() : 0));
  }
  output.Set("tracks", std::move(tracks));
}

void ShowTags(const Json& tags, Output& output) {
  if (!tags.is_object()) return;
  for (const auto& [key, value] : tags.items())
    output.Text("  {} = {}\n", Printable(key),
                Printable(value.is_string() ? value.get<std::string>() : DumpJson(value)));
}

void ShowChapter(const Json& chapter, Output& output) {
  TimeBase time_base;
  if (!ParseTimeBase(TextOf(chapter, "time_base"), &time_base)) return;
  const auto tags = chapter.find("tags");
  const std::string title =
      tags != chapter.end() && tags->is_object() ? TextOf(*tags, "title") : "";
  output.Text("  {} {}\n", Clock(NumberOf(chapter, "start"), time_base), Printable(title));
}

void ShowMeta(const Json& meta, Output& output) {
  output.Set("meta", meta);
  if (meta.contains("tags")) {
    output.Text("{}\n", output.In(Output::Look::kHeading, "tags:"));
    ShowTags(meta["tags"], output);
  }
  if (meta.contains("chapters") && meta["chapters"].is_array() && !meta["chapters"].empty()) {
    output.Text("{}\n", output.In(Output::Look::kHeading, "chapters:"));
    for (const Json& chapter : meta["chapters"])
      if (chapter.is_object()) ShowChapter(chapter, output);
  }
  for (const auto& [key, value] : meta.items())
    if (key != "tags" && key != "chapters" && key != "protection")
      output.Text("{}: {}\n", Printable(key),
                  value.is_structured()
                      ? fmt::format("{} {}", value.size(), value.size() == 1 ? "entry" : "entries")
                      : Printable(DumpJson(value)));
}

// The end of the file: where the index is, and how many clusters it has.
void ShowIndex(const Recording& recording, Output& output) {
  h4mk_index_info index = H4MK_INDEX_INFO_INIT;
  if (h4mk_reader_index_info(recording.get(), &index) != H4MK_OK || index.top == 0) return;
  output.Set("clusters", index.clusters);
  output.Set("index", {{"top", index.top}, {"pages", index.pages}, {"bytes", index.bytes}});
  output.Text("{}, index of {}, {} bytes\n", Counted(index.clusters, "cluster"),
              Counted(index.pages, "page"), Grouped(index.bytes));
}

// From the first time of any track to the last; negative: not known.
double DurationOf(const Recording& recording) {
  double start = 0, end = -1;
  bool any = false;
  for (const RecordedTrack& track : recording.tracks()) {
    if (!HasTimes(track)) continue;
    const double first = Seconds(track.info.start_pts, track.time_base());
    const double last = Seconds(track.info.end_pts, track.time_base());
    start = any ? std::min(start, first) : first;
    end = any ? std::max(end, last) : last;
    any = true;
  }
  return end - start < 9e12 ? end - start : -1;
}

std::string DurationText(const Recording& recording) {
  const double seconds = DurationOf(recording);
  if (seconds < 0) return "";
  std::string text = ", " + ClockOfSeconds(seconds);
  bool is_sidecar = false;
  for (const RecordedTrack& track : recording.tracks())
    is_sidecar |= track.description.contains(kBesideKey);
  if (seconds > 0 && !is_sidecar)
    text += ", " + BitRateText(static_cast<double>(recording.size()) * 8 / seconds);
  return text;
}

void ShowFile(Recording& recording, Output& output) {
  const Protection protection = ReadProtection(recording);
  output.Set("version", recording.version());
  output.Set("file_size", recording.size());
  output.Set("closed", recording.is_closed());
  output.Set("protection", ProtectionJson(protection));
  output.Text("{}: H4MK, {}, {} bytes{}, {}\n",
              output.In(Output::Look::kHeading, Printable(recording.path())),
              VersionText(recording.version()), Grouped(recording.size()), DurationText(recording),
              recording.is_closed() ? "closed" : "without an end");
  for (const std::string& line : ProtectionLines(protection)) output.Text("{}\n", Printable(line));
  if (recording.version() == 2) ShowIndex(recording, output);
  ShowTracks(recording, output);
  ShowMeta(recording.meta(), output);
  recording.TellState(output);
  if (recording.version() == 2 && !recording.is_closed() && !output.json())
    output.Note(std::nullopt,
                "if nobody is writing it any more, `h4mk recover FILE OUT` makes a whole file of "
                "what is there");
}

int InspectOne(const InspectOptions& options, const std::string& path, const std::string& page,
               Output& output) {
  InputFile file;
  Recording recording;
  Reading reading;
  reading.keep_corrupt = true;
  if (const Status status = file.Open(path); !status.ok()) return output.Fail(status);
  if (file.version() == H4MK_VERSION_TRANSPORT && !options.files.json && page.empty())
    return TransportInspect(path);
  if (const Status status = recording.Open(file, reading); !status.ok()) return output.Fail(status);
  if (page.empty()) {
    ShowFile(recording, output);
    return output.Finish();
  }
  const Status status =
      WriteHtml(recording, output, {page, options.thumbnails ? options.ffmpeg : "", options.verify},
                options.write);
  return status.ok() ? output.Finish() : output.Fail(status);
}

int Run(const InspectOptions& options) {
  bool is_first = true;
  const auto visit = [&](const std::string& path, const std::string& to, Output& output) {
    if (!is_first && to.empty()) output.Text("\n");
    is_first = false;
    // Pages of several files are film.html of film.h4mk.
    return InspectOne(options, path, to == options.html ? to : WithoutH4mk(to) + ".html", output);
  };
  return ForEachFile(options.files, options.html, visit);
}

}  // namespace

void AddInspect(CLI::App& app, int* exit_code) {
  AddCommand<InspectOptions>(app, exit_code, "inspect",
                             "What a file holds: tracks, index, metadata", Describe, Run);
}

}  // namespace h4mk::tool
