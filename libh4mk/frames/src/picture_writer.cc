// SPDX-License-Identifier: MIT
#include "picture_writer.h"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>
}

#include <cstring>
#include <string>

namespace h4mk::frames {
namespace {

constexpr int kAlign = 64;

AVPixelFormat FormatOf(const h4mk_picture_format& format) {
  if (format.pixels == H4MK_PIXELS_GRAY) return AV_PIX_FMT_GRAY8;
  return format.layout == H4MK_LAYOUT_CHW ? AV_PIX_FMT_GBRP : AV_PIX_FMT_RGB24;
}

// The deprecated formats "yuvj…" are those of full range.
bool IsFullRange(const AVFrame& frame) {
  const char* name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format));
  return frame.color_range == AVCOL_RANGE_JPEG ||
         (name != nullptr && std::strncmp(name, "yuvj", 4) == 0);
}

// swscale warns of these formats. The range is set by itself, so that the ordinary one does as
// well.
AVPixelFormat WithoutRange(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ411P:
      return AV_PIX_FMT_YUV411P;
    case AV_PIX_FMT_YUVJ420P:
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ440P:
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ444P:
      return AV_PIX_FMT_YUV444P;
    default:
      return format;
  }
}

void CopyRows(const uint8_t* from, int stride, size_t row, uint32_t rows, uint8_t* to) {
  for (uint32_t y = 0; y < rows; ++y, from += stride, to += row) std::memcpy(to, from, row);
}

}  // namespace

uint64_t PictureSize(const h4mk_picture_format& format) {
  return uint64_t{format.width} * format.height * (format.pixels == H4MK_PIXELS_GRAY ? 1 : 3);
}

Outcome PictureWriter::SetUp(const AVFrame& frame, const h4mk_picture_format& format) {
  const int space = frame.colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_ITU601 : frame.colorspace;
  const bool is_same = scaler_ && from_width_ == frame.width && from_height_ == frame.height &&
                       from_format_ == frame.format && from_space_ == space &&
                       from_range_ == IsFullRange(frame) &&
                       std::memcmp(&to_, &format, sizeof to_) == 0;
  if (is_same) return {};
  const AVPixelFormat to = FormatOf(format);
  const auto width = static_cast<int>(format.width), height = static_cast<int>(format.height);
  from_format_ = -1;  // until all is set up: what is remembered belongs to the old scaler
  scaler_.reset(sws_getContext(frame.width, frame.height,
                               WithoutRange(static_cast<AVPixelFormat>(frame.format)), width,
                               height, to, SWS_BILINEAR, nullptr, nullptr, nullptr));
  if (!scaler_)
    return Outcome(H4MK_ERR_UNSUPPORTED,
                   "libswscale cannot convert pictures from " +
                       std::string(av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format))));
  const int* coefficients = sws_getCoefficients(space);
  sws_setColorspaceDetails(scaler_.get(), coefficients, IsFullRange(frame), coefficients, 1, 0,
                           1 << 16, 1 << 16);
  const int size = av_image_alloc(planes_, strides_, width + kAlign, height, to, kAlign);
  if (size < 0) return Outcome(H4MK_ERR_MEMORY, "no memory for a picture");
  picture_.reset(planes_[0]);
  from_width_ = frame.width;
  from_height_ = frame.height;
  from_format_ = frame.format;
  from_space_ = space;
  from_range_ = IsFullRange(frame);
  to_ = format;
  return {};
}

Outcome PictureWriter::Write(const AVFrame& frame, const h4mk_picture_format& format, uint8_t* out,
                             uint64_t size) {
  const auto from = static_cast<AVPixelFormat>(frame.format);
  if (format.pixels == H4MK_PIXELS_DECODED) {
    const int needed = av_image_get_buffer_size(from, frame.width, frame.height, 1);
    if (needed < 0 || static_cast<uint64_t>(needed) != size)
      return Outcome(H4MK_ERR_UNSUPPORTED,
                     "pictures of a track differ in size or form; ask for RGB");
    av_image_copy_to_buffer(out, needed, frame.data, frame.linesize, from, frame.width,
                            frame.height, 1);
    return {};
  }
  H4MK_FRAMES_TRY(SetUp(frame, format));
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, planes_, strides_) < 0)
    return Outcome(H4MK_ERR_UNSUPPORTED, "libswscale cannot convert a picture");
  if (FormatOf(format) != AV_PIX_FMT_GBRP) {
    const size_t row = size_t{format.width} * (format.pixels == H4MK_PIXELS_GRAY ? 1 : 3);
    CopyRows(planes_[0], strides_[0], row, format.height, out);
    return {};
  }
  const size_t plane = size_t{format.width} * format.height;
  constexpr int kRedGreenBlue[] = {2, 0, 1};  // of GBRP
  for (size_t i = 0; i < 3; ++i)
    CopyRows(planes_[kRedGreenBlue[i]], strides_[kRedGreenBlue[i]], format.width, format.height,
             out + i * plane);
  return {};
}

}  // namespace h4mk::frames
