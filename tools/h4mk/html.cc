// SPDX-License-Identifier: MIT
#include "html.h"

#include <algorithm>
#include <cmath>

#include "describe.h"
#include "reader/external_data.h"
#include "text.h"
#include "timeline_html.h"

namespace h4mk::tool {
namespace {

constexpr double kLeastBin = 0.02;   // seconds
constexpr double kLongest = 9e12;    // seconds: what clocks can show
constexpr size_t kMostBins = 32768;  // of a track
constexpr size_t kMostBinsOfAll = 1 << 20;
constexpr uint64_t kMostBlocks =
    50000;  // of all tracks: files with more are shown by their bit rate only
constexpr uint64_t kMostGops = 500000;  // of all tracks

// What was read of a track. What the index tells of numbers of blocks may be a lie, and a large
// one.
struct Lane {
  double start = 0, end = 0;
  uint64_t count = 0, bytes = 0;
  bool all_key = true;
  std::vector<uint64_t> bins;  // bytes
  std::vector<int64_t> gops;   // milliseconds
  Json blocks = Json::array();
};

class Page {
 public:
  Page(InputFile& file, BlockPipeline& reader)
      : file_(file), reader_(reader), lanes_(reader.tracks().size()) {}

  Json Collect(const std::string& name, Output& output);

 private:
  void FindTimes();
  void AddBlock(const BlockRow& row);
  Json TrackJson(uint32_t track);
  Json Chapters();
  Json Meta();

  InputFile& file_;
  BlockPipeline& reader_;
  std::vector<Lane> lanes_;
  double start_ = 0, end_ = 0, bin_ = kLeastBin;
  size_t most_bins_ = kMostBins;
  uint64_t blocks_ = 0, gops_ = 0;
};

double SecondsOf(const Track& track, int64_t time) { return Seconds(time, track.time_base); }

void Page::FindTimes() {
  bool any = false;
  for (uint32_t i = 0; i < lanes_.size(); ++i) {
    const TrackTotals& totals = reader_.totals(i);
    if (totals.start_pts == kNoTime || totals.end_pts == kNoTime) continue;
    lanes_[i].start = SecondsOf(reader_.tracks()[i], totals.start_pts);
    lanes_[i].end = SecondsOf(reader_.tracks()[i], totals.end_pts);
    start_ = any ? std::min(start_, lanes_[i].start) : lanes_[i].start;
    end_ = any ? std::max(end_, lanes_[i].end) : lanes_[i].end;
    any = true;
  }
  most_bins_ = std::min(kMostBins, kMostBinsOfAll / std::max<size_t>(1, lanes_.size()));
  bin_ = std::max(kLeastBin, (end_ - start_) / static_cast<double>(most_bins_));
}

void Page::AddBlock(const BlockRow& row) {
  Lane& lane = lanes_[row.track];
  ++lane.count;
  lane.bytes += row.size;
  lane.all_key &= row.is_key();
  if (++blocks_ == kMostBlocks + 1)
    for (Lane& of_any : lanes_) of_any.blocks = nullptr;
  if (row.time() == kNoTime) return;
  const Track& track = reader_.tracks()[row.track];
  const double time = SecondsOf(track, row.time()), place = (time - start_) / bin_;
  if (place >= 0 && place < 2 * static_cast<double>(most_bins_)) {
    const auto bin = static_cast<size_t>(place);
    if (lane.bins.size() <= bin) lane.bins.resize(bin + 1);
    lane.bins[bin] += row.size;
  }
  if (row.is_key() && gops_ < kMostGops && std::abs(time) < kLongest) {
    ++gops_;
    lane.gops.push_back(std::llround(time * 1000));
  }
  if (blocks_ <= kMostBlocks)
    lane.blocks.push_back({time, SecondsOf(track, row.duration), row.size,
                           row.flags & kBlockTypeMask, row.is_key() ? 1 : 0, row.ordinal,
                           row.offset});
}

Json Page::TrackJson(uint32_t index) {
  const Track& track = reader_.tracks()[index];
  Lane& lane = lanes_[index];
  uint64_t entries = 0, bytes = 0;
  reader_.file().IndexSize(index, &entries, &bytes);
  if (lane.all_key) lane.gops.clear();
  std::sort(lane.gops.begin(), lane.gops.end());
  Json gops = Json::array();
  int64_t before = 0;
  for (const int64_t time : lane.gops) {
    gops.push_back(time - before);
    before = time;
  }
  Json object = {{"id", track.id},
                 {"kind", TextOf(track.description, "kind")},
                 {"codec", CodecText(track.description)},
                 {"name", TextOf(track.description, "name")},
                 {"media", MediaText(track.description)},
                 {"audience", AudienceText(track.description)},
                 {"beside", TextOf(track.description, kBesideKey)},
                 {"blocks", lane.count},
                 {"bytes", lane.bytes},
                 {"start", lane.start},
                 {"end", lane.end},
                 {"seek_points", entries},
                 {"bins", lane.bins},
                 {"gops", std::move(gops)}};
  if (blocks_ <= kMostBlocks) {
    std::stable_sort(lane.blocks.begin(), lane.blocks.end(), [](const Json& a, const Json& b) {
      return a[0].get<double>() < b[0].get<double>();
    });
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
    chapters.push_back(
        {{"start", Seconds(chapter["start"].get<int64_t>(), time_base)},
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

Json Problems(const Output& output) {
  Json problems = output.problems();
  if (const uint64_t more = output.problem_count() - problems.size(); more > 0)
    problems.push_back(fmt::format("… and {} more", Grouped(more)));
  return problems;
}

Json Page::Collect(const std::string& name, Output& output) {
  FindTimes();
  ForEachBlock(file_, reader_, output, [this](const BlockRow& row) { AddBlock(row); });
  Json tracks = Json::array();
  for (uint32_t i = 0; i < lanes_.size(); ++i) tracks.push_back(TrackJson(i));
  return {{"file", name},
          {"version", reader_.version()},
          {"size", file_.size()},
          {"closed", reader_.is_closed()},
          {"start", start_},
          {"end", end_},
          {"bin", bin_},
          {"tracks", std::move(tracks)},
          {"chapters", Chapters()},
          {"meta", Meta()},
          {"protection", ProtectionLines(ReadProtection(file_, reader_))},
          {"problems", Problems(output)}};
}

// JSON that can stand in a script element.
std::string ForScript(const Json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  for (size_t at = 0; (at = text.find('<', at)) != text.npos; at += 6)
    text.replace(at, 1, "\\u003c");
  return text;
}

}  // namespace

Status WriteHtml(const std::string& name, InputFile& file, BlockPipeline& reader, Output& output,
                 const std::string& path, const WriteOptions& write) {
  OutputFile out;
  H4MK_TRY(out.Open(path, write, OutputFile::Content::kText));
  const std::string data = ForScript(Page(file, reader).Collect(name, output));
  std::string page = kTimelineHtml;
  constexpr std::string_view kPlace = "{{data}}";
  page.replace(page.find(kPlace), kPlace.size(), data);
  Sink sink(out.io());
  return out.Commit(sink.Write({reinterpret_cast<const uint8_t*>(page.data()), page.size()}));
}

}  // namespace h4mk::tool
