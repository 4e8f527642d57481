/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_CHECKS_H
#define TESTS_FUZZ_CHECKS_H

/* What must hold for every model that loads, whatever it computes; no other engine is
 * asked.
 *
 * Backends agree with the plain-C one within a tolerance. Within one backend, bit for
 * bit: cutouts on one thread and on three, in memory full of NaN too, gains of 1, and the
 * full network again after all of them. Costs add up, and weights leave with their plans.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_STATUS = 64 };

struct tally {
    uint64_t models, refused, too_large, by_status[MAX_STATUS];
    bool list_refused; /* print why, one line each */
};

/* How much of that is checked. */
struct extent {
    int kernels;        /* an index of kernel_choices, or all of them */
    uint32_t n_cutouts; /* at random, beside the full one */
};
enum { ALL_KERNELS = -1 };

/* False if something does not hold; said on stderr. `seed` chooses input and cutouts. */
bool check_model(const void *bytes, size_t size, uint64_t seed, const struct extent *extent,
                 struct tally *tally);

#endif
