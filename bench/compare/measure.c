/* SPDX-License-Identifier: MIT
 *
 * Measures containers in process, through the public API of libavformat only. compare.py calls it; each result is a line of
 * JSON. Times are CPU time of this process, in nanoseconds.
 *
 *   measure nothing                       tells its peak memory, as the next two do
 *   measure open FILE                     opens it once
 *   measure remux IN FORMAT OUT [AT]      stream copy; with AT, kills itself with SIGKILL after so many seconds of media
 *   measure mux ROUNDS IN FORMAT OUT [FORMAT OUT]...   packets from memory into each format in turn
 *   measure read ROUNDS SEEKS FILE...     opens, seeks, demuxes each file in turn
 *   measure seek FILE SECONDS             opens, seeks, reads a packet (for HTTP)
 *   measure reach FILE                    how far a file can be read, and whether it can be sought
 *   measure payload FILE                  bytes of all packets
 *   measure same A B                      which packets and parameters of A are the same in B
 */
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The most memory that this process had. */
static void print_peak(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1) break;
    if (status) fclose(status);
    printf("{\"peak_kib\": %ld}\n", kib);
}

static void fail(const char *what, const char *name, int error) {
    fprintf(stderr, "measure: %s %s: %s\n", what, name, av_err2str(error));
    exit(1);
}

static AVFormatContext *open_input(const char *path) {
    AVFormatContext *in = NULL;
    int error = avformat_open_input(&in, path, NULL, NULL);
    if (error < 0) fail("cannot open", path, error);
    return in;
}

/* ---------------------------------------------------------------------------------------------------------- writing */

static int has_video(const AVFormatContext *in) {
    for (unsigned i = 0; i < in->nb_streams; i++)
        if (in->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) return 1;
    return 0;
}

/* The muxer with the streams of `in`; "fmp4" is MP4 in fragments: one a key frame, or 2 seconds where there is no video. */
static AVFormatContext *open_output(const AVFormatContext *in, const char *format, const char *path, AVDictionary **options) {
    AVFormatContext *out = NULL;
    const int fragmented = !strcmp(format, "fmp4");
    int error = avformat_alloc_output_context2(&out, NULL, fragmented ? "mp4" : format, path);
    if (error < 0) fail("no muxer", format, error);
    if (fragmented) {
        av_dict_set(options, "movflags", "+frag_keyframe+empty_moov+default_base_moof", 0);
        if (!has_video(in)) av_dict_set(options, "frag_duration", "2000000", 0);
    }
    for (unsigned i = 0; i < in->nb_streams; i++) {
        const AVStream *from = in->streams[i];
        AVStream *to = avformat_new_stream(out, NULL);
        if (!to || avcodec_parameters_copy(to->codecpar, from->codecpar) < 0) fail("no memory", path, AVERROR(ENOMEM));
        /* As ffmpeg does: a tag stays where the container has nothing against it. */
        if (out->oformat->codec_tag &&
            av_codec_get_id(out->oformat->codec_tag, to->codecpar->codec_tag) != from->codecpar->codec_id)
            to->codecpar->codec_tag = 0;
        /* MP4 takes text under one name only. The bytes stay the same. */
        if (from->codecpar->codec_id == AV_CODEC_ID_TEXT && !strcmp(out->oformat->name, "mp4"))
            to->codecpar->codec_id = AV_CODEC_ID_MOV_TEXT;
        to->time_base = from->time_base;
        to->avg_frame_rate = from->avg_frame_rate;
    }
    error = avio_open(&out->pb, path, AVIO_FLAG_WRITE);
    if (error < 0) fail("cannot write", path, error);
    return out;
}

static void start_output(AVFormatContext *out, AVDictionary **options) {
    int error = avformat_write_header(out, options);
    if (error < 0) fail("no header", out->url, error);
}

static void end_output(AVFormatContext *out) {
    int error = av_write_trailer(out);
    if (error < 0) fail("no trailer", out->url, error);
    avio_closep(&out->pb);
}

static void remux(const char *source, const char *format, const char *path, double kill_at) {
    AVFormatContext *in = open_input(source), *out;
    AVDictionary *options = NULL;
    AVPacket *packet = av_packet_alloc();
    int error;

    if (avformat_find_stream_info(in, NULL) < 0) fail("no streams", source, AVERROR_INVALIDDATA);
    out = open_output(in, format, path, &options);
    start_output(out, &options);
    while (av_read_frame(in, packet) >= 0) {
        const AVStream *from = in->streams[packet->stream_index], *to = out->streams[packet->stream_index];
        if (kill_at > 0 && packet->dts != AV_NOPTS_VALUE && packet->dts * av_q2d(from->time_base) >= kill_at) raise(SIGKILL);
        av_packet_rescale_ts(packet, from->time_base, to->time_base);
        packet->pos = -1;
        error = av_interleaved_write_frame(out, packet);
        if (error < 0) fail("cannot write", path, error);
    }
    end_output(out);
    avformat_free_context(out);
    av_packet_free(&packet);
    avformat_close_input(&in);
}

