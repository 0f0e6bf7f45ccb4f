/* SPDX-License-Identifier: MIT
 *
 * Muxer and demuxer by the functions of libavformat, with what no file at hand has: each field of
 * AVCodecParameters, every value of the enums, every side data type, every disposition, packets of
 * every flag, times that are missing or go backwards, chapters, programs and stream groups. What is
 * read must be what was given.
 */
#include <libavutil/avstring.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/hdr_dynamic_metadata.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/samplefmt.h>
#include <libavutil/spherical.h>
#include <libavutil/stereo3d.h>
#include <limits.h>
#include <stdlib.h> /* __GLIBC__ */
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "media_compare.h"

#define PATH "api_test.h4mk"

#if LIBAVFORMAT_VERSION_MAJOR >= 61
#define RELAY_CONST const
#else
#define RELAY_CONST
#endif

static const char* test_name;
static int failures;

static void fail(const char* what, int error) {
  printf("%s: %s%s%s\n", test_name, what, error ? ": " : "", error ? av_err2str(error) : "");
  failures++;
}

/* One file that is written and read again. */
typedef struct Test {
  AVFormatContext *out, *in;
  PacketList given, got;
} Test;

static void begin(Test* test, const char* name) {
  memset(test, 0, sizeof *test);
  mc_printed = 0;
  test_name = name;
  if (avformat_alloc_output_context2(&test->out, NULL, "h4mk", PATH) < 0) {
    printf("this FFmpeg has no H4MK muxer\n");
    exit(1);
  }
}

static AVStream* add_stream(Test* test, enum AVMediaType type, enum AVCodecID codec, int num,
                            int den) {
  AVStream* stream = avformat_new_stream(test->out, NULL);
  stream->codecpar->codec_type = type;
  stream->codecpar->codec_id = codec;
  stream->time_base = (AVRational){num, den};
  if (type == AVMEDIA_TYPE_VIDEO) {
    stream->codecpar->width = 64;
    stream->codecpar->height = 48;
  } else if (type == AVMEDIA_TYPE_AUDIO) {
    stream->codecpar->sample_rate = 48000;
    av_channel_layout_default(&stream->codecpar->ch_layout, 2);
  }
  return stream;
}

static void write_header(Test* test) {
  int ret = avio_open(&test->out->pb, PATH, AVIO_FLAG_WRITE);
  if (ret >= 0) ret = avformat_write_header(test->out, NULL);
  if (ret < 0) fail("header", ret);
}

static AVPacket* new_packet(int stream, int64_t pts, int64_t dts, int size) {
  AVPacket* packet = av_packet_alloc();
  int i;
  av_new_packet(packet, size);
  for (i = 0; i < size; i++) packet->data[i] = (uint8_t)(i * 7 + pts);
  packet->stream_index = stream;
  packet->pts = pts;
  packet->dts = dts;
  packet->flags = AV_PKT_FLAG_KEY;
  return packet;
}

/* Muxes a packet and remembers it, unless libavformat refuses it before the muxer sees it. Takes
 * the packet. */
static int write_packet(Test* test, AVPacket* packet) {
  AVPacket* copy = av_packet_clone(packet);
  int ret = av_write_frame(test->out, copy);
  av_packet_free(&copy);
  if (ret >= 0)
    mc_add(&test->given, packet);
  else
    av_packet_free(&packet);
  return ret;
}

/* Finishes the file and reads it, without avformat_find_stream_info(). */
static void read_back(Test* test) {
  int ret = av_write_trailer(test->out);
  if (ret < 0) fail("trailer", ret);
  avio_closep(&test->out->pb);
  ret = avformat_open_input(&test->in, PATH, NULL, NULL);
  if (ret < 0) {
    fail("open", ret);
    return;
  }
  test->in->flags |= AVFMT_FLAG_NOPARSE;
  ret = mc_read_all(test->in, &test->got);
  if (ret < 0) fail("read", ret);
}

static void end(Test* test) {
  mc_free(&test->given);
  mc_free(&test->got);
  avformat_free_context(test->out);
  avformat_close_input(&test->in);
  remove(PATH);
}

static void expect_same_packets(Test* test) {
  int n;
  if (!test->in) return;
  n = mc_int("file", "number of packets", test->given.count, test->got.count);
  n += mc_packets(&test->given, &test->got, test->out->nb_streams, 0);
  if (n) fail("packets differ", 0);
}

static void expect_same_parameters(Test* test) {
  unsigned i;
  int n = 0;
  if (!test->in) return;
  n += mc_int("file", "number of streams", test->out->nb_streams, test->in->nb_streams);
  for (i = 0; i < test->out->nb_streams && i < test->in->nb_streams; i++) {
    char where[32];
    const AVStream *a = test->out->streams[i], *b = test->in->streams[i];
    snprintf(where, sizeof where, "stream %u", i);
    n += mc_parameters(where, a->codecpar, b->codecpar);
    n += mc_rational(where, "time_base", a->time_base, b->time_base);
    n += mc_rational(where, "avg_frame_rate", a->avg_frame_rate, b->avg_frame_rate);
    n += mc_rational(where, "r_frame_rate", a->r_frame_rate, b->r_frame_rate);
    n += mc_rational(where, "sample_aspect_ratio", a->sample_aspect_ratio, b->sample_aspect_ratio);
    n += mc_rational(where, "codec's sample_aspect_ratio", a->codecpar->sample_aspect_ratio,
                     b->codecpar->sample_aspect_ratio);
    n += mc_int(where, "disposition", a->disposition, b->disposition);
    n += mc_tags(where, a->metadata, b->metadata);
  }
  if (n) fail("parameters differ", 0);
}

static void write_nothing_and_read(Test* test) {
  write_header(test);
  read_back(test);
  expect_same_parameters(test);
  end(test);
}

/* -------------------------------------------------------------------------------------------------------
 * parameters */

static void test_every_field(void) {
  Test test;
  AVStream* stream;
  AVCodecParameters* par;
  begin(&test, "every field");
  stream = add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, 1001, 30000);
  par = stream->codecpar;
  par->codec_tag = MKTAG('a', 'v', 'c', 0xFF);
  par->extradata = av_mallocz(1000 + AV_INPUT_BUFFER_PADDING_SIZE);
  par->extradata_size = 1000;
  memset(par->extradata, 0xA5, 1000);
  par->format = AV_PIX_FMT_YUV420P10;
  par->bit_rate = INT64_C(5000000000);
  par->bits_per_coded_sample = 24;
  par->bits_per_raw_sample = 10;
  par->profile = 110;
  par->level = 51;
  par->width = 3840;
  par->height = 2160;
  par->sample_aspect_ratio = (AVRational){40, 33};
  par->framerate = (AVRational){30000, 1001};
  par->field_order = AV_FIELD_BT;
  par->color_range = AVCOL_RANGE_JPEG;
  par->color_primaries = AVCOL_PRI_BT2020;
  par->color_trc = AVCOL_TRC_SMPTE2084;
  par->color_space = AVCOL_SPC_BT2020_NCL;
  par->chroma_location = AVCHROMA_LOC_TOPLEFT;
  par->video_delay = 3;
  stream->avg_frame_rate = (AVRational){30000, 1001};
  stream->r_frame_rate = (AVRational){60000, 1001};
  stream->sample_aspect_ratio = (AVRational){40, 33};
  av_dict_set(&stream->metadata, "language", "deu", 0);

  stream = add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_PCM_S24LE, 1, 96000);
  par = stream->codecpar;
  par->format = AV_SAMPLE_FMT_S32;
  par->sample_rate = 96000;
  par->block_align = 18;
  par->frame_size = 1024;
  par->initial_padding = 312;
  par->trailing_padding = 77;
  par->seek_preroll = 3840;
  par->bits_per_coded_sample = 24;
  par->bits_per_raw_sample = 20;

  stream = add_stream(&test, AVMEDIA_TYPE_SUBTITLE, AV_CODEC_ID_DVD_SUBTITLE, 1, 90000);
  stream->codecpar->width = 720;
  stream->codecpar->height = 576;
  add_stream(&test, AVMEDIA_TYPE_DATA, AV_CODEC_ID_TIMED_ID3, 1, 90000);
  add_stream(&test, AVMEDIA_TYPE_DATA, AV_CODEC_ID_NONE, 1, 90000)->codecpar->codec_tag =
      MKTAG('x', 'y', 'z', 'w');
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_NONE, 1, 25)->codecpar->codec_tag =
      MKTAG('N', 'E', 'W', '1');
  add_stream(&test, AVMEDIA_TYPE_UNKNOWN, AV_CODEC_ID_NONE, 1, 25);
  write_nothing_and_read(&test);
}

