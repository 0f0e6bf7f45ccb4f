/* SPDX-License-Identifier: MIT
 *
 * The adapter: what libh4mk, and with it h4mk and FFmpeg, asks of a decoder. A state is a picture.
 */
#include <h4mk/adapter.h>
#include <stdlib.h>
#include <string.h>

#include "frame_coding.h"

typedef struct decoder {
    frame_format format;
    const char *message;
} decoder;

static int claims(const h4mk_adapter_track *track)
{
    return strcmp(track->codec, "example") == 0;
}

static h4mk_status open_track(const h4mk_adapter_track *track, void **instance)
{
    decoder *opened = calloc(1, sizeof(*opened));
    if (opened == NULL)
        return H4MK_ERR_MEMORY;
    *instance = opened; /* also on errors, so that message() can be asked */
    if (!read_format(track->extradata, track->extradata_size, &opened->format)) {
        opened->message = "the track's extradata is no EXV1 format";
        return H4MK_ERR_CORRUPT;
    }
    return H4MK_OK;
}

static void close_track(void *instance)
{
    free(instance);
}

static const char *message(void *instance)
{
    return ((decoder *)instance)->message;
}

static void free_state(void *instance, void *state)
{
    (void)instance;
    free(state);
}

/* All kinds of blocks: they differ in which pictures are known. */
static h4mk_status decode(decoder *self, const uint8_t *previous, const uint8_t *next, const h4mk_adapter_block *block,
                          void **state)
{
    const size_t size = frame_size(&self->format);
    uint8_t *frame = malloc(size);
    size_t i;
    if (frame == NULL)
        return H4MK_ERR_MEMORY;
    if (!unpack(block->data, block->size, frame, size)) {
        self->message = "a block does not hold a picture of the track's size";
        free(frame);
        return H4MK_ERR_CORRUPT;
    }
    for (i = 0; i < size; i++)
        frame[i] = (uint8_t)(frame[i] + predict(frame, i, self->format.pixel_size, previous, next));
    *state = frame;
    return H4MK_OK;
}

static h4mk_status decode_I(void *instance, const h4mk_adapter_block *block, void **state)
{
    return decode(instance, NULL, NULL, block, state);
}

static h4mk_status apply_P(void *instance, const void *previous, const h4mk_adapter_block *block, void **state)
{
    return decode(instance, previous, NULL, block, state);
}

static h4mk_status apply_B(void *instance, const void *previous, const void *next, const h4mk_adapter_block *block,
                           void **state)
{
    if (next == NULL) {
        ((decoder *)instance)->message = "a B block at the end of the track";
        return H4MK_ERR_CORRUPT;
    }
    return decode(instance, previous, next, block, state);
}

static h4mk_status render(void *instance, const void *state, h4mk_output *output)
{
    const decoder *self = instance;
    output->type = H4MK_OUTPUT_VIDEO;
    output->width = self->format.width;
    output->height = self->format.height;
    output->pixel_format = self->format.pixel_size == 1 ? "gray" : "rgb24";
    output->data = state;
    output->size = frame_size(&self->format);
    return H4MK_OK;
}

H4MK_ADAPTER_EXPORT const h4mk_adapter *h4mk_adapter_entry(void)
{
    static const h4mk_adapter adapter = {
        H4MK_ADAPTER_ABI, sizeof(h4mk_adapter), "example", "lossless pictures by differences", 0,
        claims, open_track, decode_I, apply_P, apply_B, render, NULL, free_state, NULL, message, close_track
    };
    return &adapter;
}
