/* SPDX-License-Identifier: MIT */
#include "demux.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <gst/base/gstflowcombiner.h>
#include <h4mk/h4mk.h>
#include <string.h>
#include <sys/stat.h>

#include "caps.h"
#include "tags.h"

GST_DEBUG_CATEGORY_STATIC(h4mk_debug);
#define GST_CAT_DEFAULT h4mk_debug

/* What a track of the file is here. */
typedef struct stream {
    GstPad *pad; /* NULL: none that can be played */
    GstBuffer *headers; /* before each key frame; NULL: nothing */
    h4mk_track_info info;
    gboolean is_video, is_discont, is_done;
} stream;

struct _H4mkDemux {
    GstElement parent;
    GstPad *sink;
    GstFlowCombiner *flows;
    h4mk_reader *reader; /* NULL: not opened yet. The task uses it, or who holds the lock of sink's stream */
    guint64 position;    /* of the next byte that the reader asks for */
    stream *streams;
    guint count;
    guint losses; /* parts of the file that were passed over */
    GstClockTimeDiff start; /* of the file: what is 0 for GStreamer */
    GstClockTime duration;
    GstSegment segment;
    gboolean send_segment, send_tags;
    guint32 seqnum;
    guint group;
    gchar *path; /* of the input, for the files beside it; the reader uses it */
    gchar *key_file;          /* properties; guarded by the object's lock */
    gboolean enable_sidecars;
};

