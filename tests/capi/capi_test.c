/* SPDX-License-Identifier: MIT
 *
 * The C interface used from C, as a program would: write a file, read it, seek in it, and every
 * kind of misuse.
 */
#include <errno.h>
#include <h4mk/legacy.h>
#include <h4mk/protection.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static h4mk_value* describe(int id, const char* time_base) {
  h4mk_value* track = h4mk_value_new();
  h4mk_value_set_int(track, "track_id", id);
  h4mk_value_set_text(track, "name", "picture");
  h4mk_value_set_text(track, "kind", "video");
  h4mk_value_set_text(track, "codec", "h264");
  h4mk_value_set_text(track, "time_base", time_base);
  return track;
}

static h4mk_status add_track(h4mk_writer* writer, int id, const char* time_base, uint32_t* index) {
  h4mk_value* track = describe(id, time_base);
  h4mk_status status = h4mk_writer_add_track(writer, track, index);
  h4mk_value_free(track);
  return status;
}

static h4mk_block block_at(uint32_t track, int64_t time) {
  h4mk_block block = H4MK_BLOCK_INIT;
  block.track = track;
  block.flags = H4MK_BLOCK_KEY;
  block.pts = block.dts = time;
  block.duration = 1;
  block.data = (const uint8_t*)"payload";
  block.size = 7;
  return block;
}

/* Writes three blocks to *io. */
static void write_example(h4mk_io* io) {
  h4mk_writer* writer = NULL;
  uint32_t track = 99;
  int64_t time;
  CHECK(h4mk_writer_open(io, NULL, &writer) == H4MK_OK);
  CHECK(add_track(writer, 7, "1/25", &track) == H4MK_OK);
  CHECK(track == 0);
  for (time = 0; time < 3; time++) {
    h4mk_block block = block_at(track, time);
    CHECK(h4mk_writer_write(writer, &block) == H4MK_OK);
  }
  CHECK(h4mk_writer_finish(writer) == H4MK_OK);
  CHECK(strcmp(h4mk_writer_message(writer), "") == 0);
  h4mk_writer_free(writer);
}

/* The loop that the header gives as its example. Returns the number of blocks. */
static int count_blocks(const h4mk_io* io) {
  h4mk_reader* reader = NULL;
  h4mk_block block = H4MK_BLOCK_INIT;
  int count = 0;
  if (h4mk_reader_open(io, NULL, &reader) == H4MK_OK)
    for (h4mk_status status = H4MK_OK; H4MK_GOES_ON(status);) {
      status = h4mk_reader_next(reader, &block);
      if (status == H4MK_OK)
        count++;
      else if (H4MK_GOES_ON(status))
        fputs(h4mk_reader_message(reader), stderr);
    }
  h4mk_reader_free(reader);
  return count;
}

static void test_memory(void) {
  h4mk_io out = H4MK_IO_INIT, in = H4MK_IO_INIT;
  const uint8_t* data = NULL;
  size_t size = 0;
  CHECK(h4mk_io_new_memory(&out) == H4MK_OK);
  write_example(&out);
  CHECK(h4mk_io_memory(&out, &data, &size) == H4MK_OK);
  CHECK(size > 16 && memcmp(data, "H4MK\2", 5) == 0);
  CHECK(h4mk_probe(data, size) == 2);
  CHECK(h4mk_io_open_memory(data, size, &in) == H4MK_OK);
  CHECK(count_blocks(&in) == 3);
  CHECK(in.seek(in.opaque, -1) < 0 && out.seek(out.opaque, INT64_MIN) < 0);
  h4mk_io_close(&in);
  h4mk_io_close(&out);
  h4mk_io_close(&out);
  h4mk_io_close(NULL);
}

static void test_file(void) {
  const char* path = "capi_test.h4mk";
  h4mk_io io = H4MK_IO_INIT;
  CHECK(h4mk_io_open_file(path, H4MK_OPEN_WRITE, &io) == H4MK_OK);
  write_example(&io);
  h4mk_io_close(&io);
  CHECK(h4mk_io_open_file(path, H4MK_OPEN_READ, &io) == H4MK_OK);
  CHECK(count_blocks(&io) == 3);
  h4mk_io_close(&io);
  remove(path);
  CHECK(h4mk_io_open_file(path, H4MK_OPEN_READ, &io) == H4MK_ERR_IO);
  CHECK(h4mk_io_open_file(path, 77, &io) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_io_open_file(NULL, H4MK_OPEN_READ, &io) == H4MK_ERR_ARGUMENT);
}

