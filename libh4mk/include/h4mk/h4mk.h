/* SPDX-License-Identifier: MIT
 *
 * h4mk.h: read, write, check and repair H4MK media containers. libh4mk/spec/README.md is the
 * format; the comments name the document and the section that a function implements.
 *
 *   status.h       what functions return; included here
 *   io.h           files, memory and callbacks as input and output; included here
 *   value.h        JSON values, for descriptions of tracks and metadata; included here
 *   protection.h   signatures, proofs, ciphers for single blocks and messages
 *   adapter.h      decoders for tracks whose blocks only their owner understands
 *   token.h        sound and pictures as tokens
 *   legacy.h       what only the first versions of the format need
 *   h4mk.hpp       this header for C++20: objects, spans, exceptions
 *
 * Conventions of all these headers
 *  1. A function that can fail returns h4mk_status: H4MK_OK is 0, H4MK_END and H4MK_AGAIN say that
 *     there is nothing (more) to hand out, everything from 100 on is an error. Output parameters
 *     are untouched unless H4MK_OK is returned or the comment says otherwise. Every function that
 *     takes a pointer returns H4MK_ERR_ARGUMENT where it is NULL and the comment does not allow
 *     that; every function that allocates may return H4MK_ERR_MEMORY. Comments name the other
 *     errors.
 *  2. Threads: a handle (h4mk_reader, h4mk_writer, h4mk_value) is used by one thread at a time.
 *     Different handles are independent, and so are functions that take none. Callbacks are called
 *     by the thread that called the library, before that call returns; only a decoder that decodes
 *     ahead (adapter.h) calls those of its reader, and its adapter, in a thread of its own.
 *  3. Structs begin with struct_size, which the caller sets to sizeof the struct; H4MK_..._INIT
 *     does that and gives all other members their defaults. So members can be added at the end: the
 *     library takes smaller structs of programs that were compiled before, and fills no more than
 *     they have. In an array all have the struct_size of the first, which is also how far apart
 *     they are: set that one, and the library sets those of the others that it fills. A struct
 *     without struct_size never grows, except h4mk_side_data: the struct_size of its h4mk_block
 *     stands for both.
 *  4. What is passed in is copied, or used during the call only, unless the comment says "must
 *     outlive". Pointers that are handed out belong to the handle they came from and are valid as
 *     long as the comment says.
 *  5. Strings are UTF-8 and NUL-terminated. Byte offsets count from the first byte of the file.
 *     Times count in the time base of their track.
 *  6. No function prints, exits or throws. Exceptions must not leave a callback.
 *
 * The complete loop of a reader:
 *
 *     h4mk_io io = H4MK_IO_INIT;
 *     h4mk_reader *reader = NULL;
 *     h4mk_block block = H4MK_BLOCK_INIT;
 *     h4mk_status status = h4mk_io_open_file("film.h4mk", H4MK_OPEN_READ, &io);
 *     if (status == H4MK_OK)
 *         status = h4mk_reader_open(&io, NULL, &reader);
 *     while (H4MK_GOES_ON(status)) {
 *         status = h4mk_reader_next(reader, &block);
 *         if (status == H4MK_OK)
 *             use(block.track, block.pts, block.data, block.size);
 *         else if (H4MK_GOES_ON(status))              // damage: the next call goes on behind it
 *             fprintf(stderr, "%s\n", h4mk_reader_message(reader));
 *     }
 *     if (status != H4MK_END)                         // no whole file: cut, growing, or not read
 *         fprintf(stderr, "%s %s\n", h4mk_strerror(status), h4mk_reader_message(reader));
 *     h4mk_reader_free(reader);
 *     h4mk_io_close(&io);
 */
#ifndef H4MK_H4MK_H
#define H4MK_H4MK_H

#include <h4mk/io.h>
#include <h4mk/status.h>
#include <h4mk/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------- blocks */

/** "This time is not known", for pts and dts. The value of FFmpeg's AV_NOPTS_VALUE. */
#define H4MK_NO_TIME INT64_MIN

/** Flags of a block (core.md, "Block flags"). */
#define H4MK_BLOCK_TYPE_MASK 0x3u   /**< The type of the block, one of the next three. */
#define H4MK_BLOCK_TYPE_I 0x0u      /**< Decodable by itself. */
#define H4MK_BLOCK_TYPE_P 0x1u      /**< Needs earlier blocks. */
#define H4MK_BLOCK_TYPE_B 0x2u      /**< Needs earlier and later blocks, or no block needs it. */
#define H4MK_BLOCK_KEY 0x4u         /**< Key block: a decoder can start here. */
#define H4MK_BLOCK_DISCARD 0x8u     /**< Must be decoded, must not be shown. */
#define H4MK_BLOCK_CORRUPT 0x10u    /**< Known to be damaged. Writing: by the caller. Reading: also
                                         by a checksum that failed. */
#define H4MK_BLOCK_DISPOSABLE 0x20u /**< No other block depends on it. */
/** The data is ciphertext (protection.md, "Encrypted blocks"). Reading: only with
 *  h4mk_reader_options.keep_encrypted. Writing: it is stored as it is and keeps its ordinal; times,
 *  flags and side data must be as they were read, and META must have the "protection" of its
 *  file. */
#define H4MK_BLOCK_ENCRYPTED 0x200u
/** Together with H4MK_BLOCK_ENCRYPTED: what was encrypted is compressed (core.md, "Compressed
 *  blocks"). Without it readers unpack, and writers compress where the track asks for it. */
#define H4MK_BLOCK_COMPRESSED 0x400u
/** The data is in a file beside this one, which the track names (core.md, "External data"). Lookups
 *  tell it; blocks that are read have their data and not this flag. Writing: data and size are what
 *  the other file has from h4mk_block.offset on; they are hashed, not stored. Not together with
 *  H4MK_BLOCK_ENCRYPTED or H4MK_BLOCK_COMPRESSED. */
#define H4MK_BLOCK_EXTERNAL 0x800u

/** A named piece of data that belongs to one block (core.md, "Side data"; ffmpeg.md, "Names of side
 *  data"). It grows only together with h4mk_block, so the library knows from block.struct_size how
 *  large its entries are. */
typedef struct h4mk_side_data {
    const char *name;    /**< 1 to 255 bytes. */
    const uint8_t *data; /**< May be NULL if size is 0. */
    size_t size;
} h4mk_side_data;

