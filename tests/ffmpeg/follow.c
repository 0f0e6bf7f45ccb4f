/* SPDX-License-Identifier: MIT
 *
 * follow GROWING REFERENCE SECONDS: reads a file while it is written. At its end av_read_frame()
 * says AVERROR_EOF; called again later it goes on with what was added. All packets of the finished
 * file must come in this way within so many seconds, each once: those of REFERENCE.
 */
#include <libavutil/time.h>

#include "media_compare.h"

int main(int argc, char** argv) {
  AVFormatContext *growing = NULL, *reference = NULL;
  PacketList want, got = {0};
  int64_t deadline;
  int waits = 0, n;
  if (argc != 4) return 2;
  av_log_set_level(AV_LOG_FATAL);
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