static void test_reader(void) {
  h4mk_io out = H4MK_IO_INIT, in = H4MK_IO_INIT;
  const uint8_t* data = NULL;
  size_t size = 0, copied = 99;
  uint64_t entries = 0, bytes = 0;
  h4mk_reader* reader = NULL;
  h4mk_track_info info = H4MK_TRACK_INFO_INIT;
  h4mk_index_entry entry[4] = {H4MK_INDEX_ENTRY_INIT};
  h4mk_block block = H4MK_BLOCK_INIT;
  h4mk_io_new_memory(&out);
  write_example(&out);
  h4mk_io_memory(&out, &data, &size);
  h4mk_io_open_memory(data, size, &in);
  CHECK(h4mk_reader_open(&in, NULL, &reader) == H4MK_OK);
  CHECK(h4mk_reader_version(reader) == 2);
  CHECK(h4mk_reader_is_closed(reader) == 1);
  CHECK(strcmp(h4mk_reader_message(reader), "") == 0);
  CHECK(h4mk_reader_io_error(reader) == 0);
  CHECK(h4mk_reader_next_warning(reader) == NULL);
  CHECK(h4mk_value_get_type(h4mk_reader_meta(reader)) == H4MK_VALUE_OBJECT);

  CHECK(h4mk_reader_track_count(reader) == 1);
  CHECK(h4mk_reader_track(reader, 1) == NULL);
  CHECK(strcmp(h4mk_value_get_text(h4mk_reader_track(reader, 0), "codec"), "h264") == 0);
  CHECK(h4mk_reader_track_info(reader, 0, &info) == H4MK_OK);
  CHECK(info.track_id == 7 && info.time_base_num == 1 && info.time_base_den == 25);
  CHECK(info.start_pts == 0 && info.first_dts == 0 && info.end_pts == 3);
  CHECK(info.block_count == 3 && info.byte_count == 21);
  CHECK(h4mk_reader_track_info(reader, 1, &info) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_attachment(reader, 0, &data, &size) == H4MK_ERR_NOT_FOUND);

  CHECK(h4mk_reader_index_size(reader, 0, &entries, &bytes) == H4MK_OK);
  CHECK(entries >= 1 && bytes > 0);
  CHECK(h4mk_reader_index_entries(reader, 0, 0, entry, 4, &copied) == H4MK_OK);
  CHECK(copied == entries && entry[0].time == 0 && entry[0].offset > 16);
  CHECK(h4mk_reader_index_entries(reader, 0, entries, entry, 4, &copied) == H4MK_OK && copied == 0);

  CHECK(h4mk_reader_seek(reader, 0, 1, H4MK_SEEK_BACKWARD) == H4MK_OK);
  CHECK(h4mk_reader_next(reader, &block) == H4MK_OK && block.pts == 1 && block.ordinal == 1);
  CHECK(h4mk_reader_seek(reader, 0, 9, H4MK_SEEK_FORWARD) == H4MK_ERR_NOT_FOUND);
  CHECK(h4mk_reader_seek(reader, 1, 0, H4MK_SEEK_BACKWARD) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_seek(reader, 0, 0, 1000) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_next(reader, &block) == H4MK_OK && block.pts == 2);
  CHECK(h4mk_reader_next(reader, &block) == H4MK_END);
  CHECK(block.pts == 2); /* untouched */
  CHECK(h4mk_reader_next(reader, &block) == H4MK_END);
  CHECK(h4mk_reader_rewind(reader) == H4MK_OK);
  CHECK(h4mk_reader_next(reader, &block) == H4MK_OK && block.pts == 0);
  CHECK(h4mk_reader_rewind(reader) == H4MK_OK);
  CHECK(h4mk_reader_discard(reader, 0, 1) == H4MK_OK);
  CHECK(h4mk_reader_next(reader, &block) == H4MK_END);
  CHECK(h4mk_reader_discard(reader, 1, 1) == H4MK_ERR_ARGUMENT);
  h4mk_reader_free(reader);
  h4mk_io_close(&in);
  h4mk_io_close(&out);
}

