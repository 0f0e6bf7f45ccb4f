/* SPDX-License-Identifier: MIT
 *
 * protection.h: signatures and proofs of files, ciphers for single blocks, and Living Cipher v4 for
 * messages (protection.md). The conventions of h4mk.h hold. Readers verify and decrypt, and writers
 * sign and encrypt, by their options in h4mk.h; this header has what goes beyond that.
 */
#ifndef H4MK_PROTECTION_H
#define H4MK_PROTECTION_H

#include <h4mk/h4mk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------------------- signed files */

/** What is known to be signed of a file that was opened with a verify_key. */
typedef struct h4mk_signature {
    size_t struct_size;
    int is_final;              /**< 1: up to the end of the file; 0: it has no end yet, or was
                                    cut. */
    int descriptions_unsigned; /**< 1: descriptions were changed later without being signed. Only
                                    words about the recording can be: names, notes, tags, chapters
                                    (protection.md, "What describes the blocks"). */
    uint64_t chunk_count;      /**< Chunks that are signed. */
    int64_t signed_until;      /**< Byte offset behind the last of them. */
    uint64_t problem_count;    /**< Things that were found so far not to be as they were signed, at
                                    most 1000. The file is good as far as it was read if this is 0,
                                    is_final is 1 and descriptions_unsigned is 0. */
} h4mk_signature;
#define H4MK_SIGNATURE_INIT { sizeof(h4mk_signature), 0, 0, 0, 0, 0 }
/** Tells what is signed of a file (protection.md, "Signed files"). signature: H4MK_SIGNATURE_INIT,
 *  is filled. H4MK_ERR_STATE: the reader was opened without verify_key. */
H4MK_API h4mk_status h4mk_reader_signature(const h4mk_reader *reader, h4mk_signature *signature);
/** Who says that a file is theirs. Nothing of it is verified: that takes a verify_key. */
typedef struct h4mk_signer {
    size_t struct_size;
    const char *key_kind;    /**< "Ed25519" or "ECDSA P-256". */
    uint8_t fingerprint[32]; /**< Of the public key (protection.md, "Signed files"). */
    int is_final;            /**< 1: the signature is that of the end of a file. */
} h4mk_signer;
#define H4MK_SIGNER_INIT { sizeof(h4mk_signer), "", {0}, 0 }
/** Looks for the last signature in the last 512 KiB of a file of version 2, and fills *signer.
 *  H4MK_ERR_NOT_FOUND: there is none; H4MK_ERR_IO, _CANCELLED. */
H4MK_API h4mk_status h4mk_reader_signer(h4mk_reader *reader, h4mk_signer *signer);
/** Makes a proof that the block which h4mk_reader_next() or h4mk_reader_read_block() handed out
 *  last is in the file that was signed: an object that holds all that h4mk_proof_verify() needs,
 *  the stored block included (protection.md, "Proof of a block"). *proof is freed by
 *  h4mk_value_free(). H4MK_ERR_STATE: there was no block, or the reader was opened without
 *  verify_key and with_proofs; H4MK_ERR_CORRUPT, _IO. */
H4MK_API h4mk_status h4mk_reader_prove(h4mk_reader *reader, h4mk_value **proof);
/** Verifies a proof with a public key in PEM form (protection.md, "Proof of a block"). *block is an
 *  object with "track_id", "ordinal", "pts", "dts" (absent where not known), "duration", "flags",
 *  "data" (see h4mk_value_get_bytes()) and, if there is any, "side_data", an array of {"name",
 *  "data"}. Nothing else is proved: not the codec, and not the time base of the track. To check
 *  another copy of the block, compare all of these members. Freed by h4mk_value_free().
 *  task may be NULL; its problem tells what is wrong with the proof, and it has no progress.
 *  H4MK_ERR_KEY: no key, or signed with another one; H4MK_ERR_CORRUPT: it proves nothing. Thread
 *  safe. */
