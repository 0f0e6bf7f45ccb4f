// SPDX-License-Identifier: MIT
#include "html.h"

#include <algorithm>
#include <cmath>

#include "api.h"
#include "base/base64.h"
#include "block_source.h"
#include "child.h"
#include "describe.h"
#include "progress.h"
#include "text.h"
#include "timeline_html.h"

namespace h4mk::tool {
namespace {

constexpr double kLeastBin = 0.02;   // seconds
constexpr double kLongest = 9e12;    // seconds: what clocks can show
constexpr size_t kMostBins = 32768;  // of a track
constexpr size_t kMostBinsOfAll = 1 << 20;
// Of all tracks: files with more are shown by their bit rate only. A film of 2 h has 500,000, which
// are 6 MB of the page.
constexpr uint64_t kMostBlocks = 600000;
constexpr size_t kMostRegions = 4096;   // of the map of bytes
constexpr size_t kMostCover = 4 << 20;  // bytes
constexpr int kThumbnails = 24;
constexpr size_t kMostThumbnail = 256 << 10;  // bytes
constexpr uint64_t kMostGops = 500000;        // of all tracks

// The blocks of a track as the page unpacks them: numbers of any length, 7 bits a byte, the lowest
// first. A block is flags (type, 4: seek point, 8: as long as the one before, 16: its
// number does not follow), how much later it is, how long if that is new, how far its number is
// from the next one, its size, and how far behind the one before it lies.
class PackedBlocks {
 public:
  void Add(const h4mk_block& block, const RecordedTrack& track) {
    const int64_t time = TimeOf(block);
    const auto offset = static_cast<uint64_t>(block.offset);
    const bool same = block.duration == duration_, follows = block.ordinal == ordinal_ + 1;
    Number(TypeOf(block.flags, track) | (block.flags & H4MK_BLOCK_KEY ? 4 : 0) | (same ? 8 : 0) |
           (follows ? 0 : 16));
    Signed(static_cast<int64_t>(static_cast<uint64_t>(time) - static_cast<uint64_t>(time_)));
    if (!same) Number(static_cast<uint64_t>(std::max<int64_t>(0, block.duration)));
    if (!follows) Signed(static_cast<int64_t>(block.ordinal - ordinal_));
    Number(block.size);
    Signed(static_cast<int64_t>(offset - end_));
    time_ = time;
    duration_ = block.duration;
    ordinal_ = block.ordinal;
    end_ = offset + block.size;
    ++count_;
  }
  void Drop() { bytes_ = {}; }
  uint64_t count() const { return count_; }
  std::string Text() const { return EncodeBase64(bytes_); }

 private:
  void Number(uint64_t number) {
    for (; number > 127; number >>= 7) bytes_.push_back(static_cast<uint8_t>(number | 128));
    bytes_.push_back(static_cast<uint8_t>(number));
  }
  void Signed(int64_t number) {
    Number(static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63));
  }

  Bytes bytes_;
  int64_t time_ = 0, duration_ = 0;
  uint64_t ordinal_ = UINT64_MAX, end_ = 0, count_ = 0;
};

// What was read of a track. What the index tells of numbers of blocks may be a lie, and a large
// one.
struct Lane {
  double start = 0, end = 0;
  uint64_t count = 0, bytes = 0;
  bool all_key = true;
  std::vector<uint64_t> bins;  // bytes
  std::vector<int64_t> gops;   // milliseconds
  PackedBlocks blocks;
};

class Page {
 public:
  explicit Page(Recording& recording) : recording_(recording), lanes_(recording.tracks().size()) {}

  Json Collect(const HtmlOptions& options, Output& output);

 private:
  void FindTimes();
  void AddBlock(const h4mk_block& block);
  Json TrackJson(uint32_t track);
  Json Chapters();
  Json Meta();

