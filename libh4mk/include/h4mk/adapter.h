/* SPDX-License-Identifier: MIT
 *
 * adapter.h: decoders for tracks whose blocks only their owner understands (adapters.md).
 *
 *   h4mk_adapter    what a decoder implements, in a plugin, in an application or in this library
 *   h4mk_adapters   the adapters that an application can use: those built in, its own, and plugins
 *                   that it loads
 *   h4mk_session    one track's decoder that is fed blocks in decoding order and gives outputs in
 *                   presentation order; needs no file reader
 *   h4mk_decoder    the output that belongs to a time of a track of a file, and those that follow,
 *                   through h4mk_reader
 *
 * The conventions of h4mk.h hold. A plugin in short:
 *
 *     #include <h4mk/adapter.h>
 *     static const h4mk_adapter adapter = {
 *         .abi_version = H4MK_ADAPTER_ABI, .struct_size = sizeof(h4mk_adapter), .name = "example",
 *         .description = "An example", .claims = claims, .open = open_track, .decode_I = decode_I,
 *         .apply_P = apply_P, .render = render, .free_state = free_state, .close = close_track
 *         // all members whose comment does not say NULL
 *     };
 *     H4MK_ADAPTER_EXPORT const h4mk_adapter *h4mk_adapter_entry(void) { return &adapter; }
 *
 * and a program that decodes a track:
 *
 *     h4mk_adapters *adapters = h4mk_adapters_new();
 *     h4mk_decoder_options options = H4MK_DECODER_OPTIONS_INIT;
 *     h4mk_decoder *decoder = NULL;
 *     h4mk_output output;
 *     options.adapters = adapters;
 *     if (h4mk_adapters_load(adapters, "/opt/example/example.so") == H4MK_OK &&
 *         h4mk_decoder_open(reader, track, &options, &decoder) == H4MK_OK &&
 *         h4mk_decoder_seek(decoder, time) == H4MK_OK)
 *         while (h4mk_decoder_next(decoder, &output) == H4MK_OK)
 *             use(&output);
 *     h4mk_decoder_free(decoder);
 *     h4mk_adapters_free(adapters);
 */
#ifndef H4MK_ADAPTER_H
#define H4MK_ADAPTER_H

#include <h4mk/h4mk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------------- what an adapter is given */

/** A track as an adapter sees it. Everything pointed to is valid during the call only. */
typedef struct h4mk_adapter_track {
    size_t struct_size;
    uint32_t track_id;
    const char *kind;        /**< "audio", "video", …; never NULL. */
    const char *codec;       /**< Never NULL. */
    const char *adapter;     /**< The name in the track's member "adapter"; NULL if it has none. */
    int32_t sample_rate;     /**< 0: not known, the adapter chooses. */
    int32_t channels;        /**< 0: not known, the adapter chooses. */
    int32_t time_base_num, time_base_den; /**< Seconds a tick; both at least 1. */
    const uint8_t *extradata; /**< extradata_size bytes; may be NULL if that is 0. */
    size_t extradata_size;
    const char *description; /**< The track's whole object in TRAK as JSON text; NULL where there is
                                  no file. */
} h4mk_adapter_track;
#define H4MK_ADAPTER_TRACK_INIT \
    { sizeof(h4mk_adapter_track), 0, "", "", NULL, 0, 0, 1, 1000, NULL, 0, NULL }

#define H4MK_NO_ORDINAL UINT64_MAX /**< Not known which block of its track it is: after a seek
                                        inside FFmpeg, say. */

/** A block as an adapter sees it: decrypted and unpacked. Everything pointed to is valid during the
 *  call only. size may be 0, and nothing is promised about the bytes behind the data. */
