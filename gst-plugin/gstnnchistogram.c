/* SPDX-License-Identifier: MIT */

/* Bins of a number are its highest bit and the three bits below it. */

#include "gstnnchistogram.h"

#include <stdatomic.h>

static guint bin_of(guint64 ns)
{
    if (ns < 8)
        return (guint)ns;
    const guint high = g_bit_storage(ns) - 1; /* of 8: 3 */
    const guint bin = (high - 2) * 8 + (guint)(ns >> (high - 3)) % 8;

    return MIN(bin, GST_NNC_HISTOGRAM_BINS - 1);
}

/* The largest number that falls into it. */
static guint64 end_of(guint bin)
{
    if (bin < 8)
        return bin;
    const guint high = bin / 8 + 2;

    return ((guint64)(8 + bin % 8 + 1) << (high - 3)) - 1;
}

void gst_nnc_histogram_reset(struct gst_nnc_histogram *histogram)
{
    for (guint i = 0; i < GST_NNC_HISTOGRAM_BINS; i++)
        atomic_store_explicit(&histogram->counts[i], 0, memory_order_relaxed);
}

void gst_nnc_histogram_add(struct gst_nnc_histogram *histogram, guint64 ns)
{
    atomic_fetch_add_explicit(&histogram->counts[bin_of(ns)], 1, memory_order_relaxed);
}

guint64 gst_nnc_histogram_percentile(const struct gst_nnc_histogram *histogram,
                                     guint percent)
{
    guint64 counts[GST_NNC_HISTOGRAM_BINS], total = 0, below = 0;
    guint bin = 0;

    for (guint i = 0; i < GST_NNC_HISTOGRAM_BINS; i++)
        total += counts[i] =
            atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
    if (!total)
        return 0;
    /* Rounded up, without overflow. */
    const guint64 wanted = total / 100 * percent + (total % 100 * percent + 99) / 100;
    while ((below += counts[bin]) < MAX(wanted, 1))
        bin++;
    return end_of(bin);
}
