/*
 * H4MK mask and encryption of packets
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

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <h4mk/legacy.h>
#include <h4mk/protection.h>

#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/intreadwrite.h"
#include "libavutil/log.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"

#include "libavcodec/avcodec.h"
#include "libavcodec/bsf.h"
#include "libavcodec/bsf_internal.h"
#include "libavcodec/packet.h"

/*
 * Both modes need the number of each packet, which is never taken from the
 * count of this filter alone: whoever seeks, drops packets or reads one stream
 * only gets the same packets back.
 *
 * MODE_XOR keeps the length. The number is in the packet's side data
 * "strings_metadata" under NUMBER_KEY: set when masking, where it may come from
 * the demuxer, and taken away when unmasking. Without one packets are counted.
 *
 * MODE_AEAD: a packet becomes
 *     u8 version, 2
 *     16 bytes, random, the same for all packets of a run: the file id
 *     u64le number
 *     u8 flags: bit 0 AV_PKT_FLAG_KEY, bit 1 AV_PKT_FLAG_DISCARD,
 *               bit 2 AV_PKT_FLAG_DISPOSABLE
 *     ciphertext, 16 byte tag
 * which is all that is needed to open it. Version 1 has no flags. They are here
 * as parsers, which take ciphertext for what it was, set them wrong.
 *
 * Neither is for containers that look into packets and change, cut or drop what
 * they do not understand: see "routes".
 */
#define NUMBER_KEY "h4mk_block"
#define MAX_NUMBER (INT64_MAX - 1)

#define AEAD_VERSION        2
#define AEAD_HEADER_SIZE_V1 (1 + H4MK_FILE_ID_SIZE + 8)
#define AEAD_HEADER_SIZE    (AEAD_HEADER_SIZE_V1 + 1)
#define AEAD_OVERHEAD       (AEAD_HEADER_SIZE + H4MK_CIPHER_OVERHEAD)

/* AV_PKT_FLAG_... by the bit that stands for it. */
static const int packet_flags[] = { AV_PKT_FLAG_KEY, AV_PKT_FLAG_DISCARD, AV_PKT_FLAG_DISPOSABLE };

/* A codec that no stream has. */
#define NEVER ((enum AVCodecID)-1)

/* What was tried: codecs whose packets go through a container as they are. All
 * others are parsed on the way, by muxer or demuxer, and come back cut, joined,
 * rewritten or not at all. H4MK and NUT keep the packets of all codecs. */
static const struct {
    const char *container;
    enum AVCodecID codecs[12];
} routes[] = {
    { "h4mk", { AV_CODEC_ID_NONE } },
    { "nut", { AV_CODEC_ID_NONE } },
    { "matroska", { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_VP9, AV_CODEC_ID_MPEG4,
                    AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_AAC, AV_CODEC_ID_AC3,
                    AV_CODEC_ID_PCM_S16LE } },
    { "mp4", { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_VP9, AV_CODEC_ID_MPEG4,
               AV_CODEC_ID_MPEG2VIDEO, AV_CODEC_ID_AAC, AV_CODEC_ID_OPUS } },
    { "avi", { AV_CODEC_ID_VP9, AV_CODEC_ID_AV1, AV_CODEC_ID_MPEG4, AV_CODEC_ID_MPEG2VIDEO,
               AV_CODEC_ID_AAC } },
    { "flv", { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_VP9, AV_CODEC_ID_AV1,
               AV_CODEC_ID_AAC } },
    { "mpegts", { NEVER } },
};

enum { MODE_XOR, MODE_AEAD };
enum { OP_MASK, OP_UNMASK };

typedef struct H4MaskContext {
    const AVClass *class;
    uint8_t *key;
    int key_size;
    int mode;
    int op;
    int64_t number; ///< of the next packet, if it does not say itself

    char *container;

    h4mk_cipher *cipher;
    uint8_t file_id[H4MK_FILE_ID_SIZE]; ///< of cipher
} H4MaskContext;

static int status_to_error(h4mk_status status)
{
    switch (status) {
    case H4MK_OK:          return 0;
    case H4MK_ERR_MEMORY:  return AVERROR(ENOMEM);
    case H4MK_ERR_CORRUPT: return AVERROR_INVALIDDATA;
    default:               return AVERROR(EINVAL);
    }
}

/**
 * Make the cipher for a file id.
 *
 * @param file_id NULL: a new one
 */
