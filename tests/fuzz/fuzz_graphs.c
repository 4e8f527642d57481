/* SPDX-License-Identifier: MIT */
/* libFuzzer target: bytes are the choices of the generator. Built like fuzz_model.c. */

#include "checks.h"
#include "generator.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct tally tally = {0};
    struct bytes model = {0};
    struct dice dice = {.bytes = bytes, .n_bytes = size, .state = size};
    generate_model(&dice, &model);
    if (!check_model(model.data, model.size, size, &tally))
        abort();
    bytes_free(&model);
    return 0;
}
