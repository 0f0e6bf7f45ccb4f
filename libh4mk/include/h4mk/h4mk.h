/* SPDX-License-Identifier: MIT
 *
 * h4mk.h: read and write H4MK media containers (the format is specified in spec/README.md).
 *
 * Conventions, once for the whole header
 *  1. Functions that can fail return h4mk_status: H4MK_OK is 0, H4MK_END and H4MK_AGAIN say that there is nothing (more)
 *     to hand out, everything from 100 on is an error. Output parameters are untouched unless H4MK_OK is returned.
 *  2. Handles (h4mk_reader, h4mk_writer, h4mk_value) are opaque. A handle may be used by one thread at a time; different
 *     handles are independent. Freeing NULL is allowed and does nothing.
 *  3. Structs that callers fill start with struct_size = sizeof the struct, and are otherwise zero unless said
 *     (H4MK_..._INIT does both), so that members can be added without breaking compiled programs.
 *  4. Pointers that are handed out belong to the handle they came from and stay valid as long as its comment says.
 *  5. Strings are UTF-8 and NUL-terminated. Byte offsets count from the first byte of the file.
 *  6. No function prints, exits or throws.
 *
 * The complete loop of a reader:
 *
 *     h4mk_io io = H4MK_IO_INIT;
 *     h4mk_reader *reader = NULL;
 *     h4mk_block block;
 *     if (h4mk_io_open_file("film.h4mk", H4MK_OPEN_READ, &io) == H4MK_OK &&
 *         h4mk_reader_open(&io, NULL, &reader) == H4MK_OK)
 *         for (;;) {
 *             h4mk_status status = h4mk_reader_next(reader, &block);
 *             if (status == H4MK_OK)
 *                 use(block.track, block.pts, block.data, block.size);
 *             else if (status == H4MK_ERR_CORRUPT)
 *                 fputs(h4mk_reader_message(reader), stderr);     // the next call goes on behind the damage
 *             else
 *                 break;                                          // H4MK_END, H4MK_AGAIN or an I/O error
 *         }
 *     h4mk_reader_free(reader);
 *     h4mk_io_close(&io);
 */
#ifndef H4MK_H4MK_H
#define H4MK_H4MK_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define H4MK_API
#else
#define H4MK_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------- version */

#define H4MK_VERSION_MAJOR 1
#define H4MK_VERSION_MINOR 0
#define H4MK_VERSION_PATCH 0

/** Version of the library in use, as major << 16 | minor << 8 | patch. Thread safe. */
H4MK_API unsigned h4mk_version(void);

#define H4MK_FEATURE_PROTECTION 1u /**< Encryption and signatures. */
#define H4MK_FEATURE_ZSTD 2u       /**< Compressed blocks. */
#define H4MK_FEATURE_ADAPTERS 4u   /**< Everything in adapter.h, and tokens. */
#define H4MK_FEATURE_LEGACY 8u     /**< Version 1, the transport dialect, conversion, the first ciphers. */

/** What this build of the library has: H4MK_FEATURE_... together. All builds have all functions; those that a build cannot serve
 *  return H4MK_ERR_UNSUPPORTED, NULL or 0. Thread safe. */
H4MK_API unsigned h4mk_features(void);

/* ----------------------------------------------------------------------------------------------------------- status */

/** Numbers are permanent. Ranges: 1.. no result, 100.. the caller, 200.. input and output, 300.. the file, 400.. adapters. */
typedef enum h4mk_status {
    H4MK_OK = 0,
    H4MK_END = 1,               /**< Nothing more: the file is closed and has been read to its end. */
    H4MK_AGAIN = 2,             /**< Nothing more yet: the file has no end, it is still growing or was cut. Call again if it may grow. */
    H4MK_ERR_ARGUMENT = 100,    /**< A parameter is outside its documented range. */
    H4MK_ERR_MEMORY = 101,      /**< Out of memory. */
    H4MK_ERR_STATE = 102,       /**< The call is not allowed now (a block written after h4mk_writer_finish(), say). */
    H4MK_ERR_LIMIT = 103,       /**< A limit of the format would be exceeded; the message says which. */
    H4MK_ERR_IO = 200,          /**< A callback of h4mk_io failed; h4mk_..._io_error() has its code. */
    H4MK_ERR_NOT_SEEKABLE = 201,/**< The call needs a seekable input. */
    H4MK_ERR_NOT_H4MK = 300,    /**< Not an H4MK file. */
    H4MK_ERR_VERSION = 301,     /**< An H4MK file of a version that this library does not read. */
    H4MK_ERR_TRUNCATED = 302,   /**< The file ends inside its header or the descriptions that follow it. */
    H4MK_ERR_CORRUPT = 303,     /**< A checksum failed or a structure contradicts itself; the message names the offset. */
    H4MK_ERR_NOT_FOUND = 304,   /**< No such block, track or time in the file. */
    H4MK_ERR_KEY = 305,         /**< A key is missing or is the wrong one. */
    H4MK_ERR_UNSUPPORTED = 306, /**< The file, a track or a block needs a feature that this library does not know; the message names it. */
    H4MK_ERR_ADAPTER = 400      /**< An adapter (adapter.h) failed, or is not what it must be; the message says how. */
} h4mk_status;

/** A short English sentence for a status; never NULL. Thread safe, static storage. */
H4MK_API const char *h4mk_strerror(h4mk_status status);

/* ------------------------------------------------------------------------------------------------ input and output */

/** Where bytes come from or go to. A reader needs read; seek and size where the input has them. A writer needs write;
 *  seek only for h4mk_writer_options.reserve_index_space. Callbacks are called by the thread that calls the library. */
typedef struct h4mk_io {
    size_t struct_size;
    void *opaque; /**< First argument of every callback. */
    /** Reads up to size bytes at the current position. Returns how many (fewer is not an error), 0 at the end, or a
     *  negative code, which the library keeps for h4mk_reader_io_error(). */
    int64_t (*read)(void *opaque, uint8_t *buffer, size_t size);
    /** Writes up to size bytes. Returns how many (fewer, but at least 1, is not an error) or a negative code. */
    int64_t (*write)(void *opaque, const uint8_t *buffer, size_t size);
    /** Moves to a byte offset. Returns 0 or a negative code. NULL: the stream cannot seek. */
    int (*seek)(void *opaque, int64_t offset);
    /** Size of the file in bytes, or a negative number if it is not known. NULL: not known. May grow between calls. */
    int64_t (*size)(void *opaque);
    /** Releases what opaque refers to. NULL: nothing to release. Called by h4mk_io_close() only. */
    void (*close)(void *opaque);
} h4mk_io;
#define H4MK_IO_INIT { sizeof(h4mk_io), NULL, NULL, NULL, NULL, NULL, NULL }

#define H4MK_OPEN_READ 0  /**< An existing file. */
#define H4MK_OPEN_WRITE 1 /**< A new file; an existing one is emptied. */

/** Opens a file by path. On H4MK_OK *io is filled and owned by the caller until h4mk_io_close(). Errors: H4MK_ERR_ARGUMENT,
 *  H4MK_ERR_MEMORY, H4MK_ERR_IO (errno tells why). */
H4MK_API h4mk_status h4mk_io_open_file(const char *path, int mode, h4mk_io *io);

/** Opens the file with a name in the folder of the file with a path: what h4mk_reader_options.open_beside may be, with the path of the
 *  sidecar as beside_opaque. Only a regular file is opened, and no link is followed. H4MK_ERR_ARGUMENT: the name is none that core.md,
 *  "External data", allows; H4MK_ERR_NOT_FOUND: there is none; others as h4mk_io_open_file(). */
H4MK_API h4mk_status h4mk_io_open_beside(void *path, const char *name, h4mk_io *io);

/** Reads from memory, which must stay valid until h4mk_io_close(). */
H4MK_API h4mk_status h4mk_io_open_memory(const void *data, size_t size, h4mk_io *io);

