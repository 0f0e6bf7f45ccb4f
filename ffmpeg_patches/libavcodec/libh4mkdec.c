/*
 * Decoders for the tracks of H4MK files that an adapter of libh4mk decodes
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
#include <string.h>

#include <h4mk/adapter.h>

#include "config_components.h"

#include "libavutil/channel_layout.h"
#include "libavutil/imgutils.h"
#include "libavutil/log.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"
#include "libavutil/pixdesc.h"

#include "avcodec.h"
#include "codec_internal.h"
#include "decode.h"

typedef struct LibH4MKContext {
    const AVClass *class;
    h4mk_adapters *adapters;
    h4mk_session *session;
    AVPacket *pkt;
    char *adapter;
} LibH4MKContext;

static int to_averror(h4mk_status status)
{
    switch (status) {
    case H4MK_OK:            return 0;
    case H4MK_ERR_MEMORY:    return AVERROR(ENOMEM);
    case H4MK_ERR_ARGUMENT:  return AVERROR(EINVAL);
    case H4MK_ERR_NOT_FOUND: return AVERROR_DECODER_NOT_FOUND;
    case H4MK_ERR_CORRUPT:   return AVERROR_INVALIDDATA;
    default:                 return AVERROR_EXTERNAL;
    }
}

static int session_error(AVCodecContext *avctx, h4mk_status status)
{
    const LibH4MKContext *h4mk = avctx->priv_data;

    av_log(avctx, AV_LOG_ERROR, "%s\n", h4mk_session_message(h4mk->session));
    return to_averror(status);
}

/**
 * Open a session for the track that the demuxer has put into the extradata: its
 * object in TRAK.
 */
static int open_session(AVCodecContext *avctx, const h4mk_value *object)
{
    LibH4MKContext *h4mk = avctx->priv_data;
    const h4mk_adapter *adapter = h4mk_adapters_for_description(h4mk->adapters, object);
    h4mk_status status;

    if (!adapter) {
        const char *name = h4mk_value_get_text(object, "adapter");

        if (!name)
            name = h4mk_value_get_text(object, "codec");
        av_log(avctx, AV_LOG_ERROR,
               "There is no adapter for codec %s; name one by the option adapter\n",
               name ? name : "none");
        return AVERROR_DECODER_NOT_FOUND;
    }
    status = h4mk_session_open_description(adapter, object, &h4mk->session);
    return status == H4MK_OK ? 0 : session_error(avctx, status);
}

static av_cold int h4mk_decode_init(AVCodecContext *avctx)
{
    LibH4MKContext *h4mk = avctx->priv_data;
    h4mk_value *object = NULL;
    h4mk_status status;
    int ret;

    h4mk->pkt      = av_packet_alloc();
    h4mk->adapters = h4mk_adapters_new();
    if (!h4mk->pkt || !h4mk->adapters)
        return AVERROR(ENOMEM);
    if (h4mk->adapter && (status = h4mk_adapters_load(h4mk->adapters, h4mk->adapter)) != H4MK_OK) {
        av_log(avctx, AV_LOG_ERROR, "%s\n", h4mk_adapters_message(h4mk->adapters));
        return to_averror(status);
    }

    status = h4mk_value_from_json((const char *)avctx->extradata, avctx->extradata_size, &object);
    if (status != H4MK_OK) {
        av_log(avctx, AV_LOG_ERROR,
               "The extradata is not the description of an H4MK track\n");
        return to_averror(status);
    }
    ret = open_session(avctx, object);
    h4mk_value_free(object);
    return ret;
}

