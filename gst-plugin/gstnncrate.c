/* SPDX-License-Identifier: MIT */

/* Windows of a second, one after the other. */

#include "gstnncrate.h"

#include <stdatomic.h>

#define SECOND G_GUINT64_CONSTANT(1000000000)

void gst_nnc_rate_reset(struct gst_nnc_rate *rate)
{
    rate->since_ns = rate->counted = 0;
    atomic_store(&rate->millihertz, 0);
    atomic_store(&rate->told_ns, 0);
}

static void begin(struct gst_nnc_rate *rate, guint64 count, guint64 now_ns)
{
    rate->since_ns = now_ns;
    rate->counted = count;
}

void gst_nnc_rate_tell(struct gst_nnc_rate *rate, guint64 count, guint64 now_ns)
{
    const guint64 passed = now_ns - rate->since_ns;

    atomic_store(&rate->told_ns, now_ns);
    if (!rate->since_ns || count < rate->counted) {
        begin(rate, count, now_ns);
    } else if (passed >= SECOND) {
        const gdouble hertz = (gdouble)(count - rate->counted) / (gdouble)passed * 1e9;
        atomic_store(&rate->millihertz, (guint64)(hertz * 1000.0 + 0.5));
        begin(rate, count, now_ns);
    }
}

gdouble gst_nnc_rate_get(const struct gst_nnc_rate *rate, guint64 now_ns)
{
    const guint64 told_ns = atomic_load(&rate->told_ns);

    if (now_ns > told_ns && now_ns - told_ns > 2 * SECOND)
        return 0.0;
    return (gdouble)atomic_load(&rate->millihertz) / 1000.0;
}
