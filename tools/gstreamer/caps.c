/* SPDX-License-Identifier: MIT */
#include "caps.h"

#include <stdio.h>
#include <string.h>

/* How a codec is told how to decode: by a member of the caps, in a way of its own, or by its blocks. */
typedef enum setup { IN_BLOCKS, CODEC_DATA, NAL_UNITS, AAC, OPUS, FLAC, XIPH } setup;

typedef struct codec {
    const char *name, *caps;
    setup setup;
} codec;

static const codec codecs[] = {
    {"h264", "video/x-h264, alignment=au", NAL_UNITS},
    {"hevc", "video/x-h265, alignment=au", NAL_UNITS},
    {"av1", "video/x-av1, stream-format=obu-stream, alignment=tu", CODEC_DATA},
    {"vp8", "video/x-vp8", IN_BLOCKS},
    {"vp9", "video/x-vp9", IN_BLOCKS},
    {"mpeg1video", "video/mpeg, mpegversion=1, systemstream=false", IN_BLOCKS},
    {"mpeg2video", "video/mpeg, mpegversion=2, systemstream=false", IN_BLOCKS},
    {"mpeg4", "video/mpeg, mpegversion=4, systemstream=false", CODEC_DATA},
    {"mjpeg", "image/jpeg", IN_BLOCKS},
    {"png", "image/png", IN_BLOCKS},
    {"ffv1", "video/x-ffv, ffvversion=1", CODEC_DATA},
    {"theora", "video/x-theora", XIPH},
    {"aac", "audio/mpeg, mpegversion=4", AAC},
    {"mp3", "audio/mpeg, mpegversion=1, layer=3", IN_BLOCKS},
    {"mp2", "audio/mpeg, mpegversion=1, layer=2", IN_BLOCKS},
    {"ac3", "audio/x-ac3, framed=true", IN_BLOCKS},
    {"eac3", "audio/x-eac3, framed=true", IN_BLOCKS},
    {"dts", "audio/x-dts, framed=true", IN_BLOCKS},
    {"opus", "audio/x-opus", OPUS},
    {"vorbis", "audio/x-vorbis", XIPH},
    {"flac", "audio/x-flac, framed=true", FLAC},
    {"alac", "audio/x-alac", CODEC_DATA},
    {"pcm_u8", "audio/x-raw, format=U8, layout=interleaved", IN_BLOCKS},
    {"pcm_s16le", "audio/x-raw, format=S16LE, layout=interleaved", IN_BLOCKS},
    {"pcm_s16be", "audio/x-raw, format=S16BE, layout=interleaved", IN_BLOCKS},
    {"pcm_s24le", "audio/x-raw, format=S24LE, layout=interleaved", IN_BLOCKS},
    {"pcm_s24be", "audio/x-raw, format=S24BE, layout=interleaved", IN_BLOCKS},
    {"pcm_s32le", "audio/x-raw, format=S32LE, layout=interleaved", IN_BLOCKS},
    {"pcm_f32le", "audio/x-raw, format=F32LE, layout=interleaved", IN_BLOCKS},
    {"pcm_f64le", "audio/x-raw, format=F64LE, layout=interleaved", IN_BLOCKS},
    {"subrip", "text/x-raw, format=utf8", IN_BLOCKS},
    {"text", "text/x-raw, format=utf8", IN_BLOCKS},
    {"ass", "application/x-ass", CODEC_DATA},
};

static GstBuffer *copy_of(const uint8_t *data, size_t size)
{
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, size, NULL);

    gst_buffer_fill(buffer, 0, data, size);
    return buffer;
}

/* "streamheader" of the caps: an array of buffers, which it takes. */
static void set_stream_header(GstCaps *caps, GstBuffer **headers, int count)
{
    GValue array = G_VALUE_INIT;
    int i;

    g_value_init(&array, GST_TYPE_ARRAY);
    for (i = 0; i < count; ++i) {
        GValue value = G_VALUE_INIT;

        g_value_init(&value, GST_TYPE_BUFFER);
        GST_BUFFER_FLAG_SET(headers[i], GST_BUFFER_FLAG_HEADER);
        gst_value_take_buffer(&value, headers[i]);
        gst_value_array_append_and_take_value(&array, &value);
    }
    gst_structure_take_value(gst_caps_get_structure(caps, 0), "streamheader", &array);
}

