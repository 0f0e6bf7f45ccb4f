/*
 * H4MK: files beside the input that have data of it
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

#ifndef AVFORMAT_H4MK_BESIDE_H
#define AVFORMAT_H4MK_BESIDE_H

#include <h4mk/h4mk.h>

#include "avformat.h"

typedef struct H4MKBeside {
    AVFormatContext *s;
    int enabled;        ///< by the user
    int told;           ///< that they are not enabled
} H4MKBeside;

/**
 * h4mk_reader_options.open_beside. libh4mk has seen to it that the name is one
 * of a file and not of a path.
 *
 * @param opaque an H4MKBeside
 */
h4mk_status ff_h4mk_open_beside(void *opaque, const char *name, h4mk_io *io);

#endif /* AVFORMAT_H4MK_BESIDE_H */
