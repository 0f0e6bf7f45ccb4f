/* SPDX-License-Identifier: MIT
 *
 * exercise < LIST: does with each file of a list what players and transcoders do: opens it, looks
 * for what is missing, prints all that is known of it, decodes, seeks, and copies to other formats.
 * Prints the name of each file before. Files may be refused; what must not happen is that the
 * program ends before the list does.
 */
#include <libavcodec/avcodec.h>
#include <unistd.h>

#include "media_compare.h"

#define SECONDS_FOR_A_FILE 60

static void decode(AVFormatContext* format) {
  AVCodecContext* contexts[64] = {0};
  AVPacket* packet = av_packet_alloc();
  AVFrame* frame = av_frame_alloc();
  unsigned i;
  for (i = 0; i < format->nb_streams && i < 64; i++) {
    const AVCodec* codec = avcodec_find_decoder(format->streams[i]->codecpar->codec_id);
    if (!codec || codec->type == AVMEDIA_TYPE_SUBTITLE) continue;
    contexts[i] = avcodec_alloc_context3(codec);
    contexts[i]->thread_count = 1;
    contexts[i]->pkt_timebase = format->streams[i]->time_base;
    if (avcodec_parameters_to_context(contexts[i], format->streams[i]->codecpar) < 0 ||
        avcodec_open2(contexts[i], codec, NULL) < 0)
      avcodec_free_context(&contexts[i]);
  }
  while (av_read_frame(format, packet) >= 0) {
    AVCodecContext* context = packet->stream_index < 64 ? contexts[packet->stream_index] : NULL;
    if (context && avcodec_send_packet(context, packet) >= 0)
      while (avcodec_receive_frame(context, frame) >= 0) av_frame_unref(frame);
    av_packet_unref(packet);
  }
  for (i = 0; i < 64; i++) {
    if (contexts[i]) avcodec_send_packet(contexts[i], NULL);
    while (contexts[i] && avcodec_receive_frame(contexts[i], frame) >= 0) av_frame_unref(frame);
    avcodec_free_context(&contexts[i]);
  }
  av_frame_free(&frame);
  av_packet_free(&packet);
}

static AVStream* copy_stream(AVFormatContext* out, const AVStream* from) {
  AVStream* stream = avformat_new_stream(out, NULL);
  avcodec_parameters_copy(stream->codecpar, from->codecpar);
  if (strcmp(out->oformat->name, "h4mk")) stream->codecpar->codec_tag = 0;
  stream->time_base = from->time_base;
  stream->avg_frame_rate = from->avg_frame_rate;
  stream->r_frame_rate = from->r_frame_rate;
  stream->sample_aspect_ratio = from->sample_aspect_ratio;
  stream->disposition = from->disposition;
  stream->id = from->id;
  av_dict_copy(&stream->metadata, from->metadata, 0);
  return stream;
}

static void copy(AVFormatContext* in, const char* name) {
  AVFormatContext* out = NULL;
  AVPacket* packet = av_packet_alloc();
  int map[64];
  unsigned i;
  uint8_t* bytes;
  if (avformat_alloc_output_context2(&out, NULL, name, NULL) < 0) exit(2);
  for (i = 0; i < in->nb_streams && i < 64; i++) {
    const AVCodecParameters* par = in->streams[i]->codecpar;
    const int takes = !strcmp(name, "h4mk") ||
                      avformat_query_codec(out->oformat, par->codec_id, FF_COMPLIANCE_NORMAL) == 1;
    map[i] = takes ? copy_stream(out, in->streams[i])->index : -1;
  }
  /* borrowed, as ffmpeg hands them on */
  out->chapters = in->chapters;
  out->nb_chapters = in->nb_chapters;
  if (avio_open_dyn_buf(&out->pb) < 0) exit(2);
  if (avformat_write_header(out, NULL) >= 0) {
    while (av_read_frame(in, packet) >= 0) {
      const int index = packet->stream_index < 64 ? map[packet->stream_index] : -1;
      if (index >= 0) {
        av_packet_rescale_ts(packet, in->streams[packet->stream_index]->time_base,
                             out->streams[index]->time_base);
        packet->stream_index = index;
        av_interleaved_write_frame(out, packet);
      }
      av_packet_unref(packet);
    }
    av_write_trailer(out);
  }
  avio_close_dyn_buf(out->pb, &bytes);
  av_free(bytes);
  out->chapters = NULL;
  out->nb_chapters = 0;
  avformat_free_context(out);
  av_packet_free(&packet);
}

static void exercise(const char* path) {
  static const char* const formats[] = {"h4mk", "matroska", "mov", "nut", "mpegts", "avi", "flv"};
  AVFormatContext* format = NULL;
  unsigned i;
  if (avformat_open_input(&format, path, NULL, NULL) < 0) return;
  if (avformat_find_stream_info(format, NULL) >= 0) {
    av_dump_format(format, 0, path, 0);
    decode(format);
    for (i = 0; i < sizeof formats / sizeof *formats; i++) {
      avformat_seek_file(format, -1, INT64_MIN, 0, INT64_MAX, 0);
      copy(format, formats[i]);
    }
  }
  avformat_close_input(&format);
}

static void silence(void* context, int level, const char* text, va_list arguments) {
  char line[1024];
  int prefix = 1;
  /* the texts are made, as a player would */
  av_log_format_line2(context, level, text, arguments, line, sizeof line, &prefix);
}

int main(void) {
  char path[4096];
  av_log_set_level(AV_LOG_INFO);
  av_log_set_callback(silence);
  while (fgets(path, sizeof path, stdin)) {
    path[strcspn(path, "\n")] = 0;
    puts(path);
    fflush(stdout);
    alarm(SECONDS_FOR_A_FILE); /* a file that takes so long hangs players, too */
    exercise(path);
  }
  return 0;
}
