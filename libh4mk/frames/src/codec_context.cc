// SPDX-License-Identifier: MIT
#include "codec_context.h"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
}

#include <cstring>
#include <string_view>

namespace h4mk::frames {
namespace {

constexpr int kSilent = 200;  // added to the level of every message, which is then above any that
                              // is printed; a level has 8 bits

int64_t Number(const h4mk_value* description, const char* key, int64_t least, int64_t most) {
  const int64_t number = h4mk_value_get_int(description, key, 0);
  return number < least || number > most ? 0 : number;
}

int Name(const h4mk_value* description, const char* key, int (*from_name)(const char*),
         int absent) {
  const char* text = h4mk_value_get_text(description, key);
  const int number = text != nullptr ? from_name(text) : -1;
  return number >= 0 ? number : absent;
}

uint32_t CodecTag(const h4mk_value* description) {
  const char* text = h4mk_value_get_text(description, "codec_tag");
  if (text != nullptr && std::strlen(text) == 4) return MKTAG(text[0], text[1], text[2], text[3]);
  return static_cast<uint32_t>(Number(description, "codec_tag", 0, UINT32_MAX));
}

Outcome SetExtradata(const h4mk_value* description, AVCodecContext* context) {
  const uint8_t* data = nullptr;
  size_t size = 0;
  if (h4mk_value_get_bytes(description, "extradata", &data, &size) != H4MK_OK || size == 0 ||
      size > (1u << 28) - 64)
    return {};
  context->extradata = static_cast<uint8_t*>(av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE));
  if (context->extradata == nullptr) return Outcome(H4MK_ERR_MEMORY, "no memory for a decoder");
  std::memcpy(context->extradata, data, size);
  context->extradata_size = static_cast<int>(size);
  return {};
}

void SetVideo(const h4mk_value* description, uint64_t max_pixels, AVCodecContext* context) {
  context->max_pixels = static_cast<int64_t>(max_pixels);
  const auto width = static_cast<int>(Number(description, "width", 0, 1 << 21));
  const auto height = static_cast<int>(Number(description, "height", 0, 1 << 21));
  if (width > 0 && height > 0 &&
      av_image_check_size2(static_cast<unsigned>(width), static_cast<unsigned>(height), INT64_MAX,
                           AV_PIX_FMT_NONE, 0, nullptr) >= 0) {
    context->width = context->coded_width = width;
    context->height = context->coded_height = height;
  }
  if (const char* format = h4mk_value_get_text(description, "pixel_format"))
    context->pix_fmt = av_get_pix_fmt(format);
  context->has_b_frames = static_cast<int>(Number(description, "video_delay", 0, 16));
  context->color_range = static_cast<AVColorRange>(
      Name(description, "color_range", av_color_range_from_name, AVCOL_RANGE_UNSPECIFIED));
  context->colorspace = static_cast<AVColorSpace>(
      Name(description, "color_space", av_color_space_from_name, AVCOL_SPC_UNSPECIFIED));
}

void SetAudio(const h4mk_value* description, AVCodecContext* context) {
  context->sample_rate = static_cast<int>(Number(description, "sample_rate", 0, 1 << 26));
  const char* layout = h4mk_value_get_text(description, "channel_layout");
  if (layout == nullptr || av_channel_layout_from_string(&context->ch_layout, layout) < 0)
    av_channel_layout_default(&context->ch_layout,
                              static_cast<int>(Number(description, "channels", 0, 65535)));
  if (const char* format = h4mk_value_get_text(description, "sample_format"))
    context->sample_fmt = av_get_sample_fmt(format);
}

}  // namespace

Outcome CodecError(int error, const char* what) {
  char text[AV_ERROR_MAX_STRING_SIZE];
  av_strerror(error, text, sizeof text);
  return Outcome(error == AVERROR(ENOMEM) ? H4MK_ERR_MEMORY : H4MK_ERR_CORRUPT,
                 std::string(what) + ": " + text);
}

Outcome OpenCodec(const h4mk_value* description, int threads, uint64_t max_pixels,
                  CodecContext* out) {
  const char* name = h4mk_value_get_text(description, "codec");
  const AVCodecDescriptor* known = avcodec_descriptor_get_by_name(name != nullptr ? name : "");
  const AVCodec* codec = known != nullptr ? avcodec_find_decoder(known->id) : nullptr;
  if (codec == nullptr)
    return Outcome(H4MK_ERR_UNSUPPORTED, std::string("libavcodec has no decoder for the codec ") +
                                             (name != nullptr ? name : "none"));
  CodecContext context(avcodec_alloc_context3(codec));
  if (!context) return Outcome(H4MK_ERR_MEMORY, "no memory for a decoder");
  context->log_level_offset = kSilent;
  context->codec_tag = CodecTag(description);
  context->profile = static_cast<int>(h4mk_value_get_int(description, "profile", -99));
  context->level = static_cast<int>(h4mk_value_get_int(description, "level", -99));
  context->bits_per_coded_sample =
      static_cast<int>(Number(description, "bits_per_coded_sample", 0, 65535));
  context->bits_per_raw_sample =
      static_cast<int>(Number(description, "bits_per_raw_sample", 0, 64));
  context->block_align = static_cast<int>(Number(description, "block_align", 0, 1 << 24));
  H4MK_FRAMES_TRY(SetExtradata(description, context.get()));
  if (codec->type == AVMEDIA_TYPE_VIDEO) SetVideo(description, max_pixels, context.get());
  if (codec->type == AVMEDIA_TYPE_AUDIO) SetAudio(description, context.get());
  context->thread_count = threads;
  context->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
  // What is not wanted is left out here, and nowhere else.
  context->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
  context->flags2 |= AV_CODEC_FLAG2_SHOW_ALL;
  const int error = avcodec_open2(context.get(), codec, nullptr);
  if (error < 0) return CodecError(error, "the decoder cannot be opened");
  *out = std::move(context);
  return {};
}

Packet MakePacket(const h4mk_block& block) {
  Packet packet(av_packet_alloc());
  if (!packet || block.size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE ||
      av_new_packet(packet.get(), static_cast<int>(block.size)) < 0)
    return nullptr;
  if (block.size > 0) std::memcpy(packet->data, block.data, block.size);
  if (block.flags & H4MK_BLOCK_KEY) packet->flags |= AV_PKT_FLAG_KEY;
  // ffmpeg.md, "Names of side data": these have FFmpeg's own form.
  constexpr std::pair<std::string_view, AVPacketSideDataType> kKinds[] = {
      {"new_extradata", AV_PKT_DATA_NEW_EXTRADATA},
      {"palette", AV_PKT_DATA_PALETTE},
      {"param_change", AV_PKT_DATA_PARAM_CHANGE},
      {"skip_samples", AV_PKT_DATA_SKIP_SAMPLES},
      {"matroska_blockadditional", AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL}};
  for (size_t i = 0; i < block.side_data_count; ++i)
    for (const auto& [name, kind] : kKinds) {
      const h4mk_side_data& entry = block.side_data[i];
      if (name != entry.name) continue;
      uint8_t* data = av_packet_new_side_data(packet.get(), kind, entry.size);
      if (data == nullptr) return nullptr;
      if (entry.size > 0) std::memcpy(data, entry.data, entry.size);
    }
  return packet;
}

}  // namespace h4mk::frames
