/* SPDX-License-Identifier: MIT
 * h4mk_verify, h4mk_list_chunks, h4mk_recover, h4mk_edit, h4mk_reindex and h4mk_index_to_front by
 * the C interface: what they answer, tell and cancel.
 */
#include <h4mk/h4mk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static const char kPath[] = "capi_maintain_test.h4mk";

/* What a task was told. */
typedef struct told {
  int problems, notes, steps, steps_until_stop;
  int64_t last_offset;
  char last[200];
} told;

static int on_progress(void* opaque, int64_t done, int64_t total) {
  told* t = opaque;
  CHECK(done >= 0 && done <= total);
  return ++t->steps > t->steps_until_stop;
}

static void on_problem(void* opaque, const h4mk_problem* problem) {
  told* t = opaque;
  CHECK(problem->struct_size == sizeof *problem);
  problem->code == H4MK_OK ? t->notes++ : t->problems++;
  t->last_offset = problem->offset;
  snprintf(t->last, sizeof t->last, "%s", problem->message);
}

static h4mk_task task_for(told* t) {
  h4mk_task task = H4MK_TASK_INIT;
  memset(t, 0, sizeof *t);
  t->steps_until_stop = 1 << 30;
  task.opaque = t;
  task.progress = on_progress;
  task.problem = on_problem;
  return task;
}

/* Writes 200 blocks in about 20 clusters; without an end if finish is 0. */
static void write_file(int finish) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_writer* writer = NULL;
  h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
  h4mk_value* track = NULL;
  const char json[] =
      "{\"track_id\":1,\"name\":\"\",\"kind\":\"video\",\"codec\":\"h264\",\"time_base\":\"1/25\"}";
  uint8_t data[1000];
  uint32_t index = 0;
  int i;
  memset(data, 7, sizeof data);
  options.cluster_size_limit = 10000;
  options.repeatable = 1;
  CHECK(h4mk_io_open_file(kPath, H4MK_OPEN_WRITE, &io) == H4MK_OK);
  CHECK(h4mk_writer_open(&io, &options, &writer) == H4MK_OK);
  CHECK(h4mk_value_from_json(json, strlen(json), &track) == H4MK_OK);
  CHECK(h4mk_writer_add_track(writer, track, &index) == H4MK_OK);
  h4mk_value_free(track);
  for (i = 0; i < 200; i++) {
    h4mk_block block = H4MK_BLOCK_INIT;
    block.pts = block.dts = i;
    block.flags = H4MK_BLOCK_KEY;
    block.data = data;
    block.size = sizeof data;
    CHECK(h4mk_writer_write(writer, &block) == H4MK_OK);
  }
  CHECK((finish ? h4mk_writer_finish(writer) : h4mk_writer_flush(writer)) == H4MK_OK);
  h4mk_writer_free(writer);
  h4mk_io_close(&io);
}

static void damage(int64_t offset) {
  FILE* file = fopen(kPath, "r+b");
  int byte;
  CHECK(file != NULL && fseek(file, (long)offset, SEEK_SET) == 0);
  byte = fgetc(file);
  fseek(file, (long)offset, SEEK_SET);
  fputc(byte ^ 1, file);
  fclose(file);
}

static h4mk_status verify(told* t, int64_t* blocks) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_verify_options options = H4MK_VERIFY_OPTIONS_INIT;
  h4mk_task task = task_for(t);
  h4mk_value* report = NULL;
  h4mk_status status;
  CHECK(h4mk_io_open_file(kPath, H4MK_OPEN_READ, &io) == H4MK_OK);
  options.task = &task;
  status = h4mk_verify(&io, &options, &report);
  *blocks = h4mk_value_get_int(report, "blocks", -1);
  if (report != NULL) CHECK(h4mk_value_get_int(report, "problems", -1) == t->problems);
  h4mk_value_free(report);
  h4mk_io_close(&io);
  return status;
}

static void test_verify(void) {
  told t;
  int64_t blocks = 0;
  h4mk_io io = H4MK_IO_INIT;
  write_file(1);
  CHECK(verify(&t, &blocks) == H4MK_OK && blocks == 200 && t.problems == 0 && t.steps > 0);
  damage(100000);
  CHECK(verify(&t, &blocks) == H4MK_ERR_CORRUPT && blocks < 200 && t.problems >= 1);
  CHECK(t.last_offset > 0 && t.last[0] != 0);
  h4mk_io_open_memory("no file at all, really", 22, &io);
  CHECK(h4mk_verify(&io, NULL, NULL) == H4MK_ERR_NOT_H4MK);
  h4mk_io_close(&io);
}

