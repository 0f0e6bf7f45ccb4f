/* SPDX-License-Identifier: MIT
 *
 * What GStreamer calls the codec of a track.
 */
#ifndef H4MK_GSTREAMER_CAPS_H
#define H4MK_GSTREAMER_CAPS_H

#include <gst/gst.h>
#include <h4mk/h4mk.h>

/* The caps of a track by its description; NULL if GStreamer has no name for its codec. */
GstCaps* h4mk_caps_of(const h4mk_value* track);

/* What GStreamer wants before each key frame, and the file has once for all: parameter sets with
 * start codes. NULL: nothing. */
GstBuffer* h4mk_headers_of(const h4mk_value* track);

#endif /* H4MK_GSTREAMER_CAPS_H */
