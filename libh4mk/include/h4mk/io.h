/* SPDX-License-Identifier: MIT
 *
 * io.h: where the bytes of a file come from and go to: files, memory, callbacks. The conventions of
 * h4mk.h hold.
 */
#ifndef H4MK_IO_H
#define H4MK_IO_H

#include <h4mk/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where bytes come from or go to. A reader needs read, and seek and size where the input has them;
 *  a writer needs write, and seek for h4mk_writer_options.reserve_index_space only. */
typedef struct h4mk_io {
    size_t struct_size;
    void *opaque; /**< First argument of every callback. */
    /** Reads up to size bytes at the current position. Returns how many (fewer is no error), 0 at
     *  the end, or a negative code, which h4mk_reader_io_error() tells. */
    int64_t (*read)(void *opaque, uint8_t *buffer, size_t size);
    /** Writes up to size bytes. Returns how many (fewer, but at least 1, is no error) or a negative
     *  code. */
    int64_t (*write)(void *opaque, const uint8_t *buffer, size_t size);
    /** Moves to a byte offset. Returns 0 or a negative code. NULL: the stream cannot seek. */
    int (*seek)(void *opaque, int64_t offset);
    /** Size of the file in bytes, a negative number if it is not known. NULL: not known. The file
     *  may grow between calls. */
    int64_t (*size)(void *opaque);
    /** Releases what opaque refers to; called by h4mk_io_close() only. NULL: nothing to release. */
    void (*close)(void *opaque);
    /** Returns 0 when what was written is on the disk, or a negative code. NULL: nothing to wait
     *  for. h4mk_edit() and h4mk_reindex() order their writes by it. */
    int (*sync)(void *opaque);
    /** Cuts the file to size bytes. Returns 0 or a negative code. h4mk_edit() and h4mk_reindex()
     *  need it. */
    int (*truncate)(void *opaque, int64_t size);
} h4mk_io;
#define H4MK_IO_INIT { sizeof(h4mk_io), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

#define H4MK_OPEN_READ 0  /**< An existing file, to be read. */
#define H4MK_OPEN_WRITE 1 /**< A new file, to be written; an existing one is emptied. */
#define H4MK_OPEN_EDIT 2  /**< An existing regular file, to be read and changed. Nobody else can
                               open it like this until it is closed. */

/** Opens a file by path.
 *  path: of the file. mode: H4MK_OPEN_... . *io is filled; h4mk_io_close() closes the file.
 *  H4MK_ERR_IO: errno tells why. Thread safe. */
H4MK_API h4mk_status h4mk_io_open_file(const char *path, int mode, h4mk_io *io);

/** Opens a file in the folder of another one: h4mk_reader_options.open_beside may be this function,
 *  with the path of the file that is read as beside_opaque (core.md, "External data").
 *  path: a string, of the other file. name: of the file; only a regular file is opened, no link is
 *  followed. *io as h4mk_io_open_file(). H4MK_ERR_ARGUMENT: a name that core.md does not allow;
 *  H4MK_ERR_NOT_FOUND: there is none; H4MK_ERR_IO: errno tells why. Thread safe. */
H4MK_API h4mk_status h4mk_io_open_beside(void *path, const char *name, h4mk_io *io);

/** Reads from memory. data: size bytes, which must outlive *io; NULL if size is 0. *io is filled,
 *  and closed by h4mk_io_close(). */
H4MK_API h4mk_status h4mk_io_open_memory(const void *data, size_t size, h4mk_io *io);

/** Writes to memory that grows; h4mk_io_memory() tells where it is. *io is filled, and closed by
 *  h4mk_io_close(). */
H4MK_API h4mk_status h4mk_io_new_memory(h4mk_io *io);

/** The bytes that were written to an io of h4mk_io_new_memory(). *data is valid until the next
 *  write or h4mk_io_close(). H4MK_ERR_ARGUMENT: another io. */
H4MK_API h4mk_status h4mk_io_memory(const h4mk_io *io, const uint8_t **data, size_t *size);

/** Calls io->close and clears *io. NULL and a cleared io are allowed. */
H4MK_API void h4mk_io_close(h4mk_io *io);

#ifdef __cplusplus
}
#endif
#endif /* H4MK_IO_H */
