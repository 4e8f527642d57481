/* SPDX-License-Identifier: MIT */
#ifndef NNC_ONNX_UNINTERRUPTED_H
#define NNC_ONNX_UNINTERRUPTED_H

/* A system call that a signal does not end: on file systems behind a network or a process,
 * opening and asking can be interrupted as reading can. */

#include <errno.h>

#define NNC_UNINTERRUPTED(call)                                                          \
    __extension__({                                                                      \
        long result_;                                                                    \
        do                                                                               \
            result_ = (long)(call);                                                      \
        while (result_ < 0 && errno == EINTR);                                           \
        result_;                                                                         \
    })

#endif
