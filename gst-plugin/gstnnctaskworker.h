/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_WORKER_H
#define GST_NNC_TASK_WORKER_H

/* The other half of gstnnctaskslot.h: what the slot's own thread does. */

#include "gstnncrequest.h"

G_BEGIN_DECLS

/* An item of the slot's queue of tasks to be compiled ahead. Takes `request` over. */
gpointer gst_nnc_preload_new(struct gst_nnc_request *request);
void gst_nnc_preload_free(gpointer preload);

G_END_DECLS

#endif
