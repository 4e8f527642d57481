/* SPDX-License-Identifier: MIT */
#ifndef WATCH_GATE_H
#define WATCH_GATE_H

/* Where frames leave the source: they are counted, those that come too early are left
 * out, and the source's end is held back until somebody has judged what it means.
 *
 * Threads: the source's, but for what says otherwise. */

#include <gst/gst.h>

#include <stdatomic.h>

/* The element message that tells of an end that was held back. */
#define WATCH_GATE_END "nnc-watch/end"

struct watch_gate {
    GstElement *element; /* whose pad it is; borrowed */
    GstPad *pad;
    GstClockTime period;      /* least time from frame to frame; 0: any */
    GstClockTime next_time;   /* when the next frame is due */
    _Atomic guint64 n_frames; /* shared */
    _Atomic gboolean is_open; /* shared: ends pass */
};

/* On the sink pad of `element`. `fps` 0 lets all frames pass. */
void watch_gate_init(struct watch_gate *gate, GstElement *element, gdouble fps);
void watch_gate_finish(struct watch_gate *gate);

/* Lets an end pass that was held back; returns at once. Threads: any. */
void watch_gate_let_end_pass(struct watch_gate *gate);

#endif