static int stop_after(void* opaque) { return (*(int*)opaque)-- <= 0; }

/* A program that was compiled when structs had fewer members, and callbacks that stop the reader.
 */
static void test_smaller_structs_and_cancelling(void) {
  h4mk_io out = H4MK_IO_INIT, in = H4MK_IO_INIT;
  const uint8_t* data = NULL;
  size_t size = 0;
  h4mk_reader* reader = NULL;
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  h4mk_block block = H4MK_BLOCK_INIT;
  h4mk_track_info info = H4MK_TRACK_INFO_INIT;
  int reads = 1000;
  h4mk_io_new_memory(&out);
  write_example(&out);
  h4mk_io_memory(&out, &data, &size);
  h4mk_io_open_memory(data, size, &in);
  in.struct_size = offsetof(h4mk_io, sync);
  options.cancel = stop_after;
  options.cancel_opaque = &reads;
  CHECK(h4mk_reader_open(&in, &options, &reader) == H4MK_OK);

  block.struct_size = offsetof(h4mk_block, ordinal);
  block.ordinal = 77;
  CHECK(h4mk_reader_next(reader, &block) == H4MK_OK && block.size == 7 && block.ordinal == 77);
  CHECK(block.struct_size == offsetof(h4mk_block, ordinal));
  block.struct_size = 0;
  CHECK(h4mk_reader_next(reader, &block) == H4MK_ERR_ARGUMENT);
  info.struct_size = offsetof(h4mk_track_info, block_count);
  CHECK(h4mk_reader_track_info(reader, 0, &info) == H4MK_OK);
  CHECK(info.end_pts == 3 && info.block_count == 0);
  info.struct_size = sizeof info + 64; /* of a newer program: what it knows is filled */
  CHECK(h4mk_reader_track_info(reader, 0, &info) == H4MK_OK && info.block_count == 3);
  h4mk_reader_free(reader);

  reads = 0;
  in.seek(in.opaque, 0);
  CHECK(h4mk_reader_open(&in, &options, &reader) == H4MK_ERR_CANCELLED);
  CHECK(strcmp(h4mk_reader_message(reader), "the caller asked to stop") == 0);
  CHECK(h4mk_reader_error_offset(reader) == -1);
  h4mk_reader_free(reader);
  h4mk_io_close(&in);
  h4mk_io_close(&out);
}

/* Arrays of programs that were compiled when their structs had fewer members, and more. */
static void test_arrays_of_other_sizes(void) {
  struct older {
    size_t struct_size;
    uint64_t ordinal;
    int64_t pts;
  } older[3] = {{sizeof *older, 9, 9}};
  struct newer {
    h4mk_block_info known;
    int64_t unknown;
  } newer[3] = {{{sizeof *newer, 0, 0, 0, 0, 0, 0, 0, 0}, 5}};
  struct older_entry {
    size_t struct_size;
    int64_t offset;
  } entry[2] = {{sizeof *entry, 0}};
  h4mk_block_info unset;
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  h4mk_io out = H4MK_IO_INIT, in = H4MK_IO_INIT;
  const uint8_t* data = NULL;
  size_t size = 0, copied = 0;
  uint64_t total = 0;
  h4mk_reader* reader = NULL;
  memset(&unset, 0, sizeof unset);
  h4mk_io_new_memory(&out);
  write_example(&out);
  h4mk_io_memory(&out, &data, &size);
  h4mk_io_open_memory(data, size, &in);
  CHECK(h4mk_reader_open(&in, NULL, &reader) == H4MK_OK);

  CHECK(h4mk_reader_blocks(reader, 0, 0, (h4mk_block_info*)older, 3, &copied) == H4MK_OK);
  CHECK(copied == 3 && older[0].pts == 0 && older[1].ordinal == 1 && older[2].pts == 2);
  CHECK(older[2].struct_size == sizeof *older);
  CHECK(h4mk_reader_decode_chain(reader, 0, 2, &newer[0].known, 3, &total) == H4MK_OK);
  CHECK(total >= 1 && newer[0].unknown == 5 && newer[total - 1].known.pts == 2);
  CHECK(newer[total - 1].known.struct_size == sizeof *newer);
  CHECK(h4mk_reader_index_entries(reader, 0, 0, (h4mk_index_entry*)entry, 2, &copied) == H4MK_OK);
  CHECK(copied >= 1 && entry[0].offset > 16 && entry[0].struct_size == sizeof *entry);
  chunk.struct_size = offsetof(h4mk_chunk, crc);
  chunk.crc = 7;
  CHECK(h4mk_reader_chunk(reader, 0, &chunk) == H4MK_OK && chunk.offset == 16 && chunk.crc == 7);
  CHECK(h4mk_reader_chunk_payload(reader, &chunk, &data, &size) == H4MK_OK);
  CHECK(size == chunk.length);

  CHECK(h4mk_reader_blocks(reader, 0, 0, &unset, 1, &copied) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_blocks(reader, 0, 0, &unset, 0, &copied) == H4MK_OK && copied == 0);
  CHECK(h4mk_reader_keyframe(reader, 0, 0, &unset) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_frame_at(reader, 0, 0, &total, &unset) == H4MK_ERR_ARGUMENT);
  chunk.struct_size = 0;
  CHECK(h4mk_reader_chunk(reader, 0, &chunk) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_chunk_payload(reader, &chunk, &data, &size) == H4MK_ERR_ARGUMENT);
  h4mk_reader_free(reader);
  h4mk_io_close(&in);
  h4mk_io_close(&out);
}

