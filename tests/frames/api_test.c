/* SPDX-License-Identifier: MIT
 *
 * frames.h used wrongly, and with a file that tells strange things of its blocks.
 */
#include <h4mk/frames.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "support/check.h"

static const char sound[] =
    "{\"track_id\":1,\"name\":\"\",\"kind\":\"audio\",\"codec\":\"pcm_s16le\",\"time_base\":\"1/"
    "8000\","
    "\"sample_rate\":8000,\"channel_layout\":\"mono\",\"format\":\"s16\"}";
static const char picture[] =
    "{\"track_id\":2,\"name\":\"\",\"kind\":\"video\",\"codec\":\"mjpeg\",\"time_base\":\"1/25\","
    "\"width\":16,\"height\":16}";

static void add_track(h4mk_writer* writer, const char* json) {
  h4mk_value* description = NULL;
  uint32_t track;
  CHECK(h4mk_value_from_json(json, strlen(json), &description) == H4MK_OK);
  CHECK(h4mk_writer_add_track(writer, description, &track) == H4MK_OK);
  h4mk_value_free(description);
}

/* One block of sound, and one that is no picture and has a number that nobody counts to. */
static void write_file(h4mk_io* io) {
  static const uint8_t data[64];
  h4mk_writer* writer = NULL;
  h4mk_block block = H4MK_BLOCK_INIT;
  CHECK(h4mk_io_new_memory(io) == H4MK_OK);
  CHECK(h4mk_writer_open(io, NULL, &writer) == H4MK_OK);
  add_track(writer, sound);
  add_track(writer, picture);
  block.flags = H4MK_BLOCK_KEY;
  block.pts = block.dts = 0;
  block.data = data;
  block.size = sizeof data;
  CHECK(h4mk_writer_write(writer, &block) == H4MK_OK);
  block.track = 1;
  block.flags |= H4MK_BLOCK_ENCRYPTED; /* such a block keeps its number */
  block.ordinal = UINT64_C(1) << 62;
  CHECK(h4mk_writer_write(writer, &block) == H4MK_OK);
  CHECK(h4mk_writer_finish(writer) == H4MK_OK);
  h4mk_writer_free(writer);
}

static void test_sound(h4mk_reader* reader) {
  h4mk_frames* frames = NULL;
  h4mk_sound_format format = H4MK_SOUND_FORMAT_INIT;
  float samples[40];
  CHECK(h4mk_frames_open(reader, 0, NULL, &frames) == H4MK_OK);
  CHECK(h4mk_frames_sound_format(frames, &format) == H4MK_OK);
  CHECK(format.sample_rate == 8000 && format.channels == 1);
  CHECK(h4mk_frames_samples(frames, -4, 40, samples) == H4MK_OK);
  /* nothing is written where there cannot be so much room */
  CHECK(h4mk_frames_samples(frames, 0, UINT64_MAX, samples) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_frames_samples(frames, INT64_MAX, 1, samples) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_frames_samples(frames, INT64_MIN, 1, samples) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_frames_samples(frames, 0, 0, NULL) == H4MK_OK);
  h4mk_frames_free(frames);
}

static void test_pictures(h4mk_reader* reader) {
  h4mk_frames* frames = NULL;
  h4mk_picture_format format = H4MK_PICTURE_FORMAT_INIT;
  uint64_t size = 0, number = 0;
  uint8_t out[16 * 16 * 3];
  h4mk_value* plan = NULL;
  CHECK(h4mk_frames_open(reader, 1, NULL, &frames) == H4MK_OK);
  format.struct_size = offsetof(h4mk_picture_format, width); /* as if these were added later */
  format.height = 77;
  CHECK(h4mk_frames_picture_size(frames, &format, &size) == H4MK_OK);
  CHECK(size == sizeof out && format.width == 0 && format.height == 77);
  CHECK(h4mk_frames_decode(frames, &number, 1, NULL, out, sizeof out - 1) == H4MK_ERR_ARGUMENT);
  /* an earlier seek point is looked for, but not at each number there could be */
  CHECK(h4mk_frames_decode(frames, &number, 1, NULL, out, sizeof out) == H4MK_ERR_CORRUPT);
  number = 1;
  CHECK(h4mk_frames_decode(frames, &number, 1, NULL, out, sizeof out) == H4MK_ERR_NOT_FOUND);
  number = 0;
  h4mk_frames_cancel(frames);
  CHECK(h4mk_frames_plan(frames, &number, 1, NULL, &plan) == H4MK_ERR_CANCELLED);
  CHECK(h4mk_frames_plan(frames, &number, 1, NULL, &plan) == H4MK_OK);
  h4mk_value_free(plan);
  h4mk_frames_free(frames);
}

