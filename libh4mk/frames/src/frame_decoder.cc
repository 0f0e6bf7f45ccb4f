// SPDX-License-Identifier: MIT
#include "frame_decoder.h"

#include <sched.h>

extern "C" {
#include <libavutil/imgutils.h>
}

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <iterator>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "ranges.h"

namespace h4mk::frames {
namespace {

constexpr uint64_t kDefaultMemory = 64 << 20;
constexpr uint32_t kMaxThreads = 64;
constexpr size_t kMaxWindow = 4096;      // frames that are fetched together
constexpr size_t kMaxAgain = 64;         // groups that are decoded again together
constexpr uint64_t kTinyBlock = 16;      // bytes
constexpr uint32_t kPrefetchWaste = 10;  // per cent
constexpr int64_t kBehindCluster = 64;   // a reader also reads the header behind a cluster
constexpr int kMostDelay = 16;           // no codec reorders more pictures
constexpr int kMaxTries = 4;             // a group is begun 1, 2, 4 and 8 seek points earlier

uint32_t ThreadsOf(const h4mk_frames_options& options) {
  if (options.threads > 0) return std::min(options.threads, kMaxThreads);
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  const int count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
  return std::clamp(static_cast<uint32_t>(count), 1u, kMaxThreads);
}

std::vector<Wanted> Sorted(std::span<const uint64_t> numbers) {
  std::vector<Wanted> wanted;
  std::map<uint64_t, std::vector<size_t>> positions;
  for (size_t i = 0; i < numbers.size(); ++i) positions[numbers[i]].push_back(i);
  for (auto& [number, places] : positions) wanted.push_back({number, 0, std::move(places)});
  return wanted;
}

// Whether blocks are so small that to hand them from thread to thread costs more than to decode
// them. A crafted file can have a hundred thousand of these. Sizes of 0 are not known.
bool AreTiny(std::span<const Group> groups) {
  uint64_t bytes = 0, blocks = 0;
  for (const Group& group : groups) {
    bytes += group.bytes();
    blocks += group.blocks.size();
  }
  return bytes > 0 && bytes < blocks * kTinyBlock;
}

// Whether all pictures that are wanted are right, if decoding begins with the first block (ITU-T
// H.264, D.2.8).
bool RecoversInTime(const Group& group, std::span<const PictureKind> kinds) {
  uint32_t left = kinds[0].recovers_after;
  if (left == 0) return true;
  size_t right_from = 0;
  while (right_from < kinds.size() && left > 0) left -= kinds[right_from++].is_reference;
  if (left > 0 || right_from == kinds.size()) return false;
  const int64_t time = TimeOf(group.blocks[right_from]);
  return std::ranges::all_of(group.wanted, [&](const Wanted& wanted) {
    return wanted.block >= right_from && TimeOf(group.blocks[wanted.block]) >= time;
  });
}

}  // namespace

// Threads that decode groups while the caller reads the next ones.
class FrameDecoder::Crew {
 public:
  Crew(std::span<Worker* const> workers, const FrameDecoder& decoder, const Visit& visit,
       uint64_t memory_limit)
      : decoder_(decoder), visit_(visit), memory_limit_(memory_limit) {
    if (workers.size() == 1) alone_ = workers[0];
    for (size_t i = 0; !alone_ && i < workers.size(); ++i) Start(workers[i]);
  }
  ~Crew() { Stop(); }

  // Hands a group over. False: something failed before, and no more are needed.
  bool Add(LoadedGroup group) {
    const uint64_t size = group.group.bytes();
    if (alone_) {
      DecodeOne(*alone_, group);
      return outcome_.ok();
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return !outcome_.ok() || queue_.empty() || undecoded_bytes_ + size <= memory_limit_;
    });
    if (!outcome_.ok()) return false;
    undecoded_bytes_ += size;
    queue_.push_back(std::move(group));
    changed_.notify_all();
    return true;
  }

  // Waits for all groups. short_ones: those that must begin earlier.
  Outcome Finish(std::vector<Group>* short_ones) {
    Stop();
    *short_ones = std::move(short_ones_);
    return std::move(outcome_);
  }

 private:
  // Where the system gives no thread, those that there are do all, or the caller does.
  void Start(Worker* worker) {
    try {
      threads_.emplace_back([this, worker] { Work(*worker); });
    } catch (const std::system_error&) {
      if (threads_.empty()) alone_ = worker;
    }
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    threads_.clear();
  }