typedef struct Packets {
    AVPacket **packet;
    size_t count, room;
} Packets;

static void load_packets(AVFormatContext *in, Packets *all) {
    AVPacket *packet = av_packet_alloc();
    while (packet && av_read_frame(in, packet) >= 0) {
        if (all->count == all->room) {
            all->room = all->room ? 2 * all->room : 1 << 16;
            all->packet = realloc(all->packet, all->room * sizeof *all->packet);
            if (!all->packet) fail("no memory", in->url, AVERROR(ENOMEM));
        }
        all->packet[all->count++] = packet;
        packet = av_packet_alloc();
    }
    av_packet_free(&packet);
}

/* Writes references to the packets, made before the clock runs, into a new file. */
static void mux_once(int round, AVFormatContext *in, const Packets *all, const char *format, const char *path) {
    AVDictionary *options = NULL;
    AVFormatContext *out = open_output(in, format, path, &options);
    AVPacket **copy = malloc(all->count * sizeof *copy);
    int64_t start = cpu_ns(), header, spent;
    int error;

    start_output(out, &options);
    header = cpu_ns() - start;
    for (size_t i = 0; i < all->count; i++) {
        copy[i] = av_packet_clone(all->packet[i]);
        av_packet_rescale_ts(copy[i], in->streams[copy[i]->stream_index]->time_base,
                             out->streams[copy[i]->stream_index]->time_base);
        copy[i]->pos = -1;
    }
    start = cpu_ns();
    for (size_t i = 0; i < all->count; i++) {
        error = av_interleaved_write_frame(out, copy[i]);
        if (error < 0) fail("cannot write", path, error);
    }
    end_output(out);
    spent = cpu_ns() - start + header;
    printf("{\"round\": %d, \"format\": \"%s\", \"packets\": %zu, \"mux_ns\": %lld}\n", round, format, all->count,
           (long long)spent);
    fflush(stdout);
    for (size_t i = 0; i < all->count; i++) av_packet_free(&copy[i]);
    free(copy);
    avformat_free_context(out);
}

static void mux(int rounds, const char *source, int count, char **formats_and_paths) {
    AVFormatContext *in = open_input(source);
    Packets all = {NULL, 0, 0};
    if (avformat_find_stream_info(in, NULL) < 0) fail("no streams", source, AVERROR_INVALIDDATA);
    load_packets(in, &all);
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count / 2; i++) { /* nobody is always the first */
            char **next = formats_and_paths + 2 * ((i + round) % (count / 2));
            mux_once(round, in, &all, next[0], next[1]);
        }
    for (size_t i = 0; i < all.count; i++) av_packet_free(&all.packet[i]);
    free(all.packet);
    avformat_close_input(&in);
}

/* ---------------------------------------------------------------------------------------------------------- reading */

/* The next packet of a stream; 0 if there is none. */
static int next_of(AVFormatContext *in, int stream, AVPacket *packet) {
    for (;;) {
        av_packet_unref(packet);
        if (av_read_frame(in, packet) < 0) return 0;
        if (packet->stream_index == stream) return 1;
    }
}

static int default_stream(AVFormatContext *in) {
    const int stream = av_find_default_stream_index(in);
    return stream < 0 ? 0 : stream;
}

/* Seeks to random times, the same for every format, and reads the packet there. Returns how many seeks failed. */
static int random_seeks(AVFormatContext *in, int count, AVPacket *packet) {
    const int stream = default_stream(in);
    const AVRational base = in->streams[stream]->time_base;
    uint64_t random = 88172645463325252ULL;
    int failed = 0;
    for (int i = 0; i < count; i++) {
        int64_t time;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        time = av_rescale_q((int64_t)(random % 9900) * in->duration / 10000, AV_TIME_BASE_Q, base);
        failed += av_seek_frame(in, stream, time, AVSEEK_FLAG_BACKWARD) < 0 || !next_of(in, stream, packet);
    }
    av_packet_unref(packet);
    return failed;
}

/* What thumbnailers and data loaders do: only the default stream counts. */
static void discard_others(AVFormatContext *in, enum AVDiscard discard) {
    for (int i = 0; i < (int)in->nb_streams; i++)
        if (i != default_stream(in)) in->streams[i]->discard = discard;
}

