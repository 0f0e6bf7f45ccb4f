/* SPDX-License-Identifier: MIT
 *
 * Keys do not stay in memory: nothing that muxer, demuxer, filter and the libraries below them give
 * back to the heap holds a key any more. free() of this program looks at each block; keys are given
 * in every way that there is. What the caller itself hands over as text, options say, is the
 * caller's: there only the bytes of the key are looked for, not their digits.
 */
#include <stdlib.h> /* __GLIBC__ */
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
int main(void) { return 77; }
#else
#include <fcntl.h>
#include <libavcodec/bsf.h>
#include <malloc.h>
#include <unistd.h>

#include "media_compare.h"

#define KEY "c0ffee00112233445566778899aabbccddeeff0123456789a5a5a5a55a5a5a5a"
#define KEY_SIZE 32
/* The same bytes as a private key of Ed25519: what PKCS #8 puts before them takes 21 digits. */
#define PEM_FRONT "MC4CAQAwBQYDK2VwBCIEI"
#define PEM_KEY "MD/7gARIjNEVWZ3iJmqu8zd7v8BI0VniaWlpaVaWlpa"
#define PEM "-----BEGIN PRIVATE KEY-----\n" PEM_FRONT PEM_KEY "\n-----END PRIVATE KEY-----\n"
#define PATH "keys_test.h4mk"
#define KEY_PATH "keys_test.key"

void __libc_free(void* memory);

static uint8_t key[KEY_SIZE];
static const char* digits; /* what is looked for besides the bytes of the key; NULL: nothing */
static int left;

static int holds(const uint8_t* memory, size_t size, const void* part, size_t length) {
  size_t i;
  for (i = 0; i + length <= size; i++)
    if (memory[i] == *(const uint8_t*)part && !memcmp(memory + i, part, length)) return 1;
  return 0;
}

void free(void* memory) {
  /* half of it is too much as well */
  if (memory && (holds(memory, malloc_usable_size(memory), key, KEY_SIZE / 2) ||
                 (digits && holds(memory, malloc_usable_size(memory), digits, KEY_SIZE))))
    left++;
  __libc_free(memory);
}

static int failures;

static void check(const char* what, int ret) {
  if (ret < 0) printf("%s: %s\n", what, av_err2str(ret));
  if (left) printf("%s: %d blocks of memory held the key when they were freed\n", what, left);
  failures += ret < 0 || left;
  left = 0;
}

static int write_file(AVDictionary** options) {
  AVFormatContext* out = NULL;
  AVPacket* packet = av_packet_alloc();
  int ret = avformat_alloc_output_context2(&out, NULL, "h4mk", PATH), i;
  if (ret >= 0) {
    AVStream* stream = avformat_new_stream(out, NULL);
    stream->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
    stream->codecpar->codec_id = AV_CODEC_ID_AAC;
    stream->codecpar->sample_rate = 48000;
    ret = avio_open(&out->pb, PATH, AVIO_FLAG_WRITE);
  }
  if (ret >= 0) ret = avformat_write_header(out, options);
  for (i = 0; ret >= 0 && i < 9; i++) {
    av_new_packet(packet, 100);
    memset(packet->data, i, 100);
    packet->pts = packet->dts = i * 1024;
    packet->flags = AV_PKT_FLAG_KEY;
    ret = av_write_frame(out, packet);
    av_packet_unref(packet);
  }
  if (ret >= 0) ret = av_write_trailer(out);
  if (out) avio_closep(&out->pb);
  avformat_free_context(out);
  av_packet_free(&packet);
  return ret;
}

static int read_file(AVDictionary** options) {
  AVFormatContext* in = NULL;
  PacketList got = {0};
  int ret = avformat_open_input(&in, PATH, NULL, options);
  if (ret >= 0) ret = mc_read_all(in, &got);
  if (ret >= 0 && got.count != 9) ret = AVERROR_INVALIDDATA;
  mc_free(&got);
  avformat_close_input(&in);
  return ret;
}

/* Runs write_file() or read_file() with a key that is given by an option. */
static void try_option(const char* name, const char* value, int (*run)(AVDictionary**)) {
  AVDictionary* options = NULL;
  int ret;
  if (!strncmp(name, "encryption", 10)) {
    av_dict_set(&options, "encryption_scheme", "aes-256-gcm", 0);
    av_dict_set(&options, "encryption_kid", "0a0b", 0);
  }
  av_dict_set(&options, name, value, 0);
  ret = run(&options);
  av_dict_free(&options);
  check(name, ret);
}

/* A file that is not begun, since no scheme goes with the key. */
static void try_no_file(void) {
  AVDictionary* options = NULL;
  int ret;
  av_dict_set(&options, "encryption_key", KEY, 0);
  ret = write_file(&options);
  av_dict_free(&options);
  check("a key without a scheme", ret == AVERROR(EINVAL) ? 0 : AVERROR_BUG);
}

static void try_filter(const char* mode) {
  const AVBitStreamFilter* filter = av_bsf_get_by_name("h4mask");
  AVBSFContext* bsf = NULL;
  AVPacket* packet = av_packet_alloc();
  int ret = filter ? av_bsf_alloc(filter, &bsf) : AVERROR_BSF_NOT_FOUND;
  if (ret >= 0) ret = av_opt_set(bsf->priv_data, "key", KEY, 0);
  if (ret >= 0) ret = av_opt_set(bsf->priv_data, "mode", mode, 0);
  if (ret >= 0) ret = av_bsf_init(bsf);
  av_new_packet(packet, 100);
  memset(packet->data, 1, 100);
  if (ret >= 0) ret = av_bsf_send_packet(bsf, packet);
  if (ret >= 0) ret = av_bsf_receive_packet(bsf, packet);
  av_packet_free(&packet);
  av_bsf_free(&bsf);
  check(mode, ret);
}

static void write_key(const char* text) {
  const int file = open(KEY_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (write(file, text, strlen(text)) < 0) exit(2);
  close(file);
}

int main(void) {
  uint8_t* control;
  int i;
  unsigned byte;
  av_log_set_level(AV_LOG_FATAL);
  for (i = 0; i < KEY_SIZE; i++) {
    sscanf(KEY + 2 * i, "%2x", &byte);
    key[i] = (uint8_t)byte;
  }
  control =
      av_mallocz(1000); /* not malloc(): what is freed is not written by optimizing compilers */
  memcpy(control + 300, key, KEY_SIZE);
  av_free(control);
  if (left != 1) check("the control", AVERROR_BUG);
  left = 0;

  try_option("encryption_key", KEY, write_file);
  try_option("decryption_key", KEY, read_file);
  try_option("decryption_keys", "0a0b=" KEY, read_file);
  try_no_file();
  try_filter("xor");
  try_filter("aead");

  digits = KEY;
  write_key(KEY "\n");
  try_option("encryption_key_file", KEY_PATH, write_file);
  try_option("decryption_key_file", KEY_PATH, read_file);
  write_key(KEY " " KEY "\n");
  try_option("decryption_key_file", KEY_PATH, read_file);
  digits = PEM_KEY;
  write_key(PEM);
  try_option("signing_key", KEY_PATH, write_file);
  try_option("verify_key", KEY_PATH, read_file);
  remove(KEY_PATH);
  remove(PATH);
  return failures != 0;
}
#endif
