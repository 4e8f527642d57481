/* SPDX-License-Identifier: MIT */
#ifndef GST_NNC_TASK_SLOT_ACCEPT_H
#define GST_NNC_TASK_SLOT_ACCEPT_H

/* How the slot takes a request over: between whole requests (gstnnctaskslot.c) and single
 * categories (gstnnctaskslotcategories.c). All of it under the setters' lock, so that no
 * newer request can come in between. */

#include "gstnnctaskslot.h"

G_BEGIN_DECLS

/* Whether a request can be accepted; what it means is settled, as far as a model is there
 * to judge it. */
enum nnc_status gst_nnc_task_slot_check(struct gst_nnc_task_slot *slot,
                                        struct gst_nnc_request *request,
                                        struct nnc_error *error);

/* Takes `request` over, which was checked; its number, 0 before the start. */
guint64 gst_nnc_task_slot_accept(struct gst_nnc_task_slot *slot,
                                 struct gst_nnc_request *request);

G_END_DECLS

#endif