static void test_every_enum_value(void) {
  Test test;
  int i;
  begin(&test, "every enum value");
#define EACH(field, count)    \
  for (i = 0; i < count; i++) \
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_FFV1, 1, 25)->codecpar->field = i
  EACH(color_range, AVCOL_RANGE_NB);
  for (i = 0; i < AVCOL_PRI_NB; i++) /* there are numbers that mean nothing */
    if (av_color_primaries_name(i))
      add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_FFV1, 1, 25)->codecpar->color_primaries = i;
  EACH(color_trc, AVCOL_TRC_NB);
  EACH(color_space, AVCOL_SPC_NB);
  EACH(chroma_location, AVCHROMA_LOC_NB);
  EACH(field_order, AV_FIELD_BT + 1);
  EACH(format, AV_PIX_FMT_NB);
#undef EACH
  for (i = -99; i < 200; i++)
    add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 25)->codecpar->profile = i;
  for (i = -99; i < 200; i += 13)
    add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 25)->codecpar->level = i;
  for (i = 0; i < AV_SAMPLE_FMT_NB; i++)
    add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 25)->codecpar->format = i;
  for (i = 0; i < 32; i++)
    if (i != 10) /* AV_DISPOSITION_ATTACHED_PIC: has a case of its own */
      add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 25)->disposition = (int)(1u << i);
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 25)->disposition =
      AV_DISPOSITION_DEFAULT | AV_DISPOSITION_FORCED | AV_DISPOSITION_CAPTIONS;
  write_nothing_and_read(&test);
}

static void test_every_codec(void) {
  Test test;
  const AVCodecDescriptor* codec = NULL;
  begin(&test, "every codec");
  while ((codec = avcodec_descriptor_next(codec)))
    if (codec->type != AVMEDIA_TYPE_ATTACHMENT) add_stream(&test, codec->type, codec->id, 1, 25);
  write_nothing_and_read(&test);
}

static void test_channel_layouts(void) {
  static const char* const texts[] = {
      "3 channels",       "ambisonic 1", "ambisonic 3+stereo", "FL+FR+LFE",   "FR+FL",
      "FL@left+FR@right", "22.2",        "64 channels",        "UNSD+FC+UNK", "AMBI0+AMBI2+FC"};
  Test test;
  const AVChannelLayout* layout;
  AVStream* stream;
  void* state = NULL;
  unsigned i;
  begin(&test, "channel layouts");
  while ((layout = av_channel_layout_standard(&state))) {
    stream = add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 48000);
    av_channel_layout_copy(&stream->codecpar->ch_layout, layout);
  }
  for (i = 0; i < sizeof texts / sizeof *texts; i++) {
    stream = add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 48000);
    av_channel_layout_uninit(&stream->codecpar->ch_layout);
    if (av_channel_layout_from_string(&stream->codecpar->ch_layout, texts[i]) < 0)
      av_channel_layout_default(&stream->codecpar->ch_layout, 1);
  }
  write_nothing_and_read(&test);
}

static void test_time_bases(void) {
  static const AVRational bases[] = {
      {1, 1},          {1, 2},       {1, 90000},   {1001, 30000},
      {1, 1000000000}, {1, INT_MAX}, {INT_MAX, 1}, {INT_MAX, INT_MAX - 1},
      {3, 7}};
  Test test;
  unsigned i;
  begin(&test, "time bases are kept as given");
  for (i = 0; i < 64; i++) {
    const AVRational base = bases[i % (sizeof bases / sizeof *bases)];
    add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, base.num, base.den);
  }
  write_header(&test);
  for (i = 0; i < 64; i++) {
    const AVRational base = bases[i % (sizeof bases / sizeof *bases)];
    if (mc_rational("after avformat_write_header()", "time_base", base,
                    test.out->streams[i]->time_base))
      fail("a time base was changed", 0);
  }
  for (i = 0; i < 640; i++) write_packet(&test, new_packet(i % 64, i / 64 * 3, i / 64 * 3, 10));
  read_back(&test);
  expect_same_parameters(&test);
  expect_same_packets(&test);
  end(&test);
}

/* --------------------------------------------------------------------------------------------------------
 * side data */

static void add_struct(AVCodecParameters* par, enum AVPacketSideDataType type, const void* data,
                       size_t size) {
  AVPacketSideData* sd =
      av_packet_side_data_new(&par->coded_side_data, &par->nb_coded_side_data, type, size, 0);
  if (size) memcpy(sd->data, data, size);
}

static void test_stream_side_data(void) {
  const int32_t matrix[9] = {0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30};
  const uint8_t bytes[40] = {1, 2, 3, 0, 255};
  Test test;
  AVStream* stream;
  AVCodecParameters* par;
  AVStereo3D* stereo;
  AVSphericalMapping* spherical;
  AVMasteringDisplayMetadata* mastering;
  AVContentLightMetadata* light;
  AVDOVIDecoderConfigurationRecord* dovi;
  AVCPBProperties* cpb;
  size_t size;
  enum AVAudioServiceType service = AV_AUDIO_SERVICE_TYPE_KARAOKE;
  begin(&test, "stream side data");
  stream = add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 25);
  par = stream->codecpar;

  add_struct(par, AV_PKT_DATA_DISPLAYMATRIX, matrix, sizeof matrix);
  stereo = av_stereo3d_alloc_size(&size);
  stereo->type = AV_STEREO3D_SIDEBYSIDE_QUINCUNX;
  stereo->flags = AV_STEREO3D_FLAG_INVERT;
  stereo->view = AV_STEREO3D_VIEW_RIGHT;
  stereo->primary_eye = AV_PRIMARY_EYE_LEFT;
  stereo->baseline = 4000000000u;
  stereo->horizontal_disparity_adjustment = (AVRational){-1, 10000};
  stereo->horizontal_field_of_view = (AVRational){63, 1000};
  add_struct(par, AV_PKT_DATA_STEREO3D, stereo, size);
  spherical = av_spherical_alloc(&size);
  spherical->projection = AV_SPHERICAL_EQUIRECTANGULAR_TILE;
  spherical->yaw = -90 * 65536;
  spherical->bound_left = UINT32_MAX - 1;
  spherical->padding = 3;
  add_struct(par, AV_PKT_DATA_SPHERICAL, spherical, size);
  mastering = av_mastering_display_metadata_alloc_size(&size);
  mastering->display_primaries[2][1] = (AVRational){13250, 50000};
  mastering->white_point[0] = (AVRational){15635, 50000};
  mastering->min_luminance = (AVRational){50, 10000};
  mastering->has_luminance = 1;
  add_struct(par, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, mastering, size);
  light = av_content_light_metadata_alloc(&size);
  light->MaxCLL = 1000;
  light->MaxFALL = 400;
  add_struct(par, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, light, size);
  dovi = av_dovi_alloc(&size);
  dovi->dv_version_major = 1;
  dovi->dv_profile = 8;
  dovi->dv_level = 6;
  dovi->rpu_present_flag = dovi->bl_present_flag = 1;
  dovi->dv_bl_signal_compatibility_id = 4;
  add_struct(par, AV_PKT_DATA_DOVI_CONF, dovi, size);
  cpb = av_cpb_properties_alloc(&size);
  cpb->max_bitrate = INT64_C(6000000000);
  cpb->buffer_size = 12345;
  cpb->vbv_delay = UINT64_MAX;
  add_struct(par, AV_PKT_DATA_CPB_PROPERTIES, cpb, size);
  add_struct(par, AV_PKT_DATA_AUDIO_SERVICE_TYPE, &service, sizeof service);
  add_struct(par, AV_PKT_DATA_ICC_PROFILE, bytes, sizeof bytes);
  add_struct(par, AV_PKT_DATA_FALLBACK_TRACK, "\1\0\0\0", 4);
  add_struct(par, AV_PKT_DATA_REPLAYGAIN, bytes, 16);
  add_struct(par, AV_PKT_DATA_ENCRYPTION_INIT_INFO, bytes, sizeof bytes);
  add_struct(par, AV_PKT_DATA_FRAME_CROPPING, bytes, 16);
  av_free(stereo);
  av_free(spherical);
  av_free(mastering);
  av_free(light);
  av_free(dovi);
  av_free(cpb);
  write_nothing_and_read(&test);
}