/* Reads what was written so far. */
typedef struct Growing {
  h4mk_io out;
  size_t position;
  int reads;
} Growing;

static int64_t read_growing(void* opaque, uint8_t* buffer, size_t size) {
  Growing* file = opaque;
  const uint8_t* data = NULL;
  size_t end = 0;
  ++file->reads;
  CHECK(h4mk_io_memory(&file->out, &data, &end) == H4MK_OK);
  end -= file->position < end ? file->position : end;
  if (size > end) size = end;
  if (size > 0) memcpy(buffer, data + file->position, size);
  file->position += size;
  return (int64_t)size;
}

static int seek_growing(void* opaque, int64_t offset) {
  ((Growing*)opaque)->position = (size_t)offset;
  return 0;
}

static int64_t size_of_growing(void* opaque) {
  const uint8_t* data = NULL;
  size_t size = 0;
  h4mk_io_memory(&((Growing*)opaque)->out, &data, &size);
  return (int64_t)size;
}

static h4mk_io io_of_growing(Growing* file) {
  h4mk_io io = H4MK_IO_INIT;
  io.opaque = file;
  io.read = read_growing;
  io.seek = seek_growing;
  io.size = size_of_growing;
  return io;
}

/* The reader may be used between two calls, and h4mk_reader_changes() frees descriptions. */
static void test_changes(void) {
  static const uint8_t data[64];
  Growing file = {H4MK_IO_INIT, 0, 0};
  h4mk_io in = H4MK_IO_INIT;
  h4mk_writer* writer = NULL;
  h4mk_reader* reader = NULL;
  h4mk_frames* frames = NULL;
  h4mk_block block = H4MK_BLOCK_INIT;
  h4mk_picture_format format = H4MK_PICTURE_FORMAT_INIT;
  uint64_t size = 0;
  CHECK(h4mk_io_new_memory(&file.out) == H4MK_OK);
  CHECK(h4mk_writer_open(&file.out, NULL, &writer) == H4MK_OK);
  add_track(writer, picture);
  block.flags = H4MK_BLOCK_KEY;
  block.pts = block.dts = 0;
  block.data = data;
  block.size = sizeof data;
  CHECK(h4mk_writer_write(writer, &block) == H4MK_OK);
  CHECK(h4mk_writer_flush(writer) == H4MK_OK);
  in = io_of_growing(&file);
  CHECK(h4mk_reader_open(&in, NULL, &reader) == H4MK_OK);
  CHECK(h4mk_frames_open(reader, 0, NULL, &frames) == H4MK_OK);
  add_track(writer, sound);
  block.track = 1;
  CHECK(h4mk_writer_write(writer, &block) == H4MK_OK);
  CHECK(h4mk_writer_flush(writer) == H4MK_OK);
  CHECK(h4mk_reader_next(reader, &block) == H4MK_OK);
  CHECK(h4mk_reader_next(reader, &block) == H4MK_OK && block.track == 1);
  CHECK(h4mk_reader_changes(reader) & H4MK_CHANGED_TRACKS);
  CHECK(h4mk_frames_picture_size(frames, &format, &size) == H4MK_OK && size == 16 * 16 * 3);
  h4mk_frames_free(frames);
  h4mk_reader_free(reader);
  h4mk_writer_free(writer);
  h4mk_io_close(&file.out);
}

/* A file of one track of pictures, and its decoder. */
typedef struct Clip {
  h4mk_io out, in;
  h4mk_writer* writer;
  h4mk_reader* reader;
  h4mk_frames* frames;
} Clip;

static Clip begin_clip(const char* json) {
  Clip clip = {H4MK_IO_INIT, H4MK_IO_INIT, NULL, NULL, NULL};
  CHECK(h4mk_io_new_memory(&clip.out) == H4MK_OK);
  CHECK(h4mk_writer_open(&clip.out, NULL, &clip.writer) == H4MK_OK);
  add_track(clip.writer, json);
  return clip;
}

/* The block is marked as encrypted, which lets it keep its number. */
static void add_block(Clip* clip, uint64_t ordinal, int64_t time, uint32_t flags) {
  /* ITU-T H.264, D.2.8: pictures are right after 65535 others; then a slice that is a reference */
  static const uint8_t data[] = {0, 0, 1, 6, 6, 4, 0, 0, 0x80, 0, 0x80, 0, 0, 1, 0x61, 1};
  h4mk_block block = H4MK_BLOCK_INIT;
  block.ordinal = ordinal;
  block.pts = block.dts = time;
  block.flags = flags;
  block.data = data;
  block.size = sizeof data;
  CHECK(h4mk_writer_write(clip->writer, &block) == H4MK_OK);
}