typedef struct h4mk_adapter_block {
    size_t struct_size;
    uint32_t flags;      /**< H4MK_BLOCK_... */
    int64_t pts;         /**< Presentation time in the track's time base, or H4MK_NO_TIME. */
    int64_t dts;         /**< Decoding time, or H4MK_NO_TIME: then blocks come in the order of their
                              pts. */
    int64_t duration;    /**< 0 if not known. */
    uint64_t ordinal;    /**< The block's number within its track, from 0; H4MK_NO_ORDINAL where the
                              host does not know. */
    const uint8_t *data; /**< size bytes; may be NULL if that is 0. */
    size_t size;
} h4mk_adapter_block;
#define H4MK_ADAPTER_BLOCK_INIT \
    { sizeof(h4mk_adapter_block), 0, H4MK_NO_TIME, H4MK_NO_TIME, 0, H4MK_NO_ORDINAL, NULL, 0 }

typedef enum h4mk_output_type {
    H4MK_OUTPUT_BYTES = 0, /**< Anything. */
    H4MK_OUTPUT_AUDIO = 1, /**< 32-bit floats in the machine's byte order, -1 to 1, channels
                                interleaved. */
    H4MK_OUTPUT_VIDEO = 2  /**< A picture: its planes one behind the other, rows from the top,
                                without gaps. */
} h4mk_output_type;

#define H4MK_MAX_OUTPUT (1u << 28) /**< Bytes of one output, at most. */

/** What belongs to one block. */
typedef struct h4mk_output {
    size_t struct_size;
    int32_t type;            /**< H4MK_OUTPUT_... */
    const uint8_t *data;     /**< size bytes, audio as floats are aligned; may be NULL if size is
                                  0. */
    size_t size;
    int32_t sample_rate;     /**< Audio: samples a second, at least 1. */
    int32_t channels;        /**< Audio: 1 to 64; size is a multiple of 4 * channels. */
    int32_t width, height;   /**< Video: 1 to 32768. */
    const char *pixel_format; /**< Video: FFmpeg's name ("gray", "yuv420p", "rgb24", …). */
    int64_t pts;             /**< Of the block; adapters leave it alone. */
    int64_t duration;        /**< Of the block; adapters leave it alone. */
    uint64_t ordinal;        /**< Of the block, or H4MK_NO_ORDINAL; adapters leave it alone. */
} h4mk_output;
#define H4MK_OUTPUT_INIT \
    { sizeof(h4mk_output), H4MK_OUTPUT_BYTES, NULL, 0, 0, 0, 0, 0, NULL, H4MK_NO_TIME, 0, 0 }

/* ------------------------------------------------------------------- what an adapter implements */

/** Changes when this struct or what its functions promise does; a plugin of another version is
 *  refused. */
#define H4MK_ADAPTER_ABI 1u

/** A decoder. It turns a block into a state: everything that is known when the block has been
 *  decoded, all that later blocks need, and all that render() shows. States are never changed once
 *  they were handed out: apply_P makes a new one (which may share memory with the old one, inside
 *  the adapter). So any state can be kept, shown again, or be the neighbour of a B block.
 *
 *  Threads: an instance and its states are used by one thread at a time, which may be another one
 *  for each call. Different instances are used by different threads at once, and so are claims()
 *  and open().
 *
 *  Errors: H4MK_OK or an error of h4mk_status: H4MK_ERR_CORRUPT for a block that makes no sense,
 *  _MEMORY, _LIMIT; message() says more. After any error *state and *output do not count. The host
 *  goes on at the next block of type I.
 *
 *  Blocks are not trusted: whatever bytes they have, an adapter must not crash, hang or take memory
 *  out of proportion. It must not throw, exit or print either. */
