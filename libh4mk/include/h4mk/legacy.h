/* SPDX-License-Identifier: MIT
 *
 * legacy.h: for programs that worked with files of the first versions: the schedule of
 * blocks, control frames, VERI, Living Cipher v3 and masks. The conventions of h4mk.h hold. Files
 * of these versions are read and written through h4mk.h.
 */
#ifndef H4MK_LEGACY_H
#define H4MK_LEGACY_H

#include <h4mk/h4mk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------- transport dialect */

/** The hash in VERI of a file of the transport dialect, by both readings that there are of it: they
 *  never agree on what the first writer made, which is no damage. Reads the whole file.
 *  H4MK_ERR_STATE: another version. */
typedef struct h4mk_transport_veri {
    int present;    /**< The file has a VERI chunk. */
    int as_written; /**< 1: it is the SHA-256 of the chunks before it, which is what writers put
                         there. */
    int as_checked; /**< 1: it is the SHA-256 of the payloads by tag, which is what the first reader
                         compares; 1 without VERI. */
} h4mk_transport_veri;
H4MK_API h4mk_status h4mk_reader_transport_veri(h4mk_reader *reader, h4mk_transport_veri *veri);

/* --------------------------------------------------------------- block schedule, control frames */

/** H4MK_BLOCK_ flags of the block with an index (from 0) of a track in groups of gop_size blocks:
 *  KEY with TYPE_I at the start of each; in between TYPE_P, with allow_b TYPE_B for odd indices.
 *  H4MK_ERR_ARGUMENT if gop_size is 0. Thread safe. */
H4MK_API h4mk_status h4mk_gop_flags(uint32_t gop_size, int allow_b, uint64_t index,
                                    uint32_t *flags);

/** Camera and motion at a time (legacy.md, "Control frames"). Texts may be NULL for their default;
 *  nothing is checked. */
typedef struct h4mk_control_frame {
    int64_t pts_us;    /**< Microseconds. */
    const char *move;  /**< "static" (default), "pan", "dolly", "orbit". */
    double intensity;  /**< 0 to 1. */
    double smooth;     /**< 0 to 1; 0.5 is usual. */
    const char *curve; /**< "linear" (default), "ease_in", "ease_out", "ease_in_out". */
    double strength;   /**< 0 to 1. */
    const char *notes; /**< Default "". */
} h4mk_control_frame;

/** The payload of a block of a track of control frames: JSON text, which h4mk_value_from_json()
 *  reads. *needed is its size with the NUL at its end; as much as `size` has room for goes to text
 *  (may be NULL if size is 0). Thread safe. */
H4MK_API h4mk_status h4mk_control_frames_to_json(const h4mk_control_frame *frames, size_t count,
                                                 char *text, size_t size,
                                                 size_t *needed);

/** Camera and motion at any time (adapters.md, "Control frames in time"). */
typedef struct h4mk_control_state {
    h4mk_control_frame frame;  /**< pts_us is the time; texts are those of the frames that were
                                    given, or static. */
    double pan, dolly, orbit;  /**< How far the camera went in each way since the first frame, in
                                    seconds of intensity 1. */
} h4mk_control_state;

/** Evaluates key frames, which are in the order of pts_us (else H4MK_ERR_ARGUMENT), at a time.
 *  Without frames: the defaults. Thread safe. */
H4MK_API h4mk_status h4mk_control_frames_at(const h4mk_control_frame *frames, size_t count,
                                            int64_t pts_us,
                                            h4mk_control_state *state);

/* -------------------------------------------------------------------- Living Cipher v3, mask v1 */

/** One end of a conversation of Living Cipher v3, with its weaknesses: one forged message may end
 *  it, and a secret must never be used for two conversations. For what exists. */
typedef struct h4mk_living_v3 h4mk_living_v3;
#define H4MK_LIVING_V3_OVERHEAD 126 /**< Bytes by which a message is longer than what it says, at
                                         most. */
#if defined(__GNUC__)
#define H4MK_LIVING_V3_WARNING \
    __attribute__((warn_unused_result, \
                   deprecated("Living Cipher v3 is broken: use h4mk_living_start()")))
#else
#define H4MK_LIVING_V3_WARNING
#endif
/** The end that reads what was sent with a secret. *living is freed by h4mk_living_v3_free().
 *  H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_living_v3_reader(const uint8_t *secret, size_t secret_size,
                                           h4mk_living_v3 **living);
/** The end that sends. Not for anything new: compilers warn. */
H4MK_API H4MK_LIVING_V3_WARNING h4mk_status h4mk_living_v3_sender(const uint8_t *secret,
                                                                  size_t secret_size,
                                                                  h4mk_living_v3 **living);
/** Frees an end and wipes its keys. NULL allowed. */
H4MK_API void h4mk_living_v3_free(h4mk_living_v3 *living);
/** Encrypts the next message to out, which has room for size + H4MK_LIVING_V3_OVERHEAD and is not
 *  data; *out_size tells how long it is. */
H4MK_API h4mk_status h4mk_living_v3_encrypt(h4mk_living_v3 *living, const uint8_t *associated,
                                            size_t associated_size,
                                            const uint8_t *data, size_t size, uint8_t *out,
                                            size_t *out_size);
/** Decrypts a message (header and ciphertext) to out, which has room for size bytes; *out_size
 *  tells how long it is. H4MK_ERR_CORRUPT: it was refused; h4mk_living_v3_message() names the fault
 *  of legacy.md. */
H4MK_API h4mk_status h4mk_living_v3_decrypt(h4mk_living_v3 *living, const uint8_t *associated,
                                            size_t associated_size,
                                            const uint8_t *message, size_t size, uint8_t *out,
                                            size_t *out_size);
/** What went wrong last; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_living_v3_message(const h4mk_living_v3 *living);

/** Mask v1 (legacy.md): masks and unmasks block number `block` from data to out, which may be data.
 *  No integrity; never use a key for two sequences of blocks. Thread safe. */
H4MK_API h4mk_status h4mk_mask(const uint8_t *key, size_t key_size, uint64_t block,
                               const uint8_t *data, size_t size, uint8_t *out);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_LEGACY_H */
