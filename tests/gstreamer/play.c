/* SPDX-License-Identifier: MIT
 *
 * GStreamer as a program uses it:
 *   play blocks FILE PAD [KEY]      what a pad of h4mkdemux hands out: time in nanoseconds, bytes, K or -; KEY: a file
 *   play beside FILE PAD            the same of a sidecar, with the film beside it
 *   play told FILE PAD              prints the tags, pictures, attachments and chapters that a program gets
 *   play seek FILE PAD SECONDS      the first of these behind a seek to a key frame
 *   play playbin FILE SECONDS       plays to the end from a seek on; says how many pictures were shown
 * Exit status: 0 done, 1 GStreamer reported an error, 77 an element is not installed.
 */
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

static guint seen, most = G_MAXUINT;

/* What comes to the sink; the sink itself drops what is decoded before the time that was sought. */
static GstPadProbeReturn show(GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
    const GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);

    (void)pad, (void)unused;
    if (seen++ >= most)
        return GST_PAD_PROBE_OK;
    g_print("%" G_GINT64_FORMAT " %" G_GSIZE_FORMAT " %c\n",
            GST_BUFFER_PTS_IS_VALID(buffer) ? (gint64)GST_BUFFER_PTS(buffer) : -1, gst_buffer_get_size((GstBuffer *)buffer),
            GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT) ? '-' : 'K');
    return GST_PAD_PROBE_OK;
}

static void count(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer unused)
{
    (void)sink, (void)buffer, (void)pad, (void)unused;
    ++seen;
}

/* Until a state is reached or the end: FALSE and words on an error. */
static gboolean wait_for(GstElement *pipeline, GstMessageType type)
{
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, type | GST_MESSAGE_ERROR);
    gboolean done = message != NULL;
    GError *error = NULL;

    if (message == NULL)
        g_printerr("nothing happens\n");
    else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        g_printerr("%s\n", error->message);
        g_clear_error(&error);
        done = FALSE;
    }
    g_clear_pointer(&message, gst_message_unref);
    gst_object_unref(bus);
    return done;
}

static void show_tag(const GstTagList *list, const gchar *tag, gpointer unused)
{
    guint i;

    (void)unused;
    for (i = 0; i < gst_tag_list_get_tag_size(list, tag); ++i) {
        const GValue *value = gst_tag_list_get_value_index(list, tag, i);

        if (GST_VALUE_HOLDS_SAMPLE(value)) {
            GstSample *sample = gst_value_get_sample(value);
            const GstStructure *info = gst_sample_get_info(sample);
            const gchar *name = info ? gst_structure_get_string(info, "filename") : NULL;

            g_print("%s %s %s %" G_GSIZE_FORMAT " bytes\n", tag,
                    gst_structure_get_name(gst_caps_get_structure(gst_sample_get_caps(sample), 0)), name ? name : "-",
                    gst_buffer_get_size(gst_sample_get_buffer(sample)));
        } else if (G_VALUE_HOLDS_STRING(value)) {
            g_print("%s %s\n", tag, g_value_get_string(value));
        }
    }
}

static void show_chapter(gpointer data, gpointer unused)
{
    GstTocEntry *entry = data;
    gint64 start = 0, stop = 0;
    gchar *title = NULL;

    (void)unused;
    gst_toc_entry_get_start_stop_times(entry, &start, &stop);
    if (gst_toc_entry_get_entry_type(entry) == GST_TOC_ENTRY_TYPE_CHAPTER &&
        gst_tag_list_get_string(gst_toc_entry_get_tags(entry), GST_TAG_TITLE, &title))
        g_print("chapter %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s\n", start / GST_MSECOND, stop / GST_MSECOND, title);
    g_free(title);
    g_list_foreach(gst_toc_entry_get_sub_entries(entry), show_chapter, NULL);
}

/* What waits on the bus by now. */
static void show_told(GstElement *pipeline)
{
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message;

    while ((message = gst_bus_pop_filtered(bus, GST_MESSAGE_TAG | GST_MESSAGE_TOC)) != NULL) {
        if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_TAG) {
            GstTagList *list = NULL;

            gst_message_parse_tag(message, &list);
            gst_tag_list_foreach(list, show_tag, NULL);
            gst_tag_list_unref(list);
        } else {
            GstToc *toc = NULL;

            gst_message_parse_toc(message, &toc, NULL);
            g_list_foreach(gst_toc_get_entries(toc), show_chapter, NULL);
            gst_toc_unref(toc);
        }
        gst_message_unref(message);
    }
    gst_object_unref(bus);
}