/* avcC and hvcC begin with a version, start codes with zeros. */
static gboolean has_lengths(const uint8_t *data, size_t size) { return size > 0 && data[0] == 1; }

static void set_nal_units(GstCaps *caps, const char *name, const uint8_t *data, size_t size)
{
    const char *lengths = strcmp(name, "h264") == 0 ? "avc" : "hvc1";

    gst_caps_set_simple(caps, "stream-format", G_TYPE_STRING, has_lengths(data, size) ? lengths : "byte-stream", NULL);
}

/* OpusHead (RFC 7845, 5.1); without one stereo or mono. */
static void set_opus(GstCaps *caps, const uint8_t *data, size_t size)
{
    const gboolean is_head = size >= 19 && memcmp(data, "OpusHead", 8) == 0;
    const int channels = is_head ? data[9] : 0, family = is_head ? data[18] : 0;
    GValue map = G_VALUE_INIT;
    int i;

    gst_caps_set_simple(caps, "channel-mapping-family", G_TYPE_INT, family, NULL);
    if (is_head && channels > 0)
        gst_caps_set_simple(caps, "channels", G_TYPE_INT, channels, NULL);
    if (family == 0 || size < 21 + (size_t)channels)
        return;
    gst_caps_set_simple(caps, "stream-count", G_TYPE_INT, (int)data[19], "coupled-count", G_TYPE_INT, (int)data[20], NULL);
    g_value_init(&map, GST_TYPE_ARRAY);
    for (i = 0; i < channels; ++i) {
        GValue value = G_VALUE_INIT;

        g_value_init(&value, G_TYPE_INT);
        g_value_set_int(&value, data[21 + i]);
        gst_value_array_append_and_take_value(&map, &value);
    }
    gst_structure_take_value(gst_caps_get_structure(caps, 0), "channel-mapping", &map);
}

/* The file has STREAMINFO alone; GStreamer wants the start of a FLAC file. */
static void set_flac(GstCaps *caps, const uint8_t *data, size_t size)
{
    static const uint8_t front[] = {0x7f, 'F', 'L', 'A', 'C', 1, 0, 0, 0, 'f', 'L', 'a', 'C', 0x80, 0, 0, 34};
    GstBuffer *header;

    if (size < 34)
        return;
    header = gst_buffer_append(copy_of(front, sizeof(front)), copy_of(data, 34));
    set_stream_header(caps, &header, 1);
}

/* Three headers, one behind the other with their sizes: 16 bits big-endian each, or as Xiph's lacing has them. */
static void set_xiph(GstCaps *caps, const uint8_t *data, size_t size)
{
    GstBuffer *headers[3];
    size_t sizes[3] = {0, 0, 0}, at = 0;
    int i;

    if (size >= 6 && data[0] == 0 && (data[1] == 30 || data[1] == 42)) {
        for (i = 0; i < 3; ++i) {
            const uint8_t *begin = data + at + 2;

            if (size - at < 2 || size - at - 2 < (sizes[i] = (size_t)data[at] << 8 | data[at + 1]))
                break;
            headers[i] = copy_of(begin, sizes[i]);
            at += 2 + sizes[i];
        }
        if (i == 3)
            set_stream_header(caps, headers, 3);
        while (i < 3 && i-- > 0)
            gst_buffer_unref(headers[i]);
        return;
    }
    if (size < 3 || data[0] != 2)
        return;
    for (at = 1, i = 0; i < 2; ++i) {
        do {
            if (at >= size)
                return;
            sizes[i] += data[at];
        } while (data[at++] == 255);
    }
    if (size - at < sizes[0] || size - at - sizes[0] < sizes[1])
        return;
    sizes[2] = size - at - sizes[0] - sizes[1];
    for (i = 0; i < 3; at += sizes[i++])
        headers[i] = copy_of(data + at, sizes[i]);
    set_stream_header(caps, headers, 3);
}

