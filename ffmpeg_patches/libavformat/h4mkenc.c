/*
 * H4MK muxer
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

#include <string.h>

#include "libavutil/attributes.h"
#include "libavutil/error.h"
#include "libavutil/intreadwrite.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/mathematics.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"

#include "libavcodec/avcodec.h"
#include "libavcodec/codec_desc.h"
#include "libavcodec/codec_id.h"
#include "libavcodec/packet.h"

#include "config_components.h"

#include "avformat.h"
#include "avio.h"
#include "h4mk.h"
#include "h4mk_adapter.h"
#include "h4mk_markers.h"
#include "h4mk_protection.h"
#include "internal.h"

#define DIRECT_WRITE_SIZE (64 << 10)

enum { START_TIMES_FIRST, START_TIMES_GIVEN };

typedef struct H4MKTrack {
    int64_t start_time; ///< what a demuxer shall report as AVStream.start_time
    int has_start_time; ///< start_time is set, also if it is AV_NOPTS_VALUE
    char *json;         ///< the description that the writer has
    AVCodecParserContext *parser; ///< tells types of pictures, NULL where nothing does
    AVCodecContext *parsed;       ///< what the parser knows of the stream
    int hides_types;              ///< nothing tells whether a packet that is not key is P or B
} H4MKTrack;

#if H4MK_HAVE_SIDE_DATA
typedef struct H4MKPackedSideData {
    char name[H4MK_SIDE_DATA_NAME_SIZE];
    uint8_t *data;
} H4MKPackedSideData;
#endif

typedef struct H4MKMuxContext {
    const AVClass *class;
    h4mk_writer *writer;
    int64_t start;          ///< where the file begins in the output
    H4MKTrack *tracks;
    char *meta_json;        ///< the metadata that the writer has
    int started;            ///< there was a packet
    int described;          ///< the writer has tracks and metadata
    int unflushed;          ///< the library has written something since the last flush
#if H4MK_HAVE_SIDE_DATA
    h4mk_side_data *side_data;
    H4MKPackedSideData *packed;
    int side_data_size;     ///< elements of side_data and packed
#endif

    int cluster_size_limit;
    int cluster_time_limit;
    int reserve_index_space;
    int index_to_front;
    int start_times;
    int picture_types;
#if H4MK_HAVE_MARKERS
    H4MKMarkers markers;
#endif
#if H4MK_HAVE_PROTECTION
    H4MKEncryption encryption;
    int ciphertext;         ///< all packets are ciphertext of another file
#endif
#if H4MK_HAVE_COMPRESSION
    char *compression;
#endif
#if H4MK_HAVE_VERSION1
    int format_version;
#endif
} H4MKMuxContext;

int ff_h4mk_write_bytes(AVFormatContext *s, const uint8_t *buffer, int len)
{
    AVIOContext *pb = s->pb;
    const int direct = pb->direct;
    const int block = pb->max_packet_size;

    /* The data of a cluster is one piece for each track: no need to copy it
     * through the buffer of pb. Where the protocol has blocks, those that begin
     * at their multiples are cheaper to write to a file, and to read. */
    if (block > 0) {
        len = FFMIN(len, block - avio_tell(pb) % block);
        pb->direct |= len == block;
    } else
        pb->direct |= len >= DIRECT_WRITE_SIZE;
    avio_write(pb, buffer, len);
    pb->direct = direct;
    return pb->error < 0 ? pb->error : len;
}

static int64_t io_write(void *opaque, const uint8_t *buffer, size_t size)
{
    AVFormatContext *s = opaque;
    H4MKMuxContext *h4mk = s->priv_data;
    const int len = FFMIN(size, 1 << 30);

    h4mk->unflushed = 1;
#if H4MK_HAVE_MARKERS
    return ff_h4mk_write_marked(s, &h4mk->markers, buffer, len);
#else
    return ff_h4mk_write_bytes(s, buffer, len);
#endif
}

static int io_seek(void *opaque, int64_t offset)
{
    AVFormatContext *s = opaque;
    H4MKMuxContext *h4mk = s->priv_data;
    int64_t ret = avio_seek(s->pb, h4mk->start + offset, SEEK_SET);

#if H4MK_HAVE_MARKERS
    h4mk->markers.off = 1;
#endif
    return ret < 0 ? ret : 0;
}

static int writer_error(AVFormatContext *s, h4mk_status status)
{
    H4MKMuxContext *h4mk = s->priv_data;
    const char *message = h4mk->writer ? h4mk_writer_message(h4mk->writer) : "";

    if (status == H4MK_OK)
        return 0;
    av_log(s, AV_LOG_ERROR, "%s\n", message[0] ? message : h4mk_strerror(status));
    return ff_h4mk_error(status, h4mk->writer ? h4mk_writer_io_error(h4mk->writer) : 0);
}

