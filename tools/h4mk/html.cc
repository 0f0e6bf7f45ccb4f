// SPDX-License-Identifier: MIT
#include "html.h"

#include <algorithm>
#include <cmath>

#include "text.h"
#include "timeline_html.h"

namespace h4mk::tool {
namespace {

constexpr double kLeastBin = 0.02;       // seconds
constexpr size_t kMostBins = 32768;      // of a track
constexpr uint64_t kMostBlocks = 50000;  // of all tracks: files with more are shown by their bit rate only
constexpr size_t kMostGops = 100000;     // of a track

struct Lane {
  double start = 0, end = 0;
  std::vector<uint64_t> bins;  // bytes
  std::vector<int64_t> gops;   // milliseconds
  Json blocks = Json::array();
};

class Page {
 public:
  Page(InputFile& file, FileReader& reader) : file_(file), reader_(reader), lanes_(reader.tracks().size()) {}

  Json Collect(const std::string& name, Output& output);

 private:
  void FindTimes();
  void AddBlock(const BlockRow& row);
  Json TrackJson(uint32_t track);
  Json Chapters();
  Json Meta();

  InputFile& file_;
  FileReader& reader_;
  std::vector<Lane> lanes_;
  double start_ = 0, end_ = 0, bin_ = kLeastBin;
  bool with_blocks_ = false;
};

double SecondsOf(const Track& track, int64_t time) { return Seconds(time, track.time_base); }

void Page::FindTimes() {
  bool any = false;
  uint64_t blocks = 0;
  for (uint32_t i = 0; i < lanes_.size(); ++i) {
    const TrackTotals& totals = reader_.totals(i);
    blocks += totals.blocks;
    if (totals.start_pts == kNoTime || totals.end_pts == kNoTime) continue;
    lanes_[i].start = SecondsOf(reader_.tracks()[i], totals.start_pts);
    lanes_[i].end = SecondsOf(reader_.tracks()[i], totals.end_pts);
    start_ = any ? std::min(start_, lanes_[i].start) : lanes_[i].start;
    end_ = any ? std::max(end_, lanes_[i].end) : lanes_[i].end;
    any = true;
  }
  with_blocks_ = blocks <= kMostBlocks;
  bin_ = std::max(kLeastBin, (end_ - start_) / kMostBins);
}

void Page::AddBlock(const BlockRow& row) {
  if (row.time() == kNoTime) return;
  const Track& track = reader_.tracks()[row.track];
  Lane& lane = lanes_[row.track];
  const double time = SecondsOf(track, row.time()), place = (time - start_) / bin_;
  if (place >= 0 && place < 2 * static_cast<double>(kMostBins)) {
    const auto bin = static_cast<size_t>(place);
    if (lane.bins.size() <= bin) lane.bins.resize(bin + 1);
    lane.bins[bin] += row.size;
  }
  if (row.is_key() && !reader_.totals(row.track).all_key && lane.gops.size() < kMostGops)
    lane.gops.push_back(std::llround(time * 1000));
  if (with_blocks_)
    lane.blocks.push_back({time, SecondsOf(track, row.duration), row.size, row.flags & kBlockTypeMask,
                           row.is_key() ? 1 : 0, row.ordinal, row.offset});
}

std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Json Page::TrackJson(uint32_t index) {
  const Track& track = reader_.tracks()[index];
  const TrackTotals& totals = reader_.totals(index);
  Lane& lane = lanes_[index];
  uint64_t entries = 0, bytes = 0;
  reader_.IndexSize(index, &entries, &bytes);
  std::sort(lane.gops.begin(), lane.gops.end());
  Json gops = Json::array();
  int64_t before = 0;
  for (const int64_t time : lane.gops) {
    gops.push_back(time - before);
    before = time;
  }
  Json object = {{"id", track.id},
                 {"kind", TextOf(track.description, "kind")},
                 {"codec", TextOf(track.description, "codec")},
                 {"name", TextOf(track.description, "name")},
                 {"media", MediaText(track.description)},
                 {"blocks", totals.blocks},
                 {"bytes", totals.bytes},
                 {"start", lane.start},
                 {"end", lane.end},
                 {"seek_points", entries},
                 {"bins", lane.bins},
                 {"gops", std::move(gops)}};
  if (with_blocks_) {
    std::stable_sort(lane.blocks.begin(), lane.blocks.end(),
                     [](const Json& a, const Json& b) { return a[0].get<double>() < b[0].get<double>(); });
    object["blocks_list"] = std::move(lane.blocks);
  }
  return object;
}

Json Page::Chapters() {
  Json chapters = Json::array();
  const auto found = reader_.meta().find("chapters");
  if (found == reader_.meta().end() || !found->is_array()) return chapters;
  for (const Json& chapter : *found) {
    TimeBase time_base;
    if (!chapter.is_object() || !ParseTimeBase(TextOf(chapter, "time_base"), &time_base) ||
        !chapter.contains("start") || !chapter["start"].is_number_integer())
      continue;
    const auto tags = chapter.find("tags");
    chapters.push_back({{"start", Seconds(chapter["start"].get<int64_t>(), time_base)},
                        {"title", tags != chapter.end() && tags->is_object() ? TextOf(*tags, "title") : ""}});
  }
  return chapters;
}

// Keys and values as text.
Json Page::Meta() {
  Json rows = Json::array();
  const auto add = [&](const std::string& key, const Json& value) {
    rows.push_back({key, value.is_string() ? value.get<std::string>() : DumpJson(value)});
  };
  for (const auto& [key, value] : reader_.meta().items()) {
    if (key == "chapters") continue;
    if (key != "tags" || !value.is_object()) {
      add(key, value);
      continue;
    }
    for (const auto& [tag, text] : value.items()) add(tag, text);
  }
  return rows;
}

Json Page::Collect(const std::string& name, Output& output) {
  FindTimes();
  ForEachBlock(file_, reader_, output, [this](const BlockRow& row) { AddBlock(row); });
  Json tracks = Json::array();
  for (uint32_t i = 0; i < lanes_.size(); ++i) tracks.push_back(TrackJson(i));
  return {{"file", name},        {"version", reader_.version()}, {"size", file_.size()},
          {"closed", reader_.is_closed()}, {"start", start_},      {"end", end_},
          {"bin", bin_},         {"tracks", std::move(tracks)},  {"chapters", Chapters()},
          {"meta", Meta()},      {"problems", output.problems()}};
}

// JSON that can stand in a script element.
std::string ForScript(const Json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  for (size_t at = 0; (at = text.find('<', at)) != text.npos; at += 6) text.replace(at, 1, "\\u003c");
  return text;
}

}  // namespace

Status WriteHtml(const std::string& name, InputFile& file, FileReader& reader, Output& output,
                 const std::string& path, const WriteOptions& write) {
  OutputFile out;
  H4MK_TRY(out.Open(path, write, OutputFile::Content::kText));
  const std::string data = ForScript(Page(file, reader).Collect(name, output));
  std::string page = kTimelineHtml;
  constexpr std::string_view kPlace = "{{data}}";
  page.replace(page.find(kPlace), kPlace.size(), data);
  Sink sink(out.io());
  H4MK_TRY(sink.Write({reinterpret_cast<const uint8_t*>(page.data()), page.size()}));
  return out.Commit();
}

std::string MediaText(const Json& description) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto number = [&](const char* key) {
    const auto found = description.find(key);
    return found != description.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
  };
  if (number("width") > 0) add(fmt::format("{}x{}", number("width"), number("height")));
  if (const std::string rate = TextOf(description, "avg_frame_rate"); !rate.empty()) add(rate + " fps");
  if (number("sample_rate") > 0) add(fmt::format("{} Hz", number("sample_rate")));
  if (const std::string layout = TextOf(description, "channel_layout"); !layout.empty()) add(layout);
  else if (number("channels") > 0) add(fmt::format("{} channels", number("channels")));
  return text;
}

}  // namespace h4mk::tool
