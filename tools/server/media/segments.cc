// SPDX-License-Identifier: MIT
#include "media/segments.h"

#include <algorithm>
#include <charconv>

namespace h4mk::server {
namespace {

constexpr size_t kTimesAtOnce = 64 << 10;

int64_t SegmentTicks(const TrackInfo& track) {
  return std::max<int64_t>(1, kSegmentSeconds * track.time_base_den / track.time_base_num);
}

using Points = std::vector<int64_t>;

// The time of a frame.
int64_t ShownAt(const h4mk_block_info& block, const TrackInfo& track) {
  return track.TimeOfFilm(block.pts != H4MK_NO_TIME ? block.pts : block.dts);
}

constexpr size_t kEntriesAtOnce = 512;  // 12 KiB: they stay in the cache of the processor

// Calls take(time) with the times of the key blocks of a video track, which rise.
template <typename Take>
void ForEachKeyTime(MediaFile& file, const TrackInfo& track, const Take& take) {
  MediaFile::Lease lease(file);
  size_t count = 0;
  int64_t last = 0;
  const auto add = [&](int64_t time) {
    if (count > 0 && time <= last) return;
    last = track.TimeOfFilm(time);
    ++count;
    take(last);
  };
  std::vector<h4mk_index_entry> entries(kEntriesAtOnce, h4mk_index_entry(H4MK_INDEX_ENTRY_INIT));
  size_t copied = entries.size();
  for (uint64_t first = 0; copied == entries.size(); first += copied) {
    lease.Check(h4mk_reader_index_entries(lease.get(), track.index, first, entries.data(),
                                          entries.size(), &copied));
    for (size_t i = 0; i < copied; ++i) add(entries[i].time);
  }
  if (count > 0) return;
  // Version 1 and files without an index.
  uint64_t total = 0;
  lease.Check(h4mk_reader_keyframes_between(lease.get(), track.index, INT64_MIN + 1, INT64_MAX,
                                            nullptr, 0, &total));
  std::vector<h4mk_block_info> blocks(static_cast<size_t>(std::min<uint64_t>(total, 1 << 20)),
                                      h4mk_block_info(H4MK_BLOCK_INFO_INIT));
  lease.Check(h4mk_reader_keyframes_between(lease.get(), track.index, INT64_MIN + 1, INT64_MAX,
                                            blocks.data(), blocks.size(), &total));
  for (const h4mk_block_info& block : blocks) add(ShownAt(block, track));
}

// Of these times those that are a segment's length or more behind the one before.
Points KeyTimesApart(MediaFile& file, const TrackInfo& track) {
  const int64_t length = SegmentTicks(track);
  Points times;
  ForEachKeyTime(file, track, [&](int64_t time) {
    if (times.empty() || time - times.back() >= length) times.push_back(time);
  });
  return times;
}

// Begins of segments in ticks of the grid track.
Points Grid(MediaFile& file, const TrackInfo& track) {
  const int64_t length = SegmentTicks(track);
  Points grid;
  if (track.start_pts == H4MK_NO_TIME || track.end_pts == H4MK_NO_TIME) return grid;
  track.TimeOfFilm(track.end_pts);
  if (track.is_video()) grid = KeyTimesApart(file, track);
  if (grid.empty()) grid.push_back(track.TimeOfFilm(track.start_pts));
  // A film whose sound goes on behind its last picture, and what has no pictures.
  int64_t end = track.end_pts;
  for (const TrackInfo& other : file.tracks())
    if (other.is_audio() && other.IsTimeOfFilm(other.end_pts))
      end = std::max(end, Rescale(other.end_pts, other, track));
  if (!track.is_video() || (file.is_closed() && end - track.end_pts > 2 * length)) {
    int64_t next =
        (track.is_video() ? std::max(grid.back(), track.end_pts - length) : grid.back()) + length;
    for (; next < end && grid.size() < kMostSegments; next += length) grid.push_back(next);
  }
  if (grid.size() > kMostSegments) throw HttpError(422, "the file has too many segments");
  return grid;
}

std::shared_ptr<const Points> GridOf(MediaFile& file) {
  return file.Cached<Points>("grid", [&]() -> std::pair<std::shared_ptr<const Points>, size_t> {
    const size_t track = GridTrack(file);
    if (track == file.tracks().size())
      throw HttpError(415, "the file has no track that can be played");
    auto grid = std::make_shared<const Points>(Grid(file, file.tracks()[track]));
    return {grid, grid->size() * sizeof(int64_t)};
  });
}

// Tells the first frame at or behind a time: its number, and its time. Goes through the times of
// the track once.
class FrameFinder {
 public:
  FrameFinder(const MediaFile::Lease& lease, const TrackInfo& track)
      : lease_(lease), track_(track) {}