#if H4MK_HAVE_COMPRESSION
/**
 * Whether a codec leaves something for general compression to do.
 */
static int is_compressible(const AVCodecParameters *par)
{
    const AVCodecDescriptor *desc = avcodec_descriptor_get(par->codec_id);

    switch (par->codec_type) {
    case AVMEDIA_TYPE_VIDEO:    return par->codec_id == AV_CODEC_ID_RAWVIDEO || !desc;
    case AVMEDIA_TYPE_AUDIO:    return av_get_exact_bits_per_sample(par->codec_id) >= 8 || !desc;
    case AVMEDIA_TYPE_SUBTITLE: return !desc || desc->props & AV_CODEC_PROP_TEXT_SUB;
    default:                    return par->codec_type != AVMEDIA_TYPE_ATTACHMENT;
    }
}
#endif

/**
 * Whether the parser of a codec tells the type of each picture.
 */
static int parser_tells_types(enum AVCodecID id)
{
    switch (id) {
    case AV_CODEC_ID_AV1:
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
    case AV_CODEC_ID_VP8:
    case AV_CODEC_ID_VP9:
        return 1;
    default:
        return 0;
    }
}

static av_cold int open_parser(AVFormatContext *s, const AVStream *st)
{
    H4MKMuxContext *h4mk = s->priv_data;
    H4MKTrack *track = &h4mk->tracks[st->index];

    if (!h4mk->picture_types || !parser_tells_types(st->codecpar->codec_id))
        return 0;
    track->parser = av_parser_init(st->codecpar->codec_id);
    if (!track->parser) /* this build has none */
        return 0;
    track->parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
    track->parsed = avcodec_alloc_context3(NULL);
    if (!track->parsed)
        return AVERROR(ENOMEM);
    /* a copy of damaged packets is a good copy */
    track->parsed->log_level_offset = AV_LOG_TRACE;
    return avcodec_parameters_to_context(track->parsed, st->codecpar);
}

/**
 * Whether nothing tells P from B in a stream: its packets have no quality stats
 * and no parser reads them. TRAK then gets block_types.
 *
 * @param pkt first packet of the stream, NULL if there is none yet
 */
static int hides_types(AVFormatContext *s, const AVStream *st,
                       const AVPacket *pkt)
{
    const H4MKMuxContext *h4mk = s->priv_data;
    const AVCodecDescriptor *desc = avcodec_descriptor_get(st->codecpar->codec_id);

#if H4MK_HAVE_VERSION1
    if (h4mk->format_version == 1)
        return 0;
#endif
    return st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
           !(st->disposition & AV_DISPOSITION_ATTACHED_PIC) &&
           desc && !(desc->props & AV_CODEC_PROP_INTRA_ONLY) && !h4mk->tracks[st->index].parser &&
           !(pkt && av_packet_get_side_data(pkt, AV_PKT_DATA_QUALITY_STATS, NULL));
}

/**
 * @return one of enum AVPictureType, AV_PICTURE_TYPE_NONE if it is not known
 */
static int picture_type(H4MKTrack *track, const AVPacket *pkt)
{
    const uint8_t *stats;
    uint8_t *data;
    size_t size;
    int parsed_size;

    stats = av_packet_get_side_data(pkt, AV_PKT_DATA_QUALITY_STATS, &size);
    if (stats && size >= 5)
        return stats[4];
    if (!track->parser || !pkt->size ||
        av_packet_get_side_data(pkt, AV_PKT_DATA_ENCRYPTION_INFO, NULL))
        return AV_PICTURE_TYPE_NONE;
    track->parser->pict_type = AV_PICTURE_TYPE_NONE;
    av_parser_parse2(track->parser, track->parsed, &data, &parsed_size, pkt->data, pkt->size,
                     pkt->pts, pkt->dts, pkt->pos);
    return track->parser->pict_type;
}

static int write_track(AVFormatContext *s, const AVStream *st,
                       h4mk_value *value)
{
    H4MKMuxContext *h4mk = s->priv_data;
    const H4MKTrack *track = &h4mk->tracks[st->index];
    int ret;

#if H4MK_HAVE_PROTECTION
    if (h4mk->ciphertext)
        return ff_h4mk_write_original_track(s, st, value);
#endif
    ret = ff_h4mk_write_track(s, st, track->has_start_time ? &track->start_time : NULL, value);
#if H4MK_HAVE_COMPRESSION
    if (ret >= 0 && h4mk->compression && strcmp(h4mk->compression, "none") &&
        is_compressible(st->codecpar))
        ret = ff_h4mk_error(h4mk_value_set_text(value, "compression", h4mk->compression), 0);
#endif
    if (ret >= 0 && track->hides_types)
        ret = ff_h4mk_error(h4mk_value_set_text(value, "block_types", "key"), 0);
    return ret;
}