/** One block of one track: what FFmpeg calls a packet. */
typedef struct h4mk_block {
    size_t struct_size;
    uint32_t track;          /**< Index of the track (not its track_id), from 0 in the order of
                                  TRAK. */
    uint32_t flags;          /**< H4MK_BLOCK_... */
    int64_t pts;             /**< Presentation time in the track's time base, or H4MK_NO_TIME. */
    int64_t dts;             /**< Decoding time in the track's time base, or H4MK_NO_TIME. */
    int64_t duration;        /**< In the track's time base; 0 if not known. */
    const uint8_t *data;     /**< size bytes. Reading: followed by at least 64 readable bytes.
                                  Writing: may be NULL if size is 0. */
    size_t size;
    const h4mk_side_data *side_data; /**< side_data_count entries. */
    size_t side_data_count;
    uint64_t ordinal;        /**< Number of the block within its track, from 0. Writing: ignored,
                                  except of an encrypted block: then more than that of the block
                                  before it in its track. */
    int64_t offset;          /**< Reading: byte offset of the data in the file; if it came from a
                                  file beside it, of the cluster's data. Writing: ignored, except
                                  with H4MK_BLOCK_EXTERNAL: byte offset in the other file. */
    void *buffer;            /**< Reading: the handle from h4mk_buffers.alloc whose memory data lies
                                  in. Writing: ignored. */
    int64_t chunk;           /**< Reading: byte offset of the cluster that holds it, 0 in versions
                                  without clusters. Writing: ignored. */
} h4mk_block;
#define H4MK_BLOCK_INIT \
    { sizeof(h4mk_block), 0, 0, H4MK_NO_TIME, H4MK_NO_TIME, 0, NULL, 0, NULL, 0, 0, 0, NULL, 0 }

/** A block without its bytes. */
typedef struct h4mk_block_info {
    size_t struct_size;
    uint64_t ordinal; /**< Number within its track, from 0. */
    int64_t pts;      /**< As in h4mk_block, and so are dts, duration and flags. */
    int64_t dts;
    int64_t duration;
    uint32_t flags;   /**< H4MK_BLOCK_... */
    uint32_t size;    /**< Bytes as they are stored, which is less than h4mk_block.size where a
                           block is compressed. 0 in the transport dialect, where decompressing
                           tells it. */
    int64_t chunk;    /**< Byte offset of the chunk (the cluster) that holds it. What clients of
                           version 1 call chunk_index is chunk + 12. */
    int64_t offset;   /**< Byte offset of its data; with H4MK_BLOCK_EXTERNAL in the other file. */
} h4mk_block_info;
#define H4MK_BLOCK_INFO_INIT \
    { sizeof(h4mk_block_info), 0, H4MK_NO_TIME, H4MK_NO_TIME, 0, 0, 0, 0, 0 }

/* --------------------------------------------------------------------------------------- keys */

#define H4MK_MIN_KEY_SIZE 16 /**< Bytes that a key has at least. Take 32, from a random
                                  generator. */
#define H4MK_MAX_KEY_SIZE 1024

/** A key for encrypted blocks and the id that files name it by (protection.md, "Keys"). What takes
 *  one copies it, and wipes the copy. */
typedef struct h4mk_key {
    size_t struct_size;
    const uint8_t *kid; /**< kid_size bytes, at most 32. NULL with kid_size 0: the key fits whatever
                             a file asks for. */
    size_t kid_size;
    const uint8_t *key; /**< key_size bytes: H4MK_MIN_KEY_SIZE to H4MK_MAX_KEY_SIZE. */
    size_t key_size;
} h4mk_key;
#define H4MK_KEY_INIT { sizeof(h4mk_key), NULL, 0, NULL, 0 }

/** Schemes of encryption (protection.md, "Encrypted blocks"). */
/** AES-256-GCM, each block on its own: for files. */
#define H4MK_SCHEME_GCM "aes-256-gcm"
/** A key for each block, forgotten once used: for live streams (protection.md, "Scheme living").
 *  Seeks cost more. */
#define H4MK_SCHEME_LIVING "living"
/** For files of the transport dialect that its first reader shall read. Do not use it for anything
 *  new: two files under one key give each other away (legacy.md, "Living Cipher v3"). */
#define H4MK_SCHEME_LIVING_V3 "living-v3"

/* ------------------------------------------------------------------------------------- reader */

typedef struct h4mk_reader h4mk_reader;

/** Memory for the data of blocks, so that a caller can hand blocks on without copying them. The
 *  reader holds one reference to a buffer while it serves blocks from it; a caller who keeps a
 *  block takes a reference of its own to block.buffer. */
typedef struct h4mk_buffers {
    size_t struct_size;
    void *opaque; /**< First argument of both callbacks; must outlive the reader. */
    /** Returns a handle with one reference and sets *data to size writable bytes; NULL when out of
     *  memory. */
    void *(*alloc)(void *opaque, size_t size, uint8_t **data);
    /** Gives the reference of the reader back. */
    void (*release)(void *opaque, void *handle);
} h4mk_buffers;
#define H4MK_BUFFERS_INIT { sizeof(h4mk_buffers), NULL, NULL, NULL }