static void open_clip_reader(Clip* clip) {
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  const uint8_t* data = NULL;
  size_t size = 0;
  options.keep_encrypted = 1;
  CHECK(h4mk_writer_finish(clip->writer) == H4MK_OK);
  CHECK(h4mk_io_memory(&clip->out, &data, &size) == H4MK_OK);
  CHECK(h4mk_io_open_memory(data, size, &clip->in) == H4MK_OK);
  CHECK(h4mk_reader_open(&clip->in, &options, &clip->reader) == H4MK_OK);
}

static void open_clip(Clip* clip) {
  open_clip_reader(clip);
  CHECK(h4mk_frames_open(clip->reader, 0, NULL, &clip->frames) == H4MK_OK);
}

static void end_clip(Clip* clip) {
  h4mk_frames_free(clip->frames);
  h4mk_reader_free(clip->reader);
  h4mk_writer_free(clip->writer);
  h4mk_io_close(&clip->in);
  h4mk_io_close(&clip->out);
}

/* The groups of the first frames, and their bytes in blocks. */
static h4mk_status plan_frames(Clip* clip, size_t count, int64_t* groups, int64_t* blocks) {
  uint64_t numbers[2000];
  h4mk_value* plan = NULL;
  h4mk_status status;
  size_t i;
  for (i = 0; i < count; ++i) numbers[i] = i;
  status = h4mk_frames_plan(clip->frames, numbers, count, NULL, &plan);
  *groups = h4mk_value_get_int(plan, "groups", -1);
  *blocks = h4mk_value_get_int(plan, "bytes", -1) / 16;
  h4mk_value_free(plan);
  return status;
}

/* Numbers that are lost cost nothing, however many there are. */
static void test_gaps(void) {
  Clip clip = begin_clip(picture);
  int64_t groups = 0, blocks = 0;
  int i;
  for (i = 0; i < 300; ++i)
    add_block(&clip, (uint64_t)i * 5000, i, (i == 0 ? H4MK_BLOCK_KEY : 0) | H4MK_BLOCK_ENCRYPTED);
  open_clip(&clip);
  CHECK(plan_frames(&clip, 300, &groups, &blocks) == H4MK_OK);
  CHECK(groups == 1 && blocks == 300);
  end_clip(&clip);
}

/* Two groups whose frames are shown in turns are held once each. */
static void test_woven_groups(void) {
  Clip clip = begin_clip(picture);
  int64_t groups = 0, blocks = 0;
  int i;
  for (i = 0; i < 1000; ++i)
    add_block(&clip, 0, i % 500 * 2 + i / 500, i % 500 == 0 ? H4MK_BLOCK_KEY : 0);
  open_clip(&clip);
  CHECK(plan_frames(&clip, 1000, &groups, &blocks) == H4MK_OK);
  CHECK(groups == 2 && blocks == 1000);
  end_clip(&clip);
}

/* Each frame needs the blocks of nearly all others, from another seek point on. */
static void test_too_many_blocks(void) {
  Clip clip = begin_clip(picture);
  int64_t groups = 0, blocks = 0;
  int i;
  for (i = 0; i < 600; ++i) add_block(&clip, 0, i * 10, H4MK_BLOCK_KEY);
  for (i = 0; i < 600; ++i) add_block(&clip, 0, i * 10 + 5, 0);
  open_clip(&clip);
  CHECK(plan_frames(&clip, 20, &groups, &blocks) == H4MK_OK);
  CHECK(groups == 10 && blocks == 6010);
  CHECK(plan_frames(&clip, 1200, &groups, &blocks) == H4MK_ERR_LIMIT);
  end_clip(&clip);
}

/* The groups are shown from the last one in the file to the first: what lies between them is not
 * looked at again for each. */
