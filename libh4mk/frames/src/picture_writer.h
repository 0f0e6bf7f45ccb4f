// SPDX-License-Identifier: MIT
// Writes decoded pictures to the caller's memory in the form that he asked for.
#ifndef H4MK_FRAMES_PICTURE_WRITER_H_
#define H4MK_FRAMES_PICTURE_WRITER_H_

#include <h4mk/frames.h>

extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <vector>

#include "outcome.h"

namespace h4mk::frames {

// Bytes of a picture of a format with a known size; not for H4MK_PIXELS_DECODED.
uint64_t PictureSize(const h4mk_picture_format& format);

// Used by one thread at a time.
class PictureWriter {
 public:
  // Writes one picture of `size` bytes, which is what the format takes.
  Outcome Write(const AVFrame& frame, const h4mk_picture_format& format, uint8_t* out,
                uint64_t size);

 private:
  struct FreeSws {
    void operator()(SwsContext* context) const { sws_freeContext(context); }
  };
  struct FreeAv {
    void operator()(uint8_t* bytes) const { av_free(bytes); }
  };

  Outcome SetUp(const AVFrame& frame, const h4mk_picture_format& format);

  std::unique_ptr<SwsContext, FreeSws> scaler_;
  int from_width_ = 0, from_height_ = 0, from_format_ = -1, from_space_ = -1, from_range_ = -1;
  h4mk_picture_format to_ = {};
  // swscale writes beyond the end of lines, and faster to aligned ones: to this, from where they
  // are copied.
  std::unique_ptr<uint8_t, FreeAv> picture_;
  uint8_t* planes_[4] = {};
  int strides_[4] = {};
};

}  // namespace h4mk::frames

#endif  // H4MK_FRAMES_PICTURE_WRITER_H_