/**
 * Hand the description of a track to the writer, if it is not the one that the
 * writer has.
 */
static int update_track(AVFormatContext *s, AVStream *st)
{
    H4MKMuxContext *h4mk = s->priv_data;
    H4MKTrack *track = &h4mk->tracks[st->index];
    h4mk_value *value = h4mk_value_new();
    const char *json;
    uint32_t index;
    int ret;

    if (!value)
        return AVERROR(ENOMEM);
    ret = write_track(s, st, value);
    if (ret < 0)
        goto end;
    json = h4mk_value_to_json(value);
    if (!json) {
        ret = AVERROR(ENOMEM);
        goto end;
    }
    if (track->json && !strcmp(track->json, json))
        goto end;
    ret = writer_error(s, track->json ? h4mk_writer_update_track(h4mk->writer, st->index, value)
                                      : h4mk_writer_add_track(h4mk->writer, value, &index));
    if (ret < 0)
        goto end;
    av_free(track->json);
    track->json = av_strdup(json);
    if (!track->json)
        ret = AVERROR(ENOMEM);

end:
    h4mk_value_free(value);
    return ret;
}

static int update_meta(AVFormatContext *s)
{
    H4MKMuxContext *h4mk = s->priv_data;
    h4mk_value *value = h4mk_value_new();
    const char *json;
    int ret;

    if (!value)
        return AVERROR(ENOMEM);
#if H4MK_HAVE_PROTECTION
    ret = h4mk->ciphertext ? ff_h4mk_write_original_meta(s, value)
                           : ff_h4mk_write_meta(s, value);
#else
    ret = ff_h4mk_write_meta(s, value);
#endif
    if (ret < 0)
        goto end;
    json = h4mk_value_to_json(value);
    if (!json) {
        ret = AVERROR(ENOMEM);
        goto end;
    }
    /* a file without metadata needs no META */
    if (!strcmp(h4mk->meta_json ? h4mk->meta_json : "{}", json))
        goto end;
    ret = writer_error(s, h4mk_writer_set_meta(h4mk->writer, value));
    if (ret < 0)
        goto end;
    av_free(h4mk->meta_json);
    h4mk->meta_json = av_strdup(json);
    if (!h4mk->meta_json)
        ret = AVERROR(ENOMEM);

end:
    h4mk_value_free(value);
    return ret;
}

#if H4MK_HAVE_VERSION1
static av_cold int h4mk_init(AVFormatContext *s)
{
    H4MKMuxContext *h4mk = s->priv_data;

    if (h4mk->format_version == 1) {
        /* it has no negative times */
        if (s->avoid_negative_ts == AVFMT_AVOID_NEG_TS_AUTO)
            s->avoid_negative_ts = AVFMT_AVOID_NEG_TS_MAKE_NON_NEGATIVE;
        ffformatcontext(s)->avoid_negative_ts_use_pts = 1;
    }
    return 0;
}

/**
 * Say once a stream what readers that only know version 1 will not see of it.
 */
static void warn_version1(AVFormatContext *s, const AVStream *st)
{
    const int exact = !av_cmp_q(st->time_base, (AVRational){ 1, 1000 });

    av_log(s, AV_LOG_WARNING,
           "Stream %d: version 1 of the format has no place for codec parameters, "
           "durations, flags and side data%s%s. They are in the metadata, for readers that know "
           "of it.\n",
           st->index, st->codecpar->video_delay ? ", nor for decoding timestamps" : "",
           exact ? "" : ", and its times are in milliseconds");
}
#endif

/**
 * Hand all tracks, attachments and the metadata to the writer.
 */
static int describe(AVFormatContext *s)
{
    H4MKMuxContext *h4mk = s->priv_data;

    for (unsigned i = 0; i < s->nb_streams; i++) {
        AVStream *const st = s->streams[i];
        const AVCodecParameters *par = st->codecpar;
        int ret;

#if H4MK_HAVE_VERSION1
        if (h4mk->format_version == 1)
            warn_version1(s, st);
#endif
        ret = update_track(s, st);
        if (ret >= 0 && par->codec_type == AVMEDIA_TYPE_ATTACHMENT && par->extradata_size)
            ret = writer_error(s, h4mk_writer_set_attachment(h4mk->writer, i, par->extradata,
                                                             par->extradata_size));
        if (ret < 0)
            return ret;
    }
    h4mk->described = 1;
    return update_meta(s);
}

