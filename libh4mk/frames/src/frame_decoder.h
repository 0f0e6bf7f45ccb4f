// SPDX-License-Identifier: MIT
// Frames of a track by their numbers: plans, fetches, and decodes groups side by side.
#ifndef H4MK_FRAMES_FRAME_DECODER_H_
#define H4MK_FRAMES_FRAME_DECODER_H_

#include <h4mk/frames.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "group_decoder.h"
#include "picture_kind.h"
#include "picture_writer.h"
#include "plan.h"

namespace h4mk::frames {

class FrameDecoder {
 public:
  FrameDecoder(h4mk_reader* reader, uint32_t track, const h4mk_frames_options& options);

  Outcome Open();
  Outcome PictureSize(h4mk_picture_format* format, uint64_t* size);
  Outcome Decode(std::span<const uint64_t> numbers, const h4mk_picture_format& format, uint8_t* out,
                 uint64_t out_size);
  Outcome Plan(std::span<const uint64_t> numbers, std::vector<PlannedGroup>* groups);

  void Cancel() { cancelled_ = true; }
  const h4mk_frames_stats& stats() const { return stats_; }
  uint32_t track() const { return track_; }
  // The name of the file beside, or null.
  const char* beside() const { return h4mk_value_get_text(description(), "beside"); }

 private:
  // What one thread decodes with.
  struct Worker {
    explicit Worker(CodecContext context) : decoder(std::move(context)) {}
    GroupDecoder decoder;
    PictureWriter writer;
  };
  using Visit =
      std::function<Outcome(Worker& worker, const Wanted& wanted, const AVFrame& picture)>;
  class Crew;

  // Asked for each time: h4mk_reader_changes() may have freed the last one.
  const h4mk_value* description() const { return h4mk_reader_track(reader_, track_); }
  // As the description says; 0: it does not.
  uint32_t DescribedSide(const char* key) const;
  Outcome Run(std::vector<Wanted> wanted, const Visit& visit);
  Outcome RunAll(std::span<Wanted> wanted, const Visit& visit);
  Outcome RunWindow(std::span<Wanted> wanted, const Visit& visit);
  Outcome RunGroups(std::vector<Group> groups, const Visit& visit);
  Outcome DecodeGroups(std::vector<Group> groups, const Visit& visit,
                       std::vector<Group>* short_ones, bool is_last_try);
  Outcome DecodeAgain(std::vector<Group> groups, const Visit& visit);
  Outcome Load(Group group, LoadedGroup* loaded);
  Outcome ReadFront(std::span<const h4mk_block_info> blocks, LoadedGroup* loaded,
                    std::vector<PictureKind>* kinds);
  Outcome Workers(size_t count, int threads, std::vector<Worker*>* workers);
  Outcome FindAll(std::span<Wanted> wanted, std::vector<PlannedGroup>* groups);
  Outcome UnlessCancelled(Outcome outcome);
  Outcome FindWindow(std::span<const Wanted> wanted, size_t* count);
  Outcome PrefetchClusters(std::span<const Wanted> wanted);
  void PrefetchBeside(const std::vector<Group>& groups);
  void Prefetch(const char* beside, std::vector<h4mk_range> ranges);

  h4mk_reader* reader_;
  const uint32_t track_;
  const h4mk_frames_options options_;
  const uint32_t threads_;
  const uint64_t max_pixels_;
  std::atomic<bool> cancelled_ = false;
  GroupFinder finder_;
  PictureKinds kinds_{"", {}};
  std::map<int, std::vector<std::unique_ptr<Worker>>> workers_;  // by the threads of their own
  bool reorders_ = false;      // blocks are stored in another order than shown
  int delay_ = 0;              // pictures that decoders hold back at least
  bool believes_all_ = false;  // the decoder calls pictures of this track damaged that are not
  uint64_t decoded_size_ = 0;  // of the first frame; 0: not known yet
  uint32_t decoded_width_ = 0, decoded_height_ = 0;
  h4mk_frames_stats stats_ = H4MK_FRAMES_STATS_INIT;
};

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_FRAME_DECODER_H_