static int set_audio(AVCodecContext *avctx, AVFrame *frame,
                     const h4mk_output *output)
{
    int ret;

    if (output->channels <= 0 || output->sample_rate <= 0 ||
        output->size % (sizeof(float) * output->channels)) {
        av_log(avctx, AV_LOG_ERROR, "The adapter gave no whole samples\n");
        return AVERROR_EXTERNAL;
    }
    avctx->sample_fmt  = AV_SAMPLE_FMT_FLT;
    avctx->sample_rate = output->sample_rate;
    if (avctx->ch_layout.nb_channels != output->channels) {
        av_channel_layout_uninit(&avctx->ch_layout);
        av_channel_layout_default(&avctx->ch_layout, output->channels);
    }
    frame->nb_samples = output->size / (sizeof(float) * output->channels);
    ret = ff_get_buffer(avctx, frame, 0);
    if (ret >= 0)
        memcpy(frame->data[0], output->data, output->size);
    return ret;
}

static int set_video(AVCodecContext *avctx, AVFrame *frame,
                     const h4mk_output *output)
{
    const enum AVPixelFormat format = av_get_pix_fmt(output->pixel_format);
    uint8_t *data[4];
    int linesize[4], ret;

    if (format == AV_PIX_FMT_NONE ||
        av_image_get_buffer_size(format, output->width, output->height, 1) != output->size) {
        av_log(avctx, AV_LOG_ERROR,
               "The adapter gave %zu bytes, which are no picture of %dx%d in format %s\n",
               output->size, output->width, output->height, output->pixel_format);
        return AVERROR_EXTERNAL;
    }
    avctx->pix_fmt = format;
    ret = ff_set_dimensions(avctx, output->width, output->height);
    if (ret >= 0)
        ret = ff_get_buffer(avctx, frame, 0);
    if (ret >= 0)
        ret = av_image_fill_arrays(data, linesize, output->data, format,
                                   output->width, output->height, 1);
    if (ret >= 0)
        av_image_copy2(frame->data, frame->linesize, data, linesize,
                       format, output->width, output->height);
    return ret;
}

static int set_frame(AVCodecContext *avctx, AVFrame *frame,
                     const h4mk_output *output)
{
    int ret = AVERROR_EXTERNAL;

    if (output->type == H4MK_OUTPUT_AUDIO && avctx->codec_type == AVMEDIA_TYPE_AUDIO)
        ret = set_audio(avctx, frame, output);
    else if (output->type == H4MK_OUTPUT_VIDEO && avctx->codec_type == AVMEDIA_TYPE_VIDEO)
        ret = set_video(avctx, frame, output);
    else
        av_log(avctx, AV_LOG_ERROR, "The adapter does not give %s\n",
               av_get_media_type_string(avctx->codec_type));
    if (ret < 0)
        return ret;
    frame->pts      = output->pts;
    frame->duration = output->duration;
    return 0;
}

/**
 * The type of a block is in the side data that the demuxer adds.
 */
static uint32_t block_type(const AVPacket *pkt)
{
    size_t size;
    const uint8_t *stats = av_packet_get_side_data(pkt, AV_PKT_DATA_QUALITY_STATS, &size);
    const int type = stats && size >= 5 ? stats[4] : AV_PICTURE_TYPE_NONE;

    return type == AV_PICTURE_TYPE_B ? H4MK_BLOCK_TYPE_B :
           type == AV_PICTURE_TYPE_I || pkt->flags & AV_PKT_FLAG_KEY ? H4MK_BLOCK_TYPE_I :
                                                                       H4MK_BLOCK_TYPE_P;
}

static int send_packet(AVCodecContext *avctx)
{
    LibH4MKContext *h4mk = avctx->priv_data;
    h4mk_adapter_block block = H4MK_ADAPTER_BLOCK_INIT;
    h4mk_status status;
    int ret = ff_decode_get_packet(avctx, h4mk->pkt);

    if (ret == AVERROR_EOF) {
        status = h4mk_session_send(h4mk->session, NULL);
        return status == H4MK_OK ? 0 : session_error(avctx, status);
    }
    if (ret < 0)
        return ret;
    block.flags    = block_type(h4mk->pkt);
    if (h4mk->pkt->flags & AV_PKT_FLAG_KEY)
        block.flags |= H4MK_BLOCK_KEY;
    if (h4mk->pkt->flags & AV_PKT_FLAG_DISPOSABLE)
        block.flags |= H4MK_BLOCK_DISPOSABLE;
    if (h4mk->pkt->flags & AV_PKT_FLAG_DISCARD)
        block.flags |= H4MK_BLOCK_DISCARD;
    block.pts      = h4mk->pkt->pts;
    block.dts      = h4mk->pkt->dts;
    block.duration = h4mk->pkt->duration;
    block.data     = h4mk->pkt->data;
    block.size     = h4mk->pkt->size;
    status = h4mk_session_send(h4mk->session, &block);
    av_packet_unref(h4mk->pkt);
    return status == H4MK_OK ? 0 : session_error(avctx, status);
}

