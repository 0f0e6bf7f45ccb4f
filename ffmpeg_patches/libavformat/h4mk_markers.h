/*
 * H4MK: what a relay of a stream wants to know
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

#ifndef AVFORMAT_H4MK_MARKERS_H
#define AVFORMAT_H4MK_MARKERS_H

#include <stdint.h>

#include "libavcodec/packet.h"
#include "avformat.h"

/* Of a chunk: the tag, then flags and the size of its payload, u32le. */
#define H4MK_CHUNK_HEADER_SIZE 12

/**
 * What a relay wants to know of the cluster that is being gathered.
 */
typedef struct H4MKCluster {
    int nb_packets;
    int nb_video_packets;
    int can_start;          ///< a decoder can start with its first packet, of video if there is any
    int64_t time;           ///< of its first packet, in microseconds
} H4MKCluster;

typedef struct H4MKMarkers {
    uint8_t chunk_header[H4MK_CHUNK_HEADER_SIZE];
    int chunk_header_size;  ///< bytes of it that the library has written
    int64_t chunk_left;     ///< bytes up to the next chunk, 0: its header is being written
    int in_clusters;        ///< there was a cluster
    int has_video;          ///< there is a stream of video but for covers
    H4MKCluster cluster;
    int off;                ///< what is written are no chunks one after the other
} H4MKMarkers;

void ff_h4mk_init_markers(AVFormatContext *s, H4MKMarkers *markers);

/**
 * Note a packet that the library has taken. It writes a cluster before it takes
 * the packet that would be too much for it.
 */
void ff_h4mk_mark_packet(AVFormatContext *s, H4MKMarkers *markers,
                         const AVPacket *pkt);

/**
 * ff_h4mk_write_bytes() with markers in between.
 *
 * @return the number of bytes that are done with, or a negative AVERROR code
 */
int ff_h4mk_write_marked(AVFormatContext *s, H4MKMarkers *markers,
                         const uint8_t *buffer, int len);

/**
 * Write what is too short for the header of a chunk: the checksum at the end.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_rest(AVFormatContext *s, H4MKMarkers *markers);

#endif /* AVFORMAT_H4MK_MARKERS_H */