static void test_cancel(void) {
  told t;
  h4mk_io io = H4MK_IO_INIT, out = H4MK_IO_INIT;
  h4mk_task task;
  h4mk_value* report = NULL;
  h4mk_verify_options options = H4MK_VERIFY_OPTIONS_INIT;
  write_file(1);
  h4mk_io_open_file(kPath, H4MK_OPEN_READ, &io);
  task = task_for(&t);
  t.steps_until_stop = 0;
  options.task = &task;
  CHECK(h4mk_verify(&io, &options, &report) == H4MK_ERR_CANCELLED && report == NULL);
  CHECK(t.problems == 1 && strcmp(t.last, h4mk_strerror(H4MK_ERR_CANCELLED)) == 0);
  h4mk_io_close(&io);
  h4mk_io_open_file(kPath, H4MK_OPEN_READ, &io);
  h4mk_io_new_memory(&out);
  CHECK(h4mk_recover(&io, &out, &task, &report) == H4MK_ERR_CANCELLED && report == NULL);
  h4mk_io_close(&out);
  h4mk_io_close(&io);
}

static void test_recover(void) {
  told t;
  h4mk_io in = H4MK_IO_INIT, out = H4MK_IO_INIT, again = H4MK_IO_INIT;
  h4mk_task task = task_for(&t);
  h4mk_value* report = NULL;
  const uint8_t* data = NULL;
  size_t size = 0;
  write_file(0);
  damage(100000);
  h4mk_io_open_file(kPath, H4MK_OPEN_READ, &in);
  h4mk_io_new_memory(&out);
  CHECK(h4mk_recover(&in, &out, &task, &report) == H4MK_OK);
  CHECK(h4mk_value_get_int(report, "blocks", 0) >= 180 && t.problems >= 1);
  CHECK(h4mk_value_count(h4mk_value_get(report, "lost")) == (size_t)t.problems);
  CHECK(h4mk_value_int(h4mk_value_get(report, "lost_any_blocks"), 0) == 1);
  CHECK(h4mk_io_memory(&out, &data, &size) == H4MK_OK);
  h4mk_io_open_memory(data, size, &again);
  CHECK(h4mk_verify(&again, NULL, NULL) == H4MK_OK);
  h4mk_value_free(report);
  h4mk_io_close(&again);
  h4mk_io_close(&out);
  h4mk_io_close(&in);
}

/* What h4mk_list_chunks() told of chunks. */
typedef struct listed {
  told problems; /* first, since a task tells it too */
  int chunks, bad;
  int64_t next; /* where the chunk that was listed last ends */
  char tags[4096];
} listed;

static void on_chunk(void* opaque, const h4mk_chunk* chunk, int is_good) {
  listed* l = opaque;
  CHECK(chunk->struct_size == sizeof *chunk && chunk->offset >= l->next);
  CHECK(chunk->next == chunk->payload + chunk->length + 4);
  l->chunks++;
  l->bad += !is_good;
  l->next = chunk->next;
  strcat(l->tags, chunk->tag);
}

static h4mk_status list_chunks(const h4mk_io* io, listed* l) {
  h4mk_task task;
  memset(l, 0, sizeof *l);
  task = task_for(&l->problems);
  return h4mk_list_chunks(io, on_chunk, l, &task);
}

static void test_list_chunks(void) {
  listed l;
  int chunks;
  h4mk_io io = H4MK_IO_INIT;
  h4mk_task task;
  write_file(1);
  CHECK(h4mk_io_open_file(kPath, H4MK_OPEN_READ, &io) == H4MK_OK);
  CHECK(list_chunks(&io, &l) == H4MK_OK && l.bad == 0 && l.problems.problems == 0);
  CHECK(strncmp(l.tags, "TRAK", 4) == 0 && strstr(l.tags, "CORECORE") && strstr(l.tags, "TAIL"));
  CHECK(l.next + 4 == io.size(io.opaque)); /* the container checksum */
  chunks = l.chunks;

  damage(100000); /* data of a cluster: the chunk stays in the list */
  CHECK(list_chunks(&io, &l) == H4MK_OK && l.chunks == chunks && l.bad == 1);
  CHECK(l.problems.problems == 1 && strstr(l.problems.last, "at byte"));
  damage(16); /* the tag of the first one: it is no chunk, and the others are found behind it */
  CHECK(list_chunks(&io, &l) == H4MK_OK && l.chunks == chunks - 1 && l.bad == 1);
  CHECK(l.problems.problems == 2);

  memset(&l, 0, sizeof l);
  task = task_for(&l.problems);
  l.problems.steps_until_stop = 0;
  CHECK(h4mk_list_chunks(&io, on_chunk, &l, &task) == H4MK_ERR_CANCELLED);
  CHECK(h4mk_list_chunks(&io, NULL, NULL, NULL) == H4MK_ERR_ARGUMENT);
  CHECK(h4mk_list_chunks(NULL, on_chunk, &l, NULL) == H4MK_ERR_ARGUMENT);
  h4mk_io_close(&io);
  h4mk_io_open_memory("no file at all, really", 22, &io);
  CHECK(list_chunks(&io, &l) == H4MK_ERR_NOT_H4MK && l.chunks == 0);
  h4mk_io_close(&io);
  h4mk_io_open_memory("", 0, &io);
  CHECK(list_chunks(&io, &l) == H4MK_ERR_NOT_H4MK);
  h4mk_io_close(&io);
}