typedef struct h4mk_reader_options {
    size_t struct_size;
    /** NULL: memory of the library's own; a block is then valid until the next call with this
     *  reader. */
    const h4mk_buffers *buffers;
    /** 0: blocks whose checksum fails are left out, and reported by H4MK_ERR_CORRUPT. 1: they are
     *  handed out with H4MK_BLOCK_CORRUPT set, after the same report. */
    int keep_corrupt;
    /** 0: opening an encrypted file without keys is H4MK_ERR_KEY. 1: its blocks are handed out as
     *  they are, with H4MK_BLOCK_ENCRYPTED set. */
    int keep_encrypted;
    /** Keys by which blocks are decrypted, key_count of them. The one whose id the file names is
     *  taken, else the first one without id (the transport dialect names none). If the file is not
     *  encrypted by one of them, opening is H4MK_ERR_KEY. A block that is not what was encrypted,
     *  and blocks that are missing or come twice, are H4MK_ERR_CORRUPT from h4mk_reader_next(). */
    const h4mk_key *keys;
    size_t key_count;
    /** A public key in PEM form (Ed25519 or ECDSA P-256): nothing of the file is used before it was
     *  verified (protection.md, "Signed files"); h4mk_reader_signature() in protection.h tells what
     *  is signed. The input must seek and know its size. Opening is H4MK_ERR_KEY where the file is
     *  not signed with it. What is not as it was signed is damage, and a warning says where. A file
     *  without an end is read up to its last signature. NULL: nothing is verified. */
    const char *verify_key;
    /** Opens a file beside the one that is read, for blocks of a sidecar (core.md, "External
     *  data"). The name has none of / \\ : % ? # and no control characters, does not begin with
     *  "-", and is not "." or "..". What opens must be a regular file and no link, as
     *  h4mk_io_open_beside() sees to. *io must seek and know its size; the reader closes it. Called
     *  once for each name, when the first such block is read; after an error again for the blocks
     *  of the next cluster. NULL, or an error: the blocks of a track in a cluster are
     *  H4MK_ERR_NOT_FOUND together, the message says which file is missing, and the next
     *  h4mk_reader_next() goes on behind them. Blocks whose bytes there have changed are
     *  H4MK_ERR_CORRUPT. */
    h4mk_status (*open_beside)(void *opaque, const char *name, h4mk_io *io);
    void *beside_opaque; /**< First argument of open_beside; must outlive the reader. */
    /** With verify_key. 0: what is not as it was signed is left out, and h4mk_reader_next_warning()
     *  tells it. 1: it is H4MK_ERR_CORRUPT, from h4mk_reader_open() or from the call that finds it,
     *  and from all calls that read behind it, but for h4mk_reader_next(), which then returns
     *  H4MK_ERR_STATE; so are descriptions that were changed without being signed, and a file
     *  without the end that was signed. 2: the same, but the file may still be written: it may be
     *  signed up to a place that is no end yet. */
    int refuse_unsigned;
    /** Asked before each read of the input. Anything but 0 stops the call with H4MK_ERR_CANCELLED;
     *  the reader can be used again. NULL: never. */
    int (*cancel)(void *opaque);
    void *cancel_opaque; /**< First argument of cancel; must outlive the reader. */
    /** 1: blocks of version 2 come without their bytes: data is NULL; size, flags and offset are
     *  what lookups tell, also of encrypted and external blocks. Only the indexes of clusters are
     *  read, so that a film is listed in a small part of the time. Other versions hand out the
     *  bytes all the same. Not together with keys or verify_key, else H4MK_ERR_ARGUMENT. */
    int without_data;
    /** 1: h4mk_reader_prove() (protection.h) can be asked without a verify_key: whoever has signed
     *  the file is taken. H4MK_ERR_KEY: it is not signed. */
    int with_proofs;
} h4mk_reader_options;
#define H4MK_READER_OPTIONS_INIT \
    { sizeof(h4mk_reader_options), NULL, 0, 0, NULL, 0, NULL, NULL, NULL, 0, NULL, NULL, 0, 0 }

/** The version of files of the big-endian transport dialect (legacy.md, "Transport dialect"). */
#define H4MK_VERSION_TRANSPORT 0x100

/** Looks at the first size bytes of a file, of which it needs 16 (core.md, "File"). Returns 0 if
 *  this is no H4MK file, else the version: 1, 2, ... or H4MK_VERSION_TRANSPORT. Thread safe. */
H4MK_API int h4mk_probe(const uint8_t *data, size_t size);

/** Opens a file for reading: its header, TRAK and META, and with an input that can seek also its
 *  end (core.md, "Reading").
 *  io: is copied; what it refers to must outlive the reader. Its position must be the start of the
 *  file. options: NULL for the defaults. *reader is set whenever memory allows, also on errors, so
 *  that h4mk_reader_message() can be asked: free it in any case.
 *  Errors: H4MK_ERR_NOT_H4MK, _VERSION, _TRUNCATED, _CORRUPT (TRAK cannot be used), _NOT_SEEKABLE
 *  (the transport dialect needs an input that can seek and knows its size), _KEY, _IO,
 *  _CANCELLED. */
H4MK_API h4mk_status h4mk_reader_open(const h4mk_io *io, const h4mk_reader_options *options,
                                      h4mk_reader **reader);
/** Frees a reader and everything that it handed out. NULL allowed. The io stays open. */
H4MK_API void h4mk_reader_free(h4mk_reader *reader);

/** What went wrong last, in words, with its byte offset and what was expected; "" if nothing did,
 *  never NULL. Valid until the next call with this reader. */
H4MK_API const char *h4mk_reader_message(const h4mk_reader *reader);
/** The byte of the file that the last message or warning is about; -1 if it is about none. */
H4MK_API int64_t h4mk_reader_error_offset(const h4mk_reader *reader);
/** The negative code that a callback of the io returned last; 0 if none did. */
H4MK_API int64_t h4mk_reader_io_error(const h4mk_reader *reader);
/** The next note of something that was wrong but did not stop the reader (a damaged chunk that was
 *  passed over, a missing end). NULL when there are no more. Valid until the next call. */
H4MK_API const char *h4mk_reader_next_warning(h4mk_reader *reader);

/** Version of the file: 1, 2 or H4MK_VERSION_TRANSPORT; 0 if it could not be opened. Version 1 has
 *  the time base 1/1000 and blocks without dts in the order of their pts, unless the file says more
 *  (legacy.md, "Block log"). The transport dialect has the time base 1/1000000, and its blocks come
 *  decompressed. */
H4MK_API int h4mk_reader_version(const h4mk_reader *reader);
/** 1 if the file has its end (core.md, "End of file"); 0 if it grows, was cut, or the input cannot
 *  seek. */
H4MK_API int h4mk_reader_is_closed(const h4mk_reader *reader);

#define H4MK_CHANGED_TRACKS 1u /**< Tracks were added behind those there were, or are described
                                    anew. */
#define H4MK_CHANGED_META 2u   /**< h4mk_reader_meta() is another one. */
/** What changed in the descriptions since the reader was opened or this was called last:
 *  H4MK_CHANGED_... together, 0 for nothing. A recording may get tracks, tags and chapters while it
 *  runs (core.md, "Which description counts"): the reader of a closed file knows all of them at
 *  once, others learn of them on the way. A track that was added is counted before
 *  h4mk_reader_next() hands out its first block; indexes of tracks never change. If something
 *  changed, this call frees what h4mk_reader_track() and h4mk_reader_meta() returned before. */
H4MK_API unsigned h4mk_reader_changes(h4mk_reader *reader);

/** The metadata of the file, an object (empty if the file has none). With h4mk_reader_options.keys
 *  it is without "protection", since the blocks are handed out in clear: a program that copies an
 *  encrypted file asks its writer for encryption again. Valid until h4mk_reader_changes() or
 *  h4mk_reader_free(). NULL if the file could not be opened, or memory ran out. */
H4MK_API const h4mk_value *h4mk_reader_meta(const h4mk_reader *reader);
/** Number of tracks. Everywhere below a track is an index from 0 to this less 1; any other number
 *  is H4MK_ERR_ARGUMENT. */
H4MK_API uint32_t h4mk_reader_track_count(const h4mk_reader *reader);
/** The description of a track, an object; NULL if there is no such track, or memory ran out. Valid
 *  as h4mk_reader_meta(). */
