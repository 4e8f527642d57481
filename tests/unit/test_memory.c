/* SPDX-License-Identifier: MIT */
/* Sizes that come from a file: sums, products and roundings at the end of their range (E06),
 * and memory of such sizes. */

#include "base/memory.h"

#include <check.h>
#include <stdlib.h>

START_TEST(products_and_sums)
{
    static const struct {
        uint64_t a, b;
        bool product, sum;
    } cases[] = {
        {0, UINT64_MAX, true, true},
        {1, UINT64_MAX, true, false},
        {2, UINT64_MAX, false, false},
        {2, INT64_MAX, true, true},
        {UINT64_C(1) << 32, UINT64_C(1) << 32, false, true},
        {UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, true, true},
        {UINT64_C(1) << 62, 4, false, true},
        {UINT64_MAX, UINT64_MAX, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t out;
        ck_assert_msg(nnc_mul(cases[i].a, cases[i].b, &out) == cases[i].product, "%zu", i);
        ck_assert(!cases[i].product || out == cases[i].a * cases[i].b);
        ck_assert_msg(nnc_add(cases[i].a, cases[i].b, &out) == cases[i].sum, "%zu", i);
        ck_assert(!cases[i].sum || out == cases[i].a + cases[i].b);
    }
    ck_assert_uint_eq(nnc_ceil_div(UINT32_MAX, 2), UINT32_C(1) << 31);
    ck_assert_uint_eq(nnc_ceil_div(UINT32_MAX, 1), UINT32_MAX);
    ck_assert_uint_eq(nnc_align(SIZE_MAX - 127, 64), SIZE_MAX - 127);
}
END_TEST

/* E06: the last sizes that there are, where rounding up to 64 would begin again at 0. */
START_TEST(sizes_that_wrap)
{
    struct nnc_pool pool = {.limit = SIZE_MAX};
    for (uint64_t size = UINT64_MAX; size > UINT64_MAX - 130; size--) {
        ck_assert(!nnc_alloc(1, size) && !nnc_alloc(size, 1) && !nnc_alloc(size, size));
        ck_assert(!nnc_alloc_aligned(size));
        ck_assert(!nnc_pool_alloc(&pool, 1, size) && !nnc_pool_alloc(&pool, size, 3));
    }
    nnc_pool_finish(&pool);
}
END_TEST

START_TEST(pools_have_a_limit)
{
    struct nnc_pool pool = {.limit = 1000};
    unsigned char *const first = nnc_pool_alloc(&pool, 3, 7);
    ck_assert(first && !first[0] && !first[20] && (uintptr_t)first % 16 == 0);
    unsigned n = 0;
    while (n < 1000 && nnc_pool_alloc(&pool, 1, 100))
        n++;
    ck_assert_uint_ge(n, 1);
    ck_assert_uint_lt(n, 10);
    ck_assert(pool.used <= pool.limit);
    nnc_pool_finish(&pool);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("memory");
    TCase *const all = tcase_create("memory");
    tcase_add_test(all, products_and_sums);
    tcase_add_test(all, sizes_that_wrap);
    tcase_add_test(all, pools_have_a_limit);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