H4MK_API h4mk_status h4mk_proof_verify(const h4mk_value *proof, const char *verify_key,
                                       const h4mk_task *task, h4mk_value **block);

/* -------------------------------------------------------------------------------- single blocks */

/** Encrypts and decrypts single blocks, for programs that move blocks in other ways, a filter
 *  between a demuxer and a muxer say (protection.md, "Encrypted blocks"). One thread at a time uses
 *  an h4mk_cipher. */
typedef struct h4mk_cipher h4mk_cipher;

#define H4MK_FILE_ID_SIZE 16
#define H4MK_CIPHER_OVERHEAD 16 /**< Bytes by which a sealed block is longer. */

/** What a sealed block is bound to: it can be opened with the same values only. */
typedef struct h4mk_cipher_block {
    size_t struct_size;
    uint32_t track_id;
    int32_t time_base_num, time_base_den; /**< Both at least 1. */
    uint32_t flags;   /**< H4MK_BLOCK_..., or 0. */
    /** The number of the block within its track. Must never be used twice for sealing with one key
     *  and file id, whatever the data: that gives both blocks away. */
    uint64_t ordinal;
    int64_t pts, dts, duration; /**< As in h4mk_block; H4MK_NO_TIME and 0 where they may change on
                                     the way. */
} h4mk_cipher_block;
#define H4MK_CIPHER_BLOCK_INIT \
    { sizeof(h4mk_cipher_block), 0, 1, 1, 0, 0, H4MK_NO_TIME, H4MK_NO_TIME, 0 }

/** Makes a cipher for sealing: scheme H4MK_SCHEME_..., a key, and a file id of H4MK_FILE_ID_SIZE
 *  bytes; NULL: random ones, which anything new must have. *cipher is set whenever memory
 *  allows, also on errors, so that h4mk_cipher_message() can be asked; free it in any case. Errors:
 *  H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_cipher_new(const char *scheme, const h4mk_key *key,
                                     const uint8_t *file_id, h4mk_cipher **cipher);
/** Makes a cipher from the member "protection" of META, for opening, with the key among key_count
 *  that fits. *cipher as above. H4MK_ERR_KEY: none fits; H4MK_ERR_CORRUPT, _UNSUPPORTED: the
 *  description cannot be used. */
H4MK_API h4mk_status h4mk_cipher_from_description(const h4mk_value *protection,
                                                  const h4mk_key *keys, size_t key_count,
                                                  h4mk_cipher **cipher);
/** Frees a cipher and wipes its keys. NULL allowed. */
H4MK_API void h4mk_cipher_free(h4mk_cipher *cipher);
/** What went wrong last, in words; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_cipher_message(const h4mk_cipher *cipher);
/** The description that h4mk_cipher_from_description() takes; freed by h4mk_value_free(). Holds
 *  nothing secret. */
H4MK_API h4mk_status h4mk_cipher_describe(const h4mk_cipher *cipher, h4mk_value **protection);
/** Encrypts size bytes (at most 1 GiB less H4MK_CIPHER_OVERHEAD) to out, which has room for size +
 *  H4MK_CIPHER_OVERHEAD and may be data. */
H4MK_API h4mk_status h4mk_cipher_seal(h4mk_cipher *cipher, const h4mk_cipher_block *block,
                                      const uint8_t *data, size_t size,
                                      uint8_t *out);
/** Opens size sealed bytes to out, which has room for size - H4MK_CIPHER_OVERHEAD (and is not NULL)
 *  and may be data. H4MK_ERR_CORRUPT: they are not what was sealed for this block; out is
 *  zeroed. */
H4MK_API h4mk_status h4mk_cipher_open(h4mk_cipher *cipher, const h4mk_cipher_block *block,
                                      const uint8_t *data, size_t size,
                                      uint8_t *out);

/* ------------------------------------------------------------------- messages: Living Cipher v4 */

