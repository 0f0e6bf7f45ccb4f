/* SPDX-License-Identifier: MIT
 *
 * What libh4mk says about a file, by its public header, as the JSON of README.md: run.py compares it. It leaves out what the library does
 * not tell: offsets of errors, what is hidden in totals, the index, how an unpacked block is stored.
 *
 *     with_libh4mk [--pipe] [--key HEX | --verify-key BASE64] [--seek TRACK TIME [--forward]] [--frames TRACK] [--chain TRACK FRAME] [--block TRACK ORDINAL] FILE
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h4mk/protection.h"

/* ---------------------------------------------------------------------------------------------------------- SHA-256 (FIPS 180-4) */

static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotated(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void hash_chunk(uint32_t state[8], const uint8_t *bytes) {
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 | (uint32_t)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, state, sizeof(s));
    for (int i = 0; i < 64; i++) {
        uint32_t a = s[7] + (rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + ROUND[i] + w[i];
        uint32_t b = (rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof(s[0]));
        s[4] += a;
        s[0] = a + b;
    }
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

/* Prints "size": n, "sha256": the first 16 digits. */
static void print_bytes(const uint8_t *data, size_t size) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t last[128] = {0};
    size_t whole = size / 64 * 64, rest = size - whole, padded = rest < 56 ? 64 : 128;
    for (size_t i = 0; i < whole; i += 64) hash_chunk(state, data + i);
    if (rest) memcpy(last, data + whole, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++) last[padded - 1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    for (size_t i = 0; i < padded; i += 64) hash_chunk(state, last + i);
    printf("\"size\": %zu, \"sha256\": \"%08" PRIx32 "%08" PRIx32 "\"", size, state[0], state[1]);
}

/* ------------------------------------------------------------------------------------------------------------------ printing */

static void print_text(const char *text) {
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') printf("\\%c", *text);
        else if ((unsigned char)*text < 0x20) printf("\\u%04x", *text);
        else putchar(*text);
    }
    putchar('"');
}

static void print_time(const char *name, int64_t time) {
    if (time == H4MK_NO_TIME) printf(", \"%s\": null", name);
    else printf(", \"%s\": %" PRId64, name, time);
}

static uint32_t id_of(const h4mk_reader *reader, uint32_t track) {
    h4mk_track_info info = H4MK_TRACK_INFO_INIT;
    return h4mk_reader_track_info(reader, track, &info) == H4MK_OK ? info.track_id : UINT32_MAX;
}

static void print_flags(uint32_t flags) {
    static const struct { uint32_t bit; const char *name; } NAMES[] = {
        {H4MK_BLOCK_KEY, "key"}, {H4MK_BLOCK_DISCARD, "discard"}, {H4MK_BLOCK_CORRUPT, "corrupt"}, {H4MK_BLOCK_DISPOSABLE, "disposable"}};
    const char *comma = "";
    printf(", \"type\": \"%c\", \"flags\": [", "IPBP"[flags & H4MK_BLOCK_TYPE_MASK]);
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
        if (flags & NAMES[i].bit) {
            printf("%s\"%s\"", comma, NAMES[i].name);
            comma = ", ";
        }
    printf("]");
}

static void print_block(const h4mk_reader *reader, const h4mk_block *block) {
    printf("{\"track\": %" PRIu32 ", \"ordinal\": %" PRIu64, id_of(reader, block->track), block->ordinal);
    print_flags(block->flags);
    print_time("pts", block->pts);
    print_time("dts", block->dts);
    printf(", \"duration\": %" PRId64 ", ", block->duration);
    if (block->flags & H4MK_BLOCK_ENCRYPTED) {
        printf("\"size\": null, \"sha256\": null, \"stored\": {\"as\": [\"encrypted\"%s], ",
               block->flags & H4MK_BLOCK_COMPRESSED ? ", \"compressed\"" : "");
        print_bytes(block->data, block->size);
        printf("}");
    } else {
        print_bytes(block->data, block->size);
    }
    for (size_t i = 0; i < block->side_data_count; i++) {
        printf(i ? ", {\"name\": " : ", \"side_data\": [{\"name\": ");
        print_text(block->side_data[i].name);
        printf(", ");
        print_bytes(block->side_data[i].data, block->side_data[i].size);
        printf("}");
    }
    printf(block->side_data_count ? "]}" : "}");
}

/* ------------------------------------------------------------------------------------------------------------------- reading */

/* What the library said: a list of texts. */
typedef struct messages {
    char *text[4096];
    size_t count;
} messages;

static void keep(messages *said, const char *text) {
    if (said->count < sizeof(said->text) / sizeof(said->text[0])) {
        said->text[said->count] = malloc(strlen(text) + 1);
        if (said->text[said->count]) strcpy(said->text[said->count++], text);
    }
}

static void print_messages(const messages *said) {
    printf(",\n \"problems\": [");
    for (size_t i = 0; i < said->count; i++) {
        printf("%s{\"kind\": \"said\", \"message\": ", i ? ", " : "");
        print_text(said->text[i]);
        printf("}");
    }
    printf("]");
}

/* The next block; damage is kept and passed over. */
static h4mk_status next(h4mk_reader *reader, h4mk_block *block, messages *said) {
    for (;;) {
        h4mk_status status = h4mk_reader_next(reader, block);
        if (status == H4MK_OK || status < H4MK_ERR_ARGUMENT || status == H4MK_ERR_IO || status == H4MK_ERR_MEMORY) return status;
        keep(said, h4mk_reader_message(reader));
        if (said->count == sizeof(said->text) / sizeof(said->text[0])) return status;
    }
}

static void print_descriptions(h4mk_reader *reader) {
    const char *comma = "";
    h4mk_reader_changes(reader); /* Takes over what came by while blocks were read. */
    printf(",\n \"tracks\": [");
    for (uint32_t i = 0; i < h4mk_reader_track_count(reader); i++)
        printf("%s%s", i ? ", " : "", h4mk_value_to_json(h4mk_reader_track(reader, i)));
    printf("],\n \"meta\": %s,\n \"attachments\": [", h4mk_value_to_json(h4mk_reader_meta(reader)));
    for (uint32_t i = 0; i < h4mk_reader_track_count(reader); i++) {
        const uint8_t *data;
        size_t size;
        if (h4mk_reader_attachment(reader, i, &data, &size) != H4MK_OK) continue;
        printf("%s{\"track_id\": %" PRIu32 ", ", comma, id_of(reader, i));
        print_bytes(data, size);
        printf("}");
        comma = ", ";
    }
    printf("]");
}

static void print_totals(h4mk_reader *reader) {
    printf(",\n \"totals\": {");
    for (uint32_t i = 0; i < h4mk_reader_track_count(reader); i++) {
        h4mk_track_info info = H4MK_TRACK_INFO_INIT;
        if (h4mk_reader_track_info(reader, i, &info) != H4MK_OK) continue;
        printf("%s\"%" PRIu32 "\": {\"blocks\": %" PRIu64 ", \"bytes\": %" PRIu64, i ? ", " : "", info.track_id, info.block_count,
               info.byte_count);
        print_time("start_pts", info.start_pts);
        print_time("first_dts", info.first_dts);
        print_time("end", info.end_pts);
        printf("}");
    }
    printf("}");
}

/* ----------------------------------------------------------------------------------------------------------------- questions */

typedef struct question {
    const char *option;
    int numbers; /* Behind the option: a track_id, then a time, a frame or an ordinal. */
    void (*answer)(h4mk_reader *reader, const struct question *q);
    int asked;
    uint32_t track_id;
    int64_t number;
} question;

static int seek_mode = H4MK_SEEK_BACKWARD;

static int64_t track_of(const h4mk_reader *reader, uint32_t track_id) {
    for (uint32_t i = 0; i < h4mk_reader_track_count(reader); i++)
        if (id_of(reader, i) == track_id) return i;
    return -1;
}

static void answer_seek(h4mk_reader *reader, const question *q) {
    enum { ORDER = 64, TRACKS = 16 };
    int64_t track = track_of(reader, q->track_id);
    h4mk_block block = H4MK_BLOCK_INIT;
    messages ignored = {{0}, 0};
    char order[ORDER * 48] = "";
    int64_t first[TRACKS];
    size_t used = 0;
    printf(",\n \"seek\": ");
    if (track < 0 || h4mk_reader_seek(reader, (uint32_t)track, q->number, seek_mode) != H4MK_OK) {
        printf("null");
        return;
    }
    for (size_t i = 0; i < TRACKS; i++) first[i] = -1;
    for (int i = 0; next(reader, &block, &ignored) == H4MK_OK; i++) {
        uint32_t id = id_of(reader, block.track);
        if (i == 0) printf("{\"found\": [%" PRIu32 ", %" PRIu64 "]", id, block.ordinal);
        if (i < ORDER)
            used += (size_t)snprintf(order + used, sizeof(order) - used, "%s[%" PRIu32 ", %" PRIu64 "]", i ? ", " : "", id, block.ordinal);
        if (block.track < TRACKS && first[block.track] < 0) first[block.track] = (int64_t)block.ordinal;
    }
    printf(", \"begins\": {");
    for (uint32_t i = 0; i < h4mk_reader_track_count(reader) && i < TRACKS; i++) {
        printf("%s\"%" PRIu32 "\": ", i ? ", " : "", id_of(reader, i));
        if (first[i] < 0) printf("null");
        else printf("%" PRId64, first[i]);
    }
    printf("}, \"order\": [%s]}", order);
}

static void answer_frames(h4mk_reader *reader, const question *q) {
    int64_t track = track_of(reader, q->track_id);
    h4mk_block_info info = H4MK_BLOCK_INFO_INIT;
    printf(",\n \"frame_list\": [");
    for (uint64_t i = 0; track >= 0 && h4mk_reader_frame(reader, (uint32_t)track, i, &info) == H4MK_OK; i++)
        printf("%s[%" PRId64 ", %" PRIu64 "]", i ? ", " : "", info.pts == H4MK_NO_TIME ? info.dts : info.pts, info.ordinal);
    printf("]");
}

static void answer_chain(h4mk_reader *reader, const question *q) {
    enum { MOST = 1024 };
    int64_t track = track_of(reader, q->track_id);
    h4mk_block_info blocks[MOST] = {H4MK_BLOCK_INFO_INIT};
    uint64_t total = 0;
    printf(",\n \"chain\": ");
    if (track < 0 || h4mk_reader_frame_chain(reader, (uint32_t)track, (uint64_t)q->number, blocks, MOST, &total) != H4MK_OK || total == 0) {
        printf("null");
        return;
    }
    for (uint64_t i = 0; i < total && i < MOST; i++) printf("%s%" PRIu64, i ? ", " : "[", blocks[i].ordinal);
    printf("]");
}

static void answer_block(h4mk_reader *reader, const question *q) {
    int64_t track = track_of(reader, q->track_id);
    h4mk_block block = H4MK_BLOCK_INIT;
    printf(",\n \"block\": ");
    if (track >= 0 && h4mk_reader_read_block(reader, (uint32_t)track, (uint64_t)q->number, &block) == H4MK_OK)
        print_block(reader, &block);
    else
        printf("null");
}

static question questions[] = {{"--seek", 2, answer_seek, 0, 0, 0},
                               {"--frames", 1, answer_frames, 0, 0, 0},
                               {"--chain", 2, answer_chain, 0, 0, 0},
                               {"--block", 2, answer_block, 0, 0, 0}};
enum { QUESTIONS = sizeof(questions) / sizeof(questions[0]) };

/* ---------------------------------------------------------------------------------------------------------------------- main */

static void print_refused(h4mk_status status, const char *message) {
    const char *kind = status == H4MK_ERR_NOT_H4MK      ? "not_h4mk"
                       : status == H4MK_ERR_TRUNCATED   ? "truncated"
                       : status == H4MK_ERR_VERSION     ? "version"
                       : status == H4MK_ERR_UNSUPPORTED ? "required_feature"
                       : status == H4MK_ERR_KEY         ? "key"
                                                        : "corrupt";
    printf("{\"outcome\": \"refused\", \"error\": {\"kind\": \"%s\", \"message\": ", kind);
    print_text(message);
    printf("}}\n");
}

/* protection.md, "One verdict". */
static void print_verdict(const h4mk_reader *reader, messages *said) {
    h4mk_signature signature = H4MK_SIGNATURE_INIT;
    if (h4mk_reader_signature(reader, &signature) != H4MK_OK) return;
    if (signature.descriptions_unsigned) keep(said, "descriptions were changed without being signed");
    printf(",\n \"verdict\": \"%s\"",
           signature.is_final && h4mk_reader_is_closed(reader) && !signature.problem_count && !said->count ? "good" : "not good");
}

static void print_read(h4mk_reader *reader, int pipe) {
    messages said = {{0}, 0};
    h4mk_block block = H4MK_BLOCK_INIT;
    h4mk_status status;
    const char *text, *comma = "\n  ";
    printf("{\"outcome\": \"read\", \"blocks\": [");
    while ((status = next(reader, &block, &said)) == H4MK_OK) {
        printf("%s", comma);
        print_block(reader, &block);
        comma = ",\n  ";
    }
    while ((text = h4mk_reader_next_warning(reader))) keep(&said, text);
    /* A pipe is not known to be closed before it has ended. */
    printf("],\n \"closed\": %s", (pipe ? status == H4MK_END : h4mk_reader_is_closed(reader)) ? "true" : "false");
    print_verdict(reader, &said);
    print_messages(&said);
    while (said.count > 0) free(said.text[--said.count]);
    print_descriptions(reader);
    if (!pipe) print_totals(reader);
    for (int i = 0; i < QUESTIONS; i++)
        if (questions[i].asked) questions[i].answer(reader, &questions[i]);
    printf("}\n");
}

static uint8_t key_bytes[64];
static size_t key_size;

static char verify_key[256];

static void take_key(const char *hex) {
    unsigned byte;
    for (; key_size < sizeof(key_bytes) && sscanf(hex, "%2x", &byte) == 1; hex += 2) key_bytes[key_size++] = (uint8_t)byte;
}

/* Takes the options; returns whether to read as from a pipe. */
static int take_options(int argc, char **argv) {
    int pipe = 0;
    for (int i = 1; i < argc - 1; i++) {
        if (!strcmp(argv[i], "--pipe")) pipe = 1;
        if (!strcmp(argv[i], "--key")) take_key(argv[++i]);
        if (!strcmp(argv[i], "--verify-key"))
            snprintf(verify_key, sizeof(verify_key), "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n", argv[++i]);
        if (!strcmp(argv[i], "--forward")) seek_mode = H4MK_SEEK_FORWARD;
        for (int k = 0; k < QUESTIONS; k++) {
            question *q = &questions[k];
            if (strcmp(argv[i], q->option) || i + q->numbers >= argc - 1) continue;
            q->asked = 1;
            q->track_id = (uint32_t)strtoul(argv[i + 1], NULL, 10);
            if (q->numbers == 2) q->number = strtoll(argv[i + 2], NULL, 10);
            i += q->numbers;
            break;
        }
    }
    return pipe;
}

int main(int argc, char **argv) {
    int pipe = take_options(argc, argv);
    h4mk_io io = H4MK_IO_INIT;
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    h4mk_reader *reader = NULL;
    h4mk_key key = H4MK_KEY_INIT;
    h4mk_status status;
    if (argc < 2 || h4mk_io_open_file(argv[argc - 1], H4MK_OPEN_READ, &io) != H4MK_OK) {
        fprintf(stderr, "usage: with_libh4mk [options] FILE\n");
        return 2;
    }
    if (key_size) {
        key.key = key_bytes;
        key.key_size = key_size;
        options.keys = &key;
        options.key_count = 1;
    } else {
        options.keep_encrypted = 1;
    }
    if (verify_key[0]) options.verify_key = verify_key;
    if (pipe) {
        io.seek = NULL;
        io.size = NULL;
    } else {
        options.open_beside = h4mk_io_open_beside;
        options.beside_opaque = argv[argc - 1];
    }
    status = h4mk_reader_open(&io, &options, &reader);
    if (status == H4MK_OK) print_read(reader, pipe);
    else print_refused(status, h4mk_reader_message(reader));
    h4mk_reader_free(reader);
    h4mk_io_close(&io);
    return 0;
}