  Recording& recording_;
  std::vector<Lane> lanes_;
  double start_ = 0, end_ = 0, bin_ = kLeastBin;
  size_t most_bins_ = kMostBins;
  uint64_t blocks_ = 0, gops_ = 0;
};

void Page::FindTimes() {
  bool any = false;
  for (uint32_t i = 0; i < lanes_.size(); ++i) {
    const RecordedTrack& track = recording_.tracks()[i];
    if (track.info.start_pts == kNoTime || track.info.end_pts == kNoTime) continue;
    lanes_[i].start = Seconds(track.info.start_pts, track.time_base());
    lanes_[i].end = Seconds(track.info.end_pts, track.time_base());
    start_ = any ? std::min(start_, lanes_[i].start) : lanes_[i].start;
    end_ = any ? std::max(end_, lanes_[i].end) : lanes_[i].end;
    any = true;
  }
  most_bins_ = std::min(kMostBins, kMostBinsOfAll / std::max<size_t>(1, lanes_.size()));
  bin_ = std::max(kLeastBin, (end_ - start_) / static_cast<double>(most_bins_));
}

void Page::AddBlock(const h4mk_block& block) {
  Lane& lane = lanes_[block.track];
  const bool is_key = block.flags & H4MK_BLOCK_KEY;
  ++lane.count;
  lane.bytes += block.size;
  lane.all_key &= is_key;
  if (++blocks_ == kMostBlocks + 1)
    for (Lane& of_any : lanes_) of_any.blocks.Drop();
  if (TimeOf(block) == kNoTime) return;
  const RecordedTrack& track = recording_.tracks()[block.track];
  const double time = Seconds(TimeOf(block), track.time_base()), place = (time - start_) / bin_;
  if (place >= 0 && place < 2 * static_cast<double>(most_bins_)) {
    const auto bin = static_cast<size_t>(place);
    if (lane.bins.size() <= bin) lane.bins.resize(bin + 1);
    lane.bins[bin] += block.size;
  }
  if (is_key && gops_ < kMostGops && std::abs(time) < kLongest) {
    ++gops_;
    lane.gops.push_back(std::llround(time * 1000));
  }
  if (blocks_ <= kMostBlocks) lane.blocks.Add(block, track);
}

// Keys and values as text.
Json Pairs(const Json& object) {
  Json rows = Json::array();
  if (!object.is_object()) return rows;
  for (const auto& [key, value] : object.items())
    rows.push_back({key, value.is_string() ? value.get<std::string>() : DumpJson(value)});
  return rows;
}

Json Page::TrackJson(uint32_t index) {
  const RecordedTrack& track = recording_.tracks()[index];
  Lane& lane = lanes_[index];
  uint64_t entries = 0, bytes = 0;
  (void)h4mk_reader_index_size(recording_.get(), index, &entries, &bytes);
  if (lane.all_key) lane.gops.clear();
  std::sort(lane.gops.begin(), lane.gops.end());
  Json gops = Json::array();
  int64_t before = 0;
  for (const int64_t time : lane.gops) {
    gops.push_back(time - before);
    before = time;
  }
  Json object = {{"id", track.id()},
                 {"kind", track.kind},
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
  object["tags"] = Pairs(track.description.contains("tags") ? track.description["tags"] : Json());
  if (blocks_ <= kMostBlocks) {
    object["listed"] = lane.blocks.count();
    object["tick"] = Seconds(1, track.time_base());
    object["packed"] = lane.blocks.Text();
  }
  return object;
}

Json Page::Chapters() {
  Json chapters = Json::array();
  const auto found = recording_.meta().find("chapters");
  if (found == recording_.meta().end() || !found->is_array()) return chapters;
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

Json Page::Meta() {
  Json rows = Json::array();
  for (const auto& [key, value] : recording_.meta().items()) {
    if (key == "chapters") continue;
    if (key == "tags" && value.is_object())
      for (const Json& pair : Pairs(value)) rows.push_back(pair);
    else
      rows.push_back({key, value.is_string() ? value.get<std::string>() : DumpJson(value)});
  }
  return rows;
}

// What lies where: [tag, offset, bytes, chunks]. Neighbours of a kind are one region where there
// would be too many.
Json Regions(const Recording& recording) {
  if (recording.version() == H4MK_VERSION_TRANSPORT) return Json::array();
  Json regions = Json::array({{"H4MK", 0, std::min<uint64_t>(16, recording.size()), 1}});
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  uint64_t end = 16;
  while (h4mk_reader_chunk(recording.get(), chunk.next, &chunk) == H4MK_OK &&
         chunk.next > chunk.offset) {
    const bool is_known =
        std::ranges::all_of(std::string_view(chunk.tag), [](char c) { return c > ' ' && c < 127; });
    const std::string tag = is_known ? chunk.tag : "?";
    const auto size = static_cast<uint64_t>(chunk.next - chunk.offset);
    end = static_cast<uint64_t>(chunk.next);
    Json& last = regions.back();
    if (regions.size() >= kMostRegions / 2 && last[0] == tag) {
      last[2] = last[2].get<uint64_t>() + size;
      last[3] = last[3].get<uint64_t>() + 1;
    } else if (regions.size() < kMostRegions) {
      regions.push_back({tag, chunk.offset, size, 1});
    }
  }
  // The container checksum, or what is no chunk.
  if (end + 4 == recording.size())
    regions.push_back({"TAIL", end, 4, 0});
  else if (end < recording.size())
    regions.push_back({"?", end, recording.size() - end, 1});
  return regions;
}

Json CoverJson(const Recording& recording) {
  for (uint32_t i = 0; i < recording.tracks().size(); ++i) {
    const RecordedTrack& track = recording.tracks()[i];
    const std::string codec = TextOf(track.description, "codec");
    h4mk_block block = H4MK_BLOCK_INIT;
    if (!track.is_cover || (codec != "mjpeg" && codec != "png") ||
        h4mk_reader_read_block(recording.get(), i, 0, &block) != H4MK_OK ||
        block.size > kMostCover || (block.flags & H4MK_BLOCK_ENCRYPTED))
      continue;
    return {{"mime", codec == "png" ? "image/png" : "image/jpeg"},
            {"data", EncodeBase64({block.data, block.size})}};
  }
  return nullptr;
}

Json Problems(const Output& output) {
  Json problems = Json::array();
  for (size_t i = 0; i < output.problems().size(); ++i) {
    problems.push_back({{"message", output.problems()[i]}});
    if (output.problem_offsets()[i]) problems.back()["offset"] = *output.problem_offsets()[i];
  }
  if (const uint64_t more = output.problem_count() - problems.size(); more > 0)
    problems.push_back({{"message", fmt::format("… and {} more", Grouped(more))}});
  return problems;
}

// A JPEG of a picture, by ffmpeg; "" if it makes none. Names are never options or protocols for it.
std::string Thumbnail(const std::string& ffmpeg, const std::string& path, double time) {
  std::vector<std::string> words = {
      ffmpeg, "-hide_banner", "-loglevel", "quiet", "-nostdin", "-ss", fmt::format("{:.3f}", time),
      "-f",   "h4mk"};
  for (std::string& word : FfmpegInput(path)) words.push_back(std::move(word));
  words.insert(words.end(),
               {"-map", "0:V:0", "-frames:v", "1", "-vf", "scale=-2:136", "-f", "mjpeg", "pipe:1"});
  Child child;
  if (!child.Start(std::move(words)).ok()) return "";
  Bytes bytes, buffer(1 << 16);
  for (int64_t got = 0; (got = child.output().Read(buffer.data(), buffer.size())) > 0;)
    if (bytes.size() < kMostThumbnail)
      bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(got));
  return child.Finish().ok() && bytes.size() < kMostThumbnail ? EncodeBase64(bytes) : "";
}

// ffmpeg counts from the start of the file.
Json Thumbnails(const std::string& ffmpeg, const std::string& path, double start, double end) {
  Json list = Json::array();
  for (int i = 0; i < kThumbnails && end > start; ++i) {
    const double time = (end - start) * (i + 0.5) / kThumbnails;
    const std::string jpeg = Thumbnail(ffmpeg, path, time);
    if (!jpeg.empty()) list.push_back({{"time", start + time}, {"jpeg", jpeg}});
    if (i == 0 && jpeg.empty()) break;  // ffmpeg is not there, or cannot
  }
  return list;
}

// What `h4mk verify` finds wrong, which is all that is wrong.
Status FindProblems(InputFile& file, Output& output) {
  h4mk_verify_options verify = H4MK_VERIFY_OPTIONS_INIT;
  Work work("verify");
  verify.task = work.task();
  verify.open_beside = file.open_beside();
  verify.beside_opaque = file.beside_opaque();
  const h4mk_io io = CallbacksOf(file.NewIo());
  h4mk_value* found = nullptr;
  const h4mk_status status = h4mk_verify(&io, &verify, &found);
  const Value report(found);
  if (status != H4MK_OK && found == nullptr) return work.Result(status);
  ClearProgress();
  for (const Work::Problem& problem : work.problems())
    if (problem.code != Code::kOk) output.Problem(problem.offset, problem.code, problem.message);
  return {};
}

Json Page::Collect(const HtmlOptions& options, Output& output) {
  const std::string& name = recording_.path();
  FindTimes();
  Output nobody(name, /*json=*/false);  // has what is seen on the way, where all is known already
  nobody.SetSilent();
  Recording blocks;
  Reading reading;
  reading.without_data = true;
  if (blocks.Open(recording_.file(), reading).ok())
    ForEachBlock(blocks, options.verify ? nobody : output, [this](const h4mk_block& block) {
      AddBlock(block);
      return Status();
    });
  Json tracks = Json::array();
  for (uint32_t i = 0; i < lanes_.size(); ++i) tracks.push_back(TrackJson(i));
  return {{"file", name},
          {"version", recording_.version()},
          {"size", recording_.size()},
          {"closed", recording_.is_closed()},
          {"start", start_},
          {"end", end_},
          {"bin", bin_},
          {"tracks", std::move(tracks)},
          {"chapters", Chapters()},
          {"meta", Meta()},
          {"protection", ProtectionLines(ReadProtection(recording_))},
          {"map", Regions(recording_)},
          {"cover", CoverJson(recording_)},
          {"thumbnails",
           options.ffmpeg.empty() ? Json::array() : Thumbnails(options.ffmpeg, name, start_, end_)},
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

Status WriteHtml(Recording& recording, Output& output, const HtmlOptions& options,
                 const WriteOptions& write) {
  OutputFile out;
  H4MK_TRY(out.Open(options.path, write, OutputFile::Content::kText));
  if (options.verify) H4MK_TRY(FindProblems(recording.file(), output));
  const std::string data = ForScript(Page(recording).Collect(options, output));
  std::string page = kTimelineHtml;
  constexpr std::string_view kPlace = "{{data}}";
  page.replace(page.find(kPlace), kPlace.size(), data);
  Sink sink(out.io());
  return out.Commit(sink.Write({reinterpret_cast<const uint8_t*>(page.data()), page.size()}));
}

}  // namespace h4mk::tool
