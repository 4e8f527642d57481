/* SPDX-License-Identifier: MIT */
/* The way out of a sum: residual, activation, gain. After a vec_*.h. */

#include "activation_body.h"

#include <string.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* A whole vector of sums. */
static inline void finish(const struct nnc_conv_args *a, float gain, vec v, size_t at)
{
    const struct nnc_epilogue *const e = &a->epilogue;
    if (e->residual)
        v = vec_add(v, vec_load(e->residual + at));
    if (e->activation.kind)
        v = activate_vec(&e->activation, v);
    vec_store(a->y + at, vec_mul(v, vec_set1(gain)));
}

/* The same for fewer channels than a vector has. */
static void finish_part(const struct nnc_conv_args *a, float gain, const float *sums, size_t at,
                        uint32_t lanes)
{
    const struct nnc_epilogue *const e = &a->epilogue;
    float part[VEC] = {0};
    vec v = vec_load(sums);
    if (e->residual) {
        memcpy(part, e->residual + at, lanes * sizeof *part);
        v = vec_add(v, vec_load(part));
    }
    if (e->activation.kind)
        v = activate_vec(&e->activation, v);
    vec_store(part, vec_mul(v, vec_set1(gain)));
    memcpy(a->y + at, part, lanes * sizeof *part);
}
