/* SPDX-License-Identifier: MIT */
#ifndef NNC_TASK_H
#define NNC_TASK_H

/* A task: which categories are active (the cutout) and how strongly each category's
 * features count (attention), as one immutable snapshot.
 *
 * Cutout text, read from left to right: entries separated by commas. It starts with
 * nothing, or with everything if its first entry excludes. An entry adds all classes
 * under the categories it matches; `-entry` removes them. Without `/` it matches names at
 * any depth, with `/` full paths; `*` and `?` match within one name. NULL or "" = all.
 *
 *     "vehicles"      "vehicles,mammals/cats"      "-places"      "other_*,-birds"
 *
 * Attention text: `entry=gain` separated by commas, gains from 0 to 16; categories not
 * named have 1; the last one wins. Gains of categories that are cut away have no effect.
 *
 *     "vehicles=1.5,places=0.5"
 *
 * Threads: shared. Life: reference counted; a task keeps its model alive. */

#include <nnc/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nnc_task;

/* Parses both texts and compiles (or finds in the cache) the plan of the cutout. `id` is
 * any number the caller likes to find again in results.
 *
 * Costs: microseconds for a cached plan; else milliseconds, reading and packing weights
 * that no other cached plan holds. Do not call it where a frame waits, unless it must.
 * Fails: as the parsers of nnc/taxonomy.h; NNC_TASK for a gain other than 1 in a model
 * without attention; NNC_CHANGED, NNC_IO, NNC_NOMEM. `*task` is untouched then. */
NNC_API enum nnc_status nnc_task_create(struct nnc_model *model, const char *cutout,
                                        const char *attention, uint64_t id,
                                        struct nnc_task **task, struct nnc_error *error);

/* The same from arrays: `active` has a byte per class in logit order (NULL = all), `gains`
 * a float per category (NULL = all 1). */
NNC_API enum nnc_status nnc_task_create_from_arrays(struct nnc_model *model,
                                                    const uint8_t *active, const float *gains,
                                                    uint64_t id, struct nnc_task **task,
                                                    struct nnc_error *error);

/* The cutout of another task with other gains (NULL = all 1): its plan is shared, so this
 * takes microseconds whatever the cache holds, and waits for nobody. `of` is borrowed.
 * Fails: NNC_TASK for a gain; NNC_NOMEM. */
NNC_API enum nnc_status nnc_task_create_with_gains(const struct nnc_task *of,
                                                   const float *gains, uint64_t id,
                                                   struct nnc_task **task,
                                                   struct nnc_error *error);

NNC_API struct nnc_task *nnc_task_ref(struct nnc_task *task);
NNC_API void nnc_task_unref(struct nnc_task *task); /* NULL is fine */

NNC_API uint64_t nnc_task_id(const struct nnc_task *task);
NNC_API struct nnc_model *nnc_task_model(const struct nnc_task *task);    /* borrowed */
NNC_API const uint8_t *nnc_task_active(const struct nnc_task *task);      /* [n_classes] */
NNC_API const float *nnc_task_gains(const struct nnc_task *task);         /* [n_categories] */
NNC_API size_t nnc_task_n_active(const struct nnc_task *task);            /* classes, >= 1 */

/* Whether any class under this category is active. */
NNC_API bool nnc_task_category_active(const struct nnc_task *task, uint32_t category);

NNC_API struct nnc_cost nnc_task_cost(const struct nnc_task *task);
NNC_API struct nnc_cost nnc_task_trunk_cost(const struct nnc_task *task);

/* The own cost of one branch, nested ones not included: as this task runs it, or as the
 * full network does if the category is cut away. A computation belongs to the deepest
 * category that contains every output it serves, else to the trunk. */
NNC_API struct nnc_cost nnc_task_category_cost(const struct nnc_task *task, uint32_t category);

/* Bytes that a session needs to run this task, and bytes of packed weights it uses. */
NNC_API size_t nnc_task_arena_bytes(const struct nnc_task *task);
NNC_API size_t nnc_task_weight_bytes(const struct nnc_task *task);

#ifdef __cplusplus
}
#endif

#endif
