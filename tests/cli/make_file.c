/* SPDX-License-Identifier: MIT
 *
 * Makes the files that the command line tests look at: make_file KIND FILE [hours]
 *   clip   60 frames of video in GOPs of 12 with B frames, audio, an attachment, tags and chapters
 *   film   the same with larger frames, so that clusters have stripes
 *   pcm    one track of audio, every block a seek point
 *   secret pcm, encrypted
 *   cues   control frames and captions
 *   packed two tracks of text, one of them compressed
 *   opaque blocks for the adapters null (10 a second, groups of 5) and dsp (two tones, and a block that is none)
 *   long   video and audio of so many hours, with tiny payloads
 *   far    blocks as far apart in time as numbers are, and some at a time that no clock shows
 *   dense  40,000 tiny blocks, and an attachment of 2 MB
 *   rich   what tracks can say of themselves: languages, dispositions, profiles, HDR, a turned picture, a cover
 *   subtitles SubRip, WebVTT, ASS and timed text, with what is awkward of each
 *   names  attachments with names that lead elsewhere
 *   opus   one track of audio of so many hours, blocks of 20 ms at 32 kb/s
 */
#include <h4mk/legacy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static h4mk_writer *writer;

static void check(h4mk_status status)
{
    if (status != H4MK_OK) {
        fprintf(stderr, "make_file: %s\n", h4mk_writer_message(writer));
        exit(1);
    }
}

static h4mk_value *parse(const char *json)
{
    h4mk_value *value = NULL;
    check(h4mk_value_from_json(json, strlen(json), &value));
    return value;
}

static uint32_t add_track(const char *json)
{
    h4mk_value *value = parse(json);
    uint32_t track = 0;
    check(h4mk_writer_add_track(writer, value, &track));
    h4mk_value_free(value);
    return track;
}

static void set_meta(const char *json)
{
    h4mk_value *value = parse(json);
    check(h4mk_writer_set_meta(writer, value));
    h4mk_value_free(value);
}

static void write_block(uint32_t track, uint32_t flags, int64_t pts, int64_t dts, int64_t duration, size_t size)
{
    static uint8_t data[1 << 16];
    static uint32_t state = 1;
    h4mk_block block = H4MK_BLOCK_INIT;
    size_t i;
    for (i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (uint8_t)(state >> 24);
    }
    block.track = track;
    block.flags = flags;
    block.pts = pts;
    block.dts = dts;
    block.duration = duration;
    block.data = data;
    block.size = size;
    check(h4mk_writer_write(writer, &block));
}

/* Frame number n in decoding order of GOPs I P B B P B B … of 12. */
static void write_frame(uint32_t track, int64_t n, size_t size)
{
    const int64_t in_gop = n % 12;
    const int64_t gop = n - in_gop;
    if (in_gop == 0)
        write_block(track, H4MK_BLOCK_KEY | H4MK_BLOCK_TYPE_I, gop + 2, n, 1, 4 * size);
    else if (in_gop % 3 == 1)
        write_block(track, H4MK_BLOCK_TYPE_P, gop + 2 + (in_gop + 2 < 12 ? in_gop + 2 : 11), n, 1, size);
    else
        write_block(track, H4MK_BLOCK_TYPE_B | H4MK_BLOCK_DISPOSABLE, gop + 2 + in_gop - 1, n, 1, size / 2);
}

static const char video[] =
    "{\"track_id\":1,\"name\":\"Main\",\"kind\":\"video\",\"codec\":\"mpeg2video\",\"sample_rate\":0,\"channels\":0,"
    "\"note\":\"\",\"time_base\":\"1/25\",\"width\":320,\"height\":240,\"avg_frame_rate\":\"25/1\"}";
static const char audio[] =
    "{\"track_id\":2,\"name\":\"\",\"kind\":\"audio\",\"codec\":\"mp2\",\"sample_rate\":48000,\"channels\":2,"
    "\"note\":\"\",\"time_base\":\"1/48000\",\"channel_layout\":\"stereo\"}";
