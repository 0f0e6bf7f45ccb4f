/*
 * H4MK: what the muxer and the demuxer share
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

#ifndef AVFORMAT_H4MK_H
#define AVFORMAT_H4MK_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include <h4mk/h4mk.h>

#include "libavutil/channel_layout.h"
#include "libavutil/dict.h"
#include "libavutil/macros.h"

#include "libavcodec/packet.h"
#include "avformat.h"
#include "h4mk_compat.h"

#if H4MK_HAVE_STREAM_GROUPS
#include "libavutil/iamf.h"
#endif

/*
 * The file itself is the business of libh4mk. What FFmpeg adds is the meaning
 * of its JSON: an AVStream as an object of TRAK, the rest of an
 * AVFormatContext as the object META, and side data by name. The keys are
 * listed in the specification of the format, in "TRAK", "META" and
 * "Side data".
 */

/**
 * AVEncryptionInfo.scheme of packets that are encrypted in a way that only
 * libh4mk knows; AVEncryptionInfo.iv is the u64le number of the packet, followed
 * by the ciphertext of its side data if it has some.
 */
#define H4MK_ENCRYPTION_SCHEME MKBETAG('h', '4', 'm', 'k')

/**
 * Largest sizes and times that are read. With these no sum or product of two
 * overflows where FFmpeg does not look.
 */
#define H4MK_MAX_SIDE        (1 << 21)    ///< pixels; av_image_check_size() allows no longer sides
#define H4MK_MAX_CHANNELS    UINT16_MAX
#define H4MK_MAX_SAMPLE_RATE (1 << 26)
#define H4MK_MAX_SAMPLES     (1 << 24)    ///< of a frame, a padding, or a block in bytes
#define H4MK_MAX_BIT_RATE    (INT64_C(1) << 48)
#define H4MK_MAX_TIME        (INT64_C(1) << 62)

/**
 * H264_MAX_DPB_FRAMES, HEVC_MAX_DPB_SIZE, MAX_REORDER_DELAY: decoders and
 * libavformat have room for so many pictures that wait.
 */
#define H4MK_MAX_VIDEO_DELAY 16

/* Name of that ciphertext in a file. */
#define H4MK_ENCRYPTED_SIDE_DATA "encrypted"

/**
 * AVEncryptionInitInfo.system_id of what streams have whose packets are returned as
 * ciphertext. Its data is the JSON object {"index", "count", "track", "meta"}: the
 * number of the stream, that of all streams, its object of TRAK, and META. Who has
 * the key compares these with what they were when the packets were encrypted, so
 * they are written again as they are.
 */
#define H4MK_SYSTEM_ID      "H4MK protection"
#define H4MK_SYSTEM_ID_SIZE sizeof(H4MK_SYSTEM_ID)

enum H4MKFieldType {
    H4MK_FIELD_U8,
    H4MK_FIELD_S32,
    H4MK_FIELD_U32,
    H4MK_FIELD_S64,
    H4MK_FIELD_RATIONAL, ///< "num/den"; num is what min and max limit
    H4MK_FIELD_ENUM,     ///< by name; a value without a name as its number
};

/**
 * One member of a C struct, its key in a JSON object, and the values of it that
 * the rest of FFmpeg is ready for. A file may say anything; what is outside is
 * not read.
 */
typedef struct H4MKField {
    const char *key;                        ///< NULL ends a table
    size_t offset;                          ///< of the member in its struct
    enum H4MKFieldType type;
    int64_t min, max;                       ///< smallest and largest value; both 0: any of the type
    int count;                              ///< elements of an array, 0 for a single value
    const char *(*to_name)(int value);      ///< ENUM only: NULL for a value that there is not
} H4MKField;

/**
 * An entry of a table of fields. What follows the type: min, max, .count, .to_name.
 */
