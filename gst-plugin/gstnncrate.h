/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_RATE_H
#define GST_NNC_RATE_H

/* How often something happened in the last second or so. Zero-initialise.
 *
 * Threads: one counts, anybody reads. */

#include <glib.h>

G_BEGIN_DECLS

struct gst_nnc_rate {
    guint64 since_ns, counted;  /* the counter's: where the second began */
    _Atomic guint64 millihertz; /* of the last whole second */
    _Atomic guint64 told_ns;    /* when it was told last */
};

void gst_nnc_rate_reset(struct gst_nnc_rate *rate);

/* Tells that `count` of them have happened by the time `now_ns`. */
void gst_nnc_rate_tell(struct gst_nnc_rate *rate, guint64 count, guint64 now_ns);

/* How many a second; 0 in the first second, and if nothing was told for two. */
gdouble gst_nnc_rate_get(const struct gst_nnc_rate *rate, guint64 now_ns);

G_END_DECLS

#endif
