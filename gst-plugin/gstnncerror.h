/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_ERROR_H
#define GST_NNC_ERROR_H

/* From the core's errors to messages on the bus: the one place that knows which is what.
 */

#include <gst/gst.h>
#include <nnc/status.h>

G_BEGIN_DECLS

/* Posts `error` as GST_MESSAGE_ERROR or GST_MESSAGE_WARNING. The message's details hold
 * `nnc-code`, `nnc-object` and `nnc-offset`. Call it without locks: a synchronous bus
 * handler may do anything. */
void gst_nnc_error_post(GstElement *element, GstMessageType type,
                        const struct nnc_error *error);

/* The same for caps: a STREAM/FORMAT error. */
void gst_nnc_error_post_caps(GstElement *element, const gchar *reason);

/* The same for what is neither: a file, a device. `code` is a GstResourceError. */
void gst_nnc_error_post_resource(GstElement *element, GstMessageType type, gint code,
                                 const gchar *text);

void gst_nnc_error_set(struct nnc_error *error, enum nnc_status status,
                       const gchar *format, ...) G_GNUC_PRINTF(3, 4);

/* How often something may be said: at most `per_second` times in any second that begins
 * with the first of them. Zero-initialise. Threads: single. */
struct gst_nnc_limiter {
    gint64 since_us;
    guint n;
};

gboolean gst_nnc_limiter_allows(struct gst_nnc_limiter *limiter, guint per_second);

G_END_DECLS

#endif
