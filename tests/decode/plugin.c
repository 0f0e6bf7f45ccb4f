/* SPDX-License-Identifier: MIT
 *
 * A plugin for the tests: every block is shown as it is. PLUGIN_VERSION is the version of the interface that it says it has.
 */
#include <h4mk/adapter.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t size;
    uint8_t data[1];
} state_t;

static int instance;

static int claims(const h4mk_adapter_track *track)
{
    return strcmp(track->codec, "plugin") == 0;
}

static h4mk_status open_track(const h4mk_adapter_track *track, void **opened)
{
    (void)track;
    *opened = &instance;
    return H4MK_OK;
}

static h4mk_status decode_I(void *opened, const h4mk_adapter_block *block, void **state)
{
    state_t *made = malloc(sizeof(*made) + block->size);
    (void)opened;
    if (made == NULL)
        return H4MK_ERR_MEMORY;
    made->size = block->size;
    if (block->size > 0)
        memcpy(made->data, block->data, block->size);
    *state = made;
    return H4MK_OK;
}

static h4mk_status apply_P(void *opened, const void *previous, const h4mk_adapter_block *block, void **state)
{
    (void)previous;
    return decode_I(opened, block, state);
}

static h4mk_status render(void *opened, const void *state, h4mk_output *output)
{
    (void)opened;
    output->data = ((const state_t *)state)->data;
    output->size = ((const state_t *)state)->size;
    return H4MK_OK;
}

static void free_state(void *opened, void *state)
{
    (void)opened;
    free(state);
}

static void close_track(void *opened)
{
    (void)opened;
}

H4MK_ADAPTER_EXPORT const h4mk_adapter *h4mk_adapter_entry(void)
{
    static const h4mk_adapter adapter = {
        PLUGIN_VERSION, sizeof(h4mk_adapter), "plugin", "blocks as they are", 0,
        claims, open_track, decode_I, apply_P, NULL, render, NULL, free_state, NULL, NULL, close_track
    };
    return &adapter;
}
