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

/* What h4mk_writer_front_index() leaves to its caller. */
#define H4MK_HEADER_SIZE   16
#define H4MK_CHECKSUM_SIZE 4

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
 * An entry of a table of fields. What follows the type: min, max, .count,
 * .to_name.
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
 * Tell whether a packet holds no picture that is shown, only what later ones
 * are predicted from. VP8 and VP9 have such packets; the bitstream says so.
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
 * Write dispositions; nothing if there are none.
 */
h4mk_status ff_h4mk_write_disposition(h4mk_value *object, unsigned disposition);

int ff_h4mk_read_disposition(const h4mk_value *object);

/**
 * Describe a stream as an object of TRAK.
 *
 * The start time of a stream is written and not guessed. The rules:
 *
 *     the muxer knows                              "start_time" in the file
 *     AVStream.start_time                          that, with the offset that libavformat adds
 *     nothing, and start_times is "given"          "unknown"
 *     pts of the first packet; of audio that of    that
 *       the first sample that is not skipped
 *     nothing, as there is no such packet          left out
 *
 *     "start_time" in the file                     AVStream.start_time of the demuxer
 *     a number                                     that
 *     "unknown"                                    AV_NOPTS_VALUE, also when packets come
 *     left out                                     pts of the first packet of the index, or, where
 *                                                  that cannot be read, of the first one that comes
 *
 * @param start_time of the table; NULL leaves it out
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
 * Chapters are left to ff_h4mk_read_chapters().
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_meta(AVFormatContext *s, const h4mk_value *meta);

/**
 * Replace the tags of the file, or of a stream, by those of a description.
 *
 * @return 1 if they are others than before, 0 if not, or a negative AVERROR
 *         code
 */
int ff_h4mk_read_file_tags(AVFormatContext *s, const h4mk_value *meta);
int ff_h4mk_read_stream_tags(AVStream *st, const h4mk_value *track);

/**
 * Add the chapters of a file which are not there yet. They only become more
 * while a file is read, so that no chapter moves that a caller may look at.
 *
 * @param nb_read how many of the description were read before, updated
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_chapters(AVFormatContext *s, const h4mk_value *meta,
                          size_t *nb_read);

/**
 * Write of a file only the words about the recording: tags and chapters.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_meta_words(AVFormatContext *s, h4mk_value *meta);

#if H4MK_HAVE_PROTECTION
/**
 * Write of a stream only the words about the recording: its names and tags.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_track_words(AVFormatContext *s, const AVStream *st,
                              h4mk_value *track);
#endif

#if H4MK_HAVE_SIDE_DATA
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
 * Write the side data of a stream or a group; nothing if there is none.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_side_data(h4mk_value *object,
                            const AVPacketSideData *side_data,
                            int nb_side_data);

/**
 * The reverse of ff_h4mk_write_side_data(). What this build does not know is
 * left out.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_read_side_data(void *logctx, const h4mk_value *object,
                           AVPacketSideData **side_data, int *nb_side_data);
#endif

#if H4MK_HAVE_STREAM_GROUPS
/**
 * Write a group.
 *
 * @param object NULL is an error
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_group(AVFormatContext *s, const AVStreamGroup *group,
                        h4mk_value *object);

/**
 * Add the group of an object to a file that has its streams.
 *
 * @param number of the object in its array
 * @return 0, also for a group that is left out, or a negative AVERROR code
 */
int ff_h4mk_read_group(AVFormatContext *s, const h4mk_value *object,
                       int number);

/**
 * Write a parameter definition, IAMF, 3.6.1.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_iamf_param(h4mk_value *object,
                             const AVIAMFParamDefinition *param);

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
int ff_h4mk_read_mix_presentation(const h4mk_value *object,
                                  AVIAMFMixPresentation *mix);

/**
 * Whether a presentation has the parameters that its users read without a look,
 * and the file has the audio elements that it names.
 */
int ff_h4mk_is_mix_complete(AVFormatContext *s,
                            const AVIAMFMixPresentation *mix);
#endif /* H4MK_HAVE_STREAM_GROUPS */

/**
 * Write to s->pb without copying large pieces through its buffer.
 *
 * @return the number of bytes that were written, or a negative AVERROR code
 */
int ff_h4mk_write_bytes(AVFormatContext *s, const uint8_t *buffer, int len);

/**
 * @param io_error code that an I/O callback returned, 0 if none failed
 * @return the AVERROR code for a status of libh4mk
 */
int ff_h4mk_error(h4mk_status status, int64_t io_error);

#endif /* AVFORMAT_H4MK_H */
