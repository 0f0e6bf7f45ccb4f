// SPDX-License-Identifier: MIT
// Samples of a track by their numbers.
#ifndef H4MK_FRAMES_SOUND_DECODER_H_
#define H4MK_FRAMES_SOUND_DECODER_H_

#include <h4mk/frames.h>

#include <atomic>
#include <span>

#include "codec_context.h"

namespace h4mk::frames {

class SoundDecoder {
 public:
  SoundDecoder(h4mk_reader* reader, uint32_t track) : reader_(reader), track_(track) {}

  Outcome Open();
  Outcome Format(h4mk_sound_format* format);
  Outcome Decode(int64_t first, uint64_t count, const std::atomic<bool>& cancelled, float* out);

 private:
  // The samples that are asked for.
  struct Request {
    int64_t first = 0;
    int64_t end = 0;
    float* out = nullptr;
  };

  Outcome FindStart(int64_t first, uint64_t* ordinal, bool* found);
  Outcome Send(const AVPacket* packet, const Request& request, bool* is_behind);
  Outcome Receive(const Request& request, bool* is_behind);
  int64_t PlaceOf(const AVFrame& frame);
  Outcome Take(const AVFrame& frame, int64_t place, const Request& request) const;
  int64_t SampleOf(int64_t ticks) const;

  h4mk_reader* reader_;
  const uint32_t track_;
  CodecContext context_;
  Frame frame_{av_frame_alloc()};
  h4mk_track_info info_ = H4MK_TRACK_INFO_INIT;
  int64_t rate_ = 0;
  int channels_ = 0;
  uint64_t preroll_ = 0;    // blocks
  int64_t frame_size_ = 0;  // samples of a block, where all have as many; else 0
  int64_t start_ = 0;       // sample at which block 0 begins, priming included

  // While a request is decoded:
  bool has_next_ = false;
  int64_t next_ = 0;  // the sample that follows what was decoded last
};

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_SOUND_DECODER_H_
