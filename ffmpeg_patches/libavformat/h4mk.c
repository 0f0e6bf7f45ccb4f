/*
 * H4MK: streams and metadata as JSON
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

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libavutil/avstring.h"
#include "libavutil/channel_layout.h"
#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/imgutils.h"
#include "libavutil/intreadwrite.h"
#include "libavutil/log.h"
#include "libavutil/mem.h"
#include "libavutil/pixdesc.h"
#include "libavutil/rational.h"
#include "libavutil/samplefmt.h"

#include "libavcodec/codec_desc.h"
#include "libavcodec/codec_par.h"
#include "libavcodec/defs.h"

#include "avformat.h"
#include "h4mk.h"
#include "h4mk_adapter.h"
#include "internal.h"

/* Values of enums that are looked at for a name; more than any has. */
#define MIN_ENUM_VALUE (-16)
#define MAX_ENUM_VALUE 1023

#define RATIONAL_SIZE 32

/* AV_PROFILE_UNKNOWN, AV_LEVEL_UNKNOWN */
#define MIN_PROFILE (-99)

/* FF_MAX_EXTRADATA_SIZE, beyond which no decoder opens. */
#define MAX_EXTRADATA_SIZE ((1 << 28) - AV_INPUT_BUFFER_PADDING_SIZE)

#define F H4MK_FIELD

int ff_h4mk_error(h4mk_status status, int64_t io_error)
{
    switch (status) {
    case H4MK_OK:               return 0;
    case H4MK_END:
    case H4MK_AGAIN:            return AVERROR_EOF;
    case H4MK_ERR_MEMORY:       return AVERROR(ENOMEM);
    case H4MK_ERR_IO:
        return io_error < 0 && io_error >= INT_MIN ? io_error : AVERROR(EIO);
    case H4MK_ERR_NOT_SEEKABLE: return AVERROR(ESPIPE);
    case H4MK_ERR_NOT_FOUND:    return AVERROR(ENOENT);
    case H4MK_ERR_KEY:          return AVERROR(EACCES);
    case H4MK_ERR_VERSION:
    case H4MK_ERR_UNSUPPORTED:  return AVERROR_PATCHWELCOME;
    case H4MK_ERR_NOT_H4MK:
    case H4MK_ERR_TRUNCATED:
    case H4MK_ERR_CORRUPT:      return AVERROR_INVALIDDATA;
    default:                    return AVERROR(EINVAL);
    }
}

/* A VP9 frame begins with frame_marker, profile_low_bit, profile_high_bit,
 * reserved_zero if the profile is 3, show_existing_frame, frame_type,
 * show_frame. */
static int vp9_frame_is_hidden(const uint8_t *data, int size)
{
    int show;

    if (size < 1 || data[0] >> 6 != 2)
        return 0;
    show = (data[0] & 0x30) == 0x30 ? data[0] : data[0] >> 1;
    return !(show & 4) && !(show & 1);
}

/* A superframe has several frames, and ends with their sizes. */
static int vp9_is_hidden(const uint8_t *data, int size)
{
    const int marker   = data[size - 1];
    const int nb       = (marker & 7) + 1;
    const int bytes    = (marker >> 3 & 3) + 1;
    const int idx_size = 2 + nb * bytes;
    const uint8_t *idx;

    if ((marker & 0xe0) != 0xc0 || idx_size > size || data[size - idx_size] != marker)
        return vp9_frame_is_hidden(data, size);
    size -= idx_size;
    idx   = data + size + 1;
    for (int i = 0; i < nb; i++) {
        uint32_t frame_size = 0;
        for (int j = 0; j < bytes; j++)
            frame_size |= (uint32_t)*idx++ << 8 * j;
        if (frame_size > size || !vp9_frame_is_hidden(data, frame_size))
            return 0;
        data += frame_size;
        size -= frame_size;
    }
    return 1;
}

int ff_h4mk_is_hidden(enum AVCodecID id, const uint8_t *data, int size)
{
    if (size < 1)
        return 0;
    if (id == AV_CODEC_ID_VP8)
        return !(data[0] >> 4 & 1); /* show_frame, RFC 6386, 9.1 */
    return id == AV_CODEC_ID_VP9 && vp9_is_hidden(data, size);
}

int ff_h4mk_find_name(const char *(*to_name)(int value), const char *name)
{
    for (int i = MIN_ENUM_VALUE; name && i <= MAX_ENUM_VALUE; i++) {
        const char *candidate = to_name(i);
        if (candidate && !strcmp(candidate, name))
            return i;
    }
    return H4MK_NO_VALUE;
}

/* Members of an object have a key, elements of an array have none. */

static h4mk_status put_int(h4mk_value *value, const char *key, int64_t number)
{
    return key ? h4mk_value_set_int(value, key, number) : h4mk_value_append_int(value, number);
}

static h4mk_status put_text(h4mk_value *value, const char *key,
                            const char *text)
{
    return key ? h4mk_value_set_text(value, key, text) : h4mk_value_append_text(value, text);
}

static h4mk_status put_rational(h4mk_value *value, const char *key,
                                AVRational q)
{
    char buf[RATIONAL_SIZE];

    snprintf(buf, sizeof(buf), "%d/%d", q.num, q.den);
    return put_text(value, key, buf);
}

/**
 * Read "num/den" with num from min to max. What could be divided by is never 0,
 * but where both are: that is how FFmpeg says that a rate is not known.
 */
