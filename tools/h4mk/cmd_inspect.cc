// SPDX-License-Identifier: MIT
// h4mk inspect: what a file holds, from its front, its end and its index; blocks are not read.
#include <algorithm>

#include "block_source.h"
#include "command.h"
#include "file/file_end.h"
#include "html.h"
#include "old_clients.h"
#include "text.h"
#include "write_option.h"

namespace h4mk::tool {
namespace {

struct InspectOptions {
  CommonOptions common;
  std::string html;
  WriteOptions write;
};

void Describe(CLI::App* command, InspectOptions* options) {
  AddCommonOptions(command, &options->common);
  command->add_option("--html", options->html, "Write a page with a timeline of tracks, GOPs and bit rate, - for standard output")
      ->type_name("FILE");
  AddForceOption(command, &options->write);
  command->footer(
      "Reads the front, the end and the index of the file, not its blocks; `h4mk verify` checks those. For --html the indexes of\n"
      "the clusters too. For files of the transport dialect the text is that of the first client of that dialect.");
}

// The seek points of a track: for a track of GOPs, one at the start of each.
struct Gops {
  uint64_t count = 0;
  double shortest = 0, longest = 0;  // seconds from one to the next
};

Status ReadGops(FileReader& reader, uint32_t track, Gops* gops) {
  constexpr size_t kStep = 4096;
  std::vector<IndexEntry> entries(kStep);
  int64_t before = kNoTime;
  for (;;) {
    size_t copied = 0;
    H4MK_TRY(reader.IndexEntries(track, gops->count, entries, &copied));
    for (size_t i = 0; i < copied; ++i) {
      if (before != kNoTime) {
        const double length = Seconds(WrapSub(entries[i].time, before), reader.tracks()[track].time_base);
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

std::string Member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t Number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

Json TimeJson(int64_t time) { return time == kNoTime ? Json(nullptr) : Json(time); }

Json TrackJson(const Track& track, const TrackTotals& totals, const Gops& gops, uint64_t attachment) {
  Json object = Json::object();
  object["description"] = track.description;
  object["blocks"] = totals.blocks;
  object["bytes"] = totals.bytes;
  object["start_pts"] = TimeJson(totals.start_pts);
  object["end_pts"] = TimeJson(totals.end_pts);
  if (totals.start_pts != kNoTime && totals.end_pts != kNoTime)
    object["duration"] = Seconds(WrapSub(totals.end_pts, totals.start_pts), track.time_base);
  object["seek_points"] = gops.count;
  if (gops.count > 1) {
    object["shortest_gop"] = gops.shortest;
    object["longest_gop"] = gops.longest;
  }
  if (attachment > 0) object["attachment_bytes"] = attachment;
  return object;
}

void ShowTrack(const Track& track, const TrackTotals& totals, const Gops& gops, uint64_t attachment,
               Output& output) {
  const Json& description = track.description;
  const std::string name = Member(description, "name"), media = MediaText(description);
  const std::string compression = Member(description, kCompressionKey);
  const std::string beside = Member(description, kBesideKey);
  output.Text("track {}: {}, {}{}, time base {}/{}{}{}{}\n", track.id, Printable(Member(description, "kind")),
              Printable(Member(description, "codec")), Printable(media.empty() ? media : ", " + media),
              track.time_base.num, track.time_base.den,
              name.empty() ? "" : fmt::format(", \"{}\"", Printable(name)),
              compression.empty() ? "" : ", compressed by " + Printable(compression),
              beside.empty() ? "" : fmt::format(", blocks in \"{}\"", Printable(beside)));
  if (attachment > 0) output.Text("  attachment of {} bytes\n", Grouped(attachment));
  if (totals.blocks == 0) return;
  std::string rate;
  if (totals.start_pts != kNoTime && totals.end_pts > totals.start_pts)
    rate = fmt::format(", {:.1f} kb/s", static_cast<double>(totals.bytes) * 8 / 1000 /
                                            Seconds(totals.end_pts - totals.start_pts, track.time_base));
  output.Text("  {} blocks, {} bytes{}, {} to {}\n", Grouped(totals.blocks), Grouped(totals.bytes), rate,
              Clock(totals.start_pts, track.time_base), Clock(totals.end_pts, track.time_base));
  if (gops.count > 1)
    output.Text("  {} seek points, {:.3f} to {:.3f} s apart{}\n", Grouped(gops.count), gops.shortest,
                gops.longest, totals.all_key ? ", every block is a random access point" : "");
}

void ShowTracks(FileReader& reader, Output& output) {
  Json tracks = Json::array();
  for (uint32_t i = 0; i < reader.tracks().size(); ++i) {
    Gops gops;
    if (const Status status = ReadGops(reader, i, &gops); !status.ok()) output.Problem(status);
    ByteSpan attachment;
    if (!reader.Attachment(i, &attachment).ok()) attachment = {};
    ShowTrack(reader.tracks()[i], reader.totals(i), gops, attachment.size(), output);
    tracks.push_back(TrackJson(reader.tracks()[i], reader.totals(i), gops, attachment.size()));
  }
  output.Set("tracks", std::move(tracks));
}

void ShowTags(const Json& tags, Output& output) {
  if (!tags.is_object()) return;
  for (const auto& [key, value] : tags.items())
    output.Text("  {} = {}\n", Printable(key), Printable(value.is_string() ? value.get<std::string>() : DumpJson(value)));
}

void ShowChapter(const Json& chapter, Output& output) {
  TimeBase time_base;
  if (!ParseTimeBase(Member(chapter, "time_base"), &time_base)) return;
  const auto tags = chapter.find("tags");
  const std::string title = tags != chapter.end() && tags->is_object() ? Member(*tags, "title") : "";
  output.Text("  {} {}\n", Clock(Number(chapter, "start"), time_base), Printable(title));
}

void ShowProtection(const Json& protection, Output& output) {
  if (!protection.is_object()) return;
  const std::string kid = Member(protection, "kid");
  output.Text("encrypted: {}{}\n", Printable(Member(protection, "scheme")),
              kid.empty() ? "" : ", key id " + Printable(kid));
}

void ShowMeta(const Json& meta, Output& output) {
  output.Set("meta", meta);
  if (meta.contains("tags")) {
    output.Text("tags:\n");
    ShowTags(meta["tags"], output);
  }
  if (meta.contains("chapters") && meta["chapters"].is_array() && !meta["chapters"].empty()) {
    output.Text("chapters:\n");
    for (const Json& chapter : meta["chapters"])
      if (chapter.is_object()) ShowChapter(chapter, output);
  }
  if (meta.contains(kProtectionKey)) ShowProtection(meta[std::string(kProtectionKey)], output);
  for (const auto& [key, value] : meta.items())
    if (key != "tags" && key != "chapters" && key != kProtectionKey)
      output.Text("{}: {}\n", Printable(key),
                  value.is_structured() ? fmt::format("{} entries", value.size()) : Printable(DumpJson(value)));
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
  output.Text("{} clusters, index of {} pages, {} bytes\n", Grouped(clusters), end.top.pages.size(),
              Grouped(bytes));
}

std::string DurationText(const FileReader& reader) {
  double start = 0, end = 0;
  bool any = false;
  for (uint32_t i = 0; i < reader.tracks().size(); ++i) {
    const TrackTotals& totals = reader.totals(i);
    if (totals.start_pts == kNoTime || totals.end_pts == kNoTime) continue;
    const TimeBase time_base = reader.tracks()[i].time_base;
    start = any ? std::min(start, Seconds(totals.start_pts, time_base)) : Seconds(totals.start_pts, time_base);
    end = any ? std::max(end, Seconds(totals.end_pts, time_base)) : Seconds(totals.end_pts, time_base);
    any = true;
  }
  if (!any || !(end - start < 9e12)) return "";
  return ", " + Clock(static_cast<int64_t>((end - start) * 1000 + 0.5), {1, 1000});
}

int Run(const InspectOptions& options) {
  Output output(options.common.file, options.common.json, options.html == "-" ? stderr : stdout);
  InputFile file;
  std::unique_ptr<FileReader> reader;
  if (const Status status = file.Open(options.common.file); !status.ok()) return output.Fail(status);
  if (file.version() == kTransportVersion && !options.common.json && options.html.empty())
    return TransportInspect(options.common.file);
  if (const Status status = file.OpenReader(true, &reader); !status.ok()) return output.Fail(status);
  if (!options.html.empty()) {
    const Status status = WriteHtml(options.common.file, file, *reader, output, options.html, options.write);
    return status.ok() ? output.Finish() : output.Fail(status);
  }
  output.Set("version", reader->version());
  output.Set("file_size", file.size());
  output.Set("closed", reader->is_closed());
  output.Text("{}: H4MK, {}, {} bytes{}, {}\n", Printable(options.common.file), VersionText(reader->version()),
              Grouped(file.size()), DurationText(*reader),
              reader->is_closed() ? "closed" : "without an end");
  if (reader->version() == 2) ShowIndex(file, output);
  ShowTracks(*reader, output);
  ShowMeta(reader->meta(), output);
  ReportWarnings(*reader, output);
  return output.Finish();
}

}  // namespace

void AddInspect(CLI::App& app, int* exit_code) {
  AddCommand<InspectOptions>(app, exit_code, "inspect", "What a file holds: tracks, index, metadata",
                             Describe, Run);
}

}  // namespace h4mk::tool
