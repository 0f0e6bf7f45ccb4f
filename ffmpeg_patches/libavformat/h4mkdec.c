/*
 * H4MK demuxer
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

#include "libavutil/buffer.h"
#include "libavutil/dict.h"
#include "libavutil/error.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/mathematics.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"

#include "libavcodec/packet.h"

#include "avformat.h"
#include "avio.h"
#include "h4mk.h"
#include "h4mk_adapter.h"
#include "h4mk_beside.h"
#include "h4mk_follow.h"
#include "h4mk_packet.h"
#include "h4mk_protection.h"
#include "internal.h"

#if H4MK_HAVE_PIPED_COVERS
/* A cover that does not come with the first packets of a pipe is no cover. */
#define MAX_PACKETS_AHEAD 32
#endif

/* A file can be wrong everywhere: of more than this nobody reads the log. */
#define MAX_LOSSES_LOGGED 100

enum TrackState {
    TRACK_READ,
    TRACK_DISCARDED, ///< by the caller, through AVStream.discard
    TRACK_PICTURE,   ///< its only packet is AVStream.attached_pic
};

typedef struct H4MKTrack {
    enum TrackState state;
#if H4MK_HAVE_ADAPTERS
    int has_adapter;        ///< FFmpeg knows the track as one that an adapter decodes
#endif
    int has_start_time;     ///< AVStream.start_time is what the file says, AV_NOPTS_VALUE or not
    H4MKSharedBuffer shared;
} H4MKTrack;

typedef struct H4MKDemuxContext {
    const AVClass *class;
    h4mk_reader *reader;
    int64_t start;          ///< where the file begins in the input
    int64_t size;           ///< of the input when it was last looked at; negative: look again
    H4MKTrack *tracks;
    size_t nb_chapters;     ///< how many of META were read
#if H4MK_HAVE_PIPED_COVERS
    AVPacket *ahead[MAX_PACKETS_AHEAD]; ///< packets that were read in search of covers
    int nb_ahead;
    int first_ahead;        ///< the next of them to be returned
#endif
    uint64_t nb_losses;     ///< parts of the file that were passed over
    int nb_discarded;       ///< streams in TRACK_DISCARDED
    int check_discard;      ///< AVStream.discard may have changed anywhere
    H4MKBufferPools pools;
#if H4MK_HAVE_FOLLOW
    H4MKGrowth growth;
#endif
#if H4MK_HAVE_PROTECTION
    H4MKDecryption decryption;
#endif
#if H4MK_HAVE_SIDECARS
    H4MKBeside beside;
#endif
#if H4MK_HAVE_MASK
    int block_numbers;
#endif
#if H4MK_HAVE_ADAPTERS
    H4MKAdapters adapters;
#endif
} H4MKDemuxContext;

static int h4mk_probe_file(const AVProbeData *p)
{
    return h4mk_probe(p->buf, p->buf_size) ? AVPROBE_SCORE_MAX : 0;
}

static int64_t io_read(void *opaque, uint8_t *buffer, size_t size)
{
    AVFormatContext *s = opaque;
    H4MKDemuxContext *h4mk = s->priv_data;
    AVIOContext *pb = s->pb;
    const int direct = pb->direct;
    int len = FFMIN(size, 1 << 30);
    int ret;

    if (pb->seekable & AVIO_SEEKABLE_NORMAL) {
#if H4MK_HAVE_FOLLOW
        if (h4mk->growth.follow) {
            len = FFMIN(len, ff_h4mk_bytes_left(s, &h4mk->size));
            if (!len)
                return 0;
        }
#endif
        /* libh4mk reads ahead by itself, as far as is worth it: no need to
         * fill the buffer of pb as well, and to copy from there */
        pb->direct = 1;
        ret = avio_read(pb, buffer, len);
        pb->direct = direct;
    } else
        ret = avio_read_partial(pb, buffer, len); /* what a pipe has by now */
    if (h4mk->size >= 0 && avio_tell(pb) > h4mk->size)
        h4mk->size = -1; /* the file has grown */

    return ret == AVERROR_EOF ? 0 : ret;
}

static int io_seek(void *opaque, int64_t offset)
{
    AVFormatContext *s = opaque;
    const H4MKDemuxContext *h4mk = s->priv_data;
    AVIOContext *pb = s->pb;
    const int direct = pb->direct;
    int64_t ret = avio_seek(pb, h4mk->start + offset, SEEK_SET);

    if (ret == AVERROR_EOF) {
        /* a short way behind the end, which pb went by reading */
        pb->direct = 1;
        ret = avio_seek(pb, h4mk->start + offset, SEEK_SET);
        pb->direct = direct;
    }
    return FFMIN(ret, 0);
}

static int64_t io_size(void *opaque)
{
    AVFormatContext *s = opaque;
    H4MKDemuxContext *h4mk = s->priv_data;

    if (h4mk->size < 0)
        h4mk->size = avio_size(s->pb);
    return h4mk->size < 0 ? h4mk->size : FFMAX(h4mk->size - h4mk->start, 0);
}

static int log_error(AVFormatContext *s, h4mk_status status, int level)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const char *message = h4mk->reader ? h4mk_reader_message(h4mk->reader) : "";
    const int ret = ff_h4mk_error(status, h4mk->reader ? h4mk_reader_io_error(h4mk->reader) : 0);

    if (ret == AVERROR(EAGAIN) || ret == AVERROR_EXIT)
        level = AV_LOG_DEBUG; /* nothing is wrong, the caller asked for it */
    if (ret < 0)
        av_log(s, level, "%s\n", message[0] ? message : h4mk_strerror(status));
    return ret;
}

static int reader_error(AVFormatContext *s, h4mk_status status)
{
    return log_error(s, status, AV_LOG_ERROR);
}

/**
 * The same where reading goes on behind the part that is lost.
 */
static int reader_loss(AVFormatContext *s, h4mk_status status)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const int many = h4mk->nb_losses >= MAX_LOSSES_LOGGED;
    const int ret = log_error(s, status, many ? AV_LOG_VERBOSE : AV_LOG_ERROR);

    if (ret < 0 && ++h4mk->nb_losses == MAX_LOSSES_LOGGED)
        av_log(s, AV_LOG_ERROR, "What else is lost is logged at level verbose\n");
    return ret;
}

