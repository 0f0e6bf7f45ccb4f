/*
 * H4MK: files beside the input that have data of it
 *
 * This file is part of FFmpeg.
 *
 * FFmpeg is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * FFmpeg is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with FFmpeg; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301 USA
 */

#include <stdint.h>
#include <string.h>

#include "config.h"

#if HAVE_LSTAT
#include <sys/stat.h>
#endif

#include "libavutil/avstring.h"
#include "libavutil/bprint.h"
#include "libavutil/error.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/mem.h"

#include "avformat.h"
#include "avio.h"
#include "avio_internal.h"
#include "h4mk_beside.h"
#include "internal.h"
#include "url.h"

/**
 * A file beside the input that blocks of a sidecar are in.
 */
typedef struct BesideFile {
    AVFormatContext *s;
    AVIOContext *pb;
} BesideFile;

static int64_t beside_read(void *opaque, uint8_t *buffer, size_t size)
{
    BesideFile *file = opaque;
    int ret = avio_read(file->pb, buffer, FFMIN(size, 1 << 30));

    return ret == AVERROR_EOF ? 0 : ret;
}

static int beside_seek(void *opaque, int64_t offset)
{
    BesideFile *file = opaque;
    int64_t ret = avio_seek(file->pb, offset, SEEK_SET);

    return FFMIN(ret, 0);
}

static int64_t beside_size(void *opaque)
{
    BesideFile *file = opaque;

    return avio_size(file->pb);
}

static void beside_close(void *opaque)
{
    BesideFile *file = opaque;

    ff_format_io_close(file->s, &file->pb);
    av_free(file);
}

/**
 * Append the name of a file to a URL so that it can only be that of a file.
 */
static void append_encoded(AVBPrint *url, const char *name)
{
    for (; *name; name++)
        if (av_isdigit(*name) || strchr("-._~", *name) ||
            av_toupper(*name) >= 'A' && av_toupper(*name) <= 'Z')
            av_bprint_chars(url, *name, 1);
        else
            av_bprintf(url, "%%%02X", (uint8_t)*name);
}

/**
 * Put the name of a file in the place of the one in a URL, or in a path. The
 * file names it: nothing of it may be taken for anything but a name.
 */
static int make_url_beside(const char *base, const char *name, AVBPrint *url)
{
    const char *protocol = base[0] ? avio_find_protocol_name(base) : NULL;
    const char *authority = strstr(base, "://");
    size_t length = strlen(base);

    if (protocol && !strcmp(protocol, "file"))
        authority = NULL;
    else if (authority)
        length = strcspn(base, "?#");
    else
        return AVERROR(EINVAL);
    while (length && base[length - 1] != '/' &&
           !(HAVE_DOS_PATHS && strchr("\\:", base[length - 1])))
        length--;
    if (authority && length < authority + strlen("://") - base)
        return AVERROR(EINVAL);
    if (!length && av_strstart(base, "file:", NULL))
        length = strlen("file:");
    av_bprint_append_data(url, base, length);
    if (authority)
        append_encoded(url, name);
    else
        av_bprintf(url, "%s", name);
    return av_bprint_is_complete(url) ? 0 : AVERROR(ENOMEM);
}

/**
 * Whether there is something that is no ordinary file. A link leads to a file
 * that whoever made the input may not name, and a pipe could wait for ever.
 */
static int is_special(const char *url)
{
#if HAVE_LSTAT
    struct stat st;

    av_strstart(url, "file:", &url);
    return !lstat(url, &st) && !S_ISREG(st.st_mode);
#else
    return 0;
#endif
}

/**
 * Whether a file was opened that is not the ordinary file of this name: it was
 * exchanged since is_special() looked.
 */
static int is_exchanged(const char *url, AVIOContext *pb)
{
#if HAVE_LSTAT
    URLContext *h = ffio_geturlcontext(pb);
    int fd = h ? ffurl_get_file_handle(h) : -1;
    struct stat opened, named;

    av_strstart(url, "file:", &url);
    return fd >= 0 && !fstat(fd, &opened) && !S_ISSOCK(opened.st_mode) &&
           (lstat(url, &named) || !S_ISREG(named.st_mode) ||
            named.st_dev != opened.st_dev || named.st_ino != opened.st_ino);
#else
    return 0;
#endif
}

h4mk_status ff_h4mk_open_beside(void *opaque, const char *name, h4mk_io *io)
{
    H4MKBeside *beside = opaque;
    AVFormatContext *s = beside->s;
    BesideFile *file;
    AVBPrint url;
    int ret;

    if (!beside->enabled) {
        if (!beside->told++)
            av_log(s, AV_LOG_ERROR, "Data of this file is in the file \"%s\" beside it. "
                   "Set enable_sidecars to let it be opened.\n", name);
        return H4MK_ERR_NOT_FOUND;
    }
    file = av_mallocz(sizeof(*file));
    if (!file)
        return H4MK_ERR_MEMORY;
    file->s = s;
    av_bprint_init(&url, 0, AV_BPRINT_SIZE_UNLIMITED);
    ret = make_url_beside(s->url ? s->url : "", name, &url);
    if (ret >= 0)
        ret = is_special(url.str) ? AVERROR(EACCES) :
              s->io_open(s, &file->pb, url.str, AVIO_FLAG_READ, NULL);
    if (ret >= 0 && is_exchanged(url.str, file->pb)) {
        ff_format_io_close(s, &file->pb);
        ret = AVERROR(EACCES);
    }
    av_bprint_finalize(&url, NULL);
    if (ret < 0) {
        av_log(s, AV_LOG_ERROR,
               "Cannot open \"%s\", which has data of this file: %s\n", name, av_err2str(ret));
        av_free(file);
        return ret == AVERROR(ENOMEM) ? H4MK_ERR_MEMORY : H4MK_ERR_NOT_FOUND;
    }
    *io        = (h4mk_io)H4MK_IO_INIT;
    io->opaque = file;
    io->read   = beside_read;
    io->seek   = beside_seek;
    io->size   = beside_size;
    io->close  = beside_close;
    return H4MK_OK;
}
