/* SPDX-License-Identifier: MIT
 *
 * The codec itself: pictures of bytes, coded as differences from what was to be expected. Zeros
 * come in runs.
 *
 *   extradata   "EXV1", u16 width, u16 height, u8 bytes a pixel (1: gray, 3: rgb24); little-endian
 *   block       until there are as many bytes as a picture has: u8 number of zeros, u8 number of
 * other bytes, those bytes picture     I: each byte is the one a pixel to the left plus the coded
 * one; P: the one of the picture before plus the coded one; B: the mean, rounded down, of both
 * pictures around it plus the coded one; all modulo 256
 */
#ifndef FRAME_CODING_H
#define FRAME_CODING_H

#include <stddef.h>
#include <stdint.h>

#define FORMAT_SIZE 9

typedef struct frame_format {
  uint16_t width, height;
  uint8_t pixel_size; /* 1 or 3 */
} frame_format;

void write_format(const frame_format* format, uint8_t out[FORMAT_SIZE]);
/* 0: no format. */
int read_format(const uint8_t* data, size_t size, frame_format* format);
size_t frame_size(const frame_format* format);

/* What a picture is expected to be: prediction[i] from what is known. previous and next are NULL
 * where there is none. While decoding, `frame` is known up to i. */
uint8_t predict(const uint8_t* frame, size_t i, size_t pixel_size, const uint8_t* previous,
                const uint8_t* next);

/* Bytes that packing takes at most. */
size_t packed_bound(size_t size);
/* The number of bytes written to out. */
size_t pack(const uint8_t* data, size_t size, uint8_t* out);
/* 0: `packed` does not give exactly `size` bytes. */
int unpack(const uint8_t* packed, size_t packed_size, uint8_t* out, size_t size);

#endif