static int open_cipher(AVBSFContext *ctx, const uint8_t *file_id)
{
    H4MaskContext *s = ctx->priv_data;
    const h4mk_key key = { sizeof(h4mk_key), NULL, 0, s->key, s->key_size };
    const uint8_t *bytes;
    h4mk_value *description = NULL;
    h4mk_status status;
    size_t size;

    h4mk_cipher_free(s->cipher);
    s->cipher = NULL;
    status = h4mk_cipher_new(H4MK_SCHEME_GCM, &key, file_id, &s->cipher);
    if (status == H4MK_OK)
        status = h4mk_cipher_describe(s->cipher, &description);
    if (status == H4MK_OK)
        status = h4mk_value_get_bytes(description, "file_id", &bytes, &size);
    if (status == H4MK_OK)
        memcpy(s->file_id, bytes, FFMIN(size, sizeof(s->file_id)));
    else
        av_log(ctx, AV_LOG_ERROR, "%s\n", s->cipher && h4mk_cipher_message(s->cipher)[0] ?
               h4mk_cipher_message(s->cipher) : h4mk_strerror(status));
    h4mk_value_free(description);
    return status_to_error(status);
}

/**
 * Whether packets of H.264 or HEVC have start codes, which muxers replace by
 * sizes.
 */
static int has_start_codes(const AVCodecParameters *par)
{
    return (par->codec_id == AV_CODEC_ID_H264 || par->codec_id == AV_CODEC_ID_HEVC) &&
           (par->extradata_size < 1 || par->extradata[0] != 1);
}

/**
 * Refuse what would not come back. A filter does not see where its packets go,
 * so that is known only if the caller says it.
 */
static int check_route(AVBSFContext *ctx)
{
    const H4MaskContext *s = ctx->priv_data;
    const enum AVCodecID id = ctx->par_in->codec_id;

    if (!s->container) {
        av_log(ctx, AV_LOG_WARNING, "Masked packets come back from H4MK and NUT. Other "
               "containers look into those of many codecs: the option container says "
               "where these go, and has that checked.\n");
        return 0;
    }
    for (int i = 0; i < FF_ARRAY_ELEMS(routes); i++) {
        if (strcmp(routes[i].container, s->container))
            continue;
        if (routes[i].codecs[0] == AV_CODEC_ID_NONE)
            return 0;
        for (int j = 0; j < FF_ARRAY_ELEMS(routes[i].codecs); j++)
            if (routes[i].codecs[j] == id && !has_start_codes(ctx->par_in))
                return 0;
        av_log(ctx, AV_LOG_ERROR, "Masked packets of %s%s do not come back from %s: what "
               "muxes or demuxes them looks into them. H4MK and NUT do not.\n",
               avcodec_get_name(id), has_start_codes(ctx->par_in) ? " with start codes" : "",
               s->container);
        return AVERROR(EINVAL);
    }
    av_log(ctx, AV_LOG_ERROR,
           "The container %s was never tried; H4MK and NUT give masked packets back\n",
           s->container);
    return AVERROR(EINVAL);
}

static av_cold int h4mask_init(AVBSFContext *ctx)
{
    H4MaskContext *s = ctx->priv_data;
    int ret;

    if (s->key_size < H4MK_MIN_KEY_SIZE) {
        av_log(ctx, AV_LOG_ERROR,
               "A key of at least %d bytes is needed, as %d hexadecimal digits\n",
               H4MK_MIN_KEY_SIZE, 2 * H4MK_MIN_KEY_SIZE);
        return AVERROR(EINVAL);
    }
    if (s->op != OP_MASK)
        return 0;
    ret = check_route(ctx);
    return ret >= 0 && s->mode == MODE_AEAD ? open_cipher(ctx, NULL) : ret;
}

/**
 * Take the number out of the side data of a packet, and the side data away if
 * there was nothing else in it.
 *
 * @return 1 if there was a number, 0 if not, or a negative AVERROR code
 */
static int take_number(AVBSFContext *ctx, AVPacket *pkt, int64_t *number)
{
    AVDictionary *dict = NULL;
    const AVDictionaryEntry *t;
    char *end;
    size_t size;
    uint8_t *data = av_packet_get_side_data(pkt, AV_PKT_DATA_STRINGS_METADATA, &size);
    int ret = data ? av_packet_unpack_dictionary(data, size, &dict) : 0;

    if (ret < 0)
        goto end;
    t = av_dict_get(dict, NUMBER_KEY, NULL, AV_DICT_MATCH_CASE);
    if (!t)
        goto end;
    errno   = 0;
    *number = strtoll(t->value, &end, 10);
    if (errno || *end || *number < 0 || *number > MAX_NUMBER) {
        av_log(ctx, AV_LOG_ERROR,
               "A packet has the number \"%s\", which is none\n", t->value);
        ret = AVERROR_INVALIDDATA;
        goto end;
    }
    av_dict_set(&dict, NUMBER_KEY, NULL, AV_DICT_MATCH_CASE);
    av_packet_side_data_remove(pkt->side_data, &pkt->side_data_elems, AV_PKT_DATA_STRINGS_METADATA);
    ret = 1;
    if (av_dict_count(dict)) {
        data = av_packet_pack_dictionary(dict, &size);
        if (!data || av_packet_add_side_data(pkt, AV_PKT_DATA_STRINGS_METADATA, data, size) < 0) {
            av_free(data);
            ret = AVERROR(ENOMEM);
        }
    }

end:
    av_dict_free(&dict);
    return ret;
}

