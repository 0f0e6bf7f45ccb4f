/* SPDX-License-Identifier: MIT
 *
 * What FFmpeg says about a file, by the functions of libavformat, as the JSON of
 * ../conformance/README.md: run.py compares it. Tracks are told by their position, since FFmpeg has
 * no other name for them.
 *
 *     ffmpeg_conformance [--pipe] [--key HEX | --verify-key BASE64] FILE
 */
#include <inttypes.h>
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/mem.h>
#include <libavutil/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SAID 1000

static char* said[MAX_SAID]; /* lines that were logged as a warning or worse */
static int said_count;

/* libavformat remarks on what a file says and means: a packet that was known to be damaged when it
 * was written, a pts below its dts, a codec without a name here. */
static int is_remark(const char* line) {
  return strstr(line, "Packet corrupt (stream") || strstr(line, "Invalid timestamps stream=") ||
         strstr(line, "Unsupported codec");
}

static void take_message(void* context, int level, const char* format, va_list arguments) {
  char line[1024];
  (void)context;
  if (level > AV_LOG_WARNING) return;
  vsnprintf(line, sizeof(line), format, arguments);
  line[strcspn(line, "\n")] = 0;
  if (line[0] && !is_remark(line) && said_count < MAX_SAID) said[said_count++] = av_strdup(line);
}

static void print_text(const char* text) {
  putchar('"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      printf("\\%c", *text);
    else if ((unsigned char)*text < 0x20)
      printf("\\u%04x", *text);
    else
      putchar(*text);
  }
  putchar('"');
}

static void print_said(void) {
  for (int i = 0; i < said_count; i++) {
    printf("%s{\"kind\": \"said\", \"message\": ", i ? ", " : "");
    print_text(said[i]);
    printf("}");
  }
}

static void print_time(const char* name, int64_t time) {
  if (time == AV_NOPTS_VALUE)
    printf(", \"%s\": null", name);
  else
    printf(", \"%s\": %" PRId64, name, time);
}

static void print_packet(const AVPacket* packet) {
  static const struct {
    int flag;
    const char* name;
  } flags[] = {
      {AV_PKT_FLAG_KEY, "key"}, {AV_PKT_FLAG_DISCARD, "discard"}, {AV_PKT_FLAG_CORRUPT, "corrupt"}};
  struct AVSHA* sha = av_sha_alloc();
  uint8_t digest[32] = {0};
  int count = 0;
  printf("{\"track\": %d, \"flags\": [", packet->stream_index);
  for (int i = 0; i < 3; i++)
    if (packet->flags & flags[i].flag) printf("%s\"%s\"", count++ ? ", " : "", flags[i].name);
  printf("]");
  print_time("pts", packet->pts);
  print_time("dts", packet->dts);
  if (sha && av_sha_init(sha, 256) >= 0) {
    if (packet->size) av_sha_update(sha, packet->data, packet->size);
    av_sha_final(sha, digest);
  }
  av_free(sha);
  printf(", \"duration\": %" PRId64 ", \"size\": %d, \"sha256\": \"", packet->duration,
         packet->size);
  for (int i = 0; i < 8; i++) printf("%02x", digest[i]);
  printf("\"}");
}

/* Returns the name that the file is opened by; a pipe is standard input. */
static const char* take_options(int argc, char** argv, AVDictionary** options) {
  const char* url = argv[argc - 1];
  av_dict_set(options, "keep_encrypted", "1", 0);
  av_dict_set(options, "enable_sidecars", "1", 0);
  for (int i = 1; i < argc - 1; i++) {
    if (!strcmp(argv[i], "--pipe")) {
      if (!freopen(argv[argc - 1], "rb", stdin)) return NULL;
      av_dict_set(options, "seekable", "0", 0);
      url = "pipe:0";
    } else if (!strcmp(argv[i], "--key")) {
      av_dict_set(options, "keep_encrypted", NULL, 0);
      av_dict_set(options, "decryption_key", argv[++i], 0);
    } else if (!strcmp(argv[i], "--verify-key")) {
      char pem[1024];
      snprintf(pem, sizeof(pem), "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n",
               argv[++i]);
      av_dict_set(options, "verify_key", pem, 0);
    }
  }
  return url;
}

int main(int argc, char** argv) {
  /* Nothing is guessed, parsed or decoded: what the demuxer hands out is what is printed. */
  AVFormatContext* format = avformat_alloc_context();
  AVDictionary* options = NULL;
  AVPacket* packet = av_packet_alloc();
  const char* url = argc < 2 ? NULL : take_options(argc, argv, &options);
  int64_t count = 0;
  if (!url || !format || !packet) {
    fprintf(stderr, "usage: ffmpeg_conformance [options] FILE\n");
    return 2;
  }
  av_log_set_callback(take_message);
  format->flags |= AVFMT_FLAG_NOFILLIN | AVFMT_FLAG_NOPARSE;
  if (avformat_open_input(&format, url, av_find_input_format("h4mk"), &options) < 0) {
    printf("{\"outcome\": \"refused\", \"error\": {\"message\": [");
    print_said();
    printf("]}}\n");
  } else {
    printf("{\"outcome\": \"read\", \"blocks\": [");
    for (; av_read_frame(format, packet) >= 0; av_packet_unref(packet)) {
      if (count++) printf(",\n");
      print_packet(packet);
    }
    printf("], \"problems\": [");
    print_said();
    printf("]}\n");
    avformat_close_input(&format);
  }
  av_dict_free(&options);
  av_packet_free(&packet);
  while (said_count) av_free(said[--said_count]);
  return 0;
}