/** Writes to a growing memory block; h4mk_io_memory() tells where it is. */
H4MK_API h4mk_status h4mk_io_new_memory(h4mk_io *io);

/** The bytes written so far to an io of h4mk_io_new_memory(). Valid until the next write or h4mk_io_close(). */
H4MK_API h4mk_status h4mk_io_memory(const h4mk_io *io, const uint8_t **data, size_t *size);

/** Calls io->close and clears *io. NULL and a cleared io are allowed. */
H4MK_API void h4mk_io_close(h4mk_io *io);

/* ------------------------------------------------------------------------------------------------------------ values */

/** A JSON value: track descriptions and metadata are objects of these (ffmpeg.md, "Keys of TRAK" and "Keys of META", lists the keys).
 *  Members keep their order. Members and elements belong to the value they are in and live as long as it is not changed
 *  or freed. Setters and adders replace a member of the same key. All need an object or array as said; a wrong kind of
 *  value is H4MK_ERR_ARGUMENT from setters and "absent" from getters. */
typedef struct h4mk_value h4mk_value;

typedef enum h4mk_value_type {
    H4MK_VALUE_NULL = 0, H4MK_VALUE_BOOL = 1, H4MK_VALUE_INT = 2, H4MK_VALUE_REAL = 3,
    H4MK_VALUE_STRING = 4, H4MK_VALUE_ARRAY = 5, H4MK_VALUE_OBJECT = 6
} h4mk_value_type;

/** A new empty object, freed by h4mk_value_free(); NULL when out of memory. */
H4MK_API h4mk_value *h4mk_value_new(void);
/** Frees a value of h4mk_value_new(). NULL allowed. */
H4MK_API void h4mk_value_free(h4mk_value *value);

/** Type of a value; H4MK_VALUE_NULL for NULL. */
H4MK_API h4mk_value_type h4mk_value_get_type(const h4mk_value *value);
/** Number of members or elements; 0 for anything else. */
H4MK_API size_t h4mk_value_count(const h4mk_value *value);
/** Member or element by position (< h4mk_value_count()), or NULL. */
H4MK_API const h4mk_value *h4mk_value_at(const h4mk_value *value, size_t index);
/** Key of the member at a position of an object, or NULL. */
H4MK_API const char *h4mk_value_key_at(const h4mk_value *value, size_t index);
/** Member by key, or NULL. */
H4MK_API const h4mk_value *h4mk_value_get(const h4mk_value *object, const char *key);

/** The value itself as an integer, or fallback if it is none. */
H4MK_API int64_t h4mk_value_int(const h4mk_value *value, int64_t fallback);
/** The value itself as a real number (integers too), or fallback. */
H4MK_API double h4mk_value_real(const h4mk_value *value, double fallback);
/** The value itself as text, or NULL. Text that is not UTF-8 was stored as bytes (see h4mk_value_set_text) and comes
 *  back here as it was given. */
H4MK_API const char *h4mk_value_text(const h4mk_value *value);
/** Member as an integer, or fallback if it is absent or no integer. */
H4MK_API int64_t h4mk_value_get_int(const h4mk_value *object, const char *key, int64_t fallback);
/** Member as text, or NULL if it is absent or no text. */
H4MK_API const char *h4mk_value_get_text(const h4mk_value *object, const char *key);
/** Decoded bytes of a member written by h4mk_value_set_bytes(). H4MK_ERR_NOT_FOUND if absent; H4MK_ERR_CORRUPT if it is no
 *  base64. *data is valid as long as the value is not changed or freed; it is not NULL, even for 0 bytes. */
H4MK_API h4mk_status h4mk_value_get_bytes(const h4mk_value *object, const char *key, const uint8_t **data, size_t *size);

/** Sets a member of an object. Text that is not valid UTF-8 is kept exactly, as {"base64": ...}. */
H4MK_API h4mk_status h4mk_value_set_text(h4mk_value *object, const char *key, const char *text);
H4MK_API h4mk_status h4mk_value_set_int(h4mk_value *object, const char *key, int64_t number);
H4MK_API h4mk_status h4mk_value_set_real(h4mk_value *object, const char *key, double number);
H4MK_API h4mk_status h4mk_value_set_bool(h4mk_value *object, const char *key, int truth);
/** Sets a member to bytes, stored as base64 text. */
H4MK_API h4mk_status h4mk_value_set_bytes(h4mk_value *object, const char *key, const void *data, size_t size);
/** Sets a member to a copy of another value, which may be of any kind and may belong to object. */
H4MK_API h4mk_status h4mk_value_set_value(h4mk_value *object, const char *key, const h4mk_value *value);
/** Adds an empty object or array as a member and returns it; NULL when out of memory or object is none. */
H4MK_API h4mk_value *h4mk_value_add_object(h4mk_value *object, const char *key);
H4MK_API h4mk_value *h4mk_value_add_array(h4mk_value *object, const char *key);
/** Appends to an array. The object is returned; NULL when out of memory or array is none. */
H4MK_API h4mk_value *h4mk_value_append_object(h4mk_value *array);
H4MK_API h4mk_status h4mk_value_append_text(h4mk_value *array, const char *text);
H4MK_API h4mk_status h4mk_value_append_int(h4mk_value *array, int64_t number);

/** A value as compact JSON text; valid as long as the value is not changed or freed. NULL when out of memory. */
H4MK_API const char *h4mk_value_to_json(const h4mk_value *value);
/** Parses JSON text (size bytes, RFC 8259, UTF-8, no byte order mark). *value is freed by h4mk_value_free(). */
H4MK_API h4mk_status h4mk_value_from_json(const char *text, size_t size, h4mk_value **value);

/* ------------------------------------------------------------------------------------------------------------ blocks */

/** "This time is not known", for pts and dts. The value of FFmpeg's AV_NOPTS_VALUE. */
#define H4MK_NO_TIME INT64_MIN

/** Flags of a block (core.md, "Block flags"). */
#define H4MK_BLOCK_TYPE_MASK 0x3u   /**< The block's type, one of the four below. */
#define H4MK_BLOCK_TYPE_I 0x0u      /**< Decodable by itself. */
#define H4MK_BLOCK_TYPE_P 0x1u      /**< Needs earlier blocks. */
#define H4MK_BLOCK_TYPE_B 0x2u      /**< Needs earlier and later blocks, or nothing depends on it. */
#define H4MK_BLOCK_KEY 0x4u         /**< Random access point: a decoder can start here. */
#define H4MK_BLOCK_DISCARD 0x8u     /**< Must be decoded, must not be shown. */
#define H4MK_BLOCK_CORRUPT 0x10u    /**< Known to be damaged: when writing, by the caller; when reading, also by a failed checksum. */
#define H4MK_BLOCK_DISPOSABLE 0x20u /**< No other block depends on it. */
#define H4MK_BLOCK_ENCRYPTED 0x200u /**< The data is ciphertext (protection.md, "Encrypted blocks"). Reading: only with
                                         h4mk_reader_options.keep_encrypted. Writing: it is stored as it is and keeps its
                                         ordinal; times, flags and side data must be as they were read, and META must have
                                         the "protection" of the file it came from. */
#define H4MK_BLOCK_COMPRESSED 0x400u /**< Together with H4MK_BLOCK_ENCRYPTED: what was encrypted is compressed. Without it readers
                                          unpack, and writers compress, where a track asks for it (h4mk_writer_add_track()). */

#define H4MK_BLOCK_EXTERNAL 0x800u   /**< The data is in a file beside this one, which the track names (core.md, "External data").
                                          Lookups tell it. Blocks that are read do not have it: their data is there. Writing: data and
                                          size are what the other file has from h4mk_block.offset on; they are hashed, not stored. Not
                                          together with H4MK_BLOCK_ENCRYPTED or H4MK_BLOCK_COMPRESSED. */

