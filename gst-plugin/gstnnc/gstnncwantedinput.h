/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_WANTED_INPUT_H
#define GST_NNC_WANTED_INPUT_H

#include <gstnnc/gstnncprelude.h>

G_BEGIN_DECLS

/**
 * GST_NNC_WANTED_INPUT_NAME:
 *
 * The name of the structure of the query "what do you need of my frames?".
 *
 * Since: 0.1
 */
#define GST_NNC_WANTED_INPUT_NAME "nnc/wanted-input"

GST_NNC_API GstQuery *gst_nnc_wanted_input_query_new(void);
GST_NNC_API gboolean gst_nnc_query_is_wanted_input(GstQuery *query);
GST_NNC_API void gst_nnc_wanted_input_set(GstQuery *query, gint width, gint height,
                                          gint fps_n, gint fps_d,
                                          const gchar *const *formats);
GST_NNC_API gboolean gst_nnc_wanted_input_parse(GstQuery *query, gint *width,
                                                gint *height, gint *fps_n, gint *fps_d,
                                                gchar ***formats);

G_END_DECLS

#endif
