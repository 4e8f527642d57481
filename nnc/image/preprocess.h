/* SPDX-License-Identifier: MIT */
#ifndef NNC_IMAGE_PREPROCESS_H
#define NNC_IMAGE_PREPROCESS_H

#include <nnc/image.h>

/* The loops in which pictures are read (band.h). */
struct nnc_image_kernels;

/* `isa` as nnc_isa_resolve gives it. */
const struct nnc_image_kernels *nnc_image_kernels_get(enum nnc_isa isa);

/* nnc_preprocessor_create with loops of the caller's choice, which this processor must be
 * able to run. They change no bit. */
enum nnc_status nnc_preprocessor_create_with(const struct nnc_input_spec *spec,
                                             const struct nnc_image_kernels *kernels,
                                             struct nnc_preprocessor **preprocessor,
                                             struct nnc_error *error);

#endif