static int put_number(AVPacket *pkt, int64_t number)
{
    AVDictionary *dict = NULL;
    size_t size;
    uint8_t *data = av_packet_get_side_data(pkt, AV_PKT_DATA_STRINGS_METADATA, &size);
    int ret = data ? av_packet_unpack_dictionary(data, size, &dict) : 0;

    if (ret >= 0)
        ret = av_dict_set_int(&dict, NUMBER_KEY, number, 0);
    if (ret >= 0) {
        data = av_packet_pack_dictionary(dict, &size);
        ret  = data ? av_packet_add_side_data(pkt, AV_PKT_DATA_STRINGS_METADATA, data, size)
                    : AVERROR(ENOMEM);
        if (ret < 0)
            av_free(data);
    }
    av_dict_free(&dict);
    return ret;
}

static int filter_xor(AVBSFContext *ctx, AVPacket *pkt, int64_t number)
{
    H4MaskContext *s = ctx->priv_data;
    int ret = av_packet_make_writable(pkt);

    if (ret < 0)
        return ret;
    ret = status_to_error(h4mk_mask(s->key, s->key_size, number, pkt->data, pkt->size, pkt->data));
    return ret >= 0 && s->op == OP_MASK ? put_number(pkt, number) : ret;
}

/**
 * Replace the payload of a packet by a buffer without copying the rest.
 */
static void set_payload(AVPacket *pkt, AVPacket *payload)
{
    FFSWAP(AVBufferRef *, pkt->buf, payload->buf);
    pkt->data = payload->data;
    pkt->size = payload->size;
    av_packet_unref(payload);
}

static int seal(AVBSFContext *ctx, AVPacket *pkt, AVPacket *out, int64_t number)
{
    H4MaskContext *s = ctx->priv_data;
    h4mk_cipher_block block = H4MK_CIPHER_BLOCK_INIT;
    int ret;

    if (pkt->size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE - AEAD_OVERHEAD)
        return AVERROR(EINVAL);
    ret = av_new_packet(out, pkt->size + AEAD_OVERHEAD);
    if (ret < 0)
        return ret;
    for (int i = 0; i < FF_ARRAY_ELEMS(packet_flags); i++)
        if (pkt->flags & packet_flags[i])
            block.flags |= 1 << i;
    out->data[0] = AEAD_VERSION;
    memcpy(out->data + 1, s->file_id, H4MK_FILE_ID_SIZE);
    AV_WL64(out->data + 1 + H4MK_FILE_ID_SIZE, number);
    out->data[AEAD_HEADER_SIZE_V1] = block.flags;
    block.ordinal = number;
    return status_to_error(h4mk_cipher_seal(s->cipher, &block, pkt->data, pkt->size,
                                            out->data + AEAD_HEADER_SIZE));
}

static void restore_flags(AVPacket *pkt, uint32_t flags)
{
    for (int i = 0; i < FF_ARRAY_ELEMS(packet_flags); i++) {
        pkt->flags &= ~packet_flags[i];
        if (flags & 1 << i)
            pkt->flags |= packet_flags[i];
    }
}

static int unseal(AVBSFContext *ctx, AVPacket *pkt, AVPacket *out)
{
    H4MaskContext *s = ctx->priv_data;
    h4mk_cipher_block block = H4MK_CIPHER_BLOCK_INIT;
    const int version = pkt->size ? pkt->data[0] : 0;
    const int header_size = version == AEAD_VERSION ? AEAD_HEADER_SIZE : AEAD_HEADER_SIZE_V1;
    int ret;

    if (version < 1 || version > AEAD_VERSION || pkt->size < header_size + H4MK_CIPHER_OVERHEAD) {
        av_log(ctx, AV_LOG_ERROR,
               "A packet of %d bytes was not made by this filter in mode aead\n", pkt->size);
        return AVERROR_INVALIDDATA;
    }
    if (!s->cipher || memcmp(s->file_id, pkt->data + 1, H4MK_FILE_ID_SIZE)) {
        ret = open_cipher(ctx, pkt->data + 1);
        if (ret < 0)
            return ret;
    }
    ret = av_new_packet(out, pkt->size - header_size - H4MK_CIPHER_OVERHEAD);
    if (ret < 0)
        return ret;
    block.ordinal = AV_RL64(pkt->data + 1 + H4MK_FILE_ID_SIZE);
    if (version == AEAD_VERSION)
        block.flags = pkt->data[AEAD_HEADER_SIZE_V1];
    ret = status_to_error(h4mk_cipher_open(s->cipher, &block, pkt->data + header_size,
                                           pkt->size - header_size, out->data));
    if (ret < 0)
        av_log(ctx, AV_LOG_ERROR,
               "Packet number %"PRIu64": wrong key, or it was changed\n", block.ordinal);
    else if (version == AEAD_VERSION)
        restore_flags(pkt, block.flags);
    return ret;
}

