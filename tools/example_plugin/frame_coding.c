/* SPDX-License-Identifier: MIT */
#include "frame_coding.h"

#include <string.h>

void write_format(const frame_format *format, uint8_t out[FORMAT_SIZE])
{
    memcpy(out, "EXV1", 4);
    out[4] = (uint8_t)format->width;
    out[5] = (uint8_t)(format->width >> 8);
    out[6] = (uint8_t)format->height;
    out[7] = (uint8_t)(format->height >> 8);
    out[8] = format->pixel_size;
}

int read_format(const uint8_t *data, size_t size, frame_format *format)
{
    if (size != FORMAT_SIZE || memcmp(data, "EXV1", 4) != 0)
        return 0;
    format->width = (uint16_t)(data[4] | data[5] << 8);
    format->height = (uint16_t)(data[6] | data[7] << 8);
    format->pixel_size = data[8];
    return format->width >= 1 && format->width <= 8192 && format->height >= 1 && format->height <= 8192 &&
           (format->pixel_size == 1 || format->pixel_size == 3);
}

size_t frame_size(const frame_format *format)
{
    return (size_t)format->width * format->height * format->pixel_size;
}

uint8_t predict(const uint8_t *frame, size_t i, size_t pixel_size, const uint8_t *previous, const uint8_t *next)
{
    if (previous != NULL && next != NULL)
        return (uint8_t)((previous[i] + next[i]) / 2);
    if (previous != NULL)
        return previous[i];
    return i >= pixel_size ? frame[i - pixel_size] : 0;
}

size_t packed_bound(size_t size)
{
    return 2 * size + 2;
}

size_t pack(const uint8_t *data, size_t size, uint8_t *out)
{
    size_t at = 0, written = 0;
    while (at < size) {
        size_t zeros = 0, others = 0;
        while (at + zeros < size && zeros < 255 && data[at + zeros] == 0)
            zeros++;
        at += zeros;
        while (at + others < size && others < 255 && data[at + others] != 0)
            others++;
        out[written++] = (uint8_t)zeros;
        out[written++] = (uint8_t)others;
        memcpy(out + written, data + at, others);
        written += others;
        at += others;
    }
    return written;
}

int unpack(const uint8_t *packed, size_t packed_size, uint8_t *out, size_t size)
{
    size_t at = 0, written = 0;
    while (written < size) {
        size_t zeros, others;
        if (packed_size - at < 2)
            return 0;
        zeros = packed[at++];
        others = packed[at++];
        if (zeros + others == 0 || zeros + others > size - written || others > packed_size - at)
            return 0;
        memset(out + written, 0, zeros);
        memcpy(out + written + zeros, packed + at, others);
        written += zeros + others;
        at += others;
    }
    return at == packed_size;
}