/* Types whose payload is bytes by FFmpeg's definition; one that no build knows is carried too. */
static void test_packet_side_data(void) {
  static const enum AVPacketSideDataType types[] = {AV_PKT_DATA_NEW_EXTRADATA,
                                                    AV_PKT_DATA_PARAM_CHANGE,
                                                    AV_PKT_DATA_H263_MB_INFO,
                                                    AV_PKT_DATA_QUALITY_STATS,
                                                    AV_PKT_DATA_SKIP_SAMPLES,
                                                    AV_PKT_DATA_JP_DUALMONO,
                                                    AV_PKT_DATA_STRINGS_METADATA,
                                                    AV_PKT_DATA_SUBTITLE_POSITION,
                                                    AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL,
                                                    AV_PKT_DATA_WEBVTT_IDENTIFIER,
                                                    AV_PKT_DATA_WEBVTT_SETTINGS,
                                                    AV_PKT_DATA_METADATA_UPDATE,
                                                    AV_PKT_DATA_MPEGTS_STREAM_ID,
                                                    AV_PKT_DATA_A53_CC,
                                                    AV_PKT_DATA_ENCRYPTION_INFO,
                                                    AV_PKT_DATA_AFD,
                                                    AV_PKT_DATA_LCEVC};
  Test test;
  AVPacket* packet;
  static const AVProducerReferenceTime prft = {INT64_C(1700000000123456), 7}; /* padding too */
  const size_t sizes[] = {16, 17, 1000}; /* none has a size below which it is not handed out */
  uint8_t* data;
  unsigned i, size;
  begin(&test, "packet side data");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, 1, 1000);
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, 1, 48000);
  write_header(&test);
  for (i = 0; i < sizeof types / sizeof *types; i++) {
    for (size = 0; size < 3; size++) {
      packet = new_packet(size % 2, i * 10 + size, i * 10 + size, 30);
      data = av_packet_new_side_data(packet, types[i], sizes[size]);
      memset(data, (int)(i + size), sizes[size]);
      write_packet(&test, packet);
    }
  }
  packet = new_packet(0, 1000, 1000, 30);
  data = av_packet_new_side_data(packet, AV_PKT_DATA_PRFT, sizeof prft);
  memcpy(data, &prft, sizeof prft);
  data = av_packet_new_side_data(packet, AV_PKT_DATA_PALETTE, AVPALETTE_SIZE);
  for (i = 0; i < AVPALETTE_SIZE; i++) data[i] = (uint8_t)i;
  data = av_packet_new_side_data(packet, AV_PKT_DATA_S12M_TIMECODE, 16);
  memset(data, 0, 16);
  data[0] = 1;
  write_packet(&test, packet);
  read_back(&test);
  expect_same_packets(&test);
  end(&test);
}

#if LIBAVFORMAT_VERSION_MAJOR >= 63
/* Metadata that FFmpeg knows as a struct whose counts must not come from a file as they are. */
static void test_smpte_2094_50(void) {
  Test test;
  AVPacket* packet;
  size_t size, t35_size = 0;
  uint8_t* t35 = NULL;
  AVDynamicHDRSmpte2094App5* hdr = av_dynamic_hdr_smpte2094_app5_alloc(&size);
  begin(&test, "SMPTE 2094-50");
  hdr->has_custom_hdr_reference_white_flag = 1;
  hdr->hdr_reference_white = 1234;
  if (av_dynamic_hdr_smpte2094_app5_to_t35(hdr, &t35, &t35_size) < 0 ||
      av_dynamic_hdr_smpte2094_app5_from_t35(hdr, t35, t35_size) < 0)
    fail("no such metadata", 0);
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 1000);
  write_header(&test);
  packet = new_packet(0, 0, 0, 30);
  memcpy(av_packet_new_side_data(packet, AV_PKT_DATA_DYNAMIC_HDR_SMPTE_2094_APP5, size), hdr, size);
  write_packet(&test, packet);
  packet = new_packet(0, 1, 1, 30);
  memset(av_packet_new_side_data(packet, AV_PKT_DATA_DYNAMIC_HDR_SMPTE_2094_APP5, 4), 255, 4);
  write_packet(&test, packet);
  read_back(&test);
  if (test.got.count != 2 || test.got.packets[0]->side_data_elems != 1 ||
      test.got.packets[0]->side_data[0].size != size ||
      memcmp(test.got.packets[0]->side_data[0].data, hdr, size))
    fail("the metadata differs", 0);
  if (test.got.count == 2 && test.got.packets[1]->side_data_elems)
    fail("half a struct was handed out", 0);
  av_free(hdr);
  av_free(t35);
  end(&test);
}
#endif

/* A struct that is too small is written as what it is, but not handed to those who read it as the
 * whole struct. */
static void test_half_a_struct(void) {
  static const enum AVPacketSideDataType types[] = {AV_PKT_DATA_MASTERING_DISPLAY_METADATA,
                                                    AV_PKT_DATA_DYNAMIC_HDR10_PLUS,
                                                    AV_PKT_DATA_IAMF_MIX_GAIN_PARAM};
  Test test;
  AVPacket* packet;
  unsigned i;
  begin(&test, "half a struct");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 1000);
  write_header(&test);
  for (i = 0; i < sizeof types / sizeof *types; i++) {
    packet = new_packet(0, i, i, 30);
    memset(av_packet_new_side_data(packet, types[i], 4), 255, 4);
    write_packet(&test, packet);
  }
  read_back(&test);
  if (test.got.count != 3) fail("packets are lost", 0);
  for (i = 0; i < (unsigned)test.got.count; i++)
    if (test.got.packets[i]->side_data_elems) fail("half a struct was handed out", 0);
  end(&test);
}

/* ----------------------------------------------------------------------------------------------------------
 * packets */

static void test_flags_and_sizes(void) {
  Test test;
  int i;
  begin(&test, "flags and sizes");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, 1, 1000);
  write_header(&test);
  for (i = 0; i < 64; i++) {
    AVPacket* packet = new_packet(0, i, i, i < 60 ? 1 + i * i : 100000 * i);
    packet->duration = i * INT64_C(1000000000000);
    packet->flags = (i & 1 ? AV_PKT_FLAG_KEY : 0) | (i & 2 ? AV_PKT_FLAG_CORRUPT : 0) |
                    (i & 4 ? AV_PKT_FLAG_DISCARD : 0) | (i & 8 ? AV_PKT_FLAG_DISPOSABLE : 0);
    write_packet(&test, packet);
  }
  read_back(&test);
  expect_same_packets(&test);
  end(&test);
}

/* Whatever times libavformat lets through to the muxer come back. */
static void test_times(void) {
  static const int64_t dts[] = {-5000, -1, 0, 0, 1, 1, 500, INT64_C(1) << 40, INT64_C(1) << 60};
  Test test;
  unsigned i;
  begin(&test, "times");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, 1, 90000)->codecpar->video_delay = 2;
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, 1, 48000);
  add_stream(&test, AVMEDIA_TYPE_SUBTITLE, AV_CODEC_ID_SUBRIP, 1, 1000);
  add_stream(&test, AVMEDIA_TYPE_DATA, AV_CODEC_ID_BIN_DATA, 1, 1000);
  write_header(&test);
  for (i = 0; i < sizeof dts / sizeof *dts; i++) {
    int stream;
    for (stream = 0; stream < 4; stream++)
      write_packet(&test, new_packet(stream, stream ? dts[i] : dts[i] + 3000, dts[i], 5));
  }
  if (test.given.count < 20) fail("libavformat refused too much for a test", 0);
  read_back(&test);
  expect_same_packets(&test);
  end(&test);

  begin(&test, "a missing pts");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, 1, 90000)->codecpar->video_delay = 2;
  write_header(&test);
  for (i = 0; i < 20; i++)
    write_packet(&test, new_packet(0, i % 3 ? AV_NOPTS_VALUE : (int64_t)i + 2, i, 5));
  if (test.given.count != 20) fail("libavformat refused a missing pts", 0);
  read_back(&test);
  expect_same_packets(&test);
  end(&test);
}

