/* SPDX-License-Identifier: MIT
 *
 * Compares two opened media files: everything that libavformat tells of them. Each difference is
 * printed as one line "where: what it was, became what it is"; the functions return how many there
 * were.
 */
#ifndef H4MK_TESTS_FFMPEG_MEDIA_COMPARE_H
#define H4MK_TESTS_FFMPEG_MEDIA_COMPARE_H

#include <inttypes.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/opt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int mc_printed;
static int mc_filled; /* times that the first file does not have may have a value in the second */

/* Prints the first differences; returns 1. */
static int mc_differ(const char* where, const char* format, ...) {
  va_list args;
  if (mc_printed++ >= 20) return 1;
  va_start(args, format);
  printf("%s: ", where);
  vprintf(format, args);
  printf("\n");
  va_end(args);
  return 1;
}

static int mc_int(const char* where, const char* name, int64_t a, int64_t b) {
  return a == b ? 0 : mc_differ(where, "%s %" PRId64 " became %" PRId64, name, a, b);
}

static int mc_rational(const char* where, const char* name, AVRational a, AVRational b) {
  return a.num == b.num && a.den == b.den
             ? 0
             : mc_differ(where, "%s %d/%d became %d/%d", name, a.num, a.den, b.num, b.den);
}

static int mc_bytes(const char* where, const char* name, const uint8_t* a, size_t a_size,
                    const uint8_t* b, size_t b_size) {
  if (a_size == b_size && (a_size == 0 || !memcmp(a, b, a_size))) return 0;
  return mc_differ(where, "%s of %zu bytes became one of %zu bytes%s", name, a_size, b_size,
                   a_size == b_size ? " with other content" : "");
}

/* Tags that muxers and demuxers set themselves. */
static int mc_is_own_tag(const char* key) {
  return !av_strcasecmp(key, "encoder") || !av_strcasecmp(key, "duration");
}

/* Whether the tags have this key with this value; keys may occur more than once. */
static int mc_has_tag(const AVDictionary* tags, const AVDictionaryEntry* tag) {
  const AVDictionaryEntry* entry = NULL;
  while ((entry = av_dict_iterate(tags, entry)))
    if (!strcmp(entry->key, tag->key) && !strcmp(entry->value, tag->value)) return 1;
  return 0;
}

static int mc_tags_missing(const char* where, const AVDictionary* a, const AVDictionary* b,
                           const char* what) {
  const AVDictionaryEntry* entry = NULL;
  int n = 0;
  while ((entry = av_dict_iterate(a, entry)))
    if (!mc_is_own_tag(entry->key) && !mc_has_tag(b, entry))
      n += mc_differ(where, "tag %s=%s %s", entry->key, entry->value, what);
  return n;
}

static int mc_tags(const char* where, const AVDictionary* a, const AVDictionary* b) {
  return mc_tags_missing(where, a, b, "lost") + mc_tags_missing(where, b, a, "added");
}

static int mc_side_data(const char* where, const AVPacketSideData* a, int na,
                        const AVPacketSideData* b, int nb) {
  int i, n = mc_int(where, "number of side data", na, nb);
  for (i = 0; i < na && i < nb; i++) {
    const char* name = av_packet_side_data_name(a[i].type);
    n += mc_int(where, "side data type", a[i].type, b[i].type);
    n += mc_bytes(where, name ? name : "side data", a[i].data, a[i].size, b[i].data, b[i].size);
  }
  return n;
}

static int mc_channel_layout(const char* where, const AVChannelLayout* a,
                             const AVChannelLayout* b) {
  char x[256], y[256];
  if (a->order == b->order && !av_channel_layout_compare(a, b)) return 0;
  av_channel_layout_describe(a, x, sizeof x);
  av_channel_layout_describe(b, y, sizeof y);
  return mc_differ(where, "channel layout %s (order %d) became %s (order %d)", x, a->order, y,
                   b->order);
}

