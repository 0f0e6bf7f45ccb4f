// SPDX-License-Identifier: MIT
// Subtitles as the text files that editors and players know.
#ifndef H4MK_TOOLS_SUBTITLES_H_
#define H4MK_TOOLS_SUBTITLES_H_

#include <h4mk/h4mk.h>

#include <optional>
#include <string>

#include "text.h"

namespace h4mk::tool {

// Makes the text of a track, block by block.
class SubtitleText {
 public:
  // "srt", "ass" or "vtt"; null: a codec that is none of these.
  static const char* Extension(const std::string& codec);

  SubtitleText(std::string codec, std::string extradata, TimeBase time_base);
  // What stands before all blocks.
  std::string Head() const;
  // The text of the block before this one: what is shown without a duration is shown until the
  // next.
  std::string Add(const h4mk_block& block);
  // That of the last one.
  std::string End() { return Take(std::nullopt); }

 private:
  struct Cue {
    int64_t start = 0, end = 0;  // milliseconds; the end is the start where it is not known
    std::string text, name, settings;
  };
  std::string Take(std::optional<int64_t> next);
  std::string AssLine(const Cue& cue) const;

  const std::string codec_;
  const TimeBase time_base_;
  std::string header_;
  std::optional<Cue> waiting_;
  uint64_t number_ = 0;
};

}  // namespace h4mk::tool

#endif  // H4MK_TOOLS_SUBTITLES_H_