static void test_attached_picture(void) {
  Test test;
  begin(&test, "attached picture");
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 48000);
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_MJPEG, 1, 90000)->disposition =
      AV_DISPOSITION_ATTACHED_PIC;
  write_header(&test);
  write_packet(&test, new_packet(1, 0, 0, 5000));
  write_packet(&test, new_packet(0, 0, 0, 50));
  write_packet(&test, new_packet(0, 1024, 1024, 50));
  read_back(&test);
  expect_same_parameters(&test);
  expect_same_packets(&test);
  if (test.in &&
      mc_bytes("attached_pic", "payload", test.given.packets[0]->data, 5000,
               test.in->streams[1]->attached_pic.data, test.in->streams[1]->attached_pic.size))
    fail("attached_pic is not set after opening", 0);
  end(&test);
}

static void test_attachment(void) {
  Test test;
  AVStream* stream;
  begin(&test, "attachment");
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 48000);
  stream = add_stream(&test, AVMEDIA_TYPE_ATTACHMENT, AV_CODEC_ID_TTF, 1, 90000);
  stream->codecpar->extradata = av_mallocz(200000 + AV_INPUT_BUFFER_PADDING_SIZE);
  stream->codecpar->extradata_size = 200000;
  memset(stream->codecpar->extradata, 'f', 200000);
  av_dict_set(&stream->metadata, "filename", "font.ttf", 0);
  av_dict_set(&stream->metadata, "mimetype", "application/x-truetype-font", 0);
  write_header(&test);
  write_packet(&test, new_packet(0, 0, 0, 50));
  read_back(&test);
  expect_same_parameters(&test);
  expect_same_packets(&test);
  end(&test);
}

/* -------------------------------------------------------------------------------------------------------------
 * file */

static void test_tags(void) {
  Test test;
  AVDictionary** tags;
  begin(&test, "tags");
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 48000);
  tags = &test.out->metadata;
  av_dict_set(tags, "title", "gr\303\274n \"quoted\" \\ \n tab\t", 0);
  av_dict_set(tags, "latin", "caf\351", 0);
  av_dict_set(tags, "empty", "", 0);
  av_dict_set(tags, "UPPER", "1", 0);
  av_dict_set(tags, "Key With Spaces", "x", 0);
  av_dict_set(tags, "artist", "first", AV_DICT_MULTIKEY);
  av_dict_set(tags, "artist", "second", AV_DICT_MULTIKEY);
  av_dict_copy(&test.out->streams[0]->metadata, *tags, AV_DICT_MULTIKEY);
  write_header(&test);
  read_back(&test);
  if (test.in && (mc_tags("file", test.out->metadata, test.in->metadata) ||
                  av_dict_count(test.in->metadata) < 7))
    fail("tags differ", 0);
  expect_same_parameters(&test);
  end(&test);
}

static void add_chapter(AVFormatContext* format, int64_t id, AVRational base, int64_t start,
                        int64_t end, const char* title) {
  AVChapter* chapter = av_mallocz(sizeof *chapter);
  chapter->id = id;
  chapter->time_base = base;
  chapter->start = start;
  chapter->end = end;
  if (title) av_dict_set(&chapter->metadata, "title", title, 0);
  format->chapters = av_realloc_array(format->chapters, format->nb_chapters + 1, sizeof chapter);
  format->chapters[format->nb_chapters++] = chapter;
}

static void test_chapters_and_programs(void) {
  Test test;
  AVProgram* program;
  int i;
  begin(&test, "chapters and programs");
  for (i = 0; i < 3; i++) add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 48000);
  add_chapter(test.out, 5, (AVRational){1, 1000}, -500, 1000, "before the start");
  add_chapter(test.out, INT64_C(-7000000000), (AVRational){1, 1000000000}, 1,
              INT64_C(9000000000000), NULL);
  add_chapter(test.out, 6, (AVRational){1001, 30000}, 7, AV_NOPTS_VALUE, "no end");
  add_chapter(test.out, 5, (AVRational){1, 1000}, 1000, 2000, "an id that another chapter has");
  program = av_new_program(test.out, 100);
  program->program_num = 7;
  program->pmt_pid = 256;
  program->pcr_pid = 257;
  av_dict_set(&program->metadata, "service_name", "News", 0);
  av_program_add_stream_index(test.out, 100, 2);
  av_program_add_stream_index(test.out, 100, 0);
  av_new_program(test.out, 3);
  /* as another writer may have it: libavformat itself makes no two with one id */
  av_new_program(test.out, 4);
  av_program_add_stream_index(test.out, 4, 1);
  test.out->programs[2]->id = 3;
  write_header(&test);
  write_packet(&test, new_packet(0, 0, 0, 50));
  read_back(&test);
  if (test.in && mc_chapters(test.out, test.in) + mc_programs(test.out, test.in))
    fail("they differ", 0);
  end(&test);
}

/* What cannot be described at the end costs the description, not the index of the file. */
static void test_trailer_errors(void) {
  Test test;
  int i, ret;
  begin(&test, "trailer errors");
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_FLAC, 1, 48000);
  write_header(&test);
  for (i = 0; i < 9; i++) write_packet(&test, new_packet(0, i, i, 10));
  test.out->streams[0]->time_base.den = 1000; /* it cannot change in midstream */
  av_dict_set(&test.out->metadata, "title", "told at the end", 0);
  ret = av_write_trailer(test.out);
  if (ret >= 0) fail("the error is not reported", 0);
  avio_closep(&test.out->pb);
  test.out->streams[0]->time_base.den = 48000;
  ret = avformat_open_input(&test.in, PATH, NULL, NULL);
  if (ret < 0) fail("open", ret);
  if (test.in && !avformat_index_get_entries_count(test.in->streams[0])) fail("no index", 0);
  if (test.in && !av_dict_get(test.in->metadata, "title", NULL, 0)) fail("no title", 0);
  end(&test);
}

/* Writes what was set up, and gives the group that comes back, or NULL. */
static const AVStreamGroup* read_group(Test* test, const AVStreamGroup* group) {
  const AVStreamGroup* got;
  int n = 0;
  write_header(test);
  write_packet(test, new_packet(0, 0, 0, 50));
  read_back(test);
  if (!test->in || test->in->nb_stream_groups != 1) {
    fail("the group is lost", 0);
    return NULL;
  }
  got = test->in->stream_groups[0];
  n += mc_int("group", "id", group->id, got->id);
  n += mc_int("group", "type", group->type, got->type);
  n += mc_int("group", "streams", group->nb_streams, got->nb_streams);
  n += mc_int("group", "disposition", group->disposition, got->disposition);
  n += mc_tags("group", group->metadata, got->metadata);
  if (n) fail("the group differs", 0);
  return n ? NULL : got;
}

/* Seeks by time to where no stream is, in ticks that such a time has too many of. */
static void test_far_seeks(void) {
  static const struct {
    int64_t min, time, max, expected;
  } seeks[] = {
      {INT64_MIN, INT64_MAX - 1, INT64_MAX - 1, 2000000000},
      {-7000000000000000000, 7000000000000000000, 7100000000000000000, 2000000000},
      {-7100000000000000000, -7000000000000000000, 7000000000000000000, 0},
      {1500000, 7000000000000000000, INT64_MAX, 2000000000},
      {INT64_MIN, -7000000000000000000, 1500000, 0},
      {7000000000000000000, 7000000000000000001, 7100000000000000000, -1},
      {-7100000000000000000, -7000000000000000000, -1, -1},
  };
  Test test;
  AVPacket* packet = av_packet_alloc();
  unsigned i;
  begin(&test, "far seeks");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, 1, 1000000000);
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, 1, 48000);
  write_header(&test);
  for (i = 0; i < 3; i++)
    write_packet(&test, new_packet(0, i * INT64_C(1000000000), i * INT64_C(1000000000), 30));
  read_back(&test);
  for (i = 0; test.in && i < sizeof seeks / sizeof *seeks; i++) {
    int ret = avformat_seek_file(test.in, -1, seeks[i].min, seeks[i].time, seeks[i].max, 0);
    if ((ret < 0) != (seeks[i].expected < 0)) fail("seek", ret);
    if (ret < 0 || av_read_frame(test.in, packet) < 0) continue;
    if (packet->pts != seeks[i].expected) fail("a seek leads elsewhere", (int)i);
    av_packet_unref(packet);
  }
  av_packet_free(&packet);
  end(&test);
}

