/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_REFUSAL_H
#define TESTS_FUZZ_REFUSAL_H

/* What every refusal of the core owes its user: a reason that is no accident of nnc, in
 * words that a terminal can show. */

#include "target.h"

#include "onnx/schema.h"
#include <nnc/status.h>

#include <string.h>

static inline void check_refusal(enum nnc_status status, const struct nnc_error *error)
{
    if (!status)
        return;
    const size_t size = strnlen(error->message, sizeof error->message);
    REQUIRE(status != NNC_INTERNAL, "%s", error->message);
    REQUIRE(error->status == status, "%d, %d", (int)error->status, (int)status);
    REQUIRE(size && size < sizeof error->message, "%s", nnc_status_name(status));
    REQUIRE(nnc_onnx_name_is_clean((const uint8_t *)error->message, size), "%s",
            error->message);
}

#endif
