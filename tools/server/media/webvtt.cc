// SPDX-License-Identifier: MIT
#include "media/webvtt.h"

#include <algorithm>

#include "core/text.h"
#include "media/fmp4.h"

namespace h4mk::server {
namespace {

constexpr size_t kMostCueText = 64 << 10;  // bytes; more than fits on a screen
// Of the cues of a track in memory: about 100 000 short ones. The file's size says little of them,
// since a block may be compressed. They fit the cache of a file, else each segment would make them
// anew.
constexpr size_t kMostCueBytes = 12 << 20;

struct Cue {
  int64_t start = 0, end = 0;  // microseconds
  std::string id, settings, text;
};
using Cues = std::vector<Cue>;

std::string Stamp(int64_t us) {
  us = std::max<int64_t>(0, us) / 1000;
  const auto two = [](int64_t v) { return (v < 10 ? "0" : "") + std::to_string(v); };
  std::string ms = std::to_string(us % 1000);
  ms.insert(0, 3 - ms.size(), '0');
  return two(us / 3'600'000) + ":" + two(us / 60'000 % 60) + ":" + two(us / 1000 % 60) + "." + ms;
}

// "ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text" with {overrides}, \N and \n.
std::string AssText(std::string_view line) {
  for (int i = 0; i < 8; ++i) {
    const size_t comma = line.find(',');
    if (comma == std::string_view::npos) return {};
    line.remove_prefix(comma + 1);
  }
  std::string text;
  int depth = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '{')
      ++depth;
    else if (c == '}' && depth > 0)
      --depth;
    else if (depth > 0)
      continue;
    else if (c == '\\' && i + 1 < line.size() && (line[i + 1] == 'N' || line[i + 1] == 'n'))
      text += '\n', ++i;
    else if (c == '\\' && i + 1 < line.size() && line[i + 1] == 'h')
      text += ' ', ++i;
    else if (c == '<')
      text += "&lt;";
    else if (c == '&')
      text += "&amp;";
    else
      text += c;
  }
  return text;
}

std::string SideText(const h4mk_block& block, std::string_view name) {
  for (size_t i = 0; i < block.side_data_count; ++i)
    if (block.side_data[i].name == name) {
      std::string text = CleanCue(
          {reinterpret_cast<const char*>(block.side_data[i].data), block.side_data[i].size});
      std::replace(text.begin(), text.end(), '\n', ' ');
      return text;
    }
  return {};
}

std::shared_ptr<const Cues> CuesOf(MediaFile& file, size_t track) {
  return file.Cached<Cues>(
      "cues " + std::to_string(track), [&]() -> std::pair<std::shared_ptr<const Cues>, size_t> {
        const TrackInfo& info = file.track(track);
        if (!info.is_subtitle() || !IsTextCodec(info.codec))
          throw HttpError(404, "the track has no text");
        auto cues = std::make_shared<Cues>();
        size_t bytes = 0;
        MediaFile::Lease lease(file);
        for (uint64_t i = 0; i < info.block_count && bytes < kMostCueBytes; ++i) {
          h4mk_block block = H4MK_BLOCK_INIT;
          const h4mk_status status = h4mk_reader_read_block(lease.get(), info.index, i, &block);
          if (status == H4MK_ERR_NOT_FOUND || status == H4MK_ERR_CORRUPT) continue;
          lease.Check(status);
          if (!info.IsTimeOfFilm(block.pts) || !info.IsTimeOfFilm(block.duration) ||
              (block.flags & H4MK_BLOCK_ENCRYPTED))
            continue;
          Cue cue;
          cue.start = static_cast<int64_t>(info.Seconds(block.pts) * 1e6);
          cue.end = static_cast<int64_t>(info.Seconds(block.pts + block.duration) * 1e6);
          cue.text = CleanCue(CueText(info.codec, {reinterpret_cast<const char*>(block.data),
                                                   std::min(block.size, kMostCueText)}));
          cue.id = SideText(block, "webvtt_identifier");
          cue.settings = SideText(block, "webvtt_settings");
          // A block without a duration is shown until the next one.
          if (!cues->empty() && cues->back().end <= cues->back().start)
            cues->back().end = cue.start;
          if (cue.text.empty() && block.duration != 0) continue;
          bytes += cue.id.size() + cue.settings.size() + cue.text.size() + sizeof(Cue);
          cues->push_back(std::move(cue));
        }
        std::erase_if(*cues, [](const Cue& cue) { return cue.text.empty(); });
        return {cues, bytes};
      });
}

}  // namespace

bool IsTextCodec(const std::string& codec) {
  for (const char* known : {"subrip", "srt", "webvtt", "mov_text", "ass", "ssa", "text"})
    if (codec == known) return true;
  return false;
}

std::string CleanCue(std::string_view text) {
  std::string clean;
  for (const char c : text.substr(0, kMostCueText)) {
    if (c == '\r' || c == '\0' || (c == '\n' && (clean.empty() || clean.back() == '\n'))) continue;
    if (c == '>' && clean.ends_with("--"))
      clean += "&gt;";
    else
      clean += c;
  }
  if (clean.ends_with('\n')) clean.pop_back();
  return clean;
}

std::string CueText(const std::string& codec, std::string_view block) {
  if (codec == "ass" || codec == "ssa") return AssText(block);
  if (codec != "mov_text") return std::string(block);
  if (block.size() < 2) return {};
  const size_t size =
      static_cast<size_t>(static_cast<uint8_t>(block[0]) << 8 | static_cast<uint8_t>(block[1]));
  std::string text;
  for (const char c : block.substr(2, size)) {
    if (c == '<')
      text += "&lt;";
    else if (c == '&')
      text += "&amp;";
    else
      text += c;
  }
  return text;
}

std::string WebVtt(MediaFile& file, size_t track, int64_t from_us, int64_t to_us, bool is_segment) {
  const std::shared_ptr<const Cues> cues = CuesOf(file, track);
  std::string text = "WEBVTT\n";
  if (is_segment) {
    const size_t grid = GridTrack(file);
    const Timeline timeline = TimelineOf(file, grid);
    const auto lead = static_cast<int64_t>(__int128{timeline.lead} * timeline.tick * 90000 /
                                           static_cast<int64_t>(timeline.timescale));
    text += "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:" + std::to_string(lead) + "\n";
  }
  for (const Cue& cue : *cues) {
    if (cue.start >= to_us || cue.end <= from_us) continue;
    text += "\n";
    if (!cue.id.empty()) text += cue.id + "\n";
    text += Stamp(cue.start) + " --> " + Stamp(cue.end);
    if (!cue.settings.empty()) text += " " + cue.settings;
    text += "\n" + cue.text + "\n";
  }
  return text;
}

}  // namespace h4mk::server