  void Work(Worker& worker) {
    for (;;) {
      LoadedGroup group;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return done_ || !queue_.empty(); });
        if (queue_.empty()) return;
        group = std::move(queue_.front());
        queue_.pop_front();
        if (!outcome_.ok()) continue;
      }
      const uint64_t size = group.group.bytes();
      DecodeOne(worker, group);
      const std::lock_guard lock(mutex_);
      undecoded_bytes_ -= size;
      changed_.notify_all();
    }
  }

  void DecodeOne(Worker& worker, LoadedGroup& group) {
    bool is_short = false;
    Outcome outcome;
    try {
      outcome = worker.decoder.Decode(
          group, decoder_.cancelled_,
          [&](const Wanted& wanted, const AVFrame& picture) {
            return visit_(worker, wanted, picture);
          },
          &is_short);
    } catch (const std::bad_alloc&) {
      outcome = Outcome(H4MK_ERR_MEMORY, "no memory for decoding");
    }
    if (outcome.ok() && !is_short) return;
    const std::lock_guard lock(mutex_);
    if (is_short) short_ones_.push_back(std::move(group.group));
    if (!outcome.ok() && outcome_.ok()) outcome_ = std::move(outcome);
  }

  const FrameDecoder& decoder_;
  const Visit& visit_;
  const uint64_t memory_limit_;
  Worker* alone_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<LoadedGroup> queue_;
  uint64_t undecoded_bytes_ = 0;  // of groups in queue_ or being decoded
  bool done_ = false;
  Outcome outcome_;
  std::vector<Group> short_ones_;
  std::vector<std::jthread> threads_;
};

FrameDecoder::FrameDecoder(h4mk_reader* reader, uint32_t track, const h4mk_frames_options& options)
    : reader_(reader),
      track_(track),
      options_(options),
      threads_(ThreadsOf(options)),
      max_pixels_(options.max_pixels ? options.max_pixels : H4MK_PICTURE_PIXELS),
      finder_(reader, track, cancelled_) {}

Outcome FrameDecoder::Open() {
  if (description() == nullptr)
    return Outcome(H4MK_ERR_ARGUMENT, "there is no track " + std::to_string(track_));
  const uint32_t width = DescribedSide("width"), height = DescribedSide("height");
  if (uint64_t{width} * height > max_pixels_)
    return Outcome(H4MK_ERR_LIMIT, "pictures of " + std::to_string(width) + " x " +
                                       std::to_string(height) + " have more pixels than " +
                                       std::to_string(max_pixels_) + "; max_pixels allows more");
  const uint8_t* extradata = nullptr;
  size_t size = 0;
  if (h4mk_value_get_bytes(description(), "extradata", &extradata, &size) != H4MK_OK) size = 0;
  const char* codec = h4mk_value_get_text(description(), "codec");
  reorders_ = h4mk_value_get_int(description(), "video_delay", 0) > 0;
  kinds_ = PictureKinds(codec != nullptr ? codec : "", {extradata, size});
  std::vector<Worker*> workers;
  return Workers(1, static_cast<int>(threads_), &workers);
}

uint32_t FrameDecoder::DescribedSide(const char* key) const {
  return static_cast<uint32_t>(
      std::clamp<int64_t>(h4mk_value_get_int(description(), key, 0), 0, 1 << 21));
}

Outcome FrameDecoder::Workers(size_t count, int threads, std::vector<Worker*>* workers) {
  std::vector<std::unique_ptr<Worker>>& pool = workers_[threads];
  while (pool.size() < count) {
    CodecContext context;
    H4MK_FRAMES_TRY(OpenCodec(description(), threads, max_pixels_, &context));
    pool.push_back(std::make_unique<Worker>(std::move(context)));
  }
  for (size_t i = 0; i < count; ++i) {
    pool[i]->decoder.set_delay(delay_);
    workers->push_back(pool[i].get());
  }
  return {};
}

// ----------------------------------------------------------------------------------------------------------
// pictures