  // False: there is none. REQUIRES: time is not less than that of the call before.
  bool Find(int64_t time, Segment* segment) {
    while (times_.empty() || times_.back() < time)
      if (!ReadOn()) return false;
    const auto found = std::lower_bound(times_.begin(), times_.end(), time);
    *segment = {track_.TimeOfFilm(*found), first_ + static_cast<uint64_t>(found - times_.begin())};
    return true;
  }

 private:
  bool ReadOn() {
    first_ += times_.size();
    times_.resize(kTimesAtOnce);
    size_t copied = 0;
    lease_.Check(h4mk_reader_frame_times(lease_.get(), track_.index, first_, times_.data(),
                                         times_.size(), &copied));
    times_.resize(copied);
    return copied > 0;
  }

  const MediaFile::Lease& lease_;
  const TrackInfo& track_;
  std::vector<int64_t> times_;  // of the frames from first_ on
  uint64_t first_ = 0;
};

SegmentTable VideoTable(MediaFile& file, const TrackInfo& track, const Points& grid,
                        bool is_grid_track) {
  SegmentTable table;
  table.end = track.end_pts;
  if (is_grid_track) {
    table.segments.reserve(grid.size());
    for (const int64_t time : grid)
      if (time < track.end_pts || table.segments.empty()) table.segments.push_back({time, 0});
    return table;
  }
  // Another video track can be cut at its own key blocks only.
  for (const int64_t time : KeyTimesApart(file, track)) table.segments.push_back({time, 0});
  if (table.segments.size() > kMostSegments) throw HttpError(422, "the file has too many segments");
  return table;
}

SegmentTable SoundTable(MediaFile& file, const TrackInfo& track, const TrackInfo& grid_track,
                        const Points& grid) {
  SegmentTable table;
  table.end = track.end_pts;
  table.key_blocks_only = true;
  MediaFile::Lease lease(file);
  FrameFinder finder(lease, track);
  for (size_t i = 0; i < grid.size(); ++i) {
    Segment segment;
    const int64_t time = i == 0 ? INT64_MIN : -Rescale(-grid[i], grid_track, track);  // rounded up
    if (!finder.Find(time, &segment)) break;
    if (table.segments.empty() || segment.start > table.segments.back().start)
      table.segments.push_back(segment);
  }
  return table;
}

SegmentTable MakeTable(MediaFile& file, const TrackInfo& track) {
  const std::shared_ptr<const Points> grid = GridOf(file);
  const size_t grid_track = GridTrack(file);
  if (track.start_pts == H4MK_NO_TIME || track.end_pts == H4MK_NO_TIME || track.block_count == 0)
    throw HttpError(409, "the track has no blocks that are shown");
  track.TimeOfFilm(track.end_pts);
  SegmentTable table = track.is_video() ? VideoTable(file, track, *grid, grid_track == track.index)
                                        : SoundTable(file, track, file.tracks()[grid_track], *grid);
  if (table.segments.empty()) throw HttpError(409, "the track has no blocks that are shown");
  table.complete = table.segments.size();
  if (!file.is_closed()) {
    // The sound of a segment is complete when the pictures of the next one have begun, and the
    // sound has come as far.
    --table.complete;
  }
  return table;
}

}  // namespace

int64_t Microseconds(int64_t ticks, const TrackInfo& track) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(ticks, track.time_base_num * 1'000'000, &product)) {
    const int64_t value = product / track.time_base_den;
    return product < 0 && value * track.time_base_den != product ? value - 1 : value;
  }
  const __int128 numerator = static_cast<__int128>(ticks) * track.time_base_num * 1'000'000;
  __int128 value = numerator / track.time_base_den;
  if (numerator < 0 && value * track.time_base_den != numerator) --value;
  return static_cast<int64_t>(value);
}

