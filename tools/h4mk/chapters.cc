// SPDX-License-Identifier: MIT
#include "chapters.h"

#include <expat.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "describe.h"
#include "text.h"

namespace h4mk::tool {
namespace {

constexpr size_t kMaxChapters = 65536;

Status NotChapters(const std::string& what) {
  return Status(Code::kArgument, "no chapters: " + what);
}

// Lines without their ends; a backslash before the end of a line (ffmetadata) keeps it.
std::vector<std::string> Lines(std::string_view text, bool with_escapes) {
  std::vector<std::string> lines(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (with_escapes && text[i] == '\\' && i + 1 < text.size()) {
      lines.back() += text.substr(i++, 2);
    } else if (text[i] == '\n') {
      if (lines.back().ends_with('\r')) lines.back().pop_back();
      lines.emplace_back();
    } else {
      lines.back() += text[i];
    }
  }
  return lines;
}

Json NewChapter(size_t number, TimeBase time_base) {
  Json chapter = Json::object();
  chapter["id"] = number;
  chapter["time_base"] = fmt::format("{}/{}", time_base.num, time_base.den);
  return chapter;
}

bool ParseNumber(std::string_view text, int64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

// "01:02:03.004" with up to nine digits behind the point, in nanoseconds.
bool ParseNanoseconds(std::string_view text, int64_t* time) {
  int64_t microseconds = 0;
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!ParseClock(whole, &microseconds) || microseconds < 0) return false;
  *time = microseconds * 1000;
  if (point == text.npos) return true;
  std::string digits(text.substr(point + 1));
  int64_t fraction = 0;
  if (digits.empty() || digits.size() > 9) return false;
  digits.resize(9, '0');
  if (!ParseNumber(digits, &fraction) || fraction < 0) return false;
  *time += fraction;
  return true;
}

// https://ffmpeg.org/ffmpeg-formats.html#Metadata-2: = ; # \ and the end of a line are escaped by a
// backslash.
class FfmetadataParser {
 public:
  Result<Json> Parse(std::string_view text) {
    for (const std::string& line : Lines(text, /*with_escapes=*/true)) {
      if (line.empty() || line[0] == ';' || line[0] == '#') continue;
      if (line[0] == '[') {
        in_chapter_ = line == "[CHAPTER]";
        if (in_chapter_) chapters_.push_back(NewChapter(chapters_.size() + 1, kNanoseconds));
        if (chapters_.size() > kMaxChapters) return NotChapters("there are too many");
      } else if (in_chapter_) {
        if (const Status status = Member(line); !status.ok()) return status;
      }
    }
    for (const Json& chapter : chapters_)
      if (!chapter.contains("start")) return NotChapters("one has no START");
    return chapters_;
  }

 private:
  Status Member(const std::string& line) {
    std::string parts[2];
    int part = 0;
    for (size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\' && i + 1 < line.size())
        parts[part] += line[++i];
      else if (line[i] == '=' && part == 0)
        part = 1;
      else
        parts[part] += line[i];
    }
    Json& chapter = chapters_.back();
    int64_t number = 0;
    TimeBase time_base;
    if (parts[0] == "TIMEBASE" && ParseTimeBase(parts[1], &time_base)) {
      chapter["time_base"] = parts[1];
    } else if ((parts[0] == "START" || parts[0] == "END") && ParseNumber(parts[1], &number)) {
      chapter[parts[0] == "START" ? "start" : "end"] = number;
    } else if (parts[0] == "TIMEBASE" || parts[0] == "START" || parts[0] == "END" || part == 0) {
      return NotChapters("\"" + line + "\" cannot be used");
    } else {
      chapter["tags"][parts[0]] = parts[1];
    }
    return {};
  }