static int mc_parameters(const char* where, const AVCodecParameters* a,
                         const AVCodecParameters* b) {
  int n = 0;
#define SAME(field) n += mc_int(where, #field, a->field, b->field)
  SAME(codec_type);
  SAME(codec_id);
  SAME(codec_tag);
  SAME(format);
  SAME(bit_rate);
  SAME(bits_per_coded_sample);
  SAME(bits_per_raw_sample);
  SAME(profile);
  SAME(level);
  SAME(width);
  SAME(height);
  SAME(field_order);
  SAME(color_range);
  SAME(color_primaries);
  SAME(color_trc);
  SAME(color_space);
  SAME(chroma_location);
  SAME(video_delay);
  SAME(sample_rate);
  if (a->block_align) SAME(block_align); /* libavformat sets it for PCM before a muxer is called */
  SAME(frame_size);
  SAME(initial_padding);
  SAME(trailing_padding);
  SAME(seek_preroll);
#undef SAME
  n += mc_rational(where, "framerate", a->framerate, b->framerate);
  n += mc_channel_layout(where, &a->ch_layout, &b->ch_layout);
  n += mc_bytes(where, "extradata", a->extradata, a->extradata_size, b->extradata,
                b->extradata_size);
  n += mc_side_data(where, a->coded_side_data, a->nb_coded_side_data, b->coded_side_data,
                    b->nb_coded_side_data);
  return n;
}

/* The one that counts: programs keep the two in step. */
static AVRational mc_aspect_ratio(const AVStream* stream) {
  return stream->sample_aspect_ratio.num ? stream->sample_aspect_ratio
                                         : stream->codecpar->sample_aspect_ratio;
}

static int mc_stream(const AVStream* a, const AVStream* b) {
  char where[64];
  int n;
  snprintf(where, sizeof where, "stream %d (%s)", a->index,
           avcodec_get_name(a->codecpar->codec_id));
  n = mc_parameters(where, a->codecpar, b->codecpar);
  n += mc_rational(where, "time_base", a->time_base, b->time_base);
  n += mc_rational(where, "avg_frame_rate", a->avg_frame_rate, b->avg_frame_rate);
  n += mc_rational(where, "r_frame_rate", a->r_frame_rate, b->r_frame_rate);
  n += mc_rational(where, "sample_aspect_ratio", mc_aspect_ratio(a), mc_aspect_ratio(b));
  n += mc_int(where, "disposition", a->disposition, b->disposition);
  n += mc_int(where, "start_time", a->start_time, b->start_time);
  n += mc_bytes(where, "attached picture", a->attached_pic.data, a->attached_pic.size,
                b->attached_pic.data, b->attached_pic.size);
  n += mc_tags(where, a->metadata, b->metadata);
  return n;
}

static int mc_chapters(const AVFormatContext* a, const AVFormatContext* b) {
  unsigned i;
  int n = mc_int("file", "number of chapters", a->nb_chapters, b->nb_chapters);
  for (i = 0; i < a->nb_chapters && i < b->nb_chapters; i++) {
    const AVChapter *x = a->chapters[i], *y = b->chapters[i];
    char where[32];
    snprintf(where, sizeof where, "chapter %u", i);
    n += mc_int(where, "id", x->id, y->id);
    n += mc_rational(where, "time_base", x->time_base, y->time_base);
    n += mc_int(where, "start", x->start, y->start);
    n += mc_int(where, "end", x->end, y->end);
    n += mc_tags(where, x->metadata, y->metadata);
  }
  return n;
}

static int mc_programs(const AVFormatContext* a, const AVFormatContext* b) {
  unsigned i, k;
  int n = mc_int("file", "number of programs", a->nb_programs, b->nb_programs);
  for (i = 0; i < a->nb_programs && i < b->nb_programs; i++) {
    const AVProgram *x = a->programs[i], *y = b->programs[i];
    char where[32];
    snprintf(where, sizeof where, "program %u", i);
    n += mc_int(where, "id", x->id, y->id);
    n += mc_int(where, "program_num", x->program_num, y->program_num);
    n += mc_int(where, "pmt_pid", x->pmt_pid, y->pmt_pid);
    n += mc_int(where, "pcr_pid", x->pcr_pid, y->pcr_pid);
    n += mc_int(where, "number of streams", x->nb_stream_indexes, y->nb_stream_indexes);
    for (k = 0; k < x->nb_stream_indexes && k < y->nb_stream_indexes; k++)
      n += mc_int(where, "stream index", x->stream_index[k], y->stream_index[k]);
    n += mc_tags(where, x->metadata, y->metadata);
  }
  return n;
}