static const char font[] =
    "{\"track_id\":3,\"name\":\"\",\"kind\":\"attachment\",\"codec\":\"ttf\",\"sample_rate\":0,\"channels\":0,"
    "\"note\":\"\",\"time_base\":\"1/1000\",\"tags\":{\"filename\":\"font.ttf\"}}";
static const char meta[] =
    "{\"tags\":{\"title\":\"A clip\",\"comment\":\"made by make_file\"},"
    "\"chapters\":[{\"id\":1,\"time_base\":\"1/1000\",\"start\":0,\"end\":1000,\"tags\":{\"title\":\"One\"}},"
    "{\"id\":2,\"time_base\":\"1/1000\",\"start\":1000,\"end\":2400,\"tags\":{\"title\":\"Two\"}}]}";

static void write_film(int64_t frames, size_t size, int with_attachment)
{
    const uint32_t v = add_track(video), a = add_track(audio);
    int64_t n, audio_time = 0;
    if (with_attachment)
        check(h4mk_writer_set_attachment(writer, add_track(font), "not really a font", 17));
    set_meta(meta);
    for (n = 0; n < frames; n++) {
        write_frame(v, n, size);
        for (; audio_time < (n + 1) * 1920; audio_time += 1152)
            write_block(a, H4MK_BLOCK_KEY, audio_time, audio_time, 1152, size / 10 + 1);
    }
}

static void write_pcm_track(int blocks)
{
    const uint32_t track = add_track(
        "{\"track_id\":7,\"name\":\"\",\"kind\":\"audio\",\"codec\":\"pcm_s16le\",\"sample_rate\":8000,"
        "\"channels\":1,\"note\":\"\",\"time_base\":\"1/8000\"}");
    int64_t n;
    for (n = 0; n < blocks; n++)
        write_block(track, H4MK_BLOCK_KEY, n * 400, n * 400, 400, 800);
}

static void write_packed(void)
{
    static char text[4000];
    h4mk_block block = H4MK_BLOCK_INIT;
    uint32_t tracks[2];
    int n, length;
    tracks[0] = add_track("{\"track_id\":1,\"name\":\"\",\"kind\":\"data\",\"codec\":\"none\",\"sample_rate\":0,"
                          "\"channels\":0,\"note\":\"\",\"time_base\":\"1/1000\",\"compression\":\"zstd\"}");
    tracks[1] = add_track("{\"track_id\":2,\"name\":\"\",\"kind\":\"data\",\"codec\":\"none\",\"sample_rate\":0,"
                          "\"channels\":0,\"note\":\"\",\"time_base\":\"1/1000\"}");
    for (n = 0; n < 20; n++) {
        for (length = 0; length < 100 * (n + 1); length += 20)
            sprintf(text + length, "%8d words, again\n.", n + length);
        block.track = tracks[n % 2];
        block.flags = H4MK_BLOCK_KEY;
        block.pts = block.dts = n * 40;
        block.duration = 40;
        block.data = (const uint8_t *)text;
        block.size = (size_t)length;
        check(h4mk_writer_write(writer, &block));
    }
}

static void write_text(uint32_t track, uint32_t flags, int64_t pts, const char *data, size_t size)
{
    h4mk_block block = H4MK_BLOCK_INIT;
    block.track = track;
    block.flags = flags;
    block.pts = pts;
    block.dts = pts;
    block.data = (const uint8_t *)data;
    block.size = size;
    check(h4mk_writer_write(writer, &block));
}

