/* SPDX-License-Identifier: MIT
 *
 * index_check FILE: the index entries that libavformat has right after opening, before anything was
 * read, are seek points of the file: each keyframe of a stream has one, of keyframes that
 * follow each other without other packets of the stream between them at least the first; with
 * ascending times, each the time of a keyframe.
 */
#include "media_compare.h"

static int failures;

static void fail(int stream, const char* what) {
  printf("stream %d: %s\n", stream, what);
  failures++;
}

static int64_t time_of(const AVPacket* packet) {
  return packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
}

static int is_key_time(const PacketList* list, int stream, int64_t time) {
  int i;
  for (i = 0; i < list->count; i++) {
    const AVPacket* packet = list->packets[i];
    if (packet->stream_index == stream && (packet->flags & AV_PKT_FLAG_KEY) &&
        time_of(packet) == time)
      return 1;
  }
  return 0;
}

static int has_entry(AVStream* st, int64_t time) {
  int i;
  for (i = 0; i < avformat_index_get_entries_count(st); i++)
    if (avformat_index_get_entry(st, i)->timestamp == time) return 1;
  return 0;
}

int main(int argc, char** argv) {
  AVFormatContext *format = NULL, *fresh = NULL;
  PacketList list;
  unsigned stream;
  int i;
  if (argc != 2) return 2;
  av_log_set_level(AV_LOG_QUIET);
  if (avformat_open_input(&format, argv[1], NULL, NULL) < 0) return 2;
  mc_want_all(format);
  if (mc_read_all(format, &list) < 0) return 2;
  if (avformat_open_input(&fresh, argv[1], NULL, NULL) < 0) return 2;

  for (stream = 0; stream < fresh->nb_streams; stream++) {
    AVStream* st = fresh->streams[stream];
    const int entries = avformat_index_get_entries_count(st);
    int keys = 0, others = 0, after_key = 0;
    for (i = 0; i < list.count; i++) {
      const AVPacket* packet = list.packets[i];
      const int key = packet->flags & AV_PKT_FLAG_KEY;
      if (packet->stream_index != (int)stream) continue;
      if (key && !after_key && time_of(packet) != AV_NOPTS_VALUE && !has_entry(st, time_of(packet)))
        fail(stream, "a keyframe without an entry");
      after_key = key;
      if (key)
        keys++;
      else
        others++;
    }
    printf("stream %u: %d packets, %d keyframes, %d index entries\n", stream, keys + others, keys,
           entries);
    for (i = 0; i < entries; i++) {
      const AVIndexEntry* entry = avformat_index_get_entry(st, i);
      if (!is_key_time(&list, stream, entry->timestamp))
        fail(stream, "an entry that is no keyframe's time");
      if (i && avformat_index_get_entry(st, i - 1)->timestamp > entry->timestamp)
        fail(stream, "times not sorted");
      if (!(entry->flags & AVINDEX_KEYFRAME)) fail(stream, "an entry without AVINDEX_KEYFRAME");
    }
  }
  mc_free(&list);
  avformat_close_input(&format);
  avformat_close_input(&fresh);
  return failures != 0;
}
