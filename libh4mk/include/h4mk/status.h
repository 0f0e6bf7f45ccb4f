/* SPDX-License-Identifier: MIT
 *
 * status.h: the version of the library, and what its functions return. The conventions of h4mk.h
 * hold.
 */
#ifndef H4MK_STATUS_H
#define H4MK_STATUS_H

#include <stddef.h>
#include <stdint.h>

/* H4MK_BUILDING: this library is being compiled. H4MK_SHARED: the program links to the DLL. */
#if defined(_WIN32) && defined(H4MK_BUILDING)
#define H4MK_API __declspec(dllexport)
#elif defined(_WIN32) && defined(H4MK_SHARED)
#define H4MK_API __declspec(dllimport)
#elif defined(_WIN32)
#define H4MK_API
#else
#define H4MK_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------ version */

#define H4MK_VERSION_MAJOR 1
#define H4MK_VERSION_MINOR 0
#define H4MK_VERSION_PATCH 0

/** Version of the library in use, as major << 16 | minor << 8 | patch. Thread safe. */
H4MK_API unsigned h4mk_version(void);

#define H4MK_FEATURE_PROTECTION 1u /**< Encryption and signatures. */
#define H4MK_FEATURE_ZSTD 2u       /**< Compressed blocks. */
#define H4MK_FEATURE_ADAPTERS 4u   /**< Everything in adapter.h and token.h. */
#define H4MK_FEATURE_LEGACY 8u     /**< Version 1, the transport dialect, conversion, the first
                                        ciphers. */
/** What this build of the library has: H4MK_FEATURE_... together. All builds have all functions;
 *  those that a build cannot serve return H4MK_ERR_UNSUPPORTED, NULL or 0. Thread safe. */
H4MK_API unsigned h4mk_features(void);

/* ------------------------------------------------------------------------------------- status */

/** Numbers are permanent. 1..: no result; 100..: the caller; 200..: input and output; 300..: the
 *  file; 400..: adapters. */
typedef enum h4mk_status {
    H4MK_OK = 0,
    H4MK_END = 1,               /**< Nothing more: the file is closed and was read to its end. */
    H4MK_AGAIN = 2,             /**< Nothing more yet: the file has no end, it grows or was cut.
                                     Call again if it may grow. */
    H4MK_ERR_ARGUMENT = 100,    /**< A parameter is outside its documented range. */
    H4MK_ERR_MEMORY = 101,      /**< Out of memory. */
    H4MK_ERR_STATE = 102,       /**< The call is not allowed now (a write after finishing, say). */
    H4MK_ERR_LIMIT = 103,       /**< A limit of the format would be exceeded; the message says
                                     which. */
    H4MK_ERR_CANCELLED = 104,   /**< A callback of the caller asked to stop. */
    H4MK_ERR_IO = 200,          /**< A callback of h4mk_io failed; h4mk_..._io_error() has its
                                     code. */
    H4MK_ERR_NOT_SEEKABLE = 201,/**< The call needs an input that can seek. */
    H4MK_ERR_NOT_H4MK = 300,    /**< Not an H4MK file. */
    H4MK_ERR_VERSION = 301,     /**< An H4MK file of a version that this library does not read. */
    H4MK_ERR_TRUNCATED = 302,   /**< The file ends inside its header or the descriptions behind
                                     it. */
    H4MK_ERR_CORRUPT = 303,     /**< A checksum failed or a structure contradicts itself; the
                                     message names the offset. */
    H4MK_ERR_NOT_FOUND = 304,   /**< No such block, track or time in the file. */
    H4MK_ERR_KEY = 305,         /**< A key is missing or is the wrong one. */
    H4MK_ERR_UNSUPPORTED = 306, /**< The file, a track, a block or the call needs a feature that
                                     this library does not have; the message names it. */
    H4MK_ERR_ADAPTER = 400      /**< An adapter (adapter.h) failed, or is not what it must be. */
} h4mk_status;

/** A short English sentence for a status. Never NULL, static storage. Thread safe. */
H4MK_API const char *h4mk_strerror(h4mk_status status);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_STATUS_H */
