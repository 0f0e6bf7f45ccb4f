/*
 * H4MK: stream groups as JSON
 *
 * This file is part of FFmpeg.
 *
 * FFmpeg is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * FFmpeg is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with FFmpeg; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301 USA
 */

#include <limits.h>
#include <stdint.h>

#include "libavutil/error.h"
#include "libavutil/iamf.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/mem.h"

#include "avformat.h"
#include "h4mk.h"
#include "internal.h"

#define F H4MK_FIELD

static const H4MKField tile_grid_fields[] = {
    F(AVStreamGroupTileGrid, "coded_width", coded_width, S32, 0, H4MK_MAX_SIDE),
    F(AVStreamGroupTileGrid, "coded_height", coded_height, S32, 0, H4MK_MAX_SIDE),
    F(AVStreamGroupTileGrid, "background", background, U8, .count = 4),
    F(AVStreamGroupTileGrid, "horizontal_offset", horizontal_offset, S32, 0, H4MK_MAX_SIDE),
    F(AVStreamGroupTileGrid, "vertical_offset", vertical_offset, S32, 0, H4MK_MAX_SIDE),
    F(AVStreamGroupTileGrid, "width", width, S32, 0, H4MK_MAX_SIDE),
    F(AVStreamGroupTileGrid, "height", height, S32, 0, H4MK_MAX_SIDE),
    { NULL }
};

static const H4MKField lcevc_fields[] = {
    F(H4MK_LAYERED_VIDEO, "lcevc_index", H4MK_EL_INDEX, U32),
    F(H4MK_LAYERED_VIDEO, "width", width, S32, 0, H4MK_MAX_SIDE),
    F(H4MK_LAYERED_VIDEO, "height", height, S32, 0, H4MK_MAX_SIDE),
    { NULL }
};

#if H4MK_HAVE_LAYERED_VIDEO
static const H4MKField dolby_vision_fields[] = {
    F(H4MK_LAYERED_VIDEO, "el_index", H4MK_EL_INDEX, U32),
    F(H4MK_LAYERED_VIDEO, "width", width, S32, 0, H4MK_MAX_SIDE),
    F(H4MK_LAYERED_VIDEO, "height", height, S32, 0, H4MK_MAX_SIDE),
    { NULL }
};

static const H4MKField tref_fields[] = {
    F(AVStreamGroupTREF, "metadata_index", metadata_index, U32),
    { NULL }
};
#endif

H4MK_NAMES(group_type_name, NULL, "iamf_audio_element", "iamf_mix_presentation",
           "tile_grid", "lcevc",
#if H4MK_HAVE_LAYERED_VIDEO
           "tref", "dolby_vision"
#endif
)

static int write_tile_grid(h4mk_value *object,
                           const AVStreamGroupTileGrid *grid)
{
    h4mk_value *array = h4mk_value_add_array(object, "tiles");
    int ret = 0;

    for (unsigned i = 0; i < grid->nb_tiles; i++) {
        h4mk_value *tile = array ? h4mk_value_append_object(array) : NULL;
        if (!tile ||
            h4mk_value_set_int(tile, "stream",     grid->offsets[i].idx)        != H4MK_OK ||
            h4mk_value_set_int(tile, "horizontal", grid->offsets[i].horizontal) != H4MK_OK ||
            h4mk_value_set_int(tile, "vertical",   grid->offsets[i].vertical)   != H4MK_OK)
            return AVERROR(ENOMEM);
    }
#if H4MK_HAVE_TILE_SIDE_DATA
    ret = ff_h4mk_write_side_data(object, grid->coded_side_data, grid->nb_coded_side_data);
#endif
    return ret < 0 ? ret : ff_h4mk_write_fields(object, tile_grid_fields, grid, NULL);
}

/* An element of AVStreamGroupTileGrid.offsets, whose type has no name. */
typedef struct Tile {
    uint32_t stream;
    int32_t horizontal, vertical;
} Tile;