static void log_warnings(AVFormatContext *s)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const char *message;

    while ((message = h4mk_reader_next_warning(h4mk->reader)))
        av_log(s, AV_LOG_WARNING, "%s\n", message);
}

#if H4MK_HAVE_MASK
static int add_block_number(AVPacket *pkt, uint64_t number)
{
    char text[24];
    AVDictionary *dict = NULL;
    uint8_t *data;
    size_t size;
    int ret;

    snprintf(text, sizeof(text), "%"PRIu64, number);
    ret = av_dict_set(&dict, "h4mk_block", text, 0);
    data = ret >= 0 ? av_packet_pack_dictionary(dict, &size) : NULL;
    av_dict_free(&dict);
    if (!data || av_packet_add_side_data(pkt, AV_PKT_DATA_STRINGS_METADATA, data, size) < 0) {
        av_free(data);
        return AVERROR(ENOMEM);
    }
    return 0;
}
#endif

/**
 * A file may say anything. What callers add to timestamps is something that can
 * be added; only subtitles use what is below 0.
 */
static int64_t packet_duration(const AVStream *st, const h4mk_block *block)
{
    const int is_subtitle = st->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE;

    if (block->duration < 0 && !is_subtitle || FFABS(block->duration) > H4MK_MAX_TIME)
        return 0;
    return block->duration;
}

/**
 * @param share 0: the packet stays for long, it gets a buffer of its own
 */
static int set_packet(AVFormatContext *s, AVPacket *pkt,
                      const h4mk_block *block, int share)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    AVStream *const st = s->streams[block->track];
    H4MKTrack *track = &h4mk->tracks[block->track];
    int ret = ff_h4mk_set_payload(&h4mk->pools, share ? &track->shared : NULL, pkt, block);

    if (ret < 0)
        return ret;
    pkt->stream_index = block->track;
    pkt->pts          = block->pts;
    pkt->dts          = block->dts;
    pkt->duration     = packet_duration(st, block);
    pkt->pos          = block->offset >= 0 ? h4mk->start + block->offset : -1;
    if (st->start_time == AV_NOPTS_VALUE && !track->has_start_time)
        st->start_time = block->pts;
    if (block->flags & H4MK_BLOCK_KEY)
        pkt->flags |= AV_PKT_FLAG_KEY;
    /* the muxer marks what the bitstream does not show, so that frames can be
     * counted */
    if (block->flags & H4MK_BLOCK_DISCARD &&
        (block->flags & H4MK_BLOCK_ENCRYPTED ||
         !ff_h4mk_is_hidden(st->codecpar->codec_id, block->data, block->size)))
        pkt->flags |= AV_PKT_FLAG_DISCARD;
    if (block->flags & H4MK_BLOCK_CORRUPT)
        pkt->flags |= AV_PKT_FLAG_CORRUPT;
    if (block->flags & H4MK_BLOCK_DISPOSABLE)
        pkt->flags |= AV_PKT_FLAG_DISPOSABLE;

#if H4MK_HAVE_PROTECTION
    if (block->flags & H4MK_BLOCK_ENCRYPTED)
        return ff_h4mk_add_encryption_info(pkt, block);
#endif
#if H4MK_HAVE_SIDE_DATA
    /* FFmpeg refuses to copy a packet that has more than one of each */
    for (size_t i = 0; i < FFMIN(block->side_data_count, AV_PKT_DATA_NB) && ret >= 0; i++)
        ret = ff_h4mk_unpack_side_data(s, &block->side_data[i],
                                       &pkt->side_data, &pkt->side_data_elems);
#endif
#if H4MK_HAVE_ADAPTERS
    if (ret >= 0 && track->has_adapter)
        ret = ff_h4mk_add_picture_type(pkt, block);
#endif
#if H4MK_HAVE_MASK
    if (ret >= 0 && h4mk->block_numbers)
        ret = add_block_number(pkt, block->ordinal);
#endif
    return ret;
}

/**
 * Read on to the next block of a track.
 */
static h4mk_status next_of_track(H4MKDemuxContext *h4mk, int track,
                                 h4mk_block *block)
{
    h4mk_status status;

    do {
        status = h4mk_reader_next(h4mk->reader, block);
    } while (H4MK_GOES_ON(status) && (status != H4MK_OK || block->track != track));
    return status;
}

static int read_attached_pic(AVFormatContext *s, AVStream *st)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    h4mk_block block = H4MK_BLOCK_INIT;
    h4mk_status status;
    int ret;

    status = h4mk_reader_seek(h4mk->reader, st->index, INT64_MIN + 1,
                              H4MK_SEEK_BACKWARD | H4MK_SEEK_ANY);
    if (status == H4MK_OK)
        status = next_of_track(h4mk, st->index, &block);
    if (status == H4MK_OK && block.size) {
        av_packet_unref(&st->attached_pic);
        ret = set_packet(s, &st->attached_pic, &block, 0);
        if (ret < 0)
            return ret;
        st->attached_pic.flags |= AV_PKT_FLAG_KEY;
        h4mk->tracks[st->index].state = TRACK_PICTURE;
        h4mk_reader_discard(h4mk->reader, st->index, 1);
    }
    return reader_error(s, h4mk_reader_rewind(h4mk->reader));
}

static int is_cover(const AVStream *st)
{
    return st->disposition & AV_DISPOSITION_ATTACHED_PIC &&
           !(st->disposition & AV_DISPOSITION_TIMED_THUMBNAILS);
}

static int read_attachment(AVFormatContext *s, AVStream *st)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const uint8_t *data;
    size_t size;
    int ret;

    if (h4mk_reader_attachment(h4mk->reader, st->index, &data, &size) != H4MK_OK ||
        size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE) {
        av_log(s, AV_LOG_WARNING, "Attachment stream %d has no data\n", st->index);
        return 0;
    }
    ret = ff_alloc_extradata(st->codecpar, size);
    if (ret < 0)
        return ret;
    memcpy(st->codecpar->extradata, data, size);
    return 0;
}

