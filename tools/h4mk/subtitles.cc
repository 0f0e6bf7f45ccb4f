// SPDX-License-Identifier: MIT
#include "subtitles.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace h4mk::tool {
namespace {

constexpr int64_t kLastCue = 5000;  // milliseconds that a cue is shown whose end nothing tells

std::string ClockText(int64_t milliseconds, const char* point) {
  const int64_t ms = std::max<int64_t>(0, milliseconds);
  return fmt::format("{:02}:{:02}:{:02}{}{:03}", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
                     point, ms % 1000);
}

// A cue of SubRip and WebVTT ends with an empty line, and an arrow makes another one: neither may
// stand inside.
std::string CueText(std::string_view text) {
  std::string kept;
  for (const char c : text)
    if (c != '\r' && c != '\0' && (c != '\n' || (!kept.empty() && kept.back() != '\n'))) kept += c;
  while (!kept.empty() && kept.back() == '\n') kept.pop_back();
  // What stands between two times.
  for (size_t at = 0; (at = kept.find("-->", at)) != kept.npos;) kept.replace(at, 3, "->");
  return kept;
}

std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text)
    if (c == '\n')
      line += "\\N";  // as ASS has it
    else if (c != '\r' && c != '\0')
      line += c;
  return line;
}

// 3GPP TS 26.245: 16 bits of length, the text, boxes of style.
std::string_view TimedText(std::string_view data) {
  if (data.size() < 2) return {};
  const size_t size = static_cast<size_t>(static_cast<unsigned char>(data[0])) << 8 |
                      static_cast<unsigned char>(data[1]);
  return data.substr(2, size);
}

std::string SideText(const h4mk_block& block, std::string_view name) {
  for (size_t i = 0; i < block.side_data_count; ++i)
    if (name == block.side_data[i].name)
      return CueText(
          {reinterpret_cast<const char*>(block.side_data[i].data), block.side_data[i].size});
  return "";
}

}  // namespace

const char* SubtitleText::Extension(const std::string& codec) {
  if (codec == "subrip" || codec == "srt" || codec == "text" || codec == "mov_text") return "srt";
  if (codec == "ass" || codec == "ssa") return "ass";
  return codec == "webvtt" ? "vtt" : nullptr;
}

SubtitleText::SubtitleText(std::string codec, std::string extradata, TimeBase time_base)
    : codec_(std::move(codec)), time_base_(time_base), header_(std::move(extradata)) {
  while (!header_.empty() && header_.back() == '\0') header_.pop_back();
}

std::string SubtitleText::Head() const {
  const std::string_view kind = Extension(codec_);
  if (kind == "vtt") return "WEBVTT\n" + (header_.empty() ? "" : CueText(header_) + "\n") + "\n";
  if (kind == "ass")
    return header_ + (header_.empty() || header_.ends_with('\n') ? "" : "\n") +
           (header_.find("[Events]") == header_.npos ? "\n[Events]\n" : "");
  return "";
}

std::string SubtitleText::Add(const h4mk_block& block) {
  Cue cue;
  const int64_t time = block.pts == H4MK_NO_TIME ? block.dts : block.pts;
  if (time == H4MK_NO_TIME) return "";
  cue.start = Rescale(time, time_base_, {1, 1000});
  cue.end = Rescale(Sum(time, block.duration), time_base_, {1, 1000});
  std::string_view data(reinterpret_cast<const char*>(block.data), block.size);
  cue.text = codec_ == "mov_text" ? TimedText(data) : data;
  cue.name = SideText(block, "webvtt_identifier");
  cue.settings = SideText(block, "webvtt_settings");
  const std::string before = Take(cue.start);
  waiting_ = std::move(cue);
  return before;
}

// Blocks of ASS are "ReadOrder,Layer,Style,…,Text"; in a file the times stand behind Layer.
std::string SubtitleText::AssLine(const Cue& cue) const {
  const std::string line = OneLine(cue.text);
  const size_t first = line.find(','),
               second = first == line.npos ? first : line.find(',', first + 1);
  if (second == line.npos) return "";
  const auto clock = [](int64_t ms) {
    const int64_t cs = std::max<int64_t>(0, ms) / 10;
    return fmt::format("{}:{:02}:{:02}.{:02}", cs / 360000, cs / 6000 % 60, cs / 100 % 60,
                       cs % 100);
  };
  return fmt::format("Dialogue: {},{},{},{}\n", line.substr(first + 1, second - first - 1),
                     clock(cue.start), clock(cue.end), line.substr(second + 1));
}

std::string SubtitleText::Take(std::optional<int64_t> next) {
  if (!waiting_) return "";
  Cue cue = std::move(*waiting_);
  waiting_.reset();
  if (cue.end <= cue.start) cue.end = next.value_or(Sum(cue.start, kLastCue));
  const std::string_view kind = Extension(codec_);
  if (kind == "ass") return AssLine(cue);
  const std::string text = CueText(cue.text);
  if (text.empty()) return "";  // the end of the one before it
  if (kind == "vtt")
    return fmt::format("{}{} --> {}{}\n{}\n\n", cue.name.empty() ? "" : OneLine(cue.name) + "\n",
                       ClockText(cue.start, "."), ClockText(cue.end, "."),
                       cue.settings.empty() ? "" : " " + OneLine(cue.settings), text);
  return fmt::format("{}\n{} --> {}\n{}\n\n", ++number_, ClockText(cue.start, ","),
                     ClockText(cue.end, ","), text);
}

}  // namespace h4mk::tool
