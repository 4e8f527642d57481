/* SPDX-License-Identifier: MIT */
#ifndef NNC_TAXONOMY_H
#define NNC_TAXONOMY_H

/* The tree of categories of a model. Leaves are classes. Categories are numbered from 0
 * in the order of the model file; parents always come before their children in
 * `nnc_taxonomy_next`, not necessarily in number.
 *
 * A taxonomy belongs to its model, is immutable, and lives as long as the model: all
 * pointers below are borrowed from it. Threads: shared (any thread). Nothing here can
 * fail or allocate, unless said. */

#include <nnc/status.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NNC_NO_CATEGORY UINT32_MAX

struct nnc_taxonomy;

struct nnc_category {
    const char *name;           /* "lion": unique among its siblings */
    const char *path;           /* "mammals/cats/lion" */
    uint32_t index;             /* its own number */
    uint32_t parent;            /* NNC_NO_CATEGORY for a top category */
    uint32_t depth;             /* 0 for a top category */
    bool leaf;                  /* a class */
    uint32_t logit;             /* leaves: index in the logits output */
    int64_t label;              /* leaves: the data set's number, -1 if the model names none */
    const char *const *aliases; /* other names, e.g. of folders with pictures */
    size_t n_aliases;
};

NNC_API size_t nnc_taxonomy_n_categories(const struct nnc_taxonomy *taxonomy);
NNC_API size_t nnc_taxonomy_n_classes(const struct nnc_taxonomy *taxonomy);

/* `index` < n_categories; NULL otherwise. */
NNC_API const struct nnc_category *nnc_taxonomy_category(const struct nnc_taxonomy *taxonomy,
                                                         uint32_t index);

/* The category whose logit is `logit` (< n_classes); NULL otherwise. */
NNC_API const struct nnc_category *nnc_taxonomy_class(const struct nnc_taxonomy *taxonomy,
                                                      uint32_t logit);

/* Walks the tree depth first, children in the order of the file: the category after
 * `index`, or the first one for NNC_NO_CATEGORY; NNC_NO_CATEGORY after the last. */
NNC_API uint32_t nnc_taxonomy_next(const struct nnc_taxonomy *taxonomy, uint32_t index);

/* The category with this full path, or NNC_NO_CATEGORY. */
NNC_API uint32_t nnc_taxonomy_find(const struct nnc_taxonomy *taxonomy, const char *path);

/* The leaf that a data set means by `text`: its path, name or an alias; if several
 * leaves answer to it, the first in the order of the file. NNC_NO_CATEGORY if none. */
NNC_API uint32_t nnc_taxonomy_find_class(const struct nnc_taxonomy *taxonomy, const char *text);

/* Whether `index` lies in the branch of `ancestor` (true for itself). */
NNC_API bool nnc_taxonomy_within(const struct nnc_taxonomy *taxonomy, uint32_t index,
                                 uint32_t ancestor);

/* The texts of tasks, parsed. One grammar for the command line, properties, metadata and
 * files; see nnc/task.h for what the texts mean.
 *
 * `active` gets one byte per class in logit order: 1 kept, 0 cut away. `gains` gets one
 * float per category. NULL or "" mean everything, and 1.0 everywhere. Nothing is written
 * on failure.
 *
 * Fails: NNC_TASK with the entry and up to three names near it; NNC_LIMIT for a text of
 * more than NNC_TASK_TEXT_MAX bytes; NNC_NOMEM. */
#define NNC_TASK_TEXT_MAX 4096

NNC_API enum nnc_status nnc_cutout_parse(const struct nnc_taxonomy *taxonomy, const char *text,
                                         uint8_t *active, struct nnc_error *error);
NNC_API enum nnc_status nnc_attention_parse(const struct nnc_taxonomy *taxonomy,
                                            const char *text, float *gains,
                                            struct nnc_error *error);

#ifdef __cplusplus
}
#endif

#endif