H4MK_API const h4mk_value *h4mk_reader_track(const h4mk_reader *reader, uint32_t track);

/** What the reader knows of a track besides its description. */
typedef struct h4mk_track_info {
    size_t struct_size;
    uint32_t track_id;
    int32_t time_base_num, time_base_den; /**< Seconds a tick; both at least 1. */
    int64_t start_pts;    /**< Time of the first block in file order that is not marked discard;
                               H4MK_NO_TIME if not known. */
    int64_t first_dts;    /**< dts of the first block; H4MK_NO_TIME if not known. */
    int64_t end_pts;      /**< Largest pts + duration (dts where there is no pts); H4MK_NO_TIME if
                               not known. */
    uint64_t block_count; /**< Number of blocks; 0 if not known. */
    uint64_t byte_count;  /**< Bytes of data as they are stored (compressed, say); 0 if not
                               known. */
    int all_key;          /**< 1: every block is a seek point, as far as is known. */
} h4mk_track_info;
#define H4MK_TRACK_INFO_INIT \
    { sizeof(h4mk_track_info), 0, 0, 0, H4MK_NO_TIME, H4MK_NO_TIME, H4MK_NO_TIME, 0, 0, 0 }
/** Fills *info. Totals are known for closed files; for others that can seek, up to where they
 *  reach. */
H4MK_API h4mk_status h4mk_reader_track_info(const h4mk_reader *reader, uint32_t track,
                                            h4mk_track_info *info);

/** The bytes of an attachment (a track of the kind "attachment"). *data is valid until
 *  h4mk_reader_free(). H4MK_ERR_NOT_FOUND: the track has none; H4MK_ERR_CORRUPT, _IO. */
H4MK_API h4mk_status h4mk_reader_attachment(h4mk_reader *reader, uint32_t track,
                                            const uint8_t **data, size_t *size);

/** Leaves the blocks of a track out of h4mk_reader_next() (discard not 0) or hands them out again
 *  (0). Where that saves something their bytes are not read. */
H4MK_API h4mk_status h4mk_reader_discard(h4mk_reader *reader, uint32_t track, int discard);

/** Reads the next block in file order (core.md, "Reading").
 *  block: H4MK_BLOCK_INIT or a block that was filled before. What it points to is valid until the
 *  next call with this reader; data also as long as the caller holds a reference to block->buffer.
 *  H4MK_END, H4MK_AGAIN: no more blocks. Calling again goes on behind an error: H4MK_ERR_CORRUPT
 *  (something was damaged and passed over), _UNSUPPORTED (a block needs a feature that this library
 *  does not know), _NOT_FOUND (the data is in a file beside this one that is missing). H4MK_ERR_IO,
 *  _MEMORY, _CANCELLED: calling again tries once more. H4MK_ERR_STATE: with refuse_unsigned, after
 *  this call has returned H4MK_ERR_CORRUPT for what is not as it was signed. */
H4MK_API h4mk_status h4mk_reader_next(h4mk_reader *reader, h4mk_block *block);

/** Whether blocks may follow after h4mk_reader_next() returned this: only a part of the file was
 *  lost. */
#define H4MK_GOES_ON(status)                                         \
    ((status) == H4MK_OK || (status) == H4MK_ERR_CORRUPT ||          \
     (status) == H4MK_ERR_UNSUPPORTED || (status) == H4MK_ERR_NOT_FOUND)

#define H4MK_SEEK_BACKWARD 0 /**< The last seek point at or before the time; the first one if
                                  all are later. */
#define H4MK_SEEK_FORWARD 1  /**< The first seek point at or after the time. */
#define H4MK_SEEK_ANY 2      /**< Added to either: any block, not only seek points. */

/** Positions the reader so that the next block of a track is the one that mode asks for, by pts
 *  (dts where a block has none); of equal times the last one backward, the first one forward. The
 *  other tracks begin at their last seek point that is not later than that block; at their first
 *  block if all of those are later; a track that has none, with its first block behind that block
 *  in the file. The block that was asked for comes first, all others follow in file order, each
 *  once (core.md, "Seeking"). mode: H4MK_SEEK_BACKWARD or H4MK_SEEK_FORWARD, either with
 *  H4MK_SEEK_ANY. On an error the position is unchanged: H4MK_ERR_NOT_FOUND (forward: none; the
 *  track has no block), _NOT_SEEKABLE, _CORRUPT, _IO, _CANCELLED. */
H4MK_API h4mk_status h4mk_reader_seek(h4mk_reader *reader, uint32_t track, int64_t time, int mode);

/** After a seek this track begins `blocks` blocks earlier than h4mk_reader_seek() says, or at the
 *  seek point before those, or with its first block: they come directly before the block that it
 *  would begin with, with H4MK_BLOCK_DISCARD set. For decoders whose outputs overlap
 *  (h4mk_adapter.preroll). blocks: 0 (off, as at first) to 65,536. Holds from the next seek on, and
 *  not for a block that H4MK_SEEK_ANY leads to if it is no seek point. */
H4MK_API h4mk_status h4mk_reader_set_preroll(h4mk_reader *reader, uint32_t track, uint32_t blocks);

/** Positions the reader at the first block of the file. H4MK_ERR_NOT_SEEKABLE, _IO; H4MK_ERR_STATE
 *  if it could not be opened. */
H4MK_API h4mk_status h4mk_reader_rewind(h4mk_reader *reader);

/* ------------------------------------------------------------------------------------- lookup */

/* Questions about blocks, without their data, on files of every version. They need an input that
 * can seek and leave the reading position as it is; each takes O(log n) (version 1 and the
 * transport dialect sort their blocks at the first one). Blocks of a track that is discarded are
 * found as all others. Lists: up to count entries are filled (the array may be NULL if count is 0;
 * else its first entry has its struct_size), and *total says how many there are: call with 0 to
 * ask. Errors of all: H4MK_ERR_NOT_SEEKABLE, _CORRUPT, _IO, _CANCELLED, _STATE (h4mk_reader_next()
 * ran out of memory and must be called again first). */

/** The block with a number within its track, from 0 (core.md, "Block by number").
 *  H4MK_ERR_NOT_FOUND: the file does not have it. */
H4MK_API h4mk_status h4mk_reader_block_info(h4mk_reader *reader, uint32_t track, uint64_t ordinal,
                                            h4mk_block_info *block);