/** A named piece of data that belongs to one block. Names and bytes: core.md, "Side data". */
typedef struct h4mk_side_data {
    const char *name;    /**< 1 to 255 bytes. */
    const uint8_t *data; /**< May be NULL if size is 0. */
    size_t size;
} h4mk_side_data;

/** One block of one track: what FFmpeg calls a packet. */
typedef struct h4mk_block {
    uint32_t track;          /**< Index of the track (not its track_id), from 0 in the order of TRAK. */
    uint32_t flags;          /**< H4MK_BLOCK_... */
    int64_t pts;             /**< Presentation time in the track's time base, or H4MK_NO_TIME. */
    int64_t dts;             /**< Decoding time in the track's time base, or H4MK_NO_TIME. */
    int64_t duration;        /**< In the track's time base; 0 if not known. */
    const uint8_t *data;     /**< size bytes. Reading: followed by at least 64 readable bytes. May be NULL if size is 0. */
    size_t size;
    const h4mk_side_data *side_data; /**< side_data_count entries. */
    size_t side_data_count;
    uint64_t ordinal;        /**< Reading: the block's number within its track, from 0. Writing: ignored, except of an
                                  encrypted block: then more than that of the block before it in its track. */
    int64_t offset;          /**< Reading: byte offset of the data in the file; if it came from a file beside it, of the cluster's
                                  data. Writing: ignored, except with H4MK_BLOCK_EXTERNAL: byte offset in the other file. */
    void *buffer;            /**< Reading: the handle from h4mk_buffers.alloc whose memory data lies in. Writing: ignored. */
} h4mk_block;
#define H4MK_BLOCK_INIT { 0, 0, H4MK_NO_TIME, H4MK_NO_TIME, 0, NULL, 0, NULL, 0, 0, 0, NULL }

/* -------------------------------------------------------------------------------------------------------------- keys */

#define H4MK_MIN_KEY_SIZE 16 /**< Bytes a key has at least; advice: 32, from a random generator. At most 1024. */

/** A key for encrypted blocks and the id that files name it by. What takes one copies it, and wipes the copy. */
typedef struct h4mk_key {
    const uint8_t *kid; /**< kid_size bytes, at most 32. NULL with kid_size 0: the key fits whatever a file asks for. */
    size_t kid_size;
    const uint8_t *key; /**< key_size bytes. */
    size_t key_size;
} h4mk_key;

/* ------------------------------------------------------------------------------------------------------------ reader */

typedef struct h4mk_reader h4mk_reader;

/** Memory for payloads, so that a caller can hand blocks on without copying them: the reader holds one reference to a
 *  buffer while it still serves blocks from it; a caller that wants to keep a block takes its own reference to block.buffer. */
typedef struct h4mk_buffers {
    void *opaque;
    /** Returns a handle with one reference and sets *data to size writable bytes; NULL when out of memory. */
    void *(*alloc)(void *opaque, size_t size, uint8_t **data);
    /** Gives the reader's reference back. */
    void (*release)(void *opaque, void *handle);
} h4mk_buffers;

typedef struct h4mk_reader_options {
    size_t struct_size;
    /** All NULL: memory of the library's own; a block is then valid until the next call with this reader. */
    h4mk_buffers buffers;
    /** 0: blocks with a failed checksum are dropped, and reported by H4MK_ERR_CORRUPT. 1: they are handed out with
     *  H4MK_BLOCK_CORRUPT set after the same report. */
    int keep_corrupt;
    /** 0: opening an encrypted file without keys is H4MK_ERR_KEY. 1: its blocks are handed out as they are, with
     *  H4MK_BLOCK_ENCRYPTED set. */
    int keep_encrypted;
    /** Keys by which blocks are decrypted, key_count of them; the one whose id the file names, else the first without id (the
     *  transport dialect names none). The
     *  file must be encrypted, by one of them: else opening is H4MK_ERR_KEY. A block that is not what was encrypted, and blocks
     *  that are missing or come twice, are H4MK_ERR_CORRUPT from h4mk_reader_next(). */
    const h4mk_key *keys;
    size_t key_count;
    /** A public key in PEM form (Ed25519 or ECDSA P-256): nothing of the file is used before it was verified (protection.md, "Signed
     *  files"). The input must seek and know its size. Opening is H4MK_ERR_KEY where the file is not signed with it. What is not
     *  as it was signed is damage, and a warning says where. A file without an end is read up to its last signature. NULL: nothing
     *  is verified. */
    const char *verify_key;
    /** Opens a file beside the one that is read, for blocks of a sidecar: core.md, "External data". The name is that of a file in the
     *  same folder: it has none of / \\ : % ? # and no control characters, does not begin with "-", and is not "." or "..". What opens
     *  must be a regular file and no link, as h4mk_io_open_beside() sees to. *io must seek and know its size; the reader closes it.
     *  Called once for each name, when the first such block is read; on errors again with the blocks of the next cluster. NULL, or an
     *  error: the blocks of a track in a cluster are H4MK_ERR_NOT_FOUND together, and the message says which file is missing; the next
     *  call of h4mk_reader_next() goes on behind them. Blocks whose bytes there are not what they were are
     *  H4MK_ERR_CORRUPT, and the message says which bytes. */
    h4mk_status (*open_beside)(void *opaque, const char *name, h4mk_io *io);
    void *beside_opaque; /**< First argument of open_beside; must outlive the reader. */
    /** With verify_key. 0: what is not as it was signed is left out, and told by h4mk_reader_next_warning(). 1: it is
     *  H4MK_ERR_CORRUPT, of h4mk_reader_open() or of the call that finds it, and of all calls that read behind that; so are
     *  descriptions that were changed without being signed, and a file that was signed up to an end which is not there. A file that
     *  has no end yet is no error: h4mk_signature.is_final tells. */
    int refuse_unsigned;
} h4mk_reader_options;
#define H4MK_READER_OPTIONS_INIT { sizeof(h4mk_reader_options), { NULL, NULL, NULL }, 0, 0, NULL, 0, NULL, NULL, NULL, 0 }

/** The "version" of files of the big-endian transport dialect (legacy.md, "Transport dialect"). */
#define H4MK_VERSION_TRANSPORT 0x100

/** Probes the first bytes of a file. Returns 0 (no H4MK), else the version (1, 2, … or H4MK_VERSION_TRANSPORT); needs 16
 *  bytes. Thread safe. */
H4MK_API int h4mk_probe(const uint8_t *data, size_t size);

/** Opens a file for reading; io is copied, what it refers to must outlive the reader. The reader starts at io's current
 *  position, which must be the start of the file. Reads header, TRAK and META; with a seekable input also the end of the file.
 *  *reader is set whenever memory allows, also on errors, so that h4mk_reader_message() can be asked; free it in any case.
 *  Errors: H4MK_ERR_NOT_H4MK, _VERSION, _TRUNCATED, _CORRUPT (TRAK cannot be used), _NOT_SEEKABLE (the transport dialect needs an
 *  input that seeks and knows its size), _KEY, _IO, _MEMORY, _ARGUMENT. */
H4MK_API h4mk_status h4mk_reader_open(const h4mk_io *io, const h4mk_reader_options *options, h4mk_reader **reader);
H4MK_API void h4mk_reader_free(h4mk_reader *reader);

/** What went wrong last, in words, with byte offset and what was expected; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_reader_message(const h4mk_reader *reader);
/** The negative code that an I/O callback returned last; 0 if none did. */
H4MK_API int64_t h4mk_reader_io_error(const h4mk_reader *reader);
/** Next note of something that was wrong but did not stop the reader (a damaged chunk that was passed over, a missing
 *  end); NULL when there are no more. Valid until the next call. */
H4MK_API const char *h4mk_reader_next_warning(h4mk_reader *reader);