static int h4mk_receive_frame(AVCodecContext *avctx, AVFrame *frame)
{
    LibH4MKContext *h4mk = avctx->priv_data;
    h4mk_status status;
    int ret;

    do {
        h4mk_output output = H4MK_OUTPUT_INIT;

        status = h4mk_session_receive(h4mk->session, &output);
        if (status == H4MK_OK && output.size)
            return set_frame(avctx, frame, &output);
        if (status == H4MK_END)
            return AVERROR_EOF;
        ret = status == H4MK_OK    ? 0 : /* there are no empty frames */
              status == H4MK_AGAIN ? send_packet(avctx) : session_error(avctx, status);
    } while (ret >= 0);
    return ret;
}

static void h4mk_flush(AVCodecContext *avctx)
{
    LibH4MKContext *h4mk = avctx->priv_data;

    h4mk_session_flush(h4mk->session);
}

static av_cold int h4mk_decode_close(AVCodecContext *avctx)
{
    LibH4MKContext *h4mk = avctx->priv_data;

    h4mk_session_free(h4mk->session);
    h4mk_adapters_free(h4mk->adapters);
    av_packet_free(&h4mk->pkt);
    return 0;
}

#define OFFSET(x) offsetof(LibH4MKContext, x)
#define D AV_OPT_FLAG_DECODING_PARAM | AV_OPT_FLAG_AUDIO_PARAM | AV_OPT_FLAG_VIDEO_PARAM
static const AVOption options[] = {
    { "adapter", "Shared object with an adapter that decodes the track", OFFSET(adapter), AV_OPT_TYPE_STRING, .flags = D },
    { NULL }
};

static const AVClass libh4mk_class = {
    .class_name = "libh4mk decoder",
    .item_name  = av_default_item_name,
    .option     = options,
    .version    = LIBAVUTIL_VERSION_INT,
};

#define DECODER(NAME, TYPE, ID, LONG_NAME)                                          \
const FFCodec ff_libh4mk_ ## NAME ## _decoder = {                                   \
    .p.name         = "libh4mk_" #NAME,                                             \
    CODEC_LONG_NAME(LONG_NAME),                                                     \
    .p.type         = TYPE,                                                         \
    .p.id           = ID,                                                           \
    .p.priv_class   = &libh4mk_class,                                               \
    .p.wrapper_name = "libh4mk",                                                    \
    .p.capabilities = AV_CODEC_CAP_DELAY | AV_CODEC_CAP_DR1 | AV_CODEC_CAP_PARAM_CHANGE, \
    .caps_internal  = FF_CODEC_CAP_INIT_CLEANUP | FF_CODEC_CAP_NOT_INIT_THREADSAFE, \
    .priv_data_size = sizeof(LibH4MKContext),                                       \
    .init           = h4mk_decode_init,                                             \
    FF_CODEC_RECEIVE_FRAME_CB(h4mk_receive_frame),                                  \
    .flush          = h4mk_flush,                                                   \
    .close          = h4mk_decode_close,                                            \
};

#if CONFIG_LIBH4MK_AUDIO_DECODER
DECODER(audio, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_H4MK_AUDIO, "H4MK audio track with an adapter")
#endif
#if CONFIG_LIBH4MK_VIDEO_DECODER
DECODER(video, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_H4MK_VIDEO, "H4MK video track with an adapter")
#endif