#define H4MK_FIELD(container, key, member, type, ...) \
    { key, offsetof(container, member), H4MK_FIELD_ ## type, __VA_ARGS__ }

/**
 * Write the members of a struct into a JSON object.
 *
 * @param defaults members that are the same as here are left out; may be NULL
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_fields(h4mk_value *object, const H4MKField *fields,
                         const void *data, const void *defaults);

/**
 * Read the members of a struct from a JSON object. Members whose key is absent,
 * or whose value is none that the field allows, stay as they are.
 */
void ff_h4mk_read_fields(const h4mk_value *object, const H4MKField *fields,
                         void *data);

/**
 * Tell whether a packet holds no picture that is shown, only what later ones are
 * predicted from. VP8 and VP9 have such packets; the bitstream says so.
 *
 * @return 1 if it is certain, else 0
 */
int ff_h4mk_is_hidden(enum AVCodecID id, const uint8_t *data, int size);

/**
 * Define a function for H4MKField.to_name over a list of names.
 */
#define H4MK_NAMES(function, ...)                                           \
static const char *function(int value)                                      \
{                                                                           \
    static const char *const names[] = { __VA_ARGS__ };                     \
    return (unsigned)value < FF_ARRAY_ELEMS(names) ? names[value] : NULL;   \
}

/**
 * Find the value that has a name. The lookup functions of libavutil are not
 * used for that, most of them are content with the beginning of a name.
 *
 * @param name may be NULL
 * @return the value or H4MK_NO_VALUE
 */
#define H4MK_NO_VALUE INT_MIN
int ff_h4mk_find_name(const char *(*to_name)(int value), const char *name);

/**
 * Write tags as an object; nothing if there are none.
 *
 * @param left_out key of a tag that is not written; may be NULL
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_tags(void *logctx, h4mk_value *object, const char *key,
                       const AVDictionary *tags, const char *left_out);

/**
 * Append the tags of an object.
 *
 * @param object may be NULL
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_tags(AVDictionary **tags, const h4mk_value *object);

/**
 * Write a channel layout but for the number of its channels.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_layout(h4mk_value *object, const AVChannelLayout *layout);

/**
 * Read a channel layout; it must be uninitialized.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_layout(const h4mk_value *object, AVChannelLayout *layout);

/**
 * Describe a stream as an object of TRAK.
 *
 * @param start_time st->start_time as a demuxer shall report it; NULL leaves
 *                   that to the demuxer
 * @param track      an empty object
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_track(AVFormatContext *s, const AVStream *st,
                        const int64_t *start_time, h4mk_value *track);

/**
 * Set up a stream from its object of TRAK, all but its time base.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_track(AVFormatContext *s, AVStream *st,
                       const h4mk_value *track);

/**
 * Describe all of a file but its streams: tags, chapters, programs, groups.
 *
 * @param meta an empty object
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_meta(AVFormatContext *s, h4mk_value *meta);

/**
 * The reverse of ff_h4mk_write_meta(), to be called when all streams exist.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_meta(AVFormatContext *s, const h4mk_value *meta);

/**
 * Tell a stream what is needed to write its ciphertext to another file, see
 * H4MK_SYSTEM_ID.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_add_original(AVFormatContext *s, AVStream *st, const h4mk_value *track, const h4mk_value *meta);

/**
 * @return what ff_h4mk_add_original() told a stream, to be freed with
 *         h4mk_value_free(), or NULL
 */
h4mk_value *ff_h4mk_get_original(const AVStream *st);

/**
 * As ff_h4mk_write_track(), for ciphertext: all but the words about the recording
 * is that of the original.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_original_track(AVFormatContext *s, const AVStream *st, h4mk_value *track);

/**
 * As ff_h4mk_write_meta(), for ciphertext.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_original_meta(AVFormatContext *s, h4mk_value *meta);

/**
 * Room for a name that ff_h4mk_pack_side_data() makes up.
 */
#define H4MK_SIDE_DATA_NAME_SIZE 24

/**
 * Convert side data to the name and the bytes that stand for it in a file.
 *
 * @param[out] dst  name and data, which may point to sd, to name or to *tmp
 * @param[out] name room for H4MK_SIDE_DATA_NAME_SIZE bytes
 * @param[out] tmp  to be freed with av_free() by the caller
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_pack_side_data(const AVPacketSideData *sd, h4mk_side_data *dst,
                           char *name, uint8_t **tmp);

/**
 * Add side data from a file to an array of them.
 *
 * @return 0, also for a name that this build does not know, or a negative
 *         AVERROR code
 */
int ff_h4mk_unpack_side_data(void *logctx, const h4mk_side_data *src,
                             AVPacketSideData **sd, int *nb_sd);

/**
 * Append side data to an array of TRAK.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_side_data(h4mk_value *array, const AVPacketSideData *sd);

/**
 * The reverse of ff_h4mk_write_side_data().
 *
 * @return 0, also for a name that this build does not know, or a negative
 *         AVERROR code
 */
int ff_h4mk_read_side_data(void *logctx, const h4mk_value *object,
                           AVPacketSideData **sd, int *nb_sd);

#if H4MK_HAVE_STREAM_GROUPS
/**
 * Write a parameter definition, IAMF, 3.6.1.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_iamf_param(h4mk_value *object, const AVIAMFParamDefinition *param);

/**
 * @param type      what it must be
 * @param[out] size of the returned block
 * @return a parameter definition to be freed with av_free(), NULL on error
 */
AVIAMFParamDefinition *ff_h4mk_read_iamf_param(const h4mk_value *object,
                                               enum AVIAMFParamDefinitionType type, size_t *size);

/**
 * Write an audio element, IAMF, 3.6.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_audio_element(h4mk_value *object, const AVStreamGroup *group);

/**
 * Read an audio element into a group that has its streams.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_audio_element(const h4mk_value *object, AVStreamGroup *group);

/**
 * Write a mix presentation, IAMF, 3.7.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_mix_presentation(void *logctx, h4mk_value *object,
                                   const AVIAMFMixPresentation *mix);

/**
 * The reverse of ff_h4mk_write_mix_presentation().
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_mix_presentation(const h4mk_value *object, AVIAMFMixPresentation *mix);
#endif /* H4MK_HAVE_STREAM_GROUPS */

/**
 * Read a key from a file: the command line can be seen by others.
 *
 * @param name text that begins like a PEM key is the key itself; may be NULL
 * @param[out] text to be freed with ff_h4mk_free_key(); NULL if there is no name
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_key_file(AVFormatContext *s, const char *name, char **text);

/**
 * Read a hexadecimal key from a file in place of one in an option.
 *
 * @param name may be NULL: key and size stay as they are
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_hex_key_file(AVFormatContext *s, const char *name, uint8_t **key, int *size);

/**
 * Wipe and free what ff_h4mk_read_key_file() gave.
 */
void ff_h4mk_free_key(char **text);

/**
 * @param io_error code that an I/O callback returned, 0 if none failed
 * @return the AVERROR code for a status of libh4mk
 */
int ff_h4mk_error(h4mk_status status, int64_t io_error);

#endif /* AVFORMAT_H4MK_H */