static int h4mk_write_header(AVFormatContext *s)
{
    H4MKMuxContext *h4mk = s->priv_data;
    h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
    h4mk_io io = H4MK_IO_INIT;
    const int seekable = !!(s->pb->seekable & AVIO_SEEKABLE_NORMAL);
    int ret;

    if (h4mk->index_to_front && h4mk->reserve_index_space) {
        av_log(s, AV_LOG_ERROR,
               "index_to_front and reserve_index_space exclude each other\n");
        return AVERROR(EINVAL);
    }
#if H4MK_HAVE_VERSION1
    if (h4mk->format_version == 1 && (h4mk->index_to_front || h4mk->reserve_index_space)) {
        av_log(s, AV_LOG_ERROR, "Version 1 of the format has no index at the front\n");
        return AVERROR(EINVAL);
    }
    options.version = h4mk->format_version;
    h4mk->picture_types &= h4mk->format_version == 2;
#endif
#if H4MK_HAVE_COMPRESSION
    if (h4mk->compression && strcmp(h4mk->compression, "none") &&
        strcmp(h4mk->compression, "zstd")) {
        av_log(s, AV_LOG_ERROR, "No compression \"%s\": there are none and zstd\n",
               h4mk->compression);
        return AVERROR(EINVAL);
    }
#endif
    if ((h4mk->index_to_front || h4mk->reserve_index_space) && !seekable)
        av_log(s, AV_LOG_WARNING,
               "The output cannot seek, the index will be at the end only\n");

    h4mk->start = avio_tell(s->pb);
#if H4MK_HAVE_MARKERS
    ff_h4mk_init_markers(s, &h4mk->markers);
#if H4MK_HAVE_VERSION1
    h4mk->markers.off |= h4mk->format_version == 1;
#endif
#endif
    io.opaque   = s;
    io.write    = io_write;
    if (seekable && h4mk->reserve_index_space) {
        io.seek = io_seek;
        options.reserve_index_space = h4mk->reserve_index_space;
    }
    options.cluster_size_limit    = h4mk->cluster_size_limit;
    options.cluster_time_limit_ms = h4mk->cluster_time_limit;
    options.repeatable            = !!(s->flags & AVFMT_FLAG_BITEXACT);
#if H4MK_HAVE_PROTECTION
    ret = ff_h4mk_set_encryption(s, &h4mk->encryption, &options);
    if (ret < 0)
        return ret;
#endif
    ret = writer_error(s, h4mk_writer_open(&io, &options, &h4mk->writer));
#if H4MK_HAVE_PROTECTION
    ff_h4mk_free_encryption(&h4mk->encryption);
#endif
    if (ret < 0)
        return ret;

    h4mk->tracks = av_calloc(s->nb_streams, sizeof(*h4mk->tracks));
    if (!h4mk->tracks)
        return AVERROR(ENOMEM);
    for (unsigned i = 0; i < s->nb_streams; i++) {
        ret = open_parser(s, s->streams[i]);
        if (ret < 0)
            return ret;
    }
#if H4MK_HAVE_PROTECTION
    /* whether packets are ciphertext, which only the first of them shows, is
     * something that descriptions must tell from the beginning */
    if (ff_h4mk_may_be_ciphertext(s))
        return 0;
#endif
    return describe(s);
}

/**
 * @param pkt first packet of the stream, NULL if there is none yet
 * @return when its presentation begins, AV_NOPTS_VALUE if it does not tell
 */
static int64_t presentation_start(const AVStream *st, const AVPacket *pkt)
{
    const AVCodecParameters *par = st->codecpar;
    const int is_audio = par->codec_type == AVMEDIA_TYPE_AUDIO;
    const uint8_t *side_data;
    size_t size;

    if (!pkt || pkt->pts == AV_NOPTS_VALUE || !is_audio && pkt->flags & AV_PKT_FLAG_DISCARD)
        return AV_NOPTS_VALUE;
    side_data = av_packet_get_side_data(pkt, AV_PKT_DATA_SKIP_SAMPLES, &size);
    if (!side_data || size < 4 || !is_audio || par->sample_rate <= 0)
        return pkt->pts;
    return av_sat_add64(pkt->pts, av_rescale_q(AV_RL32(side_data),
                                               (AVRational){ 1, par->sample_rate }, st->time_base));
}

/**
 * Set what a demuxer shall report as start time of a stream, by the rules for
 * "start_time" in h4mk.h.
 *
 * @param pkt        first packet of the stream, NULL if there is none yet
 * @param pkt_offset what libavformat will add to its timestamps
 */
