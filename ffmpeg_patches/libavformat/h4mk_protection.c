/*
 * H4MK: keys, and packets that stay ciphertext
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
#include "libavutil/dict.h"
#include "libavutil/encryption_info.h"
#include "libavutil/error.h"
#include "libavutil/intreadwrite.h"
#include "libavutil/log.h"
#include "libavutil/macros.h"
#include "libavutil/mem.h"

#include "avformat.h"
#include "avio.h"
#include "avio_internal.h"
#include "h4mk.h"
#include "h4mk_protection.h"
#include "internal.h"
#include "url.h"

#define MAX_KEY_FILE_SIZE (64 << 10)

/**
 * AVEncryptionInfo.scheme of packets that are encrypted in a way that only
 * libh4mk knows; AVEncryptionInfo.iv is the u64le number of the packet,
 * followed by the ciphertext of its side data if it has some.
 */
#define H4MK_ENCRYPTION_SCHEME MKBETAG('h', '4', 'm', 'k')

/**
 * AVEncryptionInitInfo.system_id of streams whose packets are returned as
 * ciphertext. Its data is the JSON object {"index", "count", "track", "meta"}:
 * the number of the stream, how many streams there are, the stream's object of
 * TRAK, and META. A reader with the key compares these with what they were when
 * the packets were encrypted, so they are written again unchanged.
 */
#define H4MK_SYSTEM_ID      "H4MK protection"
#define H4MK_SYSTEM_ID_SIZE sizeof(H4MK_SYSTEM_ID)

/**
 * Overwrite memory that had a key, also where it is not read again.
 */
static void wipe(void *data, size_t size)
{
    volatile uint8_t *p = data;

    while (size--)
        *p++ = 0;
}

/**
 * Wipe and free a key, or the text of one.
 */
static void free_key(uint8_t **key, int *size)
{
    if (*key)
        wipe(*key, *size);
    av_freep(key);
    *size = 0;
}

static void free_text(char **text)
{
    if (*text)
        wipe(*text, strlen(*text));
    av_freep(text);
}

/**
 * Open a file that an option names. What protocols are allowed is about the
 * names that are found in the input.
 */
static int open_key_file(AVFormatContext *s, AVIOContext **pb, const char *name)
{
    char *whitelist = s->protocol_whitelist;
    int ret;

    s->protocol_whitelist = NULL;
    ret = s->io_open(s, pb, name, AVIO_FLAG_READ, NULL);
    s->protocol_whitelist = whitelist;
    return ret;
}

/**
 * Say so if others can read a file with a secret, as the program h4mk does. It
 * is left at a warning: such a file may be what a container has.
 */
static void warn_if_others_read(AVFormatContext *s, AVIOContext *pb,
                                const char *name)
{
#if HAVE_LSTAT
    URLContext *h = ffio_geturlcontext(pb);
    int fd = h ? ffurl_get_file_handle(h) : -1;
    struct stat st;

    if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
        st.st_mode & (S_IRWXG | S_IRWXO))
        av_log(s, AV_LOG_WARNING,
               "%s: others can read this key (mode %04o); "
               "`chmod 600 FILE` mends that\n",
               name, (unsigned)st.st_mode & 0777);
#endif
}

/**
 * Read a key from a file: the command line can be seen by others.
 *
 * @param name      text that begins like a PEM key is the key itself; may be
 *                  NULL
 * @param is_secret whether nobody else should read it
 * @param[out] text to be freed with free_text(); NULL if there is no name
 * @return 0 or a negative AVERROR code
 */
static int read_key_file(AVFormatContext *s, const char *name, int is_secret,
                         char **text)
{
    AVIOContext *pb = NULL;
    int ret;

    *text = NULL;
    if (!name)
        return 0;
    *text = av_strstart(name, "-----BEGIN", NULL) ? av_strdup(name)
                                                  : av_mallocz(MAX_KEY_FILE_SIZE + 1);
    if (!*text)
        return AVERROR(ENOMEM);
    if (av_strstart(name, "-----BEGIN", NULL))
        return 0;
    ret = open_key_file(s, &pb, name);
    if (ret >= 0 && is_secret)
        warn_if_others_read(s, pb, name);
    if (ret >= 0)
        ret = avio_read(pb, *text, MAX_KEY_FILE_SIZE);
    if (ret == AVERROR_EOF)
        ret = AVERROR_INVALIDDATA;
    if (pb)
        wipe(pb->buffer, pb->buffer_size);
    ff_format_io_close(s, &pb);
    if (ret < 0) {
        av_log(s, AV_LOG_ERROR, "Cannot read a key in %s: %s\n", name, av_err2str(ret));
        free_text(text);
        return ret;
    }
    return 0;
}

