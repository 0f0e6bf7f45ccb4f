/* SPDX-License-Identifier: MIT
 *
 * The element h4mkdemux: blocks of an H4MK file as buffers, a pad for each track. It pulls, so that
 * it can seek: from a file, or from whatever queue2 keeps.
 */
#ifndef H4MK_GSTREAMER_DEMUX_H
#define H4MK_GSTREAMER_DEMUX_H

#include <gst/gst.h>

G_BEGIN_DECLS

G_DECLARE_FINAL_TYPE(H4mkDemux, h4mk_demux, H4MK, DEMUX, GstElement)

G_END_DECLS

#endif /* H4MK_GSTREAMER_DEMUX_H */