static void set_times(AVFormatContext *s, AVStream *st, const h4mk_value *track,
                      const h4mk_track_info *info)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    FFStream *const sti = ffstream(st);
    const int is_av = st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO ||
                      st->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;

    avpriv_set_pts_info(st, 64, info->time_base_num, info->time_base_den);
    if (h4mk_value_get(track, "start_time")) {
        st->start_time = h4mk_value_get_int(track, "start_time", AV_NOPTS_VALUE);
        if (st->start_time < -H4MK_MAX_TIME || st->start_time > H4MK_MAX_TIME)
            st->start_time = AV_NOPTS_VALUE;
        /* libavformat waits for the start of audio and video only, and learns
         * that of other streams when it comes */
        h4mk->tracks[st->index].has_start_time = is_av;
    } else
        st->start_time = info->start_pts;
    st->nb_frames  = FFMIN(info->block_count, INT64_MAX);
    if (info->end_pts != H4MK_NO_TIME && st->start_time != AV_NOPTS_VALUE)
        st->duration = FFMAX(av_sat_sub64(info->end_pts, st->start_time), 0);

    /* A first_dts tells avformat_find_stream_info() that there is no need to
     * read packets in search of it. Where it is not known any value will do,
     * as nothing is derived from it with FF_INFMT_FLAG_EXACT. */
    sti->first_dts = info->first_dts != H4MK_NO_TIME     ? info->first_dts :
                     st->start_time  != AV_NOPTS_VALUE   ? st->start_time : 0;
    sti->cur_dts   = sti->first_dts;
}

#if H4MK_HAVE_INDEX
static int compare_entries(const void *pa, const void *pb)
{
    const AVIndexEntry *a = pa, *b = pb;

    if (a->timestamp != b->timestamp)
        return FFDIFFSIGN(a->timestamp, b->timestamp);
    return FFDIFFSIGN(a->pos, b->pos);
}

/**
 * Sort the index of a stream. Of entries with the same time, the last one
 * counts.
 */
static void sort_stream_index(FFStream *sti)
{
    AVIndexEntry *const index = sti->index_entries;
    int count = 0;

    /* not AV_QSORT(): some orders make it quadratic */
    qsort(index, sti->nb_index_entries, sizeof(*index), compare_entries);
    for (int i = 0; i < sti->nb_index_entries; i++)
        if (i + 1 == sti->nb_index_entries || index[i].timestamp != index[i + 1].timestamp)
            index[count++] = index[i];
    sti->nb_index_entries = count;
}

/**
 * Append index entries of a stream, which av_add_index_entry() would do one by
 * one with a search each.
 */
static int read_stream_index(AVFormatContext *s, AVStream *st, uint64_t count)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    FFStream *const sti = ffstream(st);
    h4mk_index_entry entries[256] = { H4MK_INDEX_ENTRY_INIT };
    AVIndexEntry *index;
    uint64_t done = 0;
    size_t copied;
    int sorted = 1;

    if (!count)
        return 0;
    index = av_fast_realloc(sti->index_entries, &sti->index_entries_allocated_size,
                            count * sizeof(*sti->index_entries));
    if (!index)
        return AVERROR(ENOMEM);
    sti->index_entries = index;
    do {
        if (h4mk_reader_index_entries(h4mk->reader, st->index, done, entries,
                                      FF_ARRAY_ELEMS(entries), &copied) != H4MK_OK)
            break; /* seeking does not depend on it */
        for (size_t i = 0; i < copied && done < count; i++, done++) {
            AVIndexEntry *ie = sti->index_entries + sti->nb_index_entries;
            const int64_t pos = h4mk->start + entries[i].offset;

            if (entries[i].time == AV_NOPTS_VALUE)
                continue;
            if (sti->nb_index_entries && ie[-1].timestamp >= entries[i].time)
                sorted = 0;
            *ie = (AVIndexEntry){
                .pos       = pos,
                .timestamp = entries[i].time,
                .flags     = AVINDEX_KEYFRAME,
            };
            sti->nb_index_entries++;
        }
    } while (copied == FF_ARRAY_ELEMS(entries) && done < count);
    if (!sorted)
        sort_stream_index(sti);
    return 0;
}

/**
 * Hand out the index of each stream that max_index_size has room for. Seeking
 * does not depend on it.
 */
static int read_index(AVFormatContext *s)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    uint64_t entries, bytes;
    int ret = 0;

    for (unsigned i = 0; i < s->nb_streams && ret >= 0; i++)
        if (h4mk_reader_index_size(h4mk->reader, i, &entries, &bytes) == H4MK_OK &&
            entries <= s->max_index_size / sizeof(AVIndexEntry))
            ret = read_stream_index(s, s->streams[i], entries);
    return ret;
}
#endif

/**
 * Open the input. One that is followed may have been begun a moment ago, and
 * not have all its descriptions yet: it gets a second for that.
 */
static int open_when_complete(AVFormatContext *s, const h4mk_io *io,
                              const h4mk_reader_options *options)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    h4mk_status status = h4mk_reader_open(io, options, &h4mk->reader);

#if H4MK_HAVE_FOLLOW
    const int patience = h4mk->growth.follow && io->seek ? 50 : 0;

    for (int i = 0; status == H4MK_ERR_TRUNCATED && i < patience; i++) {
        const int ret = ff_h4mk_pause(s);

        if (ret < 0)
            return ret;
        h4mk_reader_free(h4mk->reader);
        h4mk->reader       = NULL;
        h4mk->size         = -1;
        s->pb->eof_reached = 0;
        if (avio_seek(s->pb, h4mk->start, SEEK_SET) < 0)
            break;
        status = h4mk_reader_open(io, options, &h4mk->reader);
    }
#endif
    return reader_error(s, status);
}

