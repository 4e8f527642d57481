/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_HISTOGRAM_H
#define GST_NNC_HISTOGRAM_H

/* How long something took, over a long time, in little memory: counts of durations, eight
 * of them to each doubling, so that what is read is at most an eighth too long. From 0 ns
 * to 18 minutes; what took longer counts as that. Nothing is allocated. Zero-initialise.
 *
 * Threads: shared; numbers that are added meanwhile may or may not be seen. */

#include <glib.h>

G_BEGIN_DECLS

#define GST_NNC_HISTOGRAM_BINS 304

struct gst_nnc_histogram {
    _Atomic guint64 counts[GST_NNC_HISTOGRAM_BINS];
};

void gst_nnc_histogram_reset(struct gst_nnc_histogram *histogram);
void gst_nnc_histogram_add(struct gst_nnc_histogram *histogram, guint64 ns);

/* The time that `percent` (0..100) of all took no longer than; 0 if there are none. */
guint64 gst_nnc_histogram_percentile(const struct gst_nnc_histogram *histogram,
                                     guint percent);

G_END_DECLS

#endif
