/*
 * H4MK: the memory of packets
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

#ifndef AVFORMAT_H4MK_PACKET_H
#define AVFORMAT_H4MK_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include <h4mk/h4mk.h>

#include "libavutil/buffer.h"

#include "libavcodec/packet.h"

/* The payload of a cluster is read into one buffer, and that of a packet of
 * middle size which must not refer to it is copied to one. These come in sizes
 * of powers of two, each from a pool of its own; with more sizes more memory
 * would be new to the process. What is larger is allocated for itself. */
#define H4MK_MIN_POOL_BITS 11
#define H4MK_MAX_POOL_BITS 24

typedef struct H4MKBufferPools {
    AVBufferPool *pools[H4MK_MAX_POOL_BITS - H4MK_MIN_POOL_BITS + 1];
    AVBufferRef *kept;  ///< given back while packets refer to it; may be NULL
    const void *last;   ///< what the last block was in; only to be compared
} H4MKBufferPools;

/**
 * What small packets of a stream lie in, one behind the other.
 */
typedef struct H4MKSharedBuffer {
    AVBufferRef *buf;   ///< NULL until there is one
    int used;           ///< bytes of it that packets have
} H4MKSharedBuffer;

/**
 * h4mk_buffers.alloc
 *
 * @param opaque an H4MKBufferPools
 */
void *ff_h4mk_alloc_buffer(void *opaque, size_t size, uint8_t **data);

/**
 * h4mk_buffers.release
 */
void ff_h4mk_release_buffer(void *opaque, void *handle);

void ff_h4mk_uninit_pools(H4MKBufferPools *pools);

/**
 * Set data, size and buf of a packet: those of the block without a copy where
 * that does not keep too much memory, else a copy.
 *
 * @param shared of the stream; NULL for a packet that stays for long: it gets a
 *               buffer of its own
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_set_payload(H4MKBufferPools *pools, H4MKSharedBuffer *shared,
                        AVPacket *pkt, const h4mk_block *block);

#endif /* AVFORMAT_H4MK_PACKET_H */
