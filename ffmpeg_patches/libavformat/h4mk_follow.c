/*
 * H4MK: files that grow while they are read
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

#include "libavutil/error.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/opt.h"
#include "libavutil/time.h"

#include "avformat.h"
#include "avio.h"
#include "h4mk_follow.h"
#include "url.h"

/* How often it is looked whether a file has grown, and how often if that takes
 * a new connection, in microseconds. */
#define POLL_INTERVAL    20000
#define CONNECT_INTERVAL 1000000

int64_t ff_h4mk_bytes_left(AVFormatContext *s, int64_t *size)
{
    const int64_t position = avio_tell(s->pb);

    if (*size <= position)
        *size = avio_size(s->pb);
    return FFMAX(*size - position, 0);
}

/**
 * Ask for the size anew where a protocol learns it from the answer to a
 * request: the one for the last byte.
 */
static void reconnect(AVFormatContext *s)
{
    AVIOContext *pb = s->pb;
    const int direct = pb->direct;
    const int64_t position = avio_tell(pb);

    pb->direct = 1;
    avio_seek(pb, FFMAX(avio_size(pb) - 1, 0), SEEK_SET);
    pb->direct = direct;
    avio_seek(pb, position, SEEK_SET);
}

int ff_h4mk_pause(AVFormatContext *s)
{
    if (ff_check_interrupt(&s->interrupt_callback))
        return AVERROR_EXIT;
    av_usleep(POLL_INTERVAL);
    return 0;
}

int ff_h4mk_wait_for_growth(AVFormatContext *s, H4MKGrowth *growth,
                            int64_t *known)
{
    int64_t timeout = growth->timeout, size;

    if (!growth->waiting_since)
        growth->waiting_since = growth->connected_at = av_gettime_relative();
    if (!timeout && s->pb->av_class)
        av_opt_get_int(s->pb, "rw_timeout", AV_OPT_SEARCH_CHILDREN, &timeout);
    while ((size = avio_size(s->pb)) <= *known) {
        const int64_t now = av_gettime_relative();

        if (size < 0)
            return size;
        if (size < avio_tell(s->pb)) {
            av_log(s, AV_LOG_WARNING,
                   "The file was begun anew: this is the end of what was followed\n");
            growth->begun_anew = 1;
            return AVERROR_EOF;
        }
        if (ff_check_interrupt(&s->interrupt_callback))
            return AVERROR_EXIT;
        if (timeout > 0 && now - growth->waiting_since >= timeout) {
            if (!s->pb->error)
                av_log(s, AV_LOG_ERROR,
                       "The file has no end, and nothing came for %.1f s\n",
                       timeout / 1e6);
            return s->pb->error = AVERROR(EIO); /* as of the protocol */
        }
        if (now - growth->connected_at >= CONNECT_INTERVAL) {
            growth->connected_at = now;
            reconnect(s);
            continue;
        }
        if (s->flags & AVFMT_FLAG_NONBLOCK)
            return AVERROR(EAGAIN);
        av_usleep(POLL_INTERVAL);
    }
    *known                = size;
    growth->waiting_since = 0;
    s->pb->eof_reached  = 0;
    return 0;
}

int ff_h4mk_follow_instead(AVIOContext *pb)
{
    int64_t follow = 0;

    return pb->av_class &&
           av_opt_get_int(pb, "follow", AV_OPT_SEARCH_CHILDREN, &follow) >= 0 && follow &&
           av_opt_set_int(pb, "follow", 0, AV_OPT_SEARCH_CHILDREN) >= 0;
}