static const H4MKField tile_fields[] = {
    F(Tile, "stream", stream, U32),
    F(Tile, "horizontal", horizontal, S32, 0, H4MK_MAX_SIDE),
    F(Tile, "vertical", vertical, S32, 0, H4MK_MAX_SIDE),
    { NULL }
};

static int read_tile_grid(AVFormatContext *s, const h4mk_value *object,
                          AVStreamGroupTileGrid *grid)
{
    const h4mk_value *array = h4mk_value_get(object, "tiles");
    const size_t count = h4mk_value_count(array);
#if H4MK_HAVE_TILE_SIDE_DATA
    int ret;
#endif

    ff_h4mk_read_fields(object, tile_grid_fields, grid);
#if H4MK_HAVE_TILE_SIDE_DATA
    ret = ff_h4mk_read_side_data(s, object, &grid->coded_side_data, &grid->nb_coded_side_data);
    if (ret < 0)
        return ret;
#endif
    if (!count || count > INT_MAX / sizeof(*grid->offsets))
        return 0;
    grid->offsets = av_calloc(count, sizeof(*grid->offsets));
    if (!grid->offsets)
        return AVERROR(ENOMEM);
    grid->nb_tiles = count;
    for (size_t i = 0; i < count; i++) {
        Tile tile = { 0 };

        ff_h4mk_read_fields(h4mk_value_at(array, i), tile_fields, &tile);
        grid->offsets[i].idx        = tile.stream;
        grid->offsets[i].horizontal = tile.horizontal;
        grid->offsets[i].vertical   = tile.vertical;
    }
    return 0;
}

int ff_h4mk_write_group(AVFormatContext *s, const AVStreamGroup *group,
                        h4mk_value *object)
{
    const char *type = group_type_name(group->type);
    h4mk_value *array;
    int ret = 0;

    if (!object || h4mk_value_set_text(object, "type", type ? type : "unknown") != H4MK_OK ||
        h4mk_value_set_int(object, "id", group->id) != H4MK_OK ||
        !(array = h4mk_value_add_array(object, "streams")))
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < group->nb_streams; i++)
        if (h4mk_value_append_int(array, group->streams[i]->index) != H4MK_OK)
            return AVERROR(ENOMEM);

    switch (group->type) {
    case AV_STREAM_GROUP_PARAMS_TILE_GRID:
        ret = write_tile_grid(object, group->params.tile_grid);
        break;
    case AV_STREAM_GROUP_PARAMS_LCEVC:
        ret = ff_h4mk_write_fields(object, lcevc_fields, H4MK_LAYERED(group), NULL);
        break;
#if H4MK_HAVE_LAYERED_VIDEO
    case AV_STREAM_GROUP_PARAMS_DOLBY_VISION:
        ret = ff_h4mk_write_fields(object, dolby_vision_fields, H4MK_LAYERED(group), NULL);
        break;
    case AV_STREAM_GROUP_PARAMS_TREF:
        ret = ff_h4mk_write_fields(object, tref_fields, group->params.tref, NULL);
        break;
#endif
    case AV_STREAM_GROUP_PARAMS_IAMF_AUDIO_ELEMENT:
        ret = ff_h4mk_write_audio_element(object, group);
        break;
    case AV_STREAM_GROUP_PARAMS_IAMF_MIX_PRESENTATION:
        ret = ff_h4mk_write_mix_presentation(s, object, group->params.iamf_mix_presentation);
        break;
    }
    if (ret >= 0)
        ret = ff_h4mk_error(ff_h4mk_write_disposition(object, group->disposition), 0);
    if (ret < 0)
        return ret;
    return ff_h4mk_write_tags(s, object, "tags", group->metadata, NULL);
}

/**
 * Whether a group has all that its users take for granted: the streams that it
 * names by their number within the group, the one layer of a scene, the size
 * and the tiles of a grid, the parameters and elements of a mix.
 */