/* What the caller asks for is done, and its context is left as it set it up. */
static void test_options_of_the_caller(void) {
  static const struct {
    int flags;
    int64_t pts, dts; /* of a packet that has no pts, behind one that has both */
    int64_t first_dts;
  } cases[] = {
      {0, AV_NOPTS_VALUE, 40, 0},
      {AVFMT_FLAG_NOFILLIN, AV_NOPTS_VALUE, 40, 0},
      {AVFMT_FLAG_IGNDTS, AV_NOPTS_VALUE, 40, AV_NOPTS_VALUE},
      {AVFMT_FLAG_GENPTS, 120, 40, 0}, /* by the packets behind it */
  };
  Test test;
  AVPacket* packet = av_packet_alloc();
  unsigned i;
  begin(&test, "options of the caller");
  /* with a delay of 0 libavformat gives the muxer a pts */
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_MPEG2VIDEO, 1, 1000)->codecpar->video_delay = 1;
  write_header(&test);
  for (i = 0; i < 4; i++)
    write_packet(&test, new_packet(0, i == 1 ? AV_NOPTS_VALUE : i * 40, i * 40, 10));
  read_back(&test);
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    AVFormatContext* format = avformat_alloc_context();
    int flags;
    format->flags |= cases[i].flags | AVFMT_FLAG_NOPARSE;
    flags = format->flags;
    if (avformat_open_input(&format, PATH, NULL, NULL) < 0) {
      fail("open", 0);
      continue;
    }
    if (format->flags != flags || format->fps_probe_size != -1)
      fail("the context was changed", (int)i);
    if (av_read_frame(format, packet) < 0 || packet->dts != cases[i].first_dts)
      fail("first packet", (int)i);
    av_packet_unref(packet);
    if (av_read_frame(format, packet) < 0 || packet->pts != cases[i].pts ||
        packet->dts != cases[i].dts)
      fail("second packet", (int)i);
    if (packet->duration) fail("a duration was guessed", (int)i);
    av_packet_unref(packet);
    avformat_close_input(&format);
  }
  av_packet_free(&packet);
  end(&test);
}

/* Whoever opens a file, reads one packet and keeps it keeps about its size: not the cluster that it
 * is from. */
static void expect_one_kept(const char* name, int kinds) {
  static const int sizes[] = {0, 1, 400, 5000, 60000, 100000, 2000000};
  Test test;
  AVPacket* packet = av_packet_alloc();
  int i, kind;
  begin(&test, name);
  for (i = 0; i < 8; i++) add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_MPEG4, 1, 1000);
  test.out->streams[7]->disposition = AV_DISPOSITION_ATTACHED_PIC;
  write_header(&test);
  write_packet(&test, new_packet(7, 0, 0, 70000));
  for (i = 0; i < 30; i++)
    for (kind = 0; kind < kinds; kind++)
      write_packet(&test, new_packet(kind, i * 10, i * 10, sizes[kind]));
  read_back(&test);
  expect_same_packets(&test);
  if (test.in && test.in->streams[7]->attached_pic.buf &&
      test.in->streams[7]->attached_pic.buf->size > 70100)
    fail("the cover keeps its cluster", 0);
  for (kind = 0; kind < kinds; kind++) {
    AVFormatContext* format = NULL;
    size_t most;
    if (avformat_open_input(&format, PATH, NULL, NULL) < 0) {
      fail("open", kind);
      break;
    }
    for (i = 0; i < 8; i++)
      format->streams[i]->discard = i == kind ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    if (av_seek_frame(format, kind, 100, AVSEEK_FLAG_BACKWARD) < 0 ||
        av_read_frame(format, packet) < 0)
      fail("seek", kind);
    most = packet->size <= 64 << 10 ? 2 * (size_t)packet->size + 100 : 64 * (size_t)packet->size;
    if (packet->buf && packet->buf->size > most) {
      printf("a packet of %d bytes keeps %d\n", packet->size, (int)packet->buf->size);
      fail("a packet keeps its cluster", 0);
    }
    av_packet_unref(packet);
    avformat_close_input(&format);
  }
  av_packet_free(&packet);
  end(&test);
}

/* 0 where the memory allocator does not tell. */
static size_t bytes_in_use(void) {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
#else
  return 0;
#endif
}

static void test_memory_of_a_packet(void) {
  expect_one_kept("memory of a packet of a large cluster", 7);
  expect_one_kept("memory of a packet of a small cluster", 4);
}

/* Whoever keeps all packets of a stream keeps little more than these: not the large ones between
 * them, nor more than one cluster of a size that packets may share. */
static void expect_kept(const char* name, int wanted, int small, int large, size_t most) {
  static AVPacket* kept[2048];
  Test test;
  AVFormatContext* format = NULL;
  AVPacket* packet = av_packet_alloc();
  int i, count = 0;
  size_t bytes;
  begin(&test, name);
  for (i = 0; i < 2; i++) add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_MPEG4, 1, 1000);
  write_header(&test);
  for (i = 0; i < 2 * wanted; i++) {
    AVPacket* next = new_packet(i % 2, i * 10, i * 10, i % 2 ? large : small);
    if (i % 100 > 1) next->flags &= ~AV_PKT_FLAG_KEY;
    write_packet(&test, next);
  }
  read_back(&test);
  expect_same_packets(&test);
  if (avformat_open_input(&format, PATH, NULL, NULL) < 0) fail("open", 0);
  while (format && av_read_frame(format, packet) >= 0) {
    if (packet->stream_index == 0 && count < wanted) kept[count++] = av_packet_clone(packet);
    av_packet_unref(packet);
  }
  avformat_close_input(&format);
  bytes = bytes_in_use();
  for (i = 0; i < count; i++) av_packet_free(&kept[i]);
  bytes -= bytes_in_use();
  if (count != wanted) fail("packets", count);
  if (bytes > most) {
    printf("%d packets of %d bytes keep %zu bytes\n", count, small, bytes);
    fail("small packets keep others", 0);
  }
  av_packet_free(&packet);
  end(&test);
}

static void test_memory_of_small_packets(void) {
  const size_t cluster = 256 << 10, buffer = 200; /* an AVBuffer and an AVBufferRef */
  expect_kept("memory of small packets between large ones", 512, 400, 60000,
              512 * (2 * 400 + buffer));
  expect_kept("memory of small packets between others", 2048, 400, 2000,
              2048 * (400 + buffer) + cluster);
}

/* What a relay keeps: all bytes, and where each piece begins that a marker names. */
typedef struct Relay {
  uint8_t bytes[1 << 20];
  int size, header_size, joints[100], joint_count;
  int64_t times[100];
} Relay;

static int relay_write(void* opaque, RELAY_CONST uint8_t* data, int size,
                       enum AVIODataMarkerType type, int64_t time) {
  Relay* relay = opaque;
  if (type == AVIO_DATA_MARKER_SYNC_POINT && relay->joint_count < 100) {
    relay->times[relay->joint_count] = time;
    relay->joints[relay->joint_count++] = relay->size;
  }
  if (type == AVIO_DATA_MARKER_HEADER) relay->header_size = relay->size + size;
  memcpy(relay->bytes + relay->size, data, size);
  relay->size += size;
  return size;
}

static int read_bytes(void* opaque, uint8_t* buffer, int size) {
  FILE* file = opaque;
  const size_t got = fread(buffer, 1, size, file);
  return got ? (int)got : AVERROR_EOF;
}