G_DEFINE_TYPE(H4mkDemux, h4mk_demux, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS("video/x-h4mk"));
static GstStaticPadTemplate source_template =
    GST_STATIC_PAD_TEMPLATE("track_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS_ANY);

/* ------------------------------------------------------------------------------------------------------------- input */

#define MOST_AT_ONCE (1u << 20) /* filesrc takes memory for all that it is asked for */

static int64_t read_input(void *opaque, uint8_t *buffer, size_t size)
{
    H4mkDemux *self = opaque;
    GstBuffer *got = NULL;
    const GstFlowReturn flow = gst_pad_pull_range(self->sink, self->position, (guint)MIN(size, MOST_AT_ONCE), &got);

    if (flow == GST_FLOW_EOS)
        return 0;
    if (flow != GST_FLOW_OK)
        return flow == GST_FLOW_FLUSHING ? -ECANCELED : -EIO;
    size = gst_buffer_extract(got, 0, buffer, size);
    gst_buffer_unref(got);
    self->position += size;
    return (int64_t)size;
}

static int seek_input(void *opaque, int64_t offset)
{
    ((H4mkDemux *)opaque)->position = (guint64)offset;
    return 0;
}

static int64_t size_of_input(void *opaque)
{
    gint64 size = -1;

    return gst_pad_peer_query_duration(((H4mkDemux *)opaque)->sink, GST_FORMAT_BYTES, &size) ? size : -1;
}

/* ------------------------------------------------------------------------------------------------------------- times */

/* A time of a track in nanoseconds from the start of the file. */
static GstClockTimeDiff from_ticks(const stream *stream, int64_t time)
{
    return h4mk_nanoseconds(time, (guint64)stream->info.time_base_num, (guint64)stream->info.time_base_den);
}

/* What is before the start is shown at the start. */
static GstClockTime clock_time(const H4mkDemux *self, const stream *stream, int64_t time)
{
    const GstClockTimeDiff since = from_ticks(stream, time) - self->start;

    return time == H4MK_NO_TIME ? GST_CLOCK_TIME_NONE : (GstClockTime)MAX(since, 0);
}

static int64_t to_ticks(const H4mkDemux *self, const stream *stream, GstClockTime time)
{
    const GstClockTimeDiff since = (GstClockTimeDiff)MIN(time, (GstClockTime)G_MAXINT64 / 4) + self->start;
    const guint64 size = since < 0 ? (guint64)-since : (guint64)since;
    const gint64 ticks = (gint64)gst_util_uint64_scale(size, (guint64)stream->info.time_base_den,
                                                       (guint64)stream->info.time_base_num * GST_SECOND);

    return since < 0 ? -ticks : ticks;
}

/* ------------------------------------------------------------------------------------------------------------ opening */

static gboolean handle_event(GstPad *pad, GstObject *parent, GstEvent *event);
static gboolean handle_query(GstPad *pad, GstObject *parent, GstQuery *query);

static void push_to_all(H4mkDemux *self, GstEvent *event)
{
    guint i;

    for (i = 0; i < self->count; ++i)
        if (self->streams[i].pad != NULL)
            gst_pad_push_event(self->streams[i].pad, gst_event_ref(event));
    gst_event_unref(event);
}

static void add_stream(H4mkDemux *self, guint i)
{
    const h4mk_value *track = h4mk_reader_track(self->reader, i);
    const char *kind = h4mk_value_get_text(track, "kind");
    stream *stream = &self->streams[i];
    GstCaps *caps = NULL;
    GstEvent *event;
    gchar *name, *id;

    stream->is_video = g_strcmp0(kind, "video") == 0;
    if (g_strcmp0(kind, "attachment") != 0 && !h4mk_is_cover(track))
        caps = h4mk_caps_of(track);
    if (caps == NULL) {
        GST_INFO_OBJECT(self, "track %u is left out: %s", i, h4mk_value_get_text(track, "codec"));
        h4mk_reader_discard(self->reader, i, 1);
        return;
    }
    name = g_strdup_printf("track_%u", i);
    stream->headers = h4mk_headers_of(track);
    stream->pad = gst_pad_new_from_static_template(&source_template, name);
    stream->is_discont = TRUE;
    gst_pad_set_event_function(stream->pad, handle_event);
    gst_pad_set_query_function(stream->pad, handle_query);
    gst_pad_use_fixed_caps(stream->pad);
    gst_pad_set_active(stream->pad, TRUE);
    id = gst_pad_create_stream_id_printf(stream->pad, GST_ELEMENT(self), "%u", stream->info.track_id);
    event = gst_event_new_stream_start(id);
    gst_event_set_group_id(event, self->group);
    gst_pad_push_event(stream->pad, event);
    gst_pad_set_caps(stream->pad, caps);
    gst_element_add_pad(GST_ELEMENT(self), stream->pad);
    gst_flow_combiner_add_pad(self->flows, stream->pad);
    gst_caps_unref(caps);
    g_free(name);
    g_free(id);
}

/* The first time in the file is 0 for GStreamer, and the last one the duration. A cover has no place in time. */
static void find_times(H4mkDemux *self)
{
    GstClockTimeDiff first = G_MAXINT64, last = G_MININT64;
    guint i;

    for (i = 0; i < self->count; ++i) {
        const h4mk_track_info *info = &self->streams[i].info;

        if (h4mk_is_cover(h4mk_reader_track(self->reader, i)))
            continue;
        if (info->start_pts != H4MK_NO_TIME)
            first = MIN(first, from_ticks(&self->streams[i], info->start_pts));
        if (info->end_pts != H4MK_NO_TIME)
            last = MAX(last, from_ticks(&self->streams[i], info->end_pts));
    }
    self->start = first == G_MAXINT64 ? 0 : first;
    self->duration = last > self->start ? (GstClockTime)(last - self->start) : GST_CLOCK_TIME_NONE;
}

/* Not memset(), which a compiler may leave out where nobody reads the bytes again. */
static void wipe(void *bytes, size_t size)
{
    volatile uint8_t *at = bytes;

    while (size-- > 0)
        *at++ = 0;
}

/* As `h4mk` does. It is left at a warning: a key that all can read may be what a container has. */
static void warn_if_others_read(H4mkDemux *self, const gchar *path)
{
#ifdef G_OS_UNIX
    GStatBuf info;

    if (g_stat(path, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        GST_WARNING_OBJECT(self, "%s: others can read this key (mode %04o); `chmod 600 FILE` mends that", path,
                           (unsigned)info.st_mode & 0777);
#endif
}

/* Of hexadecimal digits, as `h4mk` takes it. Bytes in key, their number; 0 if it is none. */
static size_t read_key(const gchar *path, uint8_t *key)
{
    gsize length = 0, i = 0, size = 0;
    gchar *text = NULL;

    if (!g_file_get_contents(path, &text, &length, NULL))
        return 0;
    g_strstrip(text);
    for (; size < H4MK_MAX_KEY_SIZE && g_ascii_isxdigit(text[i]) && g_ascii_isxdigit(text[i + 1]); i += 2)
        key[size++] = (uint8_t)(g_ascii_xdigit_value(text[i]) << 4 | g_ascii_xdigit_value(text[i + 1]));
    if (text[i] != '\0' || size < H4MK_MIN_KEY_SIZE)
        size = 0;
    wipe(text, length);
    g_free(text);
    return size;
}

/* NULL: it is no file of this machine. */
static gchar *path_of_input(H4mkDemux *self)
{
    GstQuery *query = gst_query_new_uri();
    gchar *uri = NULL, *path = NULL;

    if (gst_pad_peer_query(self->sink, query))
        gst_query_parse_uri(query, &uri);
    if (uri != NULL)
        path = g_filename_from_uri(uri, NULL, NULL);
    g_free(uri);
    gst_query_unref(query);
    return path;
}

/* With what the properties say. */
static h4mk_status open_reader(H4mkDemux *self, const h4mk_io *io)
{
    h4mk_reader_options options = H4MK_READER_OPTIONS_INIT;
    h4mk_key key = H4MK_KEY_INIT;
    uint8_t bytes[H4MK_MAX_KEY_SIZE];
    gboolean enable_sidecars;
    h4mk_status status;

    GST_OBJECT_LOCK(self);
    if (self->key_file != NULL)
        warn_if_others_read(self, self->key_file);
    if (self->key_file != NULL && (key.key_size = read_key(self->key_file, bytes)) == 0)
        GST_WARNING_OBJECT(self, "%s: no key of hexadecimal digits can be read", self->key_file);
    enable_sidecars = self->enable_sidecars;
    GST_OBJECT_UNLOCK(self);
    if (enable_sidecars && (self->path = path_of_input(self)) != NULL) {
        options.open_beside = h4mk_io_open_beside;
        options.beside_opaque = self->path;
    }
    key.key = bytes;
    options.keys = &key;
    options.key_count = key.key_size > 0;
    status = h4mk_reader_open(io, &options, &self->reader);
    wipe(bytes, sizeof(bytes));
    return status;
}

static gboolean open_file(H4mkDemux *self)
{
    h4mk_io io = H4MK_IO_INIT;
    guint i, pads = 0;
    h4mk_status status;

    io.opaque = self;
    io.read = read_input;
    io.seek = seek_input;
    io.size = size_of_input;
    status = open_reader(self, &io);
    if (status != H4MK_OK) {
        const char *message = h4mk_reader_message(self->reader);

        if (status == H4MK_ERR_KEY)
            GST_ELEMENT_ERROR(self, STREAM, DECRYPT, ("%s; the property key-file names its file", message), (NULL));
        else if (h4mk_reader_io_error(self->reader) != -ECANCELED)
            GST_ELEMENT_ERROR(self, STREAM, DEMUX, ("%s", *message ? message : h4mk_strerror(status)), (NULL));
        h4mk_reader_free(self->reader);
        self->reader = NULL;
        return FALSE;
    }
    self->count = h4mk_reader_track_count(self->reader);
    self->streams = g_new0(stream, self->count);
    self->group = gst_util_group_id_next();
    for (i = 0; i < self->count; ++i) {
        self->streams[i].info = (h4mk_track_info)H4MK_TRACK_INFO_INIT;
        h4mk_reader_track_info(self->reader, i, &self->streams[i].info);
    }
    find_times(self);
    for (i = 0; i < self->count; ++i) {
        add_stream(self, i);
        pads += self->streams[i].pad != NULL;
    }
    if (pads == 0) {
        GST_ELEMENT_ERROR(self, STREAM, DEMUX, ("the file has no track that GStreamer knows"), (NULL));
        return FALSE;
    }
    gst_element_no_more_pads(GST_ELEMENT(self));
    self->segment.duration = self->duration;
    self->send_segment = self->send_tags = TRUE;
    return TRUE;
}

/* ------------------------------------------------------------------------------------------------------------ playing */

static void pause_task(H4mkDemux *self) { gst_pad_pause_task(self->sink); }

static void end_of_stream(H4mkDemux *self)
{
    GstEvent *event = gst_event_new_eos();

    if (self->segment.flags & GST_SEGMENT_FLAG_SEGMENT) {
        gst_element_post_message(GST_ELEMENT(self), gst_message_new_segment_done(GST_OBJECT(self), GST_FORMAT_TIME,
                                                                                self->segment.position));
        gst_event_unref(event);
        event = gst_event_new_segment_done(GST_FORMAT_TIME, self->segment.position);
    }
    gst_event_set_seqnum(event, self->seqnum);
    push_to_all(self, event);
    pause_task(self);
}

static void push_segment(H4mkDemux *self)
{
    GstEvent *event = gst_event_new_segment(&self->segment);

    gst_event_set_seqnum(event, self->seqnum);
    push_to_all(self, event);
    self->send_segment = FALSE;
}

static void push_tags(H4mkDemux *self)
{
    GstToc *chapters = h4mk_chapters_of(self->reader, self->start);
    const size_t chapters_of_file = h4mk_value_count(h4mk_value_get(h4mk_reader_meta(self->reader), "chapters"));
    guint i;

    push_to_all(self, gst_event_new_tag(h4mk_tags_of_file(self->reader)));
    for (i = 0; i < self->count; ++i) {
        GstTagList *tags = h4mk_tags_of_track(h4mk_reader_track(self->reader, i));

        if (self->streams[i].pad != NULL && !gst_tag_list_is_empty(tags))
            gst_pad_push_event(self->streams[i].pad, gst_event_new_tag(gst_tag_list_ref(tags)));
        gst_tag_list_unref(tags);
    }
    if (chapters_of_file > H4MK_MOST_CHAPTERS)
        GST_WARNING_OBJECT(self, "%" G_GSIZE_FORMAT " chapters are left out", chapters_of_file - H4MK_MOST_CHAPTERS);
    if (chapters != NULL) {
        push_to_all(self, gst_event_new_toc(chapters, FALSE));
        gst_toc_unref(chapters);
    }
    self->send_tags = FALSE;
}

/* Whether a block is behind the end of what was asked for: the decoder may want one more to show those before it. */
static gboolean is_behind(const H4mkDemux *self, GstClockTime dts, GstClockTime pts)
{
    const GstClockTime time = GST_CLOCK_TIME_IS_VALID(dts) ? dts : pts;

    return GST_CLOCK_TIME_IS_VALID(self->segment.stop) && GST_CLOCK_TIME_IS_VALID(time) && time > self->segment.stop;
}

static gboolean all_done(const H4mkDemux *self)
{
    guint i;

    for (i = 0; i < self->count; ++i)
        if (self->streams[i].pad != NULL && !self->streams[i].is_done)
            return FALSE;
    return TRUE;
}

static GstFlowReturn push_block(H4mkDemux *self, const h4mk_block *block)
{
    stream *stream = &self->streams[block->track];
    GstBuffer *buffer;
    GstClockTime pts, dts;

    if (stream->pad == NULL || stream->is_done)
        return GST_FLOW_OK;
    pts = clock_time(self, stream, block->pts);
    dts = clock_time(self, stream, block->dts);
    if (is_behind(self, dts, pts)) {
        stream->is_done = TRUE;
        return all_done(self) ? GST_FLOW_EOS : GST_FLOW_OK;
    }
    buffer = gst_buffer_new_allocate(NULL, block->size, NULL);
    gst_buffer_fill(buffer, 0, block->data, block->size);
    if (stream->headers != NULL && block->flags & H4MK_BLOCK_KEY)
        buffer = gst_buffer_append(gst_buffer_copy(stream->headers), buffer);
    GST_BUFFER_PTS(buffer) = pts;
    GST_BUFFER_DTS(buffer) = stream->is_video ? dts : GST_CLOCK_TIME_NONE;
    if (block->duration > 0)
        GST_BUFFER_DURATION(buffer) = (GstClockTime)from_ticks(stream, block->duration);
    if (!(block->flags & H4MK_BLOCK_KEY))
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    if (block->flags & H4MK_BLOCK_DISCARD)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DECODE_ONLY);
    if (stream->is_discont)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    stream->is_discont = FALSE;
    if (GST_CLOCK_TIME_IS_VALID(pts))
        self->segment.position = pts;
    return gst_flow_combiner_update_pad_flow(self->flows, stream->pad, gst_pad_push(stream->pad, buffer));
}

/* A file can be wrong everywhere, and each message waits in the bus. */
#define MOST_LOSSES 100

static void tell_loss(H4mkDemux *self, h4mk_status status)
{
    const gboolean lacks_file = status == H4MK_ERR_NOT_FOUND && self->path == NULL;

    if (self->losses == MOST_LOSSES)
        return;
    GST_ELEMENT_WARNING(self, STREAM, DEMUX,
                        ("%s%s", h4mk_reader_message(self->reader),
                         lacks_file ? "; the property enable-sidecars lets files beside this one be opened" : ""),
                        (NULL));
    if (++self->losses == MOST_LOSSES)
        GST_ELEMENT_WARNING(self, STREAM, DEMUX, ("what else is lost is not told"), (NULL));
}

/* One block, or the end. Behind damage it goes on. */
static void work(gpointer data)
{
    H4mkDemux *self = H4MK_DEMUX(data);
    h4mk_block block = H4MK_BLOCK_INIT;
    GstFlowReturn flow;
    h4mk_status status;
    guint i;

    if (self->reader == NULL && !open_file(self)) {
        pause_task(self);
        return;
    }
    if (self->send_segment)
        push_segment(self);
    if (self->send_tags)
        push_tags(self);
    status = h4mk_reader_next(self->reader, &block);
    if (status == H4MK_END || status == H4MK_AGAIN) {
        end_of_stream(self);
        return;
    }
    if (status != H4MK_OK) {
        if (H4MK_GOES_ON(status)) {
            tell_loss(self, status);
            for (i = 0; i < self->count; ++i)
                self->streams[i].is_discont = TRUE;
            return;
        }
        if (h4mk_reader_io_error(self->reader) != -ECANCELED) {
            GST_ELEMENT_ERROR(self, RESOURCE, READ, ("%s", h4mk_reader_message(self->reader)), (NULL));
            push_to_all(self, gst_event_new_eos());
        }
        pause_task(self);
        return;
    }
    flow = push_block(self, &block);
    if (flow == GST_FLOW_EOS)
        end_of_stream(self);
    else if (flow != GST_FLOW_OK) {
        if (flow == GST_FLOW_NOT_LINKED || flow < GST_FLOW_EOS) {
            GST_ELEMENT_FLOW_ERROR(self, flow);
            push_to_all(self, gst_event_new_eos());
        }
        pause_task(self);
    }
}

/* ------------------------------------------------------------------------------------------------------------ seeking */

/* The track whose seek points count: the first with pictures, else the first. */
static guint main_stream(const H4mkDemux *self)
{
    guint i, first = self->count;

    for (i = 0; i < self->count; ++i) {
        if (self->streams[i].pad == NULL)
            continue;
        if (self->streams[i].is_video)
            return i;
        first = MIN(first, i);
    }
    return first;
}

/* With GST_SEEK_FLAG_KEY_UNIT what is shown begins where the decoder begins. */
static gboolean seek_reader(H4mkDemux *self, GstSeekFlags flags, GstSegment *segment)
{
    const guint i = main_stream(self);
    const stream *stream = &self->streams[i];
    const int64_t time = to_ticks(self, stream, segment->start);
    const gboolean to_key = (flags & GST_SEEK_FLAG_KEY_UNIT) != 0;
    const gboolean is_after = (flags & GST_SEEK_FLAG_SNAP_AFTER) && !(flags & GST_SEEK_FLAG_SNAP_BEFORE);
    h4mk_block_info key = H4MK_BLOCK_INFO_INIT;
    h4mk_status status = H4MK_ERR_NOT_FOUND;

    if (to_key && is_after)
        status = h4mk_reader_seek(self->reader, i, time, H4MK_SEEK_FORWARD);
    if (status != H4MK_OK)
        status = h4mk_reader_seek(self->reader, i, time, H4MK_SEEK_BACKWARD);
    if (status == H4MK_OK && to_key && !is_after && h4mk_reader_keyframe(self->reader, i, time, &key) == H4MK_OK)
        segment->start = segment->time = segment->position = clock_time(self, stream, key.pts);
    return status == H4MK_OK;
}

static gboolean seek(H4mkDemux *self, GstEvent *event)
{
    gdouble rate;
    GstFormat format;
    GstSeekFlags flags;
    GstSeekType start_type, stop_type;
    gint64 start, stop;
    const guint32 seqnum = gst_event_get_seqnum(event);
    GstSegment segment;
    GstEvent *flush;
    gboolean done = FALSE;
    guint i;

    gst_event_parse_seek(event, &rate, &format, &flags, &start_type, &start, &stop_type, &stop);
    if (format != GST_FORMAT_TIME || rate <= 0)
        return FALSE;
    if (flags & GST_SEEK_FLAG_FLUSH) {
        flush = gst_event_new_flush_start();
        gst_event_set_seqnum(flush, seqnum);
        gst_pad_push_event(self->sink, gst_event_ref(flush));
        push_to_all(self, flush);
    } else {
        pause_task(self);
    }
    GST_PAD_STREAM_LOCK(self->sink);
    if (flags & GST_SEEK_FLAG_FLUSH) {
        flush = gst_event_new_flush_stop(TRUE);
        gst_event_set_seqnum(flush, seqnum);
        gst_pad_push_event(self->sink, gst_event_ref(flush));
        push_to_all(self, flush);
        gst_flow_combiner_reset(self->flows);
    }
    segment = self->segment;
    if (self->reader != NULL && main_stream(self) < self->count &&
        gst_segment_do_seek(&segment, rate, format, flags, start_type, (guint64)start, stop_type, (guint64)stop, NULL))
        done = seek_reader(self, flags, &segment);
    if (done) {
        self->segment = segment;
        self->send_segment = TRUE;
        self->seqnum = seqnum;
        for (i = 0; i < self->count; ++i) {
            self->streams[i].is_discont = TRUE;
            self->streams[i].is_done = FALSE;
        }
        if (flags & GST_SEEK_FLAG_SEGMENT)
            gst_element_post_message(GST_ELEMENT(self), gst_message_new_segment_start(GST_OBJECT(self), GST_FORMAT_TIME,
                                                                                     segment.position));
    }
    gst_pad_start_task(self->sink, work, self, NULL);
    GST_PAD_STREAM_UNLOCK(self->sink);
    return done;
}

static gboolean handle_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
    if (GST_EVENT_TYPE(event) == GST_EVENT_SEEK) {
        const gboolean done = seek(H4MK_DEMUX(parent), event);

        gst_event_unref(event);
        return done;
    }
    return gst_pad_event_default(pad, parent, event);
}

static gboolean handle_query(GstPad *pad, GstObject *parent, GstQuery *query)
{
    H4mkDemux *self = H4MK_DEMUX(parent);
    GstFormat format;

    switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_DURATION:
        gst_query_parse_duration(query, &format, NULL);
        if (format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(self->duration))
            return FALSE;
        gst_query_set_duration(query, format, (gint64)self->duration);
        return TRUE;
    case GST_QUERY_POSITION:
        gst_query_parse_position(query, &format, NULL);
        if (format != GST_FORMAT_TIME)
            return FALSE;
        gst_query_set_position(query, format, (gint64)self->segment.position);
        return TRUE;
    case GST_QUERY_SEEKING:
        gst_query_parse_seeking(query, &format, NULL, NULL, NULL);
        gst_query_set_seeking(query, format, format == GST_FORMAT_TIME, 0, (gint64)self->duration);
        return TRUE;
    default:
        return gst_pad_query_default(pad, parent, query);
    }
}