  Json chapters_ = Json::array();
  bool in_chapter_ = false;
};

// CHAPTER01=00:00:00.000 and CHAPTER01NAME=…, in any order.
Result<Json> ParseOgm(std::string_view text) {
  std::map<int64_t, Json> found;
  for (const std::string& line : Lines(text, /*with_escapes=*/false)) {
    if (line.empty()) continue;
    const size_t equals = line.find('=');
    std::string_view key = std::string_view(line).substr(0, equals);
    int64_t number = 0, time = 0;
    const bool is_name = key.ends_with("NAME");
    if (is_name) key.remove_suffix(4);
    if (equals == line.npos || !key.starts_with("CHAPTER") ||
        !ParseNumber(key.substr(7), &number) || found.size() > kMaxChapters)
      return NotChapters("\"" + line + "\" cannot be used");
    Json& chapter = found.try_emplace(number, NewChapter(0, kNanoseconds)).first->second;
    const std::string value = line.substr(equals + 1);
    if (is_name)
      chapter["tags"]["title"] = value;
    else if (ParseNanoseconds(value, &time))
      chapter["start"] = time;
    else
      return NotChapters("\"" + value + "\" is no time");
  }
  Json chapters = Json::array();
  for (auto& [number, chapter] : found) {
    if (!chapter.contains("start")) return NotChapters(fmt::format("{} has no time", number));
    chapter["id"] = chapters.size() + 1;
    chapters.push_back(std::move(chapter));
  }
  return chapters;
}

// https://mkvtoolnix.download/doc/mkvmerge.html#mkvmerge.chapters.xml: the atoms of the first level
// of the first edition.
class MatroskaParser {
 public:
  Result<Json> Parse(std::string_view text) {
    const std::unique_ptr<std::remove_pointer_t<XML_Parser>, void (*)(XML_Parser)> parser(
        XML_ParserCreate(nullptr), XML_ParserFree);
    if (!parser || text.size() > INT_MAX) return NotChapters("the file is too large");
    XML_SetUserData(parser.get(), this);
    XML_SetElementHandler(
        parser.get(),
        [](void* self, const char* name, const char**) {
          static_cast<MatroskaParser*>(self)->Start(name);
        },
        [](void* self, const char*) { static_cast<MatroskaParser*>(self)->End(); });
    XML_SetCharacterDataHandler(parser.get(), [](void* self, const char* data, int size) {
      static_cast<MatroskaParser*>(self)->text_.append(data, static_cast<size_t>(size));
    });
    if (XML_Parse(parser.get(), text.data(), static_cast<int>(text.size()), 1) != XML_STATUS_OK)
      return NotChapters(fmt::format("{} in line {}",
                                     XML_ErrorString(XML_GetErrorCode(parser.get())),
                                     XML_GetCurrentLineNumber(parser.get())));
    if (!fault_.empty()) return NotChapters(fault_);
    return chapters_;
  }

 private:
  // Depths: Chapters 1, EditionEntry 2, ChapterAtom 3, its members 4, those of ChapterDisplay 5.
  void Start(const char* name) {
    path_.emplace_back(name);
    text_.clear();
    if (path_.size() == 2 && path_.back() == "EditionEntry") ++editions_;
    if (path_.size() != 3 || path_.back() != "ChapterAtom" || editions_ > 1) return;
    if (chapters_.size() < kMaxChapters)
      chapters_.push_back(NewChapter(chapters_.size() + 1, kNanoseconds));
    else
      fault_ = "there are too many";
  }

  void End() {
    if (path_.size() >= 4 && path_[2] == "ChapterAtom" && editions_ == 1 && fault_.empty())
      Member(chapters_.back());
    if (path_.size() == 3 && path_[2] == "ChapterAtom" && editions_ == 1 &&
        !chapters_.back().contains("start"))
      fault_ = "one has no ChapterTimeStart";
    path_.pop_back();
    text_.clear();
  }

  void Member(Json& chapter) {
    const std::string& name = path_.back();
    int64_t time = 0;
    if (path_.size() == 4 && (name == "ChapterTimeStart" || name == "ChapterTimeEnd")) {
      if (ParseNanoseconds(text_, &time))
        chapter[name == "ChapterTimeStart" ? "start" : "end"] = time;
      else
        fault_ = "\"" + text_ + "\" is no time";
    }
    if (path_.size() == 5 && path_[3] == "ChapterDisplay" && name == "ChapterString" &&
        !chapter.contains("tags"))
      chapter["tags"]["title"] = text_;
  }