/** Copies up to count blocks of a track, in file order, from the one with the number `first` on;
 *  numbers that the file does not have are passed over. Goes on with blocks[*copied - 1].ordinal +
 *  1; *copied is less than count if there are no more, and may be 0. Reads each index of a cluster
 *  once and no data. The blocks of a range of times: from the ordinal of h4mk_reader_keyframe() on,
 *  until the times are behind it (core.md, "Cluster"). After an error entries may have been written
 *  to. */
H4MK_API h4mk_status h4mk_reader_blocks(h4mk_reader *reader, uint32_t track, uint64_t first,
                                        h4mk_block_info *blocks, size_t count, size_t *copied);

/** The block with a number within its track, with its bytes, which are valid as those of
 *  h4mk_reader_next(). block: as there. H4MK_ERR_NOT_FOUND; H4MK_ERR_CORRUPT: damaged (with
 *  keep_corrupt it is handed out, with H4MK_BLOCK_CORRUPT set); H4MK_ERR_UNSUPPORTED. */
H4MK_API h4mk_status h4mk_reader_read_block(h4mk_reader *reader, uint32_t track, uint64_t ordinal,
                                            h4mk_block *block);

/** The last seek point of a track at or before a time (of equal times the last).
 *  H4MK_ERR_NOT_FOUND: all are later. */
H4MK_API h4mk_status h4mk_reader_keyframe(h4mk_reader *reader, uint32_t track, int64_t time,
                                          h4mk_block_info *block);

/** All seek points of a track with from <= time <= to, in file order: a list. */
H4MK_API h4mk_status h4mk_reader_keyframes_between(h4mk_reader *reader, uint32_t track,
                                                   int64_t from,
                                                   int64_t to, h4mk_block_info *blocks,
                                                   size_t count, uint64_t *total);

/** The blocks that must be decoded to show what is shown at a time, in decoding order: those of
 *  h4mk_reader_frame_chain() for the frame of h4mk_reader_frame_at(). A list; empty if there is no
 *  such frame or it cannot be decoded (core.md, "Decode chain"). */
H4MK_API h4mk_status h4mk_reader_decode_chain(h4mk_reader *reader, uint32_t track, int64_t time,
                                              h4mk_block_info *blocks, size_t count,
                                              uint64_t *total);

/* Frames are the blocks of a track that are shown: those that have a time (pts, or dts without it)
 * and are not marked discard. They are numbered from 0 in the order of their times, those with
 * equal times in the order of the file (core.md, "Frames"). In version 2 an answer takes one read
 * of a cluster's index behind what opening has read, wherever the times of clusters follow each
 * other; else the times of all frames of the track are read once. */

/** Number of frames of a track; 0 if not known (an input that cannot seek). Reads nothing. */
H4MK_API h4mk_status h4mk_reader_frame_count(const h4mk_reader *reader, uint32_t track,
                                             uint64_t *count);

/** The block of frame `number`. H4MK_ERR_NOT_FOUND: the track has no such frame. */
H4MK_API h4mk_status h4mk_reader_frame(h4mk_reader *reader, uint32_t track, uint64_t number,
                                       h4mk_block_info *block);

/** The frame that is shown at a time: the last one that is not later. Fills *number and *block,
 *  either of which may be NULL. H4MK_ERR_NOT_FOUND: all frames are later. */
H4MK_API h4mk_status h4mk_reader_frame_at(h4mk_reader *reader, uint32_t track, int64_t time,
                                          uint64_t *number, h4mk_block_info *block);

/** Copies the times of up to count frames from frame number `first` on; *copied is less than count
 *  if there are no more. The index has the times of a track with a constant rate; others are read
 *  from the clusters. After an error `times` may have been written to. */
H4MK_API h4mk_status h4mk_reader_frame_times(h4mk_reader *reader, uint32_t track, uint64_t first,
                                             int64_t *times, size_t count, size_t *copied);

/** The blocks that must be decoded to show frame `number`, in decoding order, the last of them the
 *  frame itself: all blocks of the track from the last seek point that stands before it and is not
 *  later (in an open GOP not the nearest one). A list; empty if the frame cannot be decoded.
 *  H4MK_ERR_NOT_FOUND: the track has no such frame (core.md, "Decode chain"). */
H4MK_API h4mk_status h4mk_reader_frame_chain(h4mk_reader *reader, uint32_t track, uint64_t number,
                                             h4mk_block_info *blocks, size_t count,
                                             uint64_t *total);

/** An entry of the index: the first seek point of a track in a cluster. A track whose blocks are
 *  not all seek points has one entry for each, unless they follow each other directly; others
 *  (audio) have one a cluster (core.md, "Page"). */
typedef struct h4mk_index_entry {
    size_t struct_size;
    int64_t offset; /**< Byte offset of the cluster (chunk) that holds it. */
    int64_t time;   /**< Its pts (dts if it has none) in the track's time base. */
} h4mk_index_entry;
#define H4MK_INDEX_ENTRY_INIT { sizeof(h4mk_index_entry), 0, 0 }

/** Number of index entries of a track, and bytes that the whole index takes in the file; both 0
 *  without an index. Reads nothing. */
H4MK_API h4mk_status h4mk_reader_index_size(const h4mk_reader *reader, uint32_t track,
                                            uint64_t *entries, uint64_t *bytes);
/** What the index in the file is made of. All 0 where the file has no end. */
typedef struct h4mk_index_info {
    size_t struct_size;
    uint64_t clusters; /**< That it knows. */
    uint64_t pages;
    uint64_t bytes;    /**< Of the pages, and of the top that names them. */
    int64_t top;       /**< Byte offset of the top (core.md, "Top"). */
} h4mk_index_info;
#define H4MK_INDEX_INFO_INIT { sizeof(h4mk_index_info), 0, 0, 0, 0 }
/** Fills *info. Reads the end of the file once more. H4MK_ERR_IO, _CANCELLED. */
H4MK_API h4mk_status h4mk_reader_index_info(h4mk_reader *reader, h4mk_index_info *info);
/** Copies up to count index entries of a track, in file order, from number `first` on; *copied is
 *  less than count if there are no more. Pages are read as needed. */
H4MK_API h4mk_status h4mk_reader_index_entries(h4mk_reader *reader, uint32_t track, uint64_t first,
                                               h4mk_index_entry *entries, size_t count,
                                               size_t *copied);

/** A chunk as it stands in the file (core.md, "Chunk"). */
typedef struct h4mk_chunk {
    size_t struct_size;
    int64_t offset;   /**< Of the chunk. */
    int64_t payload;  /**< Byte offset of its payload. */
    int64_t next;     /**< Byte offset of what follows. */
    char tag[5];      /**< Four bytes as they stand in the file, and NUL. */
    uint32_t flags;   /**< 0 in the transport dialect. */
    uint32_t length;  /**< Of the payload. */
    uint32_t crc;     /**< As stored. */
} h4mk_chunk;
#define H4MK_CHUNK_INIT { sizeof(h4mk_chunk), 0, 0, 0, "", 0, 0, 0 }

