/* SPDX-License-Identifier: MIT */
#include "tags.h"

#include <stdio.h>
#include <string.h>

#include "caps.h"

/* Of pictures and attachments together. Blocks may be compressed: a small file could fill all memory. */
#define MOST_SAMPLE_BYTES ((size_t)64 << 20)
#define MOST_SAMPLES 1024 /* GStreamer copies the list for each that is added */

GstClockTimeDiff h4mk_nanoseconds(int64_t ticks, guint64 num, guint64 den)
{
    const guint64 size = ticks < 0 ? 0 - (guint64)ticks : (guint64)ticks;
    const GstClockTimeDiff limited = (GstClockTimeDiff)MIN(gst_util_uint64_scale(size, num * GST_SECOND, den), (guint64)G_MAXINT64 / 4);

    return ticks < 0 ? -limited : limited;
}

gboolean h4mk_is_cover(const h4mk_value *track)
{
    const h4mk_value *names = h4mk_value_get(track, "disposition");
    size_t i;

    for (i = 0; i < h4mk_value_count(names); ++i) {
        const char *name = h4mk_value_text(h4mk_value_at(names, i));

        if (name != NULL && strcmp(name, "attached_pic") == 0)
            return TRUE;
    }
    return FALSE;
}

/* A tag of a track or of the file; NULL: none, or nothing that GStreamer takes. */
static const char *tag_of(const h4mk_value *holder, const char *name)
{
    const char *text = h4mk_value_get_text(h4mk_value_get(holder, "tags"), name);

    return text != NULL && *text != '\0' && g_utf8_validate(text, -1, NULL) ? text : NULL;
}

static void add_text(GstTagList *list, const char *tag, const char *text)
{
    if (text != NULL)
        gst_tag_list_add(list, GST_TAG_MERGE_REPLACE, tag, text, NULL);
}

/* Tags, and what pictures and attachments may still take. */
typedef struct Tags {
    GstTagList *list;
    size_t bytes_left;
    guint samples_left;
} Tags;

static gboolean take_room(Tags *tags, size_t size)
{
    if (size > tags->bytes_left)
        return FALSE;
    tags->bytes_left -= size;
    --tags->samples_left;
    return TRUE;
}

/* Takes caps and info. */
static void add_sample(GstTagList *list, const char *tag, const uint8_t *data, size_t size, GstCaps *caps, GstStructure *info)
{
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, size, NULL);
    GstSample *sample;

    gst_buffer_fill(buffer, 0, data, size);
    sample = gst_sample_new(buffer, caps, NULL, info);
    gst_tag_list_add(list, GST_TAG_MERGE_APPEND, tag, sample, NULL);
    gst_sample_unref(sample);
    gst_buffer_unref(buffer);
    gst_caps_unref(caps);
}

static void add_cover(Tags *tags, h4mk_reader *reader, guint i)
{
    GstCaps *caps = h4mk_caps_of(h4mk_reader_track(reader, i));
    h4mk_block block = H4MK_BLOCK_INIT;

    if (caps == NULL)
        return;
    if (h4mk_reader_read_block(reader, i, 0, &block) == H4MK_OK && block.size > 0) {
        if (take_room(tags, block.size))
            add_sample(tags->list, GST_TAG_IMAGE, block.data, block.size, gst_caps_ref(caps), NULL);
        else
            tags->samples_left = 0; /* how large it is costs time to find out: nobody has many of them to show */
    }
    gst_caps_unref(caps);
}

