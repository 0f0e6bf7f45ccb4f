/* SPDX-License-Identifier: MIT
 *
 * The plugin: by the first bytes GStreamer knows H4MK files, and who reads them.
 */
#include <gst/gst.h>
#include <h4mk/h4mk.h>

#include "demux.h"

static void find_type(GstTypeFind *find, gpointer unused)
{
    const guint8 *front = gst_type_find_peek(find, 0, 16);

    (void)unused;
    if (front != NULL && h4mk_probe(front, 16) != 0)
        gst_type_find_suggest_simple(find, GST_TYPE_FIND_MAXIMUM, "video/x-h4mk", NULL, NULL);
}

static gboolean init(GstPlugin *plugin)
{
    GstCaps *caps = gst_caps_new_empty_simple("video/x-h4mk");
    const gboolean done =
        gst_type_find_register(plugin, "video/x-h4mk", GST_RANK_PRIMARY, find_type, "h4mk", caps, NULL, NULL) &&
        gst_element_register(plugin, "h4mkdemux", GST_RANK_PRIMARY, h4mk_demux_get_type());

    gst_caps_unref(caps);
    return done;
}

#define PACKAGE "h4mk"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, h4mk, "H4MK media containers", init, PLUGIN_VERSION, "MIT/X11",
                  "h4mk", "h4mk")