/** Version of the file: 1, 2 or H4MK_VERSION_TRANSPORT. Files of version 1 have time base 1/1000 and blocks without dts in the
 *  order of their pts, unless they say more of themselves (legacy.md, "Block log"). Files of the transport dialect have time
 *  base 1/1000000; their blocks come decompressed where this library can do that. */
H4MK_API int h4mk_reader_version(const h4mk_reader *reader);
/** 1 if the file ends in its locator (version 1: in its container CRC); 0 if it is still growing, was cut, or the input cannot
 *  seek. */
H4MK_API int h4mk_reader_is_closed(const h4mk_reader *reader);
/** What is known to be signed of a file that was opened with a verify_key. */
typedef struct h4mk_signature {
    size_t struct_size;
    int is_final;              /**< 1: up to the end of the file; 0: it has no end yet, or was cut. */
    int descriptions_unsigned; /**< 1: descriptions were changed later without being signed. Only words about the recording can be:
                                *   names, notes, tags, chapters (protection.md, "What describes the blocks"). */
    uint64_t chunk_count;      /**< Chunks that are signed. */
    int64_t signed_until;      /**< Byte offset behind the last of them. */
    uint64_t problem_count;    /**< Things that were found so far not to be as they were signed, at most 1000. The file is good as far
                                *   as it was read if this is 0, is_final is 1 and descriptions_unsigned is 0. */
} h4mk_signature;
#define H4MK_SIGNATURE_INIT { sizeof(h4mk_signature), 0, 0, 0, 0, 0 }
/** Fills *signature. H4MK_ERR_STATE if the reader was opened without verify_key. */
H4MK_API h4mk_status h4mk_reader_signature(const h4mk_reader *reader, h4mk_signature *signature);
/** Makes a proof that the block which h4mk_reader_next() or h4mk_reader_read_block() handed out last is in the file that was signed: an object that holds all that
 *  h4mk_proof_verify() needs, the stored block included (protection.md, "Proof of a block"). Freed by h4mk_value_free().
 *  H4MK_ERR_STATE if there was no block, or the reader was opened without verify_key. */
H4MK_API h4mk_status h4mk_reader_prove(h4mk_reader *reader, h4mk_value **proof);
/** Verifies a proof with a public key in PEM form. *block is an object with "track_id", "ordinal", "pts", "dts" (absent where
 *  not known), "duration", "flags" and "data" (see h4mk_value_get_bytes()): what is proved, and nothing else of the proof is. Freed
 *  by h4mk_value_free(). H4MK_ERR_KEY: no key, or signed with another one; H4MK_ERR_CORRUPT: it proves nothing. */
H4MK_API h4mk_status h4mk_proof_verify(const h4mk_value *proof, const char *verify_key, h4mk_value **block);
#define H4MK_CHANGED_TRACKS 1u /**< Tracks were added behind those that were there, or are described anew. */
#define H4MK_CHANGED_META 2u   /**< h4mk_reader_meta() is another one. */

/** What has changed in the descriptions since the reader was opened or this was called last: H4MK_CHANGED_... together, 0 for nothing.
 *  A recording may get tracks, tags and chapters while it runs (core.md, "TRAK"): a reader of a closed file knows all of them when it is opened,
 *  others learn of them on the way. Before h4mk_reader_next() hands out a block of a track that was added, h4mk_reader_track_count() counts
 *  it; indexes of tracks never change. What h4mk_reader_track() and h4mk_reader_meta() returned before is freed by this call if it has changed. */
H4MK_API unsigned h4mk_reader_changes(h4mk_reader *reader);

/** The metadata of the file, an object (empty if the file has none); lives as long as the reader. */
H4MK_API const h4mk_value *h4mk_reader_meta(const h4mk_reader *reader);

H4MK_API uint32_t h4mk_reader_track_count(const h4mk_reader *reader);
/** The description of a track, an object; NULL if there is no such track. Lives as long as the reader. */
H4MK_API const h4mk_value *h4mk_reader_track(const h4mk_reader *reader, uint32_t track);

/** What the reader knows of a track besides its description. */
typedef struct h4mk_track_info {
    uint32_t track_id;
    int32_t time_base_num, time_base_den; /**< Seconds a tick; both at least 1. */
    int64_t start_pts;       /**< Time of the first block in file order that is not marked discard; H4MK_NO_TIME if not known. */
    int64_t first_dts;       /**< dts of the first block; H4MK_NO_TIME if not known. */
    int64_t end_pts;         /**< Largest pts + duration (dts where there is no pts); H4MK_NO_TIME if not known. */
    uint64_t block_count;    /**< Number of blocks; 0 if not known. */
    uint64_t byte_count;     /**< Payload bytes as they are stored (compressed, say); 0 if not known. */
} h4mk_track_info;
/** Fills *info. Totals are known for closed files, and for others that can seek as far as they reach. */
H4MK_API h4mk_status h4mk_reader_track_info(const h4mk_reader *reader, uint32_t track, h4mk_track_info *info);

/** The bytes of an attachment track (kind "attachment"); they live as long as the reader. H4MK_ERR_NOT_FOUND if none. */
H4MK_API h4mk_status h4mk_reader_attachment(h4mk_reader *reader, uint32_t track, const uint8_t **data, size_t *size);

/** Leaves the blocks of a track out (discard = 1) or hands them out again (0). Bytes of such blocks are not read where that
 *  saves something. */
H4MK_API h4mk_status h4mk_reader_discard(h4mk_reader *reader, uint32_t track, int discard);

/** Reads the next block in file order.
 *  H4MK_OK: *block is filled; its pointers are valid until the next call with this reader, or as long as the caller holds a
 *  reference to block->buffer (data only). H4MK_END, H4MK_AGAIN: no more blocks. H4MK_ERR_CORRUPT: something was damaged and
 *  passed over; call again to go on behind it. H4MK_ERR_UNSUPPORTED: a block or a track needs a feature that this library does not know, which the
 *  message names; its blocks are left out, call again for the others. H4MK_ERR_IO: a callback failed; _MEMORY; calling again tries once more. */
H4MK_API h4mk_status h4mk_reader_next(h4mk_reader *reader, h4mk_block *block);

#define H4MK_SEEK_BACKWARD 0 /**< The last random access point at or before the time; the first one if there is none. */
#define H4MK_SEEK_FORWARD 1  /**< The first random access point at or after the time; H4MK_ERR_NOT_FOUND if there is none. */
#define H4MK_SEEK_ANY 2      /**< Added to either: any block counts, not only random access points. */

/** Positions the reader so that the next block of this track is the one that mode asks for, by pts (dts where a block has
 *  none); of equal times the last one backward, the first one forward. The other tracks are positioned at their last random
 *  access point that is not later than that block; at their first block if all their random access points are later; a track
 *  that has none begins with its first block behind that block in the file. The block that was asked for comes first, all
 *  others follow in file order, each once (core.md, "Seeking"). On an error the position is unchanged. H4MK_ERR_NOT_SEEKABLE, _NOT_FOUND, _CORRUPT, _IO, _ARGUMENT. */
H4MK_API h4mk_status h4mk_reader_seek(h4mk_reader *reader, uint32_t track, int64_t time, int mode);

/** After a seek this track begins `blocks` blocks earlier than h4mk_reader_seek() says, or at the random access point before those, or
 *  where it has no more: they come directly before the block that it would begin with, with H4MK_BLOCK_DISCARD set. For decoders whose
 *  outputs overlap (h4mk_adapter.preroll). 0: off, as it is at first. Counts from the next seek on, at most 65,536; not for a block that H4MK_SEEK_ANY
 *  leads to if that is no random access point. H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_reader_set_preroll(h4mk_reader *reader, uint32_t track, uint32_t blocks);

/** Positions the reader at the first block of the file. */
H4MK_API h4mk_status h4mk_reader_rewind(h4mk_reader *reader);