static int filter_aead(AVBSFContext *ctx, AVPacket *pkt, int64_t number)
{
    H4MaskContext *s = ctx->priv_data;
    AVPacket *out = av_packet_alloc();
    int ret;

    if (!out)
        return AVERROR(ENOMEM);
    ret = s->op == OP_MASK ? seal(ctx, pkt, out, number) : unseal(ctx, pkt, out);
    if (ret >= 0)
        set_payload(pkt, out);
    av_packet_free(&out);
    return ret;
}

static int h4mask_filter(AVBSFContext *ctx, AVPacket *pkt)
{
    H4MaskContext *s = ctx->priv_data;
    int64_t number = s->number;
    int ret = ff_bsf_get_packet_ref(ctx, pkt);

    if (ret < 0)
        return ret;
    ret = s->mode == MODE_XOR ? take_number(ctx, pkt, &number) : 0;
    if (ret >= 0 && number > MAX_NUMBER) {
        av_log(ctx, AV_LOG_ERROR, "There are no more numbers for packets\n");
        ret = AVERROR(ERANGE);
    }
    if (ret >= 0) {
        s->number = number + 1;
        ret = s->mode == MODE_XOR ? filter_xor(ctx, pkt, number) : filter_aead(ctx, pkt, number);
    }
    if (ret < 0)
        av_packet_unref(pkt);
    return ret;
}

static av_cold void h4mask_close(AVBSFContext *ctx)
{
    H4MaskContext *s = ctx->priv_data;
    volatile uint8_t *key = s->key; /* is wiped, though nothing reads it any more */

    for (int i = 0; i < s->key_size; i++)
        key[i] = 0;
    h4mk_cipher_free(s->cipher);
    s->cipher = NULL;
}

#define OFFSET(x) offsetof(H4MaskContext, x)
#define FLAGS (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_AUDIO_PARAM | AV_OPT_FLAG_SUBTITLE_PARAM | \
               AV_OPT_FLAG_BSF_PARAM)
static const AVOption options[] = {
    { "key",    "Key, hexadecimal",               OFFSET(key),    AV_OPT_TYPE_BINARY, .flags = FLAGS },
    { "mode",   "How packets are changed",        OFFSET(mode),   AV_OPT_TYPE_INT, { .i64 = MODE_AEAD }, MODE_XOR, MODE_AEAD, FLAGS, .unit = "mode" },
        { "xor",    "mask version 1 of H4MK",     0, AV_OPT_TYPE_CONST, { .i64 = MODE_XOR },  0, 0, FLAGS, .unit = "mode" },
        { "aead",   "AES-256-GCM",                0, AV_OPT_TYPE_CONST, { .i64 = MODE_AEAD }, 0, 0, FLAGS, .unit = "mode" },
    { "op",     "What to do",                     OFFSET(op),     AV_OPT_TYPE_INT, { .i64 = OP_MASK }, OP_MASK, OP_UNMASK, FLAGS, .unit = "op" },
        { "mask",   NULL,                         0, AV_OPT_TYPE_CONST, { .i64 = OP_MASK },   0, 0, FLAGS, .unit = "op" },
        { "unmask", NULL,                         0, AV_OPT_TYPE_CONST, { .i64 = OP_UNMASK }, 0, 0, FLAGS, .unit = "op" },
    { "container", "Where the packets go: h4mk, nut, matroska, mp4, avi, flv, mpegts", OFFSET(container), AV_OPT_TYPE_STRING, .flags = FLAGS },
    { "number", "Number of the first packet, for packets that do not say theirs", OFFSET(number), AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, MAX_NUMBER, FLAGS },
    { NULL }
};

static const AVClass h4mask_class = {
    .class_name = "h4mask",
    .item_name  = av_default_item_name,
    .option     = options,
    .version    = LIBAVUTIL_VERSION_INT,
};

const FFBitStreamFilter ff_h4mask_bsf = {
    .p.name         = "h4mask",
    .p.priv_class   = &h4mask_class,
    .priv_data_size = sizeof(H4MaskContext),
    .init           = h4mask_init,
    .filter         = h4mask_filter,
    .close          = h4mask_close,
};