static int open_reader(AVFormatContext *s, const h4mk_io *io)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    h4mk_buffers buffers = H4MK_BUFFERS_INIT;
    int ret = 0;

    buffers.opaque       = &h4mk->pools;
    buffers.alloc        = ff_h4mk_alloc_buffer;
    buffers.release      = ff_h4mk_release_buffer;
    options.buffers      = &buffers;
    options.keep_corrupt = !(s->error_recognition & AV_EF_CRCCHECK) ||
                           s->error_recognition & AV_EF_IGNORE_ERR;
#if H4MK_HAVE_SIDECARS
    h4mk->beside.s        = s;
    options.open_beside   = ff_h4mk_open_beside;
    options.beside_opaque = &h4mk->beside;
#endif
#if H4MK_HAVE_PROTECTION
    ret = ff_h4mk_set_decryption(s, &h4mk->decryption, &options);
#if H4MK_HAVE_FOLLOW
    if (options.refuse_unsigned && h4mk->growth.follow)
        options.refuse_unsigned = 2; /* its end comes later */
#endif
#endif
    if (ret >= 0)
        ret = open_when_complete(s, io, &options);
#if H4MK_HAVE_PROTECTION
    if (ret == AVERROR(EACCES) && !options.key_count && !options.verify_key)
        av_log(s, AV_LOG_ERROR, "-decryption_key_file FILE before the input gives the key; "
               "-keep_encrypted 1 shows what is known without it\n");
    ff_h4mk_free_decryption(&h4mk->decryption);
#endif
    return ret;
}

#if H4MK_HAVE_ADAPTERS
static int set_adapter(AVFormatContext *s, AVStream *st,
                       const h4mk_value *track)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    uint32_t preroll = 0;
    int ret = 0;

    if (st->codecpar->codec_type == AVMEDIA_TYPE_AUDIO ||
        st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
        ret = ff_h4mk_find_adapter(s, &h4mk->adapters, st, track, &preroll);
    h4mk->tracks[st->index].has_adapter = ret > 0;
    /* After a seek the decoder needs packets from before the one that it leads
     * to. They come marked to be discarded, as those before the start of an
     * edit list. */
    if (ret <= 0 || !preroll)
        return ret;
    return reader_error(s, h4mk_reader_set_preroll(h4mk->reader, st->index, preroll));
}
#endif

/**
 * Add the stream of a track, whose index it has.
 */
static int add_stream(AVFormatContext *s, uint32_t i)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const h4mk_value *track = h4mk_reader_track(h4mk->reader, i);
    AVStream *st = avformat_new_stream(s, NULL);
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    int ret;

    if (!st)
        return AVERROR(ENOMEM);
    ret = ff_h4mk_read_track(s, st, track);
    if (ret < 0)
        return ret;
#if H4MK_HAVE_ADAPTERS
    if (st->codecpar->codec_id == AV_CODEC_ID_NONE) {
        ret = set_adapter(s, st, track);
        if (ret < 0)
            return ret;
    }
#endif
    ret = reader_error(s, h4mk_reader_track_info(h4mk->reader, i, &info));
    if (ret < 0)
        return ret;
    set_times(s, st, track, &info);
    if (st->codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT)
        return read_attachment(s, st);
    return s->pb->seekable & AVIO_SEEKABLE_NORMAL && info.block_count == 1 && is_cover(st) ?
           read_attached_pic(s, st) : 0;
}

/**
 * Add the streams of all tracks that have none yet. A recording may get tracks
 * while it runs.
 */
static int add_streams(AVFormatContext *s)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const uint32_t nb_tracks = h4mk_reader_track_count(h4mk->reader);
    H4MKTrack *tracks;

    if (nb_tracks <= s->nb_streams)
        return 0;
    tracks = av_realloc_array(h4mk->tracks, nb_tracks, sizeof(*tracks));
    if (!tracks)
        return AVERROR(ENOMEM);
    h4mk->tracks = tracks;
    memset(tracks + s->nb_streams, 0, (nb_tracks - s->nb_streams) * sizeof(*tracks));
    while (s->nb_streams < nb_tracks) {
        int ret = add_stream(s, s->nb_streams);
        if (ret < 0)
            return ret;
    }
    return 0;
}

#if H4MK_HAVE_PROTECTION
/**
 * Tell all streams what is needed to copy their ciphertext, if that is kept.
 */
static int add_originals(AVFormatContext *s)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const h4mk_value *meta = h4mk_reader_meta(h4mk->reader);
    int ret = 0;

    if (!h4mk->decryption.keep_encrypted || !h4mk_value_get(meta, "protection"))
        return 0;
    for (unsigned i = 0; i < s->nb_streams && ret >= 0; i++)
        ret = ff_h4mk_add_original(s, s->streams[i],
                                   h4mk_reader_track(h4mk->reader, i), meta);
    return ret;
}
#endif

/**
 * Whether the track of a block is a stream. One that came while the file was
 * read is none if there was no room for it, see max_streams.
 */
static int has_stream(AVFormatContext *s, const h4mk_block *block)
{
    return block->track < s->nb_streams;
}

#if H4MK_HAVE_FOLLOW
/**
 * Tell the caller what has changed in the descriptions.
 */
static int signal_changes(AVFormatContext *s, unsigned changes)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const unsigned nb_chapters = s->nb_chapters;
    int ret;

    if (changes & H4MK_CHANGED_META) {
        const h4mk_value *meta = h4mk_reader_meta(h4mk->reader);
        const int changed = ff_h4mk_read_file_tags(s, meta);

        ret = changed < 0 ? changed : ff_h4mk_read_chapters(s, meta, &h4mk->nb_chapters);
        if (ret < 0)
            return ret;
        if (changed || s->nb_chapters > nb_chapters)
            s->event_flags |= AVFMT_EVENT_FLAG_METADATA_UPDATED;
    }
    if (!(changes & H4MK_CHANGED_TRACKS))
        return 0;
    for (unsigned i = 0; i < s->nb_streams; i++) {
        ret = ff_h4mk_read_stream_tags(s->streams[i], h4mk_reader_track(h4mk->reader, i));
        if (ret < 0)
            return ret;
        if (ret)
            s->streams[i]->event_flags |= AVSTREAM_EVENT_FLAG_METADATA_UPDATED;
    }
    if (s->nb_streams >= h4mk_reader_track_count(h4mk->reader))
        return 0;
    s->ctx_flags |= AVFMTCTX_NOHEADER; /* what lets a demuxer add streams here */
    ret = add_streams(s);