/* Who joins a live stream gets its header, and what follows a seek point. */
static void test_late_joiners(void) {
  static Relay relay;
  Test test;
  AVIOContext* io;
  AVPacket* packet = av_packet_alloc();
  int i;
  memset(&relay, 0, sizeof relay);
  begin(&test, "late joiners");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, 1, 1000);
  av_opt_set_int(test.out->priv_data, "cluster_time_limit", 500, 0);
  io = avio_alloc_context(av_malloc(4096), 4096, 1, &relay, NULL, NULL, NULL);
  io->write_data_type = relay_write;
  test.out->pb = io;
  if (avformat_write_header(test.out, NULL) < 0) fail("header", 0);
  for (i = 0; i < 50; i++) {
    AVPacket* video = new_packet(0, i * 100, i * 100, 3000);
    if (i % 10) video->flags = 0;
    write_packet(&test, video);
  }
  if (av_write_trailer(test.out) < 0) fail("trailer", 0);
  avio_flush(io);
  if (relay.header_size < 16 || relay.joint_count < 4) fail("few markers", relay.joint_count);
  for (i = -1; i < relay.joint_count; i++) {
    const int from = i < 0 ? relay.header_size : relay.joints[i];
    FILE* file = tmpfile();
    AVFormatContext* in = avformat_alloc_context();
    fwrite(relay.bytes, 1, relay.header_size, file);
    fwrite(relay.bytes + from, 1, relay.size - from, file);
    rewind(file);
    in->pb = avio_alloc_context(av_malloc(4096), 4096, 0, file, read_bytes, NULL, NULL);
    test.in = in;
    if (avformat_open_input(&in, NULL, NULL, NULL) < 0) {
      fail("who joins cannot open", i);
    } else {
      AVIOContext* pb = in->pb;
      if (av_read_frame(in, packet) < 0 || !(packet->flags & AV_PKT_FLAG_KEY) ||
          packet->pts != (i < 0 ? 0 : relay.times[i] / 1000))
        fail("who joins does not begin there", i);
      av_packet_unref(packet);
      avformat_close_input(&in);
      av_freep(&pb->buffer);
      avio_context_free(&pb);
    }
    test.in = NULL;
    fclose(file);
  }
  av_packet_free(&packet);
  av_freep(&io->buffer);
  avio_context_free(&io);
  end(&test);
}

/* Who reads a pipe gets the cover, too. */
static void test_cover_from_a_pipe(void) {
  Test test;
  AVFormatContext* in = avformat_alloc_context();
  FILE* file;
  AVIOContext* pb;
  PacketList got = {0};
  int i;
  begin(&test, "cover from a pipe");
  add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, 1, 1000);
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_MJPEG, 1, 1000)->disposition =
      AV_DISPOSITION_ATTACHED_PIC;
  write_header(&test);
  write_packet(&test, new_packet(0, 0, 0, 20));
  write_packet(&test, new_packet(1, 0, 0, 5000));
  for (i = 1; i < 9; i++) write_packet(&test, new_packet(0, i * 20, i * 20, 20));
  av_write_trailer(test.out);
  avio_closep(&test.out->pb);
  file = fopen(PATH, "rb");
  in->pb = pb = avio_alloc_context(av_malloc(4096), 4096, 0, file, read_bytes, NULL, NULL);
  if (avformat_open_input(&in, NULL, NULL, NULL) < 0) {
    fail("open", 0);
  } else {
    if (in->streams[1]->attached_pic.size != 5000)
      fail("no cover", in->streams[1]->attached_pic.size);
    mc_read_all(in, &got);
    if (got.count != 10) fail("number of packets", got.count);
    mc_free(&got);
    avformat_close_input(&in);
  }
  av_freep(&pb->buffer);
  avio_context_free(&pb);
  fclose(file);
  end(&test);
}

/* Reads a file of the conformance suite from a pipe, and writes down each change that event_flags
 * announces. */
static void read_changes(Test* test, const char* name, char* changes, size_t size) {
  char path[1024];
  AVFormatContext* in = avformat_alloc_context();
  AVPacket* packet = av_packet_alloc();
  AVIOContext* pb;
  FILE* file;
  int ret = 0;
  snprintf(path, sizeof path, "%s/tests/conformance/valid/%s.h4mk", getenv("H4MK_SOURCE_DIR"),
           name);
  file = fopen(path, "rb");
  changes[0] = 0;
  in->pb = pb = avio_alloc_context(av_malloc(64), 64, 0, file, read_bytes, NULL, NULL);
  test->in = in;
  if (!file || avformat_open_input(&in, NULL, NULL, NULL) < 0) {
    fprintf(stderr, "%s cannot be opened\n", path);
    exit(1);
  }
  for (in->event_flags = 0; ret >= 0; av_packet_unref(packet)) {
    const AVDictionaryEntry* tag;
    ret = av_read_frame(in, packet);
    if (in->event_flags & AVFMT_EVENT_FLAG_METADATA_UPDATED) {
      tag = av_dict_get(in->metadata, "title", NULL, 0);
      av_strlcatf(changes, size, " title %s", tag ? tag->value : "none");
    }
    if (in->streams[0]->event_flags & AVSTREAM_EVENT_FLAG_METADATA_UPDATED) {
      tag = av_dict_get(in->streams[0]->metadata, "comment", NULL, 0);
      av_strlcatf(changes, size, " comment %s", tag ? tag->value : "none");
    }
    in->event_flags = in->streams[0]->event_flags = 0;
  }
  avformat_close_input(&in);
  test->in = NULL;
  av_packet_free(&packet);
  av_freep(&pb->buffer);
  avio_context_free(&pb);
  fclose(file);
}

/* A live stream that runs for hours gets its last tags and chapters at its end. event_flags
 * announces them to the reader of a pipe when they arrive. */
static void test_late_tags(void) {
  Test test;
  AVFormatContext* in = avformat_alloc_context();
  AVPacket* packet = av_packet_alloc();
  FILE* file;
  AVIOContext* pb;
  int i, packets = 0, early = 0;
  char changes[256];
  begin(&test, "late tags");
  for (i = 0; i < 2; i++) add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, 1, 1000);
  av_dict_set(&test.out->streams[1]->metadata, "language", "fra", 0);
  av_dict_set(&test.out->metadata, "title", "not known yet", 0);
  add_chapter(test.out, 1, (AVRational){1, 1000}, 0, 100, "first");
  write_header(&test);
  for (i = 0; i < 9; i++) write_packet(&test, new_packet(0, i * 20, i * 20, 20));
  add_chapter(test.out, 2, (AVRational){1, 1000}, 100, 180, "second");
  av_dict_set(&test.out->metadata, "title", "a concert", 0);
  av_dict_set(&test.out->streams[0]->metadata, "language", "deu", 0);
  av_write_trailer(test.out);
  avio_closep(&test.out->pb);
  file = fopen(PATH, "rb");
  in->pb = pb = avio_alloc_context(av_malloc(4096), 4096, 0, file, read_bytes, NULL, NULL);
  if (avformat_open_input(&in, NULL, NULL, NULL) < 0) {
    fail("open", 0);
  } else {
    const AVDictionaryEntry* title = av_dict_get(in->metadata, "title", NULL, 0);
    if (!title || strcmp(title->value, "not known yet")) fail("the first title", 0);
    if (in->nb_chapters != 1) fail("chapters at first", in->nb_chapters);
    in->event_flags = in->streams[0]->event_flags = in->streams[1]->event_flags = 0;
    for (; av_read_frame(in, packet) >= 0; packets++) {
      early |= in->event_flags & AVFMT_EVENT_FLAG_METADATA_UPDATED;
      av_packet_unref(packet);
    }
    title = av_dict_get(in->metadata, "title", NULL, 0);
    if (packets != 9) fail("number of packets", packets);
    if (early) fail("told before it came", 0);
    if (!(in->event_flags & AVFMT_EVENT_FLAG_METADATA_UPDATED)) fail("not told of the title", 0);
    if (!title || strcmp(title->value, "a concert")) fail("the last title", 0);
    if (in->nb_chapters != 2 || in->chapters[1]->start != 100) fail("chapters", in->nb_chapters);
    if (!(in->streams[0]->event_flags & AVSTREAM_EVENT_FLAG_METADATA_UPDATED))
      fail("not told of the language", 0);
    if (in->streams[1]->event_flags & AVSTREAM_EVENT_FLAG_METADATA_UPDATED)
      fail("told of a stream that did not change", 0);
    if (!av_dict_get(in->streams[0]->metadata, "language", NULL, 0)) fail("the language", 0);
    avformat_close_input(&in);
  }
  av_packet_free(&packet);
  av_freep(&pb->buffer);
  avio_context_free(&pb);
  fclose(file);
  read_changes(&test, "late-meta", changes, sizeof changes);
  if (strcmp(changes, " title late title later")) fail(changes, 0);
  read_changes(&test, "descriptions-at-the-end", changes, sizeof changes);
  if (strcmp(changes, " title after comment full")) fail(changes, 0);
  end(&test);
}

/* A recording gets more tracks than the caller has room for. Each of these tracks is one error. A
 * caller that reads on gets the packets of all other tracks. */