/* Whether a text of the file can be the name of caps. */
static gboolean is_type(const char *mime)
{
    return mime != NULL && g_ascii_isalpha(*mime) && strchr(mime, '/') != NULL &&
           mime[strspn(mime, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/-_.:+")] == '\0';
}

/* As what renders subtitles expects a font: its type as caps, its name in the info. */
static void add_attachment(Tags *tags, h4mk_reader *reader, guint i)
{
    const h4mk_value *track = h4mk_reader_track(reader, i);
    const char *mime = tag_of(track, "mimetype"), *name = tag_of(track, "filename");
    const uint8_t *data = NULL;
    size_t size = 0;

    if (name == NULL || h4mk_reader_attachment(reader, i, &data, &size) != H4MK_OK || size == 0 || !take_room(tags, size))
        return;
    add_sample(tags->list, GST_TAG_ATTACHMENT, data, size,
               gst_caps_new_empty_simple(is_type(mime) ? mime : "application/octet-stream"),
               gst_structure_new("attachment", "filename", G_TYPE_STRING, name, NULL));
}

GstTagList *h4mk_tags_of_file(h4mk_reader *reader)
{
    static const char *const known[][2] = {
        {"title", GST_TAG_TITLE}, {"artist", GST_TAG_ARTIST}, {"album", GST_TAG_ALBUM}, {"comment", GST_TAG_COMMENT}};
    Tags tags = {gst_tag_list_new(GST_TAG_CONTAINER_FORMAT, "H4MK", NULL), MOST_SAMPLE_BYTES, MOST_SAMPLES};
    size_t i;

    gst_tag_list_set_scope(tags.list, GST_TAG_SCOPE_GLOBAL);
    for (i = 0; i < G_N_ELEMENTS(known); ++i)
        add_text(tags.list, known[i][1], tag_of(h4mk_reader_meta(reader), known[i][0]));
    for (i = 0; i < h4mk_reader_track_count(reader) && tags.samples_left > 0; ++i) {
        const h4mk_value *track = h4mk_reader_track(reader, (guint)i);

        if (h4mk_is_cover(track))
            add_cover(&tags, reader, (guint)i);
        else if (g_strcmp0(h4mk_value_get_text(track, "kind"), "attachment") == 0)
            add_attachment(&tags, reader, (guint)i);
    }
    return tags.list;
}

GstTagList *h4mk_tags_of_track(const h4mk_value *track)
{
    GstTagList *list = gst_tag_list_new_empty();

    add_text(list, GST_TAG_LANGUAGE_CODE, tag_of(track, "language"));
    add_text(list, GST_TAG_TITLE, tag_of(track, "title"));
    return list;
}

GstToc *h4mk_chapters_of(const h4mk_reader *reader, GstClockTimeDiff start)
{
    const h4mk_value *chapters = h4mk_value_get(h4mk_reader_meta(reader), "chapters");
    GstTocEntry *edition = gst_toc_entry_new(GST_TOC_ENTRY_TYPE_EDITION, "chapters");
    GstToc *toc;
    const size_t count = MIN(h4mk_value_count(chapters), H4MK_MOST_CHAPTERS);
    size_t i;

    for (i = 0; i < count; ++i) {
        const h4mk_value *chapter = h4mk_value_at(chapters, i);
        const char *base = h4mk_value_get_text(chapter, "time_base"), *title = tag_of(chapter, "title");
        const int64_t from = h4mk_value_get_int(chapter, "start", H4MK_NO_TIME);
        const int64_t to = h4mk_value_get_int(chapter, "end", H4MK_NO_TIME);
        GstTocEntry *entry;
        guint num = 0, den = 0;
        gchar *id;

        if (base == NULL || sscanf(base, "%u/%u", &num, &den) != 2 || num == 0 || den == 0 || from == H4MK_NO_TIME)
            continue;
        id = g_strdup_printf("chapter%" G_GSIZE_FORMAT, i);
        entry = gst_toc_entry_new(GST_TOC_ENTRY_TYPE_CHAPTER, id);
        gst_toc_entry_set_start_stop_times(entry, MAX(h4mk_nanoseconds(from, num, den) - start, 0),
                                           to == H4MK_NO_TIME ? -1 : MAX(h4mk_nanoseconds(to, num, den) - start, 0));
        if (title != NULL)
            gst_toc_entry_set_tags(entry, gst_tag_list_new(GST_TAG_TITLE, title, NULL));
        gst_toc_entry_append_sub_entry(edition, entry);
        g_free(id);
    }
    if (gst_toc_entry_get_sub_entries(edition) == NULL) {
        gst_toc_entry_unref(edition);
        return NULL;
    }
    toc = gst_toc_new(GST_TOC_SCOPE_GLOBAL);
    gst_toc_append_entry(toc, edition);
    return toc;
}
