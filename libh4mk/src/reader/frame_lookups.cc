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

// The frames of a track in one cluster, into list_.
Status FileLookups::LoadFrames(uint32_t track, const SpanRef& span) {
  H4MK_TRY(clusters_.Search(span.cluster));
  return ListSearched(track).frames.size() == span.frames ? Status() : OtherFrames(span.cluster);
}

Status FileLookups::LocateFrame(uint32_t track, uint64_t number, FrameRef* frame) {
  SpanRef span;
  size_t place = 0;  // in list_
  if (file_.totals(track).overlaps) {
    const FrameTable* table = nullptr;
    H4MK_TRY(MakeFrameTable(track, &table));
    if (number >= table->frames.size()) return NoFrame(number);
    const FrameTable::Entry& entry = table->frames[static_cast<size_t>(number)];
    H4MK_TRY(file_.index().SpanAt(track, entry.page, entry.span, &span));
    H4MK_TRY(LoadFrames(track, span));
    place = entry.place;
    if (place >= list_.frames.size() || list_.frames[place].time != entry.time)
      return OtherFrames(span.cluster);
  } else {
    bool found = false;
    H4MK_TRY(file_.index().SpanOfFrame(track, number, &span, &found));
    if (!found) return NoFrame(number);
    H4MK_TRY(LoadFrames(track, span));
    place = static_cast<size_t>(number - span.first_frame);
  }
  *frame = {number, span.cluster, list_.frames[place].block};
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
  const auto behind = std::ranges::upper_bound(list_.frames, time, {}, &TimedBlock::time);
  const uint64_t number = span.first_frame + static_cast<uint64_t>(behind - list_.frames.begin());
  if (number == 0) return NoFrameAt();
  // The span may begin with a block that is not shown.
  if (behind == list_.frames.begin()) return LocateFrame(track, number - 1, frame);
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
  for (const TimedBlock& frame : list_.frames) add(frame.time);
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
      out[(*copied)++] = list_.frames[static_cast<size_t>(first - span.first_frame)].time;
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

// The last key block of the track that is not later than `time`, among the first `end` ones of the
// searched cluster, as its place in the list; `end`: there is none.
size_t FileLookups::FindKeyIn(uint32_t track, size_t end, int64_t time) {
  const std::vector<size_t>& list = ListSearched(track).blocks;
  for (size_t i = end; i-- > 0;) {
    const BlockRecord& block = searched_blocks()[list[i]];
    if (block.is_key() && block.time() != kNoTime && block.time() <= time) return i;
  }
  return end;
}

// All blocks of the track up to the frame, from the last key block on that stands before it and is
// not later. REQUIRES: the frame's cluster is the searched one.
Status FileLookups::ChainTo(uint32_t track, const FrameRef& frame, std::span<BlockInfo> out,
                            uint64_t* total) {
  *total = 0;
  const BlockRecord& last = searched_blocks()[frame.block];
  const int64_t time = last.time();
  const auto end_of_frame = static_cast<size_t>(
      last.ordinal - searched_blocks()[ListSearched(track).blocks.front()].ordinal + 1);
  ClusterRef cluster = frame.cluster;
  size_t next = FindKeyIn(track, end_of_frame, time);
  if (next == end_of_frame) {
    bool found = false;
    H4MK_TRY(file_.index().FindKeyBefore(track, frame.cluster, time, &cluster, &found));
    if (!found) return {};  // it cannot be decoded
    H4MK_TRY(clusters_.Search(cluster));
    const size_t end = ListSearched(track).blocks.size();
    next = FindKeyIn(track, end, time);
    if (next == end) return NoSuchKey(cluster);
  }
  for (;; next = 0) {
    const bool is_last = cluster == frame.cluster;
    const std::vector<size_t>& list = ListSearched(track).blocks;
    const size_t end = is_last ? end_of_frame : list.size();
    if (end > list.size()) return OtherFrames(cluster);  // it has changed since
    for (; next < end; ++next, ++*total)
      if (*total < out.size())
        out[static_cast<size_t>(*total)] =
            clusters_.searched().InfoOf(searched_blocks()[list[next]]);
    if (is_last) return {};
    bool more = false;
    H4MK_TRY(file_.index().Next(track, &cluster, &more));
    if (!more || frame.cluster < cluster) return OtherFrames(frame.cluster);
    H4MK_TRY(clusters_.Search(cluster));
  }
}

}  // namespace h4mk