static void set_fraction(GstCaps *caps, const char *field, const char *text)
{
    int num = 0, den = 0;

    if (text != NULL && sscanf(text, "%d/%d", &num, &den) == 2 && num > 0 && den > 0)
        gst_caps_set_simple(caps, field, GST_TYPE_FRACTION, num, den, NULL);
}

static void set_number(GstCaps *caps, const char *field, int64_t number)
{
    if (number > 0 && number <= G_MAXINT)
        gst_caps_set_simple(caps, field, G_TYPE_INT, (int)number, NULL);
}

static void set_codec_data(GstCaps *caps, const uint8_t *data, size_t size)
{
    GstBuffer *buffer;

    if (size == 0)
        return;
    buffer = copy_of(data, size);
    gst_caps_set_simple(caps, "codec_data", GST_TYPE_BUFFER, buffer, NULL);
    gst_buffer_unref(buffer);
}

static void set_up(GstCaps *caps, const codec *codec, const uint8_t *data, size_t size)
{
    switch (codec->setup) {
    case IN_BLOCKS:
        break;
    case NAL_UNITS:
        set_nal_units(caps, codec->name, data, size);
        if (!has_lengths(data, size))
            break;
        /* fall through */
    case CODEC_DATA:
        set_codec_data(caps, data, size);
        break;
    case AAC:
        gst_caps_set_simple(caps, "stream-format", G_TYPE_STRING, size > 0 ? "raw" : "adts", "framed", G_TYPE_BOOLEAN, TRUE,
                            NULL);
        set_codec_data(caps, data, size);
        break;
    case OPUS:
        set_opus(caps, data, size);
        break;
    case FLAC:
        set_flac(caps, data, size);
        break;
    case XIPH:
        set_xiph(caps, data, size);
        break;
    }
}

static const codec *codec_of(const h4mk_value *track)
{
    const char *name = h4mk_value_get_text(track, "codec");
    size_t i;

    for (i = 0; name != NULL && i < G_N_ELEMENTS(codecs); ++i)
        if (strcmp(codecs[i].name, name) == 0)
            return &codecs[i];
    return NULL;
}

static size_t extradata_of(const h4mk_value *track, const uint8_t **data)
{
    size_t size = 0;

    return h4mk_value_get_bytes(track, "extradata", data, &size) == H4MK_OK ? size : 0;
}

GstBuffer *h4mk_headers_of(const h4mk_value *track)
{
    const codec *codec = codec_of(track);
    const uint8_t *data = NULL;
    const size_t size = extradata_of(track, &data);

    return codec != NULL && codec->setup == NAL_UNITS && size > 0 && !has_lengths(data, size) ? copy_of(data, size) : NULL;
}

GstCaps *h4mk_caps_of(const h4mk_value *track)
{
    const codec *codec = codec_of(track);
    const char *kind = h4mk_value_get_text(track, "kind");
    const uint8_t *data = NULL;
    const size_t size = extradata_of(track, &data);
    GstCaps *caps;

    if (codec == NULL)
        return NULL;
    caps = gst_caps_from_string(codec->caps);
    if (g_strcmp0(kind, "video") == 0) {
        set_number(caps, "width", h4mk_value_get_int(track, "width", 0));
        set_number(caps, "height", h4mk_value_get_int(track, "height", 0));
        set_fraction(caps, "framerate", h4mk_value_get_text(track, "avg_frame_rate"));
        set_fraction(caps, "pixel-aspect-ratio", h4mk_value_get_text(track, "sample_aspect_ratio"));
    } else if (g_strcmp0(kind, "audio") == 0) {
        const int64_t channels = h4mk_value_get_int(track, "channels", 0);

        set_number(caps, "rate", h4mk_value_get_int(track, "sample_rate", 0));
        set_number(caps, "channels", channels);
        if (channels > 2 && strncmp(codec->caps, "audio/x-raw", 11) == 0)
            gst_caps_set_simple(caps, "channel-mask", GST_TYPE_BITMASK, G_GUINT64_CONSTANT(0), NULL); /* no places */
    }
    set_up(caps, codec, data, size);
    return caps;
}