static void test_groups_in_reverse(void) {
  Clip clip = begin_clip(picture);
  Growing file = {H4MK_IO_INIT, 0, 0};
  int64_t groups = 0, blocks = 0;
  int i;
  add_block(&clip, 0, 0, H4MK_BLOCK_KEY);
  for (i = 0; i < 1000; ++i) {
    CHECK(h4mk_writer_flush(clip.writer) == H4MK_OK); /* a cluster for each group */
    add_block(&clip, 0, 2000 - 2 * i, H4MK_BLOCK_KEY);
    add_block(&clip, 0, 2001 - 2 * i, 0);
  }
  CHECK(h4mk_writer_finish(clip.writer) == H4MK_OK);
  file.out = clip.out;
  clip.in = io_of_growing(&file);
  CHECK(h4mk_reader_open(&clip.in, NULL, &clip.reader) == H4MK_OK);
  CHECK(h4mk_frames_open(clip.reader, 0, NULL, &clip.frames) == H4MK_OK);
  CHECK(plan_frames(&clip, 2000, &groups, &blocks) == H4MK_OK);
  CHECK(groups == 1001 && blocks == 2000);
  CHECK(file.reads < 200000);
  end_clip(&clip);
}

/* Two clusters in the wrong order, so that the numbers of blocks fall: no block is taken for
 * another. */
static void test_numbers_that_fall(void) {
  Clip clip = begin_clip(picture);
  uint8_t bytes[4096];
  const uint8_t* data = NULL;
  size_t front = 0, middle = 0, end = 0;
  int64_t groups = 0, blocks = 0;
  CHECK(h4mk_writer_flush(clip.writer) == H4MK_OK);
  CHECK(h4mk_io_memory(&clip.out, &data, &front) == H4MK_OK);
  add_block(&clip, 0, 10, 0);
  CHECK(h4mk_writer_flush(clip.writer) == H4MK_OK);
  CHECK(h4mk_io_memory(&clip.out, &data, &middle) == H4MK_OK);
  add_block(&clip, 0, 0, H4MK_BLOCK_KEY);
  add_block(&clip, 0, 1, 0);
  CHECK(h4mk_writer_flush(clip.writer) == H4MK_OK);
  CHECK(h4mk_io_memory(&clip.out, &data, &end) == H4MK_OK);
  CHECK(front > 0 && middle > front && end <= sizeof bytes);
  memcpy(bytes, data, front);
  memcpy(bytes + front, data + middle, end - middle);
  memcpy(bytes + front + end - middle, data + front, middle - front);
  CHECK(h4mk_io_open_memory(bytes, end, &clip.in) == H4MK_OK);
  CHECK(h4mk_reader_open(&clip.in, NULL, &clip.reader) == H4MK_OK);
  CHECK(h4mk_frames_open(clip.reader, 0, NULL, &clip.frames) == H4MK_OK);
  CHECK(plan_frames(&clip, 2, &groups, &blocks) == H4MK_OK);
  CHECK(plan_frames(&clip, 3, &groups, &blocks) == H4MK_ERR_CORRUPT);
  end_clip(&clip);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they take more memory */
static long peak_mebibytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/* A plan keeps no blocks: groups that overlap have many more than the file. */
static void test_memory_of_plans(void) {
  enum { keys = 200000 };
  Clip clip = begin_clip(picture);
  uint64_t numbers[8];
  h4mk_value* plan = NULL;
  long before;
  int i;
  for (i = 0; i < keys; ++i) add_block(&clip, 0, i * 10, H4MK_BLOCK_KEY);
  for (i = 0; i < keys; ++i) add_block(&clip, 0, i * 10 + 5, 0);
  open_clip(&clip);
  for (i = 0; i < 8; ++i) numbers[i] = (uint64_t)i * 2 + 1;
  before = peak_mebibytes();
  CHECK(h4mk_frames_plan(clip.frames, numbers, 8, NULL, &plan) == H4MK_OK);
  CHECK(h4mk_value_get_int(plan, "bytes", 0) > 7 * keys * 16);
  CHECK(peak_mebibytes() - before < 110);
  h4mk_value_free(plan);
  end_clip(&clip);
}
#endif

/* Seek points of which none leads to right pictures: not all those before are tried. */
static void test_seek_points_that_never_recover(void) {
  static const char json[] =
      "{\"track_id\":1,\"name\":\"\",\"kind\":\"video\",\"codec\":\"h264\",\"time_base\":\"1/25\","
      "\"width\":16,\"height\":16}";
  Clip clip = begin_clip(json);
  h4mk_frames_stats stats = H4MK_FRAMES_STATS_INIT;
  uint64_t number = 3999;
  uint8_t out[16 * 16 * 3];
  int i;
  for (i = 0; i < 4000; ++i) add_block(&clip, 0, i, H4MK_BLOCK_KEY);
  open_clip(&clip);
  CHECK(h4mk_frames_decode(clip.frames, &number, 1, NULL, out, sizeof out) == H4MK_ERR_CORRUPT);
  CHECK(h4mk_frames_get_stats(clip.frames, &stats) == H4MK_OK);
  CHECK(stats.bytes_read < 500 * 16);
  end_clip(&clip);
}

/* A grey JPEG of 8192 x 8192 pixels: two bits for 64 of them, and a few more. */
static void write_large_picture(Clip* clip) {
  static const uint8_t front[] = {0xff, 0xd8, 0xff, 0xdb, 0, 67, 0};
  static const uint8_t frame[] = {0xff, 0xc0, 0, 11, 8, 0x20, 0, 0x20, 0, 1, 1, 0x11, 0};
  /* tables with one code each: a difference of 0, and the end of a block */
  static const uint8_t codes[] = {0xff, 0xc4, 0, 20, 0, 1, 0, 0, 0, 0, 0,
                                  0,    0,    0, 0,  0, 0, 0, 0, 0, 0, 0};
  static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0};
  static uint8_t data[8192 * 8192 / 64 / 4 + 1000];
  size_t size = 0;
  h4mk_block block = H4MK_BLOCK_INIT;
  memcpy(data, front, sizeof front);
  memset(data + sizeof front, 1, 64); /* the quantiser */
  size = sizeof front + 64;
  memcpy(data + size, frame, sizeof frame);
  size += sizeof frame;
  memcpy(data + size, codes, sizeof codes);
  size += sizeof codes;
  memcpy(data + size, codes, sizeof codes);
  data[size + 4] = 0x10;
  size += sizeof codes;
  memcpy(data + size, scan, sizeof scan);
  block.flags = H4MK_BLOCK_KEY;
  block.pts = block.dts = 0;
  block.data = data;
  block.size = sizeof data;
  CHECK(h4mk_writer_write(clip->writer, &block) == H4MK_OK);
}

