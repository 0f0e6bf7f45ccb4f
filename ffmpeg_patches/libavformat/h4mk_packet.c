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

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "libavutil/buffer.h"
#include "libavutil/common.h"
#include "libavutil/error.h"
#include "libavutil/macros.h"

#include "libavcodec/defs.h"
#include "libavcodec/packet.h"

#include "h4mk_packet.h"

/* A packet that refers to the buffer of a cluster keeps all of it in memory. It
 * does so where that is little, as told by may_share(); else it is copied. */
#define MAX_COPY_SIZE      (64 << 10)
#define MAX_TIMES_KEPT     64
#define MAX_SHARED_CLUSTER (256 << 10)

/* Small packets of a stream are copied one behind the other into a shared
 * buffer: a buffer for each would take longer than everything else. Who keeps
 * all packets of a stream keeps little more than these, who keeps one keeps so
 * many bytes. */
#define SHARED_SIZE       (8 << 10)
#define MAX_SHARED_PACKET 1024
#define PACKET_ALIGNMENT  16

void *ff_h4mk_alloc_buffer(void *opaque, size_t size, uint8_t **data)
{
    H4MKBufferPools *pools = opaque;
    const size_t padded = size + AV_INPUT_BUFFER_PADDING_SIZE;
    AVBufferRef *buf;

    if (size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        return NULL;
    if (padded <= 1 << H4MK_MAX_POOL_BITS) {
        const int bits = FFMAX(av_ceil_log2(padded), H4MK_MIN_POOL_BITS);
        AVBufferPool **pool = &pools->pools[bits - H4MK_MIN_POOL_BITS];

        if (!*pool)
            *pool = av_buffer_pool_init((size_t)1 << bits, NULL);
        buf = *pool ? av_buffer_pool_get(*pool) : NULL;
    } else
        buf = av_buffer_alloc(padded);
    if (!buf)
        return NULL;
    memset(buf->data + size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    *data = buf->data;
    return buf;
}

void ff_h4mk_release_buffer(void *opaque, void *handle)
{
    H4MKBufferPools *pools = opaque;
    AVBufferRef *buf = handle;

    if (pools->last == buf) /* its address may come again */
        pools->last = NULL;
    if (!pools->kept && av_buffer_get_ref_count(buf) > 1)
        pools->kept = buf;
    else
        av_buffer_unref(&buf);
}

void ff_h4mk_uninit_pools(H4MKBufferPools *pools)
{
    av_buffer_unref(&pools->kept);
    for (int i = 0; i < FF_ARRAY_ELEMS(pools->pools); i++)
        av_buffer_pool_uninit(&pools->pools[i]);
}

/**
 * Whether packets still refer to a buffer that was given back.
 */
static int is_kept(H4MKBufferPools *pools)
{
    if (pools->kept && av_buffer_get_ref_count(pools->kept) == 1)
        av_buffer_unref(&pools->kept);
    return !!pools->kept;
}

/**
 * Whether a packet may refer to the buffer that its block is in.
 *
 * A large block may: as measured, from 90 KiB on copying would be the larger
 * part of demuxing. So may the blocks of a small cluster, as long as packets
 * are used and freed: once some of them outlive their cluster, those of the
 * next ones are copied, so that a caller who keeps packets keeps one such
 * cluster at most. The first block of each is copied, since who opens or seeks
 * and reads one packet may keep it.
 */
static int may_share(H4MKBufferPools *pools, const h4mk_block *block)
{
    const AVBufferRef *buf = block->buffer;
    const int is_first = pools->last != buf;

    pools->last = buf;
    if (!buf)
        return 0;
    if (block->size > MAX_COPY_SIZE && block->size >= buf->size / MAX_TIMES_KEPT)
        return 1;
    return !is_first && buf->size <= MAX_SHARED_CLUSTER && !is_kept(pools);
}

/**
 * Give a packet the next bytes of the shared buffer of its stream.
 */
static int alloc_small(H4MKBufferPools *pools, H4MKSharedBuffer *shared,
                       AVPacket *pkt, const h4mk_block *block)
{
    const int size = FFALIGN(block->size + AV_INPUT_BUFFER_PADDING_SIZE, PACKET_ALIGNMENT);

    if (!shared->buf || size > SHARED_SIZE - shared->used) {
        uint8_t *data;

        av_buffer_unref(&shared->buf);
        shared->buf = ff_h4mk_alloc_buffer(pools, SHARED_SIZE - AV_INPUT_BUFFER_PADDING_SIZE,
                                           &data);
        if (!shared->buf)
            return AVERROR(ENOMEM);
        shared->used = 0;
    }
    pkt->buf = av_buffer_ref(shared->buf);
    if (!pkt->buf)
        return AVERROR(ENOMEM);
    /* who looks at it, or makes it writable, sees a buffer of this packet */
    pkt->buf->data += shared->used;
    pkt->buf->size  = block->size + AV_INPUT_BUFFER_PADDING_SIZE;
    pkt->data       = pkt->buf->data;
    shared->used += size;
    memset(pkt->data + block->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    return 0;
}

int ff_h4mk_set_payload(H4MKBufferPools *pools, H4MKSharedBuffer *shared,
                        AVPacket *pkt, const h4mk_block *block)
{
    int ret;

    if (block->size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        return AVERROR_INVALIDDATA;
    if (shared && may_share(pools, block)) {
        pkt->buf = av_buffer_ref(block->buffer);
        if (!pkt->buf)
            return AVERROR(ENOMEM);
        pkt->data = (uint8_t *)block->data;
        pkt->size = block->size;
        return 0;
    }
    if (!shared)
        ret = av_new_packet(pkt, block->size);
    else if (block->size <= MAX_SHARED_PACKET)
        ret = alloc_small(pools, shared, pkt, block);
    else {
        pkt->buf = ff_h4mk_alloc_buffer(pools, block->size, &pkt->data);
        ret      = pkt->buf ? 0 : AVERROR(ENOMEM);
    }
    if (ret < 0)
        return ret;
    pkt->size = block->size;
    if (block->size)
        memcpy(pkt->data, block->data, block->size);
    return 0;
}
