// SPDX-License-Identifier: MIT
// A decoder of libavcodec for a track as its description says.
#ifndef H4MK_FRAMES_CODEC_CONTEXT_H_
#define H4MK_FRAMES_CODEC_CONTEXT_H_

extern "C" {
#include <libavcodec/avcodec.h>
}

#include <memory>

#include "outcome.h"

namespace h4mk::frames {

struct FreeCodecContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using CodecContext = std::unique_ptr<AVCodecContext, FreeCodecContext>;
using Frame = std::unique_ptr<AVFrame, FreeFrame>;
using Packet = std::unique_ptr<AVPacket, FreePacket>;

// An open decoder for a track with a description (ffmpeg.md, "Keys of TRAK"), with so many threads
// of its own. It prints nothing, and takes no picture of more pixels.
Outcome OpenCodec(const h4mk_value* description, int threads, uint64_t max_pixels,
                  CodecContext* context);

// What an error of libavcodec means.
Outcome CodecError(int error, const char* what);

// A packet with a copy of a block's data and of that side data which decoders look at. Times are
// left out. Null: out of memory.
Packet MakePacket(const h4mk_block& block);

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_CODEC_CONTEXT_H_