/* Everything but the packets. */
static inline int mc_headers(const AVFormatContext* a, const AVFormatContext* b) {
  unsigned i;
  int n = mc_int("file", "number of streams", a->nb_streams, b->nb_streams);
  for (i = 0; i < a->nb_streams && i < b->nb_streams; i++)
    n += mc_stream(a->streams[i], b->streams[i]);
  n += mc_tags("file", a->metadata, b->metadata);
  return n + mc_chapters(a, b) + mc_programs(a, b);
}

/* All streams are wanted, also those that the demuxer leaves out unless it is asked for them. */
static inline void mc_want_all(AVFormatContext* format) {
  unsigned i;
  for (i = 0; i < format->nb_streams; i++) format->streams[i]->discard = AVDISCARD_NONE;
}

typedef struct PacketList {
  AVPacket** packets;
  int count, capacity;
} PacketList;

static void mc_add(PacketList* list, AVPacket* packet) {
  if (list->count == list->capacity) {
    list->capacity = list->capacity * 2 + 64;
    list->packets = realloc(list->packets, list->capacity * sizeof *list->packets);
    if (!list->packets) abort();
  }
  list->packets[list->count++] = packet;
}

/* Reads all packets that are left; returns 0 at the end or the error that stopped reading. */
static inline int mc_read_all(AVFormatContext* format, PacketList* list) {
  int ret;
  memset(list, 0, sizeof *list);
  for (;;) {
    AVPacket* packet = av_packet_alloc();
    ret = av_read_frame(format, packet);
    if (ret < 0) {
      av_packet_free(&packet);
      return ret == AVERROR_EOF ? 0 : ret;
    }
    mc_add(list, packet);
  }
}

static inline void mc_free(PacketList* list) {
  int i;
  for (i = 0; i < list->count; i++) av_packet_free(&list->packets[i]);
  free(list->packets);
  memset(list, 0, sizeof *list);
}

static int mc_time(const char* where, const char* name, int64_t a, int64_t b) {
  return a == AV_NOPTS_VALUE && mc_filled ? 0 : mc_int(where, name, a, b);
}

static int mc_packet(const char* where, const AVPacket* a, const AVPacket* b) {
  int n = mc_int(where, "stream", a->stream_index, b->stream_index);
  n += mc_time(where, "pts", a->pts, b->pts);
  n += mc_time(where, "dts", a->dts, b->dts);
  n += mc_int(where, "duration", a->duration, b->duration);
  n += mc_int(where, "flags", a->flags, b->flags);
  n += mc_bytes(where, "payload", a->data, a->size, b->data, b->size);
  return n +
         mc_side_data(where, a->side_data, a->side_data_elems, b->side_data, b->side_data_elems);
}

/* Compares the packets stream by stream. With prefix, b may end early (but not be empty). */
static inline int mc_packets(const PacketList* a, const PacketList* b, int nb_streams, int prefix) {
  int stream, n = 0;
  for (stream = 0; stream < nb_streams; stream++) {
    int i = 0, k = 0, number = 0;
    for (;; number++, i++, k++) {
      char where[64];
      while (i < a->count && a->packets[i]->stream_index != stream) i++;
      while (k < b->count && b->packets[k]->stream_index != stream) k++;
      if (i == a->count || k == b->count) break;
      snprintf(where, sizeof where, "stream %d packet %d", stream, number);
      n += mc_packet(where, a->packets[i], b->packets[k]);
    }
    if (k < b->count || (i < a->count && !prefix)) {
      char where[32];
      int more_a = 0, more_b = 0;
      for (; i < a->count; i++) more_a += a->packets[i]->stream_index == stream;
      for (; k < b->count; k++) more_b += b->packets[k]->stream_index == stream;
      snprintf(where, sizeof where, "stream %d", stream);
      n += mc_differ(where, "%d packets became %d", number + more_a, number + more_b);
    }
  }
  return n;
}

#endif /* H4MK_TESTS_FFMPEG_MEDIA_COMPARE_H */