/**
 * Read a hexadecimal key from a file in place of one in an option.
 *
 * @param name may be NULL: key and size stay as they are
 * @return 0 or a negative AVERROR code
 */
static int read_hex_key_file(AVFormatContext *s, const char *name,
                             uint8_t **key, int *size)
{
    char *text, *rest;
    int ret = read_key_file(s, name, 1, &text);

    if (ret < 0 || !text)
        return ret;
    rest = text + strcspn(text, " \r\n");
    wipe(rest, strlen(rest));
    free_key(key, size);
    *size = ff_hex_to_data(NULL, text);
    *key  = av_mallocz(*size + 1);
    if (!*key)
        ret = AVERROR(ENOMEM);
    else if (!*size || 2 * *size != strlen(text)) {
        av_log(s, AV_LOG_ERROR, "The key in %s is not hexadecimal\n", name);
        ret = AVERROR(EINVAL);
    } else
        ff_hex_to_data(*key, text);
    free_text(&text);
    return ret;
}

/**
 * All keys of the options, for h4mk_reader_options.
 *
 * The list and the keys of the dictionary are one block, which
 * ff_h4mk_free_decryption() frees.
 *
 * @return their number or a negative AVERROR code
 */
static int collect_keys(AVFormatContext *s, H4MKDecryption *options)
{
    const AVDictionaryEntry *t = NULL;
    const int max = av_dict_count(options->keys) + 2;
    size_t size = max * sizeof(h4mk_key);
    h4mk_key *key;
    uint8_t *bytes;

    while ((t = av_dict_iterate(options->keys, t)))
        size += strlen(t->key) / 2 + strlen(t->value) / 2 + 2;
    options->reader_keys = key = av_mallocz(size);
    if (!key)
        return AVERROR(ENOMEM);
    options->reader_keys_size = size;
    bytes = (uint8_t *)(key + max);
    while ((t = av_dict_iterate(options->keys, t))) {
        const int kid_size = ff_hex_to_data(NULL, t->key);
        const int key_size = ff_hex_to_data(NULL, t->value);

        if (2 * kid_size != strlen(t->key) || 2 * key_size != strlen(t->value) || !kid_size) {
            av_log(s, AV_LOG_ERROR,
                   "decryption_keys: a key id or its key is not hexadecimal\n");
            return AVERROR(EINVAL);
        }
        ff_hex_to_data(bytes, t->key);
        ff_hex_to_data(bytes + kid_size, t->value);
        *key++ = (h4mk_key){ sizeof(h4mk_key), bytes, kid_size, bytes + kid_size, key_size };
        bytes += kid_size + key_size;
    }
    if (options->key_size)
        *key++ = (h4mk_key){ sizeof(h4mk_key), NULL, 0, options->key, options->key_size };
    if (s->keylen)
        *key++ = (h4mk_key){ sizeof(h4mk_key), NULL, 0, s->key, s->keylen };
    return key - options->reader_keys;
}

int ff_h4mk_set_encryption(AVFormatContext *s, H4MKEncryption *encryption,
                           h4mk_writer_options *options)
{
    int ret = read_hex_key_file(s, encryption->key_file, &encryption->key, &encryption->key_size);

    if (ret < 0)
        return ret;
    if (encryption->scheme && strcmp(encryption->scheme, "none")) {
        if (!encryption->key_size) {
            av_log(s, AV_LOG_ERROR,
                   "An encryption_scheme needs a key: -encryption_key_file FILE gives it\n");
            return AVERROR(EINVAL);
        }
        encryption->writer_key = (h4mk_key){
            sizeof(h4mk_key), encryption->kid, encryption->kid_size,
            encryption->key, encryption->key_size
        };
        options->encryption_scheme = encryption->scheme;
        options->encryption_key    = &encryption->writer_key;
    } else if (encryption->key_size) {
        av_log(s, AV_LOG_ERROR,
               "An encryption_key needs an encryption_scheme: aes-256-gcm or living\n");
        return AVERROR(EINVAL);
    }
    ret = read_key_file(s, encryption->signing_key, 1, &encryption->pem);
    options->signing_key = encryption->pem;
    return ret;
}

