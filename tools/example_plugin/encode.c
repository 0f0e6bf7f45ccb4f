/* SPDX-License-Identifier: MIT
 *
 * example_encode WIDTH HEIGHT gray|rgb24 FRAMES_A_SECOND RAW_FRAMES OUT.h4mk
 *
 * Groups of 12 pictures that need no others: I B P B P B … P, written as they are decoded: I P B P B ….
 */
#include <h4mk/h4mk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame_coding.h"

#define GROUP 12

typedef struct encoder {
    frame_format format;
    size_t size;             /* of a picture */
    uint8_t *frames[GROUP];
    uint8_t *residual, *packed;
    h4mk_writer *writer;
    uint32_t track;
    int64_t decoded;         /* blocks written so far */
} encoder;

static void fail(const char *what)
{
    fprintf(stderr, "example_encode: %s\n", what);
    exit(1);
}

static void check(encoder *self, h4mk_status status)
{
    if (status != H4MK_OK)
        fail(*h4mk_writer_message(self->writer) ? h4mk_writer_message(self->writer) : h4mk_strerror(status));
}

static uint8_t *take_memory(size_t size)
{
    uint8_t *memory = malloc(size);
    if (memory == NULL)
        fail("out of memory");
    return memory;
}

static void add_track(encoder *self, int frames_a_second)
{
    uint8_t extradata[FORMAT_SIZE];
    char time_base[32];
    h4mk_value *track = h4mk_value_new();
    write_format(&self->format, extradata);
    snprintf(time_base, sizeof(time_base), "1/%d", frames_a_second);
    h4mk_value_set_int(track, "track_id", 1);
    h4mk_value_set_text(track, "name", "");
    h4mk_value_set_text(track, "kind", "video");
    h4mk_value_set_text(track, "codec", "example");
    h4mk_value_set_text(track, "adapter", "example");
    h4mk_value_set_text(track, "time_base", time_base);
    h4mk_value_set_int(track, "width", self->format.width);
    h4mk_value_set_int(track, "height", self->format.height);
    h4mk_value_set_bytes(track, "extradata", extradata, sizeof(extradata));
    check(self, h4mk_writer_add_track(self->writer, track, &self->track));
    h4mk_value_free(track);
}

/* Picture number `at` of a group that begins at time `start`, from its neighbours in the group; -1: none. */
static void write_frame(encoder *self, int64_t start, int at, int previous, int next)
{
    const uint8_t *frame = self->frames[at];
    h4mk_block block = H4MK_BLOCK_INIT;
    size_t i;
    for (i = 0; i < self->size; i++)
        self->residual[i] = (uint8_t)(frame[i] - predict(frame, i, self->format.pixel_size,
                                                         previous < 0 ? NULL : self->frames[previous],
                                                         next < 0 ? NULL : self->frames[next]));
    block.track = self->track;
    block.flags = previous < 0 ? H4MK_BLOCK_KEY | H4MK_BLOCK_TYPE_I
                  : next < 0   ? H4MK_BLOCK_TYPE_P
                               : H4MK_BLOCK_TYPE_B | H4MK_BLOCK_DISPOSABLE;
    block.pts = start + at;
    block.dts = self->decoded++ - 1; /* a P block is decoded one block before the B block that it is shown behind */
    block.duration = 1;
    block.data = self->packed;
    block.size = pack(self->residual, self->size, self->packed);
    check(self, h4mk_writer_write(self->writer, &block));
}

static void write_group(encoder *self, int64_t start, int count)
{
    int last = 0, at;
    write_frame(self, start, 0, -1, -1);
    while (last < count - 1) {
        at = last + 2 < count ? last + 2 : last + 1;
        write_frame(self, start, at, last, -1);
        if (at == last + 2)
            write_frame(self, start, last + 1, last, at);
        last = at;
    }
}

int main(int argc, char **argv)
{
    encoder self;
    h4mk_io io = H4MK_IO_INIT;
    FILE *in;
    int64_t start = 0;
    int i, count;
    memset(&self, 0, sizeof(self));
    if (argc != 7)
        fail("usage: example_encode WIDTH HEIGHT gray|rgb24 FRAMES_A_SECOND RAW_FRAMES OUT.h4mk");
    self.format.width = (uint16_t)atoi(argv[1]);
    self.format.height = (uint16_t)atoi(argv[2]);
    self.format.pixel_size = strcmp(argv[3], "rgb24") == 0 ? 3 : 1;
    self.size = frame_size(&self.format);
    in = fopen(argv[5], "rb");
    if (in == NULL || self.size == 0 || atoi(argv[4]) < 1)
        fail("no such input, or no such format");
    for (i = 0; i < GROUP; i++)
        self.frames[i] = take_memory(self.size);
    self.residual = take_memory(self.size);
    self.packed = take_memory(packed_bound(self.size));
    if (h4mk_io_open_file(argv[6], H4MK_OPEN_WRITE, &io) != H4MK_OK)
        fail("cannot write the output");
    check(&self, h4mk_writer_open(&io, NULL, &self.writer));
    add_track(&self, atoi(argv[4]));
    do {
        for (count = 0; count < GROUP && fread(self.frames[count], self.size, 1, in) == 1;)
            count++;
        if (count > 0)
            write_group(&self, start, count);
        start += count;
    } while (count == GROUP);
    check(&self, h4mk_writer_finish(self.writer));
    h4mk_writer_free(self.writer);
    h4mk_io_close(&io);
    for (i = 0; i < GROUP; i++)
        free(self.frames[i]);
    free(self.residual);
    free(self.packed);
    fclose(in);
    return 0;
}