/* Two tracks of 40 blocks, whose blocks come in turn or one track behind the other. Block `changed` of the second is another. */
static void write_two(int in_turn, int changed)
{
    char json[200];
    uint32_t tracks[2];
    int i;
    for (i = 0; i < 2; i++) {
        sprintf(json, "{\"track_id\":%d,\"name\":\"\",\"kind\":\"data\",\"codec\":\"none\",\"time_base\":\"1/10\","
                      "\"sample_rate\":0,\"channels\":0,\"note\":\"\"}", i + 1);
        tracks[i] = add_track(json);
    }
    for (i = 0; i < 80; i++) {
        const int second = in_turn ? i % 2 : i / 40, number = in_turn ? i / 2 : i % 40;
        const char text[3] = {(char)('a' + second), (char)number, (char)(second && number == changed)};
        write_text(tracks[second], H4MK_BLOCK_KEY, number, text, sizeof(text));
    }
}

static void write_opaque(void)
{
    static const char dsp0[] = "DSP0\2\0\0\0\12\0\0\100\0\0\100\0\0\40\0\100"; /* bins 10 and 64 */
    const uint32_t n = add_track(
        "{\"track_id\":1,\"name\":\"\",\"kind\":\"data\",\"codec\":\"null\",\"sample_rate\":0,\"channels\":0,"
        "\"note\":\"\",\"time_base\":\"1/10\"}");
    const uint32_t d = add_track(
        "{\"track_id\":2,\"name\":\"\",\"kind\":\"audio\",\"codec\":\"none\",\"sample_rate\":44100,\"channels\":1,"
        "\"note\":\"\",\"time_base\":\"1/44100\",\"adapter\":\"dsp\"}");
    const uint32_t o = add_track(
        "{\"track_id\":3,\"name\":\"\",\"kind\":\"data\",\"codec\":\"other\",\"sample_rate\":0,\"channels\":0,"
        "\"note\":\"\",\"time_base\":\"1/10\"}");
    int64_t i;
    for (i = 0; i < 10; i++) {
        char letter = (char)('a' + i);
        write_text(n, i % 5 == 0 ? H4MK_BLOCK_KEY : H4MK_BLOCK_TYPE_P, i, &letter, 1);
        if (i == 3)
            write_text(d, H4MK_BLOCK_KEY, i * 1024, "DSP1", 4);
        else
            write_text(d, H4MK_BLOCK_KEY, i * 1024, dsp0, sizeof(dsp0) - 1);
        write_text(o, H4MK_BLOCK_KEY, i, &letter, 1);
    }
}

static void write_far(void)
{
    const uint32_t a = add_track("{\"track_id\":1,\"name\":\"\",\"kind\":\"data\",\"codec\":\"none\",\"sample_rate\":0,"
                                 "\"channels\":0,\"note\":\"\",\"time_base\":\"1/1000\"}");
    const uint32_t b = add_track("{\"track_id\":2,\"name\":\"\",\"kind\":\"data\",\"codec\":\"none\",\"sample_rate\":0,"
                                 "\"channels\":0,\"note\":\"\",\"time_base\":\"1/1\"}");
    int64_t n;
    write_block(a, H4MK_BLOCK_KEY, -9000000000000000000, -9000000000000000000, 40, 100);
    write_block(a, H4MK_BLOCK_KEY, 9000000000000000000, 9000000000000000000, 40, 100);
    for (n = 0; n < 50; n++)
        write_block(b, H4MK_BLOCK_KEY, 9000000000000000 + n, 9000000000000000 + n, 1, 100);
}

static void write_dense(void)
{
    static const uint8_t zeros[2000000];
    const uint32_t track = add_track("{\"track_id\":1,\"name\":\"\",\"kind\":\"data\",\"codec\":\"none\",\"sample_rate\":0,"
                                     "\"channels\":0,\"note\":\"\",\"time_base\":\"1/40000\"}");
    int64_t n;
    check(h4mk_writer_set_attachment(writer, add_track(font), zeros, sizeof(zeros)));
    for (n = 0; n < 40000; n++)
        write_block(track, n ? H4MK_BLOCK_TYPE_P : H4MK_BLOCK_KEY, n, n, 1, 1);
}