  std::vector<std::string> path_;
  std::string text_, fault_;
  Json chapters_ = Json::array();
  int editions_ = 0;
};

Json* ChaptersOf(Json* meta) {
  const auto found = meta->find("chapters");
  return found == meta->end() || !found->is_array() ? nullptr : &*found;
}

}  // namespace

Result<Json> ParseChapters(std::string_view text) {
  if (!IsUtf8(text)) return NotChapters("the file is not UTF-8");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // byte order mark
  if (text.starts_with(";FFMETADATA")) return FfmetadataParser().Parse(text);
  if (text.starts_with("CHAPTER")) return ParseOgm(text);
  if (text.starts_with("<")) return MatroskaParser().Parse(text);
  return NotChapters("the file begins neither as ffmetadata nor as OGM nor as XML");
}

void InsertChapter(Json* meta, int64_t milliseconds, const std::string& title) {
  constexpr TimeBase kMilliseconds{1, 1000};
  if (ChaptersOf(meta) == nullptr) (*meta)["chapters"] = Json::array();
  Json& chapters = (*meta)["chapters"];
  const auto is_later = [&](const Json& other) {
    TimeBase base;
    return other.is_object() && ParseTimeBase(TextOf(other, "time_base"), &base) &&
           Rescale(NumberOf(other, "start"), base, kMilliseconds) > milliseconds;
  };
  int64_t id = 0;
  for (const Json& chapter : chapters)
    if (chapter.is_object()) id = std::max(id, NumberOf(chapter, "id"));
  Json chapter = NewChapter(0, kMilliseconds);
  chapter["id"] = Sum(id, 1);
  chapter["start"] = milliseconds;
  chapter["tags"] = {{"title", title}};
  chapters.insert(std::ranges::find_if(chapters, is_later), std::move(chapter));
}

void CutChapters(Json* meta, int64_t start, int64_t end, bool shift, TimeBase time_base) {
  Json* chapters = ChaptersOf(meta);
  if (chapters == nullptr) return;
  Json kept = Json::array();
  for (size_t i = 0; i < chapters->size(); ++i) {
    Json chapter = (*chapters)[i];
    TimeBase base;
    if (!chapter.is_object() || !ParseTimeBase(TextOf(chapter, "time_base"), &base)) continue;
    const int64_t first = Rescale(start, time_base, base);
    const int64_t last = end == INT64_MAX ? end : Rescale(end, time_base, base);
    // A chapter without an end goes on to the next one.
    int64_t stop = INT64_MAX;
    TimeBase next_base;
    if (chapter.contains("end"))
      stop = NumberOf(chapter, "end");
    else if (i + 1 < chapters->size() && (*chapters)[i + 1].is_object() &&
             ParseTimeBase(TextOf((*chapters)[i + 1], "time_base"), &next_base))
      stop = Rescale(NumberOf((*chapters)[i + 1], "start"), next_base, base);
    if (NumberOf(chapter, "start") >= last || stop <= first) continue;
    const int64_t by = shift ? -first : 0;
    chapter["start"] = Sum(std::max(NumberOf(chapter, "start"), first), by);
    if (chapter.contains("end")) chapter["end"] = Sum(std::min(stop, last), by);
    kept.push_back(std::move(chapter));
  }
  if (kept.empty())
    meta->erase("chapters");
  else
    *chapters = std::move(kept);
}

void AppendChapters(Json* meta, const Json& other, int64_t nanoseconds) {
  const auto added = other.find("chapters");
  if (added == other.end() || !added->is_array()) return;
  if (ChaptersOf(meta) == nullptr) (*meta)["chapters"] = Json::array();
  Json& chapters = (*meta)["chapters"];
  int64_t id = 0;
  for (const Json& chapter : chapters)
    if (chapter.is_object()) id = std::max(id, NumberOf(chapter, "id"));
  for (Json chapter : *added) {
    TimeBase base;
    if (!chapter.is_object() || !ParseTimeBase(TextOf(chapter, "time_base"), &base)) continue;
    const int64_t by = Rescale(nanoseconds, kNanoseconds, base);
    chapter["id"] = id = Sum(id, 1);
    chapter["start"] = Sum(NumberOf(chapter, "start"), by);
    if (chapter.contains("end")) chapter["end"] = Sum(NumberOf(chapter, "end"), by);
    chapters.push_back(std::move(chapter));
  }
}

}  // namespace h4mk::tool