static void set_start_time(AVFormatContext *s, const AVStream *st,
                           const AVPacket *pkt, int64_t pkt_offset)
{
    H4MKMuxContext *h4mk = s->priv_data;
    H4MKTrack *track = &h4mk->tracks[st->index];
    int64_t offset;

    if (st->start_time != AV_NOPTS_VALUE) {
        track->start_time = st->start_time;
        if (ff_get_muxer_ts_offset(s, st->index, &offset) >= 0)
            track->start_time = av_sat_add64(track->start_time, offset);
    } else if (h4mk->start_times == START_TIMES_GIVEN) {
        track->start_time = AV_NOPTS_VALUE;
    } else {
        track->start_time = presentation_start(st, pkt);
        if (track->start_time == AV_NOPTS_VALUE)
            return;
        track->start_time = av_sat_add64(track->start_time, pkt_offset);
    }
    track->has_start_time = 1;
}

/**
 * The first packet opens the file. What waits behind it tells where the other
 * streams start, so that even a reader that cannot seek knows that at once.
 */
static int start(AVFormatContext *s, const AVPacket *first)
{
    H4MKMuxContext *h4mk = s->priv_data;
    int ret = 0;

    h4mk->started = 1;
#if H4MK_HAVE_PROTECTION
    if (!h4mk->described) {
        h4mk->ciphertext = ff_h4mk_has_ciphertext(first);
        ret = describe(s);
    }
    if (h4mk->ciphertext)
        return ret;
#endif
    for (unsigned i = 0; i < s->nb_streams && ret >= 0; i++) {
        AVStream *const st = s->streams[i];
        const AVPacket *pkt = i == first->stream_index ? first : ff_interleaved_peek(s, i);
        int64_t offset;

        /* only the first packet already has the offset of the muxer */
        if (pkt == first || ff_get_muxer_ts_offset(s, i, &offset) < 0)
            offset = 0;
        set_start_time(s, st, pkt, offset);
        h4mk->tracks[i].hides_types = hides_types(s, st, pkt);
        ret = update_track(s, st);
    }
    return ret;
}

/**
 * The first packet of a stream of which none waited when the file was opened.
 */
static int start_stream(AVFormatContext *s, AVStream *st, const AVPacket *pkt)
{
    H4MKMuxContext *h4mk = s->priv_data;
    H4MKTrack *track = &h4mk->tracks[st->index];
    const int hides = hides_types(s, st, pkt);

    if (!track->has_start_time)
        set_start_time(s, st, pkt, 0);
    if (track->hides_types == hides)
        return 0;
    track->hides_types = hides;
    return update_track(s, st);
}

#if H4MK_HAVE_SIDE_DATA
#if H4MK_HAVE_PROTECTION
/**
 * A packet that a demuxer returned as ciphertext is written as that.
 *
 * @return 1 for such a packet, 0 for any other side data, or a negative AVERROR
 *         code
 */
static int take_encryption_info(H4MKMuxContext *h4mk,
                                const AVPacketSideData *sd, h4mk_block *block)
{
    const size_t n = block->side_data_count;
    size_t size;
    int ret = ff_h4mk_get_encryption_info(sd, block, &h4mk->packed[n].data, &size);

    if (ret > 0 && size) {
        h4mk->side_data[n] = (h4mk_side_data){ H4MK_ENCRYPTED_SIDE_DATA,
                                               h4mk->packed[n].data, size };
        block->side_data_count++;
    }
    return ret;
}
#endif

static int pack_side_data(H4MKMuxContext *h4mk, const AVStream *st,
                          const AVPacket *pkt, h4mk_block *block)
{
    const int count = pkt->side_data_elems;
    int ret;

    if (count > h4mk->side_data_size) {
        ret = av_reallocp_array(&h4mk->side_data, count, sizeof(*h4mk->side_data));
        if (ret >= 0)
            ret = av_reallocp_array(&h4mk->packed, count, sizeof(*h4mk->packed));
        h4mk->side_data_size = ret < 0 ? 0 : count;
        if (ret < 0)
            return ret;
    }
    for (int i = 0; i < count; i++) {
        size_t n;

#if H4MK_HAVE_ADAPTERS
        if (ff_h4mk_is_picture_type(st, &pkt->side_data[i]))
            continue;
#endif
#if H4MK_HAVE_PROTECTION
        ret = take_encryption_info(h4mk, &pkt->side_data[i], block);
        if (ret < 0)
            return ret;
        if (ret > 0)
            continue;
#endif
        n   = block->side_data_count;
        ret = ff_h4mk_pack_side_data(&pkt->side_data[i], &h4mk->side_data[n],
                                     h4mk->packed[n].name, &h4mk->packed[n].data);
        if (ret < 0)
            return ret;
        block->side_data_count++;
    }
    block->side_data = h4mk->side_data;
    return 0;
}
#endif