/* ------------------------------------------------------------------------------------------------------------- index */

/** A seek point: the first random access point of a track in a cluster. A track whose blocks are not all such has one for each,
 *  unless they follow each other directly; others (audio) have one a cluster. */
typedef struct h4mk_index_entry {
    int64_t offset; /**< Byte offset of the cluster (chunk) that holds it. */
    int64_t time;   /**< Its pts (dts if it has none) in the track's time base. */
} h4mk_index_entry;

/** Number of index entries of a track and bytes that the whole index takes in the file; both 0 without an index. Does not
 *  read the index pages. Thread safety: as for all reader calls. */
H4MK_API h4mk_status h4mk_reader_index_size(const h4mk_reader *reader, uint32_t track, uint64_t *entries, uint64_t *bytes);
/** Copies up to count entries of a track, in file order from entry number first on, to entries (pages are read as needed).
 *  *copied tells how many; fewer than count means that there are no more. */
H4MK_API h4mk_status h4mk_reader_index_entries(h4mk_reader *reader, uint32_t track, uint64_t first, h4mk_index_entry *entries,
                                               size_t count, size_t *copied);

/* ------------------------------------------------------------------------------------------------------------ lookup */

/* Questions about single blocks, on files of every version. They need an input that can seek and leave the reading position as
 * it is; each takes O(log n) (version 1 and the transport dialect sort their blocks at the first one). Blocks of a track that is
 * discarded count as all others. Where a list is asked for, up to `count` entries are filled (blocks may be NULL if count is 0)
 * and *total says how many there are: call with 0 to ask. H4MK_ERR_NOT_SEEKABLE, _CORRUPT, _IO, _MEMORY, _ARGUMENT (no such
 * track), _STATE (h4mk_reader_next() ran out of memory and must be called again first). */

/** A block without its bytes. */
typedef struct h4mk_block_info {
    uint64_t ordinal; /**< Number within its track, from 0. */
    int64_t pts;      /**< As in h4mk_block. */
    int64_t dts;
    int64_t duration;
    uint32_t flags;   /**< H4MK_BLOCK_... */
    uint32_t size;    /**< Bytes as they are stored, which is less than h4mk_block.size where a block is compressed; 0 in the
                           transport dialect, where it is known only after decompressing. */
    int64_t chunk;    /**< Byte offset of the chunk that holds it. What clients of version 1 call chunk_index is chunk + 12. */
    int64_t offset;   /**< Byte offset of its data (transport dialect: of its compressed data); with H4MK_BLOCK_EXTERNAL in the other file. */
} h4mk_block_info;

/** The last random access point of a track at or before a time (of equal times the last). H4MK_ERR_NOT_FOUND if all are later. */
H4MK_API h4mk_status h4mk_reader_keyframe(h4mk_reader *reader, uint32_t track, int64_t time, h4mk_block_info *block);

/** The blocks that must be decoded to show what is shown at a time, in decoding order: those of h4mk_reader_frame_chain() for the
 *  frame of h4mk_reader_frame_at(). None (*total 0) if there is no such frame, or if it cannot be decoded. */
H4MK_API h4mk_status h4mk_reader_decode_chain(h4mk_reader *reader, uint32_t track, int64_t time, h4mk_block_info *blocks,
                                              size_t count, uint64_t *total);

/** All random access points of a track with from <= time <= to, in file order. */
H4MK_API h4mk_status h4mk_reader_keyframes_between(h4mk_reader *reader, uint32_t track, int64_t from, int64_t to,
                                                   h4mk_block_info *blocks, size_t count, uint64_t *total);

/** The block with a number within its track, from 0. H4MK_ERR_NOT_FOUND if the file does not have it. */
H4MK_API h4mk_status h4mk_reader_block_info(h4mk_reader *reader, uint32_t track, uint64_t ordinal, h4mk_block_info *block);

/** The same with its bytes; they are valid as those of h4mk_reader_next(). H4MK_ERR_CORRUPT: damaged (with keep_corrupt it is handed
 *  out, with H4MK_BLOCK_CORRUPT set). */
H4MK_API h4mk_status h4mk_reader_read_block(h4mk_reader *reader, uint32_t track, uint64_t ordinal, h4mk_block *block);

/* ------------------------------------------------------------------------------------------------------------ frames */

/* Frames are the blocks of a track that are shown: those that have a time (pts, or dts without it) and are not marked discard.
 * They are numbered from 0 in the order of their times, those with equal times in the order of the file. All that is said above of
 * lookups holds here too. In version 2 the answer takes one read of a cluster's index behind what opening has read, wherever
 * the times of clusters follow each other; else the times of all frames of the track are read once. */

/** Number of frames of a track; 0 if not known (an input that cannot seek). Reads nothing. H4MK_ERR_ARGUMENT. */
H4MK_API h4mk_status h4mk_reader_frame_count(const h4mk_reader *reader, uint32_t track, uint64_t *count);

/** The block of frame `number`. H4MK_ERR_NOT_FOUND: the track has no such frame. */
H4MK_API h4mk_status h4mk_reader_frame(h4mk_reader *reader, uint32_t track, uint64_t number, h4mk_block_info *block);

/** The frame that is shown at a time: the last one that is not later. Fills *number and *block, either of which may be NULL.
 *  H4MK_ERR_NOT_FOUND: all frames are later. */
H4MK_API h4mk_status h4mk_reader_frame_at(h4mk_reader *reader, uint32_t track, int64_t time, uint64_t *number,
                                          h4mk_block_info *block);

/** Copies the times of up to `count` frames from frame number `first` on to `times`; *copied tells how many, fewer than count if
 *  there are no more. The times of all frames of a track with a constant rate are in the index; others are read from the
 *  clusters. After an error *copied is untouched, and `times` may have been written to. */
H4MK_API h4mk_status h4mk_reader_frame_times(h4mk_reader *reader, uint32_t track, uint64_t first, int64_t *times, size_t count,
                                             size_t *copied);

/** The blocks that must be decoded to show frame `number`, in decoding order, the last of them the frame itself: all blocks of the
 *  track from the last random access point that stands before it and is not later. In an open GOP that is not the nearest one: a frame
 *  may stand behind a random access point that is shown after it. None (*total 0): the frame cannot be decoded. H4MK_ERR_NOT_FOUND: the
 *  track has no such frame. */
H4MK_API h4mk_status h4mk_reader_frame_chain(h4mk_reader *reader, uint32_t track, uint64_t number, h4mk_block_info *blocks,
                                             size_t count, uint64_t *total);

/* ------------------------------------------------------------------------------------------------------------ chunks */

/** A chunk as it stands in the file. */
typedef struct h4mk_chunk {
    int64_t offset;   /**< Of the chunk. */
    int64_t payload;  /**< Byte offset of its payload. */
    int64_t next;     /**< Byte offset of what follows. */
    char tag[5];      /**< Four bytes as they stand in the file, and NUL. */
    uint32_t flags;   /**< 0 in the transport dialect. */
    uint32_t length;  /**< Of the payload. */
    uint32_t crc;     /**< As stored. */
} h4mk_chunk;

/** The chunk at a byte offset; 0: the first one. To list all, go on with chunk->next until H4MK_END (fewer bytes than a chunk
 *  header are left). The reading position stays. H4MK_ERR_CORRUPT: the chunk would extend past the file; H4MK_ERR_NOT_SEEKABLE,
 *  _IO, _ARGUMENT. */
H4MK_API h4mk_status h4mk_reader_chunk(h4mk_reader *reader, int64_t offset, h4mk_chunk *chunk);

/** The payload of a chunk, checked; *data is valid until the next call with this reader. H4MK_ERR_CORRUPT: it does not match its
 *  CRC, or is larger than 1 GiB. */