static int parse_rational(const h4mk_value *value, AVRational *q, int64_t min,
                          int64_t max)
{
    const char *text = h4mk_value_text(value);
    long long num, den;
    char *end;

    if (!text)
        return AVERROR(EINVAL);
    num = strtoll(text, &end, 10);
    if (end == text || *end != '/')
        return AVERROR(EINVAL);
    text = end + 1;
    den  = strtoll(text, &end, 10);
    if (end == text || *end || num < FFMAX(min, INT_MIN) || num > FFMIN(max, INT_MAX) ||
        den < 0 || den > INT_MAX || num && !den)
        return AVERROR(EINVAL);
    *q = (AVRational){ num, den };
    return 0;
}

static const uint8_t field_size[] = {
    [H4MK_FIELD_U8]       = sizeof(uint8_t),
    [H4MK_FIELD_S32]      = sizeof(int32_t),
    [H4MK_FIELD_U32]      = sizeof(uint32_t),
    [H4MK_FIELD_S64]      = sizeof(int64_t),
    [H4MK_FIELD_RATIONAL] = sizeof(AVRational),
    [H4MK_FIELD_ENUM]     = sizeof(int),
};

static h4mk_status write_field(h4mk_value *value, const char *key,
                               const H4MKField *field, const uint8_t *p)
{
    const char *name;

    switch (field->type) {
    case H4MK_FIELD_U8:       return put_int(value, key, *p);
    case H4MK_FIELD_S32:      return put_int(value, key, *(const int32_t *)p);
    case H4MK_FIELD_U32:      return put_int(value, key, *(const uint32_t *)p);
    case H4MK_FIELD_S64:      return put_int(value, key, *(const int64_t *)p);
    case H4MK_FIELD_RATIONAL: return put_rational(value, key, *(const AVRational *)p);
    default:                  break;
    }

    name = field->to_name(*(const int *)p);
    if (name && ff_h4mk_find_name(field->to_name, name) == *(const int *)p)
        return put_text(value, key, name);
    return put_int(value, key, *(const int *)p);
}

int ff_h4mk_write_fields(h4mk_value *object, const H4MKField *field,
                         const void *data, const void *defaults)
{
    h4mk_status status = H4MK_OK;

    for (; field->key && status == H4MK_OK; field++) {
        const uint8_t *p = (const uint8_t *)data + field->offset;
        const size_t size = field_size[field->type];

        if (defaults && !memcmp(p, (const uint8_t *)defaults + field->offset,
                                size * FFMAX(field->count, 1)))
            continue;
        if (field->count) {
            h4mk_value *array = h4mk_value_add_array(object, field->key);
            if (!array)
                return AVERROR(ENOMEM);
            for (int i = 0; i < field->count && status == H4MK_OK; i++)
                status = write_field(array, NULL, field, p + i * size);
        } else
            status = write_field(object, field->key, field, p);
    }
    return ff_h4mk_error(status, 0);
}

/**
 * Find out which values a field may have.
 */
static void field_range(const H4MKField *field, int64_t *min, int64_t *max)
{
    *min = field->min;
    *max = field->max;
    if (*min || *max)
        return;
    switch (field->type) {
    case H4MK_FIELD_U8:  *min = 0;         *max = UINT8_MAX;  break;
    case H4MK_FIELD_U32: *min = 0;         *max = UINT32_MAX; break;
    case H4MK_FIELD_S64: *min = INT64_MIN; *max = INT64_MAX;  break;
    default:             *min = INT32_MIN; *max = INT32_MAX;  break;
    }
}

static int read_enum(const h4mk_value *value, const H4MKField *field,
                     int *number)
{
    const char *name = h4mk_value_text(value);
    const int64_t given = name ? ff_h4mk_find_name(field->to_name, name)
                               : h4mk_value_int(value, H4MK_NO_VALUE);

    if (given <= H4MK_NO_VALUE || given > INT_MAX || !field->to_name(given))
        return AVERROR(EINVAL);
    *number = given;
    return 0;
}

/**
 * @return 0, or a negative AVERROR code if the value is none that the field
 *         allows
 */
static int read_field(const h4mk_value *value, const H4MKField *field,
                      uint8_t *p)
{
    int64_t number, min, max;

    field_range(field, &min, &max);
    if (field->type == H4MK_FIELD_RATIONAL)
        return parse_rational(value, (AVRational *)p, min, max);
    if (field->type == H4MK_FIELD_ENUM)
        return read_enum(value, field, (int *)p);

    if (h4mk_value_get_type(value) != H4MK_VALUE_INT)
        return AVERROR(EINVAL);
    number = h4mk_value_int(value, 0);
    if (number < min || number > max)
        return AVERROR(EINVAL);
    switch (field->type) {
    case H4MK_FIELD_U8:  *p             = number; break;
    case H4MK_FIELD_S32: *(int32_t *)p  = number; break;
    case H4MK_FIELD_U32: *(uint32_t *)p = number; break;
    default:             *(int64_t *)p  = number; break;
    }
    return 0;
}

void ff_h4mk_read_fields(const h4mk_value *object, const H4MKField *field,
                         void *data)
{
    for (; field->key; field++) {
        const h4mk_value *value = h4mk_value_get(object, field->key);
        uint8_t *p = (uint8_t *)data + field->offset;

        if (!value)
            continue;
        if (field->count) {
            const int count = FFMIN(field->count, h4mk_value_count(value));
            for (int i = 0; i < count; i++)
                read_field(h4mk_value_at(value, i), field, p + i * field_size[field->type]);
        } else
            read_field(value, field, p);
    }
}

static int is_utf8(const char *text)
{
    const uint8_t *p = text, *end = p + strlen(text);
    int32_t code;

    while (p < end)
        if (av_utf8_decode(&code, &p, end, 0) < 0)
            return 0;
    return 1;
}

