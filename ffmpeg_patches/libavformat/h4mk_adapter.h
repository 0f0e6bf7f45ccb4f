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

#ifndef AVFORMAT_H4MK_ADAPTER_H
#define AVFORMAT_H4MK_ADAPTER_H

#include <stdint.h>

#include <h4mk/adapter.h>
#include <h4mk/h4mk.h>

#include "libavcodec/codec_par.h"
#include "libavcodec/packet.h"
#include "avformat.h"

typedef struct H4MKAdapters {
    char *plugin;           ///< file with one that the user names, may be NULL
    h4mk_adapters *list;    ///< NULL until it is needed
} H4MKAdapters;

/**
 * An adapter of libh4mk may decode a codec that FFmpeg does not know. This
 * makes the stream one for the decoder of such tracks. Its extradata is the
 * description of the track.
 *
 * @param object       of the track in TRAK
 * @param[out] preroll packets from before the one that a seek leads to that the
 *                     decoder needs
 * @return 1 if the stream is now that of such a decoder, 0 if not, or a
 *         negative AVERROR code
 */
int ff_h4mk_find_adapter(AVFormatContext *s, H4MKAdapters *adapters,
                         AVStream *st, const h4mk_value *object,
                         uint32_t *preroll);

void ff_h4mk_free_adapters(H4MKAdapters *adapters);

/**
 * Write what the extradata of such a stream says of its track.
 *
 * @return 1, 0 for any other stream, or a negative AVERROR code
 */
int ff_h4mk_write_adapter_track(const AVCodecParameters *par,
                                h4mk_value *track);

/**
 * Tell the decoder the type of a block, which flags do not.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_add_picture_type(AVPacket *pkt, const h4mk_block *block);

/**
 * Whether side data is what ff_h4mk_add_picture_type() added: it has a place of
 * its own in a file.
 */
int ff_h4mk_is_picture_type(const AVStream *st, const AVPacketSideData *sd);

#endif /* AVFORMAT_H4MK_ADAPTER_H */
