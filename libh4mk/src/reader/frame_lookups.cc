// SPDX-License-Identifier: MIT
// Lookups of frames.
#include <algorithm>

#include "reader/file_lookups.h"

namespace h4mk {
namespace {

Status NoFrame(uint64_t number) {
  return Status(Code::kNotFound, "the track has no frame " + std::to_string(number));
}

Status NoFrameAt() {
  return Status(Code::kNotFound, "no frame of the track at or before the time");
}

Status OtherFrames(const ClusterRef& cluster) {
  return Corrupt(cluster.offset, "the index names other frames than there are");
}

}  // namespace

BlockInfo FileLookups::InfoOf(const FrameRef& frame) {
  return clusters_.searched().InfoOf(searched_blocks()[frame.block]);
}

// The frames of a track in one cluster, in the order of presentation, into frames_.
Status FileLookups::LoadFrames(uint32_t track, const SpanRef& span) {
  H4MK_TRY(clusters_.Search(span.cluster));
  const std::vector<BlockRecord>& blocks = searched_blocks();
  frames_.clear();
  for (size_t i = 0; i < blocks.size(); ++i)
    if (blocks[i].track == static_cast<int32_t>(track) &&
        IsFrame(blocks[i].time(), blocks[i].flags))
      frames_.push_back({blocks[i].time(), i});
  const auto is_earlier = [](const TimedBlock& a, const TimedBlock& b) { return a.time < b.time; };
  if (!std::ranges::is_sorted(frames_, is_earlier)) std::ranges::stable_sort(frames_, is_earlier);
  return frames_.size() == span.frames ? Status() : OtherFrames(span.cluster);
}

Status FileLookups::LocateFrame(uint32_t track, uint64_t number, FrameRef* frame) {
  SpanRef span;
  size_t place = 0;  // in frames_
  if (file_.totals(track).overlaps) {
    const FrameTable* table = nullptr;
    H4MK_TRY(MakeFrameTable(track, &table));
    if (number >= table->frames.size()) return NoFrame(number);
    const FrameTable::Entry& entry = table->frames[static_cast<size_t>(number)];
    H4MK_TRY(file_.index().SpanAt(track, entry.page, entry.span, &span));
    H4MK_TRY(LoadFrames(track, span));
    place = entry.place;
    if (place >= frames_.size() || frames_[place].time != entry.time)
      return OtherFrames(span.cluster);
  } else {
    bool found = false;
    H4MK_TRY(file_.index().SpanOfFrame(track, number, &span, &found));
    if (!found) return NoFrame(number);
    H4MK_TRY(LoadFrames(track, span));
    place = static_cast<size_t>(number - span.first_frame);
  }
  *frame = {number, span.cluster, frames_[place].block};
  return {};
}

// The last frame that is not later.
Status FileLookups::LocateFrameAt(uint32_t track, int64_t time, FrameRef* frame) {
  if (file_.totals(track).overlaps) {
    const FrameTable* table = nullptr;
    H4MK_TRY(MakeFrameTable(track, &table));
    const auto behind = std::ranges::upper_bound(table->frames, time, {}, &FrameTable::Entry::time);
    if (behind == table->frames.begin()) return NoFrameAt();
    return LocateFrame(track, static_cast<uint64_t>(behind - table->frames.begin()) - 1, frame);
  }
  SpanRef span;
  bool found = false;
  H4MK_TRY(file_.index().SpanAtTime(track, time, &span, &found));
  if (!found) return NoFrameAt();
  H4MK_TRY(LoadFrames(track, span));
  const auto behind = std::ranges::upper_bound(frames_, time, {}, &TimedBlock::time);
  const uint64_t number = span.first_frame + static_cast<uint64_t>(behind - frames_.begin());
  if (number == 0) return NoFrameAt();
  // The span may begin with a block that is not shown.
  if (behind == frames_.begin()) return LocateFrame(track, number - 1, frame);
  *frame = {number - 1, span.cluster, (behind - 1)->block};
  return {};
}

// The times of all frames have to be known where clusters overlap: from pages that have them, else
// from the clusters.
Status FileLookups::MakeFrameTable(uint32_t track, const FrameTable** table) {
  const auto known = tables_.find(track);
  if (known != tables_.end() && known->second.revision == file_.index().revision()) {
    *table = &known->second;
    return {};
  }
  FrameTable made;
  made.revision = file_.index().revision();
  SpanRef span;
  bool more = false;
  size_t place = 0;  // among the times of a page
  H4MK_TRY(file_.index().FirstSpan(track, &span, &more));
  while (more) {
    H4MK_TRY(AddToTable(track, span, &place, &made));
    const size_t page = span.cluster.page;
    H4MK_TRY(file_.index().NextSpan(track, &span, &more));
    if (span.cluster.page != page) place = 0;
  }
  std::ranges::stable_sort(made.frames, {}, &FrameTable::Entry::time);
  *table = &tables_.insert_or_assign(track, std::move(made)).first->second;
  return {};
}

Status FileLookups::AddToTable(uint32_t track, const SpanRef& span, size_t* place,
                               FrameTable* table) {
  if (span.frames == 0) return {};
  auto add = [&, in_span = 0u](int64_t time) mutable {
    table->frames.push_back({time, static_cast<uint32_t>(span.cluster.page),
                             static_cast<uint32_t>(span.span), in_span++});
  };
  std::span<const int64_t> times;
  bool stored = false;
  H4MK_TRY(file_.index().PageTimes(span.cluster.page, track, &times, &stored));
  if (stored) {
    for (int64_t time : times.subspan(*place, static_cast<size_t>(span.frames))) add(time);
    *place += static_cast<size_t>(span.frames);
    return {};
  }
  H4MK_TRY(LoadFrames(track, span));
  for (const TimedBlock& frame : frames_) add(frame.time);
  return {};
}

Status FileLookups::FrameTimes(uint32_t track, uint64_t first, std::span<int64_t> out,
                               size_t* copied) {
  *copied = 0;
  if (file_.totals(track).overlaps) {
    const FrameTable* table = nullptr;
    H4MK_TRY(MakeFrameTable(track, &table));
    for (; *copied < out.size() && first < table->frames.size(); ++first)
      out[(*copied)++] = table->frames[static_cast<size_t>(first)].time;
    return {};
  }
  SpanRef span;
  bool more = false;
  H4MK_TRY(file_.index().SpanOfFrame(track, first, &span, &more));
  while (more && *copied < out.size()) {
    std::span<const int64_t> times;
    bool stored = false;
    H4MK_TRY(file_.index().PageTimes(span.cluster.page, track, &times, &stored));
    if (stored) {
      times = times.subspan(
          static_cast<size_t>(first - file_.index().FramesBefore(track, span.cluster.page)));
      const size_t count = std::min(times.size(), out.size() - *copied);
      std::copy_n(times.begin(), count, out.begin() + static_cast<ptrdiff_t>(*copied));
      *copied += count;
      first += count;
      H4MK_TRY(file_.index().SpanOfFrame(track, first, &span, &more));
      continue;
    }
    if (span.frames > 0) H4MK_TRY(LoadFrames(track, span));
    for (; first < span.first_frame + span.frames && *copied < out.size(); ++first)
      out[(*copied)++] = frames_[static_cast<size_t>(first - span.first_frame)].time;
    H4MK_TRY(file_.index().NextSpan(track, &span, &more));
  }
  return {};
}

Status FileLookups::FindFrame(uint32_t track, uint64_t number, BlockInfo* info) {
  FrameRef frame;
  H4MK_TRY(LocateFrame(track, number, &frame));
  *info = InfoOf(frame);
  return {};
}

Status FileLookups::FindFrameAt(uint32_t track, int64_t time, uint64_t* number, BlockInfo* info) {
  FrameRef frame;
  H4MK_TRY(LocateFrameAt(track, time, &frame));
  *number = frame.number;
  *info = InfoOf(frame);
  return {};
}

Status FileLookups::DecodeChain(uint32_t track, int64_t time, std::span<BlockInfo> out,
                                uint64_t* total) {
  *total = 0;
  FrameRef frame;
  const Status status = LocateFrameAt(track, time, &frame);
  if (status.code() == Code::kNotFound) return {};
  return status.ok() ? ChainTo(track, frame, out, total) : status;
}

Status FileLookups::FrameChain(uint32_t track, uint64_t number, std::span<BlockInfo> out,
                               uint64_t* total) {
  FrameRef frame;
  H4MK_TRY(LocateFrame(track, number, &frame));
  return ChainTo(track, frame, out, total);
}

// All blocks of the track up to the frame, from the last key block on that stands before it and is
// not later. REQUIRES: the frame's cluster is the searched one.
Status FileLookups::ChainTo(uint32_t track, const FrameRef& frame, std::span<BlockInfo> out,
                            uint64_t* total) {
  *total = 0;
  const int64_t time = searched_blocks()[frame.block].time();
  // The last key block before position `end` of the searched cluster; `end`: there is none.
  const auto find_key = [&](size_t end) {
    const std::vector<BlockRecord>& blocks = searched_blocks();
    for (size_t i = end; i-- > 0;)
      if (blocks[i].track == static_cast<int32_t>(track) && blocks[i].is_key() &&
          blocks[i].time() != kNoTime && blocks[i].time() <= time)
        return i;
    return end;
  };
  ClusterRef cluster = frame.cluster;
  size_t next = find_key(frame.block + 1);
  if (next > frame.block) {
    bool found = false;
    H4MK_TRY(file_.index().FindKeyBefore(track, frame.cluster, time, &cluster, &found));
    if (!found) return {};  // it cannot be decoded
    H4MK_TRY(clusters_.Search(cluster));
    next = find_key(searched_blocks().size());
    if (next == searched_blocks().size()) return NoSuchKey(cluster);
  }
  for (;; next = 0) {
    const bool is_last = cluster == frame.cluster;
    const std::vector<BlockRecord>& blocks = searched_blocks();
    const size_t end = is_last ? frame.block + 1 : blocks.size();
    for (; next < end; ++next) {
      if (blocks[next].track != static_cast<int32_t>(track)) continue;
      if (*total < out.size())
        out[static_cast<size_t>(*total)] = clusters_.searched().InfoOf(blocks[next]);
      ++*total;
    }
    if (is_last) return {};
    bool more = false;
    H4MK_TRY(file_.index().Next(track, &cluster, &more));
    if (!more || frame.cluster < cluster) return OtherFrames(frame.cluster);
    H4MK_TRY(clusters_.Search(cluster));
  }
}

}  // namespace h4mk
