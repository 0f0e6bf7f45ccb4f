/* SPDX-License-Identifier: MIT
 *
 * seek_check [-every N] [-read N] FILE...: every seek against a linear scan. For each stream and
 * each packet time, one tick before and after it, before the start and past the end; backward,
 * forward and AVSEEK_FLAG_ANY; by av_seek_frame() and avformat_seek_file(); also with stream -1.
 * After each seek the packets that follow, of all streams, must be those that the rule of
 * h4mk_reader_seek() gives:
 *
 *   - of the stream: backward, the last seek point at or before the time, the first one if
 * there is none; forward, the first at or after it, an error if there is none; by pts, or dts where
 * there is no pts; with ANY each packet counts;
 *   - of each other stream: its last seek point that is not later than that packet, its
 * first packet if all are later; of a stream that has none what follows that packet in the file;
 *   - from there on all packets in file order, none lost, none twice.
 *
 * But a seek to the first packet of a stream, if that is a random access point in the first cluster
 * of the file and ANY was not asked for, leads to the start of the file.
 *
 *   -every N   tries every Nth packet time only
 *   -read N    reads on for N packets only
 *
 * Prints one line a file; returns 0 if all was right.
 */
#include <libavutil/adler32.h>

#include "media_compare.h"

enum { BACKWARD = 1, ANY = 2 };

typedef struct Scan {
  PacketList packets;
  AVRational time_base[256];
  int streams;
} Scan;

static int64_t time_of(const AVPacket* packet) {
  return packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
}

/* The packet that a seek in a stream leads to, given a time in some unit; -1: none. */
static int find(const Scan* scan, int stream, int64_t time, AVRational unit, int mode) {
  int i, best = -1;
  for (i = 0; i < scan->packets.count; i++) {
    const AVPacket* packet = scan->packets.packets[i];
    int64_t t = time_of(packet), b;
    int side;
    if (packet->stream_index != stream || !((mode & ANY) || (packet->flags & AV_PKT_FLAG_KEY)))
      continue;
    if (t == AV_NOPTS_VALUE) continue;
    side = av_compare_ts(t, scan->time_base[stream], time, unit);
    b = best < 0 ? 0 : time_of(scan->packets.packets[best]);
    if (mode & BACKWARD ? side <= 0 && (best < 0 || t >= b) : side >= 0 && (best < 0 || t < b))
      best = i;
  }
  return best;
}

/* Before the first seek point there is the first one to go back to. */
static int find_or_first(const Scan* scan, int stream, int64_t time, AVRational unit, int mode) {
  const int found = find(scan, stream, time, unit, mode);
  return found < 0 && (mode & BACKWARD) ? find(scan, stream, time, unit, mode & ~BACKWARD) : found;
}

static int has_key(const Scan* scan, int stream) {
  return find(scan, stream, INT64_MAX, scan->time_base[stream], BACKWARD) >= 0;
}

static int same(const AVPacket* read, const AVPacket* expected) {
  return read->stream_index == expected->stream_index && read->pts == expected->pts &&
         read->dts == expected->dts && read->duration == expected->duration &&
         read->flags == expected->flags && read->size == expected->size &&
         (!read->size || !memcmp(read->data, expected->data, read->size));
}

/* Compares what is read with what must come after a seek to packet `target`, which may come before
 * others of its cluster that stand before it; limit: so many packets, 0: all. */
static int reads_right(AVFormatContext* format, const Scan* scan, int target, int limit,
                       AVPacket* packet) {
  const AVPacket* want = scan->packets.packets[target];
  int start[256], i, stream, count = 0, came_first = 0;
  for (stream = 0; stream < scan->streams; stream++) {
    start[stream] = target;
    if (stream == want->stream_index) continue;
    if (!has_key(scan, stream)) continue;
    start[stream] =
        find(scan, stream, time_of(want), scan->time_base[want->stream_index], BACKWARD);
  }
  for (i = 0; i < scan->packets.count; i++) {
    const AVPacket* expected = scan->packets.packets[i];
    int right;
    if (i < start[expected->stream_index] || (came_first && i == target)) continue;
    if (limit && count++ >= limit) return 1;
    if (av_read_frame(format, packet) < 0) {
      if (getenv("EACH"))
        printf("    end instead of packet %d: stream %d time %" PRId64 "\n", i,
               expected->stream_index, time_of(expected));
      return 0;
    }
    right = same(packet, expected);
    if (!right && !came_first && i < target && same(packet, want)) {
      came_first = right = 1;
      i--;
    }
    if (!right && getenv("EACH"))
      printf("    stream %d pts %" PRId64 " dts %" PRId64
             " instead of packet %d: stream %d pts %" PRId64 " dts %" PRId64 "\n",
             packet->stream_index, packet->pts, packet->dts, i, expected->stream_index,
             expected->pts, expected->dts);
    av_packet_unref(packet);
    if (!right) return 0;
  }
  if (av_read_frame(format, packet) >= 0) {
    av_packet_unref(packet);
    return 0;
  }
  return 1;
}