static void read_once(int round, int seeks, const char *path, AVPacket *packet) {
    int64_t start = cpu_ns(), opened, sought, sought_alone, demuxed;
    AVFormatContext *in = open_input(path);
    long packets = 0;
    int failed;

    opened = cpu_ns() - start;
    if (avformat_find_stream_info(in, NULL) < 0) fail("no streams", path, AVERROR_INVALIDDATA);
    start = cpu_ns();
    failed = random_seeks(in, seeks, packet);
    sought = cpu_ns() - start;
    discard_others(in, AVDISCARD_ALL);
    start = cpu_ns();
    failed += random_seeks(in, seeks, packet);
    sought_alone = cpu_ns() - start;
    discard_others(in, AVDISCARD_DEFAULT);
    av_seek_frame(in, default_stream(in), 0, AVSEEK_FLAG_BACKWARD);
    start = cpu_ns();
    while (av_read_frame(in, packet) >= 0) {
        packets++;
        av_packet_unref(packet);
    }
    demuxed = cpu_ns() - start;
    printf("{\"round\": %d, \"file\": \"%s\", \"packets\": %ld, \"open_ns\": %lld, \"seek_ns\": %lld, \"seek_alone_ns\": %lld, "
           "\"seeks_failed\": %d, \"demux_ns\": %lld}\n", round, path, packets, (long long)opened,
           (long long)(sought / (seeks ? seeks : 1)), (long long)(sought_alone / (seeks ? seeks : 1)), failed, (long long)demuxed);
    fflush(stdout);
    avformat_close_input(&in);
}

static void read_all(int rounds, int seeks, int count, char **files) {
    AVPacket *packet = av_packet_alloc();
    for (int i = 0; i < count; i++) { /* once without measuring: the page cache */
        AVFormatContext *in = open_input(files[i]);
        while (av_read_frame(in, packet) >= 0) av_packet_unref(packet);
        avformat_close_input(&in);
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < count; i++) read_once(round, seeks, files[(i + round) % count], packet);
    av_packet_free(&packet);
}

static void seek_once(const char *path, double seconds) {
    AVFormatContext *in = open_input(path);
    const int stream = default_stream(in);
    AVPacket *packet = av_packet_alloc();
    const int64_t time = (int64_t)(seconds / av_q2d(in->streams[stream]->time_base));
    const int found = av_seek_frame(in, stream, time, AVSEEK_FLAG_BACKWARD) >= 0 && next_of(in, stream, packet);
    printf("{\"found\": %s, \"time\": %.3f}\n", found ? "true" : "false",
           found ? packet->pts * av_q2d(in->streams[stream]->time_base) : 0.0);
    av_packet_free(&packet);
    avformat_close_input(&in);
}

static void reach(const char *path) {
    AVFormatContext *in = NULL;
    AVPacket *packet = av_packet_alloc();
    double last = 0;
    long packets = 0;
    int entries = 0;

    if (avformat_open_input(&in, path, NULL, NULL) < 0) {
        printf("{\"packets\": 0, \"seconds\": 0, \"index_entries\": 0}\n");
        return;
    }
    for (unsigned i = 0; i < in->nb_streams; i++) entries += avformat_index_get_entries_count(in->streams[i]);
    while (av_read_frame(in, packet) >= 0) {
        if (packet->dts != AV_NOPTS_VALUE) {
            const double time = packet->dts * av_q2d(in->streams[packet->stream_index]->time_base);
            if (time > last) last = time;
        }
        packets++;
        av_packet_unref(packet);
    }
    printf("{\"packets\": %ld, \"seconds\": %.3f, \"index_entries\": %d}\n", packets, last, entries);
    av_packet_free(&packet);
    avformat_close_input(&in);
}

static void payload(const char *path) {
    AVFormatContext *in = open_input(path);
    AVPacket *packet = av_packet_alloc();
    int64_t bytes = 0;
    while (av_read_frame(in, packet) >= 0) {
        bytes += packet->size;
        av_packet_unref(packet);
    }
    printf("{\"bytes\": %lld}\n", (long long)bytes);
    av_packet_free(&packet);
    avformat_close_input(&in);
}

/* ------------------------------------------------------------------------------------------------------- comparing */

typedef struct Time { /* seconds as a reduced fraction; 0/0: not known */
    int64_t num, den;
} Time;

typedef struct Seen { /* what is compared of a packet */
    Time pts, dts, duration;
    int flags, side_data, size;
    uint64_t data; /* FNV-1a */
} Seen;

typedef struct Stream {
    Seen *seen;
    size_t count, room;
} Stream;

static Time seconds(int64_t time, AVRational base) {
    Time value = {0, 0};
    if (time != AV_NOPTS_VALUE) {
        const int64_t num = time * base.num, gcd = av_gcd(num < 0 ? -num : num, base.den);
        value.num = num / gcd;
        value.den = base.den / gcd;
    }
    return value;
}