/* ----------------------------------------------------------------------------------------------------------- element */

static gboolean activate(GstPad *pad, GstObject *parent)
{
    GstQuery *query = gst_query_new_scheduling();
    const gboolean can_pull = gst_pad_peer_query(pad, query) && gst_query_has_scheduling_mode(query, GST_PAD_MODE_PULL);

    gst_query_unref(query);
    if (can_pull)
        return gst_pad_activate_mode(pad, GST_PAD_MODE_PULL, TRUE);
    GST_ELEMENT_ERROR(parent, STREAM, DEMUX, ("the input cannot be read from any place; put queue2 ring-buffer-max-size=… before"),
                      (NULL));
    return FALSE;
}

static gboolean activate_mode(GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
    if (mode != GST_PAD_MODE_PULL)
        return FALSE;
    return active ? gst_pad_start_task(pad, work, parent, NULL) : gst_pad_stop_task(pad);
}

static void close_file(H4mkDemux *self)
{
    guint i;

    for (i = 0; i < self->count; ++i)
        if (self->streams[i].pad != NULL) {
            gst_flow_combiner_remove_pad(self->flows, self->streams[i].pad);
            gst_element_remove_pad(GST_ELEMENT(self), self->streams[i].pad);
            gst_clear_buffer(&self->streams[i].headers);
        }
    g_clear_pointer(&self->streams, g_free);
    self->count = self->losses = 0;
    h4mk_reader_free(self->reader);
    self->reader = NULL;
    g_clear_pointer(&self->path, g_free);
    self->position = 0;
    self->seqnum = gst_util_seqnum_next();
    gst_segment_init(&self->segment, GST_FORMAT_TIME);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange change)
{
    const GstStateChangeReturn result = GST_ELEMENT_CLASS(h4mk_demux_parent_class)->change_state(element, change);

    if (change == GST_STATE_CHANGE_PAUSED_TO_READY)
        close_file(H4MK_DEMUX(element));
    return result;
}

