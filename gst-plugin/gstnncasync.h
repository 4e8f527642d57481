/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_ASYNC_H
#define GST_NNC_ASYNC_H

/* Classification beside the stream. The streaming thread makes the network's input of a
 * frame, hands it over and goes on; a worker runs the network. Nothing of the frame's
 * memory is held: cameras have few buffers, and the input is small.
 *
 * There are three jobs: one that is being filled, the newest one that waits, one that
 * runs. A frame that comes before the last one was begun takes its place. Threads:
 * single, but for gst_nnc_async_set_flushing(). */

#include "gstnncregions.h"

G_BEGIN_DECLS

/* One frame's work. */
struct gst_nnc_job {
    gpointer task; /* the job's reference, see gst_nnc_async_calls */
    guint64 frame; /* number of the frame */
    GstClockTime pts;
    gboolean corrupted;

    guint n; /* pictures */
    struct gst_nnc_region
        regions[GST_NNC_MAX_ROIS]; /* their `roi` is not to be followed */
    GstClockTime preprocess_ns[GST_NNC_MAX_ROIS];
    gfloat *tensors; /* n inputs of the network, one after the other */
    gsize tensor_floats;
    gsize room; /* floats that there is room for */
};

struct gst_nnc_async_calls {
    /* On the worker: appends the predictions of `job`. */
    void (*run)(gpointer owner, const struct gst_nnc_job *job, GPtrArray *predictions);
    GDestroyNotify release_task; /* on either thread, without locks; never of NULL */
};

struct gst_nnc_async;

/* `owner` must live until gst_nnc_async_free(). */
struct gst_nnc_async *gst_nnc_async_new(const struct gst_nnc_async_calls *calls,
                                        gpointer owner);
void gst_nnc_async_free(struct gst_nnc_async *async);

/* Starts the worker; FALSE if there can be no thread. */
gboolean gst_nnc_async_start(struct gst_nnc_async *async);

/* Waits for what runs, ends the worker, forgets all. Fine without a worker. */
void gst_nnc_async_stop(struct gst_nnc_async *async);

/* The job to fill: empty, with room for `n` inputs of `tensor_floats`. */
struct gst_nnc_job *gst_nnc_async_begin(struct gst_nnc_async *async, guint n,
                                        gsize tensor_floats);

/* Hands the filled job over. TRUE if it took the place of one that had not begun. */
gboolean gst_nnc_async_submit(struct gst_nnc_async *async);

/* Moves the predictions of the newest finished job to `predictions`, which is empty, and
 * says of which frame they are. FALSE if there are none that were not taken before. */
gboolean gst_nnc_async_take(struct gst_nnc_async *async, GPtrArray *predictions,
                            guint64 *frame);

/* Nothing that was handed over before will be taken: what waits is dropped, what runs is
 * not shown. Does not wait. */
void gst_nnc_async_forget(struct gst_nnc_async *async);

/* Waits until all is done that was handed over, unless the stream is flushing. */
void gst_nnc_async_drain(struct gst_nnc_async *async);

/* Any thread. While it is set, nobody waits in gst_nnc_async_drain(). */
void gst_nnc_async_set_flushing(struct gst_nnc_async *async, gboolean flushing);

G_END_DECLS

#endif
