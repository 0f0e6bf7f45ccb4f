/*
 * H4MK: what differs between FFmpeg's series
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

#ifndef AVFORMAT_H4MK_COMPAT_H
#define AVFORMAT_H4MK_COMPAT_H

/*
 * All other files are written for FFmpeg 7.1 and later. What 5.1 lacks is
 * defined here under the name that it has there. What cannot be had there is
 * left out where H4MK_HAVE_... says so.
 */

#include "libavcodec/packet.h"
#include "avformat.h"
#include "internal.h"

/*
 * What a patch of the series for FFmpeg adds to the first one, which
 * upstream.py leaves out where it is not yet there. Nothing else turns it off.
 */
#define H4MK_HAVE_SIDE_DATA    1 ///< of streams and packets
#define H4MK_HAVE_INDEX        1 ///< libavformat's own index
#define H4MK_HAVE_PIPED_COVERS 1 ///< attached pictures from inputs that cannot seek
#define H4MK_HAVE_FOLLOW       1 ///< files that grow while they are read
#define H4MK_HAVE_MARKERS      1 ///< what a relay wants to know
#define H4MK_HAVE_SIDECARS     1 ///< data in files beside the input
#define H4MK_HAVE_PROTECTION   1 ///< encryption and signatures
#define H4MK_HAVE_COMPRESSION  1 ///< of packets
#define H4MK_HAVE_VERSION1     1 ///< writing the first version of the format
#define H4MK_HAVE_MASK         1 ///< the filter h4mask

/* AVFMT_EXACT */
#ifdef AVFMT_EXACT
#define H4MK_HAVE_EXACT 1
#else
#define H4MK_HAVE_EXACT 0
#endif
/* FF_OFMT_FLAG_DTS_AFTER_PTS */
#define H4MK_HAVE_DTS_AFTER_PTS (LIBAVFORMAT_VERSION_MAJOR >= 61)
/* AVStreamGroup, IAMF */
#define H4MK_HAVE_STREAM_GROUPS (LIBAVFORMAT_VERSION_MAJOR >= 61)
/* AVStreamGroupTileGrid.coded_side_data */
#define H4MK_HAVE_TILE_SIDE_DATA (LIBAVFORMAT_VERSION_MAJOR >= 62)
/* AV_PKT_DATA_3D_REFERENCE_DISPLAYS */
#define H4MK_HAVE_REFERENCE_DISPLAYS (LIBAVFORMAT_VERSION_MAJOR >= 62)
/* AVDynamicHDRSmpte2094App5 */
#define H4MK_HAVE_2094_50       (LIBAVFORMAT_VERSION_MAJOR >= 63)
/* AVStreamGroupLayeredVideo, AVStreamGroupTREF */
#define H4MK_HAVE_LAYERED_VIDEO (LIBAVFORMAT_VERSION_MAJOR >= 63)
/* side data and members of it that came after 5.1 */
#define H4MK_HAVE_NEW_SIDE_DATA (LIBAVFORMAT_VERSION_MAJOR >= 61)
/* codec ids and decoders for tracks that an adapter of libh4mk decodes */
#define H4MK_HAVE_ADAPTERS      (LIBAVFORMAT_VERSION_MAJOR >= 61)
/* AVCodecParameters.framerate */
#define H4MK_HAVE_FRAMERATE     (LIBAVFORMAT_VERSION_MAJOR >= 61)

#if LIBAVFORMAT_VERSION_MAJOR >= 61

#include "demux.h"
#include "mux.h"

/* a public member of FFInputFormat or FFOutputFormat */
#define H4MK_PUBLIC(member) p.member

/* layered video, which was LCEVC alone before */
#if H4MK_HAVE_LAYERED_VIDEO
#define H4MK_LAYERED_VIDEO   AVStreamGroupLayeredVideo
#define H4MK_LAYERED(group)  ((group)->params.layered_video)
#define H4MK_EL_INDEX        el_index
#else
#define H4MK_LAYERED_VIDEO   AVStreamGroupLCEVC
#define H4MK_LAYERED(group)  ((group)->params.lcevc)
#define H4MK_EL_INDEX        lcevc_index
#endif

/* the side data that applies to the whole of a stream */
#define H4MK_STREAM_SIDE_DATA(st)    ((st)->codecpar->coded_side_data)
#define H4MK_STREAM_NB_SIDE_DATA(st) ((st)->codecpar->nb_coded_side_data)