#if H4MK_HAVE_PROTECTION
    if (ret >= 0)
        ret = add_originals(s);
#endif
    return ret;
}

/**
 * Ask for changes since the last packet: at every packet, so it is cheap where
 * there are none.
 */
static inline int check_changes(AVFormatContext *s)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const unsigned changes = h4mk_reader_changes(h4mk->reader);

    return changes ? signal_changes(s, changes) : 0;
}
#endif

#if H4MK_HAVE_PIPED_COVERS
/**
 * Where the input cannot seek, covers are looked for in the first packets,
 * which are kept for read_packet().
 */
static int read_covers_ahead(AVFormatContext *s)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    int missing = 0;

    for (unsigned i = 0; i < s->nb_streams; i++)
        missing += is_cover(s->streams[i]);
    while (missing && h4mk->nb_ahead < MAX_PACKETS_AHEAD) {
        AVPacket *pkt;
        h4mk_block block = H4MK_BLOCK_INIT;
        const h4mk_status status = h4mk_reader_next(h4mk->reader, &block);
        AVStream *st;
        int ret;

        if (!H4MK_GOES_ON(status))
            break; /* read_packet() comes to that */
        /* damage is told once: it would be passed over unseen */
        ret = reader_loss(s, status);
        if (ret < 0 && s->error_recognition & AV_EF_EXPLODE)
            return ret;
        if (ret < 0)
            continue;
#if H4MK_HAVE_FOLLOW
        ret = check_changes(s);
        if (ret < 0)
            return ret;
#endif
        if (!has_stream(s, &block))
            continue;
        st  = s->streams[block.track];
        pkt = av_packet_alloc();
        if (!pkt)
            return AVERROR(ENOMEM);
        ret = set_packet(s, pkt, &block, 0);
        if (ret < 0) {
            av_packet_free(&pkt);
            return ret;
        }
        if (is_cover(st) && h4mk->tracks[st->index].state != TRACK_PICTURE && pkt->size) {
            av_packet_unref(&st->attached_pic);
            av_packet_move_ref(&st->attached_pic, pkt);
            av_packet_free(&pkt);
            st->attached_pic.flags |= AV_PKT_FLAG_KEY;
            h4mk->tracks[st->index].state = TRACK_PICTURE;
            h4mk_reader_discard(h4mk->reader, st->index, 1);
            missing--;
        } else
            h4mk->ahead[h4mk->nb_ahead++] = pkt;
    }
    return 0;
}
#endif

static int h4mk_read_header(AVFormatContext *s)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const int seekable = !!(s->pb->seekable & AVIO_SEEKABLE_NORMAL);
    h4mk_io io = H4MK_IO_INIT;
    int ret;

    h4mk->start   = avio_tell(s->pb);
    h4mk->size    = -1;
#if H4MK_HAVE_FOLLOW
    h4mk->growth.follow |= ff_h4mk_follow_instead(s->pb);
#endif
    io.opaque     = s;
    io.read       = io_read;
    io.seek       = seekable ? io_seek : NULL;
    io.size       = seekable ? io_size : NULL;
    ret = open_reader(s, &io);
    if (ret < 0)
        return ret;
    log_warnings(s);

    ret = add_streams(s);
    if (ret < 0)
        return ret;
#if H4MK_HAVE_PIPED_COVERS
    if (!seekable) {
        ret = read_covers_ahead(s);
        if (ret < 0)
            return ret;
    }
#endif
    ret = ff_h4mk_read_meta(s, h4mk_reader_meta(h4mk->reader));
    if (ret >= 0)
        ret = ff_h4mk_read_chapters(s, h4mk_reader_meta(h4mk->reader), &h4mk->nb_chapters);
#if H4MK_HAVE_PROTECTION
    if (ret >= 0)
        ret = add_originals(s);
#endif
    if (ret < 0)
        return ret;

    h4mk->check_discard = 1;
#if H4MK_HAVE_INDEX
    ret = read_index(s);
#endif
    return ret;
}

static void update_discard(AVFormatContext *s, const AVStream *st)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const int discard = st->discard >= AVDISCARD_ALL;
    enum TrackState *state = &h4mk->tracks[st->index].state;

    if (*state == TRACK_PICTURE || discard == (*state == TRACK_DISCARDED))
        return;
    h4mk_reader_discard(h4mk->reader, st->index, discard);
    *state = discard ? TRACK_DISCARDED : TRACK_READ;
    h4mk->nb_discarded += discard ? 1 : -1;
}

static int h4mk_read_packet(AVFormatContext *s, AVPacket *pkt)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    h4mk_block block = H4MK_BLOCK_INIT;
    h4mk_status status;

    /* Who discards a stream in midstream is noticed at its next packet, who
     * wants one back here. */
    if (h4mk->check_discard || h4mk->nb_discarded) {
        for (unsigned i = 0; i < s->nb_streams; i++)
            update_discard(s, s->streams[i]);
        h4mk->check_discard = 0;
    }

#if H4MK_HAVE_PIPED_COVERS
    while (h4mk->first_ahead < h4mk->nb_ahead) {
        AVPacket **ahead = &h4mk->ahead[h4mk->first_ahead++];
        const int wanted = s->streams[(*ahead)->stream_index]->discard < AVDISCARD_ALL;

        if (wanted)
            av_packet_move_ref(pkt, *ahead);
        av_packet_free(ahead);
        if (wanted)
            return 0;
    }