static Stream *look_at(AVFormatContext *in) {
    Stream *streams = calloc(in->nb_streams + 1, sizeof *streams);
    AVPacket *packet = av_packet_alloc();
    while (av_read_frame(in, packet) >= 0) {
        Stream *stream = &streams[packet->stream_index];
        const AVRational base = in->streams[packet->stream_index]->time_base;
        Seen seen;
        memset(&seen, 0, sizeof seen);
        seen.pts = seconds(packet->pts, base);
        seen.dts = seconds(packet->dts, base);
        seen.duration = seconds(packet->duration, base);
        seen.flags = packet->flags;
        seen.side_data = packet->side_data_elems;
        seen.size = packet->size;
        seen.data = 14695981039346656037ULL;
        for (int i = 0; i < packet->size; i++) seen.data = (seen.data ^ packet->data[i]) * 1099511628211ULL;
        if (stream->count == stream->room) {
            stream->room = stream->room ? 2 * stream->room : 1 << 14;
            stream->seen = realloc(stream->seen, stream->room * sizeof *stream->seen);
        }
        stream->seen[stream->count++] = seen;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    return streams;
}

static int same_parameters(const AVCodecParameters *a, const AVCodecParameters *b) {
    return a->codec_id == b->codec_id && a->codec_tag == b->codec_tag && a->format == b->format && a->bit_rate == b->bit_rate &&
           a->profile == b->profile && a->level == b->level && a->width == b->width && a->height == b->height &&
           a->sample_rate == b->sample_rate && a->video_delay == b->video_delay && a->frame_size == b->frame_size &&
           a->initial_padding == b->initial_padding && a->extradata_size == b->extradata_size &&
           (!a->extradata_size || !memcmp(a->extradata, b->extradata, a->extradata_size));
}

/* A time that the source does not know is no difference: muxers guess it. */
static int same_time(Time source, Time copy) {
    return !source.den || (source.num == copy.num && source.den == copy.den);
}

static void same(const char *path_a, const char *path_b) {
    AVFormatContext *a = open_input(path_a), *b = open_input(path_b);
    Stream *in_a, *in_b;
    size_t packets = 0, identical = 0, data = 0, times = 0;
    unsigned parameters = 0;

    if (avformat_find_stream_info(a, NULL) < 0 || avformat_find_stream_info(b, NULL) < 0)
        fail("no streams", path_b, AVERROR_INVALIDDATA);
    for (unsigned i = 0; i < a->nb_streams && i < b->nb_streams; i++)
        parameters += same_parameters(a->streams[i]->codecpar, b->streams[i]->codecpar);
    in_a = look_at(a);
    in_b = look_at(b);
    for (unsigned s = 0; s < a->nb_streams; s++) {
        packets += in_a[s].count;
        if (s >= b->nb_streams) continue;
        for (size_t i = 0; i < in_a[s].count && i < in_b[s].count; i++) {
            const Seen *x = &in_a[s].seen[i], *y = &in_b[s].seen[i];
            const int same_data = x->size == y->size && x->data == y->data;
            const int same_times = same_time(x->pts, y->pts) && same_time(x->dts, y->dts);
            data += same_data;
            times += same_times;
            identical += same_data && same_times && same_time(x->duration, y->duration) && x->flags == y->flags &&
                         x->side_data == y->side_data;
        }
    }
    printf("{\"packets\": %zu, \"identical\": %zu, \"same_data\": %zu, \"same_times\": %zu, \"streams\": %u, \"same_parameters\": %u}\n", packets,
           identical, data, times, a->nb_streams, parameters);
}

int main(int argc, char **argv) {
    const char *command = argc > 1 ? argv[1] : "";
    av_log_set_level(AV_LOG_FATAL);
    if (!strcmp(command, "nothing")) {
        AVFormatContext *context = avformat_alloc_context();
        avformat_free_context(context);
        print_peak();
    } else if (!strcmp(command, "open") && argc == 3) {
        AVFormatContext *in = open_input(argv[2]);
        print_peak();
        avformat_close_input(&in);
    } else if (!strcmp(command, "remux") && (argc == 5 || argc == 6)) {
        remux(argv[2], argv[3], argv[4], argc == 6 ? atof(argv[5]) : 0);
        print_peak();
    } else if (!strcmp(command, "mux") && argc >= 6) {
        mux(atoi(argv[2]), argv[3], argc - 4, argv + 4);
    } else if (!strcmp(command, "read") && argc >= 5) {
        read_all(atoi(argv[2]), atoi(argv[3]), argc - 4, argv + 4);
    } else if (!strcmp(command, "seek") && argc == 4) {
        seek_once(argv[2], atof(argv[3]));
    } else if (!strcmp(command, "reach") && argc == 3) {
        reach(argv[2]);
    } else if (!strcmp(command, "payload") && argc == 3) {
        payload(argv[2]);
    } else if (!strcmp(command, "same") && argc == 4) {
        same(argv[2], argv[3]);
    } else {
        fprintf(stderr, "usage: see the top of measure.c\n");
        return 2;
    }
    return 0;
}
