/* SPDX-License-Identifier: MIT */
/* Any bytes as protobuf: fields stay in their range and never overlap, what the check of a
 * whole model accepts is read without complaint, and names are what they should be. */

#include "refusal.h"

#include "onnx/records.h"

static void walk(const uint8_t *bytes, size_t size)
{
    struct nnc_wire wire = {bytes, 0, size};
    struct nnc_error error = {0};
    struct nnc_field field;
    uint64_t last = 0;
    enum nnc_status status;
    while (!(status = nnc_wire_next(&wire, &field, &error)) && field.number) {
        REQUIRE(field.offset == last && wire.at > last, "a field at %llu, the cursor at %llu",
                (unsigned long long)field.offset, (unsigned long long)wire.at);
        REQUIRE(field.begin <= field.end && field.end == wire.at && wire.at <= size,
                "a value at %llu to %llu", (unsigned long long)field.begin,
                (unsigned long long)field.end);
        last = wire.at;
    }
    REQUIRE(status || wire.at == size, "stopped at %llu", (unsigned long long)wire.at);
    check_refusal(status, &error);
}

/* What was checked is walked again, by the reader that takes it as proven. */
static void walk_proven(const uint8_t *bytes, size_t size)
{
    struct nnc_wire proven = {bytes, 0, size}, checked = proven;
    struct nnc_field a, b;
    while (nnc_wire_each(&proven, &a)) {
        REQUIRE(!nnc_wire_next(&checked, &b, NULL), "after the check");
        REQUIRE(a.number == b.number && a.begin == b.begin && a.end == b.end, "field %u, %u",
                a.number, b.number);
    }
    REQUIRE(proven.at == size, "stopped at %llu", (unsigned long long)proven.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct nnc_error error = {0};
    walk(bytes, size);
    nnc_onnx_name_is_clean(bytes, size);
    nnc_onnx_guess_format(bytes, size);
    const enum nnc_status status = nnc_onnx_check(bytes, size, &error);
    check_refusal(status, &error);
    if (!status)
        walk_proven(bytes, size);
    return 0;
}