H4MK_API h4mk_status h4mk_reader_chunk_payload(h4mk_reader *reader, const h4mk_chunk *chunk, const uint8_t **data, size_t *size);

/** The hash in VERI of a file of the transport dialect, by both readings that there are of it: they never agree on what the first
 *  writer made, which is no damage. Reads the whole file. H4MK_ERR_STATE: another version. */
typedef struct h4mk_transport_veri {
    int present;    /**< The file has a VERI chunk. */
    int as_written; /**< 1: it is the SHA-256 of the chunks before it, which is what writers put there. */
    int as_checked; /**< 1: it is the SHA-256 of the payloads by tag, which is what the first reader compares; 1 without VERI. */
} h4mk_transport_veri;
H4MK_API h4mk_status h4mk_reader_transport_veri(h4mk_reader *reader, h4mk_transport_veri *veri);

/* ------------------------------------------------------------------------------------------------------------ writer */

typedef struct h4mk_writer h4mk_writer;

typedef struct h4mk_writer_options {
    size_t struct_size;
    uint32_t cluster_size_limit;    /**< A cluster is closed before its payload exceeds this many bytes; 0: 4 MiB. Where blocks are
                                         stored in another order than shown, it may grow by a quarter until there is a good place. */
    uint32_t cluster_time_limit_ms; /**< … or when it would span more than this; 0: 2000. */
    uint32_t reserve_index_space;   /**< Bytes kept free before the first cluster for a copy of the index, so that opening needs
                                         only the front of the file; needs io.seek. 0: none. */
    int repeatable;                 /**< Not 0: the same input gives the same bytes. The file's salt is then no secret, which weakens what keeps
                                         its content apart from its structure (core.md, "File"): not for recordings of untrusted bytes. */
    int version;                    /**< 0 or 2: version 2; 1: version 1; H4MK_VERSION_TRANSPORT: the transport dialect. */
    const char *encryption_scheme;  /**< H4MK_SCHEME_...: every block is encrypted. NULL: none is. */
    h4mk_key encryption_key;        /**< The key, with its id if it shall have one. */
    const char *signing_key;        /**< A private key in PEM form, not encrypted (Ed25519 or ECDSA P-256): the file is signed while it
                                         is written, at h4mk_writer_flush() and at the end. NULL: it is not. Copied, and wiped. */
} h4mk_writer_options;
#define H4MK_WRITER_OPTIONS_INIT { sizeof(h4mk_writer_options), 0, 0, 0, 0, 0, NULL, { NULL, 0, NULL, 0 }, NULL }

/** AES-256-GCM, each block on its own: for files. */
#define H4MK_SCHEME_GCM "aes-256-gcm"
/** A key for each block, and keys are forgotten once used: for live streams (protection.md, "Scheme living"). Seeks cost more. */
#define H4MK_SCHEME_LIVING "living"
/** Living Cipher v3, for files of the transport dialect (version H4MK_VERSION_TRANSPORT) that its first reader shall read. Do not use it
 *  for anything new: two files under one key give each other away (protection.md, "Living Cipher v4", lists what is wrong). */
#define H4MK_SCHEME_LIVING_V3 "living-v3"

/** Starts a file; io is copied, what it refers to must outlive the writer. Nothing is written before the first
 *  block, h4mk_writer_flush() or h4mk_writer_finish(). *writer is set whenever memory allows, also on errors.
 *
 *  Version 1 and the transport dialect order or index their blocks as a whole: every block is kept in memory, nothing is written before
 *  h4mk_writer_finish(), and the cluster limits, reserve_index_space and h4mk_writer_front_index() do not apply.
 *
 *  Version 1: TRAK gets its seven keys only; everything else (codec parameters, extradata, exact times, dts, durations, flags, side
 *  data, decoding order) goes into META, which readers of version 1 ignore and this library reads back exactly (legacy.md, "Block
 *  log"). Tracks with no more than those keys and time_base "1/1000", and blocks with a pts, no dts, no duration, no side data
 *  and the flags KEY with TYPE_I, or TYPE_P, or TYPE_B, need none of that: the file is then that of the first writer, byte
 *  for byte. H4MK_ERR_LIMIT names the limit that a block or track is beyond: pts_range (0 to 2^28 - 1 ms; shift times that
 *  start below 0), track_id_range, too_many_seek_entries (65,535 random access points of a track),
 *  short_or_out_of_range_struct (4 GiB).
 *
 *  Transport dialect: encrypted by H4MK_SCHEME_LIVING_V3 only. Blocks must be multiples of 256 bytes (block_not_multiple_of_256) and have times from 0 on (pts_range). Each track's
 *  id is its name (its track_id where the name is ""); a single track without a name is written as exports are, with SEEK. */
H4MK_API h4mk_status h4mk_writer_open(const h4mk_io *io, const h4mk_writer_options *options, h4mk_writer **writer);
/** Frees the writer. Blocks that were not yet written are lost unless h4mk_writer_finish() was called. */
H4MK_API void h4mk_writer_free(h4mk_writer *writer);
/** As h4mk_reader_message() and h4mk_reader_io_error(). */
H4MK_API const char *h4mk_writer_message(const h4mk_writer *writer);
H4MK_API int64_t h4mk_writer_io_error(const h4mk_writer *writer);

/** Adds a track; the description is copied. It needs "track_id" (0 … 65535, unique), "name", "kind", "codec" and "time_base"
 *  ("num/den", both 1 … 2^31 - 1). *track is its index. Once blocks
 *  were written version 2 takes more tracks: the open cluster is closed, and readers learn of the track before its first block; the other versions return
 *  H4MK_ERR_STATE.
 *
 *  Version 2: with "compression" = "zstd", each block of the track is stored compressed where that makes it smaller; readers
 *  hand it out as it was. For blocks that are not compressed by their codec: tokens, text, PCM. Another value is H4MK_ERR_ARGUMENT. */
H4MK_API h4mk_status h4mk_writer_add_track(h4mk_writer *writer, const h4mk_value *description, uint32_t *track);
/** The bytes of an attachment track; copied. Only before the first block. */
H4MK_API h4mk_status h4mk_writer_set_attachment(h4mk_writer *writer, uint32_t track, const void *data, size_t size);
/** Sets the metadata of the file; the object is copied. May be called again while writing and before h4mk_writer_finish():
 *  the last one counts. */
H4MK_API h4mk_status h4mk_writer_set_meta(h4mk_writer *writer, const h4mk_value *meta);
/** Replaces the description of a track while writing (a codec's parameters may be complete only at the end): the last one
 *  counts. track_id, time_base and compression must stay as they are. */
H4MK_API h4mk_status h4mk_writer_update_track(h4mk_writer *writer, uint32_t track, const h4mk_value *description);

/** Adds a chunk that the container does not interpret: SAFE, VERI, NOTE, or any tag of four printable characters that core.md
 *  does not define. The bytes are copied, at most 64 MiB. Before the first block it stands in front of all blocks, later behind
 *  the blocks so far, whose cluster is closed. Version 1 takes META too, whose bytes are then written as they are, and puts all in front; the
 *  transport dialect takes SAFE only (JSON). H4MK_ERR_ARGUMENT: another tag. */
H4MK_API h4mk_status h4mk_writer_add_chunk(h4mk_writer *writer, const char tag[4], uint32_t flags, const void *data, size_t size);

/** Appends a block; everything is copied. Blocks of all tracks come in decoding order, interleaved as they shall be read.
 *  H4MK_ERR_ARGUMENT, _LIMIT (more than 1 GiB in a block), _MEMORY, _IO. The writer may stay in the last two. */
H4MK_API h4mk_status h4mk_writer_write(h4mk_writer *writer, const h4mk_block *block);
/** Closes the current cluster and writes it out: what was written so far can be read by others. */
H4MK_API h4mk_status h4mk_writer_flush(h4mk_writer *writer);
/** Writes what is left, the index and the end of the file. Only h4mk_writer_free() may follow. */
H4MK_API h4mk_status h4mk_writer_finish(h4mk_writer *writer);

