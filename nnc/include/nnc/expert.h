/* SPDX-License-Identifier: MIT */
#ifndef NNC_EXPERT_H
#define NNC_EXPERT_H

/* An expert: what a fixed cutout needs, as a model of its own. It is standard ONNX, which
 * any other engine runs, with a taxonomy of the kept categories, which nnc loads as it
 * loads any model: it can be attended to, cut further, and experts be extracted from it.
 *
 * - Its logits, and the presence outputs that the cutout demands, are bit for bit those
 * of the cutout on the same backend and instruction set, with the same gains. Gains of categories that are
 * cut away count as 1.
 * - It computes what the cutout computes and holds what that needs, no row more: its cost
 * is the cutout's. Where layers share an initializer but need different parts of it, each
 *   gets a copy of its own, and the parameters differ by these.
 * - Operators, names of tensors and nodes, and the opset stay; some operators are spelled
 *   another way (Split as Slices, Flatten as Reshape, Dropout as Identity), float16 and
 *   double weights become float, made-up names begin with "cut". Other outputs, value
 *   shapes and metadata than nnc's are left out. External data come into the file.
 * - In the taxonomy categories and logits keep their order and get new numbers; kept are
 *   those with a kept class. Presence indices stay where the cutout demands them: for the
 *   largest wholly active categories. Unknown keys of the JSON stay, but for lists and
 *   objects at its top, which may speak of categories that are gone.
 * - Metadata "nnc.expert" is JSON: model (file name), bytes, sha256 (of that file,
 * external data not included), cutout.
 *
 * Threads: shared (the model is only read). */

#include <nnc/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nnc_expert_info {
    struct nnc_cost cost; /* as nnc_model_cost says of the expert */
    size_t bytes;         /* of the file */
    size_t n_classes, n_categories;
};

/* Writes the expert of a cutout text (NULL or "" = everything; see nnc/task.h) to `path`.
 * The file is written beside its place and renamed: a failure leaves what was there, and
 * nothing else. `info` may be NULL.
 *
 * Costs: reads the kept weights, and the whole file once for its SHA-256; memory for
 * about three times the expert's size. Fails: as nnc_cutout_parse; NNC_STATE if `path` is
 * the model itself or its data; NNC_PATH, NNC_NOT_FOUND, NNC_PERM, NNC_IO for a place
 * that cannot be written; NNC_CHANGED, NNC_IO for weights that cannot be read; NNC_LIMIT
 * if it would be larger than a model may be. */
NNC_API enum nnc_status nnc_expert_write(const struct nnc_model *model,
                                         const char *cutout, const char *path,
                                         struct nnc_expert_info *info,
                                         struct nnc_error *error);

/* The same to memory: `*bytes` is the caller's, to be released with free(). */
NNC_API enum nnc_status nnc_expert_make(const struct nnc_model *model, const char *cutout,
                                        void **bytes, size_t *size,
                                        struct nnc_expert_info *info,
                                        struct nnc_error *error);

#ifdef __cplusplus
}
#endif

#endif