static int is_complete(AVFormatContext *s, const AVStreamGroup *group)
{
    const AVStreamGroupTileGrid *grid = group->params.tile_grid;
    const AVIAMFAudioElement *element = group->params.iamf_audio_element;

    switch (group->type) {
    case AV_STREAM_GROUP_PARAMS_TILE_GRID:
        for (unsigned i = 0; i < grid->nb_tiles; i++)
            if (grid->offsets[i].idx >= group->nb_streams)
                return 0;
        return grid->nb_tiles && grid->coded_width > 0 && grid->coded_height > 0;
    case AV_STREAM_GROUP_PARAMS_IAMF_MIX_PRESENTATION:
        return ff_h4mk_is_mix_complete(s, group->params.iamf_mix_presentation);
    case AV_STREAM_GROUP_PARAMS_IAMF_AUDIO_ELEMENT:
        return group->nb_streams &&
               (element->audio_element_type != AV_IAMF_AUDIO_ELEMENT_TYPE_SCENE ||
                element->nb_layers);
#if H4MK_HAVE_LAYERED_VIDEO
    case AV_STREAM_GROUP_PARAMS_DOLBY_VISION:
#endif
    case AV_STREAM_GROUP_PARAMS_LCEVC:
        return H4MK_LAYERED(group)->H4MK_EL_INDEX < group->nb_streams;
#if H4MK_HAVE_LAYERED_VIDEO
    case AV_STREAM_GROUP_PARAMS_TREF:
        return group->params.tref->metadata_index < group->nb_streams;
#endif
    default:
        return 1;
    }
}

int ff_h4mk_read_group(AVFormatContext *s, const h4mk_value *object, int number)
{
    const h4mk_value *array = h4mk_value_get(object, "streams");
    const int type = ff_h4mk_find_name(group_type_name, h4mk_value_get_text(object, "type"));
    AVStreamGroup *group;
    int ret = 0;

    if (type < 0) {
        av_log(s, AV_LOG_WARNING,
               "Skipping stream group %d, whose type is not known\n", number);
        return 0;
    }
    group = avformat_stream_group_create(s, type, NULL);
    if (!group)
        return AVERROR(ENOMEM);
    group->id = h4mk_value_get_int(object, "id", number);
    for (size_t i = 0; i < h4mk_value_count(array); i++) {
        const int64_t index = h4mk_value_int(h4mk_value_at(array, i), -1);
        if (index >= 0 && index < s->nb_streams)
            avformat_stream_group_add_stream(group, s->streams[index]);
    }

    switch (group->type) {
    case AV_STREAM_GROUP_PARAMS_TILE_GRID:
        ret = read_tile_grid(s, object, group->params.tile_grid);
        break;
    case AV_STREAM_GROUP_PARAMS_LCEVC:
        ff_h4mk_read_fields(object, lcevc_fields, H4MK_LAYERED(group));
        break;
#if H4MK_HAVE_LAYERED_VIDEO
    case AV_STREAM_GROUP_PARAMS_DOLBY_VISION:
        ff_h4mk_read_fields(object, dolby_vision_fields, H4MK_LAYERED(group));
        break;
    case AV_STREAM_GROUP_PARAMS_TREF:
        ff_h4mk_read_fields(object, tref_fields, group->params.tref);
        break;
#endif
    case AV_STREAM_GROUP_PARAMS_IAMF_AUDIO_ELEMENT:
        ret = ff_h4mk_read_audio_element(object, group);
        break;
    case AV_STREAM_GROUP_PARAMS_IAMF_MIX_PRESENTATION:
        ret = ff_h4mk_read_mix_presentation(object, group->params.iamf_mix_presentation);
        break;
    }
    if (ret < 0)
        return ret;
    if (!is_complete(s, group)) {
        av_log(s, AV_LOG_WARNING,
               "Skipping stream group %d, which lacks something that its kind has\n", number);
        ff_remove_stream_group(s, group);
        return 0;
    }
    group->disposition = ff_h4mk_read_disposition(object);
    return ff_h4mk_read_tags(&group->metadata, h4mk_value_get(object, "tags"));
}