#endif

    for (;;) {
        AVStream *st;
#if H4MK_HAVE_FOLLOW
        int ret;

        if (h4mk->growth.begun_anew)
            return AVERROR_EOF;
#endif

        status = h4mk_reader_next(h4mk->reader, &block);
#if H4MK_HAVE_FOLLOW
        ret = check_changes(s);
        if (ret < 0)
            return ret;
#endif
        if (status == H4MK_OK) {
            if (!has_stream(s, &block))
                continue;
            st = s->streams[block.track];
            if (st->discard < AVDISCARD_ALL)
                return set_packet(s, pkt, &block, 1);
            update_discard(s, st);
            continue;
        }

        log_warnings(s);
        if (status == H4MK_END)
            return AVERROR_EOF;
        if (status == H4MK_AGAIN) {
#if H4MK_HAVE_FOLLOW
            if (h4mk->growth.follow && s->pb->seekable & AVIO_SEEKABLE_NORMAL) {
                ret = ff_h4mk_wait_for_growth(s, &h4mk->growth, &h4mk->size);
                if (ret < 0)
                    return ret;
                continue;
            }
#endif
            /* where the input can seek this was told when it was opened */
            if (!(s->pb->seekable & AVIO_SEEKABLE_NORMAL))
                av_log(s, AV_LOG_WARNING, "The file has no end: it was cut\n");
            /* more may come until the caller asks again */
            h4mk->size = -1;
            s->pb->eof_reached = 0;
            return AVERROR_EOF;
        }
        /* what is lost with a part of the file, or with the file beside it, is
         * no reason to lose the rest */
        if (!H4MK_GOES_ON(status) || s->error_recognition & AV_EF_EXPLODE)
            return reader_error(s, status);
        reader_loss(s, status);
    }
}

static int h4mk_read_close(AVFormatContext *s)
{
    H4MKDemuxContext *h4mk = s->priv_data;

    if (h4mk->nb_losses > MAX_LOSSES_LOGGED)
        av_log(s, AV_LOG_ERROR, "%"PRIu64" parts of the file were lost\n", h4mk->nb_losses);
    h4mk_reader_free(h4mk->reader);
    h4mk->reader = NULL;
#if H4MK_HAVE_ADAPTERS
    ff_h4mk_free_adapters(&h4mk->adapters);
#endif
#if H4MK_HAVE_PIPED_COVERS
    for (int i = 0; i < h4mk->nb_ahead; i++)
        av_packet_free(&h4mk->ahead[i]);
#endif
    for (unsigned i = 0; h4mk->tracks && i < s->nb_streams; i++)
        av_buffer_unref(&h4mk->tracks[i].shared.buf);
    ff_h4mk_uninit_pools(&h4mk->pools);
    av_freep(&h4mk->tracks);
    return 0;
}

static int64_t block_time(const h4mk_block_info *block)
{
    return block->pts != H4MK_NO_TIME ? block->pts : block->dts;
}

/**
 * Whether no seek point of any stream is in a cluster before this one.
 */
static int is_first_cluster(AVFormatContext *s, int64_t cluster)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    h4mk_index_entry entry = H4MK_INDEX_ENTRY_INIT;
    size_t copied;

    for (unsigned i = 0; i < s->nb_streams; i++)
        if (h4mk_reader_index_entries(h4mk->reader, i, 0, &entry, 1,
                                      &copied) == H4MK_OK &&
            copied && entry.offset < cluster)
            return 0;
    return 1;
}

/**
 * Whether a seek leads to the first packet of a stream, and that is in the
 * first cluster, which has to be read anyway. It then leads to the start of the
 * file: other streams may have packets before that one which their decoders
 * need, as the one that primes a decoder of AAC.
 */
static int is_first_group(AVFormatContext *s, int stream_index, int64_t ts,
                          int mode)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    h4mk_index_entry second = H4MK_INDEX_ENTRY_INIT;
    h4mk_block_info key = H4MK_BLOCK_INFO_INIT;
    h4mk_status status;
    size_t copied;

    /* the index tells of nearly all times that they are behind it */
    if (mode & H4MK_SEEK_ANY ||
        h4mk_reader_index_entries(h4mk->reader, stream_index, 1, &second, 1,
                                  &copied) == H4MK_OK &&
        copied && ts >= second.time)
        return 0;
    status = h4mk_reader_keyframe(h4mk->reader, stream_index, ts, &key);
    if (status == H4MK_OK && mode & H4MK_SEEK_FORWARD && block_time(&key) < ts)
        return 0;
    if (status == H4MK_ERR_NOT_FOUND)
        status = h4mk_reader_block_info(h4mk->reader, stream_index, 0, &key);
    return status == H4MK_OK && !key.ordinal && key.flags & H4MK_BLOCK_KEY &&
           is_first_cluster(s, key.chunk);
}

static int seek(AVFormatContext *s, int stream_index, int64_t ts, int mode)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    h4mk_status status = is_first_group(s, stream_index, ts, mode) ?
                         h4mk_reader_rewind(h4mk->reader) :
                         h4mk_reader_seek(h4mk->reader, stream_index, ts, mode);

    log_warnings(s);
    h4mk->check_discard = 1;
    return status == H4MK_ERR_NOT_FOUND ? ff_h4mk_error(status, 0) : reader_error(s, status);
}

/**
 * Whether a seek of the file to a time, backward, leads to its start: all
 * streams then begin with their first packets, also those that begin before the
 * one that is sought.
 */
static int is_start(AVFormatContext *s, int stream_index, int64_t ts)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const AVRational tb = s->streams[stream_index]->time_base;
    h4mk_block_info first = H4MK_BLOCK_INFO_INIT;

    return s->start_time != AV_NOPTS_VALUE &&
           ts <= av_rescale_q(s->start_time, AV_TIME_BASE_Q, tb) &&
           h4mk_reader_block_info(h4mk->reader, stream_index, 0, &first) == H4MK_OK &&
           first.flags & H4MK_BLOCK_KEY;
}

/**
 * Turn the status of a lookup into an error code.
 *
 * @param[in,out] ts becomes AV_NOPTS_VALUE where there is no such block
 */
static int lookup_error(AVFormatContext *s, h4mk_status status, int64_t *ts)
{
    log_warnings(s);
    if (status != H4MK_ERR_NOT_FOUND)
        return reader_error(s, status);
    *ts = AV_NOPTS_VALUE;
    return 0;
}

/**
 * Find the last block at or before a time that a seek can lead to, without
 * going there.
 *
 * @param[out] ts      its time, or AV_NOPTS_VALUE if there is none
 * @param[out] ordinal its number within the stream
 */