/** After h4mk_writer_finish(): the index in a form that opens without reading the end of the file. To use it, insert *data at
 *  byte 16 of the file (everything behind moves up by *size) and replace the last four bytes of the file by checksum.
 *  *data is valid until the writer is freed. H4MK_ERR_LIMIT if the index is larger than 4 MiB, H4MK_ERR_STATE before finish
 *  and with reserve_index_space. */
H4MK_API h4mk_status h4mk_writer_front_index(h4mk_writer *writer, const uint8_t **data, size_t *size, uint8_t checksum[4]);

/* -------------------------------------------------------------------------------------------------------- conversion */

typedef struct h4mk_convert_options {
    size_t struct_size;
    int version;       /**< Of the output: 0 or 2, 1, or H4MK_VERSION_TRANSPORT. */
    int drop_original; /**< 1: leaves out ORIG, which a file of version 2 has that was made of another one, and which gives that
                            one back byte for byte. */
    void *opaque;      /**< First argument of both callbacks. */
    /** Called now and then with the bytes of the input that were gone through and their number (0: not known). Anything but 0
     *  stops with H4MK_ERR_STATE. May be NULL. */
    int (*progress)(void *opaque, int64_t done, int64_t total);
    /** Told each damage that was passed over, each thing that could not be kept, and why a conversion failed. May be NULL. */
    void (*message)(void *opaque, const char *text);
} h4mk_convert_options;
#define H4MK_CONVERT_OPTIONS_INIT { sizeof(h4mk_convert_options), 0, 0, NULL, NULL, NULL }

/** Writes a file of any version as one of another (legacy.md, "Conversion"): tracks, blocks, metadata, attachments, and chunks that
 *  this library does not know. Version 1 to 2 to 1, and transport to 2 to transport, give identical files.
 *  H4MK_ERR_CORRUPT: parts of the input were damaged and are left out, all else was written (nothing was, if the input cannot be
 *  opened). H4MK_ERR_LIMIT, _ARGUMENT: the output cannot hold what the input has; what was written is no file. Others as
 *  h4mk_reader_open() and h4mk_writer_finish(). */
H4MK_API h4mk_status h4mk_convert(const h4mk_io *input, const h4mk_io *output, const h4mk_convert_options *options);

/* ------------------------------------------------------------------------------------- block schedule, control frames */

/** H4MK_BLOCK_ flags of the block with an index (from 0) of a track in groups of gop_size blocks: KEY with TYPE_I at the start of each; in
 *  between TYPE_P, with allow_b TYPE_B for odd indices. H4MK_ERR_ARGUMENT if gop_size is 0. Thread safe. */
H4MK_API h4mk_status h4mk_gop_flags(uint32_t gop_size, int allow_b, uint64_t index, uint32_t *flags);

/** Camera and motion at a time (legacy.md, "Control frames"). Texts may be NULL for their default; nothing is checked. */
typedef struct h4mk_control_frame {
    int64_t pts_us;    /**< Microseconds. */
    const char *move;  /**< "static" (default), "pan", "dolly", "orbit". */
    double intensity;  /**< 0 to 1. */
    double smooth;     /**< 0 to 1; 0.5 is usual. */
    const char *curve; /**< "linear" (default), "ease_in", "ease_out", "ease_in_out". */
    double strength;   /**< 0 to 1. */
    const char *notes; /**< Default "". */
} h4mk_control_frame;

/** The payload of a block of a track of control frames: JSON text, which h4mk_value_from_json() reads. *needed is its size with the NUL
 *  at its end; as much as `size` has room for goes to text (may be NULL if size is 0). Thread safe. */
H4MK_API h4mk_status h4mk_control_frames_to_json(const h4mk_control_frame *frames, size_t count, char *text, size_t size,
                                                 size_t *needed);

/** Camera and motion at any time (adapters.md, "Control frames in time"). */
typedef struct h4mk_control_state {
    h4mk_control_frame frame;  /**< pts_us is the time; texts are those of the frames that were given, or static. */
    double pan, dolly, orbit;  /**< How far the camera went in each way since the first frame, in seconds of intensity 1. */
} h4mk_control_state;

/** Evaluates key frames, which are in the order of pts_us (else H4MK_ERR_ARGUMENT), at a time. Without frames: the defaults. Thread
 *  safe. */
H4MK_API h4mk_status h4mk_control_frames_at(const h4mk_control_frame *frames, size_t count, int64_t pts_us,
                                            h4mk_control_state *state);

/* ------------------------------------------------------------------------------------------------------------ tokens */

#define H4MK_VIDEO_TOKEN_SIZE 13
#define H4MK_AUDIO_TOKEN_SIZE 8

/** Says of a block of pictures when it is shown, which one it is, and whether decoding can start there (adapters.md, "Video tokens"). */
typedef struct h4mk_video_token {
    uint64_t pts_us; /**< Microseconds. */
    uint32_t index;  /**< Number of the block, from 0. */
    int key;         /**< 0 or 1. */
} h4mk_video_token;

/** Writes a token's bytes (big-endian). Any key but 0 is 1. Thread safe. */
H4MK_API h4mk_status h4mk_video_token_encode(const h4mk_video_token *token, uint8_t bytes[H4MK_VIDEO_TOKEN_SIZE]);
/** Reads a token. little_endian 1: as the first library wrote them, 0: as all others do. H4MK_ERR_CORRUPT: size is not
 *  H4MK_VIDEO_TOKEN_SIZE. Thread safe. */
H4MK_API h4mk_status h4mk_video_token_decode(const uint8_t *data, size_t size, int little_endian, h4mk_video_token *token);

/** The tokens of sound (adapters.md, "Audio tokens"): for each frame of frame_size samples, frame_size / 2 apart, its top_k loudest bins.
 *  pcm: mono, 16 bits, little-endian, pcm_size bytes. frame_size: 2 to 16384; sample_rate: frame_size / 5 to 768000 Hz; top_k: from 1,
 *  more than frame_size / 2 + 1 are not there. *needed is the number of bytes that there are; up to size of them go to tokens (may be
 *  NULL if size is 0). H4MK_ERR_ARGUMENT: outside these ranges, or pcm_size is odd; _MEMORY. Thread safe. */
H4MK_API h4mk_status h4mk_audio_tokens(const uint8_t *pcm, size_t pcm_size, uint32_t sample_rate, uint32_t frame_size, uint32_t top_k,
                                       uint8_t *tokens, size_t size, size_t *needed);

/* ------------------------------------------------------------------------------------------------- ciphers and masks */

/** Readers and writers encrypt by themselves when their options say so. These are for who moves blocks in other ways, a filter
 *  between a demuxer and a muxer say. Conventions as above: one thread at a time uses an h4mk_cipher. */
typedef struct h4mk_cipher h4mk_cipher;

#define H4MK_FILE_ID_SIZE 16
#define H4MK_CIPHER_OVERHEAD 16 /**< Bytes by which a sealed block is longer. */

/** What a sealed block is bound to: it can be opened with the same values only. */
typedef struct h4mk_cipher_block {
    size_t struct_size;
    uint32_t track_id;
    int32_t time_base_num, time_base_den; /**< Both at least 1. */
    uint32_t flags;   /**< H4MK_BLOCK_..., or 0. */
    /** The number of the block within its track. Must never be used twice for sealing with one key and file id, whatever the
     *  data: that gives both blocks away. */
    uint64_t ordinal;
    int64_t pts, dts, duration; /**< As in h4mk_block; H4MK_NO_TIME and 0 where they may change on the way. */
} h4mk_cipher_block;
#define H4MK_CIPHER_BLOCK_INIT { sizeof(h4mk_cipher_block), 0, 1, 1, 0, 0, H4MK_NO_TIME, H4MK_NO_TIME, 0 }

