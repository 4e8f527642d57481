/* SPDX-License-Identifier: MIT */
#ifndef NNC_QUANTIZE_H
#define NNC_QUANTIZE_H

/* Makes a model whose layers multiply bytes: standard ONNX with QuantizeLinear and
 * DequantizeLinear, which other engines run too. Pictures are shown to the whole network;
 * what goes into each layer decides what its bytes mean. In nnc the result is opened with
 * NNC_PRECISION_INT8; opened with NNC_PRECISION_FP32 it computes the same rounded numbers
 * in float.
 *
 * - Quantised are convolutions without groups and products by a constant with 8 input
 *   channels or more: weights int8 with a scale for each output channel, activations uint8.
 *   Layers that a picture goes into, layers that logits and presence come out of without
 *   another one behind them, and all else, stay float.
 * - Cost, names, taxonomy, attention and all presences stay. What else nnc/expert.h says of
 *   an expert of the whole network holds here. Metadata "nnc.quantized" is JSON: model (file name),
 *   bytes, sha256 (of that file), cutout ("").
 *
 * Threads: single. */

#include <nnc/image.h>
#include <nnc/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nnc_quantizer;

/* The model is kept alive. Fails: NNC_STATE if it was not opened with NNC_PRECISION_FP32;
 * NNC_UNSUPPORTED if no layer can be quantised, or if it is quantised already; what
 * reading weights can fail with; NNC_NOMEM. */
NNC_API enum nnc_status nnc_quantizer_create(struct nnc_model *model,
                                             struct nnc_quantizer **quantizer,
                                             struct nnc_error *error);
NNC_API void nnc_quantizer_destroy(struct nnc_quantizer *quantizer); /* NULL is fine */

/* Shows one picture. Some hundred of the kind the network will see are enough.
 * Fails: NNC_BAD_IMAGE. */
NNC_API enum nnc_status nnc_quantizer_show(struct nnc_quantizer *quantizer,
                                           const struct nnc_image *image,
                                           struct nnc_error *error);

struct nnc_quantized_info {
    struct nnc_cost cost; /* as nnc_model_cost says of the result */
    size_t bytes;         /* of the file */
    size_t n_layers;      /* that multiply bytes */
    size_t n_float;       /* convolutions and products that stay float */
    size_t n_pictures;    /* that were shown */
};

/* Writes the quantised model. The file is written beside its place and renamed: a failure
 * leaves what was there. `info` may be NULL. Fails: NNC_STATE if no picture was shown, or if
 * `path` is the model itself; else as nnc_expert_write. */
NNC_API enum nnc_status nnc_quantizer_write(struct nnc_quantizer *quantizer, const char *path,
                                            struct nnc_quantized_info *info,
                                            struct nnc_error *error);

#ifdef __cplusplus
}
#endif

#endif