void ff_h4mk_free_encryption(H4MKEncryption *encryption)
{
    free_key(&encryption->key, &encryption->key_size);
    free_text(&encryption->signing_key);
    free_text(&encryption->pem);
}

int ff_h4mk_set_decryption(AVFormatContext *s, H4MKDecryption *decryption,
                           h4mk_reader_options *options)
{
    int ret = read_hex_key_file(s, decryption->key_file, &decryption->key, &decryption->key_size);

    if (ret >= 0)
        ret = read_key_file(s, decryption->verify_key, 0, &decryption->pem);
    if (ret >= 0)
        ret = collect_keys(s, decryption);
    if (ret < 0)
        return ret;
    options->keys            = decryption->reader_keys;
    options->key_count       = ret;
    options->verify_key      = decryption->pem;
    options->keep_encrypted  = decryption->keep_encrypted;
    options->refuse_unsigned = !!(s->error_recognition & AV_EF_EXPLODE);
    return 0;
}

void ff_h4mk_free_decryption(H4MKDecryption *decryption)
{
    const AVDictionaryEntry *t = NULL;

    while ((t = av_dict_iterate(decryption->keys, t)))
        wipe(t->value, strlen(t->value));
    av_dict_free(&decryption->keys);
    free_key(&decryption->key, &decryption->key_size);
    wipe(decryption->reader_keys, decryption->reader_keys_size);
    av_freep(&decryption->reader_keys);
    decryption->reader_keys_size = 0;
    free_text(&decryption->pem);
}

/**
 * Take what says how ciphertext of H4MK files is decrypted out of a list.
 *
 * @return the entry, or NULL
 */
static AVEncryptionInitInfo *take_protection(AVEncryptionInitInfo **list)
{
    for (; *list; list = &(*list)->next) {
        AVEncryptionInitInfo *info = *list;

        if (info->system_id_size == H4MK_SYSTEM_ID_SIZE &&
            !memcmp(info->system_id, H4MK_SYSTEM_ID, H4MK_SYSTEM_ID_SIZE)) {
            *list      = info->next;
            info->next = NULL;
            return info;
        }
    }
    return NULL;
}

int ff_h4mk_strip_protection(const AVPacketSideData *sd, AVPacketSideData *left)
{
    AVEncryptionInitInfo *list = NULL, *info;
    int found = 0;

    *left = (AVPacketSideData){ .type = sd->type };
    if (sd->type == AV_PKT_DATA_ENCRYPTION_INIT_INFO)
        list = av_encryption_init_info_get_side_data(sd->data, sd->size);
    while ((info = take_protection(&list))) {
        av_encryption_init_info_free(info);
        found = 1;
    }
    if (found && list) {
        left->data = av_encryption_init_info_add_side_data(list, &left->size);
        if (!left->data)
            found = AVERROR(ENOMEM);
    }
    av_encryption_init_info_free(list);
    return found;
}

static int add_init_info(AVStream *st, const char *json)
{
    AVPacketSideData **side_data = &H4MK_STREAM_SIDE_DATA(st);
    int *count = &H4MK_STREAM_NB_SIDE_DATA(st);
    AVEncryptionInitInfo *info = av_encryption_init_info_alloc(H4MK_SYSTEM_ID_SIZE, 0, 0,
                                                               strlen(json));
    uint8_t *data = NULL;
    size_t size;

    if (!info)
        return AVERROR(ENOMEM);
    memcpy(info->system_id, H4MK_SYSTEM_ID, H4MK_SYSTEM_ID_SIZE);
    memcpy(info->data, json, strlen(json));
    for (int i = 0; i < *count; i++)
        if ((*side_data)[i].type == AV_PKT_DATA_ENCRYPTION_INIT_INFO)
            info->next = av_encryption_init_info_get_side_data((*side_data)[i].data,
                                                               (*side_data)[i].size);
    data = av_encryption_init_info_add_side_data(info, &size);
    av_encryption_init_info_free(info);
    if (!data || !av_packet_side_data_add(side_data, count, AV_PKT_DATA_ENCRYPTION_INIT_INFO,
                                          data, size, 0)) {
        av_free(data);
        return AVERROR(ENOMEM);
    }
    return 0;
}