static int write_tag(h4mk_value *object, const char *key, const char *value)
{
    const h4mk_value *old = h4mk_value_get(object, key);
    h4mk_value *array;
    char **texts;
    size_t count;
    int ret = 0;

    if (!old)
        return ff_h4mk_error(h4mk_value_set_text(object, key, value), 0);

    /* a key that occurs again: an array of all its values */
    count = FFMAX(h4mk_value_count(old), 1);
    texts = av_calloc(count + 1, sizeof(*texts));
    if (!texts)
        return AVERROR(ENOMEM);
    for (size_t i = 0; i < count; i++) {
        const h4mk_value *element = h4mk_value_get_type(old) == H4MK_VALUE_ARRAY ?
                                    h4mk_value_at(old, i) : old;
        texts[i] = av_strdup(h4mk_value_text(element));
        if (!texts[i])
            ret = AVERROR(ENOMEM);
    }
    texts[count] = av_strdup(value);
    array = h4mk_value_add_array(object, key);
    if (!array)
        ret = AVERROR(ENOMEM);
    for (size_t i = 0; i <= count; i++) {
        if (ret >= 0)
            ret = texts[i] ? ff_h4mk_error(h4mk_value_append_text(array, texts[i]), 0)
                           : AVERROR(ENOMEM);
        av_free(texts[i]);
    }
    av_free(texts);
    return ret;
}

