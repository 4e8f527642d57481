/* SPDX-License-Identifier: MIT */
#ifndef NNC_PLAN_GEOMETRY_H
#define NNC_PLAN_GEOMETRY_H

/* From shapes of the program to strides and sizes as kernels want them. None of it depends on
 * a cutout. */

#include "../kernels/kernels.h"
#include "program.h"

/* Rows and columns of an edge; a tensor that is no picture has one row. */
uint32_t nnc_edge_height(const struct nnc_edge *edge);
uint32_t nnc_edge_width(const struct nnc_edge *edge);

/* Strides as kernels want them: in floats, or in words of narrow numbers. */
struct nnc_strides nnc_edge_strides(const struct nnc_edge *edge);

/* Strides, sizes and window of a CONV, GROUPED or DEPTHWISE step; all else in `args` is 0. */
void nnc_conv_geometry(const struct nnc_program *program, const struct nnc_step *step,
                       struct nnc_conv_args *args);

static inline uint32_t nnc_step_number(const struct nnc_program *program,
                                       const struct nnc_step *step)
{
    return (uint32_t)(step - program->steps);
}

#endif