int ff_h4mk_add_original(AVFormatContext *s, AVStream *st,
                         const h4mk_value *track, const h4mk_value *meta)
{
    h4mk_value *object;
    const char *json = NULL;
    int ret = ff_h4mk_strip_all_protection(H4MK_STREAM_SIDE_DATA(st),
                                           &H4MK_STREAM_NB_SIDE_DATA(st));

    if (ret < 0)
        return ret;
    ret    = AVERROR(ENOMEM);
    object = h4mk_value_new();
    if (object && h4mk_value_set_int(object, "index", st->index) == H4MK_OK &&
        h4mk_value_set_int(object, "count", s->nb_streams) == H4MK_OK &&
        h4mk_value_set_value(object, "track", track) == H4MK_OK &&
        h4mk_value_set_value(object, "meta", meta) == H4MK_OK)
        json = h4mk_value_to_json(object);
    if (json)
        ret = add_init_info(st, json);
    h4mk_value_free(object);
    return ret;
}

/**
 * @return what ff_h4mk_add_original() told a stream, to be freed with
 *         h4mk_value_free(), or NULL
 */
static h4mk_value *get_original(const AVStream *st)
{
    h4mk_value *object = NULL;

    for (int i = 0; i < H4MK_STREAM_NB_SIDE_DATA(st) && !object; i++) {
        const AVPacketSideData *sd = &H4MK_STREAM_SIDE_DATA(st)[i];
        AVEncryptionInitInfo *list = NULL, *info;

        if (sd->type == AV_PKT_DATA_ENCRYPTION_INIT_INFO)
            list = av_encryption_init_info_get_side_data(sd->data, sd->size);
        info = take_protection(&list);
        av_encryption_init_info_free(list);
        if (info)
            h4mk_value_from_json((const char *)info->data, info->data_size, &object);
        av_encryption_init_info_free(info);
    }
    return object;
}

/**
 * Copy the members of an object but for those with some keys, and, if texts are
 * words, those that are texts.
 */
static int copy_members(h4mk_value *to, const h4mk_value *from,
                        const char *const *words, int texts_are_words)
{
    h4mk_status status = H4MK_OK;

    for (size_t i = 0; i < h4mk_value_count(from) && status == H4MK_OK; i++) {
        const char *key = h4mk_value_key_at(from, i);
        int is_word = texts_are_words &&
                      h4mk_value_get_type(h4mk_value_at(from, i)) == H4MK_VALUE_STRING;

        for (int j = 0; words[j]; j++)
            is_word |= !key || !strcmp(key, words[j]);
        if (!is_word)
            status = h4mk_value_set_value(to, key, h4mk_value_at(from, i));
    }
    return ff_h4mk_error(status, 0);
}

int ff_h4mk_strip_all_protection(AVPacketSideData *side_data, int *nb_side_data)
{
    for (int i = 0; i < *nb_side_data; i++) {
        AVPacketSideData left;
        int ret = ff_h4mk_strip_protection(&side_data[i], &left);

        if (ret < 0)
            return ret;
        if (!ret)
            continue;
        av_free(side_data[i].data);
        side_data[i] = left;
        if (!left.data) {
            (*nb_side_data)--;
            memmove(&side_data[i], &side_data[i + 1], (*nb_side_data - i) * sizeof(*side_data));
            i--;
        }
    }
    return 0;
}

