/* SPDX-License-Identifier: MIT */
/* Bytes choose a convolution's shape, layout and epilogue, and the kernels that compute it
 * beside the plain-C reference. */

#include "../kernels/conv_layers.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bool warm[N_KERNEL_CHOICES];
    struct dice dice = {.bytes = bytes, .n_bytes = size, .state = size};
    const uint32_t i = between(&dice, 1, N_KERNEL_CHOICES - 1);
    const struct nnc_kernels *const k = kernels_of(&kernel_choices[i]);
    if (!k)
        return 0;
    if (!warm[i] && k->warm_up)
        k->warm_up();
    warm[i] = true;
    REQUIRE(check_conv_layer(&dice, &kernel_choices[i]), "%s", kernel_choices[i].name);
    return 0;
}