/* Compares what is read with the whole file. */
static int reads_all(AVFormatContext* format, const Scan* scan, int limit, AVPacket* packet) {
  int i;
  for (i = 0; i < scan->packets.count && (!limit || i < limit); i++) {
    int right;
    if (av_read_frame(format, packet) < 0) return 0;
    right = same(packet, scan->packets.packets[i]);
    av_packet_unref(packet);
    if (!right) return 0;
  }
  return 1;
}

/* Where the first cluster with a seek point is that has one of this stream, or of any with -1. */
static int64_t first_cluster(AVFormatContext* format, int stream) {
  int64_t first = INT64_MAX;
  int i;
  for (i = 0; i < (int)format->nb_streams; i++) {
    const AVIndexEntry* entry = avformat_index_get_entry(format->streams[i], 0);
    if (entry && (stream < 0 || stream == i)) first = FFMIN(first, entry->pos);
  }
  return first;
}

static int leads_to_start(AVFormatContext* format, const Scan* scan, int target, int mode) {
  const AVPacket* packet = scan->packets.packets[target];
  int i;
  if (mode & ANY || !(packet->flags & AV_PKT_FLAG_KEY)) return 0;
  for (i = 0; i < target; i++)
    if (scan->packets.packets[i]->stream_index == packet->stream_index) return 0;
  return first_cluster(format, packet->stream_index) == first_cluster(format, -1);
}

static int is_right(AVFormatContext* format, const Scan* scan, int target, int mode, int limit,
                    AVPacket* packet) {
  return leads_to_start(format, scan, target, mode)
             ? reads_all(format, scan, limit, packet)
             : reads_right(format, scan, target, limit, packet);
}

typedef struct Result {
  long seeks, wrong;
} Result;

static void judge(AVFormatContext* format, const Scan* scan, int error, int target, int limit,
                  AVPacket* packet, Result* result, const char* what, int stream, int64_t time,
                  int mode) {
  int right =
      target < 0 ? error < 0 : error >= 0 && is_right(format, scan, target, mode, limit, packet);
  result->seeks++;
  if (right) return;
  if (result->wrong++ < 10)
    printf("  %s stream %d to %" PRId64 "%s%s: %s\n", what, stream, time,
           mode & BACKWARD ? " backward" : " forward", mode & ANY ? " any" : "",
           error < 0    ? av_err2str(error)
           : target < 0 ? "no error"
                        : "wrong packets afterwards");
}

/* All ways to seek to one time of a stream. */
static void try_time(AVFormatContext* format, const Scan* scan, int stream, int64_t time, int limit,
                     AVPacket* packet, Result* result) {
  int mode;
  for (mode = 0; mode < 4; mode++) {
    const int flags =
        (mode & BACKWARD ? AVSEEK_FLAG_BACKWARD : 0) | (mode & ANY ? AVSEEK_FLAG_ANY : 0);
    const int target = find_or_first(scan, stream, time, scan->time_base[stream], mode);
    int error = av_seek_frame(format, stream, time, flags);
    judge(format, scan, error, target, limit, packet, result, "av_seek_frame", stream, time, mode);
    error =
        avformat_seek_file(format, stream, mode & BACKWARD ? INT64_MIN : time, time,
                           mode & BACKWARD ? time : INT64_MAX, mode & ANY ? AVSEEK_FLAG_ANY : 0);
    /* Nothing at or before the time: a result outside of min..max would be wrong for
     * avformat_seek_file(). */
    if ((mode & BACKWARD) && find(scan, stream, time, scan->time_base[stream], mode) < 0) continue;
    judge(format, scan, error, target, limit, packet, result, "avformat_seek_file", stream, time,
          mode);
  }
}