/* The display matrix turns by 90 degrees. */
static void write_rich(void)
{
    static const char *const tracks[] = {
        "{\"track_id\":1,\"name\":\"Main\",\"kind\":\"video\",\"codec\":\"hevc\",\"sample_rate\":0,\"channels\":0,\"note\":\"\","
        "\"time_base\":\"1/1000\",\"width\":3840,\"height\":2160,\"avg_frame_rate\":\"24000/1001\",\"profile\":2,"
        "\"pixel_format\":\"yuv420p10le\",\"color_space\":\"bt2020nc\",\"color_primaries\":\"bt2020\","
        "\"color_transfer\":\"smpte2084\",\"disposition\":[\"default\"],\"side_data\":[{\"name\":\"display_matrix\",\"data\":"
        "\"AAAAAAAAAQAAAAAAAAD//wAAAAAAAAAAAAAAAAAAAAAAAABA\"},{\"name\":\"content_light_level\",\"max_cll\":1000}]}",
        "{\"track_id\":2,\"name\":\"\",\"kind\":\"video\",\"codec\":\"h264\",\"sample_rate\":0,\"channels\":0,\"note\":\"\","
        "\"time_base\":\"1/1000\",\"width\":720,\"height\":576,\"avg_frame_rate\":\"853140083/35584029\",\"profile\":100,"
        "\"field_order\":\"tt\",\"pixel_format\":\"yuv420p\",\"color_space\":\"bt709\",\"color_primaries\":\"bt709\","
        "\"color_transfer\":\"bt709\"}",
        "{\"track_id\":3,\"name\":\"Deutsch\",\"kind\":\"audio\",\"codec\":\"aac\",\"sample_rate\":48000,\"channels\":6,"
        "\"note\":\"\",\"time_base\":\"1/1000\",\"channel_layout\":\"5.1\",\"profile\":1,\"disposition\":[\"default\",\"dub\"],"
        "\"tags\":{\"language\":\"ger\"}}",
        "{\"track_id\":4,\"name\":\"\",\"kind\":\"subtitle\",\"codec\":\"subrip\",\"sample_rate\":0,\"channels\":0,\"note\":\"\","
        "\"time_base\":\"1/1000\",\"disposition\":[\"forced\",\"hearing_impaired\"],\"tags\":{\"language\":\"eng\"}}",
        "{\"track_id\":5,\"name\":\"\",\"kind\":\"video\",\"codec\":\"png\",\"sample_rate\":0,\"channels\":0,\"note\":\"\","
        "\"time_base\":\"1/1000\",\"width\":600,\"height\":900,\"disposition\":[\"attached_pic\"]}",
        "{\"track_id\":6,\"name\":\"\",\"kind\":\"audio\",\"codec\":\"flac\",\"sample_rate\":96000,\"channels\":1,\"note\":\"\","
        "\"time_base\":\"1/1000\",\"bits_per_raw_sample\":24}",
    };
    const uint32_t count = sizeof(tracks) / sizeof(*tracks);
    uint32_t i;
    for (i = 0; i < count; i++)
        add_track(tracks[i]);
    check(h4mk_writer_set_attachment(writer,
        add_track("{\"track_id\":7,\"name\":\"\",\"kind\":\"attachment\",\"codec\":\"none\",\"sample_rate\":0,\"channels\":0,"
                  "\"note\":\"\",\"time_base\":\"1/1000\",\"tags\":{\"filename\":\"notes.txt\",\"mimetype\":\"text/plain\"}}"),
        "notes", 5));
    for (i = 0; i < count; i++)
        write_block(i, H4MK_BLOCK_KEY, 0, 0, 1000, 1000);
}