static int find_before(AVFormatContext *s, int stream_index, int64_t time,
                       int any, int64_t *ts, uint64_t *ordinal)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    h4mk_block_info key = H4MK_BLOCK_INFO_INIT, *chain;
    h4mk_status status = h4mk_reader_keyframe(h4mk->reader, stream_index, time, &key);
    uint64_t count = 0, total;

    *ordinal = 0;
    if (status != H4MK_OK)
        return lookup_error(s, status, ts);
    *ts      = block_time(&key);
    *ordinal = key.ordinal;
    if (any) /* what is decoded for a time ends with the block that it belongs to */
        status = h4mk_reader_decode_chain(h4mk->reader, stream_index, time, NULL, 0, &count);
    if (status != H4MK_OK || !count)
        return lookup_error(s, status, ts);
    chain = av_calloc(count, sizeof(*chain));
    if (!chain)
        return AVERROR(ENOMEM);
    chain[0].struct_size = sizeof(*chain);
    status = h4mk_reader_decode_chain(h4mk->reader, stream_index, time, chain, count, &total);
    if (status == H4MK_OK && total) {
        count        = FFMIN(count, total); /* a growing file may have more by now */
        *ts      = block_time(&chain[count - 1]);
        *ordinal = chain[count - 1].ordinal;
    }
    av_free(chain);
    return lookup_error(s, status, ts);
}

/**
 * Find the first seek point from min to max. The window in which it is
 * sought grows, so that what is read depends on how far it is and not on max.
 */
static int find_key_after(AVFormatContext *s, int stream_index, int64_t min,
                          int64_t max, int64_t *ts)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const AVRational tb = s->streams[stream_index]->time_base;
    int64_t width = av_clip64(av_rescale(1, tb.den, tb.num), 1, INT64_MAX / 4);
    h4mk_block_info blocks[64] = { H4MK_BLOCK_INFO_INIT };
    uint64_t count = 0;

    *ts = AV_NOPTS_VALUE;
    while (!count && min <= max) {
        const int64_t end = FFMIN(av_sat_add64(min, width), max);
        h4mk_status status = h4mk_reader_keyframes_between(h4mk->reader, stream_index, min, end,
                                                           blocks, FF_ARRAY_ELEMS(blocks), &count);
        if (status != H4MK_OK)
            return lookup_error(s, status, ts);
        for (int i = 0; i < FFMIN(count, FF_ARRAY_ELEMS(blocks)); i++)
            if (*ts == AV_NOPTS_VALUE || block_time(&blocks[i]) < *ts)
                *ts = block_time(&blocks[i]);
        if (end == INT64_MAX)
            break;
        min   = end + 1;
        width = FFMIN(2 * width, INT64_MAX / 4);
    }
    return 0;
}

/**
 * Find the first block of any kind from min to max, at or behind one with a
 * number: where that is found, the blocks that may be shown before it follow.
 */
static int find_any_after(AVFormatContext *s, int stream_index,
                          uint64_t ordinal, int64_t min, int64_t max,
                          int64_t *ts)
{
    H4MKDemuxContext *h4mk = s->priv_data;

    *ts = AV_NOPTS_VALUE;
    for (int left = 2 * H4MK_MAX_VIDEO_DELAY; left; ordinal++) {
        h4mk_block_info block = H4MK_BLOCK_INFO_INIT;
        h4mk_status status = h4mk_reader_block_info(h4mk->reader, stream_index, ordinal, &block);
        int64_t time;

        if (status == H4MK_ERR_NOT_FOUND)
            break;
        if (status != H4MK_OK)
            return lookup_error(s, status, ts);
        time = block_time(&block);
        if (time >= min && time <= max && (*ts == AV_NOPTS_VALUE || time < *ts))
            *ts = time;
        left -= time >= min;
    }
    return 0;
}

/**
 * @return ticks, which av_rescale() makes INT64_MIN where they are too many
 */
static int64_t saturate(int64_t ticks, int64_t microseconds)
{
    return ticks == INT64_MIN && microseconds > 0 ? INT64_MAX : ticks;
}

/**
 * Find the first tick that is at a time or after it when it is converted to
 * microseconds: the nearest one counts, or else times that were converted would
 * not lead back to where they come from.
 */
static int64_t first_tick(int64_t microseconds, AVRational tb)
{
    const int64_t half = 2 * (int64_t)AV_TIME_BASE * tb.num;

    if (microseconds <= INT64_MIN / 2 || microseconds > INT64_MAX / 2)
        return microseconds < 0 ? INT64_MIN : INT64_MAX;
    return saturate(av_rescale_rnd(2 * microseconds - 1, tb.den, half, AV_ROUND_UP), microseconds);
}

/**
 * Convert limits in microseconds to ticks.
 */
static void rescale_limits(AVRational tb, int64_t *min_ts, int64_t *ts,
                           int64_t *max_ts)
{
    const int64_t behind = *max_ts < INT64_MAX ? first_tick(*max_ts + 1, tb) : INT64_MAX;

    *ts     = saturate(av_rescale_q(*ts, AV_TIME_BASE_Q, tb), *ts);
    *min_ts = first_tick(*min_ts, tb);
    *max_ts = behind == INT64_MIN || behind == INT64_MAX ? behind : behind - 1;
    *ts     = av_clip64(*ts, *min_ts, *max_ts);
}

