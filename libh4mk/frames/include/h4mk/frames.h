/* SPDX-License-Identifier: MIT
 *
 * h4mk/frames.h: exact frames and samples of a file, decoded by libavcodec into the caller's
 * memory. The library is libh4mk_frames. The conventions are those of h4mk.h.
 *
 * Frames are numbered as h4mk_reader_frame() numbers them: in the order in which they are shown.
 * What is handed out for a number is the picture that decoding the whole track from its front
 * gives. For each request the library
 *
 *  1. plans: which groups hold the frames (a group is what is decoded in one go, from a seek point
 *     on), and which bytes of the file hold the groups;
 *  2. fetches these bytes, if the file is read by h4mk/http.h, in one round;
 *  3. decodes the groups side by side, and of each only what the frames need.
 *
 *     h4mk_frames *frames = NULL;
 *     h4mk_picture_format format = H4MK_PICTURE_FORMAT_INIT;
 *     uint64_t numbers[] = {10, 2000, 11}, size = 0;
 *     if (h4mk_frames_open(reader, track, NULL, &frames) == H4MK_OK &&
 *         h4mk_frames_picture_size(frames, &format, &size) == H4MK_OK) {
 *         uint8_t *pictures = malloc(3 * size);
 *         h4mk_status status = h4mk_frames_decode(frames, numbers, 3, &format, pictures, 3 * size);
 *     }
 *     h4mk_frames_free(frames);
 */
#ifndef H4MK_FRAMES_H
#define H4MK_FRAMES_H

#include <h4mk/h4mk.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The decoder of one track. One thread at a time may use it; h4mk_frames_cancel() alone may be
 *  called at any time. After fork() it belongs to the parent: a child opens its own, and frees none
 *  that it did not open. */
typedef struct h4mk_frames h4mk_frames;

/** A part of a file, in bytes. */
typedef struct h4mk_range {
    int64_t offset;
    int64_t size;
} h4mk_range;

typedef struct h4mk_frames_options {
    size_t struct_size;
    uint32_t threads;      /**< That decode at once, at most 64; 0: as many as there are processors
                                that the process may use. */
    uint64_t memory_limit; /**< Bytes of undecoded data that are held at once, if one group does not
                                need more; 0: 64 MiB. */
    int decode_all;        /**< 1: also decodes what no frame that was asked for needs, for
                                comparison. */
    /** Told which bytes will be read, before they are: of the reader's file (beside NULL), or of
     *  the file beside it that a sidecar names. h4mk_http_prefetch() does what is wanted here.
     *  NULL: it is not called. An error is ignored, since the same bytes are read again later. */
    h4mk_status (*prefetch)(void *opaque, const char *beside, const h4mk_range *ranges,
                 size_t count);
    void *prefetch_opaque; /**< First argument of prefetch. */
    /** The most pixels that a decoded picture may have, at most 268435456; 0: H4MK_PICTURE_PIXELS.
     *  Larger pictures must be asked for, since a file of a few bytes can name any size. Decoders
     *  take 1.5 bytes a pixel mostly, and up to 8, for each picture that they hold: up to 16 that
     *  others refer to, and one for each thread. */
    uint64_t max_pixels;
} h4mk_frames_options;
#define H4MK_FRAMES_OPTIONS_INIT { sizeof(h4mk_frames_options), 0, 0, 0, NULL, NULL, 0 }

/** Pixels of the largest pictures of level 6.2 of H.264, HEVC and AV1 (8192 x 4352): 8K. */
#define H4MK_PICTURE_PIXELS 35651584

/** Makes a decoder for a track of a reader, which must outlive it and must not be used while a call
 *  with the decoder runs; its reading position stays. *frames is set whenever memory allows, also
 *  on errors, so that h4mk_frames_message() can be asked; free it in any case.
 *  H4MK_ERR_UNSUPPORTED: libavcodec has no decoder for the codec; H4MK_ERR_LIMIT: the description
 *  names pictures of more than max_pixels; H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_frames_open(h4mk_reader *reader, uint32_t track,
                                      const h4mk_frames_options *options, h4mk_frames **frames);
/** Frees a decoder. NULL allowed. */
H4MK_API void h4mk_frames_free(h4mk_frames *frames);
/** What went wrong last, in words; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_frames_message(const h4mk_frames *frames);

/* ------------------------------------------------------------------------------------- pictures */

#define H4MK_PIXELS_RGB 0     /**< Three values of 8 bits a pixel, by the colour space that the
                                   stream names, else BT.601. */
#define H4MK_PIXELS_GRAY 1    /**< One value of 8 bits a pixel. */
#define H4MK_PIXELS_DECODED 2 /**< The planes as they are decoded, one after the other without gaps,
                                   whatever `layout` says. */

#define H4MK_LAYOUT_HWC 0 /**< Row by row, the values of a pixel together. */
#define H4MK_LAYOUT_CHW 1 /**< One plane for each colour. */

/** How pictures are written. Cropping is done, rotation is not: the display matrix is in the
 *  track's description. */