/* Seeks by AV_TIME_BASE, which means the default stream: a packet's time, rounded to microseconds,
 * leads to that packet; the start of the file leads to all of it. */
static void try_default_stream(AVFormatContext* format, const Scan* scan, int64_t time, int limit,
                               AVPacket* packet, Result* result) {
  const int stream = av_find_default_stream_index(format);
  const AVRational base = scan->time_base[stream];
  const int64_t us = av_rescale_q(time, base, AV_TIME_BASE_Q);
  const int target = find_or_first(scan, stream, time, base, BACKWARD);
  int error;
  if (av_cmp_q(base, AV_TIME_BASE_Q) < 0) return; /* the time is not exact enough */
  error = av_seek_frame(format, -1, us, AVSEEK_FLAG_BACKWARD);
  if (us <= format->start_time &&
      target == find_or_first(scan, stream, time, base, BACKWARD | ANY)) {
    result->seeks++;
    if (error >= 0 && reads_all(format, scan, limit, packet)) return;
    result->wrong++;
    printf("  the start of the file: wrong packets afterwards\n");
    return;
  }
  judge(format, scan, error, target, limit, packet, result, "av_seek_frame", -1, us, BACKWARD);
}

static int open_file(AVFormatContext** format, const char* path) {
  int ret = avformat_open_input(format, path, NULL, NULL);
  if (ret >= 0) ret = avformat_find_stream_info(*format, NULL);
  if (ret < 0)
    printf("%s: %s\n", path, av_err2str(ret));
  else
    mc_want_all(*format);
  return ret;
}

static int check(const char* path, int every, int limit) {
  AVFormatContext* format = NULL;
  AVPacket* packet = av_packet_alloc();
  Scan scan;
  Result result = {0, 0};
  int i, d, stream;
  memset(&scan, 0, sizeof scan);
  if (open_file(&format, path) < 0) return 1;
  mc_read_all(format, &scan.packets);
  avformat_close_input(&format);
  if (open_file(&format, path) < 0) return 1;
  scan.streams = format->nb_streams;
  if (scan.streams > 256 || !scan.packets.count) return printf("%s: nothing to seek in\n", path), 0;
  for (stream = 0; stream < scan.streams; stream++)
    scan.time_base[stream] = format->streams[stream]->time_base;

  for (stream = 0; stream < scan.streams; stream++) {
    int number = 0;
    int64_t previous = AV_NOPTS_VALUE;
    /* libavformat hands out attached pictures itself, after each seek */
    if (format->streams[stream]->disposition & AV_DISPOSITION_ATTACHED_PIC) continue;
    for (i = 0; i < scan.packets.count; i++) {
      const int64_t time = time_of(scan.packets.packets[i]);
      if (scan.packets.packets[i]->stream_index != stream || time == AV_NOPTS_VALUE) continue;
      if (number++ % every || time == previous) continue;
      previous = time;
      for (d = -1; d <= 1; d++) try_time(format, &scan, stream, time + d, limit, packet, &result);
      if (stream == av_find_default_stream_index(format))
        try_default_stream(format, &scan, time, limit, packet, &result);
    }
    if (!number) continue;
    try_time(format, &scan, stream, -1000000000, limit, packet, &result);
    try_time(format, &scan, stream, INT64_MAX / 2, limit, packet, &result);
  }

  printf("%s: %ld seeks, %ld wrong\n", path, result.seeks, result.wrong);
  mc_free(&scan.packets);
  av_packet_free(&packet);
  avformat_close_input(&format);
  return result.wrong != 0;
}

int main(int argc, char** argv) {
  int every = 1, limit = 0, i, failures = 0;
  av_log_set_level(AV_LOG_QUIET);
  for (i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "-every") && i + 1 < argc)
      every = atoi(argv[++i]);
    else if (!strcmp(argv[i], "-read") && i + 1 < argc)
      limit = atoi(argv[++i]);
    else
      failures += check(argv[i], every, limit);
  }
  return failures != 0;
}
