/* SPDX-License-Identifier: MIT
 *
 * A build of the library that lacks something writes and reads plain files all the same, and says of everything else what it lacks. */
#include <h4mk/adapter.h>
#include <h4mk/legacy.h>
#include <h4mk/protection.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
#define CHECK(condition)                                                   \
    do {                                                                   \
        if (!(condition)) {                                                \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
            failures++;                                                    \
        }                                                                  \
    } while (0)
#define LACKS(feature) (!(h4mk_features() & H4MK_FEATURE_##feature))
#define SAYS(text) (strstr(text, "this build of the library has no") != NULL)

static h4mk_value *track_of(const char *compression)
{
    h4mk_value *track = h4mk_value_new();
    h4mk_value_set_int(track, "track_id", 1);
    h4mk_value_set_text(track, "name", "t");
    h4mk_value_set_text(track, "kind", "data");
    h4mk_value_set_text(track, "codec", "none");
    h4mk_value_set_text(track, "time_base", "1/1000");
    if (compression)
        h4mk_value_set_text(track, "compression", compression);
    return track;
}

/* Writes blocks of 100 bytes to output; returns what writing them returned. */
static h4mk_status write_blocks(h4mk_io *output, const char *compression, int count)
{
    static const uint8_t data[100] = {1};
    h4mk_value *track = track_of(compression);
    h4mk_writer *writer = NULL;
    h4mk_status status = h4mk_writer_open(output, NULL, &writer);
    uint32_t index = 0;
    int i;
    if (status == H4MK_OK)
        status = h4mk_writer_add_track(writer, track, &index);
    for (i = 0; status == H4MK_OK && i < count; i++) {
        h4mk_block block = H4MK_BLOCK_INIT;
        block.track = index;
        block.flags = H4MK_BLOCK_KEY;
        block.pts = block.dts = i;
        block.data = data;
        block.size = sizeof data;
        status = h4mk_writer_write(writer, &block);
    }
    if (status == H4MK_OK)
        status = h4mk_writer_finish(writer);
    else
        CHECK(SAYS(h4mk_writer_message(writer)));
    h4mk_writer_free(writer);
    h4mk_value_free(track);
    return status;
}

static void test_plain(void)
{
    h4mk_io output = H4MK_IO_INIT, input = H4MK_IO_INIT;
    const uint8_t *file = NULL;
    size_t size = 0;
    h4mk_reader *reader = NULL;
    h4mk_block block = H4MK_BLOCK_INIT;
    int count = 0;
    CHECK(h4mk_io_new_memory(&output) == H4MK_OK);
    CHECK(write_blocks(&output, NULL, 1000) == H4MK_OK);
    CHECK(h4mk_io_memory(&output, &file, &size) == H4MK_OK);
    CHECK(h4mk_probe(file, size) == 2);
    CHECK(h4mk_io_open_memory(file, size, &input) == H4MK_OK);
    CHECK(h4mk_reader_open(&input, NULL, &reader) == H4MK_OK);
    CHECK(h4mk_reader_is_closed(reader));
    while (h4mk_reader_next(reader, &block) == H4MK_OK)
        CHECK(block.pts == count++ && block.size == 100 && block.data[0] == 1);
    CHECK(count == 1000);
    CHECK(h4mk_reader_seek(reader, 0, 500, H4MK_SEEK_BACKWARD) == H4MK_OK);
    CHECK(h4mk_reader_next(reader, &block) == H4MK_OK && block.pts == 500);
    h4mk_reader_free(reader);
    h4mk_io_close(&input);
    h4mk_io_close(&output);
}

/* Opening a file of another version or with a key. */
static void test_refused_file(const uint8_t *file, size_t size, const h4mk_reader_options *options)
{
    h4mk_io input = H4MK_IO_INIT;
    h4mk_reader *reader = NULL;
    CHECK(h4mk_io_open_memory(file, size, &input) == H4MK_OK);
    CHECK(h4mk_reader_open(&input, options, &reader) == H4MK_ERR_UNSUPPORTED);
    CHECK(SAYS(h4mk_reader_message(reader)));
    h4mk_reader_free(reader);
    h4mk_io_close(&input);
}

static void test_refused_writer(const h4mk_writer_options *options)
{
    h4mk_io output = H4MK_IO_INIT;
    h4mk_writer *writer = NULL;
    CHECK(h4mk_io_new_memory(&output) == H4MK_OK);
    CHECK(h4mk_writer_open(&output, options, &writer) == H4MK_ERR_UNSUPPORTED);
    CHECK(SAYS(h4mk_writer_message(writer)));
    h4mk_writer_free(writer);
    h4mk_io_close(&output);
}

static void test_without_legacy(void)
{
    static const uint8_t version1[16] = {'H', '4', 'M', 'K', 1}, transport[16] = {'H', '4', 'M', 'K', 0, 1};
    h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
    CHECK(h4mk_probe(version1, 16) == 1 && h4mk_probe(transport, 16) == H4MK_VERSION_TRANSPORT);
    test_refused_file(version1, 16, NULL);
    test_refused_file(transport, 16, NULL);
    options.version = 1;
    test_refused_writer(&options);
}

static void test_without_protection(void)
{
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    h4mk_writer_options writing = H4MK_WRITER_OPTIONS_INIT;
    static const uint8_t bytes[32] = {1};
    h4mk_key key = H4MK_KEY_INIT;
    h4mk_io output = H4MK_IO_INIT;
    const uint8_t *file = NULL;
    size_t size = 0;
    CHECK(h4mk_io_new_memory(&output) == H4MK_OK);
    CHECK(write_blocks(&output, NULL, 1) == H4MK_OK);
    CHECK(h4mk_io_memory(&output, &file, &size) == H4MK_OK);
    options.verify_key = "-----BEGIN PUBLIC KEY-----";
    test_refused_file(file, size, &options);
    h4mk_io_close(&output);
    writing.encryption_scheme = H4MK_SCHEME_GCM;
    key.key = bytes;
    key.key_size = sizeof bytes;
    writing.encryption_key = &key;
    test_refused_writer(&writing);
}

/* A compressed file is refused when it is opened, not at its first block. */
static void test_without_zstd(void)
{
    static uint8_t file[1 << 16];
    char path[4096];
    size_t size = 0;
    FILE *stream;
    h4mk_io output = H4MK_IO_INIT;
    CHECK(h4mk_io_new_memory(&output) == H4MK_OK);
    CHECK(write_blocks(&output, "zstd", 1) == H4MK_ERR_UNSUPPORTED);
    h4mk_io_close(&output);
    snprintf(path, sizeof path, "%s/tests/conformance/valid/compressed.h4mk", getenv("H4MK_SOURCE_DIR"));
    stream = fopen(path, "rb");
    CHECK(stream != NULL);
    if (stream) {
        size = fread(file, 1, sizeof file, stream);
        fclose(stream);
    }
    test_refused_file(file, size, NULL);
}

int main(void)
{
    test_plain();
    if (LACKS(ZSTD))
        test_without_zstd();
    if (LACKS(ADAPTERS))
        CHECK(h4mk_adapters_new() == NULL && SAYS(h4mk_adapters_message(NULL)));
    if (LACKS(LEGACY))
        test_without_legacy();
    if (LACKS(PROTECTION))
        test_without_protection();
    return failures != 0;
}