static void test_too_many_tracks(void) {
  char path[1024];
  AVFormatContext* in = avformat_alloc_context();
  AVPacket* packet = av_packet_alloc();
  AVIOContext* pb;
  FILE* file;
  int ret, errors = 0, packets = 0;
  test_name = "too many tracks";
  snprintf(path, sizeof path, "%s/tests/conformance/valid/tracks-added-later.h4mk",
           getenv("H4MK_SOURCE_DIR"));
  file = fopen(path, "rb");
  in->pb = pb = avio_alloc_context(av_malloc(64), 64, 0, file, read_bytes, NULL, NULL);
  in->max_streams = 1;
  if (!file || avformat_open_input(&in, NULL, NULL, NULL) < 0) {
    fprintf(stderr, "%s cannot be opened\n", path);
    exit(1);
  }
  while ((ret = av_read_frame(in, packet)) != AVERROR_EOF && errors < 10) {
    errors += ret < 0;
    packets += ret >= 0;
    if (ret >= 0 && packet->stream_index) fail("a packet of no stream", packet->stream_index);
    av_packet_unref(packet);
  }
  if (in->nb_streams != 1) fail("number of streams", in->nb_streams);
  if (errors != 2) fail("number of errors", errors);
  if (packets < 4) fail("number of packets", packets);
  avformat_close_input(&in);
  av_packet_free(&packet);
  av_freep(&pb->buffer);
  avio_context_free(&pb);
  fclose(file);
}

/* A muxer that is told that start times are given derives none from packets; what a stream says of
 * its start counts in any case. */
static void test_start_times(void) {
  static const char* const modes[] = {"first", "given"};
  static const int64_t expected[2][2] = {{40, -7}, {AV_NOPTS_VALUE, -7}};
  int mode, i;
  for (mode = 0; mode < 2; mode++) {
    Test test;
    begin(&test, mode ? "given start times" : "start times of first packets");
    for (i = 0; i < 2; i++) add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, 1, 1000);
    test.out->streams[1]->start_time = -7;
    if (av_opt_set(test.out, "start_times", modes[mode], AV_OPT_SEARCH_CHILDREN) < 0)
      fail("the option", 0);
    write_header(&test);
    for (i = 0; i < 4; i++) write_packet(&test, new_packet(i & 1, 40 + i, 40 + i, 20));
    read_back(&test);
    for (i = 0; test.in && i < 2; i++)
      if (mc_int("stream", "start_time", expected[mode][i], test.in->streams[i]->start_time))
        fail("start time", 0);
    end(&test);
  }
}

/* How many tracks of the last TRAK say that nothing tells P from B. */
static int tracks_that_hide_types(void) {
  static char text[1 << 16];
  FILE* file = fopen(PATH, "rb");
  const size_t size = file ? fread(text, 1, sizeof text, file) : 0;
  size_t i;
  int count = 0;
  if (file) fclose(file);
  for (i = 0; i + 11 <= size; i++) {
    if (!memcmp(text + i, "TRAK", 4)) count = 0;
    count += !memcmp(text + i, "block_types", 11);
  }
  return count;
}

/* Encoders tell the types of pictures with their packets, also those of a stream of which nothing
 * is there yet when the file begins. */
static void test_late_types(void) {
  Test test;
  int i;
  begin(&test, "late types");
  for (i = 0; i < 3; i++) add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_MPEG4, 1, 1000);
  write_header(&test);
  for (i = 0; i < 6; i++) {
    AVPacket* packet = new_packet(i / 2, 10 * i, 10 * i, 30);
    if (i / 2 < 2) memset(av_packet_new_side_data(packet, AV_PKT_DATA_QUALITY_STATS, 8), 1, 8);
    write_packet(&test, packet);
  }
  read_back(&test);
  if (mc_int("file", "tracks that hide types", 1, tracks_that_hide_types())) fail("TRAK", 0);
  expect_same_packets(&test);
  end(&test);
}

/* An input in memory that can be told to fail. */
typedef struct FaultyInput {
  uint8_t* data;
  int64_t size, position;
  int error; /* what the next reads return; 0: they do not fail */
} FaultyInput;

static int faulty_read(void* opaque, uint8_t* buffer, int size) {
  FaultyInput* input = opaque;
  const int64_t left = input->size - input->position;
  if (input->error) return input->error;
  if (left <= 0) return AVERROR_EOF;
  size = (int)FFMIN(size, left);
  memcpy(buffer, input->data + input->position, size);
  input->position += size;
  return size;
}

static int64_t faulty_seek(void* opaque, int64_t offset, int whence) {
  FaultyInput* input = opaque;
  if (whence == AVSEEK_SIZE) return input->size;
  return input->position = offset;
}

/* Opens the file that was written through an input that can fail. */
static AVFormatContext* open_faulty(FaultyInput* input) {
  AVFormatContext* format = avformat_alloc_context();
  AVIOContext* io = NULL;
  int ret = avio_open(&io, PATH, AVIO_FLAG_READ);
  memset(input, 0, sizeof *input);
  if (ret >= 0) {
    input->size = avio_size(io);
    input->data = av_malloc(input->size);
    avio_read(io, input->data, (int)input->size);
    avio_close(io);
  }
  format->pb = avio_alloc_context(av_malloc(4096), 4096, 0, input, faulty_read, NULL, faulty_seek);
  ret = avformat_open_input(&format, NULL, NULL, NULL);
  if (ret < 0) fail("open", ret);
  return format;
}

static void close_faulty(AVFormatContext* format, FaultyInput* input) {
  AVIOContext* io = format ? format->pb : NULL;
  avformat_close_input(&format);
  if (io) av_freep(&io->buffer);
  avio_context_free(&io);
  av_free(input->data);
}

/* A seek that fails leaves the position as it is, and says why it failed. */
static void test_failed_seeks(void) {
  static const struct {
    int64_t min, time, max;
    int flags, expected; /* pts, or -1: there is nothing within the limits */
  } seeks[] = {
      {30, 40, 60, 0, -1},
      {110, 120, 190, 0, -1},
      {30, 40, 60, AVSEEK_FLAG_ANY, 40},
      {33, 34, 36, AVSEEK_FLAG_ANY, -1},
      {10, 45, 120, 0, 100},
      {0, 60, 150, 0, 100},
      {0, 50, 150, 0, 0},
      {301, 400, 500, 0, -1},
      {-50, -20, -1, 0, -1},
      {42, 44, 59, AVSEEK_FLAG_ANY, 50},
      {250, 260, 1000000, 0, 300},
  };
  Test test;
  FaultyInput input;
  AVFormatContext* format;
  AVPacket* packet = av_packet_alloc();
  unsigned i;
  int ret;
  begin(&test, "failed seeks");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H264, 1, 1000);
  for (i = 0; i < 2; i++) add_stream(&test, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_AAC, 1, 1000);
  av_opt_set_int(test.out->priv_data, "cluster_size_limit", 1000, 0);
  write_header(&test);
  for (i = 0; i <= 30; i++) {
    AVPacket* video = new_packet(0, i * 10, i * 10, 100);
    if (i % 10) video->flags = 0;
    write_packet(&test, video);
    write_packet(&test, new_packet(1, i * 10 + 1, i * 10 + 1, 20));
  }
  read_back(&test);
  for (i = 0; test.in && i < sizeof seeks / sizeof *seeks; i++) {
    av_seek_frame(test.in, 0, 0, AVSEEK_FLAG_BACKWARD);
    av_read_frame(test.in, packet);
    av_packet_unref(packet);
    ret = avformat_seek_file(test.in, 0, seeks[i].min, seeks[i].time, seeks[i].max, seeks[i].flags);
    if ((ret < 0) != (seeks[i].expected < 0)) fail("a seek", ret);
    if (ret < 0 && ret != AVERROR(ENOENT)) fail("the reason", ret);
    if (av_read_frame(test.in, packet) < 0) fail("no packet behind a seek", 0);
    if (ret < 0 && (packet->stream_index != 1 || packet->pts != 1))
      fail("a seek that fails moves the position", (int)i);
    if (ret >= 0 && (packet->stream_index != 0 || packet->pts != seeks[i].expected))
      fail("a seek leads elsewhere", (int)i);
    av_packet_unref(packet);
  }

  format = open_faulty(&input);
  for (i = 0; format && i < 3; i++) {
    static const int errors[] = {AVERROR(EIO), AVERROR_EXIT, AVERROR(EAGAIN)};
    input.error = errors[i];
    ret = avformat_seek_file(format, 0, 150, 290, 310, 0);
    if (ret != errors[i]) fail("an error of the input becomes", ret);
    input.error = 0;
    format->pb->error = format->pb->eof_reached = 0;
    ret = avformat_seek_file(format, 0, 150, 290, 310, 0);
    if (ret < 0 || av_read_frame(format, packet) < 0 || packet->pts != 300)
      fail("a seek after one that failed", ret);
    av_packet_unref(packet);
    av_seek_frame(format, 0, 0, AVSEEK_FLAG_BACKWARD);
  }
  close_faulty(format, &input);
  av_packet_free(&packet);
  end(&test);
}