int ff_h4mk_write_original_track(AVFormatContext *s, const AVStream *st,
                                 h4mk_value *track)
{
    static const char *const words[] = { "name", "note", "tags", NULL };
    h4mk_value *original = get_original(st);
    int ret = AVERROR(EINVAL);

    if (h4mk_value_get_int(original, "index", -1) == st->index &&
        h4mk_value_get_int(original, "count", -1) == s->nb_streams)
        ret = copy_members(track, h4mk_value_get(original, "track"), words, 0);
    else
        av_log(s, AV_LOG_ERROR,
               "Streams of ciphertext are copied all together and in their order, or not at all\n");
    h4mk_value_free(original);
    if (ret < 0)
        return ret;
    return ff_h4mk_write_track_words(s, st, track);
}

int ff_h4mk_write_original_meta(AVFormatContext *s, h4mk_value *meta)
{
    static const char *const words[] = { "tags", "chapters", NULL };
    h4mk_value *original = s->nb_streams ? get_original(s->streams[0]) : NULL;
    int ret = copy_members(meta, h4mk_value_get(original, "meta"), words, 1);

    h4mk_value_free(original);
    return ret < 0 ? ret : ff_h4mk_write_meta_words(s, meta);
}

int ff_h4mk_add_encryption_info(AVPacket *pkt, const h4mk_block *block)
{
    const h4mk_side_data *sealed = block->side_data_count ? block->side_data : NULL;
    const size_t sealed_size = sealed ? sealed->size : 0;
    AVEncryptionInfo *info = av_encryption_info_alloc(0, 0, sizeof(block->ordinal) + sealed_size);
    uint8_t *data = NULL;
    size_t size;

    if (info) {
        info->scheme = H4MK_ENCRYPTION_SCHEME;
        AV_WL64(info->iv, block->ordinal);
        if (sealed_size)
            memcpy(info->iv + sizeof(block->ordinal), sealed->data, sealed_size);
        data = av_encryption_info_add_side_data(info, &size);
        av_encryption_info_free(info);
    }
    if (!data || av_packet_add_side_data(pkt, AV_PKT_DATA_ENCRYPTION_INFO, data, size) < 0) {
        av_free(data);
        return AVERROR(ENOMEM);
    }
    return 0;
}

/**
 * Whether side data says that a packet is ciphertext of an H4MK file.
 */
static int is_ciphertext(const AVPacketSideData *sd, AVEncryptionInfo **info)
{
    *info = NULL;
    if (sd->type == AV_PKT_DATA_ENCRYPTION_INFO)
        *info = av_encryption_info_get_side_data(sd->data, sd->size);
    if (*info && (*info)->scheme == H4MK_ENCRYPTION_SCHEME && (*info)->iv_size >= sizeof(uint64_t))
        return 1;
    av_encryption_info_free(*info);
    *info = NULL;
    return 0;
}

int ff_h4mk_has_ciphertext(const AVPacket *pkt)
{
    AVEncryptionInfo *info;

    for (int i = 0; i < pkt->side_data_elems; i++)
        if (is_ciphertext(&pkt->side_data[i], &info)) {
            av_encryption_info_free(info);
            return 1;
        }
    return 0;
}

int ff_h4mk_may_be_ciphertext(AVFormatContext *s)
{
    for (unsigned i = 0; i < s->nb_streams; i++) {
        h4mk_value *original = get_original(s->streams[i]);

        h4mk_value_free(original);
        if (original)
            return 1;
    }
    return 0;
}

int ff_h4mk_get_encryption_info(const AVPacketSideData *sd, h4mk_block *block,
                                uint8_t **sealed, size_t *sealed_size)
{
    AVEncryptionInfo *info;
    int ret = 1;

    *sealed      = NULL;
    *sealed_size = 0;
    if (!is_ciphertext(sd, &info))
        return 0;
    block->flags  |= H4MK_BLOCK_ENCRYPTED;
    block->ordinal = AV_RL64(info->iv);
    if (info->iv_size > sizeof(uint64_t)) {
        *sealed_size = info->iv_size - sizeof(uint64_t);
        *sealed      = av_memdup(info->iv + sizeof(uint64_t), *sealed_size);
        if (!*sealed)
            ret = AVERROR(ENOMEM);
    }
    av_encryption_info_free(info);
    return ret;
}
