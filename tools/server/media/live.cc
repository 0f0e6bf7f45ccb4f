// SPDX-License-Identifier: MIT
#include "media/live.h"

#include <algorithm>
#include <chrono>

namespace h4mk::server {
namespace {

constexpr size_t kSegmentsWithParts = 3;
constexpr int64_t kQuietSeconds = 60;

}  // namespace

bool IsLive(const MediaFile& file) {
  if (file.is_closed()) return false;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() -
             file.state().modified_ns <
         kQuietSeconds * 1'000'000'000;
}

namespace {

PartList MakeParts(MediaFile& file, size_t track, const SegmentTable& table, size_t segment) {
  MediaFile::Lease lease(file);
  const OrdinalRange range = BlocksOf(lease, file, track, table, segment);
  PartList list;
  list.segment = segment;
  int64_t chunk = -1;
  for (uint64_t ordinal = range.first; ordinal < range.last; ++ordinal) {
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    const h4mk_status status =
        h4mk_reader_block_info(lease.get(), static_cast<uint32_t>(track), ordinal, &block);
    if (status == H4MK_ERR_NOT_FOUND) continue;
    lease.Check(status);
    const TrackInfo& info = file.track(track);
    const int64_t time = block.pts != H4MK_NO_TIME ? block.pts : block.dts;
    if (time == H4MK_NO_TIME) continue;  // no sample either
    info.TimeOfFilm(time);
    const int64_t end = time + info.TimeOfFilm(block.duration);
    if (block.chunk != chunk || list.parts.empty()) {
      chunk = block.chunk;
      list.parts.push_back(
          {{ordinal, ordinal + 1}, time, end, (block.flags & H4MK_BLOCK_KEY) != 0});
    }
    MediaPart& part = list.parts.back();
    part.blocks.last = ordinal + 1;
    part.start = std::min(part.start, time);
    part.end = std::max(part.end, end);
  }
  // Parts touch each other, so that their durations add up to that of the segment.
  for (size_t i = 0; i + 1 < list.parts.size(); ++i) list.parts[i].end = list.parts[i + 1].start;
  if (segment + 1 < table.segments.size() && !list.parts.empty())
    list.parts.back().end = table.segments[segment + 1].start;
  return list;
}

}  // namespace

std::shared_ptr<const PartList> PartsOf(MediaFile& file, size_t track, const SegmentTable& table,
                                        size_t segment) {
  return file.Cached<PartList>(
      "parts " + std::to_string(track) + " " + std::to_string(segment),
      [&]() -> std::pair<std::shared_ptr<const PartList>, size_t> {
        auto list = std::make_shared<const PartList>(MakeParts(file, track, table, segment));
        return {list, list->parts.size() * sizeof(MediaPart)};
      });
}

std::vector<PartList> RecentParts(MediaFile& file, size_t track, const SegmentTable& table) {
  std::vector<PartList> lists;
  const size_t count = table.segments.size();
  for (size_t i = count > kSegmentsWithParts ? count - kSegmentsWithParts : 0; i < count; ++i)
    lists.push_back(*PartsOf(file, track, table, i));
  return lists;
}

std::string LiveHeader(const std::vector<PartList>& parts, const TrackInfo& track,
                       int64_t skip_until) {
  int64_t most = 200'000;
  for (const PartList& list : parts)
    for (const MediaPart& part : list.parts)
      most = std::max(most, Microseconds(part.end, track) - Microseconds(part.start, track));
  // Rounded up, so that it is the same in all playlists of a recording whose clusters are about as
  // long as each other.
  most = (most + 49'999) / 50'000 * 50'000;
  return "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=" + SecondsText(3 * most) +
         ",CAN-SKIP-UNTIL=" + SecondsText(skip_until) +
         "\n#EXT-X-PART-INF:PART-TARGET=" + SecondsText(most) + "\n";
}

void AppendParts(const std::vector<PartList>& parts, size_t segment, const std::string& folder,
                 const TrackInfo& track, std::string* text) {
  for (const PartList& list : parts) {
    if (list.segment != segment) continue;
    for (size_t i = 0; i < list.parts.size(); ++i) {
      const MediaPart& part = list.parts[i];
      *text += "#EXT-X-PART:DURATION=" +
               SecondsText(Microseconds(part.end, track) - Microseconds(part.start, track)) +
               ",URI=\"" + folder + "part-" + std::to_string(segment) + "." + std::to_string(i) +
               ".m4s\"" + (part.independent ? ",INDEPENDENT=YES" : "") + "\n";
    }
    if (&list == &parts.back())
      *text += "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"" + folder + "part-" + std::to_string(segment) +
               "." + std::to_string(list.parts.size()) + ".m4s\"\n";
  }
}

}  // namespace h4mk::server
