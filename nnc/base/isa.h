/* SPDX-License-Identifier: MIT */
#ifndef NNC_BASE_ISA_H
#define NNC_BASE_ISA_H

/* Which instruction sets this build has code for (NNC_HAVE_*) and this processor can run.
 * Threads: any. Allocates: nothing. */

#include <nnc/model.h>

#include <stdbool.h>

/* True of GENERIC always, of AUTO never. */
bool nnc_isa_usable(enum nnc_isa isa);

/* The fastest usable one, for AUTO; any other is itself. */
enum nnc_isa nnc_isa_resolve(enum nnc_isa isa);

/* Refuses what cannot be used here, with the names of what can: NNC_UNSUPPORTED, or
 * NNC_VALUE for what is no instruction set at all. */
enum nnc_status nnc_isa_check(enum nnc_isa isa, struct nnc_error *error);

#endif