/** Makes a cipher for sealing: scheme H4MK_SCHEME_..., a key, and a file id of H4MK_FILE_ID_SIZE bytes; NULL: random ones,
 *  which is what must be for anything new. *cipher is set whenever memory allows, also on errors, so that
 *  h4mk_cipher_message() can be asked; free it in any case. Errors: H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_cipher_new(const char *scheme, const h4mk_key *key, const uint8_t *file_id, h4mk_cipher **cipher);
/** Makes a cipher from the member "protection" of META, for opening, with the key among key_count that fits. *cipher as above.
 *  H4MK_ERR_KEY: none fits; H4MK_ERR_CORRUPT, _VERSION: the description cannot be used. */
H4MK_API h4mk_status h4mk_cipher_from_description(const h4mk_value *protection, const h4mk_key *keys, size_t key_count,
                                                  h4mk_cipher **cipher);
/** Frees a cipher and wipes its keys. NULL allowed. */
H4MK_API void h4mk_cipher_free(h4mk_cipher *cipher);
/** What went wrong last, in words; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_cipher_message(const h4mk_cipher *cipher);
/** The description that h4mk_cipher_from_description() takes; freed by h4mk_value_free(). Holds nothing secret. */
H4MK_API h4mk_status h4mk_cipher_describe(const h4mk_cipher *cipher, h4mk_value **protection);
/** Encrypts size bytes (at most 1 GiB less H4MK_CIPHER_OVERHEAD) to out, which has room for size + H4MK_CIPHER_OVERHEAD and may
 *  be data. */
H4MK_API h4mk_status h4mk_cipher_seal(h4mk_cipher *cipher, const h4mk_cipher_block *block, const uint8_t *data, size_t size,
                                      uint8_t *out);
/** Opens size sealed bytes to out, which has room for size - H4MK_CIPHER_OVERHEAD (and is not NULL) and may be data.
 *  H4MK_ERR_CORRUPT: they are not what was sealed for this block; out is zeroed. */
H4MK_API h4mk_status h4mk_cipher_open(h4mk_cipher *cipher, const h4mk_cipher_block *block, const uint8_t *data, size_t size,
                                      uint8_t *out);

/* ---- messages: Living Cipher v4, and v3 for what exists (protection.md, "Living Cipher v4") */

/** One end of a session. Whoever starts it is the initiator, the other end the responder; both may send. Messages may be lost, late or forged
 *  on the way: one that is refused leaves no trace. */
typedef struct h4mk_living h4mk_living;

#define H4MK_LIVING_HELLO_SIZE 70
#define H4MK_LIVING_OVERHEAD 57   /**< Bytes by which a message is longer than what it says. */
#define H4MK_LIVING_MIN_SECRET 32 /**< Bytes that both ends share, from a random generator. */
#define H4MK_X25519_KEY_SIZE 32

typedef struct h4mk_living_options {
    size_t struct_size;
    uint32_t window; /**< Keys of messages that were passed over which are kept, at most 65536; 0: 64. */
    /** The initiator's: public X25519 key of the responder. What the initiator sends is then re-keyed by it, so that whoever learns
     *  the secret is out again after 1024 messages. NULL: re-keyed by random values. H4MK_X25519_KEY_SIZE bytes. */
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
#define H4MK_LIVING_BINDING_INIT { sizeof(h4mk_living_binding), {0}, 0, 0, 0, H4MK_NO_TIME, H4MK_NO_TIME, 0 }

/** A new pair of X25519 keys. H4MK_ERR_ARGUMENT. Thread safe. */
H4MK_API h4mk_status h4mk_living_new_keys(uint8_t private_key[H4MK_X25519_KEY_SIZE], uint8_t public_key[H4MK_X25519_KEY_SIZE]);
/** Starts a session; hello goes to the other end, in the clear. options may be NULL. *living is freed by h4mk_living_free().
 *  H4MK_ERR_KEY: the secret is shorter than H4MK_LIVING_MIN_SECRET; H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_living_start(const uint8_t *secret, size_t secret_size, const h4mk_living_options *options,
                                       uint8_t hello[H4MK_LIVING_HELLO_SIZE], h4mk_living **living);
/** The other end. H4MK_ERR_KEY: the secret is another one, or responder_private is missing; H4MK_ERR_CORRUPT: not a hello. */
H4MK_API h4mk_status h4mk_living_accept(const uint8_t *secret, size_t secret_size, const h4mk_living_options *options,
                                        const uint8_t *hello, size_t hello_size, h4mk_living **living);
/** Frees an end and wipes its keys. NULL allowed. */
H4MK_API void h4mk_living_free(h4mk_living *living);
/** Encrypts the next message to out, which has room for size + H4MK_LIVING_OVERHEAD and is not data. At most 1 GiB. */
H4MK_API h4mk_status h4mk_living_encrypt(h4mk_living *living, const h4mk_living_binding *binding, const uint8_t *data, size_t size,
                                         uint8_t *out);
/** Decrypts a message to out, which has room for size - H4MK_LIVING_OVERHEAD (and is not NULL). H4MK_ERR_CORRUPT: it is forged, was read
 *  before, comes too late or too early, or is bound to other values; out is untouched. */
H4MK_API h4mk_status h4mk_living_decrypt(h4mk_living *living, const h4mk_living_binding *binding, const uint8_t *message, size_t size,
                                         uint8_t *out);

/** One end of a conversation of Living Cipher v3, with its weaknesses: one forged message may end it, and a secret must never be used
 *  for two conversations. For what exists. */
typedef struct h4mk_living_v3 h4mk_living_v3;
#define H4MK_LIVING_V3_OVERHEAD 126 /**< Bytes by which a message is longer than what it says, at most. */
#if defined(__GNUC__)
#define H4MK_LIVING_V3_WARNING __attribute__((warn_unused_result, deprecated("Living Cipher v3 is broken: use h4mk_living_start()")))
#else
#define H4MK_LIVING_V3_WARNING
#endif
/** The end that reads what was sent with a secret. *living is freed by h4mk_living_v3_free(). H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_living_v3_reader(const uint8_t *secret, size_t secret_size, h4mk_living_v3 **living);
/** The end that sends. Not for anything new: compilers warn. */
H4MK_API H4MK_LIVING_V3_WARNING h4mk_status h4mk_living_v3_sender(const uint8_t *secret, size_t secret_size, h4mk_living_v3 **living);
/** Frees an end and wipes its keys. NULL allowed. */
H4MK_API void h4mk_living_v3_free(h4mk_living_v3 *living);
/** Encrypts the next message to out, which has room for size + H4MK_LIVING_V3_OVERHEAD and is not data; *out_size tells how long it is. */
H4MK_API h4mk_status h4mk_living_v3_encrypt(h4mk_living_v3 *living, const uint8_t *associated, size_t associated_size,
                                            const uint8_t *data, size_t size, uint8_t *out, size_t *out_size);
/** Decrypts a message (header and ciphertext) to out, which has room for size bytes; *out_size tells how long it is. H4MK_ERR_CORRUPT: it
 *  was refused; h4mk_living_v3_message() names the fault of legacy.md. */
H4MK_API h4mk_status h4mk_living_v3_decrypt(h4mk_living_v3 *living, const uint8_t *associated, size_t associated_size,
                                            const uint8_t *message, size_t size, uint8_t *out, size_t *out_size);
/** What went wrong last; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_living_v3_message(const h4mk_living_v3 *living);

/** Mask v1 (legacy.md): masks and unmasks block number `block` from data to out, which may be data. No integrity; never use a
 *  key for two sequences of blocks. Thread safe. */
H4MK_API h4mk_status h4mk_mask(const uint8_t *key, size_t key_size, uint64_t block, const uint8_t *data, size_t size, uint8_t *out);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_H4MK_H */