/** The chunk at a byte offset, at least 0; 0 is the first one. To list all, go on with chunk->next
 *  until H4MK_END (fewer bytes than a chunk header are left). H4MK_ERR_CORRUPT: the chunk would
 *  extend past the end of the file. */
H4MK_API h4mk_status h4mk_reader_chunk(h4mk_reader *reader, int64_t offset, h4mk_chunk *chunk);

/** The payload of the chunk at chunk->offset, checked; the other members are not used. *data is
 *  valid until the next call with this reader. H4MK_ERR_CORRUPT: it does not match its CRC, or is
 *  larger than 1 GiB. */
H4MK_API h4mk_status h4mk_reader_chunk_payload(h4mk_reader *reader, const h4mk_chunk *chunk,
                                               const uint8_t **data, size_t *size);

/* ------------------------------------------------------------------------------------- writer */

typedef struct h4mk_writer h4mk_writer;

typedef struct h4mk_writer_options {
    size_t struct_size;
    uint32_t cluster_size_limit;    /**< A cluster is closed before its payload exceeds this many
                                         bytes; 0: 4 MiB. Where blocks are stored in another order
                                         than shown, it may grow by a quarter until there is a good
                                         place (core.md, "When clusters are closed"). */
    uint32_t cluster_time_limit_ms; /**< ... or when it would span more than this; 0: 2000. */
    uint32_t reserve_index_space;   /**< Bytes that are kept free before the first cluster for a
                                         copy of the index, so that opening needs only the front of
                                         the file (core.md, "Index at the front"); needs io.seek. 0:
                                         none. */
    int repeatable;                 /**< Not 0: the same input gives the same bytes. The salt of the
                                         file is then no secret, which weakens what keeps its
                                         content apart from its structure (core.md, "File"): not for
                                         recordings of bytes that nobody trusts. */
    int version;                    /**< 0 or 2: version 2; 1: version 1; H4MK_VERSION_TRANSPORT. */
    const char *encryption_scheme;  /**< H4MK_SCHEME_...: every block is encrypted. NULL: none
                                         is. */
    const h4mk_key *encryption_key; /**< With encryption_scheme: the key, with its id if it has
                                         one. */
    const char *signing_key;        /**< A private key in PEM form, not encrypted (Ed25519 or ECDSA
                                         P-256): the file is signed while it is written, by
                                         h4mk_writer_flush() and at the end (protection.md, "Signed
                                         files"). NULL: it is not. Copied, and wiped. */
} h4mk_writer_options;
#define H4MK_WRITER_OPTIONS_INIT { sizeof(h4mk_writer_options), 0, 0, 0, 0, 0, NULL, NULL, NULL }

/** Starts a file. Nothing is written before the first block, h4mk_writer_flush() or
 *  h4mk_writer_finish().
 *  io: is copied; what it refers to must outlive the writer. options: NULL for the defaults.
 *  *writer is set whenever memory allows, also on errors, so that h4mk_writer_message() can be
 *  asked: free it in any case.
 *
 *  Version 1 and the transport dialect order or index their blocks as a whole: every block is kept
 *  in memory, nothing is written before h4mk_writer_finish(), and the cluster limits,
 *  reserve_index_space and h4mk_writer_front_index() do not apply.
 *
 *  Version 1: TRAK gets its seven keys only; everything else (codec parameters, extradata, exact
 *  times, dts, durations, flags, side data, decoding order) goes into META, which readers of
 *  version 1 ignore and this library reads back exactly (legacy.md, "Block log"). Tracks with no
 *  more than those keys and time_base "1/1000", and blocks with a pts, no dts, no duration, no side
 *  data and the flags KEY with TYPE_I, or TYPE_P, or TYPE_B, need none of that: the file is then
 *  that of the first writer, byte for byte. H4MK_ERR_LIMIT names the limit that a block or track is
 *  beyond: pts_range (0 to 2^28 - 1 ms), track_id_range, too_many_seek_entries (65,535 seek points
 *  of a track), short_or_out_of_range_struct (4 GiB).
 *
 *  Transport dialect: encrypted by H4MK_SCHEME_LIVING_V3 only. Blocks must be multiples of 256
 *  bytes (block_not_multiple_of_256) and have times from 0 on (pts_range). The id of a track is its
 *  name (its track_id where the name is ""); a single track without a name is written as exports
 *  are, with SEEK (legacy.md, "Transport dialect: writing").
 *  Errors: H4MK_ERR_KEY, _NOT_SEEKABLE (reserve_index_space), _ARGUMENT, _UNSUPPORTED. */
H4MK_API h4mk_status h4mk_writer_open(const h4mk_io *io, const h4mk_writer_options *options,
                                      h4mk_writer **writer);
/** Frees the writer. Blocks that were not yet written are lost unless h4mk_writer_finish() was
 *  called. NULL allowed. The io stays open. */
H4MK_API void h4mk_writer_free(h4mk_writer *writer);
/** As h4mk_reader_message(). */
H4MK_API const char *h4mk_writer_message(const h4mk_writer *writer);
/** As h4mk_reader_io_error(). */
H4MK_API int64_t h4mk_writer_io_error(const h4mk_writer *writer);

/** Adds a track (core.md, "TRAK"). *track is its index.
 *  description: an object with "track_id" (0 to 65535, unique), "name", "kind", "codec" and
 *  "time_base" ("num/den", both 1 to 2^31 - 1). Version 2: with "compression" = "zstd" each block
 *  of the track is stored compressed where that makes it smaller (core.md, "Compressed blocks");
 *  for blocks that their codec does not compress: tokens, text, PCM.
 *  Once blocks were written version 2 takes more tracks: the open cluster is closed, and readers
 *  learn of the track before its first block. The other versions return H4MK_ERR_STATE.
 *  H4MK_ERR_ARGUMENT: the description is not as said; H4MK_ERR_LIMIT; H4MK_ERR_IO. */
H4MK_API h4mk_status h4mk_writer_add_track(h4mk_writer *writer, const h4mk_value *description,
                                           uint32_t *track);
/** The bytes of an attachment: size bytes, copied. Only before the first block, else
 *  H4MK_ERR_STATE. */
H4MK_API h4mk_status h4mk_writer_set_attachment(h4mk_writer *writer, uint32_t track,
                                                const void *data, size_t size);