typedef struct h4mk_picture_format {
    size_t struct_size;
    int pixels;     /**< H4MK_PIXELS_... */
    int layout;     /**< H4MK_LAYOUT_... */
    uint32_t width; /**< Pixels. Both 0: the size of the track. Else pictures are scaled, except
                         with H4MK_PIXELS_DECODED. At most 16384. */
    uint32_t height;
} h4mk_picture_format;
#define H4MK_PICTURE_FORMAT_INIT \
    { sizeof(h4mk_picture_format), H4MK_PIXELS_RGB, H4MK_LAYOUT_HWC, 0, 0 }

/** The bytes of one picture; fills in width and height where they are 0. Where the description does
 *  not tell them, and with H4MK_PIXELS_DECODED, the first frame is decoded. */
H4MK_API h4mk_status h4mk_frames_picture_size(h4mk_frames *frames, h4mk_picture_format *format,
                                              uint64_t *size);

/** Decodes frames by their numbers, in any order and as often as they are named, to `out`: count
 *  pictures of the size that h4mk_frames_picture_size() gives, in the order of numbers. out_size
 *  must be at least that. Errors leave the content of out unspecified: H4MK_ERR_NOT_FOUND: there is
 *  no such frame, or the file beside is missing; H4MK_ERR_CORRUPT: a block is damaged, or cannot be
 *  decoded, or its picture has more than max_pixels although the description names fewer;
 *  H4MK_ERR_CANCELLED: h4mk_frames_cancel() was called; H4MK_ERR_LIMIT: a frame needs more than
 *  1048576 blocks or 262144 tiny ones, or frames need the same blocks too often, which only crafted
 *  files bring about; others as h4mk_reader_read_block(). */
H4MK_API h4mk_status h4mk_frames_decode(h4mk_frames *frames, const uint64_t *numbers, size_t count,
                                        const h4mk_picture_format *format,
                                        uint8_t *out, uint64_t out_size);

/** Ends the call that decodes or plans, or else the next one that does, with H4MK_ERR_CANCELLED.
 *  May be called by any thread while the decoder exists. */
H4MK_API void h4mk_frames_cancel(h4mk_frames *frames);

/** What the calls with a decoder did, in all. */
typedef struct h4mk_frames_stats {
    size_t struct_size;
    uint64_t groups;         /**< That were decoded. */
    uint64_t blocks_decoded; /**< Blocks that went to the decoder. */
    uint64_t blocks_skipped; /**< Blocks that were read, and not decoded since nothing needed
                                  them. */
    uint64_t bytes_read;     /**< Bytes of both. */
} h4mk_frames_stats;
#define H4MK_FRAMES_STATS_INIT { sizeof(h4mk_frames_stats), 0, 0, 0, 0 }
H4MK_API h4mk_status h4mk_frames_get_stats(const h4mk_frames *frames, h4mk_frames_stats *stats);

/* ----------------------------------------------------------------------------------------- plan */

typedef struct h4mk_plan_options {
    size_t struct_size;
    uint32_t shards;    /**< Into how many parts of about the same work the plan is cut; 0: 1. There
                             are no more than groups. */
    uint32_t max_waste; /**< Per cent of the needed bytes that may be read in vain so that there are
                             fewer requests; at most 1000. */
} h4mk_plan_options;
#define H4MK_PLAN_OPTIONS_INIT { sizeof(h4mk_plan_options), 0, 10 }

/** What h4mk_frames_decode() would do, as an object, which h4mk_value_to_json() prints: "track"
 *  (index), "frames", "groups", "bytes" (needed), "bytes_read" (with what is read in vain), and
 *  "shards", an array of objects, each with
 *    "frames"     the numbers of its frames, in the order of groups,
 *    "positions"  for each of these its place in `numbers`,
 *    "groups"     array of objects: "first_block", "last_block" (ordinals), "blocks", "bytes",
 *                 "frames" (how many),
 *    "ranges"     array of objects: "offset", "size" and, if it is of a file beside, "beside".
 *  A shard is run by h4mk_frames_decode() with its frames, anywhere where the file is. Freed by
 *  h4mk_value_free(). Errors as h4mk_frames_decode(). */
H4MK_API h4mk_status h4mk_frames_plan(h4mk_frames *frames, const uint64_t *numbers, size_t count,
                                      const h4mk_plan_options *options,
                                      h4mk_value **plan);

/* ---------------------------------------------------------------------------------------- sound */

/** What the sound of a track is like. */
typedef struct h4mk_sound_format {
    size_t struct_size;
    uint32_t sample_rate; /**< Samples a second. */
    uint32_t channels;
    int64_t start;        /**< Number of the first sample: sample n is heard at n / sample_rate
                               seconds. */
    int64_t end;          /**< Number behind the last one, as far as the index tells. */
} h4mk_sound_format;
#define H4MK_SOUND_FORMAT_INIT { sizeof(h4mk_sound_format), 0, 0, 0, 0 }
H4MK_API h4mk_status h4mk_frames_sound_format(h4mk_frames *frames, h4mk_sound_format *format);

/** Decodes samples first … first + count - 1 to out, interleaved: count times channels values, full
 *  scale is 1. Where the track has no sound they are 0. Lossless codecs give what decoding the
 *  whole track gives, bit by bit; others are started early enough (16 blocks, or what the track's
 *  seek_preroll says) that no difference is heard. Errors as h4mk_frames_decode(). */
H4MK_API h4mk_status h4mk_frames_samples(h4mk_frames *frames, int64_t first, uint64_t count,
                                         float *out);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_FRAMES_H */
