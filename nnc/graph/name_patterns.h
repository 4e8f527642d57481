/* SPDX-License-Identifier: MIT */
#ifndef NNC_GRAPH_NAME_PATTERNS_H
#define NNC_GRAPH_NAME_PATTERNS_H

/* Matches many patterns with `*` and `?` against all names of a taxonomy at once.
 *
 * A pattern without `/` is compared with names at any depth, one with `/` with full
 * paths; wildcards never match `/`, and `?` matches one character, not one byte. The time
 * is the bytes of all names times the bytes of all patterns / 64, whatever they contain.
 *
 * Threads: single. */

#include "taxonomy.h"

struct nnc_pattern {
    const char *text; /* not terminated, borrowed until the end of nnc_patterns_match */
    size_t size;
    bool matched;     /* out: some category matches */
    uint32_t accept;  /* internal: the bit that says "all of it was seen" */
};

/* Sets `last[c]` for every category c to the number of the last pattern that matches it,
 * or NNC_NO_CATEGORY, and `matched` of every pattern. Fails: NNC_NOMEM. */
enum nnc_status nnc_patterns_match(struct nnc_pattern *patterns, uint32_t n_patterns,
                                   const struct nnc_taxonomy *taxonomy, uint32_t *last,
                                   struct nnc_error *error);

#endif
