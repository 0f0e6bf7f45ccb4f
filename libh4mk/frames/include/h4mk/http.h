/* SPDX-License-Identifier: MIT
 *
 * h4mk/http.h: files on web servers and object stores, for h4mk_reader_open(). The conventions are
 * those of h4mk.h.
 *
 * All that is asked of a server is GET with one range, so that presigned URLs do: no HEAD, no range
 * from the end, no several ranges in one request. The size of a file is learnt from the first
 * answer. Connections are used again. Requests that fail by the network, 429 or 5xx are repeated
 * after a while. A file that changes while it is read is an error.
 *
 *     h4mk_http *http = NULL;
 *     h4mk_io io = H4MK_IO_INIT;
 *     h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
 *     if (h4mk_http_open("https://example.org/film.h4mk", NULL, &http) == H4MK_OK &&
 *         h4mk_http_io(http, &io) == H4MK_OK) {
 *         options.open_beside = h4mk_http_open_beside;     // for sidecars
 *         options.beside_opaque = http;
 *         h4mk_reader_open(&io, &options, &reader);
 *     }
 */
#ifndef H4MK_HTTP_H
#define H4MK_HTTP_H

#include <h4mk/frames.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A file at a URL and, once they are opened, those beside it; their connections and what was
 *  fetched of them. Any thread may use it, one waits for the other. After fork() it belongs to the
 *  parent. */
typedef struct h4mk_http h4mk_http;

typedef struct h4mk_http_options {
    size_t struct_size;
    uint32_t connections;  /**< That are open at once, at most 256; 0: 16. */
    uint32_t attempts;     /**< How often a request is tried; 0: 6. */
    uint32_t timeout_ms;   /**< After which a server that sends nothing has failed; 0: 30000. */
    uint64_t memory_limit; /**< Bytes of files that are kept; 0: 96 MiB. What was prefetched is kept
                                until it was used, if it is not more. */
    const char *const *beside_names; /**< Names of files beside the one that is opened (core.md,
                                          "External data") … */
    const char *const *beside_urls;  /**< … and where these are. Others are looked for in the same
                                          folder of the server. */
    size_t beside_count;
    const char *const *headers; /**< Sent with each request ("Authorization: Bearer …"),
                                     header_count of them. */
    size_t header_count;
    uint32_t request_timeout_ms; /**< After which a request has failed, even if the server still
                                      sends; 0: never. */
    uint32_t no_redirects;       /**< 1: a redirection is an error. Nobody but the server of the URL
                                      is asked then. */
} h4mk_http_options;
#define H4MK_HTTP_OPTIONS_INIT \
    { sizeof(h4mk_http_options), 0, 0, 0, 0, NULL, NULL, 0, NULL, 0, 0, 0 }

/** Opens a file at an http or https URL by one request for its first bytes. Options are copied.
 *  *http is set whenever memory allows, also on errors, so that h4mk_http_message() can be asked;
 *  free it in any case. H4MK_ERR_NOT_FOUND: 404 or 410; H4MK_ERR_KEY: 401 or 403; H4MK_ERR_IO: any
 *  other answer, or none; H4MK_ERR_NOT_SEEKABLE: the server ignores ranges and the file is large;
 *  H4MK_ERR_ARGUMENT, _MEMORY. */
H4MK_API h4mk_status h4mk_http_open(const char *url, const h4mk_http_options *options,
                                    h4mk_http **http);
/** Frees it. What h4mk_http_io() and h4mk_http_open_beside() gave must not be used any more. NULL
 *  allowed. */
H4MK_API void h4mk_http_free(h4mk_http *http);
/** What went wrong last, in words; "" if nothing. Valid until the next call, of the callbacks of an
 *  h4mk_io too. */
H4MK_API const char *h4mk_http_message(const h4mk_http *http);

/** The ETag of the file: it is another one after the file has changed. "" if the server sends none,
 *  or has not answered yet. Valid until the h4mk_http is freed. */
H4MK_API const char *h4mk_http_tag(const h4mk_http *http);
/** The file as an input with a position of its own; *http must outlive it. */
H4MK_API h4mk_status h4mk_http_io(h4mk_http *http, h4mk_io *io);
/** Opens a file beside: what h4mk_reader_options.open_beside may be, with the h4mk_http as
 *  beside_opaque. */
H4MK_API h4mk_status h4mk_http_open_beside(void *http, const char *name, h4mk_io *io);
/** Fetches ranges of the file, or of the file beside it with a name, all at once; they are then
 *  read from memory. What h4mk_frames_options.prefetch may be, with the h4mk_http as
 *  prefetch_opaque. */
H4MK_API h4mk_status h4mk_http_prefetch(void *http, const char *beside, const h4mk_range *ranges,
                                        size_t count);

typedef struct h4mk_http_stats {
    size_t struct_size;
    uint64_t requests; /**< That were sent, repeated ones too. */
    uint64_t rounds;   /**< How often somebody waited for answers: requests that run at once are one
                            round. */
    uint64_t bytes;    /**< Of bodies. */
} h4mk_http_stats;
#define H4MK_HTTP_STATS_INIT { sizeof(h4mk_http_stats), 0, 0, 0 }
H4MK_API h4mk_status h4mk_http_get_stats(const h4mk_http *http, h4mk_http_stats *stats);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_HTTP_H */