Outcome FrameDecoder::PictureSize(h4mk_picture_format* format, uint64_t* size) {
  const bool is_decoded = format->pixels == H4MK_PIXELS_DECODED;
  uint32_t width = format->width, height = format->height;
  if (width == 0 && height == 0 && !is_decoded) {
    width = DescribedSide("width");
    height = DescribedSide("height");
  }
  if (width == 0 || height == 0 || is_decoded) {
    if (decoded_size_ == 0) {
      const Visit look = [this](Worker&, const Wanted&, const AVFrame& picture) {
        const int bytes = av_image_get_buffer_size(static_cast<AVPixelFormat>(picture.format),
                                                   picture.width, picture.height, 1);
        if (bytes <= 0) return Outcome(H4MK_ERR_UNSUPPORTED, "the form of pictures is not known");
        decoded_size_ = static_cast<uint64_t>(bytes);
        decoded_width_ = static_cast<uint32_t>(picture.width);
        decoded_height_ = static_cast<uint32_t>(picture.height);
        return Outcome();
      };
      H4MK_FRAMES_TRY(Run({{0, 0, {0}}}, look));
    }
    width = decoded_width_;
    height = decoded_height_;
  }
  format->width = width;
  format->height = height;
  *size = is_decoded ? decoded_size_ : frames::PictureSize(*format);
  return {};
}

Outcome FrameDecoder::Decode(std::span<const uint64_t> numbers, const h4mk_picture_format& asked,
                             uint8_t* out, uint64_t out_size) {
  h4mk_picture_format format = asked;
  uint64_t size = 0;
  if (numbers.empty()) return {};
  H4MK_FRAMES_TRY(PictureSize(&format, &size));
  if (out_size / size < numbers.size())
    return Outcome(H4MK_ERR_ARGUMENT, std::to_string(numbers.size()) + " pictures take " +
                                          std::to_string(size) + " bytes each; there is room for " +
                                          std::to_string(out_size) + " in all");
  return Run(Sorted(numbers), [&](Worker& worker, const Wanted& wanted, const AVFrame& picture) {
    uint8_t* first = out + wanted.positions[0] * size;
    H4MK_FRAMES_TRY(worker.writer.Write(picture, format, first, size));
    for (const size_t position : std::span(wanted.positions).subspan(1))
      std::memcpy(out + position * size, first, static_cast<size_t>(size));
    return Outcome();
  });
}

Outcome FrameDecoder::Plan(std::span<const uint64_t> numbers, std::vector<PlannedGroup>* groups) {
  std::vector<Wanted> wanted = Sorted(numbers);
  return UnlessCancelled(FindAll(wanted, groups));
}

Outcome FrameDecoder::FindAll(std::span<Wanted> wanted, std::vector<PlannedGroup>* groups) {
  H4MK_FRAMES_TRY(PrefetchClusters(wanted));
  H4MK_FRAMES_TRY(finder_.StartRequest());
  while (!wanted.empty()) {
    size_t count = 0;
    std::vector<Group> found;
    H4MK_FRAMES_TRY(finder_.Find(wanted, &found, &count));
    for (Group& group : found) groups->push_back(PlanOf(std::move(group)));
    wanted = wanted.subspan(count);
  }
  return {};
}

// What was asked for is then done: the next call is not cancelled as well.
Outcome FrameDecoder::UnlessCancelled(Outcome outcome) {
  return cancelled_.exchange(false) ? Outcome(H4MK_ERR_CANCELLED, "cancelled") : outcome;
}

Outcome FrameDecoder::Run(std::vector<Wanted> wanted, const Visit& visit) {
  uint64_t count = 0;
  H4MK_FRAMES_TRY(Of(h4mk_reader_frame_count(reader_, track_, &count), reader_));
  if (!wanted.empty() && wanted.back().number >= count)
    return Outcome(H4MK_ERR_NOT_FOUND, "there is no frame " + std::to_string(wanted.back().number) +
                                           ": the track has " + std::to_string(count));
  return UnlessCancelled(RunAll(wanted, visit));
}

Outcome FrameDecoder::RunAll(std::span<Wanted> wanted, const Visit& visit) {
  while (!wanted.empty()) {
    size_t count = 0;
    H4MK_FRAMES_TRY(FindWindow(wanted, &count));
    H4MK_FRAMES_TRY(RunWindow(wanted.first(count), visit));
    wanted = wanted.subspan(count);
  }
  return {};
}

Outcome FrameDecoder::RunWindow(std::span<Wanted> wanted, const Visit& visit) {
  H4MK_FRAMES_TRY(PrefetchClusters(wanted));
  H4MK_FRAMES_TRY(finder_.StartRequest());
  while (!wanted.empty()) {
    size_t count = 0;
    std::vector<Group> groups;
    H4MK_FRAMES_TRY(finder_.Find(wanted, &groups, &count));
    PrefetchBeside(groups);
    H4MK_FRAMES_TRY(RunGroups(std::move(groups), visit));
    if (cancelled_) return Outcome(H4MK_ERR_CANCELLED, "cancelled");
    wanted = wanted.subspan(count);
  }
  return {};
}

