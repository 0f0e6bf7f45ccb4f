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

#ifndef AVFORMAT_H4MK_FOLLOW_H
#define AVFORMAT_H4MK_FOLLOW_H

#include <stdint.h>

#include "avformat.h"
#include "avio.h"

typedef struct H4MKGrowth {
    int follow;             ///< wait at the present end of a file that is still being written
    int64_t timeout;        ///< for how long, in microseconds, 0: as rw_timeout says
    int64_t waiting_since;  ///< when that began, 0: not waiting
    int64_t connected_at;   ///< when the size was last asked for anew, while waiting
    int begun_anew;         ///< by another writer: nothing of what was followed will come
} H4MKGrowth;

/**
 * Follow the file in place of the protocol, if that was told to: the option has
 * one name for both, and the protocol has taken it. A protocol that follows
 * does not tell the size (FFmpeg 9.0), and waits where the demuxer would not.
 *
 * @return whether the protocol was told to
 */
int ff_h4mk_follow_instead(AVIOContext *pb);

/**
 * How many bytes there are behind the position. Reading more from a protocol
 * that follows a file would wait for them.
 *
 * @param[in,out] size of the input when it was last looked at
 */
int64_t ff_h4mk_bytes_left(AVFormatContext *s, int64_t *size);

/**
 * Wait for 20 milliseconds.
 *
 * @return 0 or AVERROR_EXIT, if the caller wants to stop
 */
int ff_h4mk_pause(AVFormatContext *s);

/**
 * Wait until the input is larger than what the library has seen of it. Callers
 * that do not wait come here again and again. If it became shorter than what
 * was read of it, another writer has begun it anew, and that is the end.
 *
 * @param[in,out] known size of the input when it was last looked at
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_wait_for_growth(AVFormatContext *s, H4MKGrowth *growth,
                            int64_t *known);

#endif /* AVFORMAT_H4MK_FOLLOW_H */