typedef struct h4mk_adapter {
    uint32_t abi_version;    /**< H4MK_ADAPTER_ABI. */
    size_t struct_size;      /**< sizeof(h4mk_adapter). */
    const char *name;        /**< 1 to 32 of a-z, 0-9 and "_". */
    const char *description; /**< One line for lists. */
    /** How many outputs before an output take part in it, as overlapping sounds do, at most 64.
     *  After a seek so many are rendered and thrown away first. 0: each state shows itself. */
    uint32_t preroll;

    /** 1: this adapter is for the track, 0: it is not. Asked only where the track names no
     *  adapter. */
    int (*claims)(const h4mk_adapter_track *track);
    /** Makes an instance for a track. H4MK_ERR_ARGUMENT: this adapter cannot decode that track.
     *  *instance may be set on errors too: then message() may be called on it, and close() is. If
     *  it stays NULL, neither is called. */
    h4mk_status (*open)(const h4mk_adapter_track *track, void **instance);

    /** The state after a block that needs no other. *state becomes the host's until free_state();
     *  not NULL. */
    h4mk_status (*decode_I)(void *instance, const h4mk_adapter_block *block, void **state);
    /** … after a block that needs the state after the I or P block before it in decoding order.
     *  previous is never NULL: where that block is missing or failed, P blocks are passed over up
     *  to the next of type I. */
    h4mk_status (*apply_P)(void *instance, const void *previous, const h4mk_adapter_block *block,
                           void **state);
    /** … after a block between two I or P blocks in time, from the states after both. next is NULL
     *  where the track ends before there is one. NULL: a track with B blocks is an error. */
    h4mk_status (*apply_B)(void *instance, const void *previous, const void *next,
                           const h4mk_adapter_block *block, void **state);
    /** Shows a state: fills *output, which comes as H4MK_OUTPUT_INIT, but for struct_size, pts,
     *  duration and ordinal. What it points to stays valid until the next call with this instance.
     *  Called in presentation order, not for every state. */
    h4mk_status (*render)(void *instance, const void *state, h4mk_output *output);
    /** A state as a JSON object, valid until the next call with this instance. NULL: there is
     *  nothing to say. */
    h4mk_status (*describe)(void *instance, const void *state, const char **json);
    /** Gives a state back. */
    void (*free_state)(void *instance, void *state);

    /** Called before a render() that does not follow the last one in time, as after a seek. The
     *  adapter forgets what it kept of earlier outputs, such as the end of a sound that overlaps
     *  the next one. NULL: it keeps nothing. */
    void (*reset)(void *instance);
    /** What went wrong last, in words, valid until the next call with this instance. NULL: no
     *  words. */
    const char *(*message)(void *instance);
    /** Frees an instance. All its states were given back before. */
    void (*close)(void *instance);
} h4mk_adapter;

/** The one function that a plugin exports. Returns a struct that stays valid and unchanged as long
 *  as the plugin is loaded. */
#if defined(_WIN32)
#define H4MK_ADAPTER_EXPORT __declspec(dllexport)
#else
#define H4MK_ADAPTER_EXPORT __attribute__((visibility("default")))
#endif
typedef const h4mk_adapter *(*h4mk_adapter_entry_function)(void);
#define H4MK_ADAPTER_ENTRY "h4mk_adapter_entry"

/* -------------------------------------------------------------------------- adapters to be used */

/** The adapters an application can use. Several threads may use one that nobody adds to. */
typedef struct h4mk_adapters h4mk_adapters;

/** With those that are built in: "audio_fft", "dsp", "null", "pass_through". NULL when out of
 *  memory. */
H4MK_API h4mk_adapters *h4mk_adapters_new(void);
/** Frees it and unloads its plugins. Sessions and decoders that use them must be freed before. */
H4MK_API void h4mk_adapters_free(h4mk_adapters *adapters);
/** What went wrong last, in words; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_adapters_message(const h4mk_adapters *adapters);

/** Adds an adapter of the application's own, which must outlive *adapters. H4MK_ERR_ADAPTER: it is
 *  not what h4mk_adapter asks for, or its name is taken. */
H4MK_API h4mk_status h4mk_adapters_add(h4mk_adapters *adapters, const h4mk_adapter *adapter);
/** Loads a plugin. Its code runs with all rights of the application: paths come from the user,
 *  never from a file, and no environment variable is asked. A path needs a slash in it (no search
 *  path is used). The file, its folder and all folders above belong to the effective user or to
 *  root, and neither group nor others can write to them; a folder with the sticky bit, such as
 *  /tmp, will do.
 *  H4MK_ERR_ARGUMENT: no slash; H4MK_ERR_NOT_FOUND: it cannot be loaded, or somebody else could
 *  change it; H4MK_ERR_ADAPTER: it has no entry, another version, or is not what h4mk_adapter asks
 *  for. */