/** Sets the metadata of the file, an object (ffmpeg.md, "Keys of META"). May be called again until
 *  h4mk_writer_finish(): the last one is that of the file (core.md, "Which description counts"). */
H4MK_API h4mk_status h4mk_writer_set_meta(h4mk_writer *writer, const h4mk_value *meta);
/** Replaces the description of a track (the parameters of a codec may be complete only at the end):
 *  the last one is that of the file. track_id, time_base and compression must stay as they are,
 *  else H4MK_ERR_ARGUMENT. */
H4MK_API h4mk_status h4mk_writer_update_track(h4mk_writer *writer, uint32_t track,
                                              const h4mk_value *description);

/** Adds a chunk that the container does not interpret: SAFE, VERI, NOTE, or one of your own, whose
 *  tag is four printable characters with a small letter among them. Others are kept for the format
 *  (core.md, "Chunk"); they are taken so that a copy of a file can have all of its chunks.
 *  tag: four bytes. flags: 0, or bits of your own among 0 to 15; a reader that does not know a bit
 *  of 16 to 31 passes over the chunk (core.md, "Chunk"). data: size bytes, at most 64 MiB, copied.
 *  A chunk that is added before the first block stands in front of all blocks. Later it stands
 *  behind the blocks so far, whose cluster is closed. Version 1 takes META too, whose bytes are
 *  written as they are, and puts all in front; the transport dialect takes SAFE only (JSON).
 *  H4MK_ERR_ARGUMENT: another tag. */
H4MK_API h4mk_status h4mk_writer_add_chunk(h4mk_writer *writer, const char tag[4], uint32_t flags,
                                           const void *data, size_t size);

/** Appends a block; everything is copied. Blocks of all tracks come in decoding order, interleaved
 *  as they shall be read (core.md, "Cluster"). H4MK_ERR_ARGUMENT; H4MK_ERR_LIMIT: more than 1 GiB
 *  in a block; H4MK_ERR_IO. After _MEMORY and _IO the block may be part of the file, and every
 *  later call fails with the same status: free the writer. */
H4MK_API h4mk_status h4mk_writer_write(h4mk_writer *writer, const h4mk_block *block);
/** Closes the current cluster and writes it out: what was written so far can be read by others.
 *  H4MK_ERR_IO. */
H4MK_API h4mk_status h4mk_writer_flush(h4mk_writer *writer);
/** Writes what is left, the index and the end of the file (core.md, "End of file"). Only
 *  h4mk_writer_front_index(), the questions and h4mk_writer_free() may follow. H4MK_ERR_IO,
 *  _LIMIT. */
H4MK_API h4mk_status h4mk_writer_finish(h4mk_writer *writer);

/** After h4mk_writer_finish(): the index in a form that opens without reading the end of the file
 *  (core.md, "Index at the front"). To use it, insert *data at byte 16 of the file (everything
 *  behind moves up by *size) and replace the last four bytes of the file by checksum. *data is
 *  valid until the writer is freed. H4MK_ERR_LIMIT: the index is larger than 4 MiB; H4MK_ERR_STATE:
 *  before finishing, or with reserve_index_space. */
H4MK_API h4mk_status h4mk_writer_front_index(h4mk_writer *writer, const uint8_t **data,
                                             size_t *size, uint8_t checksum[4]);

/* ------------------------------------------------------ checking, repairing, editing, the index */

/** Something that was found, or why a call failed. */
typedef struct h4mk_problem {
    size_t struct_size;
    h4mk_status code;    /**< What kind of problem; H4MK_OK: a note, the file is as its writer left
                              it. */
    int64_t offset;      /**< Byte of the file; -1 if it is about no place. */
    int64_t size;        /**< Bytes from there on that cannot be used; 0 if not known. */
    const char *message; /**< In words, with the offset. Valid during the call. */
} h4mk_problem;

/** How long work talks to its caller. All members may be left out. */
typedef struct h4mk_task {
    size_t struct_size;
    void *opaque; /**< First argument of both callbacks. */
    /** Called now and then with the bytes that were gone through and their number. Anything but 0
     *  stops the work: it returns H4MK_ERR_CANCELLED, and an output is no file. */
    int (*progress)(void *opaque, int64_t done, int64_t total);
    /** Told each problem, and last of all why the call failed. */
    void (*problem)(void *opaque, const h4mk_problem *problem);
} h4mk_task;
#define H4MK_TASK_INIT { sizeof(h4mk_task), NULL, NULL, NULL }

typedef struct h4mk_verify_options {
    size_t struct_size;
    const h4mk_task *task;
    const char *verify_key; /**< As in h4mk_reader_options: the signature is verified too. */
    const h4mk_key *keys;   /**< As in h4mk_reader_options: every block is decrypted too. */
    size_t key_count;
    /** As in h4mk_reader_options: blocks of a sidecar are read too. NULL: they are not. */
    h4mk_status (*open_beside)(void *opaque, const char *name, h4mk_io *io);
    void *beside_opaque;
} h4mk_verify_options;
#define H4MK_VERIFY_OPTIONS_INIT { sizeof(h4mk_verify_options), NULL, NULL, NULL, 0, NULL, NULL }

/** Checks all that a file of any version says of itself: every CRC, the container checksum, the
 *  index against the blocks, and what the options add (core.md, "Container checksum";
 *  protection.md, "Signed files"; legacy.md, "Version 1: damage").
 *  io: can seek and knows its size. options: NULL for the defaults.
 *  *report (NULL: not wanted) is set on H4MK_OK and H4MK_ERR_CORRUPT, and freed by
 *  h4mk_value_free():
 *    "version", "file_size", "closed", "chunks" (good ones, by tag), "clusters", "blocks" and
 *    "payload_bytes" (with good data), "signed" (there are signatures), "index_checked",
 *    "problems", "damage" (those of them that checksums and the index tell); with verify_key
 *    "signature" {"ok", "final", "chunks", "signed_until", "descriptions_unsigned"}; with keys
 *    "decrypted" {"ok", "blocks"}; of a sidecar "readable_blocks". Compressed blocks are unpacked.
 *  H4MK_OK: all is well. H4MK_ERR_CORRUPT: something is not; the problems were told, the first 1000
 *  of each check. Others: the file cannot be read: H4MK_ERR_NOT_H4MK, _VERSION, _IO, _CANCELLED,
 *  _NOT_SEEKABLE. */
H4MK_API h4mk_status h4mk_verify(const h4mk_io *io, const h4mk_verify_options *options,
                                 h4mk_value **report);