static int h4mk_read_seek2(AVFormatContext *s, int stream_index, int64_t min_ts,
                           int64_t ts, int64_t max_ts, int flags)
{
    H4MKDemuxContext *h4mk = s->priv_data;
    const int any = flags & AVSEEK_FLAG_ANY ? H4MK_SEEK_ANY : 0;
    const int whole_file = stream_index < 0;
    int64_t before, found = AV_NOPTS_VALUE, after = AV_NOPTS_VALUE;
    uint64_t ordinal;
    AVRational tb;
    int ret;

    if (flags & (AVSEEK_FLAG_BYTE | AVSEEK_FLAG_FRAME))
        return AVERROR(ENOSYS);
    if (stream_index < 0) {
        stream_index = av_find_default_stream_index(s);
        if (stream_index < 0)
            return AVERROR(EINVAL);
        rescale_limits(s->streams[stream_index]->time_base, &min_ts, &ts, &max_ts);
    }
    if (!h4mk_reader_is_closed(h4mk->reader))
        h4mk->size = -1; /* the library looks for what a growing file has gained */

    /* avformat_seek_file() has converted the times for the only stream of
     * a file, and a limit that is less than a microsecond off a tick may be
     * on the wrong side of it. Ticks of whole microseconds cannot be off. */
    tb = s->streams[stream_index]->time_base;
    if (tb.num * (int64_t)AV_TIME_BASE % tb.den) {
        min_ts = FFMIN(min_ts, ts);
        max_ts = FFMAX(max_ts, ts);
    }
    min_ts = FFMAX(min_ts, -INT64_MAX);

    /* av_seek_frame(), and others who do not care how far it is. Before the
     * first seek point is the first one, as there is nothing else. */
    if (whole_file && min_ts == -INT64_MAX && max_ts <= ts && is_start(s, stream_index, max_ts)) {
        h4mk->check_discard = 1;
        return reader_error(s, h4mk_reader_rewind(h4mk->reader));
    }
    if (min_ts == -INT64_MAX && max_ts <= ts || h4mk->tracks[stream_index].state == TRACK_PICTURE)
        return seek(s, stream_index, max_ts, H4MK_SEEK_BACKWARD | any);
    if (max_ts == INT64_MAX && min_ts >= ts)
        return seek(s, stream_index, min_ts, H4MK_SEEK_FORWARD | any);

    ret = find_before(s, stream_index, FFMIN(ts, max_ts), any, &before, &ordinal);
    if (ret < 0)
        return ret;
    if (before != AV_NOPTS_VALUE && before >= min_ts) {
        /* what comes later is looked for only as far as it is nearer */
        found  = before;
        max_ts = FFMIN(max_ts, av_sat_sub64(av_sat_add64(ts, av_sat_sub64(ts, before)), 1));
    }
    min_ts = FFMAX(ts, min_ts);
    if (min_ts <= max_ts) {
        ret = any ? find_any_after(s, stream_index, ordinal, min_ts, max_ts, &after)
                  : find_key_after(s, stream_index, min_ts, max_ts, &after);
        if (ret < 0)
            return ret;
    }
    if (after != AV_NOPTS_VALUE)
        return seek(s, stream_index, after, H4MK_SEEK_FORWARD | any);
    if (found == AV_NOPTS_VALUE)
        return AVERROR(ENOENT);
    return seek(s, stream_index, found, H4MK_SEEK_BACKWARD | any);
}

#define OFFSET(x) offsetof(H4MKDemuxContext, x)
#define D AV_OPT_FLAG_DECODING_PARAM
static const AVOption options[] = {
#if H4MK_HAVE_FOLLOW
    { "follow", "Wait for more at the present end of a file that is still being written",
        OFFSET(growth.follow), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, D },
    { "follow_timeout", "Wait only so long for a writer, 0: as long as rw_timeout says",
        OFFSET(growth.timeout), AV_OPT_TYPE_DURATION, { .i64 = 0 }, 0, INT64_MAX, D },
#endif
#if H4MK_HAVE_SIDECARS
    { "enable_sidecars", "Open files beside the input that it says its data is in",
        OFFSET(beside.enabled), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, D },
#endif
#if H4MK_HAVE_PROTECTION
    { "decryption_key", "Key of an encrypted file, hexadecimal",
        OFFSET(decryption.key), AV_OPT_TYPE_BINARY, .flags = D },
    { "decryption_keys", "Keys by the id that files name them by: id=key:id=key..., hexadecimal",
        OFFSET(decryption.keys), AV_OPT_TYPE_DICT, .flags = D },
    { "decryption_key_file", "File that holds the key, hexadecimal",
        OFFSET(decryption.key_file), AV_OPT_TYPE_STRING, .flags = D },
    { "verify_key", "Public key in a PEM file: use nothing of the input that it does not verify",
        OFFSET(decryption.verify_key), AV_OPT_TYPE_STRING, .flags = D },
    { "keep_encrypted", "Return encrypted packets as they are instead of asking for a key",
        OFFSET(decryption.keep_encrypted), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, D },
#endif
#if H4MK_HAVE_MASK
    { "block_numbers", "Add the number that a packet has within its stream to its side data",
        OFFSET(block_numbers), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, D },
#endif
#if H4MK_HAVE_ADAPTERS
    { "adapter", "Shared object with an adapter that decodes tracks",
        OFFSET(adapters.plugin), AV_OPT_TYPE_STRING, .flags = D },
#endif
    { NULL }
};

static const AVClass h4mk_demuxer_class = {
    .class_name = "H4MK demuxer",
    .item_name  = av_default_item_name,
    .option     = options,
    .version    = LIBAVUTIL_VERSION_INT,
};

const FFInputFormat ff_h4mk_demuxer = {
    .H4MK_PUBLIC(name)          = "h4mk",
    .H4MK_PUBLIC(long_name)     = NULL_IF_CONFIG_SMALL("H4MK"),
    .H4MK_PUBLIC(extensions)    = "h4mk",
    .H4MK_PUBLIC(mime_type)     = "video/x-h4mk",
    .H4MK_PUBLIC(flags)         = AVFMT_SEEK_TO_PTS | AVFMT_NO_BYTE_SEEK | AVFMT_NOBINSEARCH |
                                  AVFMT_NOGENSEARCH | AVFMT_SHOW_IDS,
    .H4MK_PUBLIC(priv_class)    = &h4mk_demuxer_class,
    .priv_data_size             = sizeof(H4MKDemuxContext),
    .flags_internal             = FF_INFMT_FLAG_INIT_CLEANUP | FF_INFMT_FLAG_EXACT,
    .read_probe                 = h4mk_probe_file,
    .read_header                = h4mk_read_header,
    .read_packet                = h4mk_read_packet,
    .read_close                 = h4mk_read_close,
    .read_seek2                 = h4mk_read_seek2,
};