/** One end of a session. Whoever starts it is the initiator, the other end the responder; both may
 *  send. Messages may be lost, late or forged on the way: one that is refused leaves no trace. */
typedef struct h4mk_living h4mk_living;

#define H4MK_LIVING_HELLO_SIZE 70
#define H4MK_LIVING_OVERHEAD 57   /**< Bytes by which a message is longer than what it says. */
#define H4MK_LIVING_MIN_SECRET 32 /**< Bytes that both ends share, from a random generator. */
#define H4MK_X25519_KEY_SIZE 32

typedef struct h4mk_living_options {
    size_t struct_size;
    /** How many keys of messages that were passed over are kept, at most 65536; 0: 64. */
    uint32_t window;
    /** The initiator's: public X25519 key of the responder. What the initiator sends is then
     *  re-keyed by it, so that whoever learns the secret is out again after 1024 messages. NULL:
     *  re-keyed by random values. H4MK_X25519_KEY_SIZE bytes. */
    const uint8_t *responder_public;
    const uint8_t *responder_private; /**< The responder's: the private part of it. */
} h4mk_living_options;
#define H4MK_LIVING_OPTIONS_INIT { sizeof(h4mk_living_options), 0, NULL, NULL }

/** What a message is bound to: it can be read with the same values only. */
typedef struct h4mk_living_binding {
    size_t struct_size;
    uint8_t file_id[H4MK_FILE_ID_SIZE];
    uint32_t track_id;
    uint32_t flags;
    uint64_t ordinal;
    int64_t pts, dts, duration;
} h4mk_living_binding;
#define H4MK_LIVING_BINDING_INIT \
    { sizeof(h4mk_living_binding), {0}, 0, 0, 0, H4MK_NO_TIME, H4MK_NO_TIME, 0 }

/** A new pair of X25519 keys. H4MK_ERR_ARGUMENT. Thread safe. */
H4MK_API h4mk_status h4mk_living_new_keys(uint8_t private_key[H4MK_X25519_KEY_SIZE],
                                          uint8_t public_key[H4MK_X25519_KEY_SIZE]);
/** Starts a session; hello goes to the other end, in the clear. options may be NULL. *living is
 *  freed by h4mk_living_free(). H4MK_ERR_KEY: the secret is shorter than H4MK_LIVING_MIN_SECRET;
 *  H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_living_start(const uint8_t *secret, size_t secret_size,
                                       const h4mk_living_options *options,
                                       uint8_t hello[H4MK_LIVING_HELLO_SIZE], h4mk_living **living);
/** The other end. H4MK_ERR_KEY: the secret is another one, or responder_private is missing;
 *  H4MK_ERR_CORRUPT: not a hello. */
H4MK_API h4mk_status h4mk_living_accept(const uint8_t *secret, size_t secret_size,
                                        const h4mk_living_options *options,
                                        const uint8_t *hello, size_t hello_size,
                                        h4mk_living **living);
/** Frees an end and wipes its keys. NULL allowed. */
H4MK_API void h4mk_living_free(h4mk_living *living);
/** Encrypts the next message to out, which has room for size + H4MK_LIVING_OVERHEAD and is not
 *  data. At most 1 GiB. */
H4MK_API h4mk_status h4mk_living_encrypt(h4mk_living *living, const h4mk_living_binding *binding,
                                         const uint8_t *data, size_t size,
                                         uint8_t *out);
/** Decrypts a message to out, which has room for size - H4MK_LIVING_OVERHEAD (and is not NULL).
 *  H4MK_ERR_CORRUPT: it is forged, was read before, comes too late or too early, or is bound to
 *  other values; out is untouched. */
H4MK_API h4mk_status h4mk_living_decrypt(h4mk_living *living, const h4mk_living_binding *binding,
                                         const uint8_t *message, size_t size,
                                         uint8_t *out);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_PROTECTION_H */