static void write_opus(int hours)
{
    const uint32_t track = add_track(
        "{\"track_id\":1,\"name\":\"\",\"kind\":\"audio\",\"codec\":\"opus\",\"sample_rate\":48000,"
        "\"channels\":2,\"note\":\"\",\"time_base\":\"1/48000\"}");
    int64_t n;
    for (n = 0; n < (int64_t)hours * 3600 * 50; n++)
        write_block(track, H4MK_BLOCK_KEY, n * 960, n * 960, 960, 64 + n % 32);
}

static void write_cue(uint32_t track, int64_t time, int64_t duration, const char *text)
{
    h4mk_block block = H4MK_BLOCK_INIT;
    block.track = track;
    block.flags = H4MK_BLOCK_KEY;
    block.pts = block.dts = time;
    block.duration = duration;
    block.data = (const uint8_t *)text;
    block.size = strlen(text);
    check(h4mk_writer_write(writer, &block));
}

static void write_cues(void)
{
    const uint32_t controls = add_track(
        "{\"track_id\":1,\"name\":\"Camera\",\"kind\":\"data\",\"codec\":\"control_frames\",\"sample_rate\":0,\"channels\":0,"
        "\"note\":\"\",\"time_base\":\"1/1000000\"}");
    const uint32_t captions = add_track(
        "{\"track_id\":2,\"name\":\"Captions\",\"kind\":\"subtitle\",\"codec\":\"text\",\"sample_rate\":0,\"channels\":0,"
        "\"note\":\"\",\"time_base\":\"1/1000\"}");
    h4mk_control_frame frame = {0, "pan", 0.5, 0.5, "ease_in", 0.25, "cue"};
    char text[512];
    size_t needed = 0;
    int i;
    for (i = 0; i < 4; i++) {
        frame.pts_us = i * 600000;
        check(h4mk_control_frames_to_json(&frame, 1, text, sizeof(text), &needed));
        write_cue(controls, frame.pts_us, 600000, text);
        sprintf(text, "Caption %d. ", i + 1);
        write_cue(captions, i * 600, 500, text);
    }
}

static void write_line(uint32_t track, int64_t time, int64_t duration, const char *data, size_t size,
                       const h4mk_side_data *side_data, size_t count)
{
    h4mk_block block = H4MK_BLOCK_INIT;
    block.track = track;
    block.flags = H4MK_BLOCK_KEY;
    block.pts = block.dts = time;
    block.duration = duration;
    block.data = (const uint8_t *)data;
    block.size = size;
    block.side_data = side_data;
    block.side_data_count = count;
    check(h4mk_writer_write(writer, &block));
}

/* An empty line, no duration, a number that is none, boxes of style. */
static void write_subtitles(void)
{
    static const char *const codecs[] = {"subrip", "webvtt", "ass", "mov_text"};
    static const char script[] = "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n";
    static const h4mk_side_data cue[] = {{"webvtt_identifier", (const uint8_t *)"one\n--> x", 9},
                                         {"webvtt_settings", (const uint8_t *)"line:0", 6}};
    uint32_t tracks[4];
    int i;
    for (i = 0; i < 4; i++) {
        char json[256];
        h4mk_value *value = NULL;
        sprintf(json, "{\"track_id\":%d,\"name\":\"\",\"kind\":\"subtitle\",\"codec\":\"%s\",\"time_base\":\"1/1000\","
                "\"tags\":{\"language\":\"%s\"}}", i + 1, codecs[i], i == 0 ? "../eng" : "und");
        value = parse(json);
        if (i == 2)
            check(h4mk_value_set_bytes(value, "extradata", script, sizeof(script) - 1));
        check(h4mk_writer_add_track(writer, value, &tracks[i]));
        h4mk_value_free(value);
    }
    write_line(tracks[0], 1000, 1500, "First line.\n\n2\n00:00:09,000 --> 00:00:10,000\nno cue", 51, NULL, 0);
    write_line(tracks[0], 4000, 0, "Until the next.", 15, NULL, 0);
    write_line(tracks[0], 3723004, 0, "The last.", 9, NULL, 0);
    write_line(tracks[1], 1000, 500, "Hello", 5, cue, 2);
    write_line(tracks[1], 2000, 500, "Plain", 5, NULL, 0);
    write_line(tracks[2], 1230, 2000, "0,1,Default,One, with\na comma", 29, NULL, 0);
    write_line(tracks[2], 5000, 1000, "no fields", 9, NULL, 0);
    write_line(tracks[3], 1000, 1000, "\0\5Hallo\0\0\0\10styl", 15, NULL, 0);
    write_line(tracks[3], 2000, 1000, "\0\0", 2, NULL, 0);
    write_line(tracks[3], 3000, 1000, "\377\377short", 7, NULL, 0);
}