static void title(char* text, size_t size) {
  h4mk_io io = H4MK_IO_INIT;
  h4mk_reader* reader = NULL;
  const char* name;
  h4mk_io_open_file(kPath, H4MK_OPEN_READ, &io);
  CHECK(h4mk_reader_open(&io, NULL, &reader) == H4MK_OK);
  name = h4mk_value_get_text(h4mk_reader_track(reader, 0), "name");
  snprintf(text, size, "%s/%s",
           h4mk_value_get_text(h4mk_value_get(h4mk_reader_meta(reader), "tags"), "title")
               ? h4mk_value_get_text(h4mk_value_get(h4mk_reader_meta(reader), "tags"), "title")
               : "",
           name ? name : "");
  h4mk_reader_free(reader);
  h4mk_io_close(&io);
}

static void test_edit(void) {
  told t;
  h4mk_io io = H4MK_IO_INIT, other = H4MK_IO_INIT;
  h4mk_edit_options options = H4MK_EDIT_OPTIONS_INIT;
  h4mk_task task = task_for(&t);
  h4mk_value *meta = NULL, *track = NULL;
  const h4mk_value* tracks[1];
  char text[100];
  const char meta_json[] = "{\"tags\":{\"title\":\"Film\"}}";
  const char track_json[] =
      "{\"track_id\":1,\"name\":\"camera\",\"kind\":\"video\",\"codec\":\"h264\",\"time_base\":\"1/"
      "25\"}";
  write_file(1);
  h4mk_value_from_json(meta_json, strlen(meta_json), &meta);
  h4mk_value_from_json(track_json, strlen(track_json), &track);
  tracks[0] = track;
  options.task = &task;
  options.meta = meta;
  options.tracks = tracks;
  options.track_count = 1;
  CHECK(h4mk_io_open_file(kPath, H4MK_OPEN_EDIT, &io) == H4MK_OK);
  CHECK(h4mk_io_open_file(kPath, H4MK_OPEN_EDIT, &other) == H4MK_ERR_IO); /* one editor at a time */
  CHECK(h4mk_edit(&io, &options) == H4MK_OK);
  h4mk_io_close(&io);
  title(text, sizeof text);
  CHECK(strcmp(text, "Film/camera") == 0);

  h4mk_io_open_file(kPath, H4MK_OPEN_EDIT, &io);
  h4mk_value_set_int(track, "track_id", 9);
  CHECK(h4mk_edit(&io, &options) == H4MK_ERR_ARGUMENT && t.problems == 1);
  options.track_count = 2;
  CHECK(h4mk_edit(&io, &options) == H4MK_ERR_ARGUMENT);
  options.undo = 1;
  CHECK(h4mk_edit(&io, &options) == H4MK_OK);
  CHECK(h4mk_edit(&io, &options) == H4MK_ERR_NOT_FOUND);
  h4mk_io_close(&io);
  title(text, sizeof text);
  CHECK(strcmp(text, "/") == 0);

  write_file(0);
  options.undo = 0;
  options.track_count = 0;
  h4mk_io_open_file(kPath, H4MK_OPEN_EDIT, &io);
  CHECK(h4mk_edit(&io, &options) == H4MK_ERR_STATE);
  h4mk_io_close(&io);
  h4mk_value_free(meta);
  h4mk_value_free(track);
}

static void test_index(void) {
  told t;
  h4mk_io io = H4MK_IO_INIT, out = H4MK_IO_INIT, again = H4MK_IO_INIT;
  int64_t blocks = 0;
  int changed = -1;
  const uint8_t* data = NULL;
  size_t size = 0;
  write_file(0);
  CHECK(verify(&t, &blocks) == H4MK_ERR_CORRUPT);
  h4mk_io_open_file(kPath, H4MK_OPEN_EDIT, &io);
  h4mk_io_new_memory(&out);
  CHECK(h4mk_index_to_front(&io, &out, NULL) == H4MK_ERR_STATE);
  CHECK(h4mk_reindex(&io, NULL, &changed) == H4MK_OK && changed == 1);
  CHECK(h4mk_reindex(&io, NULL, &changed) == H4MK_OK && changed == 0);
  h4mk_io_close(&io);
  CHECK(verify(&t, &blocks) == H4MK_OK && blocks == 200);
  h4mk_io_open_file(kPath, H4MK_OPEN_READ, &io);
  CHECK(h4mk_reindex(&io, NULL, &changed) == H4MK_OK && changed == 0); /* needs no writing */
  h4mk_io_close(&io);
  h4mk_io_open_file(kPath, H4MK_OPEN_READ, &io);
  CHECK(h4mk_index_to_front(&io, &out, NULL) == H4MK_OK);
  CHECK(h4mk_io_memory(&out, &data, &size) == H4MK_OK);
  h4mk_io_open_memory(data, size, &again);
  CHECK(h4mk_verify(&again, NULL, NULL) == H4MK_OK);
  h4mk_io_close(&again);
  h4mk_io_close(&out);
  h4mk_io_close(&io);
}

int main(void) {
  test_verify();
  test_list_chunks();
  test_cancel();
  test_recover();
  test_edit();
  test_index();
  remove(kPath);
  if (failed > 0) fprintf(stderr, "%d checks failed\n", failed);
  return failed > 0;
}