static void finalize(GObject *object)
{
    H4mkDemux *self = H4MK_DEMUX(object);

    close_file(self);
    gst_flow_combiner_free(self->flows);
    g_free(self->key_file);
    G_OBJECT_CLASS(h4mk_demux_parent_class)->finalize(object);
}

enum { PROPERTY_KEY_FILE = 1, PROPERTY_ENABLE_SIDECARS };

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
    H4mkDemux *self = H4MK_DEMUX(object);

    GST_OBJECT_LOCK(self);
    switch (id) {
    case PROPERTY_KEY_FILE:
        g_free(self->key_file);
        self->key_file = g_value_dup_string(value);
        break;
    case PROPERTY_ENABLE_SIDECARS:
        self->enable_sidecars = g_value_get_boolean(value);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    GST_OBJECT_UNLOCK(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    H4mkDemux *self = H4MK_DEMUX(object);

    GST_OBJECT_LOCK(self);
    switch (id) {
    case PROPERTY_KEY_FILE:
        g_value_set_string(value, self->key_file);
        break;
    case PROPERTY_ENABLE_SIDECARS:
        g_value_set_boolean(value, self->enable_sidecars);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
    GST_OBJECT_UNLOCK(self);
}

static void h4mk_demux_class_init(H4mkDemuxClass *class)
{
    GstElementClass *element = GST_ELEMENT_CLASS(class);
    GObjectClass *object = G_OBJECT_CLASS(class);

    GST_DEBUG_CATEGORY_INIT(h4mk_debug, "h4mkdemux", 0, "reader of H4MK files");
    object->finalize = finalize;
    object->set_property = set_property;
    object->get_property = get_property;
    g_object_class_install_property(
        object, PROPERTY_KEY_FILE,
        g_param_spec_string("key-file", "Key file", "File with the key of an encrypted file, in hexadecimal digits", NULL,
                            G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    g_object_class_install_property(
        object, PROPERTY_ENABLE_SIDECARS,
        g_param_spec_boolean("enable-sidecars", "Enable sidecars", "Open files beside the input that it says its data is in", FALSE,
                             G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
    element->change_state = change_state;
    gst_element_class_add_static_pad_template(element, &sink_template);
    gst_element_class_add_static_pad_template(element, &source_template);
    gst_element_class_set_static_metadata(element, "H4MK demuxer", "Codec/Demuxer", "Reads H4MK media containers", "h4mk");
}

static void h4mk_demux_init(H4mkDemux *self)
{
    self->flows = gst_flow_combiner_new();
    self->sink = gst_pad_new_from_static_template(&sink_template, "sink");
    gst_pad_set_activate_function(self->sink, activate);
    gst_pad_set_activatemode_function(self->sink, activate_mode);
    gst_element_add_pad(GST_ELEMENT(self), self->sink);
    close_file(self);
}
