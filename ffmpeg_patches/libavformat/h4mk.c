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
#include "libavutil/encryption_info.h"
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
#include "internal.h"

/* Values of enums that are looked at for a name; more than any has. */
#define MIN_ENUM_VALUE (-16)
#define MAX_ENUM_VALUE 1023

#define RATIONAL_SIZE 32

#define MAX_KEY_FILE_SIZE (64 << 10)

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
    case H4MK_ERR_IO:           return io_error < 0 && io_error >= INT_MIN ? io_error : AVERROR(EIO);
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

/* A VP9 frame begins with frame_marker, profile_low_bit, profile_high_bit, reserved_zero if
 * the profile is 3, show_existing_frame, frame_type, show_frame. */
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

void ff_h4mk_free_key(char **text)
{
    volatile char *p = *text;

    while (p && *p)
        *p++ = 0;
    av_freep(text);
}

/**
 * Open a file that an option names. What protocols are allowed is about the names
 * that are found in the input.
 */
static int open_key_file(AVFormatContext *s, AVIOContext **pb, const char *name)
{
    char *whitelist = s->protocol_whitelist;
    int ret;

    s->protocol_whitelist = NULL;
    ret = s->io_open(s, pb, name, AVIO_FLAG_READ, NULL);
    s->protocol_whitelist = whitelist;
    return ret;
}

int ff_h4mk_read_key_file(AVFormatContext *s, const char *name, char **text)
{
    AVIOContext *pb = NULL;
    int ret;

    *text = NULL;
    if (!name)
        return 0;
    *text = av_mallocz(FFMAX(MAX_KEY_FILE_SIZE, strlen(name)) + 1);
    if (!*text)
        return AVERROR(ENOMEM);
    if (av_strstart(name, "-----BEGIN", NULL)) {
        strcpy(*text, name);
        return 0;
    }
    ret = open_key_file(s, &pb, name);
    if (ret >= 0)
        ret = avio_read(pb, *text, MAX_KEY_FILE_SIZE);
    if (ret == AVERROR_EOF)
        ret = AVERROR_INVALIDDATA;
    ff_format_io_close(s, &pb);
    if (ret < 0) {
        av_log(s, AV_LOG_ERROR, "Cannot read a key in %s: %s\n", name, av_err2str(ret));
        ff_h4mk_free_key(text);
        return ret;
    }
    return 0;
}

