/* SPDX-License-Identifier: MIT */
/* Softmax over the active classes, order, sums of branches, presence. */

#include "rank.h"

#include "../graph/taxonomy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Heap sort: no recursion, no allocation, no bad case. Better scores come first, equal ones
 * in the order of the logits output. */
static bool before(const struct nnc_taxonomy *t, const struct nnc_score *a,
                   const struct nnc_score *b)
{
    if (a->logit != b->logit)
        return a->logit > b->logit;
    return t->categories[a->category].logit < t->categories[b->category].logit;
}

static void sift_down(const struct nnc_taxonomy *t, struct nnc_score *s, size_t i, size_t n)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(t, &s[child], &s[child + 1]))
            child++;
        if (!before(t, &s[i], &s[child]))
            return;
        const struct nnc_score swap = s[i];
        s[i] = s[child];
        s[child] = swap;
    }
}

static void sort(const struct nnc_taxonomy *t, struct nnc_score *s, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(t, s, i, n);
    for (size_t i = n; i-- > 1;) {
        const struct nnc_score swap = s[0];
        s[0] = s[i];
        s[i] = swap;
        sift_down(t, s, 0, i);
    }
}

static bool collect(const struct nnc_taxonomy *t, const float *logits, const uint8_t *active,
                    struct nnc_score *ranked, size_t *n)
{
    bool finite = true;
    *n = 0;
    for (uint32_t k = 0; k < t->n_classes; k++)
        if (active[k]) {
            finite &= isfinite(logits[k]) != 0;
            ranked[(*n)++] = (struct nnc_score){.category = t->class_of_logit[k],
                                                .logit = logits[k]};
        }
    return finite;
}

static void softmax(struct nnc_score *ranked, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ranked[i].probability = expf(ranked[i].logit - ranked[0].logit);
    for (size_t i = 0; i < n; i++)
        ranked[i].probability = (float)(ranked[i].probability / sum);
}

static void sum_branches(const struct nnc_taxonomy *t, const struct nnc_scores *scores,
                         float *sums)
{
    memset(sums, 0, t->n_categories * sizeof *sums);
    for (size_t i = 0; i < scores->n; i++)
        for (uint32_t c = scores->ranked[i].category; c != NNC_NO_CATEGORY;
             c = t->categories[c].parent)
            sums[c] += scores->ranked[i].probability;
}

static void judge_presence(const struct nnc_graph *g, const float *presence,
                           const uint8_t *needed, struct nnc_scores *scores)
{
    float largest = -INFINITY;
    for (uint32_t k = 0; presence && k < g->values[g->presence].shape.dim[1]; k++)
        if (needed[k]) {
            scores->has_presence = true;
            scores->finite &= isfinite(presence[k]) != 0;
            largest = presence[k] > largest ? presence[k] : largest;
        }
    if (!scores->has_presence)
        return;
    scores->presence = 1 / (1 + expf(-largest));
    scores->unknown = scores->presence < g->presence_threshold;
}

void nnc_rank(const struct nnc_graph *g, const float *logits, const uint8_t *active,
              const float *presence, const uint8_t *presence_needed,
              const struct nnc_rank_buffers *buffers, struct nnc_scores *scores)
{
    *scores = (struct nnc_scores){.ranked = buffers->ranked,
                                  .category_probability = buffers->category_probability};
    scores->finite = collect(g->taxonomy, logits, active, buffers->ranked, &scores->n);
    if (scores->finite) {
        sort(g->taxonomy, buffers->ranked, scores->n);
        softmax(buffers->ranked, scores->n);
    }
    sum_branches(g->taxonomy, scores, buffers->category_probability);
    if (presence_needed)
        judge_presence(g, presence, presence_needed, scores);
}