static uint32_t block_type(H4MKTrack *track, const AVPacket *pkt)
{
    /* Key frames are parsed too: the parser needs their headers for the
     * packets that follow. */
    const int type = picture_type(track, pkt);

    if (pkt->flags & AV_PKT_FLAG_KEY)
        return H4MK_BLOCK_TYPE_I | H4MK_BLOCK_KEY;
    switch (type) {
    case AV_PICTURE_TYPE_NONE:
        return pkt->flags & AV_PKT_FLAG_DISPOSABLE ? H4MK_BLOCK_TYPE_B : H4MK_BLOCK_TYPE_P;
    case AV_PICTURE_TYPE_I:
    case AV_PICTURE_TYPE_SI:
        return H4MK_BLOCK_TYPE_I;
    case AV_PICTURE_TYPE_B:
    case AV_PICTURE_TYPE_BI:
        return H4MK_BLOCK_TYPE_B;
    default:
        return H4MK_BLOCK_TYPE_P;
    }
}

static uint32_t block_flags(H4MKTrack *track, const AVPacket *pkt)
{
    uint32_t flags = block_type(track, pkt);

    if (pkt->flags & AV_PKT_FLAG_DISCARD)
        flags |= H4MK_BLOCK_DISCARD;
    if (pkt->flags & AV_PKT_FLAG_CORRUPT)
        flags |= H4MK_BLOCK_CORRUPT;
    if (pkt->flags & AV_PKT_FLAG_DISPOSABLE)
        flags |= H4MK_BLOCK_DISPOSABLE;
    return flags;
}

/**
 * Extradata that comes without a frame completes the header (the final
 * STREAMINFO of FLAC, say); with a frame it is a change in midstream, which the
 * side data of that packet tells. A header that has none yet takes any.
 */
static int check_new_extradata(AVStream *st, const AVPacket *pkt)
{
    size_t size;
    const uint8_t *side_data = av_packet_get_side_data(pkt, AV_PKT_DATA_NEW_EXTRADATA, &size);
    int ret;

    if (!side_data || !size || size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE ||
        pkt->size && st->codecpar->extradata_size)
        return 0;
    ret = ff_alloc_extradata(st->codecpar, size);
    if (ret < 0)
        return ret;
    memcpy(st->codecpar->extradata, side_data, size);
    return 0;
}

static void flush_output(AVFormatContext *s)
{
    H4MKMuxContext *h4mk = s->priv_data;

    /* Whole clusters come from the library. Who reads along or survives
     * a crash shall find them in the file, not in a buffer. */
    if (h4mk->unflushed && s->flush_packets)
        avio_flush(s->pb);
    h4mk->unflushed = 0;
}

static int h4mk_write_packet(AVFormatContext *s, AVPacket *pkt)
{
    H4MKMuxContext *h4mk = s->priv_data;
    h4mk_block block = H4MK_BLOCK_INIT;
    AVStream *st;
    int ret;

    if (!pkt) {
        /* there is nothing to flush before the writer knows the tracks */
        ret = h4mk->described ? writer_error(s, h4mk_writer_flush(h4mk->writer)) : 0;
        flush_output(s);
        return ret < 0 ? ret : 1;
    }

    st = s->streams[pkt->stream_index];
    if (!h4mk->started)
        ret = start(s, pkt);
    else
        ret = st->nb_frames ? 0 : start_stream(s, st, pkt);
    if (ret < 0)
        return ret;

    block.track    = pkt->stream_index;
    block.flags    = block_flags(&h4mk->tracks[pkt->stream_index], pkt);
    block.pts      = pkt->pts;
    block.dts      = pkt->dts;
    block.duration = pkt->duration;
    block.data     = pkt->data;
    block.size     = pkt->size;
    if (pkt->side_data_elems) {
        ret = check_new_extradata(st, pkt);
#if H4MK_HAVE_SIDE_DATA
        if (ret >= 0)
            ret = pack_side_data(h4mk, st, pkt, &block);
#endif
        if (ret < 0)
            goto end;
    }
    if (!(block.flags & H4MK_BLOCK_ENCRYPTED) &&
        !av_packet_get_side_data(pkt, AV_PKT_DATA_ENCRYPTION_INFO, NULL) &&
        ff_h4mk_is_hidden(st->codecpar->codec_id, pkt->data, pkt->size))
        block.flags |= H4MK_BLOCK_DISCARD;
#if H4MK_HAVE_PROTECTION
    if (!(block.flags & H4MK_BLOCK_ENCRYPTED) != !h4mk->ciphertext) {
        av_log(s, AV_LOG_ERROR,
               "Ciphertext and other packets cannot be in the same file\n");
        ret = AVERROR(EINVAL);
        goto end;
    }
#endif
    ret = writer_error(s, h4mk_writer_write(h4mk->writer, &block));
#if H4MK_HAVE_MARKERS
    ff_h4mk_mark_packet(s, &h4mk->markers, pkt);
#endif
    flush_output(s);

end:
#if H4MK_HAVE_SIDE_DATA
    for (int i = 0; i < block.side_data_count; i++)
        av_freep(&h4mk->packed[i].data);
#endif
    return ret;
}