#define LONG "12345678901234567890123456789012345678901234567890"

static void write_names(void)
{
    static const char *const names[] = {"../../escape.txt", "/etc/x", "-y", ".hidden", "a\\nb\\u202Ec", "", "..",
                                        "same.txt", "same.txt", "file:x|y", LONG LONG LONG LONG LONG ".ttf"};
    char json[512];
    uint32_t i;
    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        sprintf(json, "{\"track_id\":%u,\"name\":\"\",\"kind\":\"attachment\",\"codec\":\"none\",\"time_base\":\"1/1000\","
                "\"tags\":{\"filename\":\"%s\"}}", i + 11, names[i]);
        check(h4mk_writer_set_attachment(writer, add_track(json), names[i], strlen(names[i])));
    }
    write_pcm_track(3);
}

int main(int argc, char **argv)
{
    static const uint8_t key[32] = {1};
    const h4mk_key secret = {sizeof(secret), NULL, 0, key, sizeof(key)};
    h4mk_writer_options options = H4MK_WRITER_OPTIONS_INIT;
    h4mk_io io = H4MK_IO_INIT;
    if (argc < 3 || h4mk_io_open_file(argv[2], H4MK_OPEN_WRITE, &io) != H4MK_OK)
        return 2;
    if (strcmp(argv[1], "secret") == 0) {
        options.encryption_scheme = H4MK_SCHEME_GCM;
        options.encryption_key = &secret;
    }
    options.repeatable = 1; /* what is printed of them is compared */
    check(h4mk_writer_open(&io, &options, &writer));
    if (strcmp(argv[1], "clip") == 0)
        write_film(60, 1000, 1);
    else if (strcmp(argv[1], "film") == 0)
        write_film(60, 8000, 0);
    else if (strcmp(argv[1], "pcm") == 0 || strcmp(argv[1], "secret") == 0)
        write_pcm_track(100);
    else if (strcmp(argv[1], "cues") == 0)
        write_cues();
    else if (strcmp(argv[1], "packed") == 0)
        write_packed();
    else if (strcmp(argv[1], "opaque") == 0)
        write_opaque();
    else if (strcmp(argv[1], "far") == 0)
        write_far();
    else if (strcmp(argv[1], "dense") == 0)
        write_dense();
    else if (strcmp(argv[1], "rich") == 0)
        write_rich();
    else if (strcmp(argv[1], "subtitles") == 0)
        write_subtitles();
    else if (strcmp(argv[1], "names") == 0)
        write_names();
    else if (strcmp(argv[1], "turn") == 0 || strcmp(argv[1], "behind") == 0)
        write_two(strcmp(argv[1], "turn") == 0, argc > 3 ? atoi(argv[3]) : -1);
    else if (strcmp(argv[1], "opus") == 0)
        write_opus(argc > 3 ? atoi(argv[3]) : 1);
    else if (strcmp(argv[1], "long") == 0)
        write_film((argc > 3 ? atoi(argv[3]) : 1) * 90000, 40, 0);
    else
        return 2;
    check(h4mk_writer_finish(writer));
    h4mk_writer_free(writer);
    h4mk_io_close(&io);
    return 0;
}
