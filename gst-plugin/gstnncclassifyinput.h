/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_CLASSIFY_INPUT_H
#define GST_NNC_CLASSIFY_INPUT_H

/* The properties of nncclassify that say which part of which frames is classified. */

#include "gstnncregions.h"

#include <pthread.h>
#include <stdatomic.h>

G_BEGIN_DECLS

typedef enum {
    GST_NNC_CORRUPTED_FRAMES_CLASSIFY,
    GST_NNC_CORRUPTED_FRAMES_SKIP
} GstNncCorruptedFrames;

/* The lock is held for a few words only, so that the streaming thread may take it, too.
 */
struct gst_nnc_input_settings {
    pthread_mutex_t lock;
    struct gst_nnc_shares crop;    /* lock */
    struct gst_nnc_labels *labels; /* lock */

    _Atomic gint region; /* GstNncRegionKind */
    _Atomic gdouble center_share;
    _Atomic guint max_rois, min_roi_size;
    _Atomic gint corrupted_frames; /* GstNncCorruptedFrames */
    _Atomic gboolean hold;
    _Atomic gboolean async;             /* read at the start */
    _Atomic guint64 processing_latency; /* GST_CLOCK_TIME_NONE: as measured */
};

void gst_nnc_input_settings_init(struct gst_nnc_input_settings *settings);
void gst_nnc_input_settings_finish(struct gst_nnc_input_settings *settings);

/* What holds for one frame. Its labels must be given back by gst_nnc_labels_unref(). */
struct gst_nnc_selection
gst_nnc_input_settings_select(struct gst_nnc_input_settings *settings);

/* To be called by the element's class and by its own functions of these names; FALSE if
 * `id` is none of these properties. A bad value changes nothing and makes `element` post
 * a warning. */
void gst_nnc_input_install_properties(GObjectClass *object_class);
gboolean gst_nnc_input_set_property(struct gst_nnc_input_settings *settings, guint id,
                                    const GValue *value, GstElement *element);
gboolean gst_nnc_input_get_property(struct gst_nnc_input_settings *settings, guint id,
                                    GValue *value);

G_END_DECLS

#endif