int ff_h4mk_write_tags(void *logctx, h4mk_value *object, const char *key,
                       const AVDictionary *tags, const char *left_out)
{
    const AVDictionaryEntry *t = NULL;
    h4mk_value *value = NULL;
    int ret;

    while ((t = av_dict_iterate(tags, t))) {
        if (left_out && !strcmp(t->key, left_out))
            continue;
        if (!is_utf8(t->key)) {
            av_log(logctx, AV_LOG_WARNING,
                   "Leaving out a tag whose name is not UTF-8: %s\n", t->key);
            continue;
        }
        if (!value && !(value = h4mk_value_add_object(object, key)))
            return AVERROR(ENOMEM);
        ret = write_tag(value, t->key, t->value);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int read_tag(AVDictionary **tags, const char *key,
                    const h4mk_value *value)
{
    const char *text = h4mk_value_text(value);

    /* AV_DICT_MULTIKEY: nothing is replaced, not even what differs in case */
    if (text)
        return av_dict_set(tags, key, text, AV_DICT_MULTIKEY);
    if (h4mk_value_get_type(value) == H4MK_VALUE_INT) {
        char number[24];
        snprintf(number, sizeof(number), "%"PRId64, h4mk_value_int(value, 0));
        return av_dict_set(tags, key, number, AV_DICT_MULTIKEY);
    }
    return 0;
}

int ff_h4mk_read_tags(AVDictionary **tags, const h4mk_value *object)
{
    int ret = 0;

    for (size_t i = 0; i < h4mk_value_count(object) && ret >= 0; i++) {
        const h4mk_value *value = h4mk_value_at(object, i);
        const char *key = h4mk_value_key_at(object, i);

        if (!key)
            break;
        if (h4mk_value_get_type(value) != H4MK_VALUE_ARRAY)
            ret = read_tag(tags, key, value);
        else
            for (size_t j = 0; j < h4mk_value_count(value) && ret >= 0; j++)
                ret = read_tag(tags, key, h4mk_value_at(value, j));
    }
    return FFMIN(ret, 0);
}

/**
 * Put new tags in the place of old ones.
 *
 * @return 1 if they differ, else 0
 */
static int replace_tags(AVDictionary **tags, AVDictionary *replacement)
{
    const AVDictionaryEntry *old = NULL, *new = NULL;
    int same = av_dict_count(*tags) == av_dict_count(replacement);

    while (same && (old = av_dict_iterate(*tags, old))) {
        new  = av_dict_iterate(replacement, new);
        same = !strcmp(old->key, new->key) && !strcmp(old->value, new->value);
    }
    av_dict_free(tags);
    *tags = replacement;
    return !same;
}

h4mk_status ff_h4mk_write_disposition(h4mk_value *object, unsigned disposition)
{
    h4mk_status status = H4MK_OK;
    h4mk_value *array;

    if (!disposition)
        return H4MK_OK;
    array = h4mk_value_add_array(object, "disposition");
    if (!array)
        return H4MK_ERR_MEMORY;
    for (; disposition && status == H4MK_OK; disposition &= disposition - 1) {
        const unsigned bit = disposition & -disposition;
        const char *name = av_disposition_to_string(bit);
        status = name ? h4mk_value_append_text(array, name) : h4mk_value_append_int(array, bit);
    }
    return status;
}

int ff_h4mk_read_disposition(const h4mk_value *object)
{
    const h4mk_value *array = h4mk_value_get(object, "disposition");
    unsigned disposition = 0;

    for (size_t i = 0; i < h4mk_value_count(array); i++) {
        const h4mk_value *value = h4mk_value_at(array, i);
        const char *name = h4mk_value_text(value);
        const int64_t bit = name ? av_disposition_from_string(name) : h4mk_value_int(value, 0);
        if (bit > 0 && bit <= UINT32_MAX)
            disposition |= bit;
    }
    return disposition;
}

int ff_h4mk_write_layout(h4mk_value *object, const AVChannelLayout *layout)
{
    AVChannelLayout parsed = { 0 };
    h4mk_status status = H4MK_OK;
    h4mk_value *array, *channel;
    char text[1024];
    int ret;

    if (layout->order == AV_CHANNEL_ORDER_UNSPEC)
        return 0; /* "channels" says it all */

    ret = av_channel_layout_describe(layout, text, sizeof(text));
    if (ret > 0 && ret <= sizeof(text) && av_channel_layout_from_string(&parsed, text) >= 0) {
        int same = parsed.order == layout->order && !av_channel_layout_compare(&parsed, layout);
        const int count = layout->order == AV_CHANNEL_ORDER_CUSTOM ? layout->nb_channels : 0;
        for (int i = 0; same && i < count; i++)
            same = !strcmp(parsed.u.map[i].name, layout->u.map[i].name);
        av_channel_layout_uninit(&parsed);
        if (same)
            return ff_h4mk_error(h4mk_value_set_text(object, "channel_layout", text), 0);
    }

    /* a layout that its description does not tell: channel by channel */
    array = h4mk_value_add_array(object, "channel_map");
    if (!array)
        return AVERROR(ENOMEM);
    for (int i = 0; i < layout->nb_channels && status == H4MK_OK; i++) {
        const enum AVChannel id = av_channel_layout_channel_from_index(layout, i);
        channel = h4mk_value_append_object(array);
        if (!channel)
            return AVERROR(ENOMEM);
        status = h4mk_value_set_int(channel, "channel", id);
        if (status == H4MK_OK && layout->order == AV_CHANNEL_ORDER_CUSTOM &&
            layout->u.map[i].name[0])
            status = h4mk_value_set_text(channel, "name", layout->u.map[i].name);
    }
    return ff_h4mk_error(status, 0);
}

/**
 * Read a layout that is given channel by channel.
 */
static int read_channel_map(const h4mk_value *array, AVChannelLayout *layout)
{
    int ret = av_channel_layout_custom_init(layout, h4mk_value_count(array));

    for (int i = 0; ret >= 0 && i < layout->nb_channels; i++) {
        const h4mk_value *channel = h4mk_value_at(array, i);
        const int64_t id = h4mk_value_get_int(channel, "channel", AV_CHAN_UNKNOWN);
        const char *name = h4mk_value_get_text(channel, "name");

        layout->u.map[i].id = id >= 0 && id <= AV_CHAN_AMBISONIC_END ? id : AV_CHAN_UNKNOWN;
        if (name)
            av_strlcpy(layout->u.map[i].name, name, sizeof(layout->u.map[i].name));
    }
    return ret;
}

int ff_h4mk_read_layout(const h4mk_value *object, AVChannelLayout *layout)
{
    const char *text = h4mk_value_get_text(object, "channel_layout");
    const h4mk_value *array = h4mk_value_get(object, "channel_map");
    const int64_t channels = h4mk_value_get_int(object, "channels", 0);
    int ret = 0;

    if (text && av_channel_layout_from_string(layout, text) < 0)
        av_channel_layout_uninit(layout);
    if (!layout->nb_channels && h4mk_value_count(array) > 0 &&
        h4mk_value_count(array) <= H4MK_MAX_CHANNELS)
        ret = read_channel_map(array, layout);
    if (ret < 0)
        return ret;
    if (!av_channel_layout_check(layout) || layout->nb_channels > H4MK_MAX_CHANNELS)
        av_channel_layout_uninit(layout);
    if (!layout->nb_channels && channels > 0 && channels <= H4MK_MAX_CHANNELS)
        layout->nb_channels = channels; /* AV_CHANNEL_ORDER_UNSPEC */
    return 0;
}

static h4mk_status write_codec_tag(h4mk_value *object, uint32_t tag)
{
    const char text[5] = { tag, tag >> 8, tag >> 16, tag >> 24 };
    int printable = 1;

    for (int i = 0; i < 4; i++)
        printable &= text[i] >= 0x20 && text[i] <= 0x7e;
    return printable ? h4mk_value_set_text(object, "codec_tag", text)
                     : h4mk_value_set_int(object, "codec_tag", tag);
}

static uint32_t read_codec_tag(const h4mk_value *object)
{
    const char *text = h4mk_value_get_text(object, "codec_tag");
    int64_t number;

    if (text)
        return strlen(text) == 4 ? AV_RL32(text) : 0;
    number = h4mk_value_get_int(object, "codec_tag", 0);
    return number >= 0 && number <= UINT32_MAX ? number : 0;
}

#define NAMES_OF(function, call)            \
static const char *function(int value)      \
{                                           \
    return call(value);                     \
}

NAMES_OF(pixel_format_name,    av_get_pix_fmt_name)
NAMES_OF(sample_format_name,   av_get_sample_fmt_name)
NAMES_OF(color_range_name,     av_color_range_name)
NAMES_OF(color_primaries_name, av_color_primaries_name)
NAMES_OF(color_transfer_name,  av_color_transfer_name)
NAMES_OF(color_space_name,     av_color_space_name)
NAMES_OF(chroma_location_name, av_chroma_location_name)

H4MK_NAMES(field_order_name, "unknown", "progressive", "tt", "bb", "tb", "bt")

static const char *discard_name(int value)
{
    switch (value) {
    case AVDISCARD_NONE:     return "none";
    case AVDISCARD_DEFAULT:  return "default";
    case AVDISCARD_NONREF:   return "nonref";
    case AVDISCARD_BIDIR:    return "bidir";
    case AVDISCARD_NONINTRA: return "nonintra";
    case AVDISCARD_NONKEY:   return "nonkey";
    case AVDISCARD_ALL:      return "all";
    }
    return NULL;
}

static const H4MKField video_fields[] = {
    F(AVCodecParameters, "pixel_format", format, ENUM, .to_name = pixel_format_name),
    { NULL }
};

static const H4MKField audio_fields[] = {
    F(AVCodecParameters, "sample_format", format, ENUM, .to_name = sample_format_name),
    { NULL }
};

static const H4MKField codec_fields[] = {
    F(AVCodecParameters, "bit_rate", bit_rate, S64, 0, H4MK_MAX_BIT_RATE),
    F(AVCodecParameters, "bits_per_coded_sample", bits_per_coded_sample, S32, 0, UINT16_MAX),
    F(AVCodecParameters, "bits_per_raw_sample", bits_per_raw_sample, S32, 0, 64),
    F(AVCodecParameters, "profile", profile, S32, MIN_PROFILE, UINT16_MAX),
    F(AVCodecParameters, "level", level, S32, MIN_PROFILE, UINT16_MAX),
    F(AVCodecParameters, "width", width, S32, 0, H4MK_MAX_SIDE),
    F(AVCodecParameters, "height", height, S32, 0, H4MK_MAX_SIDE),
    F(AVCodecParameters, "sample_aspect_ratio", sample_aspect_ratio, RATIONAL, 0, INT_MAX),
#if H4MK_HAVE_FRAMERATE
    F(AVCodecParameters, "framerate", framerate, RATIONAL, 0, INT_MAX),
#endif
    F(AVCodecParameters, "field_order", field_order, ENUM, .to_name = field_order_name),
    F(AVCodecParameters, "color_range", color_range, ENUM, .to_name = color_range_name),
    F(AVCodecParameters, "color_primaries", color_primaries, ENUM, .to_name = color_primaries_name),
    F(AVCodecParameters, "color_transfer", color_trc, ENUM, .to_name = color_transfer_name),
    F(AVCodecParameters, "color_space", color_space, ENUM, .to_name = color_space_name),
    F(AVCodecParameters, "chroma_location", chroma_location, ENUM, .to_name = chroma_location_name),
    F(AVCodecParameters, "video_delay", video_delay, S32, 0, H4MK_MAX_VIDEO_DELAY),
    F(AVCodecParameters, "block_align", block_align, S32, 0, H4MK_MAX_SAMPLES),
    F(AVCodecParameters, "frame_size", frame_size, S32, 0, H4MK_MAX_SAMPLES),
    F(AVCodecParameters, "initial_padding", initial_padding, S32, 0, H4MK_MAX_SAMPLES),
    F(AVCodecParameters, "trailing_padding", trailing_padding, S32, 0, H4MK_MAX_SAMPLES),
    F(AVCodecParameters, "seek_preroll", seek_preroll, S32, 0, H4MK_MAX_SAMPLES),
    { NULL }
};

static const H4MKField stream_fields[] = {
    F(AVStream, "avg_frame_rate", avg_frame_rate, RATIONAL, 0, INT_MAX),
    F(AVStream, "r_frame_rate", r_frame_rate, RATIONAL, 0, INT_MAX),
    F(AVStream, "discard", discard, ENUM, .to_name = discard_name),
    { NULL }
};

static const H4MKField *format_fields(enum AVMediaType type)
{
    static const H4MKField none[] = { { NULL } };

    return type == AVMEDIA_TYPE_VIDEO ? video_fields :
           type == AVMEDIA_TYPE_AUDIO ? audio_fields : none;
}

/* Keys of version 1 that repeat a tag, and the key of that tag. */
static const char *const repeated_tags[][2] = {
    { "name", "title"   },
    { "note", "comment" },
};

static h4mk_status write_repeated_tag(h4mk_value *track, const AVStream *st,
                                      int i)
{
    const AVDictionaryEntry *t = av_dict_get(st->metadata, repeated_tags[i][1],
                                             NULL, AV_DICT_MATCH_CASE);

    return h4mk_value_set_text(track, repeated_tags[i][0], t && is_utf8(t->value) ? t->value : "");
}

static int read_repeated_tags(AVDictionary **tags, const h4mk_value *track)
{
    for (int i = 0; i < FF_ARRAY_ELEMS(repeated_tags); i++) {
        const char *text = h4mk_value_get_text(track, repeated_tags[i][0]);
        const AVDictionaryEntry *t = av_dict_get(*tags, repeated_tags[i][1],
                                                 NULL, AV_DICT_MATCH_CASE);
        int ret;

        /* An editor that knows only version 1 changes this key, not the tag. */
        if (!text || !text[0] || t && !strcmp(t->value, text))
            continue;
        ret = av_dict_set(tags, repeated_tags[i][1], text, AV_DICT_MATCH_CASE);
        if (ret < 0)
            return ret;
    }
    return 0;
}

/**
 * Find the codec with a name. One of another type than its track cannot be what
 * the track has: it is a codec that FFmpeg does not know.
 */
static const AVCodecDescriptor *find_codec(const char *name,
                                           enum AVMediaType type)
{
    const AVCodecDescriptor *desc = name ? avcodec_descriptor_get_by_name(name) : NULL;

    return desc && (desc->type == type || type == AVMEDIA_TYPE_ATTACHMENT) ? desc : NULL;
}

/**
 * @return the name of a codec that FFmpeg does not know, as read_track() left
 *         it in the metadata, or NULL
 */
static const char *unknown_codec(const AVStream *st)
{
    const AVDictionaryEntry *t;

    if (st->codecpar->codec_id != AV_CODEC_ID_NONE)
        return NULL;
    t = av_dict_get(st->metadata, "codec_name", NULL, AV_DICT_MATCH_CASE);
    return t && t->value[0] && is_utf8(t->value) && strcmp(t->value, "none") &&
           !find_codec(t->value, st->codecpar->codec_type) ? t->value : NULL;
}

static int write_stream_tags(AVFormatContext *s, const AVStream *st,
                             h4mk_value *track)
{
    return ff_h4mk_write_tags(s, track, "tags", st->metadata,
                              unknown_codec(st) ? "codec_name" : NULL);
}

int ff_h4mk_write_track(AVFormatContext *s, const AVStream *st,
                        const int64_t *start_time, h4mk_value *track)
{
    const AVCodecParameters *par = st->codecpar;
    const AVCodecDescriptor *desc = avcodec_descriptor_get(par->codec_id);
    const char *kind = av_get_media_type_string(par->codec_type);
    const char *codec = unknown_codec(st);
    AVCodecParameters *defaults;
    const AVStream no_stream = { 0 };
    int ret;

#define SET(type, ...)                                                          \
    do {                                                                        \
        ret = ff_h4mk_error(h4mk_value_set_ ## type(track, __VA_ARGS__), 0);    \
        if (ret < 0)                                                            \
            return ret;                                                         \
    } while (0)

    SET(int,  "track_id", st->index + 1);
    if (write_repeated_tag(track, st, 0) != H4MK_OK)
        return AVERROR(ENOMEM);
    SET(text, "kind", kind ? kind : "unknown");
    SET(text, "codec", codec ? codec : desc ? desc->name : "none");
    SET(int,  "sample_rate", par->sample_rate);
    SET(int,  "channels", par->ch_layout.nb_channels);
    if (write_repeated_tag(track, st, 1) != H4MK_OK ||
        put_rational(track, "time_base", st->time_base) != H4MK_OK)
        return AVERROR(ENOMEM);
    if (st->id)
        SET(int, "stream_id", st->id);
    if (start_time && *start_time != AV_NOPTS_VALUE)
        SET(int, "start_time", *start_time);
    else if (start_time)
        SET(text, "start_time", "unknown");
    if (par->codec_tag && (ret = ff_h4mk_error(write_codec_tag(track, par->codec_tag), 0)) < 0)
        return ret;
    ret = 0;
#if H4MK_HAVE_ADAPTERS
    ret = ff_h4mk_write_adapter_track(par, track);
    if (ret < 0)
        return ret;
#endif
    /* the extradata of an attachment is its file, which has its own place */
    if (!ret && par->extradata_size > 0 && par->codec_type != AVMEDIA_TYPE_ATTACHMENT)
        SET(bytes, "extradata", par->extradata, par->extradata_size);

    defaults = avcodec_parameters_alloc();
    if (!defaults)
        return AVERROR(ENOMEM);
    ret = ff_h4mk_write_fields(track, format_fields(par->codec_type), par, defaults);
    if (ret >= 0)
        ret = ff_h4mk_write_fields(track, codec_fields, par, defaults);
    avcodec_parameters_free(&defaults);
    if (ret < 0 ||
        (ret = ff_h4mk_write_layout(track, &par->ch_layout)) < 0 ||
        (ret = ff_h4mk_write_fields(track, stream_fields, st, &no_stream)) < 0)
        return ret;
    if (st->sample_aspect_ratio.num != par->sample_aspect_ratio.num ||
        st->sample_aspect_ratio.den != par->sample_aspect_ratio.den)
        if (put_rational(track, "stream_sample_aspect_ratio", st->sample_aspect_ratio) != H4MK_OK)
            return AVERROR(ENOMEM);
    ret = ff_h4mk_error(ff_h4mk_write_disposition(track, st->disposition), 0);
    if (ret < 0)
        return ret;

#if H4MK_HAVE_SIDE_DATA
    ret = ff_h4mk_write_side_data(track, H4MK_STREAM_SIDE_DATA(st), H4MK_STREAM_NB_SIDE_DATA(st));
    if (ret < 0)
        return ret;
#endif
    return write_stream_tags(s, st, track);
}

#if H4MK_HAVE_PROTECTION
int ff_h4mk_write_track_words(AVFormatContext *s, const AVStream *st,
                              h4mk_value *track)
{
    if (write_repeated_tag(track, st, 0) != H4MK_OK || write_repeated_tag(track, st, 1) != H4MK_OK)
        return AVERROR(ENOMEM);
    return write_stream_tags(s, st, track);
}
#endif

/**
 * Files of version 1 name some kinds in their own way.
 */
static enum AVMediaType read_kind(const char *kind)
{
    for (int i = 0; kind && i < AVMEDIA_TYPE_NB; i++)
        if (!strcmp(kind, av_get_media_type_string(i)))
            return i;
    if (kind && !strcmp(kind, "captions"))
        return AVMEDIA_TYPE_SUBTITLE;
    return !kind || !strcmp(kind, "unknown") ? AVMEDIA_TYPE_UNKNOWN : AVMEDIA_TYPE_DATA;
}

static int read_extradata(AVCodecParameters *par, const h4mk_value *track)
{
    const uint8_t *extradata;
    size_t size;
    int ret;

    if (h4mk_value_get_bytes(track, "extradata", &extradata, &size) != H4MK_OK ||
        !size || size >= MAX_EXTRADATA_SIZE)
        return 0;
    ret = ff_alloc_extradata(par, size);
    if (ret >= 0)
        memcpy(par->extradata, extradata, size);
    return ret;
}

static void read_parameters(AVCodecParameters *par, const h4mk_value *track)
{
    const int64_t rate = h4mk_value_get_int(track, "sample_rate", 0);

    par->codec_tag   = read_codec_tag(track);
    par->sample_rate = rate > 0 && rate <= H4MK_MAX_SAMPLE_RATE ? rate : 0;
    ff_h4mk_read_fields(track, format_fields(par->codec_type), par);
    ff_h4mk_read_fields(track, codec_fields, par);
    if (par->width && par->height &&
        av_image_check_size2(par->width, par->height, INT64_MAX, AV_PIX_FMT_NONE, 0, NULL) < 0)
        par->width = par->height = 0;
}

int ff_h4mk_read_track(AVFormatContext *s, AVStream *st,
                       const h4mk_value *track)
{
    AVCodecParameters *par = st->codecpar;
    const char *codec = h4mk_value_get_text(track, "codec");
    const int64_t id = h4mk_value_get_int(track, "stream_id", 0);
    const AVCodecDescriptor *desc;
    int ret;

    par->codec_type = read_kind(h4mk_value_get_text(track, "kind"));
    desc            = find_codec(codec, par->codec_type);
    par->codec_id   = desc ? desc->id : AV_CODEC_ID_NONE;
    st->id          = id >= INT_MIN && id <= INT_MAX ? id : 0;

    ret = read_extradata(par, track);
    if (ret < 0)
        return ret;
    read_parameters(par, track);
    ff_h4mk_read_fields(track, stream_fields, st);
    ret = ff_h4mk_read_layout(track, &par->ch_layout);
    if (ret < 0)
        return ret;
    st->sample_aspect_ratio = par->sample_aspect_ratio;
    parse_rational(h4mk_value_get(track, "stream_sample_aspect_ratio"),
                   &st->sample_aspect_ratio, 0, INT_MAX);
    st->disposition = ff_h4mk_read_disposition(track);

#if H4MK_HAVE_SIDE_DATA
    ret = ff_h4mk_read_side_data(s, track, &H4MK_STREAM_SIDE_DATA(st),
                                 &H4MK_STREAM_NB_SIDE_DATA(st));
    if (ret < 0)
        return ret;
#endif
    return FFMIN(ff_h4mk_read_stream_tags(st, track), 0);
}

int ff_h4mk_read_stream_tags(AVStream *st, const h4mk_value *track)
{
    const char *codec = h4mk_value_get_text(track, "codec");
    AVDictionary *tags = NULL;
    int ret = ff_h4mk_read_tags(&tags, h4mk_value_get(track, "tags"));

    if (ret >= 0)
        ret = read_repeated_tags(&tags, track);
    if (ret >= 0 && !avcodec_descriptor_get(st->codecpar->codec_id) && codec && codec[0] &&
        strcmp(codec, "none"))
        ret = av_dict_set(&tags, "codec_name", codec, 0);
    if (ret < 0) {
        av_dict_free(&tags);
        return ret;
    }
    return replace_tags(&st->metadata, tags);
}

static int write_chapter(AVFormatContext *s, const AVChapter *chapter,
                         h4mk_value *object)
{
    if (!object ||
        h4mk_value_set_int(object, "id", chapter->id) != H4MK_OK ||
        put_rational(object, "time_base", chapter->time_base) != H4MK_OK ||
        chapter->start != AV_NOPTS_VALUE &&
        h4mk_value_set_int(object, "start", chapter->start) != H4MK_OK ||
        chapter->end != AV_NOPTS_VALUE &&
        h4mk_value_set_int(object, "end", chapter->end) != H4MK_OK)
        return AVERROR(ENOMEM);
    return ff_h4mk_write_tags(s, object, "tags", chapter->metadata, NULL);
}

static int read_chapter(AVFormatContext *s, const h4mk_value *object,
                        int number)
{
    static const H4MKField fields[] = {
        F(AVChapter, "id", id, S64),
        F(AVChapter, "time_base", time_base, RATIONAL, 1, INT_MAX),
        F(AVChapter, "start", start, S64, -H4MK_MAX_TIME, H4MK_MAX_TIME),
        F(AVChapter, "end", end, S64, -H4MK_MAX_TIME, H4MK_MAX_TIME),
        { NULL }
    };
    AVChapter *chapter = av_mallocz(sizeof(*chapter));
    int ret;

    if (!chapter)
        return AVERROR(ENOMEM);
    chapter->id    = number;
    chapter->start = chapter->end = AV_NOPTS_VALUE;
    ff_h4mk_read_fields(object, fields, chapter);
    if (!chapter->time_base.num || chapter->start == AV_NOPTS_VALUE ||
        chapter->end != AV_NOPTS_VALUE && chapter->start > chapter->end) {
        av_log(s, AV_LOG_WARNING, "Skipping chapter %d, which has no time base or start, "
               "or ends before it\n", number);
        av_free(chapter);
        return 0;
    }
    /* avpriv_new_chapter() would make one of all that have the same id */
    ret = av_dynarray_add_nofree(&s->chapters, &s->nb_chapters, chapter);
    if (ret < 0) {
        av_free(chapter);
        return ret;
    }
    return ff_h4mk_read_tags(&chapter->metadata, h4mk_value_get(object, "tags"));
}

static const H4MKField program_fields[] = {
    F(AVProgram, "flags", flags, S32),
    F(AVProgram, "discard", discard, ENUM, .to_name = discard_name),
    F(AVProgram, "program_num", program_num, S32),
    F(AVProgram, "pmt_pid", pmt_pid, S32),
    F(AVProgram, "pcr_pid", pcr_pid, S32),
    F(AVProgram, "pmt_version", pmt_version, S32),
    { NULL }
};

static int write_program(AVFormatContext *s, const AVProgram *program,
                         h4mk_value *object)
{
    const AVProgram defaults = { .discard = AVDISCARD_NONE, .pmt_version = -1 };
    h4mk_value *array;
    int ret;

    if (!object || h4mk_value_set_int(object, "id", program->id) != H4MK_OK)
        return AVERROR(ENOMEM);
    ret = ff_h4mk_write_fields(object, program_fields, program, &defaults);
    if (ret < 0)
        return ret;
    array = h4mk_value_add_array(object, "streams");
    if (!array)
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < program->nb_stream_indexes; i++)
        if (h4mk_value_append_int(array, program->stream_index[i]) != H4MK_OK)
            return AVERROR(ENOMEM);
    return ff_h4mk_write_tags(s, object, "tags", program->metadata, NULL);
}

static int read_program_streams(AVFormatContext *s, AVProgram *program,
                                const h4mk_value *array)
{
    const size_t count = h4mk_value_count(array);

    if (!count)
        return 0;
    program->stream_index = av_calloc(count, sizeof(*program->stream_index));
    if (!program->stream_index)
        return AVERROR(ENOMEM);
    for (size_t i = 0; i < count; i++) {
        const int64_t index = h4mk_value_int(h4mk_value_at(array, i), -1);
        if (index >= 0 && index < s->nb_streams)
            program->stream_index[program->nb_stream_indexes++] = index;
    }
    return 0;
}

static int read_program(AVFormatContext *s, const h4mk_value *object,
                        int number)
{
    const int64_t id = h4mk_value_get_int(object, "id", number);
    AVProgram *program = av_malloc(sizeof(*program));
    int ret;

    if (!program)
        return AVERROR(ENOMEM);
    *program = (AVProgram){
        .id                 = id >= INT_MIN && id <= INT_MAX ? id : number,
        .discard            = AVDISCARD_NONE,
        .pmt_version        = -1,
        .start_time         = AV_NOPTS_VALUE,
        .end_time           = AV_NOPTS_VALUE,
        .pts_wrap_reference = AV_NOPTS_VALUE,
        .pts_wrap_behavior  = AV_PTS_WRAP_IGNORE,
    };
    ff_h4mk_read_fields(object, program_fields, program);
    /* av_new_program() would make one of all that have the same id */
    ret = av_dynarray_add_nofree(&s->programs, &s->nb_programs, program);
    if (ret < 0) {
        av_free(program);
        return ret;
    }
    ret = read_program_streams(s, program, h4mk_value_get(object, "streams"));
    return ret < 0 ? ret : ff_h4mk_read_tags(&program->metadata,
                                             h4mk_value_get(object, "tags"));
}

/* An array is written only if it has elements. */
#define WRITE_ARRAY(key, count, write, elements)                                \
    do {                                                                        \
        array = count ? h4mk_value_add_array(meta, key) : NULL;                 \
        for (unsigned i = 0; i < count && ret >= 0; i++)                        \
            ret = write(s, elements[i], array ? h4mk_value_append_object(array) : NULL); \
    } while (0)

#define READ_ARRAY(key, read)                                                   \
    do {                                                                        \
        array = h4mk_value_get(meta, key);                                      \
        for (size_t i = 0; i < h4mk_value_count(array) && ret >= 0; i++)        \
            ret = read(s, h4mk_value_at(array, i), i);                          \
    } while (0)

int ff_h4mk_write_meta_words(AVFormatContext *s, h4mk_value *meta)
{
    h4mk_value *array;
    int ret = ff_h4mk_write_tags(s, meta, "tags", s->metadata, NULL);

    WRITE_ARRAY("chapters", s->nb_chapters, write_chapter, s->chapters);
    return ret;
}

int ff_h4mk_write_meta(AVFormatContext *s, h4mk_value *meta)
{
    h4mk_value *array;
    int ret = ff_h4mk_write_meta_words(s, meta);

    WRITE_ARRAY("programs",      s->nb_programs,      write_program, s->programs);
#if H4MK_HAVE_STREAM_GROUPS
    WRITE_ARRAY("stream_groups", s->nb_stream_groups, ff_h4mk_write_group, s->stream_groups);
#endif
    if (ret >= 0 && s->start_time_realtime && s->start_time_realtime != AV_NOPTS_VALUE)
        ret = ff_h4mk_error(h4mk_value_set_int(meta, "start_time_realtime",
                                               s->start_time_realtime), 0);
    return ret;
}

static const H4MKField meta_fields[] = {
    F(AVFormatContext, "start_time_realtime", start_time_realtime, S64, -H4MK_MAX_TIME, H4MK_MAX_TIME),
    { NULL }
};

int ff_h4mk_read_meta(AVFormatContext *s, const h4mk_value *meta)
{
    const h4mk_value *array;
    int ret = ff_h4mk_read_file_tags(s, meta);

    READ_ARRAY("programs",      read_program);
#if H4MK_HAVE_STREAM_GROUPS
    READ_ARRAY("stream_groups", ff_h4mk_read_group);
#endif
    s->start_time_realtime = AV_NOPTS_VALUE;
    ff_h4mk_read_fields(meta, meta_fields, s);
    return FFMIN(ret, 0);
}

int ff_h4mk_read_chapters(AVFormatContext *s, const h4mk_value *meta,
                          size_t *nb_read)
{
    const h4mk_value *array = h4mk_value_get(meta, "chapters");
    int ret = 0;

    for (; *nb_read < h4mk_value_count(array) && ret >= 0; ++*nb_read)
        ret = read_chapter(s, h4mk_value_at(array, *nb_read), *nb_read);
    return FFMIN(ret, 0);
}

int ff_h4mk_read_file_tags(AVFormatContext *s, const h4mk_value *meta)
{
    AVDictionary *tags = NULL;
    int ret = ff_h4mk_read_tags(&tags, h4mk_value_get(meta, "tags"));

    /* Texts beside the known keys are tags of whoever wrote them. */
    for (size_t i = 0; i < h4mk_value_count(meta) && ret >= 0; i++) {
        const h4mk_value *value = h4mk_value_at(meta, i);
        if (h4mk_value_get_type(value) == H4MK_VALUE_STRING)
            ret = av_dict_set(&tags, h4mk_value_key_at(meta, i), h4mk_value_text(value),
                              AV_DICT_DONT_OVERWRITE);
    }
    if (ret < 0) {
        av_dict_free(&tags);
        return ret;
    }
    return replace_tags(&s->metadata, tags);
}
