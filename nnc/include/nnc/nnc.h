/* SPDX-License-Identifier: MIT */
#ifndef NNC_NNC_H
#define NNC_NNC_H

/* Everything of nnc in one include. An object's way:
 *
 *     nnc_model_open -> nnc_task_create -> nnc_session_create
 *         -> nnc_session_run_image ... (another nnc_task_create: switch) ...
 *     nnc_session_destroy, nnc_task_unref, nnc_model_unref
 */

#include <nnc/expert.h>
#include <nnc/image.h>
#include <nnc/model.h>
#include <nnc/quantize.h>
#include <nnc/session.h>
#include <nnc/status.h>
#include <nnc/task.h>
#include <nnc/taxonomy.h>

#endif
