/* SPDX-License-Identifier: MIT
 *
 * token.h: sound and pictures as tokens, and the blocks of tracks of the codec "audio_fft"
 * (adapters.md, "Video tokens", "Audio tokens", "Adapter audio_fft"). The conventions of h4mk.h
 * hold. Decoders of such tracks are in adapter.h.
 */
#ifndef H4MK_TOKEN_H
#define H4MK_TOKEN_H

#include <h4mk/h4mk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------------- tokens */

#define H4MK_VIDEO_TOKEN_SIZE 13
#define H4MK_AUDIO_TOKEN_SIZE 8

/** Says of a block of pictures when it is shown, which one it is, and whether decoding can start
 *  there (adapters.md, "Video tokens"). */
typedef struct h4mk_video_token {
    uint64_t pts_us; /**< Microseconds. */
    uint32_t index;  /**< Number of the block, from 0. */
    int key;         /**< 0 or 1. */
} h4mk_video_token;

/** Writes a token's bytes (big-endian). Any key but 0 is 1. Thread safe. */
H4MK_API h4mk_status h4mk_video_token_encode(const h4mk_video_token *token,
                                             uint8_t bytes[H4MK_VIDEO_TOKEN_SIZE]);
/** Reads a token. little_endian 1: as the first library wrote them, 0: as all others do.
 *  H4MK_ERR_CORRUPT: size is not H4MK_VIDEO_TOKEN_SIZE. Thread safe. */
H4MK_API h4mk_status h4mk_video_token_decode(const uint8_t *data, size_t size, int little_endian,
                                             h4mk_video_token *token);

/** The tokens of sound (adapters.md, "Audio tokens"): for each frame of frame_size samples,
 *  frame_size / 2 apart, its top_k loudest bins. pcm: mono, 16 bits, little-endian, pcm_size bytes.
 *  frame_size: 2 to 16384; sample_rate: frame_size / 5 to 768000 Hz; top_k: from 1; no frame has
 *  more than frame_size / 2 + 1. *needed is the number of bytes that there are; up to size of
 *  them go to tokens (may be NULL if size is 0). H4MK_ERR_ARGUMENT: outside these ranges, or
 *  pcm_size is odd; _MEMORY. Thread safe. */
H4MK_API h4mk_status h4mk_audio_tokens(const uint8_t *pcm, size_t pcm_size, uint32_t sample_rate,
                                       uint32_t frame_size, uint32_t top_k,
                                       uint8_t *tokens, size_t size, size_t *needed);

/* ------------------------------------------------------------------------ tracks of audio_fft */

/** The sound of one track of audio_fft: makes its blocks, or tells what is in them. Blocks follow
 *  each other by half a frame of samples; each has the tokens of its frame, and a seek point those
 *  of the frame before as well. One thread at a time may use it. */
typedef struct h4mk_audio_fft h4mk_audio_fft;

/** A new track. The ranges are those of h4mk_audio_tokens(), and frame_size has no prime factors
 *  but 2, 3 and 5. *sound is set whenever memory allows, also on errors, so that
 *  h4mk_audio_fft_message() can be asked; free it in any case. H4MK_ERR_ARGUMENT: outside of the
 *  ranges. */
H4MK_API h4mk_status h4mk_audio_fft_new(uint32_t sample_rate, uint32_t frame_size, uint32_t top_k,
                                        h4mk_audio_fft **sound);
/** A track of a file, by its object in TRAK (h4mk_reader_track()). *sound as above.
 *  H4MK_ERR_CORRUPT: its "sample_rate" or "extradata" are missing, or outside of the ranges. */
H4MK_API h4mk_status h4mk_audio_fft_from_description(const h4mk_value *track,
                                                     h4mk_audio_fft **sound);
/** NULL allowed. */
H4MK_API void h4mk_audio_fft_free(h4mk_audio_fft *sound);
/** What went wrong last, in words; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_audio_fft_message(const h4mk_audio_fft *sound);

/** What the track needs as "extradata". *data is valid until *sound is freed. H4MK_ERR_STATE: it
 *  could not be opened; all functions below return that as well. */
H4MK_API h4mk_status h4mk_audio_fft_extradata(const h4mk_audio_fft *sound, const uint8_t **data,
                                              size_t *size);
/** Begins the sound, before the first block. samples: frame_size of them, which start half a frame
 *  before the first block; zeros where the sound has not begun. Samples are -1 to 1; -1000 to 1000
 *  is accepted. H4MK_ERR_ARGUMENT: others, or what is no number. */
H4MK_API h4mk_status h4mk_audio_fft_begin(h4mk_audio_fft *sound, const float *samples);
/** Makes the next block. samples: the frame_size samples that start at its time, zeros where the
 *  sound has ended. is_key 1: a seek point, as the first block must be. *data is valid until the
 *  next call with this handle. H4MK_ERR_ARGUMENT as above; H4MK_ERR_STATE: the sound has not begun,
 *  or begins with another block than a seek point. */
H4MK_API h4mk_status h4mk_audio_fft_encode(h4mk_audio_fft *sound, const float *samples, int is_key,
                                           const uint8_t **data, size_t *size);
/** The magnitudes of the spectrum that a block has: frame_size / 2 + 1 of them, from 0 Hz up, 0
 *  where it has no token. data: size bytes of the block; is_key: it has H4MK_BLOCK_KEY or is of
 *  type I. *needed is their number; up to count of them go to magnitudes (may be NULL if count is
 *  0). H4MK_ERR_CORRUPT: no such block. */
H4MK_API h4mk_status h4mk_audio_fft_magnitudes(h4mk_audio_fft *sound, const uint8_t *data,
                                               size_t size, int is_key, double *magnitudes,
                                               size_t count, size_t *needed);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_TOKEN_H */