/**
 * Put a copy of the index behind the header of the complete file, as
 * h4mk_writer_front_index() says.
 */
static int move_index_to_front(AVFormatContext *s)
{
    H4MKMuxContext *h4mk = s->priv_data;
    uint8_t checksum[H4MK_CHECKSUM_SIZE];
    const uint8_t *data;
    h4mk_status status;
    size_t size;
    int64_t end, pos;
    int ret;

    status = h4mk_writer_front_index(h4mk->writer, &data, &size, checksum);
    if (status == H4MK_ERR_LIMIT) {
        av_log(s, AV_LOG_WARNING,
               "The index is too large for the front of the file, it stays at the end only\n");
        return 0;
    }
    ret = writer_error(s, status);
    if (ret < 0)
        return ret;

    ret = ff_format_shift_data(s, h4mk->start + H4MK_HEADER_SIZE, size);
    if (ret < 0)
        return ret;
    end = avio_tell(s->pb);
    pos = avio_seek(s->pb, h4mk->start + H4MK_HEADER_SIZE, SEEK_SET);
    if (pos < 0)
        return pos;
    avio_write(s->pb, data, size);
    pos = avio_seek(s->pb, end - H4MK_CHECKSUM_SIZE, SEEK_SET);
    if (pos < 0)
        return pos;
    avio_write(s->pb, checksum, H4MK_CHECKSUM_SIZE);
    return 0;
}

/**
 * @return the first of two results that is an error
 */
static int first_error(int first, int second)
{
    return first < 0 ? first : FFMIN(second, 0);
}

/**
 * What is wrong with a description costs that description only: the file gets
 * its index and its end, and the caller the error.
 */
static int h4mk_write_trailer(AVFormatContext *s)
{
    H4MKMuxContext *h4mk = s->priv_data;
    int ret = h4mk->described ? 0 : describe(s);

    for (unsigned i = 0; i < s->nb_streams; i++)
        ret = first_error(ret, update_track(s, s->streams[i]));
    ret = first_error(ret, update_meta(s));
    ret = first_error(ret, writer_error(s, h4mk_writer_finish(h4mk->writer)));
#if H4MK_HAVE_MARKERS
    ret = first_error(ret, ff_h4mk_write_rest(s, &h4mk->markers));
#endif
    if (ret >= 0 && h4mk->index_to_front && s->pb->seekable & AVIO_SEEKABLE_NORMAL)
        ret = move_index_to_front(s);
    return ret;
}

static av_cold void h4mk_deinit(AVFormatContext *s)
{
    H4MKMuxContext *h4mk = s->priv_data;

    h4mk_writer_free(h4mk->writer);
    h4mk->writer = NULL;
    for (unsigned i = 0; h4mk->tracks && i < s->nb_streams; i++) {
        av_freep(&h4mk->tracks[i].json);
        av_parser_close(h4mk->tracks[i].parser);
        avcodec_free_context(&h4mk->tracks[i].parsed);
    }
    av_freep(&h4mk->tracks);
    av_freep(&h4mk->meta_json);
#if H4MK_HAVE_PROTECTION
    ff_h4mk_free_encryption(&h4mk->encryption); /* of a file that was not begun */
#endif
#if H4MK_HAVE_SIDE_DATA
    av_freep(&h4mk->side_data);
    av_freep(&h4mk->packed);
#endif
}

static int h4mk_query_codec(enum AVCodecID id, int std_compliance)
{
    return 1;
}