/* A decoder for a description, and a picture of it in the size of 16 x 16. */
static void decode_large_picture(const char* json, uint64_t max_pixels, h4mk_status opened,
                                 h4mk_status decoded) {
  Clip clip = begin_clip(json);
  h4mk_frames_options options = H4MK_FRAMES_OPTIONS_INIT;
  h4mk_picture_format format = H4MK_PICTURE_FORMAT_INIT;
  uint64_t number = 0;
  uint8_t out[16 * 16];
  write_large_picture(&clip);
  open_clip_reader(&clip);
  options.max_pixels = max_pixels;
  CHECK(h4mk_frames_open(clip.reader, 0, &options, &clip.frames) == opened);
  format.pixels = H4MK_PIXELS_GRAY;
  format.width = format.height = 16;
  if (opened == H4MK_OK)
    CHECK(h4mk_frames_decode(clip.frames, &number, 1, &format, out, sizeof out) == decoded);
  end_clip(&clip);
}

/* Large pictures cost memory that their file does not show: they have to be asked for. */
static void test_large_pictures(void) {
  static const char large[] =
      "{\"track_id\":1,\"name\":\"\",\"kind\":\"video\",\"codec\":\"mjpeg\",\"time_base\":\"1/25\","
      "\"width\":8192,\"height\":8192}";
  decode_large_picture(large, 0, H4MK_ERR_LIMIT, H4MK_OK);
  decode_large_picture(large, 8192 * 8192, H4MK_OK, H4MK_OK);
  decode_large_picture(large, 16384 * 16384 + 1, H4MK_ERR_ARGUMENT, H4MK_OK);
  decode_large_picture(picture, 0, H4MK_OK, H4MK_ERR_CORRUPT); /* names fewer */
  decode_large_picture(picture, 8192 * 8192, H4MK_OK, H4MK_OK);
}

int main(void) {
  h4mk_io out = H4MK_IO_INIT, in = H4MK_IO_INIT;
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  h4mk_reader* reader = NULL;
  const uint8_t* data = NULL;
  size_t size = 0;
  options.keep_encrypted = 1;
  write_file(&out);
  CHECK(h4mk_io_memory(&out, &data, &size) == H4MK_OK);
  CHECK(h4mk_io_open_memory(data, size, &in) == H4MK_OK);
  CHECK(h4mk_reader_open(&in, &options, &reader) == H4MK_OK);
  test_sound(reader);
  test_pictures(reader);
  test_changes();
  test_gaps();
  test_woven_groups();
  test_too_many_blocks();
  test_seek_points_that_never_recover();
  test_large_pictures();
  test_groups_in_reverse();
  test_numbers_that_fall();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  test_memory_of_plans();
#endif
  h4mk_reader_free(reader);
  h4mk_io_close(&in);
  h4mk_io_close(&out);
  if (failed) fprintf(stderr, "%d checks failed\n", failed);
  return failed != 0;
}
