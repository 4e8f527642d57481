/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_SAID_H
#define TESTS_FUZZ_SAID_H

/* For functions that answer whether all is well: what is not is said on stderr. */

#include <stdio.h>

#define CHECK(condition, ...)                                                            \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, __VA_ARGS__);                                                \
            fputc('\n', stderr);                                                         \
            return false;                                                                \
        }                                                                                \
    } while (0)

#endif