/* The tiles of a large picture, as HEIC files have them. */
static void test_tile_grid(void) {
  Test test;
  AVStreamGroup* group;
  const AVStreamGroup* got;
  AVStreamGroupTileGrid *grid, *tiles;
  int i, n = 0;
  begin(&test, "tile grid");
  for (i = 0; i < 4; i++) add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 1);
  group = avformat_stream_group_create(test.out, AV_STREAM_GROUP_PARAMS_TILE_GRID, NULL);
  for (i = 0; i < 4; i++) avformat_stream_group_add_stream(group, test.out->streams[i]);
  group->id = 77;
  group->disposition = AV_DISPOSITION_DEFAULT;
  av_dict_set(&group->metadata, "title", "picture", 0);
  grid = group->params.tile_grid;
  grid->nb_tiles = 4;
  grid->coded_width = 128;
  grid->coded_height = 96;
  grid->offsets = av_calloc(4, sizeof *grid->offsets);
  for (i = 0; i < 4; i++) {
    grid->offsets[i].idx = i;
    grid->offsets[i].horizontal = i % 2 * 64;
    grid->offsets[i].vertical = i / 2 * 48;
  }
  grid->width = 120;
  grid->height = 90;
  grid->horizontal_offset = 3;
  grid->background[1] = 9;
#if LIBAVFORMAT_VERSION_MAJOR >= 62
  memset(av_packet_side_data_new(&grid->coded_side_data, &grid->nb_coded_side_data,
                                 AV_PKT_DATA_DISPLAYMATRIX, 36, 0)
             ->data,
         1, 36);
#endif
  got = read_group(&test, group);
  tiles = got ? got->params.tile_grid : NULL;
  if (tiles) {
    n += mc_int("grid", "tiles", grid->nb_tiles, tiles->nb_tiles);
    n += mc_int("grid", "width", grid->width, tiles->width);
    n += mc_int("grid", "height", grid->height, tiles->height);
    n += mc_int("grid", "horizontal_offset", grid->horizontal_offset, tiles->horizontal_offset);
    n += mc_int("grid", "coded_width", grid->coded_width, tiles->coded_width);
    n += mc_bytes("grid", "background", grid->background, 4, tiles->background, 4);
    for (i = 0; i < 4 && tiles->nb_tiles == 4; i++) {
      n += mc_int("tile", "idx", grid->offsets[i].idx, tiles->offsets[i].idx);
      n += mc_int("tile", "horizontal", grid->offsets[i].horizontal, tiles->offsets[i].horizontal);
      n += mc_int("tile", "vertical", grid->offsets[i].vertical, tiles->offsets[i].vertical);
    }
#if LIBAVFORMAT_VERSION_MAJOR >= 62
    n += mc_side_data("grid", grid->coded_side_data, grid->nb_coded_side_data,
                      tiles->coded_side_data, tiles->nb_coded_side_data);
#endif
    if (n) fail("the grid differs", 0);
  }
  end(&test);
}

/* Groups with a number where there is no stream are left out, the one behind them comes. */
static void test_groups_that_lack_a_stream(void) {
  Test test;
  AVStreamGroup* group;
  int i;
  begin(&test, "groups that lack a stream");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 1);
  for (i = 0; i < 2; i++) {
    group = avformat_stream_group_create(test.out, AV_STREAM_GROUP_PARAMS_TILE_GRID, NULL);
    avformat_stream_group_add_stream(group, test.out->streams[0]);
    group->id = i;
    group->params.tile_grid->nb_tiles = 1;
    group->params.tile_grid->coded_width = group->params.tile_grid->coded_height = 64;
    group->params.tile_grid->offsets = av_calloc(1, sizeof *group->params.tile_grid->offsets);
    group->params.tile_grid->offsets[0].idx = 1 - i;
  }
  group = avformat_stream_group_create(test.out, AV_STREAM_GROUP_PARAMS_LCEVC, NULL);
  avformat_stream_group_add_stream(group, test.out->streams[0]);
#if LIBAVFORMAT_VERSION_MAJOR >= 63
  group->params.layered_video->el_index = 1000000000;
#else
  group->params.lcevc->lcevc_index = 1000000000;
#endif
  write_header(&test);
  read_back(&test);
  if (test.in && (test.in->nb_stream_groups != 1 || test.in->stream_groups[0]->id != 1))
    fail("not the one group that is whole", 0);
  if (test.in && avformat_find_stream_info(test.in, NULL) < 0) fail("no stream information", 0);
  end(&test);
}

#if LIBAVFORMAT_VERSION_MAJOR >= 63
/* A film in two layers. */
static void test_layered_video(enum AVStreamGroupParamsType type) {
  Test test;
  AVStreamGroup* group;
  const AVStreamGroup* got;
  int i, n = 0;
  begin(&test, "layered video");
  for (i = 0; i < 2; i++) add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 1);
  group = avformat_stream_group_create(test.out, type, NULL);
  for (i = 0; i < 2; i++) avformat_stream_group_add_stream(group, test.out->streams[i]);
  *group->params.layered_video =
      (AVStreamGroupLayeredVideo){.av_class = group->params.layered_video->av_class,
                                  .el_index = 1,
                                  .width = 3840,
                                  .height = 2160};
  got = read_group(&test, group);
  if (got) {
    n += mc_int("layers", "el_index", 1, got->params.layered_video->el_index);
    n += mc_int("layers", "width", 3840, got->params.layered_video->width);
    n += mc_int("layers", "height", 2160, got->params.layered_video->height);
    if (n) fail("the layers differ", 0);
  }
  end(&test);
}

/* A film, and a stream that describes it. */
static void test_described_stream(void) {
  Test test;
  AVStreamGroup* group;
  const AVStreamGroup* got;
  int i;
  begin(&test, "described stream");
  add_stream(&test, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_HEVC, 1, 1);
  add_stream(&test, AVMEDIA_TYPE_DATA, AV_CODEC_ID_SMPTE_KLV, 1, 1);
  group = avformat_stream_group_create(test.out, AV_STREAM_GROUP_PARAMS_TREF, NULL);
  for (i = 0; i < 2; i++) avformat_stream_group_add_stream(group, test.out->streams[i]);
  group->params.tref->metadata_index = 1;
  got = read_group(&test, group);
  if (got && got->params.tref->metadata_index != 1) fail("the group names another stream", 0);
  end(&test);
}
#endif

int main(void) {
  av_log_set_level(AV_LOG_FATAL);
  test_every_field();
  test_every_enum_value();
  test_every_codec();
  test_channel_layouts();
  test_time_bases();
  test_stream_side_data();
  test_packet_side_data();
  test_half_a_struct();
#if LIBAVFORMAT_VERSION_MAJOR >= 63
  test_smpte_2094_50();
#endif
  test_flags_and_sizes();
  test_times();
  test_attached_picture();
  test_attachment();
  test_tags();
  test_chapters_and_programs();
  test_trailer_errors();
  test_far_seeks();
  test_failed_seeks();
  test_options_of_the_caller();
  test_memory_of_a_packet();
  test_memory_of_small_packets();
  test_late_joiners();
  test_cover_from_a_pipe();
  test_late_tags();
  test_too_many_tracks();
  test_start_times();
  test_late_types();
  test_tile_grid();
  test_groups_that_lack_a_stream();
#if LIBAVFORMAT_VERSION_MAJOR >= 63
  test_layered_video(AV_STREAM_GROUP_PARAMS_LCEVC);
  test_layered_video(AV_STREAM_GROUP_PARAMS_DOLBY_VISION);
  test_described_stream();
#endif
  if (failures) printf("%d failures\n", failures);
  return failures != 0;
}