Outcome FrameDecoder::RunGroups(std::vector<Group> groups, const Visit& visit) {
  std::vector<Group> short_ones;
  H4MK_FRAMES_TRY(DecodeGroups(std::move(groups), visit, &short_ones, believes_all_));
  // A few at a time: where they do not come out, the others need not be tried.
  for (std::span<Group> left(short_ones); !left.empty() && !cancelled_;) {
    const size_t count = std::min(left.size(), kMaxAgain);
    std::vector<Group> some(count);
    std::ranges::move(left.first(count), some.begin());
    H4MK_FRAMES_TRY(DecodeAgain(std::move(some), visit));
    left = left.subspan(count);
  }
  return {};
}

// Groups of which a picture did not come out, or not certainly as it should be. A decoder may have
// dropped it, which a longer delay prevents; or the group has to begin earlier, where pictures are
// refreshed little by little, say.
Outcome FrameDecoder::DecodeAgain(std::vector<Group> groups, const Visit& visit) {
  delay_ = kMostDelay;
  for (int attempt = 0;; ++attempt) {
    bool is_last = attempt == kMaxTries, any_longer = false;
    for (Group& group : groups) {
      if (is_last) break;
      bool found = false;
      H4MK_FRAMES_TRY(finder_.Lengthen(&group, uint64_t{1} << attempt, &found));
      any_longer = any_longer || found;
    }
    is_last = is_last || !any_longer;
    std::vector<Group> short_ones;
    H4MK_FRAMES_TRY(DecodeGroups(std::move(groups), visit, &short_ones, is_last));
    if (cancelled_) return Outcome(H4MK_ERR_CANCELLED, "cancelled");
    if (short_ones.empty()) {
      believes_all_ = believes_all_ || is_last;
      return {};
    }
    if (is_last)
      return Outcome(H4MK_ERR_CORRUPT, "frame " + std::to_string(short_ones[0].wanted[0].number) +
                                           " or one of the " +
                                           std::to_string(short_ones[0].wanted.size()) +
                                           " frames from there on cannot be decoded");
    groups = std::move(short_ones);
  }
}

Outcome FrameDecoder::DecodeGroups(std::vector<Group> groups, const Visit& visit,
                                   std::vector<Group>* short_ones, bool is_last_try) {
  const size_t count = std::min<size_t>(threads_, groups.size());
  const size_t own_threads =
      AreTiny(groups) ? 1 : std::max<size_t>(1, threads_ / std::max<size_t>(count, 1));
  std::vector<Worker*> workers;
  H4MK_FRAMES_TRY(Workers(count, static_cast<int>(own_threads), &workers));
  Crew crew(workers, *this, visit, options_.memory_limit ? options_.memory_limit : kDefaultMemory);
  // The longest first, so that all threads end at about the same time.
  if (count > 1)
    std::ranges::stable_sort(groups, std::ranges::greater(),
                             [](const Group& group) { return group.blocks.size(); });
  Outcome loading;
  for (Group& group : groups) {
    LoadedGroup loaded;
    loading = Load(std::move(group), &loaded);
    loaded.is_last_try = is_last_try;
    if (!loading.ok() || cancelled_ || !crew.Add(std::move(loaded))) break;
  }
  Outcome outcome = crew.Finish(short_ones);
  stats_.groups += groups.size();
  return loading.ok() ? outcome : loading;
}

// Reads the blocks of a group, and drops those that nothing needs. A group that would not be right
// in time begins earlier.
Outcome FrameDecoder::Load(Group group, LoadedGroup* loaded) {
  std::vector<PictureKind> kinds;
  H4MK_FRAMES_TRY(ReadFront(group.blocks, loaded, &kinds));
  // By twice as many seek points each time. Where that is not enough, the decoder may still get the
  // pictures right, or tell that it does not.
  bool is_longer = true;
  for (int i = 0; i < kMaxTries && is_longer && !RecoversInTime(group, kinds); ++i) {
    const size_t known = group.blocks.size();
    H4MK_FRAMES_TRY(finder_.Lengthen(&group, uint64_t{1} << i, &is_longer));
    H4MK_FRAMES_TRY(
        ReadFront(std::span(group.blocks).first(group.blocks.size() - known), loaded, &kinds));
  }
  std::vector<bool> needed(group.blocks.size(), options_.decode_all != 0);
  for (const Wanted& wanted : group.wanted) needed[wanted.block] = true;
  AddNeeded(kinds, &needed);
  for (size_t i = 0; i < needed.size(); ++i) {
    if (!needed[i]) loaded->packets[i].reset();
    ++(needed[i] ? stats_.blocks_decoded : stats_.blocks_skipped);
  }
  loaded->group = std::move(group);
  return {};
}