void AppendSeconds(int64_t microseconds, std::string* text) {
  const int64_t us = std::max<int64_t>(0, microseconds);
  char digits[32];
  const auto seconds = std::to_chars(digits, digits + 20, us / 1'000'000);
  char* end = seconds.ptr;
  *end++ = '.';
  for (int64_t unit = 100'000, rest = us % 1'000'000; unit > 0; unit /= 10)
    *end++ = static_cast<char>('0' + rest / unit % 10);
  text->append(digits, end);
}

std::string SecondsText(int64_t microseconds) {
  std::string text;
  AppendSeconds(microseconds, &text);
  return text;
}

int64_t Rescale(int64_t ticks, const TrackInfo& from, const TrackInfo& to) {
  const __int128 numerator = static_cast<__int128>(ticks) * from.time_base_num * to.time_base_den;
  const __int128 denominator = static_cast<__int128>(from.time_base_den) * to.time_base_num;
  __int128 value = numerator / denominator;
  if (numerator < 0 && value * denominator != numerator) --value;
  return static_cast<int64_t>(value);
}

size_t GridTrack(const MediaFile& file) {
  for (const TrackInfo& track : file.tracks())
    if (track.is_video() && track.block_count > 0) return track.index;
  for (const TrackInfo& track : file.tracks())
    if (track.is_audio() && track.block_count > 0) return track.index;
  return file.tracks().size();
}

std::shared_ptr<const SegmentTable> SegmentsOf(MediaFile& file, size_t track) {
  return file.Cached<SegmentTable>(
      "segments " + std::to_string(track),
      [&]() -> std::pair<std::shared_ptr<const SegmentTable>, size_t> {
        auto table = std::make_shared<const SegmentTable>(MakeTable(file, file.track(track)));
        return {table, table->segments.size() * sizeof(Segment)};
      });
}

std::shared_ptr<const KeyFrames> KeyFramesOf(MediaFile& file, size_t track) {
  return file.Cached<KeyFrames>(
      "keys " + std::to_string(track),
      [&]() -> std::pair<std::shared_ptr<const KeyFrames>, size_t> {
        auto keys = std::make_shared<KeyFrames>();
        ForEachKeyTime(file, file.track(track), [&](int64_t time) { keys->times.push_back(time); });
        const int64_t end = file.track(track).end_pts;
        keys->end = end == H4MK_NO_TIME ? 0 : file.track(track).TimeOfFilm(end);
        const size_t size = keys->times.size() * sizeof(int64_t);
        return {keys, size};
      });
}

OrdinalRange BlocksOf(const MediaFile::Lease& lease, const MediaFile& file, size_t track,
                      const SegmentTable& table, size_t segment) {
  h4mk_reader* reader = lease.get();
  const auto index = static_cast<uint32_t>(track);
  const TrackInfo& info = file.tracks()[track];
  // The block that a segment begins with.
  const auto begin = [&](size_t i) {
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    if (i == 0) return block;  // what comes before the first frame and is not shown belongs to it
    const h4mk_status status =
        table.key_blocks_only
            ? h4mk_reader_frame(reader, index, table.segments[i].frame, &block)
            : h4mk_reader_keyframe(reader, index, table.segments[i].start, &block);
    if (status == H4MK_ERR_NOT_FOUND) throw HttpError(422, h4mk_reader_message(reader));
    lease.Check(status);
    return block;
  };
  OrdinalRange range;
  if (segment + 1 < table.segments.size()) {
    const h4mk_block_info next = begin(segment + 1);
    range.last = next.ordinal;
    range.next_dts = next.dts;
  } else {
    // Behind the last block; where blocks were lost, numbers go on behind their count.
    range.last = info.block_count;
    h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
    if (info.frame_count > 0 &&
        h4mk_reader_frame(reader, index, info.frame_count - 1, &block) == H4MK_OK)
      range.last = std::max(range.last, block.ordinal + 1);
  }
  range.first = begin(segment).ordinal;  // the last: reading goes on in its cluster
  if (range.last <= range.first) throw HttpError(422, "the index does not agree with the blocks");
  return range;
}

}  // namespace h4mk::server