H4MK_API h4mk_status h4mk_adapters_load(h4mk_adapters *adapters, const char *path);
/** Loads every file *.so of a folder, in the order of their names. folder starts with a slash.
 *  Stops at the first that cannot be loaded. Files that somebody else could change are passed over;
 *  then h4mk_adapters_message() names them, though H4MK_OK is returned. A folder that others can
 *  write to is refused, with or without the sticky bit. Errors as h4mk_adapters_load(). */
H4MK_API h4mk_status h4mk_adapters_load_folder(h4mk_adapters *adapters, const char *folder);

H4MK_API size_t h4mk_adapters_count(const h4mk_adapters *adapters);
/** By position (< h4mk_adapters_count()), in the order in which they were added; NULL if there is
 *  none. */
H4MK_API const h4mk_adapter *h4mk_adapters_at(const h4mk_adapters *adapters, size_t index);
/** Where that adapter was loaded from; NULL if it was not loaded. */
H4MK_API const char *h4mk_adapters_path_at(const h4mk_adapters *adapters, size_t index);
/** By name; NULL if there is none. */
H4MK_API const h4mk_adapter *h4mk_adapters_find(const h4mk_adapters *adapters, const char *name);
/** The adapter for a track: the one that it names; if it names none, the one added last that claims
 *  it. NULL if there is none. */
H4MK_API const h4mk_adapter *h4mk_adapters_for_track(const h4mk_adapters *adapters,
                                                     const h4mk_adapter_track *track);
/** The same for a track by its object in TRAK (h4mk_reader_track()). NULL also if that is none. */
H4MK_API const h4mk_adapter *h4mk_adapters_for_description(const h4mk_adapters *adapters,
                                                           const h4mk_value *track);

/* -------------------------------------------------------------------------------------- session */

/** One track's decoder. Loop, with blocks from anywhere:
 *
 *     for (;;) {
 *         h4mk_status status = h4mk_session_receive(session, &output);
 *         if (status == H4MK_OK)
 *             use(&output);
 *         else if (status == H4MK_AGAIN)
 *             h4mk_session_send(session, next_block());           // NULL at the end of the track
 *         else
 *             break;                                              // H4MK_END or an error
 *     }
 *
 *  An output is handed out as soon as no block that is still to come can be before it: with the
 *  block whose dts (pts, if it has no dts) reaches it. Blocks of type P before the first of type I,
 *  and B blocks without the two that they need, are passed over. One thread at a time. */
typedef struct h4mk_session h4mk_session;

/** Opens a session; the adapter must outlive it. *session is set whenever memory allows, also on
 *  errors, so that h4mk_session_message() can be asked; free it in any case. H4MK_ERR_ADAPTER: the
 *  adapter failed, or broke its contract. */
H4MK_API h4mk_status h4mk_session_open(const h4mk_adapter *adapter,
                                       const h4mk_adapter_track *track, h4mk_session **session);
/** The same for a track by its object in TRAK (h4mk_reader_track()). */
H4MK_API h4mk_status h4mk_session_open_description(const h4mk_adapter *adapter,
                                                   const h4mk_value *track, h4mk_session **session);
H4MK_API void h4mk_session_free(h4mk_session *session);
/** What went wrong last, in words; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_session_message(const h4mk_session *session);

/** Decodes the next block in decoding order; NULL: there are no more. Blocks of type 3 count as P,
 *  blocks with H4MK_BLOCK_KEY as I. Blocks marked H4MK_BLOCK_DISCARD are decoded and give no
 *  output.
 *  H4MK_AGAIN: call h4mk_session_receive() first, the block was not taken. After an error
 *  (H4MK_ERR_CORRUPT: the block makes no sense to the adapter; H4MK_ERR_ADAPTER, _KEY, _LIMIT,
 *  _MEMORY) the block is lost, and the session goes on at the next one that it can decode. */