/* Misuse is an error, never a crash, and does not spoil the file. */
static void test_writer_misuse(void) {
  h4mk_io out = H4MK_IO_INIT, in = H4MK_IO_INIT;
  const uint8_t* data = NULL;
  size_t size = 0;
  h4mk_writer* writer = NULL;
  h4mk_value* value = h4mk_value_new();
  uint32_t track = 99;
  h4mk_block block = block_at(0, 0);
  h4mk_side_data side = {"", NULL, 0};
  h4mk_io_new_memory(&out);
  CHECK(h4mk_writer_open(&out, NULL, NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_open(NULL, NULL, &writer) == H4MK_ERR_ARGUMENT);
  h4mk_writer_free(writer);
  writer = NULL;
  CHECK(h4mk_writer_open(&out, NULL, &writer) == H4MK_OK);

  CHECK(h4mk_writer_add_track(writer, NULL, &track) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_add_track(writer, value, &track) == H4MK_ERR_ARGUMENT); /* lacks all keys */
  CHECK(*h4mk_writer_message(writer) != '\0');
  CHECK(add_track(writer, -1, "1/25", &track) == H4MK_ERR_ARGUMENT);
  CHECK(add_track(writer, 65536, "1/25", &track) == H4MK_ERR_ARGUMENT);
  CHECK(add_track(writer, 1, "0/25", &track) == H4MK_ERR_ARGUMENT);
  CHECK(add_track(writer, 1, "1/0", &track) == H4MK_ERR_ARGUMENT);
  CHECK(add_track(writer, 1, "-1/25", &track) == H4MK_ERR_ARGUMENT);
  CHECK(add_track(writer, 1, "1/2147483648", &track) == H4MK_ERR_ARGUMENT);
  CHECK(add_track(writer, 1, "25", &track) == H4MK_ERR_ARGUMENT);
  CHECK(add_track(writer, 1, "1/25x", &track) == H4MK_ERR_ARGUMENT);
  CHECK(track == 99); /* untouched */
  CHECK(add_track(writer, 1, "1/25", &track) == H4MK_OK && track == 0);
  CHECK(add_track(writer, 1, "1/25", &track) == H4MK_ERR_ARGUMENT); /* the same id */
  CHECK(add_track(writer, 65535, "2147483647/2147483647", &track) == H4MK_OK && track == 1);

  block.track = 2;
  CHECK(h4mk_writer_write(writer, &block) == H4MK_ERR_ARGUMENT);
  block = block_at(0, 0);
  block.flags = 0x40000000;
  CHECK(h4mk_writer_write(writer, &block) == H4MK_ERR_ARGUMENT);
  block = block_at(0, 0);
  block.data = NULL;
  CHECK(h4mk_writer_write(writer, &block) == H4MK_ERR_ARGUMENT);
  block = block_at(0, 0);
  block.size = ((size_t)1 << 30) + 1; /* not read: the limit is checked first */
  CHECK(h4mk_writer_write(writer, &block) == H4MK_ERR_LIMIT);
  block = block_at(0, 0);
  block.side_data = &side;
  block.side_data_count = 1;
  CHECK(h4mk_writer_write(writer, &block) == H4MK_ERR_ARGUMENT); /* a name has 1 to 255 bytes */
  CHECK(h4mk_writer_write(writer, NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_set_meta(writer, NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_set_attachment(writer, 5, "x", 1) == H4MK_ERR_ARGUMENT);

  block = block_at(0, 5);
  CHECK(h4mk_writer_write(writer, &block) == H4MK_OK);
  CHECK(add_track(writer, 3, "1/25", &track) == H4MK_OK); /* while it runs */
  CHECK(h4mk_writer_set_attachment(writer, 0, "x", 1) == H4MK_ERR_STATE ||
        h4mk_writer_set_attachment(writer, 0, "x", 1) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_finish(writer) == H4MK_OK);
  CHECK(h4mk_writer_finish(writer) == H4MK_ERR_STATE);
  CHECK(h4mk_writer_write(writer, &block) == H4MK_ERR_STATE);
  CHECK(h4mk_writer_flush(writer) == H4MK_ERR_STATE);
  h4mk_writer_free(writer);
  h4mk_io_memory(&out, &data, &size);
  h4mk_io_open_memory(data, size, &in);
  CHECK(count_blocks(&in) == 1);
  h4mk_io_close(&in);
  h4mk_io_close(&out);
  h4mk_value_free(value);
}

static void test_reader_misuse(void) {
  static const uint8_t nonsense[64] = "This is no H4MK file, but long enough to be one.";
  h4mk_io in = H4MK_IO_INIT;
  h4mk_reader* reader = NULL;
  h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
  CHECK(h4mk_reader_open(NULL, NULL, &reader) == H4MK_ERR_ARGUMENT);
  h4mk_reader_free(reader);
  reader = NULL;
  h4mk_io_open_memory(nonsense, sizeof nonsense, &in);
  CHECK(h4mk_reader_open(&in, NULL, NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_open(&in, NULL, &reader) == H4MK_ERR_NOT_H4MK);
  CHECK(reader != NULL && *h4mk_reader_message(reader) != '\0');
  CHECK(h4mk_reader_track_count(reader) == 0);
  h4mk_reader_free(reader);
  h4mk_reader_free(NULL);
  reader = NULL;
  options.struct_size = 1;
  CHECK(h4mk_reader_open(&in, &options, &reader) == H4MK_ERR_ARGUMENT);
  h4mk_reader_free(reader);
  h4mk_io_close(&in);
}

/* Null where something is needed. */
static void test_null(void) {
  h4mk_io io = H4MK_IO_INIT;
  const uint8_t* data = NULL;
  uint8_t checksum[4];
  size_t size = 0;
  uint64_t number = 0;
  h4mk_index_entry entry = H4MK_INDEX_ENTRY_INIT;
  h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
  h4mk_block block = H4MK_BLOCK_INIT;
  h4mk_chunk chunk = H4MK_CHUNK_INIT;
  h4mk_track_info track = H4MK_TRACK_INFO_INIT;
  h4mk_transport_veri veri;
  h4mk_value* proof = NULL;
  h4mk_signature signature;
  memset(&signature, 0, sizeof signature);
  CHECK(h4mk_io_open_memory(NULL, 1, &io) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_io_open_memory("x", 1, NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_io_new_memory(NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_io_memory(&io, &data, &size) == H4MK_ERR_ARGUMENT); /* not one of those */
  CHECK(h4mk_io_open_beside(NULL, "x", &io) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_io_open_beside("/tmp/x", "../x", &io) == H4MK_ERR_ARGUMENT);
  CHECK(strcmp(h4mk_reader_message(NULL), "") == 0);
  CHECK(h4mk_reader_io_error(NULL) == 0);
  CHECK(h4mk_reader_next_warning(NULL) == NULL);
  CHECK(h4mk_reader_version(NULL) == 0);
  CHECK(h4mk_reader_is_closed(NULL) == 0);
  CHECK(h4mk_reader_meta(NULL) == NULL);
  CHECK(h4mk_reader_track_count(NULL) == 0);
  CHECK(h4mk_reader_track(NULL, 0) == NULL);
  CHECK(h4mk_reader_signature(NULL, &signature) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_prove(NULL, &proof) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_track_info(NULL, 0, &track) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_attachment(NULL, 0, &data, &size) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_discard(NULL, 0, 1) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_next(NULL, &block) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_seek(NULL, 0, 0, H4MK_SEEK_BACKWARD) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_rewind(NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_index_size(NULL, 0, &number, &number) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_index_entries(NULL, 0, 0, &entry, 1, &size) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_keyframe(NULL, 0, 0, &info) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_decode_chain(NULL, 0, 0, &info, 1, &number) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_keyframes_between(NULL, 0, 0, 1, &info, 1, &number) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_block_info(NULL, 0, 0, &info) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_blocks(NULL, 0, 0, &info, 1, &size) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_read_block(NULL, 0, 0, &block) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_chunk(NULL, 16, &chunk) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_chunk_payload(NULL, &chunk, &data, &size) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_reader_transport_veri(NULL, &veri) == H4MK_ERR_ARGUMENT);
  CHECK(strcmp(h4mk_writer_message(NULL), "") == 0);
  CHECK(h4mk_writer_io_error(NULL) == 0);
  CHECK(h4mk_writer_set_attachment(NULL, 0, "x", 1) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_add_chunk(NULL, "NOTE", 0, "x", 1) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_update_track(NULL, 0, NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_flush(NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_writer_front_index(NULL, &data, &size, checksum) == H4MK_ERR_ARGUMENT);
}

/* The codes of the system come through. */
static void test_system_errors(void) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_reader* reader = NULL;
  CHECK(h4mk_io_open_file("/", H4MK_OPEN_READ, &io) == H4MK_OK);
  CHECK(h4mk_reader_open(&io, NULL, &reader) == H4MK_ERR_IO);
  CHECK(h4mk_reader_io_error(reader) == -EISDIR);
  h4mk_reader_free(reader);
  h4mk_io_close(&io);
  if (h4mk_io_open_file("/dev/full", H4MK_OPEN_WRITE, &io) == H4MK_OK) {
    h4mk_writer* writer = NULL;
    uint32_t track;
    CHECK(h4mk_writer_open(&io, NULL, &writer) == H4MK_OK);
    add_track(writer, 1, "1/25", &track);
    CHECK(h4mk_writer_finish(writer) == H4MK_ERR_IO);
    CHECK(h4mk_writer_io_error(writer) == -ENOSPC);
    h4mk_writer_free(writer);
    h4mk_io_close(&io);
  }
}

/* h4mk_probe(): 0 unless the first 16 bytes are those of a header. */
static void test_probe(void) {
  uint8_t header[16] = {'H', '4', 'M', 'K', 1};
  CHECK(h4mk_probe(header, 16) == 1);
  header[4] = 2;
  CHECK(h4mk_probe(header, 16) == 2);
  CHECK(h4mk_probe(header, 15) == 0);
  CHECK(h4mk_probe(NULL, 0) == 0);
  header[0] = 'h';
  CHECK(h4mk_probe(header, 16) == 0);
}

static void test_status(void) {
  int status;
  CHECK(h4mk_version() ==
        (H4MK_VERSION_MAJOR << 16 | H4MK_VERSION_MINOR << 8 | H4MK_VERSION_PATCH));
  for (status = -1; status <= H4MK_ERR_ADAPTER; status++)
    CHECK(h4mk_strerror((h4mk_status)status) != NULL);
  CHECK(strcmp(h4mk_strerror(H4MK_ERR_IO), h4mk_strerror(H4MK_ERR_CORRUPT)) != 0);
  CHECK(strcmp(h4mk_strerror(H4MK_ERR_ADAPTER), h4mk_strerror((h4mk_status)399)) != 0);
}

int main(void) {
  test_memory();
  test_file();
  test_reader();
  test_smaller_structs_and_cancelling();
  test_arrays_of_other_sizes();
  test_writer_misuse();
  test_reader_misuse();
  test_null();
  test_system_errors();
  test_probe();
  test_status();
  if (failed) fprintf(stderr, "%d checks failed\n", failed);
  return failed != 0;
}
