// SPDX-License-Identifier: MIT
// h4mk inspect: what a file holds, from its front, its end and its index; blocks are not read.
#include <algorithm>

#include "block_source.h"
#include "child.h"
#include "command.h"
#include "describe.h"
#include "file/file_end.h"
#include "files_option.h"
#include "html.h"
#include "old_clients.h"
#include "reader/external_data.h"
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

Status ReadGops(BlockPipeline& reader, uint32_t track, Gops* gops) {
  constexpr size_t kStep = 4096;
  std::vector<IndexEntry> entries(kStep);
  int64_t before = kNoTime;
  const TimeBase time_base = reader.tracks()[track].time_base;
  for (;;) {
    size_t copied = 0;
    H4MK_TRY(reader.file().IndexEntries(track, gops->count, entries, &copied));
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

Json TrueDescription(const Track& track, const TrackTotals& totals) {
  return WithTrueRate(track.description, totals.blocks,
                      totals.start_pts == kNoTime || totals.end_pts == kNoTime
                          ? 0
                          : SecondsBetween(totals.start_pts, totals.end_pts, track.time_base));
}

Json TrackJson(const Track& track, const TrackTotals& totals, const Gops& gops,
               uint64_t attachment) {
  Json object = Json::object();
  object["description"] = track.description;
  object.update(MediaJson(TrueDescription(track, totals)));
  object["blocks"] = totals.blocks;
  object["bytes"] = totals.bytes;
  object["start_pts"] = TimeJson(totals.start_pts);
  object["end_pts"] = TimeJson(totals.end_pts);
  if (totals.start_pts != kNoTime && totals.end_pts != kNoTime)
    object["duration"] = SecondsBetween(totals.start_pts, totals.end_pts, track.time_base);
  object["seek_points"] = gops.count;
  if (gops.count > 1) {
    object["shortest_gop"] = gops.shortest;
    object["longest_gop"] = gops.longest;
  }
  if (attachment > 0) object["attachment_bytes"] = attachment;
  return object;
}

// What the file says of a track beside its media.
std::string Particulars(const Track& track) {
  const std::string name = TextOf(track.description, "name"),
                    compression = TextOf(track.description, kCompressionKey);
  std::string text;
  if (!name.empty()) text += fmt::format(", \"{}\"", Printable(name));
  if (!compression.empty()) text += ", compressed by " + Printable(compression);
  return text;
}

std::string WithComma(const std::string& text) {
  return text.empty() ? text : ", " + Printable(text);
}

std::string TrackHeading(const Track& track, const Output& output) {
  return output.In(Output::Look::kHeading, fmt::format("track {}", track.id));
}

void ShowAttachment(const Track& track, uint64_t size, Output& output) {
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

void ShowTrack(InputFile& file, const Track& track, const TrackTotals& totals, const Gops& gops,
               Output& output) {
  const Json description = TrueDescription(track, totals);
  output.Text("{}: {}, {}{}{}, time base {}/{}{}\n", TrackHeading(track, output),
              Printable(TextOf(description, "kind")), Printable(CodecText(description)),
              WithComma(MediaText(description)), WithComma(AudienceText(description)),
              track.time_base.num, track.time_base.den, Particulars(track));
  if (totals.blocks == 0) return;
  const std::string beside = TextOf(description, kBesideKey);
  const double seconds = SecondsBetween(totals.start_pts, totals.end_pts, track.time_base);
  std::string size = Grouped(totals.bytes) + " bytes";
  if (totals.start_pts != kNoTime && totals.end_pts != kNoTime && seconds > 0)
    size += ", " + BitRateText(static_cast<double>(totals.bytes) * 8 / seconds);
  if (!beside.empty()) size += BesideText(file, beside);
  output.Text("  {} block{}, {}, {} to {}\n", Grouped(totals.blocks), totals.blocks == 1 ? "" : "s",
              size, Clock(totals.start_pts, track.time_base),
              Clock(totals.end_pts, track.time_base));
  if (gops.count > 1)
    output.Text("  {} seek points, {:.3f} to {:.3f} s apart{}\n", Grouped(gops.count),
                gops.shortest, gops.longest, totals.all_key ? ", every block is a seek point" : "");
}

void ShowTracks(InputFile& file, BlockPipeline& reader, Output& output) {
  Json tracks = Json::array();
  for (uint32_t i = 0; i < reader.tracks().size(); ++i) {
    Gops gops;
    if (const Status status = ReadGops(reader, i, &gops); !status.ok()) output.Problem(status);
    ByteSpan attachment;
    const bool is_attachment = reader.Attachment(i, &attachment).ok();
    if (is_attachment)
      ShowAttachment(reader.tracks()[i], attachment.size(), output);
    else
      ShowTrack(file, reader.tracks()[i], reader.totals(i), gops, output);
    tracks.push_back(TrackJson(reader.tracks()[i], reader.totals(i), gops,
                               is_attachment ? attachment.size() : 0));
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
    if (key != "tags" && key != "chapters" && key != kProtectionKey)
      output.Text("{}: {}\n", Printable(key),
                  value.is_structured()
                      ? fmt::format("{} {}", value.size(), value.size() == 1 ? "entry" : "entries")
                      : Printable(DumpJson(value)));
}

// The end of the file: where the index is, and how many clusters it has.
void ShowIndex(InputFile& file, Output& output) {
  Source source(file.NewIo());
  FileEnd end;
  if (!ReadFileEnd(source, &end).ok()) return;
  uint64_t clusters = 0, bytes = end.tail_offset - end.top_offset;
  for (const PageRef& page : end.top.pages) {
    clusters += page.clusters;
    bytes += page.size;
  }
  output.Set("clusters", clusters);
  output.Set("index", {{"top", end.top_offset}, {"pages", end.top.pages.size()}, {"bytes", bytes}});
  output.Text("{} cluster{}, index of {} page{}, {} bytes\n", Grouped(clusters),
              clusters == 1 ? "" : "s", end.top.pages.size(), end.top.pages.size() == 1 ? "" : "s",
              Grouped(bytes));
}

// From the first time of any track to the last; negative: not known.
double DurationOf(const BlockPipeline& reader) {
  double start = 0, end = -1;
  bool any = false;
  for (uint32_t i = 0; i < reader.tracks().size(); ++i) {
    const TrackTotals& totals = reader.totals(i);
    if (totals.start_pts == kNoTime || totals.end_pts == kNoTime) continue;
    const TimeBase time_base = reader.tracks()[i].time_base;
    start = any ? std::min(start, Seconds(totals.start_pts, time_base))
                : Seconds(totals.start_pts, time_base);
    end = any ? std::max(end, Seconds(totals.end_pts, time_base))
              : Seconds(totals.end_pts, time_base);
    any = true;
  }
  return end - start < 9e12 ? end - start : -1;
}

std::string DurationText(const BlockPipeline& reader, uint64_t file_size) {
  const double seconds = DurationOf(reader);
  if (seconds < 0) return "";
  std::string text = ", " + ClockOfSeconds(seconds);
  bool is_sidecar = false;
  for (const Track& track : reader.tracks()) is_sidecar |= track.description.contains(kBesideKey);
  if (seconds > 0 && !is_sidecar)
    text += ", " + BitRateText(static_cast<double>(file_size) * 8 / seconds);
  return text;
}

void ShowFile(const std::string& path, InputFile& file, BlockPipeline& reader, Output& output) {
  const Protection protection = ReadProtection(file, reader);
  output.Set("version", reader.version());
  output.Set("file_size", file.size());
  output.Set("closed", reader.is_closed());
  output.Set("protection", ProtectionJson(protection));
  output.Text("{}: H4MK, {}, {} bytes{}, {}\n", output.In(Output::Look::kHeading, Printable(path)),
              VersionText(reader.version()), Grouped(file.size()),
              DurationText(reader, file.size()), reader.is_closed() ? "closed" : "without an end");
  for (const std::string& line : ProtectionLines(protection)) output.Text("{}\n", Printable(line));
  if (reader.version() == 2) ShowIndex(file, output);
  ShowTracks(file, reader, output);
  ShowMeta(reader.meta(), output);
  ReportWarnings(reader, output);
  if (reader.version() == 2 && !reader.is_closed() && !output.json())
    output.Note(std::nullopt,
                "if nobody is writing it any more, `h4mk recover FILE OUT` makes a whole file of "
                "what is there");
}

int InspectOne(const InspectOptions& options, const std::string& path, const std::string& page,
               Output& output) {
  InputFile file;
  std::unique_ptr<BlockPipeline> reader;
  if (const Status status = file.Open(path); !status.ok()) return output.Fail(status);
  if (file.version() == kTransportVersion && !options.files.json && page.empty())
    return TransportInspect(path);
  if (const Status status = file.OpenReader(true, &reader); !status.ok())
    return output.Fail(status);
  if (page.empty()) {
    ShowFile(path, file, *reader, output);
    return output.Finish();
  }
  const Status status =
      WriteHtml(path, file, *reader, output,
                {page, options.thumbnails ? options.ffmpeg : "", options.verify}, options.write);
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
