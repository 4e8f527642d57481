/* SPDX-License-Identifier: MIT */
#ifndef NNC_EXPERT_CUT_H
#define NNC_EXPERT_CUT_H

/* A cutout of a graph on its way into an ONNX file. Demand says which channels of which
 * values are needed; every value that the file has holds exactly these, in their order,
 * and keeps its name. The one exception are the inputs: the picture is always whole, and
 * the attention input has a gain for every category that is kept.
 *
 * The graph is written, not the source's node records: shapes are known in it, attributes
 * checked, arithmetic on shapes done, and demand speaks of it, so that a dozen operators
 * written with their final numbers do for all that the reader understands. What must hold
 * is that the reader makes the same graph of the file again, and the planner the same
 * arithmetic: see the two barriers in cut_products.c.
 *
 * The first failure stays in `status`, and what follows does no harm. Threads: single. */

#include "../onnx/model_writer.h"
#include "../plan/demand.h"

/* How a network's convolutions and products come to multiply bytes: for which nodes they do,
 * and what the bytes of a value that goes into them mean: (byte - zero) * scale. */
struct nnc_quantisation {
    const bool *node;   /* [nodes] */
    const float *scale; /* [values] */
    const uint8_t *zero;
};

struct nnc_cut {
    const struct nnc_graph *graph;
    const struct nnc_demand *need;
    const bool *kept; /* [categories] */
    uint32_t *gain;   /* [attention input] where it is in the expert's, or NNC_NONE */
    uint32_t n_gains;
    const uint8_t *active;      /* [classes] */
    const uint8_t *presence;    /* [presence output]; NULL = none is wanted */
    const char *attention_name; /* NULL: the file has none */
    const char *logits_name, *presence_name;

    uint32_t **position; /* [values] -> [channels] where a channel is, or NNC_NONE */
    uint32_t *count;     /* [values] channels that the expert's value has */
    uint32_t *uses;     /* [values] readers in the source's graph, outputs count as one */
    const char **name;  /* [values] what the file calls it; NULL if it has none */
    bool *varies;       /* [values] depends on an input of the expert */
    bool read_varying;  /* the node at hand has read such a value */
    bool *named;        /* [nodes] the one node that keeps the name of its record */
    bool *done;         /* [nodes] written together with another */
    bool *shared;       /* [tensors] written for all who need just the same of it */
    const struct nnc_quantisation *quantisation; /* NULL: numbers stay as they are */
    const char **quantised; /* [values] what is read instead; NULL: not made yet */
    uint64_t *written;  /* [tensors] elements, copies for others included */
    const char *prefix; /* of made-up names; no name of the source begins so */
    uint32_t n_made_up;

    struct nnc_onnx_writer writer;
    struct nnc_pool pool;
    enum nnc_status status;
    struct nnc_error *error;
};

/* `need` is the demand of the wanted logits and presences. All is borrowed until
 * nnc_cut_finish. Chooses names and places, and writes the inputs. */
void nnc_cut_init(struct nnc_cut *cut, const struct nnc_graph *graph,
                  const struct nnc_demand *need, const uint8_t *active,
                  const uint8_t *presence, const bool *kept,
                  const struct nnc_quantisation *quantisation, struct nnc_error *error);
void nnc_cut_finish(struct nnc_cut *cut);

/* Writes all nodes that are needed, and the outputs. */
void nnc_cut_write(struct nnc_cut *cut);

/* Elements of the initializers that were written. */
uint64_t nnc_cut_params(const struct nnc_cut *cut);

#endif
