/* SPDX-License-Identifier: MIT */
#ifndef NNC_MODEL_H
#define NNC_MODEL_H

/* A model: an ONNX file (opset 13 to 21) whose metadata entry "nnc.taxonomy" describes
 * its categories. Opening reads and checks everything, weights included; weights become
 * resident only when a task needs them, and leave again with the last cached plan that
 * did.
 *
 * Threads: shared. Life: reference counted; sessions and tasks keep their model alive. */

#include <nnc/status.h>
#include <nnc/taxonomy.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nnc_model;

/* What does the arithmetic. The choice never changes what a cutout computes (kept logits
 * stay the same bits within one backend and instruction set); between them results differ
 * by rounding only. */
enum nnc_backend {
    NNC_BACKEND_AUTO = 0,  /* the fastest: our own kernels */
    NNC_BACKEND_NATIVE,    /* our own kernels, compiled per instruction set */
    NNC_BACKEND_BLAS,      /* convolutions and matrix products by OpenBLAS, one thread each */
    NNC_BACKEND_REFERENCE  /* plain C, slow: the specification of the others */
};

/* Which instructions our own code uses. */
enum nnc_isa {
    NNC_ISA_AUTO = 0, /* the fastest that this build has and this processor runs */
    NNC_ISA_GENERIC,  /* the baseline of the architecture, by the compiler alone */
    NNC_ISA_AVX2,     /* AVX2 and FMA */
    NNC_ISA_AVX512,   /* AVX-512 F, BW, DQ, VL */
    NNC_ISA_NEON      /* NEON of 64-bit ARM */
};

/* "blas" <-> NNC_BACKEND_BLAS, "avx512" <-> NNC_ISA_AVX512 and so on. The names are never
 * NULL; from_name answers false for an unknown one. */
NNC_API const char *nnc_backend_name(enum nnc_backend backend);
NNC_API bool nnc_backend_from_name(const char *name, enum nnc_backend *backend);
NNC_API const char *nnc_isa_name(enum nnc_isa isa);
NNC_API bool nnc_isa_from_name(const char *name, enum nnc_isa *isa);

/* The numbers that convolutions and matrix products multiply. All else, and all that lies
 * between them, stays float. Kept logits of a cutout have the same bits in each.
 *
 * On a processor with AMX the first model of another precision than FP32 asks the system, for
 * the whole process, for its tile registers: the frames of signal handlers grow by 8 KiB, and
 * the system refuses where a thread's alternative signal stack is too small for them. AVX-512
 * does it then, with other bits for BF16. */
enum nnc_precision {
    NNC_PRECISION_FP32 = 0,
    NNC_PRECISION_BF16, /* weights and activations rounded to bf16; sums are float */
    NNC_PRECISION_INT8  /* bytes, where a model says by QuantizeLinear and DequantizeLinear
                           how; other layers stay float */
};

/* "bf16" <-> NNC_PRECISION_BF16 and so on; false for an unknown name. */
NNC_API const char *nnc_precision_name(enum nnc_precision precision);
NNC_API bool nnc_precision_from_name(const char *name, enum nnc_precision *precision);

/* Zero-initialise and set what you need: zero is the default of every field. */
struct nnc_model_options {
    enum nnc_backend backend;
    /* Other than AUTO: refused (NNC_UNSUPPORTED, with what is available) where the build or
     * the processor lacks it, and, except GENERIC, with BLAS and REFERENCE, which do not
     * have the choice. */
    enum nnc_isa isa;
    size_t max_cached_plans; /* 0 = 64 */
    enum nnc_precision precision;
};

/* How a picture becomes the network's input (see nnc/image.h). */
enum nnc_fit { NNC_FIT_STRETCH, NNC_FIT_CROP, NNC_FIT_LETTERBOX };

struct nnc_input_spec {
    uint32_t width, height; /* pixels */
    uint32_t channels;      /* 1 or 3 */
    bool bgr;               /* channel order of the network: B, G, R instead of R, G, B */
    float mean[3], std[3];  /* in units of 0..1; the network sees (value - mean) / std */
    enum nnc_fit fit;
};

/* What a frame costs. Parameters: elements of the float initializers that are reached, as
 * the file has them (batch normalisation not folded, kept rows only, the attention input
 * not counted). MACs: multiply-adds of Conv, Gemm and MatMul, padded taps included. */
struct nnc_cost {
    uint64_t params;
    uint64_t macs;
};

/* Opens `path`. On success `*model` is owned by the caller (nnc_model_unref). The file
 * stays open: weights are read when needed, and a file that changed since is refused then
 * (NNC_CHANGED). `options` may be NULL.
 *
 * Fails: any status, nothing to release, `*model` untouched. Memory during the call is at
 * most a small multiple of the file's size. */
NNC_API enum nnc_status nnc_model_open(const char *path, const struct nnc_model_options *options,
                                       struct nnc_model **model, struct nnc_error *error);

/* The same from bytes, which are copied. External data have no place to be: refused. */
NNC_API enum nnc_status nnc_model_open_memory(const void *bytes, size_t size,
                                              const struct nnc_model_options *options,
                                              struct nnc_model **model,
                                              struct nnc_error *error);

NNC_API struct nnc_model *nnc_model_ref(struct nnc_model *model);
NNC_API void nnc_model_unref(struct nnc_model *model); /* NULL is fine */

NNC_API const struct nnc_taxonomy *nnc_model_taxonomy(const struct nnc_model *model);
NNC_API const struct nnc_input_spec *nnc_model_input(const struct nnc_model *model);
NNC_API bool nnc_model_has_attention(const struct nnc_model *model);
NNC_API bool nnc_model_has_presence(const struct nnc_model *model);

/* Tasks that the model's author gave names, in the order of the file: its texts fit the
 * model. `index` < n_presets, NULL otherwise; the name that is asked for may be any text,
 * NULL if no preset has it. Borrowed from the model. */
struct nnc_preset {
    const char *name;
    const char *cutout, *attention; /* as in nnc/task.h; never NULL */
};

NNC_API size_t nnc_model_n_presets(const struct nnc_model *model);
NNC_API const struct nnc_preset *nnc_model_preset(const struct nnc_model *model, size_t index);
NNC_API const struct nnc_preset *nnc_model_find_preset(const struct nnc_model *model,
                                                       const char *name);

/* The file name without its directory; "(memory)" for bytes. Borrowed from the model. */
NNC_API const char *nnc_model_name(const struct nnc_model *model);

/* What is in use, e.g. NATIVE and AVX512; never AUTO. With BLAS the instruction set is that
 * of what OpenBLAS does not do; OpenBLAS chooses its own. */
NNC_API enum nnc_backend nnc_model_backend(const struct nnc_model *model);
NNC_API enum nnc_isa nnc_model_isa(const struct nnc_model *model);

/* The precision it was opened with. */
NNC_API enum nnc_precision nnc_model_precision(const struct nnc_model *model);

/* The cost of the full network. */
NNC_API struct nnc_cost nnc_model_cost(const struct nnc_model *model);

/* How much of the model is in memory now, in bytes: packed weights of all cached plans. */
NNC_API size_t nnc_model_resident_weight_bytes(struct nnc_model *model);

/* How tasks of the model came to their plans since it was opened: found in the cache (in
 * microseconds), or made (in milliseconds). */
struct nnc_plan_counts {
    uint64_t found, made;
};
NNC_API struct nnc_plan_counts nnc_model_plan_counts(struct nnc_model *model);

/* Releases plans (and the weights only they need) that no task holds. */
NNC_API void nnc_model_drop_unused_plans(struct nnc_model *model);

#ifdef __cplusplus
}
#endif

#endif
