/* SPDX-License-Identifier: MIT */
#ifndef NNC_EXPERT_CUT_H
#define NNC_EXPERT_CUT_H

/* A cutout of a graph on its way into an ONNX file. Demand says which channels of which
 * values are needed; every value that the file has holds exactly these, in their order, and
 * keeps its name. The one exception are the inputs: the picture is always whole, and the
 * attention input has a gain for every category that is kept.
 *
 * The graph is written, not the source's node records: shapes are known in it, attributes
 * checked, arithmetic on shapes done, and demand speaks of it, so that a dozen operators
 * written with their final numbers do for all that the reader understands. What must hold
 * is that the reader makes the same graph of the file again, and the planner the same
 * arithmetic: see the two barriers in cut_nodes.c.
 *
 * The first failure stays in `status`, and what follows does no harm. Threads: single. */

#include "../onnx/model_writer.h"
#include "../plan/demand.h"

struct nnc_channels {
    uint32_t n;
    const uint32_t *at; /* rising numbers of the source's channels */
};

struct nnc_cut {
    const struct nnc_graph *graph;
    const struct nnc_demand *need;
    const bool *kept;        /* [categories] */
    uint32_t *gain;          /* [attention input] where it is in the expert's, or NNC_NONE */
    uint32_t n_gains;
    const uint8_t *active;   /* [classes] */
    const uint8_t *presence; /* [presence output]; NULL = none is wanted */
    const char *attention_name, *logits_name, *presence_name; /* NULL: the file has none */

    uint32_t **position;  /* [values] -> [channels] where a channel is, or NNC_NONE */
    uint32_t *count;      /* [values] channels that the expert's value has */
    uint32_t *uses;       /* [values] readers in the source's graph, outputs count as one */
    const char **name;    /* [values] what the file calls it; NULL if it has none */
    bool *varies;         /* [values] depends on an input of the expert */
    bool read_varying;    /* the node at hand has read such a value */
    bool *named;          /* [nodes] the one node that keeps the name of its record */
    bool *done;           /* [nodes] written together with another */
    bool *shared;         /* [tensors] written for all who need just the same of it */
    uint64_t *written;    /* [tensors] elements, copies for others included */
    const char *prefix;   /* of made-up names; no name of the source begins so */
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
                  const uint8_t *presence, const bool *kept, struct nnc_error *error);
void nnc_cut_finish(struct nnc_cut *cut);

/* Writes all nodes that are needed, and the outputs. */
void nnc_cut_write(struct nnc_cut *cut);

/* Elements of the initializers that were written. */
uint64_t nnc_cut_params(const struct nnc_cut *cut);

/* For cut_nodes.c ---------------------------------------------------------------------- */

/* Memory that lives as long as the cut; NULL after a failure. */
void *nnc_cut_alloc(struct nnc_cut *cut, uint64_t count, uint64_t size);

/* A new name, `base` in it. Never NULL. */
const char *nnc_cut_make_up(struct nnc_cut *cut, const char *base);

/* The needed channels of a value. */
struct nnc_channels nnc_cut_needed(struct nnc_cut *cut, uint32_t value);

/* Name and shape of a value as it is; a constant is written when it is first asked for. */
const char *nnc_cut_value(struct nnc_cut *cut, uint32_t value);
struct nnc_shape nnc_cut_shape(const struct nnc_cut *cut, uint32_t value);

/* The value with these channels only along `axis`, by a Slice or Gather if need be. Along
 * another axis than that of the demand the value must be needed whole. */
const char *nnc_cut_pick(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels);

/* The same for what is a constant: it is written so. */
const char *nnc_cut_rows(struct nnc_cut *cut, uint32_t value, uint32_t axis,
                         struct nnc_channels channels);

/* The value in which channels `at` along its own axis can be found (of a constant a copy that
 * has no others), and where: the numbers are replaced. Any order, any repetition. */
const char *nnc_cut_places(struct nnc_cut *cut, uint32_t value, uint32_t *at, uint32_t n);

/* A list of integers as an initializer. */
const char *nnc_cut_list(struct nnc_cut *cut, const char *base, const int64_t *values,
                         uint32_t n);

/* Elements `at` of axis `axis`, as a Slice (where they follow each other) or a Gather. */
void nnc_cut_select(struct nnc_cut *cut, const char *from, uint32_t axis, const uint32_t *at,
                    uint32_t n, const char *to);

/* Begins a node; the name is the record's, where it is still free. */
void nnc_cut_begin(struct nnc_cut *cut, const struct nnc_node *node, const char *op,
                   const char *const *inputs, uint32_t n_inputs, const char *output);

/* Writes one node of the graph. */
void nnc_cut_write_node(struct nnc_cut *cut, const struct nnc_node *node);

#endif