int ff_h4mk_read_hex_key_file(AVFormatContext *s, const char *name, uint8_t **key, int *size)
{
    char *text;
    int ret = ff_h4mk_read_key_file(s, name, &text);

    if (ret < 0 || !text)
        return ret;
    text[strcspn(text, " \r\n")] = 0;
    av_freep(key);
    *size = ff_hex_to_data(NULL, text);
    *key  = av_mallocz(*size + 1);
    if (!*key)
        ret = AVERROR(ENOMEM);
    else if (!*size || 2 * *size != strlen(text)) {
        av_log(s, AV_LOG_ERROR, "The key in %s is not hexadecimal\n", name);
        ret = AVERROR(EINVAL);
    } else
        ff_hex_to_data(*key, text);
    ff_h4mk_free_key(&text);
    return ret;
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

static h4mk_status put_text(h4mk_value *value, const char *key, const char *text)
{
    return key ? h4mk_value_set_text(value, key, text) : h4mk_value_append_text(value, text);
}

static h4mk_status put_rational(h4mk_value *value, const char *key, AVRational q)
{
    char buf[RATIONAL_SIZE];

    snprintf(buf, sizeof(buf), "%d/%d", q.num, q.den);
    return put_text(value, key, buf);
}

/**
 * Read "num/den" with num from min to max. What could be divided by is never 0,
 * but where both are: that is how FFmpeg says that a rate is not known.
 */
static int parse_rational(const h4mk_value *value, AVRational *q, int64_t min, int64_t max)
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

static int read_enum(const h4mk_value *value, const H4MKField *field, int *number)
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
 * @return 0, or a negative AVERROR code if the value is none that the field allows
 */
static int read_field(const h4mk_value *value, const H4MKField *field, uint8_t *p)
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
            ret = texts[i] ? ff_h4mk_error(h4mk_value_append_text(array, texts[i]), 0) : AVERROR(ENOMEM);
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
            av_log(logctx, AV_LOG_WARNING, "Leaving out a tag whose name is not UTF-8: %s\n", t->key);
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

static int read_tag(AVDictionary **tags, const char *key, const h4mk_value *value)
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

static h4mk_status write_disposition(h4mk_value *object, unsigned disposition)
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

static int read_disposition(const h4mk_value *object)
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
        for (int i = 0; same && layout->order == AV_CHANNEL_ORDER_CUSTOM && i < layout->nb_channels; i++)
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
        if (status == H4MK_OK && layout->order == AV_CHANNEL_ORDER_CUSTOM && layout->u.map[i].name[0])
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

/* Keys of version 1, which mean what these tags do. */
static const char *const alias[][2] = {
    { "name", "title"   },
    { "note", "comment" },
};

static h4mk_status write_alias(h4mk_value *track, const AVStream *st, int i)
{
    const AVDictionaryEntry *t = av_dict_get(st->metadata, alias[i][1], NULL, AV_DICT_MATCH_CASE);

    return h4mk_value_set_text(track, alias[i][0], t && is_utf8(t->value) ? t->value : "");
}

static int read_aliases(AVStream *st, const h4mk_value *track)
{
    for (int i = 0; i < FF_ARRAY_ELEMS(alias); i++) {
        const char *text = h4mk_value_get_text(track, alias[i][0]);
        const AVDictionaryEntry *t = av_dict_get(st->metadata, alias[i][1], NULL, AV_DICT_MATCH_CASE);
        int ret;

        /* what differs from its tag was edited */
        if (!text || !text[0] || t && !strcmp(t->value, text))
            continue;
        ret = av_dict_set(&st->metadata, alias[i][1], text, AV_DICT_MATCH_CASE);
        if (ret < 0)
            return ret;
    }
    return 0;
}

/**
 * Find the codec with a name. One of another type than its track cannot be what
 * the track has: it is a codec that FFmpeg does not know.
 */
static const AVCodecDescriptor *find_codec(const char *name, enum AVMediaType type)
{
    const AVCodecDescriptor *desc = name ? avcodec_descriptor_get_by_name(name) : NULL;

    return desc && (desc->type == type || type == AVMEDIA_TYPE_ATTACHMENT) ? desc : NULL;
}

/**
 * @return the name of a codec that FFmpeg does not know, as read_track() left
 *         it in the metadata, or NULL
 */
static const char *foreign_codec(const AVStream *st)
{
    const AVDictionaryEntry *t;

    if (st->codecpar->codec_id != AV_CODEC_ID_NONE)
        return NULL;
    t = av_dict_get(st->metadata, "codec_name", NULL, AV_DICT_MATCH_CASE);
    return t && t->value[0] && is_utf8(t->value) && strcmp(t->value, "none") &&
           !find_codec(t->value, st->codecpar->codec_type) ? t->value : NULL;
}

/**
 * The extradata of a track that an adapter decodes is its object in the TRAK that
 * it comes from.
 *
 * @return the object, to be freed by h4mk_value_free(), or NULL for other tracks
 */
static h4mk_value *adapter_track(const AVCodecParameters *par)
{
    h4mk_value *object = NULL;

#if H4MK_HAVE_ADAPTERS
    if (par->extradata_size > 0 &&
        (par->codec_id == AV_CODEC_ID_H4MK_AUDIO || par->codec_id == AV_CODEC_ID_H4MK_VIDEO))
        h4mk_value_from_json((const char *)par->extradata, par->extradata_size, &object);
    if (h4mk_value_get_type(object) != H4MK_VALUE_OBJECT) {
        h4mk_value_free(object);
        object = NULL;
    }
#endif
    return object;
}

/**
 * Take from such an object all that FFmpeg has no place for.
 */
static h4mk_status write_adapter_track(h4mk_value *track, const h4mk_value *object)
{
    static const char *const ours[] = { "tags", "side_data", "disposition", "name", "note", "start_time", "stream_id" };
    h4mk_status status = H4MK_OK;

    for (size_t i = 0; status == H4MK_OK && i < h4mk_value_count(object); i++) {
        const char *key = h4mk_value_key_at(object, i);
        int is_ours = h4mk_value_get(track, key) && strcmp(key, "codec");

        for (int j = 0; j < FF_ARRAY_ELEMS(ours); j++)
            is_ours |= !strcmp(key, ours[j]);
        if (!is_ours)
            status = h4mk_value_set_value(track, key, h4mk_value_at(object, i));
    }
    return status;
}

/**
 * Take what says how ciphertext of H4MK files is decrypted out of a list.
 *
 * @return the entry, or NULL
 */
static AVEncryptionInitInfo *take_protection(AVEncryptionInitInfo **list)
{
    for (; *list; list = &(*list)->next) {
        AVEncryptionInitInfo *info = *list;

        if (info->system_id_size == H4MK_SYSTEM_ID_SIZE &&
            !memcmp(info->system_id, H4MK_SYSTEM_ID, H4MK_SYSTEM_ID_SIZE)) {
            *list      = info->next;
            info->next = NULL;
            return info;
        }
    }
    return NULL;
}

/**
 * Find out what is left of side data without that.
 *
 * @param[out] data to be freed with av_free(), NULL if nothing is left
 * @return 1 if there was such an entry, 0 if not, or a negative AVERROR code
 */
static int strip_protection(const AVPacketSideData *sd, uint8_t **data, size_t *size)
{
    AVEncryptionInitInfo *list = NULL, *info;
    int found = 0;

    *data = NULL;
    if (sd->type == AV_PKT_DATA_ENCRYPTION_INIT_INFO)
        list = av_encryption_init_info_get_side_data(sd->data, sd->size);
    while ((info = take_protection(&list))) {
        av_encryption_init_info_free(info);
        found = 1;
    }
    if (found && list) {
        *data = av_encryption_init_info_add_side_data(list, size);
        if (!*data)
            found = AVERROR(ENOMEM);
    }
    av_encryption_init_info_free(list);
    return found;
}

static int add_init_info(AVStream *st, const char *json)
{
    AVPacketSideData **side_data = &H4MK_STREAM_SIDE_DATA(st);
    int *count = &H4MK_STREAM_NB_SIDE_DATA(st);
    AVEncryptionInitInfo *info = av_encryption_init_info_alloc(H4MK_SYSTEM_ID_SIZE, 0, 0, strlen(json));
    uint8_t *data = NULL;
    size_t size;

    if (!info)
        return AVERROR(ENOMEM);
    memcpy(info->system_id, H4MK_SYSTEM_ID, H4MK_SYSTEM_ID_SIZE);
    memcpy(info->data, json, strlen(json));
    for (int i = 0; i < *count; i++)
        if ((*side_data)[i].type == AV_PKT_DATA_ENCRYPTION_INIT_INFO)
            info->next = av_encryption_init_info_get_side_data((*side_data)[i].data, (*side_data)[i].size);
    data = av_encryption_init_info_add_side_data(info, &size);
    av_encryption_init_info_free(info);
    if (!data || !av_packet_side_data_add(side_data, count, AV_PKT_DATA_ENCRYPTION_INIT_INFO, data, size, 0)) {
        av_free(data);
        return AVERROR(ENOMEM);
    }
    return 0;
}

int ff_h4mk_add_original(AVFormatContext *s, AVStream *st, const h4mk_value *track, const h4mk_value *meta)
{
    h4mk_value *object = h4mk_value_new();
    const char *json = NULL;
    int ret = AVERROR(ENOMEM);

    if (object && h4mk_value_set_int(object, "index", st->index) == H4MK_OK &&
        h4mk_value_set_int(object, "count", s->nb_streams) == H4MK_OK &&
        h4mk_value_set_value(object, "track", track) == H4MK_OK &&
        h4mk_value_set_value(object, "meta", meta) == H4MK_OK)
        json = h4mk_value_to_json(object);
    if (json)
        ret = add_init_info(st, json);
    h4mk_value_free(object);
    return ret;
}

h4mk_value *ff_h4mk_get_original(const AVStream *st)
{
    h4mk_value *object = NULL;

    for (int i = 0; i < H4MK_STREAM_NB_SIDE_DATA(st) && !object; i++) {
        const AVPacketSideData *sd = &H4MK_STREAM_SIDE_DATA(st)[i];
        AVEncryptionInitInfo *list = NULL, *info;

        if (sd->type == AV_PKT_DATA_ENCRYPTION_INIT_INFO)
            list = av_encryption_init_info_get_side_data(sd->data, sd->size);
        info = take_protection(&list);
        av_encryption_init_info_free(list);
        if (info)
            h4mk_value_from_json((const char *)info->data, info->data_size, &object);
        av_encryption_init_info_free(info);
    }
    return object;
}

/**
 * Copy the members of an object but for those with some keys, and, if texts are
 * words, those that are texts.
 */
static int copy_members(h4mk_value *to, const h4mk_value *from, const char *const *words, int texts_are_words)
{
    h4mk_status status = H4MK_OK;

    for (size_t i = 0; i < h4mk_value_count(from) && status == H4MK_OK; i++) {
        const char *key = h4mk_value_key_at(from, i);
        int is_word = texts_are_words && h4mk_value_get_type(h4mk_value_at(from, i)) == H4MK_VALUE_STRING;

        for (int j = 0; words[j]; j++)
            is_word |= !key || !strcmp(key, words[j]);
        if (!is_word)
            status = h4mk_value_set_value(to, key, h4mk_value_at(from, i));
    }
    return ff_h4mk_error(status, 0);
}

static int write_side_data(h4mk_value *object, const AVPacketSideData *side_data, int nb_side_data)
{
    h4mk_value *array = nb_side_data ? h4mk_value_add_array(object, "side_data") : NULL;
    int ret = nb_side_data && !array ? AVERROR(ENOMEM) : 0;

    for (int i = 0; i < nb_side_data && ret >= 0; i++) {
        AVPacketSideData sd = side_data[i];

        ret = strip_protection(&side_data[i], &sd.data, &sd.size);
        if (!ret)
            ret = ff_h4mk_write_side_data(array, &side_data[i]);
        else if (ret > 0 && sd.data)
            ret = ff_h4mk_write_side_data(array, &sd);
        av_free(sd.data);
    }
    return FFMIN(ret, 0);
}

/**
 * Take away what only the demuxer itself may say, if a file does.
 */
static int strip_all_protection(AVPacketSideData *side_data, int *nb_side_data)
{
    for (int i = 0; i < *nb_side_data; i++) {
        uint8_t *data;
        size_t size;
        int ret = strip_protection(&side_data[i], &data, &size);

        if (ret < 0)
            return ret;
        if (!ret)
            continue;
        av_free(side_data[i].data);
        side_data[i].data = data;
        side_data[i].size = size;
        if (!data) {
            (*nb_side_data)--;
            memmove(&side_data[i], &side_data[i + 1], (*nb_side_data - i) * sizeof(*side_data));
            i--;
        }
    }
    return 0;
}

static int read_side_data(AVFormatContext *s, const h4mk_value *object,
                          AVPacketSideData **side_data, int *nb_side_data)
{
    const h4mk_value *array = h4mk_value_get(object, "side_data");
    int ret = 0;

    for (size_t i = 0; i < h4mk_value_count(array) && ret >= 0; i++)
        ret = ff_h4mk_read_side_data(s, h4mk_value_at(array, i), side_data, nb_side_data);
    return ret < 0 ? ret : strip_all_protection(*side_data, nb_side_data);
}

int ff_h4mk_write_track(AVFormatContext *s, const AVStream *st,
                        const int64_t *start_time, h4mk_value *track)
{
    const AVCodecParameters *par = st->codecpar;
    const AVCodecDescriptor *desc = avcodec_descriptor_get(par->codec_id);
    const char *kind = av_get_media_type_string(par->codec_type);
    const char *foreign = foreign_codec(st);
    AVCodecParameters *defaults;
    h4mk_value *adapted;
    const AVStream no_stream = { 0 };
    int ret;

#define SET(type, ...)                                                          \
    do {                                                                        \
        ret = ff_h4mk_error(h4mk_value_set_ ## type(track, __VA_ARGS__), 0);    \
        if (ret < 0)                                                            \
            return ret;                                                         \
    } while (0)

    SET(int,  "track_id", st->index + 1);
    if (write_alias(track, st, 0) != H4MK_OK)
        return AVERROR(ENOMEM);
    SET(text, "kind", kind ? kind : "unknown");
    SET(text, "codec", foreign ? foreign : desc ? desc->name : "none");
    SET(int,  "sample_rate", par->sample_rate);
    SET(int,  "channels", par->ch_layout.nb_channels);
    if (write_alias(track, st, 1) != H4MK_OK ||
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
    /* the extradata of an attachment is its file, which has a place of its own */
    adapted = adapter_track(par);
    if (adapted) {
        ret = ff_h4mk_error(write_adapter_track(track, adapted), 0);
        h4mk_value_free(adapted);
        if (ret < 0)
            return ret;
    } else if (par->extradata_size > 0 && par->codec_type != AVMEDIA_TYPE_ATTACHMENT)
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
    ret = ff_h4mk_error(write_disposition(track, st->disposition), 0);
    if (ret < 0)
        return ret;

    ret = write_side_data(track, H4MK_STREAM_SIDE_DATA(st), H4MK_STREAM_NB_SIDE_DATA(st));
    if (ret < 0)
        return ret;
    return ff_h4mk_write_tags(s, track, "tags", st->metadata, foreign ? "codec_name" : NULL);
}

int ff_h4mk_write_original_track(AVFormatContext *s, const AVStream *st, h4mk_value *track)
{
    static const char *const words[] = { "name", "note", "tags", NULL };
    h4mk_value *original = ff_h4mk_get_original(st);
    int ret = AVERROR(EINVAL);

    if (h4mk_value_get_int(original, "index", -1) == st->index &&
        h4mk_value_get_int(original, "count", -1) == s->nb_streams)
        ret = copy_members(track, h4mk_value_get(original, "track"), words, 0);
    else
        av_log(s, AV_LOG_ERROR, "Streams of ciphertext are copied all together and in their order, or not at all\n");
    h4mk_value_free(original);
    if (ret < 0)
        return ret;
    if (write_alias(track, st, 0) != H4MK_OK || write_alias(track, st, 1) != H4MK_OK)
        return AVERROR(ENOMEM);
    return ff_h4mk_write_tags(s, track, "tags", st->metadata, foreign_codec(st) ? "codec_name" : NULL);
}

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

int ff_h4mk_read_track(AVFormatContext *s, AVStream *st, const h4mk_value *track)
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
    st->disposition = read_disposition(track);

    ret = read_side_data(s, track, &H4MK_STREAM_SIDE_DATA(st), &H4MK_STREAM_NB_SIDE_DATA(st));
    if (ret >= 0)
        ret = ff_h4mk_read_tags(&st->metadata, h4mk_value_get(track, "tags"));
    if (ret >= 0)
        ret = read_aliases(st, track);
    if (ret >= 0 && !desc && codec && codec[0] && strcmp(codec, "none"))
        ret = av_dict_set(&st->metadata, "codec_name", codec, 0);
    return FFMIN(ret, 0);
}

static int write_chapter(AVFormatContext *s, const AVChapter *chapter, h4mk_value *object)
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

static int read_chapter(AVFormatContext *s, const h4mk_value *object, int number)
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
    if (!chapter->time_base.num || chapter->end != AV_NOPTS_VALUE && chapter->start > chapter->end) {
        av_log(s, AV_LOG_WARNING, "Skipping chapter %d, which has no time base or ends before its start\n", number);
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

static int write_program(AVFormatContext *s, const AVProgram *program, h4mk_value *object)
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

static int read_program(AVFormatContext *s, const h4mk_value *object, int number)
{
    const h4mk_value *array = h4mk_value_get(object, "streams");
    const int64_t given = h4mk_value_get_int(object, "id", number);
    const int id = given >= INT_MIN && given <= INT_MAX ? given : number;
    AVProgram *program = av_new_program(s, id);

    if (!program)
        return AVERROR(ENOMEM);
    ff_h4mk_read_fields(object, program_fields, program);
    for (size_t i = 0; i < h4mk_value_count(array); i++) {
        const int64_t index = h4mk_value_int(h4mk_value_at(array, i), -1);
        if (index >= 0 && index < s->nb_streams)
            av_program_add_stream_index(s, id, index);
    }
    return ff_h4mk_read_tags(&program->metadata, h4mk_value_get(object, "tags"));
}

#if H4MK_HAVE_STREAM_GROUPS
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

H4MK_NAMES(group_type_name, NULL, "iamf_audio_element", "iamf_mix_presentation", "tile_grid", "lcevc",
#if H4MK_HAVE_LAYERED_VIDEO
           "tref", "dolby_vision"
#endif
)

static int write_tile_grid(h4mk_value *object, const AVStreamGroupTileGrid *grid)
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
    ret = write_side_data(object, grid->coded_side_data, grid->nb_coded_side_data);
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

static int read_tile_grid(AVFormatContext *s, const h4mk_value *object, AVStreamGroupTileGrid *grid)
{
    const h4mk_value *array = h4mk_value_get(object, "tiles");
    const size_t count = h4mk_value_count(array);
#if H4MK_HAVE_TILE_SIDE_DATA
    int ret;
#endif

    ff_h4mk_read_fields(object, tile_grid_fields, grid);
#if H4MK_HAVE_TILE_SIDE_DATA
    ret = read_side_data(s, object, &grid->coded_side_data, &grid->nb_coded_side_data);
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

static int write_group(AVFormatContext *s, const AVStreamGroup *group, h4mk_value *object)
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
    if (ret < 0 || (ret = ff_h4mk_error(write_disposition(object, group->disposition), 0)) < 0)
        return ret;
    return ff_h4mk_write_tags(s, object, "tags", group->metadata, NULL);
}

/**
 * Whether a group has all that its users take for granted: the streams that it
 * names by their number within the group, the one layer of a scene.
 */
static int is_complete(const AVStreamGroup *group)
{
    const AVStreamGroupTileGrid *grid = group->params.tile_grid;
    const AVIAMFAudioElement *element = group->params.iamf_audio_element;

    switch (group->type) {
    case AV_STREAM_GROUP_PARAMS_TILE_GRID:
        for (unsigned i = 0; i < grid->nb_tiles; i++)
            if (grid->offsets[i].idx >= group->nb_streams)
                return 0;
        return 1;
    case AV_STREAM_GROUP_PARAMS_IAMF_AUDIO_ELEMENT:
        return group->nb_streams &&
               (element->audio_element_type != AV_IAMF_AUDIO_ELEMENT_TYPE_SCENE || element->nb_layers);
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

static int read_group(AVFormatContext *s, const h4mk_value *object, int number)
{
    const h4mk_value *array = h4mk_value_get(object, "streams");
    const int type = ff_h4mk_find_name(group_type_name, h4mk_value_get_text(object, "type"));
    AVStreamGroup *group;
    int ret = 0;

    if (type < 0) {
        av_log(s, AV_LOG_WARNING, "Skipping stream group %d, whose type is not known\n", number);
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
    if (!is_complete(group)) {
        av_log(s, AV_LOG_WARNING, "Skipping stream group %d, which lacks a stream or a layer that it names\n", number);
        ff_remove_stream_group(s, group);
        return 0;
    }
    group->disposition = read_disposition(object);
    return ff_h4mk_read_tags(&group->metadata, h4mk_value_get(object, "tags"));
}

#endif /* H4MK_HAVE_STREAM_GROUPS */

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

/**
 * Write tags and chapters, which are words about the recording.
 */
static int write_words(AVFormatContext *s, h4mk_value *meta)
{
    h4mk_value *array;
    int ret = ff_h4mk_write_tags(s, meta, "tags", s->metadata, NULL);

    WRITE_ARRAY("chapters",      s->nb_chapters,      write_chapter, s->chapters);
    return ret;
}

int ff_h4mk_write_original_meta(AVFormatContext *s, h4mk_value *meta)
{
    static const char *const words[] = { "tags", "chapters", NULL };
    h4mk_value *original = s->nb_streams ? ff_h4mk_get_original(s->streams[0]) : NULL;
    int ret = copy_members(meta, h4mk_value_get(original, "meta"), words, 1);

    h4mk_value_free(original);
    return ret < 0 ? ret : write_words(s, meta);
}

int ff_h4mk_write_meta(AVFormatContext *s, h4mk_value *meta)
{
    h4mk_value *array;
    int ret = write_words(s, meta);

    WRITE_ARRAY("programs",      s->nb_programs,      write_program, s->programs);
#if H4MK_HAVE_STREAM_GROUPS
    WRITE_ARRAY("stream_groups", s->nb_stream_groups, write_group,   s->stream_groups);
#endif
    if (ret >= 0 && s->start_time_realtime && s->start_time_realtime != AV_NOPTS_VALUE)
        ret = ff_h4mk_error(h4mk_value_set_int(meta, "start_time_realtime", s->start_time_realtime), 0);
    return ret;
}

static const H4MKField meta_fields[] = {
    F(AVFormatContext, "start_time_realtime", start_time_realtime, S64, -H4MK_MAX_TIME, H4MK_MAX_TIME),
    { NULL }
};

int ff_h4mk_read_meta(AVFormatContext *s, const h4mk_value *meta)
{
    const h4mk_value *array;
    int ret = ff_h4mk_read_tags(&s->metadata, h4mk_value_get(meta, "tags"));

    READ_ARRAY("chapters",      read_chapter);
    READ_ARRAY("programs",      read_program);
#if H4MK_HAVE_STREAM_GROUPS
    READ_ARRAY("stream_groups", read_group);
#endif
    s->start_time_realtime = AV_NOPTS_VALUE;
    ff_h4mk_read_fields(meta, meta_fields, s);

    /* Texts beside the known keys are tags of whoever wrote them. */
    for (size_t i = 0; i < h4mk_value_count(meta) && ret >= 0; i++) {
        const h4mk_value *value = h4mk_value_at(meta, i);
        if (h4mk_value_get_type(value) == H4MK_VALUE_STRING)
            ret = av_dict_set(&s->metadata, h4mk_value_key_at(meta, i), h4mk_value_text(value),
                              AV_DICT_DONT_OVERWRITE);
    }
    return FFMIN(ret, 0);
}
