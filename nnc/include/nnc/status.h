/* SPDX-License-Identifier: MIT */
#ifndef NNC_STATUS_H
#define NNC_STATUS_H

/* What every call of nnc answers, and the sentence that goes with a refusal. */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define NNC_API
#else
#define NNC_API __attribute__((visibility("default")))
#endif

/* The kinds of failure. A caller that only wants to know "did it work" compares with
 * NNC_OK (0). The numbers are part of the ABI: new ones are added at the end. */
enum nnc_status {
    NNC_OK = 0,
    NNC_NOT_FOUND,   /* no such file */
    NNC_PERM,        /* no permission to read or write it */
    NNC_PATH,        /* not a regular file, or a name that leaves the model's directory */
    NNC_EXTDATA,     /* a reference to external data that does not hold */
    NNC_IO,          /* reading or writing failed */
    NNC_CHANGED,     /* the file changed while, or after, it was read */
    NNC_NOMEM,       /* not enough memory */
    NNC_TRUNCATED,   /* the data end too early */
    NNC_PARSE,       /* not the format it should be */
    NNC_VERSION,     /* a version of the format that is not supported */
    NNC_TYPE,        /* wrong data type */
    NNC_SHAPE,       /* shapes that do not fit together */
    NNC_ARITY,       /* too few or too many inputs or outputs of an operator */
    NNC_DUPLICATE,   /* the same thing given twice */
    NNC_DANGLING,    /* a name that nothing defines */
    NNC_CYCLE,       /* something depends on itself */
    NNC_VALUE,       /* a value out of its range, NaN or infinite */
    NNC_TAXONOMY,    /* the taxonomy does not describe this network */
    NNC_OVERFLOW,    /* arithmetic on sizes would overflow */
    NNC_LIMIT,       /* larger than the limits of nnc */
    NNC_UNSUPPORTED, /* legal, but nnc cannot do it */
    NNC_TASK,        /* a cutout or attention that cannot be understood */
    NNC_STATE,       /* not now: e.g. an object that belongs to another model */
    NNC_BAD_IMAGE,   /* an image whose description cannot be true */
    NNC_INTERNAL     /* nnc broke a promise of its own; please report it */
};

/* An error in words. The caller owns it (usually on its stack) and may pass NULL
 * wherever a `struct nnc_error *` is taken. It is written on failure only. */
struct nnc_error {
    enum nnc_status status;
    uint64_t offset;    /* of the offending byte in the file; 0 where that means nothing */
    char object[80];    /* what it is about: a node, tensor, category, file; may be empty */
    char message[512];  /* one line, printable UTF-8, says what came and what was expected */
};

/* The name of a status in lower case, e.g. "truncated"; never NULL. Threads: any. */
NNC_API const char *nnc_status_name(enum nnc_status status);

#ifdef __cplusplus
}
#endif

#endif
