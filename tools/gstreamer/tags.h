/* SPDX-License-Identifier: MIT
 *
 * Tags, covers, attachments and chapters of a file, in the form that GStreamer has for them.
 */
#ifndef H4MK_GSTREAMER_TAGS_H
#define H4MK_GSTREAMER_TAGS_H

#include <gst/gst.h>
#include <h4mk/h4mk.h>

/* Whether a track is one picture that stands for the file, and no film. */
gboolean h4mk_is_cover(const h4mk_value* track);

/* Of the file: title and the like, covers as images, attachments (fonts, say) with their names:
 * these together up to 64 MiB. */
GstTagList* h4mk_tags_of_file(h4mk_reader* reader);
GstTagList* h4mk_tags_of_track(const h4mk_value* track);

/* GStreamer goes through all chapters for each that is added: those behind are left out. */
#define H4MK_MOST_CHAPTERS ((size_t)4096)
/* The chapters; NULL: none. start: of the file, which is 0 for GStreamer. */
GstToc* h4mk_chapters_of(const h4mk_reader* reader, GstClockTimeDiff start);

/* A number of ticks in nanoseconds; limited, so that a few of them can be added. den: not 0. */
GstClockTimeDiff h4mk_nanoseconds(int64_t ticks, guint64 num, guint64 den);

#endif /* H4MK_GSTREAMER_TAGS_H */
