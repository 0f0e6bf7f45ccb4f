/* SPDX-License-Identifier: MIT
 *
 * compare [OPTION...] A B: whether libavformat reads the same from two files. Prints the first
 * differences; returns 0 if there are none, 1 if there are some, 2 if a file cannot be read.
 *
 *   -packets       only the packets, not the description of streams and file
 *   -no_probe      B is not probed by decoding: what it says of its streams must be known right
 * after opening -filled        times that A does not have may have a value in B: ffmpeg guesses
 * them before it calls any muxer -prefix        B may end early, as a file that was cut does
 *   -atleast N     B must have at least N packets
 *   -keep_encrypted  both files are read as ciphertext
 *   -same_order    packets must come in the same order over all streams, not only within each
 */
#include "media_compare.h"

typedef struct Input {
  const char* path;
  AVFormatContext* format;
  PacketList packets;
} Input;

static int read_input(Input* input, int probe, int keep_encrypted) {
  AVDictionary* options = NULL;
  int ret;
  av_dict_set_int(&options, "keep_encrypted", keep_encrypted, 0);
  ret = avformat_open_input(&input->format, input->path, NULL, &options);
  av_dict_free(&options);
  if (ret >= 0 && probe) ret = avformat_find_stream_info(input->format, NULL);
  if (ret >= 0) mc_want_all(input->format); /* as late as ffmpeg does it */
  if (ret >= 0) ret = mc_read_all(input->format, &input->packets);
  if (ret < 0) printf("%s: %s\n", input->path, av_err2str(ret));
  return ret;
}

static int same_order(const PacketList* a, const PacketList* b) {
  int i;
  for (i = 0; i < a->count && i < b->count; i++)
    if (a->packets[i]->stream_index != b->packets[i]->stream_index)
      return mc_differ("order", "packet %d is one of stream %d, became one of stream %d", i,
                       a->packets[i]->stream_index, b->packets[i]->stream_index);
  return 0;
}

int main(int argc, char** argv) {
  Input a = {0}, b = {0};
  int only_packets = 0, probe = 1, prefix = 0, order = 0, at_least = 0, keep = 0, i, n = 0;
  for (i = 1; i < argc && argv[i][0] == '-'; i++) {
    if (!strcmp(argv[i], "-packets"))
      only_packets = 1;
    else if (!strcmp(argv[i], "-no_probe"))
      probe = 0;
    else if (!strcmp(argv[i], "-filled"))
      mc_filled = 1;
    else if (!strcmp(argv[i], "-prefix"))
      prefix = 1;
    else if (!strcmp(argv[i], "-keep_encrypted"))
      keep = 1;
    else if (!strcmp(argv[i], "-same_order"))
      order = 1;
    else if (!strcmp(argv[i], "-atleast") && i + 1 < argc)
      at_least = atoi(argv[++i]);
    else
      break;
  }
  if (argc - i != 2) {
    printf(
        "usage: compare [-packets] [-no_probe] [-filled] [-prefix] [-atleast N] [-keep_encrypted] "
        "[-same_order] A B\n");
    return 2;
  }
  a.path = argv[i];
  b.path = argv[i + 1];
  av_log_set_level(AV_LOG_FATAL);
  if (read_input(&a, 1, keep) < 0 || read_input(&b, probe, keep) < 0) return 2;

  if (!only_packets) n += mc_headers(a.format, b.format);
  if (!only_packets && probe)
    n += mc_int("file", "start_time", a.format->start_time, b.format->start_time);
  n +=
      mc_packets(&a.packets, &b.packets, FFMAX(a.format->nb_streams, b.format->nb_streams), prefix);
  if (order) n += same_order(&a.packets, &b.packets);
  if (b.packets.count < at_least)
    n += mc_differ("file", "%d packets, expected at least %d", b.packets.count, at_least);
  if (mc_printed > 20) printf("… and %d more\n", mc_printed - 20);

  mc_free(&a.packets);
  mc_free(&b.packets);
  avformat_close_input(&a.format);
  avformat_close_input(&b.format);
  return n != 0;
}