H4MK_API h4mk_status h4mk_session_send(h4mk_session *session, const h4mk_adapter_block *block);
/** The next output in presentation order; output->struct_size is set by the caller. What it points
 *  to is valid until the next call with this session. H4MK_AGAIN: send more; H4MK_END: there is no
 *  more. After an error that output is lost. */
H4MK_API h4mk_status h4mk_session_receive(h4mk_session *session, h4mk_output *output);
/** Forgets all blocks so far; the next one may be any of the track (after a seek), and the end may
 *  have been sent. */
H4MK_API void h4mk_session_flush(h4mk_session *session);
/** The state of the output that was received last, as a JSON object; valid until the next call with
 *  this session. H4MK_ERR_STATE: none was; H4MK_ERR_NOT_FOUND: the adapter has nothing to say. */
H4MK_API h4mk_status h4mk_session_describe(h4mk_session *session, const char **json);

/* -------------------------------------------------------------------------------------- decoder */

/** Outputs of one track of a file of any version. One thread at a time; the reader must
 *  outlive it. */
typedef struct h4mk_decoder h4mk_decoder;

typedef struct h4mk_decoder_options {
    size_t struct_size;
    const h4mk_adapters *adapters; /**< Must outlive the decoder. NULL: those that are built in. */
    const char *adapter;           /**< The name of the one to take. NULL: the one for the track. */
    /** 0: blocks are read and decoded when they are asked for; the reader can be used for other
     *  things between calls. 1 to 1024: a thread of the decoder keeps so many outputs ready (64 MiB
     *  at most), and the next group of blocks read; the reader must then be left alone until the
     *  decoder is freed: open a second one for it. */
    uint32_t decode_ahead;
} h4mk_decoder_options;
#define H4MK_DECODER_OPTIONS_INIT { sizeof(h4mk_decoder_options), NULL, NULL, 0 }

/** Opens a decoder that begins with the track's first block. *decoder is set whenever memory
 *  allows, also on errors, so that h4mk_decoder_message() can be asked; free it in any case.
 *  H4MK_ERR_NOT_FOUND: no adapter for the track; H4MK_ERR_ADAPTER: it failed to open;
 *  H4MK_ERR_ARGUMENT: no such track; H4MK_ERR_STATE as for lookups (h4mk.h). options may
 *  be NULL. */
H4MK_API h4mk_status h4mk_decoder_open(h4mk_reader *reader, uint32_t track,
                                       const h4mk_decoder_options *options,
                                       h4mk_decoder **decoder);
H4MK_API void h4mk_decoder_free(h4mk_decoder *decoder);
/** What went wrong last, in words; "" if nothing. Valid until the next call. */
H4MK_API const char *h4mk_decoder_message(const h4mk_decoder *decoder);

/** Makes the next output the one that is shown at a time (in the track's time base): that of the
 *  last block in h4mk_reader_decode_chain(). Where the time lies ahead in the group of blocks that
 *  is being decoded, nothing is decoded twice.
 *  H4MK_ERR_NOT_FOUND: all seek points are later; H4MK_ERR_LIMIT: its chain has more than
 *  65,536 blocks; others as for lookups. On an error the position is unchanged (with decode_ahead:
 *  not known). */
H4MK_API h4mk_status h4mk_decoder_seek(h4mk_decoder *decoder, int64_t time);
/** The next output in presentation order; output->struct_size is set by the caller. What it points
 *  to is valid until the next call with this decoder. H4MK_END, H4MK_AGAIN: as h4mk_reader_next().
 *  H4MK_ERR_CORRUPT, _ADAPTER: a block cannot be decoded; the next call goes on behind it. */
H4MK_API h4mk_status h4mk_decoder_next(h4mk_decoder *decoder, h4mk_output *output);
/** The state of that output as h4mk_session_describe(); H4MK_ERR_STATE with decode_ahead. */
H4MK_API h4mk_status h4mk_decoder_describe(h4mk_decoder *decoder, const char **json);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_ADAPTER_H */