#define OFFSET(x) offsetof(H4MKMuxContext, x)
#define E AV_OPT_FLAG_ENCODING_PARAM
static const AVOption options[] = {
    { "cluster_size_limit", "Maximum size of a cluster in bytes, 0: the default of libh4mk",
        OFFSET(cluster_size_limit), AV_OPT_TYPE_INT, { .i64 = 0 }, 0, INT_MAX, E },
    { "cluster_time_limit", "Maximum duration of a cluster in milliseconds, 0: the default of libh4mk",
        OFFSET(cluster_time_limit), AV_OPT_TYPE_INT, { .i64 = 0 }, 0, INT_MAX, E },
    { "reserve_index_space", "Bytes to keep free at the front of the file for a copy of the index",
        OFFSET(reserve_index_space), AV_OPT_TYPE_INT, { .i64 = 0 }, 0, INT_MAX, E },
    { "index_to_front", "Move the data to make room for a copy of the index at the front of the file",
        OFFSET(index_to_front), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, E },
    { "start_times", "Start time of streams whose AVStream.start_time is not set", OFFSET(start_times),
        AV_OPT_TYPE_INT, { .i64 = START_TIMES_FIRST }, START_TIMES_FIRST, START_TIMES_GIVEN, E, .unit = "start_times" },
        { "first", "that of the first packet", 0, AV_OPT_TYPE_CONST, { .i64 = START_TIMES_FIRST }, 0, 0, E, .unit = "start_times" },
        { "given", "not known", 0, AV_OPT_TYPE_CONST, { .i64 = START_TIMES_GIVEN }, 0, 0, E, .unit = "start_times" },
    /* off, since a copy takes a sixth to a third longer with it */
    { "picture_types", "Look into packets for the types of their pictures", OFFSET(picture_types),
        AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, E },
#if H4MK_HAVE_PROTECTION
    { "encryption_scheme", "Encrypt all packets: none, " H4MK_SCHEME_GCM ", " H4MK_SCHEME_LIVING,
        OFFSET(encryption.scheme), AV_OPT_TYPE_STRING, .flags = E },
    { "encryption_key", "Key, hexadecimal",
        OFFSET(encryption.key), AV_OPT_TYPE_BINARY, .flags = E },
    { "encryption_kid", "Id by which the file names the key, hexadecimal",
        OFFSET(encryption.kid), AV_OPT_TYPE_BINARY, .flags = E },
    { "encryption_key_file", "File that holds the key, hexadecimal",
        OFFSET(encryption.key_file), AV_OPT_TYPE_STRING, .flags = E },
    { "signing_key", "Sign the file with the private key in this PEM file",
        OFFSET(encryption.signing_key), AV_OPT_TYPE_STRING, .flags = E },
#endif
#if H4MK_HAVE_COMPRESSION
    { "compression", "Compress the packets of codecs that do not: none, zstd",
        OFFSET(compression), AV_OPT_TYPE_STRING, .flags = E },
#endif
#if H4MK_HAVE_VERSION1
    { "format_version", "Version of the format",
        OFFSET(format_version), AV_OPT_TYPE_INT, { .i64 = 2 }, 1, 2, E },
#endif
    { NULL }
};

static const AVClass h4mk_muxer_class = {
    .class_name = "H4MK muxer",
    .item_name  = av_default_item_name,
    .option     = options,
    .version    = LIBAVUTIL_VERSION_INT,
};

const FFOutputFormat ff_h4mk_muxer = {
    .H4MK_PUBLIC(name)          = "h4mk",
    .H4MK_PUBLIC(long_name)     = NULL_IF_CONFIG_SMALL("H4MK"),
    .H4MK_PUBLIC(mime_type)     = "video/x-h4mk",
    .H4MK_PUBLIC(extensions)    = "h4mk",
    .priv_data_size             = sizeof(H4MKMuxContext),
    .H4MK_PUBLIC(audio_codec)   = AV_CODEC_ID_AAC,
    .H4MK_PUBLIC(video_codec)   = CONFIG_LIBX264_ENCODER ?
                                  AV_CODEC_ID_H264 : AV_CODEC_ID_MPEG4,
    .H4MK_PUBLIC(subtitle_codec)= AV_CODEC_ID_ASS,
#if H4MK_HAVE_VERSION1
    .init                       = h4mk_init,
#endif
    .write_header               = h4mk_write_header,
    .write_packet               = h4mk_write_packet,
    .write_trailer              = h4mk_write_trailer,
    .deinit                     = h4mk_deinit,
    .query_codec                = h4mk_query_codec,
    .H4MK_PUBLIC(flags)         = AVFMT_GLOBALHEADER | AVFMT_VARIABLE_FPS | H4MK_ALLOW_FLUSH |
                                  AVFMT_NODIMENSIONS | AVFMT_TS_NONSTRICT |
#if H4MK_HAVE_EXACT
                                  AVFMT_EXACT |
#endif
                                  AVFMT_TS_NEGATIVE,
    .H4MK_PUBLIC(priv_class)    = &h4mk_muxer_class,
#if H4MK_HAVE_DTS_AFTER_PTS
    .flags_internal             = FF_OFMT_FLAG_ALLOW_FLUSH | FF_OFMT_FLAG_DTS_AFTER_PTS,
#else
    .flags_internal             = FF_OFMT_FLAG_ALLOW_FLUSH,
#endif
};
