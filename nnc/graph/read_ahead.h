/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_READ_AHEAD_H
#define NNC_GRAPH_READ_AHEAD_H

/* Many short reads of constants that lie near each other, such as the vectors of a batch
 * normalisation: each fetches what comes after it too, for those that follow. Threads:
 * single. */

#include "graph.h"

/* Zero-initialised. Of one graph, and with a short life: what it holds is not read again. */
struct nnc_read_ahead {
    uint64_t begin, end; /* in the file: what `bytes` has */
    uint32_t file;
    uint8_t bytes[4096];
};

/* As nnc_graph_read_floats; `ahead` may be NULL. */
enum nnc_status nnc_graph_read_ahead(const struct nnc_graph *graph,
                                     struct nnc_read_ahead *ahead, uint32_t tensor,
                                     uint64_t first, uint64_t count, float *out,
                                     struct nnc_error *error);

#endif