#if defined(FF_API_ALLOW_FLUSH) && FF_API_ALLOW_FLUSH
#define H4MK_ALLOW_FLUSH AVFMT_ALLOW_FLUSH
#else
#define H4MK_ALLOW_FLUSH 0
#endif

#else /* FFmpeg 5.1 */

#include <string.h>

#include "libavutil/channel_layout.h"
#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/hdr_dynamic_metadata.h"
#include "libavutil/mastering_display_metadata.h"
#include "libavutil/mem.h"
#include "libavutil/stereo3d.h"

#include "demux.h"
#include "mux.h"

typedef AVInputFormat  FFInputFormat;
typedef AVOutputFormat FFOutputFormat;
#define H4MK_PUBLIC(member) member

#define H4MK_STREAM_SIDE_DATA(st)    ((st)->side_data)
#define H4MK_STREAM_NB_SIDE_DATA(st) ((st)->nb_side_data)

#define H4MK_ALLOW_FLUSH           AVFMT_ALLOW_FLUSH
#define FF_OFMT_FLAG_ALLOW_FLUSH   0
#define FF_INFMT_FLAG_INIT_CLEANUP FF_FMT_INIT_CLEANUP
#define FF_INFMT_FLAG_EXACT        FF_FMT_EXACT

static inline const AVDictionaryEntry *av_dict_iterate(const AVDictionary *m,
                                                       const AVDictionaryEntry *prev)
{
    return av_dict_get(m, "", prev, AV_DICT_IGNORE_SUFFIX);
}

static inline int av_channel_layout_custom_init(AVChannelLayout *layout, int nb_channels)
{
    layout->u.map = av_calloc(nb_channels, sizeof(*layout->u.map));
    if (!layout->u.map)
        return AVERROR(ENOMEM);
    for (int i = 0; i < nb_channels; i++)
        layout->u.map[i].id = AV_CHAN_UNKNOWN;
    layout->order       = AV_CHANNEL_ORDER_CUSTOM;
    layout->nb_channels = nb_channels;
    return 0;
}

static inline AVPacketSideData *av_packet_side_data_add(AVPacketSideData **sd, int *nb_sd,
                                                        enum AVPacketSideDataType type,
                                                        void *data, size_t size, int flags)
{
    AVPacketSideData *array;

    for (int i = 0; i < *nb_sd; i++)
        if ((*sd)[i].type == type) {
            av_free((*sd)[i].data);
            (*sd)[i].data = data;
            (*sd)[i].size = size;
            return &(*sd)[i];
        }
    array = av_realloc_array(*sd, *nb_sd + 1, sizeof(**sd));
    if (!array)
        return NULL;
    *sd = array;
    array[*nb_sd] = (AVPacketSideData){ .data = data, .size = size, .type = type };
    return &array[(*nb_sd)++];
}

static inline AVPacketSideData *av_packet_side_data_new(AVPacketSideData **sd, int *nb_sd,
                                                        enum AVPacketSideDataType type,
                                                        size_t size, int flags)
{
    uint8_t *data = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    AVPacketSideData *added = data ? av_packet_side_data_add(sd, nb_sd, type, data, size, flags)
                                   : NULL;

    if (!added)
        av_free(data);
    return added;
}

static inline const char *av_stereo3d_view_name(unsigned int view)
{
    static const char *const names[] = { "packed", "left", "right" };

    return view < FF_ARRAY_ELEMS(names) ? names[view] : NULL;
}

static inline AVStereo3D *av_stereo3d_alloc_size(size_t *size)
{
    *size = sizeof(AVStereo3D);
    return av_stereo3d_alloc();
}

static inline AVMasteringDisplayMetadata *av_mastering_display_metadata_alloc_size(size_t *size)
{
    *size = sizeof(AVMasteringDisplayMetadata);
    return av_mastering_display_metadata_alloc();
}

/* 5.1 can neither read nor write the payload, nor does any of its demuxers
 * give such side data. */

static inline int av_dynamic_hdr_plus_to_t35(const AVDynamicHDRPlus *s, uint8_t **data,
                                             size_t *size)
{
    return AVERROR(ENOSYS);
}

static inline int av_dynamic_hdr_plus_from_t35(AVDynamicHDRPlus *s, const uint8_t *data,
                                               size_t size)
{
    return AVERROR(ENOSYS);
}

#endif

#endif /* AVFORMAT_H4MK_COMPAT_H */
