/* SPDX-License-Identifier: MIT */

/* Which task a frame is classified with. */

#include "gstnncclassify.h"

struct gst_nnc_live_task *gst_nnc_classify_choose_task(GstNncClassify *self,
                                                       GstBuffer *buffer,
                                                       gboolean *from_meta)
{
    struct gst_nnc_live_task *const current = gst_nnc_task_slot_ref_live(&self->slot);
    struct gst_nnc_live_task *live = NULL;
    struct nnc_error error;
    gboolean conflict;

    if (gst_nnc_task_cache_choose(&self->task_cache, &self->slot, current, buffer, &live,
                                  &conflict, &error)) {
        gst_nnc_count(&self->stats.task_meta_ignored, 1);
        if (gst_nnc_limiter_allows(&self->meta_warnings, 1))
            gst_nnc_error_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, &error);
    }
    if (conflict)
        gst_nnc_count(&self->stats.task_meta_conflict, 1);
    *from_meta = live != NULL;
    if (!live)
        return current;
    gst_nnc_live_task_unref(current);
    return live;
}
