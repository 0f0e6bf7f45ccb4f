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

#include <stdint.h>
#include <string.h>

#include "libavutil/intreadwrite.h"
#include "libavutil/macros.h"
#include "libavutil/mathematics.h"

#include "libavcodec/packet.h"

#include "avformat.h"
#include "avio.h"
#include "h4mk.h"
#include "h4mk_markers.h"

void ff_h4mk_init_markers(AVFormatContext *s, H4MKMarkers *markers)
{
    markers->chunk_left = H4MK_HEADER_SIZE;
    for (unsigned i = 0; i < s->nb_streams; i++)
        markers->has_video |= s->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
                              !(s->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC);
}

/**
 * Tell who relays the stream what begins with a chunk: what comes before the
 * first cluster is the header that every reader needs, and each cluster that
 * begins with a packet to start with is a place where one can join.
 */
static void mark_chunk(AVFormatContext *s, H4MKMarkers *markers,
                       const uint8_t *header)
{
    const H4MKCluster cluster = markers->cluster;

    if (AV_RL32(header) == MKTAG('C', 'O', 'R', 'E')) {
        memset(&markers->cluster, 0, sizeof(markers->cluster));
        markers->in_clusters = 1;
        avio_write_marker(s->pb, cluster.nb_packets ? cluster.time : AV_NOPTS_VALUE,
                          cluster.can_start ? AVIO_DATA_MARKER_SYNC_POINT
                                            : AVIO_DATA_MARKER_BOUNDARY_POINT);
    } else if (markers->in_clusters)
        avio_write_marker(s->pb, AV_NOPTS_VALUE, AVIO_DATA_MARKER_TRAILER);
}

void ff_h4mk_mark_packet(AVFormatContext *s, H4MKMarkers *markers,
                         const AVPacket *pkt)
{
    H4MKCluster *cluster = &markers->cluster;
    const AVStream *st = s->streams[pkt->stream_index];
    const int64_t time = pkt->pts != AV_NOPTS_VALUE ? pkt->pts : pkt->dts;
    const int is_video = st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;

    if (!cluster->nb_packets++)
        cluster->time = time == AV_NOPTS_VALUE ? time :
                        av_rescale_q(time, st->time_base, AV_TIME_BASE_Q);
    if (is_video ? !cluster->nb_video_packets++ : !markers->has_video && cluster->nb_packets == 1)
        cluster->can_start = !!(pkt->flags & AV_PKT_FLAG_KEY);
}

int ff_h4mk_write_marked(AVFormatContext *s, H4MKMarkers *markers,
                         const uint8_t *buffer, int len)
{
    int ret;

    if (!s->pb->write_data_type || markers->off)
        return ff_h4mk_write_bytes(s, buffer, len);

    if (!markers->in_clusters)
        avio_write_marker(s->pb, AV_NOPTS_VALUE, AVIO_DATA_MARKER_HEADER);
    /* up to where the next chunk begins, whose header says what it is */
    if (!markers->chunk_left) {
        const int missing = H4MK_CHUNK_HEADER_SIZE - markers->chunk_header_size;

        memcpy(markers->chunk_header + markers->chunk_header_size, buffer, FFMIN(len, missing));
        if (len < missing) {
            markers->chunk_header_size += len;
            return len; /* written with the rest of it */
        }
        mark_chunk(s, markers, markers->chunk_header);
        ret = ff_h4mk_write_bytes(s, markers->chunk_header, H4MK_CHUNK_HEADER_SIZE);
        if (ret < 0)
            return ret;
        markers->chunk_header_size = 0;
        markers->chunk_left        = AV_RL32(markers->chunk_header + 8);
        markers->chunk_left       += H4MK_CHECKSUM_SIZE;
        return missing;
    }
    ret = ff_h4mk_write_bytes(s, buffer, FFMIN(len, markers->chunk_left));
    if (ret > 0)
        markers->chunk_left -= ret;
    return ret;
}

int ff_h4mk_write_rest(AVFormatContext *s, H4MKMarkers *markers)
{
    const int size = markers->chunk_header_size;

    markers->chunk_header_size = 0;
    return size ? FFMIN(ff_h4mk_write_bytes(s, markers->chunk_header, size), 0) : 0;
}
