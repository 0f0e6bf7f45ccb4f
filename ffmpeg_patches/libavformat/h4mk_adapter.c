/*
 * H4MK: tracks that an adapter of libh4mk decodes
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

#include <string.h>

#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/mem.h"

#include "libavcodec/codec_id.h"
#include "libavcodec/codec_par.h"
#include "libavcodec/packet.h"

#include "avformat.h"
#include "h4mk.h"
#include "h4mk_adapter.h"
#include "internal.h"

/* AV_PKT_DATA_QUALITY_STATS without errors of planes */
#define QUALITY_STATS_SIZE 8

static int is_adapter_codec(enum AVCodecID id)
{
    return id == AV_CODEC_ID_H4MK_AUDIO || id == AV_CODEC_ID_H4MK_VIDEO;
}

/**
 * The extradata of a track that an adapter decodes is its object in the TRAK
 * that it comes from.
 *
 * @return the object, to be freed by h4mk_value_free(), or NULL for other
 *         tracks
 */
static h4mk_value *adapter_track(const AVCodecParameters *par)
{
    h4mk_value *object = NULL;

    if (par->extradata_size > 0 && is_adapter_codec(par->codec_id))
        h4mk_value_from_json((const char *)par->extradata, par->extradata_size, &object);
    if (h4mk_value_get_type(object) != H4MK_VALUE_OBJECT) {
        h4mk_value_free(object);
        object = NULL;
    }
    return object;
}

/**
 * Take from such an object all that FFmpeg has no place for.
 */
static h4mk_status copy_unknown_members(h4mk_value *track,
                                        const h4mk_value *object)
{
    /* what the fields of the stream say, also if that is nothing */
    static const char *const own[] = {
        "tags", "side_data", "disposition", "name", "note", "start_time", "stream_id"
    };
    h4mk_status status = H4MK_OK;

    for (size_t i = 0; status == H4MK_OK && i < h4mk_value_count(object); i++) {
        const char *key = h4mk_value_key_at(object, i);
        int is_own = h4mk_value_get(track, key) && strcmp(key, "codec");

        for (int j = 0; j < FF_ARRAY_ELEMS(own); j++)
            is_own |= !strcmp(key, own[j]);
        if (!is_own)
            status = h4mk_value_set_value(track, key, h4mk_value_at(object, i));
    }
    return status;
}

int ff_h4mk_write_adapter_track(const AVCodecParameters *par, h4mk_value *track)
{
    h4mk_value *object = adapter_track(par);
    h4mk_status status;

    if (!object)
        return 0;
    status = copy_unknown_members(track, object);
    h4mk_value_free(object);
    return status == H4MK_OK ? 1 : ff_h4mk_error(status, 0);
}

static int load_adapters(AVFormatContext *s, H4MKAdapters *adapters)
{
    h4mk_status status;

    if (adapters->list)
        return 0;
    adapters->list = h4mk_adapters_new();
    if (!adapters->list)
        return AVERROR(ENOMEM);
    if (!adapters->plugin)
        return 0;
    status = h4mk_adapters_load(adapters->list, adapters->plugin);
    if (status != H4MK_OK)
        av_log(s, AV_LOG_ERROR, "%s\n", h4mk_adapters_message(adapters->list));
    return ff_h4mk_error(status, 0);
}

int ff_h4mk_find_adapter(AVFormatContext *s, H4MKAdapters *adapters,
                         AVStream *st, const h4mk_value *object,
                         uint32_t *preroll)
{
    AVCodecParameters *par = st->codecpar;
    const h4mk_adapter *adapter;
    const char *json;
    int ret = load_adapters(s, adapters);

    if (ret < 0)
        return ret;
    adapter = h4mk_adapters_for_description(adapters->list, object);
    if (!adapter) {
        const char *codec = h4mk_value_get_text(object, "codec");

        if (codec && strcmp(codec, "none"))
            av_log(s, AV_LOG_INFO,
                   "Stream %d has codec %s. An adapter that decodes it can "
                   "be plugged in by the option adapter.\n", st->index, codec);
        return 0;
    }
    json = h4mk_value_to_json(object);
    if (!json)
        return AVERROR(ENOMEM);
    par->codec_id = par->codec_type == AVMEDIA_TYPE_AUDIO ? AV_CODEC_ID_H4MK_AUDIO
                                                          : AV_CODEC_ID_H4MK_VIDEO;
    av_dict_set(&st->metadata, "codec_name", NULL, 0);
    av_freep(&par->extradata);
    ret = ff_alloc_extradata(par, strlen(json));
    if (ret < 0)
        return ret;
    memcpy(par->extradata, json, par->extradata_size);
    *preroll = adapter->preroll;
    return 1;
}

void ff_h4mk_free_adapters(H4MKAdapters *adapters)
{
    h4mk_adapters_free(adapters->list);
    adapters->list = NULL;
}

int ff_h4mk_add_picture_type(AVPacket *pkt, const h4mk_block *block)
{
    uint8_t *data = av_packet_new_side_data(pkt, AV_PKT_DATA_QUALITY_STATS, QUALITY_STATS_SIZE);

    if (!data)
        return AVERROR(ENOMEM);
    memset(data, 0, QUALITY_STATS_SIZE);
    data[4] = (block->flags & H4MK_BLOCK_TYPE_MASK) == H4MK_BLOCK_TYPE_I ? AV_PICTURE_TYPE_I :
              (block->flags & H4MK_BLOCK_TYPE_MASK) == H4MK_BLOCK_TYPE_B ? AV_PICTURE_TYPE_B :
                                                                           AV_PICTURE_TYPE_P;
    return 0;
}

int ff_h4mk_is_picture_type(const AVStream *st, const AVPacketSideData *sd)
{
    return sd->type == AV_PKT_DATA_QUALITY_STATS && is_adapter_codec(st->codecpar->codec_id);
}