static gboolean go_to(GstElement *pipeline, const char *seconds, GstSeekFlags how)
{
    return gst_element_seek_simple(pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH | how,
                                   (gint64)(g_ascii_strtod(seconds, NULL) * GST_SECOND)) &&
           wait_for(pipeline, GST_MESSAGE_ASYNC_DONE);
}

static GstElement *make_playbin(const char *path)
{
    GstElement *play = gst_element_factory_make("playbin", NULL), *video = gst_element_factory_make("fakesink", NULL);
    GstElement *audio = gst_element_factory_make("fakesink", NULL);
    gchar *uri = gst_filename_to_uri(path, NULL);

    if (play == NULL || video == NULL || audio == NULL)
        exit(77);
    g_object_set(video, "signal-handoffs", TRUE, NULL);
    g_signal_connect(video, "handoff", G_CALLBACK(count), NULL);
    g_object_set(play, "uri", uri, "video-sink", video, "audio-sink", audio, NULL);
    g_free(uri);
    return play;
}

int main(int argc, char **argv)
{
    GstElement *pipeline = NULL, *sink;
    GstPad *pad;
    gboolean done = FALSE;
    gchar *text;

    gst_init(NULL, NULL);
    if (argc == 4 && strcmp(argv[1], "playbin") == 0) {
        gint64 duration = 0;

        pipeline = make_playbin(argv[2]);
        gst_element_set_state(pipeline, GST_STATE_PAUSED);
        done = wait_for(pipeline, GST_MESSAGE_ASYNC_DONE) && go_to(pipeline, argv[3], 0);
        gst_element_query_duration(pipeline, GST_FORMAT_TIME, &duration);
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
        done = done && wait_for(pipeline, GST_MESSAGE_EOS);
        g_print("%.1f s long, %u pictures\n", (double)duration / GST_SECOND, seen);
    } else if (argc >= 4) {
        const gboolean seeks = argc == 5 && strcmp(argv[1], "seek") == 0, told = strcmp(argv[1], "told") == 0;

        text = g_strdup_printf("filesrc name=in ! h4mkdemux name=demux demux.%s ! fakesink name=out sync=false", argv[3]);
        pipeline = gst_parse_launch(text, NULL);
        g_free(text);
        if (pipeline == NULL)
            return 77;
        sink = gst_bin_get_by_name(GST_BIN(pipeline), "in");
        g_object_set(sink, "location", argv[2], NULL);
        gst_object_unref(sink);
        sink = gst_bin_get_by_name(GST_BIN(pipeline), "demux");
        g_object_set(sink, "enable-sidecars", strcmp(argv[1], "beside") == 0, NULL);
        if (argc == 5 && !seeks)
            g_object_set(sink, "key-file", argv[4], NULL);
        gst_object_unref(sink);
        sink = gst_bin_get_by_name(GST_BIN(pipeline), "out");
        pad = gst_element_get_static_pad(sink, "sink");
        done = TRUE;
        if (seeks) {
            gst_element_set_state(pipeline, GST_STATE_PAUSED);
            done = wait_for(pipeline, GST_MESSAGE_ASYNC_DONE);
            most = 1;
        }
        if (told)
            most = 0;
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, show, NULL, NULL);
        if (told) {
            gst_element_set_state(pipeline, GST_STATE_PAUSED);
            gst_element_get_state(pipeline, NULL, NULL, 60 * GST_SECOND);
            show_told(pipeline);
        }
        done = done && (!seeks || go_to(pipeline, argv[4], GST_SEEK_FLAG_KEY_UNIT));
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
        done = done && wait_for(pipeline, GST_MESSAGE_EOS);
        gst_object_unref(pad);
        gst_object_unref(sink);
    }
    if (pipeline != NULL) {
        gst_element_set_state(pipeline, GST_STATE_NULL);
        gst_object_unref(pipeline);
    }
    return done ? 0 : 1;
}