/** Lists the chunks of a file of version 1 or 2 in file order, past any damage, with each CRC
 *  checked (core.md, "Chunk"). It needs no keys, and nothing that the file says of its tracks.
 *  io: can seek and knows its size. visit is called for each chunk whose end was found, with opaque
 *  as its first argument; is_good 0: not all of it agrees with its checksums. *chunk is valid
 *  during the call. Bytes that are no chunk are told to task, which may be NULL. H4MK_OK: the file
 *  was gone through, whatever was found. H4MK_ERR_NOT_H4MK, _VERSION (the transport dialect as
 *  well), _IO, _CANCELLED, _NOT_SEEKABLE. */
H4MK_API h4mk_status h4mk_list_chunks(const h4mk_io *io,
                                      void (*visit)(void *opaque, const h4mk_chunk *chunk,
                                                    int is_good),
                                      void *opaque, const h4mk_task *task);

/** Makes a whole file of one that was damaged or never finished. Chunks that are whole are taken
 *  over byte for byte, unknown ones too; of a damaged cluster the blocks whose checksum is good;
 *  index and end are made anew. Older versions are read into memory as a whole.
 *  input: can seek and knows its size. output: is written from its start. task may be NULL.
 *  *report (NULL: not wanted) is set on H4MK_OK and freed by h4mk_value_free(): "blocks" and
 *    "payload_bytes" of the output, "lost_blocks" (as far as their numbers tell), "lost"
 *    [{"offset", "bytes", "message"}], "lost_any_blocks" (false: as far as anybody can tell, no
 *    block was lost).
 *  H4MK_OK: there is an output, and the report tells what is not in it. H4MK_ERR_CORRUPT: nothing
 *  can be used. H4MK_ERR_IO, _CANCELLED, _NOT_SEEKABLE. */
H4MK_API h4mk_status h4mk_recover(const h4mk_io *input, const h4mk_io *output,
                                  const h4mk_task *task,
                                  h4mk_value **report);

typedef struct h4mk_edit_options {
    size_t struct_size;
    const h4mk_task *task;
    const h4mk_value *meta;           /**< The new metadata, an object. NULL: stays. */
    const h4mk_value *const *tracks;  /**< New descriptions by index of the track; NULL: stays.
                                           track_id and time_base must stay. */
    size_t track_count;               /**< Entries of tracks, at most as many as the file has
                                           tracks. */
    int undo;                         /**< 1: takes the last edit back; meta and tracks are not
                                           used. */
} h4mk_edit_options;
#define H4MK_EDIT_OPTIONS_INIT { sizeof(h4mk_edit_options), NULL, NULL, NULL, 0, 0 }

/** Changes what a closed file of version 2 says of itself, by appending (core.md, "Editing"): no
 *  block is touched or moved, and whatever happens in between, the file says either the old or the
 *  new.
 *  io: as h4mk_io_open_file() makes it with H4MK_OPEN_EDIT: reads, writes, seeks, syncs, truncates.
 *  H4MK_ERR_VERSION: not version 2; H4MK_ERR_STATE: the file has no end (h4mk_reindex() gives it
 *  one); H4MK_ERR_NOT_FOUND: nothing to undo; H4MK_ERR_ARGUMENT: descriptions that may not be;
 *  H4MK_ERR_CORRUPT, _IO: the file is as it was, as far as that can still be done. */
H4MK_API h4mk_status h4mk_edit(const h4mk_io *io, const h4mk_edit_options *options);

/** Makes the index and the end of a file of version 2 anew from its clusters, of which only the
 *  indexes are read, where they are missing or wrong. What an interrupted writer left behind the
 *  last whole chunk is cut off (core.md, "Index").
 *  io: as h4mk_edit(). task may be NULL. *changed: 0 if the file was as it should be, else 1.
 *  H4MK_ERR_CORRUPT: there is damage between the clusters (see h4mk_recover()); H4MK_ERR_VERSION,
 *  _IO, _CANCELLED. */
H4MK_API h4mk_status h4mk_reindex(const h4mk_io *io, const h4mk_task *task, int *changed);

/** Copies a closed file of version 2 with its index in front, so that opening it needs only the
 *  front (core.md, "Index at the front").
 *  input: can seek and knows its size. output: is written from its start. task may be NULL. Errors:
 *  H4MK_ERR_VERSION, _STATE (no end), _CORRUPT, _LIMIT, _IO, _CANCELLED. */
H4MK_API h4mk_status h4mk_index_to_front(const h4mk_io *input, const h4mk_io *output,
                                         const h4mk_task *task);

/* --------------------------------------------------------------------------------- conversion */

typedef struct h4mk_convert_options {
    size_t struct_size;
    int version;       /**< Of the output: 0 or 2, 1, or H4MK_VERSION_TRANSPORT. */
    int drop_original; /**< 1: leaves out ORIG, which a file of version 2 has that was made of
                            another one, and which gives that one back byte for byte (legacy.md,
                            "ORIG"). */
    /** May be NULL. Is told, with code H4MK_OK, each damage that was passed over and each thing
     *  that could not be kept. */
    const h4mk_task *task;
    const h4mk_key *keys;    /**< As in h4mk_reader_options: the output is not encrypted. */
    size_t key_count;
    int keep_encrypted;      /**< As in h4mk_reader_options: encrypted blocks are copied as they
                                  are. */
    const char *signing_key; /**< As in h4mk_writer_options; for version 2 only. */
    /** The most bytes that all blocks may have together: a compressed block can be much larger than
     *  what is stored of it, and the older versions are kept in memory until they are complete.
     *  More is H4MK_ERR_LIMIT. 0: no limit. */
    uint64_t payload_limit;
    /** As in h4mk_reader_options: blocks of a sidecar become part of the output. */
    h4mk_status (*open_beside)(void *opaque, const char *name, h4mk_io *io);
    void *beside_opaque;
} h4mk_convert_options;
#define H4MK_CONVERT_OPTIONS_INIT \
    { sizeof(h4mk_convert_options), 0, 0, NULL, NULL, 0, 0, NULL, 0, NULL, NULL }

/** Writes a file of any version as one of another (legacy.md, "Conversion"): tracks, blocks,
 *  metadata, attachments, and chunks that this library does not know. Version 1 to 2 to 1, and
 *  transport to 2 to transport, give identical files.
 *  H4MK_ERR_CORRUPT: parts of the input were damaged and are left out, all else was written
 *  (nothing, if the input cannot be opened). H4MK_ERR_LIMIT, _ARGUMENT: the output cannot hold what
 *  the input has; what was written is no file. Others as h4mk_reader_open() and
 *  h4mk_writer_finish(). */
H4MK_API h4mk_status h4mk_convert(const h4mk_io *input, const h4mk_io *output,
                                  const h4mk_convert_options *options);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_H4MK_H */