// Reads blocks that stand before those that were read.
Outcome FrameDecoder::ReadFront(std::span<const h4mk_block_info> blocks, LoadedGroup* loaded,
                                std::vector<PictureKind>* kinds) {
  std::vector<PictureKind> new_kinds;
  std::vector<Packet> packets;
  for (const h4mk_block_info& info : blocks) {
    if (cancelled_) return Outcome(H4MK_ERR_CANCELLED, "cancelled");
    if (info.pts == H4MK_NO_TIME && reorders_)
      return Outcome(H4MK_ERR_UNSUPPORTED,
                     "the file does not say when all pictures are shown, and they are stored in "
                     "another order; FFmpeg's option "
                     "-fflags +genpts adds the times that are missing");
    h4mk_block block = H4MK_BLOCK_INIT;
    H4MK_FRAMES_TRY(Of(h4mk_reader_read_block(reader_, track_, info.ordinal, &block), reader_));
    new_kinds.push_back(kinds_.Look({block.data, block.size}));
    packets.push_back(MakePacket(block));
    if (!packets.back()) return Outcome(H4MK_ERR_MEMORY, "no memory for a group");
    stats_.bytes_read += block.size;
  }
  kinds->insert(kinds->begin(), new_kinds.begin(), new_kinds.end());
  loaded->packets.insert(loaded->packets.begin(), std::make_move_iterator(packets.begin()),
                         std::make_move_iterator(packets.end()));
  return {};
}

// ----------------------------------------------------------------------------------------------------------
// fetching

// How many of the frames are planned and fetched together: as many as memory allows.
Outcome FrameDecoder::FindWindow(std::span<const Wanted> wanted, size_t* count) {
  *count = wanted.size();
  if (options_.prefetch == nullptr) return {};  // GroupFinder::Find() limits what it finds
  *count = std::min(*count, kMaxWindow);
  const auto limit =
      static_cast<int64_t>(options_.memory_limit ? options_.memory_limit : kDefaultMemory);
  int64_t last = -1, total = 0;
  for (size_t i = 0; i < *count; ++i) {
    h4mk_range clusters = {};
    bool found = false;
    H4MK_FRAMES_TRY(finder_.FindClusters(wanted[i].number, &clusters, &found));
    if (!found || clusters.offset == last) continue;
    last = clusters.offset;
    total += std::min(clusters.size, limit);
    if (total > limit && i > 0) *count = i;
  }
  return {};
}

Outcome FrameDecoder::PrefetchClusters(std::span<const Wanted> wanted) {
  if (options_.prefetch == nullptr) return {};
  std::vector<h4mk_range> ranges;
  for (const Wanted& frame : wanted) {
    h4mk_range clusters = {};
    bool found = false;
    H4MK_FRAMES_TRY(finder_.FindClusters(frame.number, &clusters, &found));
    if (found) ranges.push_back({clusters.offset, clusters.size + kBehindCluster});
  }
  Prefetch(nullptr, std::move(ranges));
  return {};
}

// A hash covers all blocks of the track in a cluster: those behind the last one that is needed are
// read too.
void FrameDecoder::PrefetchBeside(const std::vector<Group>& groups) {
  if (options_.prefetch == nullptr || beside() == nullptr) return;
  std::vector<h4mk_range> ranges;
  std::map<int64_t, h4mk_block_info> ends;  // of each cluster: where the first group in it ends
  for (const Group& group : groups) {
    std::ranges::move(RangesOf(group).beside, std::back_inserter(ranges));
    const h4mk_block_info& last = group.blocks.back();
    h4mk_block_info& end = ends.try_emplace(last.chunk, last).first->second;
    if (last.ordinal < end.ordinal) end = last;
  }
  for (auto& [chunk, next] : ends)
    while (h4mk_reader_block_info(reader_, track_, next.ordinal + 1, &next) == H4MK_OK &&
           next.chunk == chunk)
      if (next.flags & H4MK_BLOCK_EXTERNAL) ranges.push_back({next.offset, next.size});
  Prefetch(beside(), std::move(ranges));
}

void FrameDecoder::Prefetch(const char* beside, std::vector<h4mk_range> ranges) {
  if (ranges.empty()) return;
  ranges = Coalesce(std::move(ranges), kPrefetchWaste);
  options_.prefetch(options_.prefetch_opaque, beside, ranges.data(), ranges.size());
}

}  // namespace h4mk::frames
