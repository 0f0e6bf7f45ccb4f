// SPDX-License-Identifier: MIT
// Decodes the blocks of one group, and hands out the pictures that are wanted.
#ifndef H4MK_FRAMES_GROUP_DECODER_H_
#define H4MK_FRAMES_GROUP_DECODER_H_

#include <atomic>
#include <functional>
#include <vector>

#include "codec_context.h"
#include "groups.h"
#include "outcome.h"

namespace h4mk::frames {

// A group with its data, and which of its blocks go to the decoder.
struct LoadedGroup {
  Group group;
  std::vector<Packet> packets;  // null: not needed
  bool is_last_try = false;     // nothing stands before it
};

// Used by one thread at a time. Ready for the next group after each call.
class GroupDecoder {
 public:
  explicit GroupDecoder(CodecContext context) : context_(std::move(context)) {}

  // Told each wanted picture, once.
  using Visit = std::function<Outcome(const Wanted& wanted, const AVFrame& picture)>;

  // *is_short: a picture did not come out, or the decoder says of it that it began too late to get
  // it right; the group has to begin earlier. It is not visited then.
  Outcome Decode(LoadedGroup& loaded, const std::atomic<bool>& cancelled, const Visit& visit,
                 bool* is_short);

  // How many pictures the decoder holds back at least, so that it drops none for coming late.
  void set_delay(int pictures) {
    context_->has_b_frames = std::max(context_->has_b_frames, pictures);
  }

 private:
  Outcome Send(const AVPacket* packet);
  Outcome Receive();

  CodecContext context_;
  Frame frame_{av_frame_alloc()};

  // Of the group in work.
  const Visit* visit_ = nullptr;
  std::vector<const Wanted*> by_rank_;  // what is wanted of each block, by the order in which they
                                        // are shown; null: nothing
  size_t missing_ = 0;
  bool trusts_all_ = false;
};

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_GROUP_DECODER_H_
