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

#ifndef AVFORMAT_H4MK_PROTECTION_H
#define AVFORMAT_H4MK_PROTECTION_H

#include <stddef.h>
#include <stdint.h>

#include <h4mk/h4mk.h>
#include <h4mk/protection.h>

#include "libavutil/dict.h"

#include "libavcodec/packet.h"
#include "avformat.h"

/* Name that the ciphertext of side data has in a file. */
#define H4MK_ENCRYPTED_SIDE_DATA "encrypted"

/**
 * Options of the muxer.
 */
typedef struct H4MKEncryption {
    char *scheme;
    uint8_t *key;
    int key_size;
    uint8_t *kid;
    int kid_size;
    char *key_file;
    char *signing_key;
    h4mk_key writer_key;    ///< what h4mk_writer_options refers to
    char *pem;
} H4MKEncryption;

/**
 * Options of the demuxer.
 */
typedef struct H4MKDecryption {
    uint8_t *key;
    int key_size;
    AVDictionary *keys;     ///< hexadecimal key by hexadecimal id
    char *key_file;
    char *verify_key;
    int keep_encrypted;
    h4mk_key *reader_keys;  ///< what h4mk_reader_options refers to
    size_t reader_keys_size;
    char *pem;
} H4MKDecryption;

/**
 * Hand keys to a writer that is to be opened. What the options refer to is
 * there until ff_h4mk_free_encryption(), which wipes all that was a key, and is
 * to be called also on error.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_set_encryption(AVFormatContext *s, H4MKEncryption *encryption,
                           h4mk_writer_options *options);

void ff_h4mk_free_encryption(H4MKEncryption *encryption);

/**
 * Hand keys to a reader that is to be opened. What the options refer to is
 * there until ff_h4mk_free_decryption(), which wipes all that was a key, and is
 * to be called also on error.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_set_decryption(AVFormatContext *s, H4MKDecryption *decryption,
                           h4mk_reader_options *options);

void ff_h4mk_free_decryption(H4MKDecryption *decryption);

/**
 * Tell a stream what is needed to write its ciphertext to another file, in
 * place of what it was told before.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_add_original(AVFormatContext *s, AVStream *st,
                         const h4mk_value *track, const h4mk_value *meta);

/**
 * Whether streams were told such things. Only packets show whether they still
 * are ciphertext.
 */
int ff_h4mk_may_be_ciphertext(AVFormatContext *s);

/**
 * As ff_h4mk_write_track(), for ciphertext: all but the words about the
 * recording is that of the original.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_original_track(AVFormatContext *s, const AVStream *st,
                                 h4mk_value *track);

/**
 * As ff_h4mk_write_meta(), for ciphertext.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_write_original_meta(AVFormatContext *s, h4mk_value *meta);

/**
 * Find out what is left of side data without what ff_h4mk_add_original() added.
 *
 * @param[out] left its data is to be freed with av_free(), and NULL if nothing
 *                    is left
 * @return 1 if there was something of it, 0 if not, or a negative AVERROR code
 */
int ff_h4mk_strip_protection(const AVPacketSideData *sd,
                             AVPacketSideData *left);

/**
 * Take away what only the demuxer itself may say, if a file does.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_strip_all_protection(AVPacketSideData *side_data,
                                 int *nb_side_data);

/**
 * Say that a packet is ciphertext, and all that is needed to write it to
 * another file from which it can be decrypted.
 *
 * @return 0 or a negative AVERROR code
 */
int ff_h4mk_add_encryption_info(AVPacket *pkt, const h4mk_block *block);

int ff_h4mk_has_ciphertext(const AVPacket *pkt);

/**
 * The reverse of ff_h4mk_add_encryption_info(), for one element of side data.
 *
 * @param[out] sealed the ciphertext of the side data, to be freed with
 *                    av_free(), or NULL
 * @return 1, 0 for any other side data, or a negative AVERROR code
 */
int ff_h4mk_get_encryption_info(const AVPacketSideData *sd, h4mk_block *block,
                                uint8_t **sealed, size_t *sealed_size);

#endif /* AVFORMAT_H4MK_PROTECTION_H */
