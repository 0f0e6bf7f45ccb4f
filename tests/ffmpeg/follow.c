/* SPDX-License-Identifier: MIT
 *
 * follow GROWING REFERENCE SECONDS: reads a file while it is written. At its end av_read_frame()
 * says AVERROR_EOF; called again later it goes on with what was added. All packets of the finished
 * file must come in this way within so many seconds, each once: those of REFERENCE.
 *
 * follow -again FILE: reads a file with -follow 1 until it ends, and asks again for more, as
 * players do. Nothing may come any more.
 *
 * follow -prefixes FILE COPY: opens prefixes of a file, as COPY, with -follow 1: every one that has
 * the descriptions, and some of those that do not, which get a second for that. Opening may fail,
 * but never waits for long. libavformat itself does for the first 10 bytes of any format, in search
 * of ID3v2 tags.
 */
#include <libavutil/time.h>

#include "media_compare.h"

#define SECONDS_TO_OPEN 20
#define ID3V2_HEADER_SIZE 10

static int64_t deadline_to_open;
static int interrupted(void* opaque) {
  (void)opaque;
  return av_gettime_relative() > deadline_to_open;
}

static int open_prefixes(const char* path, const char* copy) {
  const AVInputFormat* h4mk = av_find_input_format("h4mk");
  static char bytes[1 << 20];
  FILE* file = fopen(path, "rb");
  const size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  size_t length, step;
  int opened = 0;
  fclose(file);
  file = fopen(copy, "wb");
  length = fwrite(bytes, 1, FFMIN(size, ID3V2_HEADER_SIZE), file);
  fflush(file);
  for (; length < size; length += step) {
    AVFormatContext* format = avformat_alloc_context();
    AVDictionary* options = NULL;
    format->interrupt_callback.callback = interrupted;
    deadline_to_open = av_gettime_relative() + SECONDS_TO_OPEN * INT64_C(1000000);
    av_dict_set(&options, "follow", "1", 0);
    if (avformat_open_input(&format, copy, h4mk, &options) >= 0) opened++;
    step = opened ? 1 : 37;
    av_dict_free(&options);
    avformat_close_input(&format);
    if (interrupted(NULL)) {
      printf("opening %zu of %zu bytes waits for more\n", length, size);
      return 1;
    }
    fwrite(bytes + length, 1, FFMIN(step, size - length), file);
    fflush(file);
  }
  fclose(file);
  printf("%d of %zu prefixes can be opened\n", opened, size);
  return !opened;
}

static int ask_again(const char* path) {
  AVFormatContext* format = NULL;
  AVDictionary* options = NULL;
  AVPacket* packet = av_packet_alloc();
  int count = 0, i, ret;
  av_dict_set(&options, "follow", "1", 0);
  ret = avformat_open_input(&format, path, NULL, &options);
  av_dict_free(&options);
  for (; ret >= 0 && (ret = av_read_frame(format, packet)) >= 0; count++) av_packet_unref(packet);
  for (i = 0; ret == AVERROR_EOF && i < 20; i++) {
    av_usleep(100000);
    ret = av_read_frame(format, packet);
    if (ret >= 0) ret = AVERROR_BUG;
  }
  printf("%d packets, %s\n", count, av_err2str(ret));
  av_packet_free(&packet);
  avformat_close_input(&format);
  return !count || ret != AVERROR_EOF;
}

int main(int argc, char** argv) {
  AVFormatContext *growing = NULL, *reference = NULL;
  PacketList want, got = {0};
  int64_t deadline;
  int waits = 0, n;
  av_log_set_level(AV_LOG_FATAL);
  if (argc == 3 && !strcmp(argv[1], "-again")) return ask_again(argv[2]);
  if (argc != 4) return 2;
  if (!strcmp(argv[1], "-prefixes")) return open_prefixes(argv[2], argv[3]);
  if (avformat_open_input(&reference, argv[2], NULL, NULL) < 0 || mc_read_all(reference, &want) < 0)
    return 2;
  if (avformat_open_input(&growing, argv[1], NULL, NULL) < 0) {
    printf("%s cannot be opened\n", argv[1]);
    return 2;
  }
  deadline = av_gettime_relative() + atoi(argv[3]) * INT64_C(1000000);
  while (got.count < want.count && av_gettime_relative() < deadline) {
    AVPacket* packet = av_packet_alloc();
    const int ret = av_read_frame(growing, packet);
    if (ret >= 0) {
      mc_add(&got, packet);
      continue;
    }
    av_packet_free(&packet);
    if (ret != AVERROR_EOF) {
      printf("after %d packets: %s\n", got.count, av_err2str(ret));
      return 1;
    }
    waits++;
    av_usleep(20000);
  }
  printf("%d packets, had to wait %d times\n", got.count, waits);
  n = mc_packets(&want, &got, reference->nb_streams, 0);
  if (!waits) n += mc_differ(argv[1], "was finished before it was read");
  mc_free(&want);
  mc_free(&got);
  avformat_close_input(&growing);
  avformat_close_input(&reference);
  return n != 0;
}
