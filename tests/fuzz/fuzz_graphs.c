/* SPDX-License-Identifier: MIT */
/* Bytes are the choices of the generator, and of the kernels that compute its model beside
 * the plain-C ones. One kind and two cutouts at a time: what counts here is the number of
 * models; `graphs` goes through all kernels and more cutouts with each of its own. */

#include "../kernel_choices.h"
#include "checks.h"
#include "generator.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct tally tally = {0};
    struct bytes model = {0};
    struct dice dice = {.bytes = bytes, .n_bytes = size, .state = size};
    const struct extent extent = {.kernels = (int)below(&dice, N_KERNEL_CHOICES),
                                  .n_cutouts = 2};
    generate_model(&dice, &model);
    if (!check_model(model.data, model.size, size, &extent, &tally))
        abort();
    bytes_free(&model);
    return 0;
}
