/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_PRESETS_H
#define NNC_GRAPH_PRESETS_H

/* Tasks with names in the taxonomy's JSON:
 *
 *     "presets": {"traffic": {"cutout": "vehicles,people", "attention": "vehicles=1.5"}}
 *
 * Threads: single. */

#include "../base/error.h"
#include "../base/memory.h"
#include <nnc/model.h>

#include <jansson.h>

enum { NNC_MAX_PRESETS = 256 };

/* `object` may be NULL: there are none then. Memory comes from `pool`. Fails:
 * NNC_TAXONOMY, NNC_LIMIT, NNC_NOMEM. */
enum nnc_status nnc_presets_read(const json_t *object, struct nnc_pool *pool,
                                 struct nnc_preset **presets, uint32_t *n,
                                 struct nnc_error *error);

/* Whether their texts mean something in the linked `taxonomy`. Fails as the parsers do. */
enum nnc_status nnc_presets_check(const struct nnc_preset *presets, uint32_t n,
                                  const struct nnc_taxonomy *taxonomy,
                                  struct nnc_error *error);

#endif
