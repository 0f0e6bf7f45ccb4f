/* SPDX-License-Identifier: MIT
 *
 * copy_everything FORMAT SOURCE COPY: a stream copy by the public API of libavformat that hands every muxer all that the demuxer told: codec
 * parameters with their side data, time bases, rates, ids, dispositions, tags, chapters, programs, and each packet as it came.
 * Returns 0, 1 if the muxer does not take it, or 2 if the source cannot be read.
 */
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
#include <libavutil/mem.h>
#include <stdio.h>

static int unable(const char *what, int error) {
    printf("%s: %s\n", what, av_err2str(error));
    return 1;
}

/* A tag of another container would be refused; 0 lets the muxer choose. This is what ffmpeg does for every format. */
static unsigned tag_for(const AVFormatContext *out, const AVCodecParameters *parameters) {
    const struct AVCodecTag *const *tags = out->oformat->codec_tag;
    unsigned known;
    if (!tags || av_codec_get_id(tags, parameters->codec_tag) == parameters->codec_id ||
        !av_codec_get_tag2(tags, parameters->codec_id, &known))
        return parameters->codec_tag;
    return 0;
}

static int copy_stream(AVFormatContext *out, const AVStream *from) {
    AVStream *to = avformat_new_stream(out, NULL);
    int error = to ? avcodec_parameters_copy(to->codecpar, from->codecpar) : AVERROR(ENOMEM);
    if (error < 0) return error;
    to->codecpar->codec_tag = tag_for(out, from->codecpar);
    to->id = from->id;
    to->time_base = from->time_base;
    to->avg_frame_rate = from->avg_frame_rate;
    to->r_frame_rate = from->r_frame_rate;
    to->sample_aspect_ratio = from->sample_aspect_ratio;
    to->disposition = from->disposition;
    to->discard = from->discard;
    return av_dict_copy(&to->metadata, from->metadata, 0);
}

static int copy_chapters(AVFormatContext *out, const AVFormatContext *in) {
    out->chapters = av_calloc(in->nb_chapters + 1, sizeof(*out->chapters));
    if (!out->chapters) return AVERROR(ENOMEM);
    for (unsigned i = 0; i < in->nb_chapters; i++) {
        AVChapter *chapter = av_mallocz(sizeof(*chapter));
        if (!chapter) return AVERROR(ENOMEM);
        out->chapters[out->nb_chapters++] = chapter;
        chapter->id = in->chapters[i]->id;
        chapter->time_base = in->chapters[i]->time_base;
        chapter->start = in->chapters[i]->start;
        chapter->end = in->chapters[i]->end;
        av_dict_copy(&chapter->metadata, in->chapters[i]->metadata, 0);
    }
    return 0;
}

static void copy_programs(AVFormatContext *out, const AVFormatContext *in) {
    for (unsigned i = 0; i < in->nb_programs; i++) {
        const AVProgram *from = in->programs[i];
        AVProgram *to = av_new_program(out, from->id);
        if (!to) return;
        to->program_num = from->program_num;
        to->pmt_pid = from->pmt_pid;
        to->pcr_pid = from->pcr_pid;
        av_dict_copy(&to->metadata, from->metadata, 0);
        for (unsigned j = 0; j < from->nb_stream_indexes; j++) av_program_add_stream_index(out, from->id, from->stream_index[j]);
    }
}

static int copy(AVFormatContext *in, AVFormatContext *out) {
    AVPacket *packet = av_packet_alloc();
    int error = 0;
    for (unsigned i = 0; i < in->nb_streams && error >= 0; i++) error = copy_stream(out, in->streams[i]);
    if (error >= 0) error = copy_chapters(out, in);
    if (error < 0 || !packet) return unable("memory", error);
    copy_programs(out, in);
    av_dict_copy(&out->metadata, in->metadata, 0);
    out->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED; /* times stay as they are wherever the format has them */
    error = avformat_write_header(out, NULL);
    if (error < 0) return unable("header", error);
    for (unsigned i = 0; i < in->nb_streams; i++) in->streams[i]->discard = AVDISCARD_DEFAULT;
    while (error >= 0 && av_read_frame(in, packet) >= 0) {
        if (packet->stream_index >= (int)out->nb_streams) continue; /* found later */
        av_packet_rescale_ts(packet, in->streams[packet->stream_index]->time_base, out->streams[packet->stream_index]->time_base);
        packet->pos = -1;
        error = av_interleaved_write_frame(out, packet);
    }
    av_packet_free(&packet);
    if (error < 0) return unable("packet", error);
    error = av_write_trailer(out);
    return error < 0 ? unable("trailer", error) : 0;
}

int main(int argc, char **argv) {
    AVFormatContext *in = NULL, *out = NULL;
    int result, error;
    if (argc != 4) {
        fprintf(stderr, "usage: copy_everything FORMAT SOURCE COPY\n");
        return 2;
    }
    av_log_set_level(AV_LOG_FATAL);
    if (avformat_open_input(&in, argv[2], NULL, NULL) < 0 || avformat_find_stream_info(in, NULL) < 0) return 2;
    error = avformat_alloc_output_context2(&out, NULL, argv[1], argv[3]);
    if (error >= 0) error = avio_open(&out->pb, argv[3], AVIO_FLAG_WRITE);
    result = error < 0 ? unable("output", error) : copy(in, out);
    if (out) avio_closep(&out->pb);
    avformat_free_context(out);
    avformat_close_input(&in);
    return result;
}
