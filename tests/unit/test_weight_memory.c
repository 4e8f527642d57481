/* SPDX-License-Identifier: MIT */
/* Where weights lie: every wanted block has its own bytes, whatever else comes and goes; memory
 * follows what is wanted, to the page; without addresses, or memory, nothing breaks. */

#include "base/memory.h"
#include "base/pages.h"
#include "plan/weight_memory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { KIB = 1024, MIB = 1024 * KIB, MAX_BLOCKS = 600, UNITS = 4 };

/* Mappings that fail on demand: without them blocks come from the heap. */
static bool no_mappings;

void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);

void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return no_mappings ? MAP_FAILED : __real_mmap64(at, size, protection, flags, fd, offset);
}

struct fixture {
    struct nnc_weight_memory *memory;
    uint64_t bytes[MAX_BLOCKS];
    uint32_t unit[MAX_BLOCKS];
    bool wanted[MAX_BLOCKS];
    uint32_t n;
};

static struct fixture make(uint32_t n, uint64_t (*bytes_of)(uint32_t), uint32_t units)
{
    struct fixture f = {.n = n};
    for (uint32_t i = 0; i < n; i++) {
        f.bytes[i] = bytes_of(i);
        f.unit[i] = i % units; /* the file's order is not the branches' */
    }
    f.memory = nnc_weight_memory_create(n, f.bytes, f.unit, UNITS);
    ck_assert_ptr_nonnull(f.memory);
    return f;
}

static unsigned char mark_of(uint32_t i)
{
    return (unsigned char)(i * 37 + 1);
}

static void fill(struct fixture *f, uint32_t i)
{
    float *const data = nnc_weight_memory_get(f->memory, i);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq((uintptr_t)data % 64, 0);
    memset(data, mark_of(i), f->bytes[i]);
}

/* All wanted blocks, which were filled, hold their own bytes. */
static void check_contents(const struct fixture *f)
{
    for (uint32_t i = 0; i < f->n; i++) {
        if (!f->wanted[i])
            continue;
        const unsigned char *const data = (const void *)nnc_weight_memory_get(f->memory, i);
        uint64_t k = 0;
        while (k < f->bytes[i] && data[k] == mark_of(i))
            k++;
        ck_assert_msg(k == f->bytes[i], "block %u: byte %llu is another's", i,
                      (unsigned long long)k);
    }
}

/* What is wanted from now on, `wishes[i]`, and not what was: new blocks are filled, and all
 * that are there hold their own bytes. */
static void wish(struct fixture *f, const bool wishes[MAX_BLOCKS])
{
    bool fresh[MAX_BLOCKS];
    for (uint32_t i = 0; i < f->n; i++) {
        fresh[i] = wishes[i] && !f->wanted[i];
        if (fresh[i])
            nnc_weight_memory_want(f->memory, i);
        else if (!wishes[i] && f->wanted[i])
            nnc_weight_memory_leave(f->memory, i);
        f->wanted[i] = wishes[i];
    }
    nnc_weight_memory_settle(f->memory);
    for (uint32_t i = 0; i < f->n; i++)
        if (fresh[i])
            fill(f, i);
    check_contents(f);
}

/* Bytes of memory between the first block's place and the end of the last one's. */
static uint64_t resident(const struct fixture *f)
{
    uintptr_t first = UINTPTR_MAX, last = 0;
    for (uint32_t i = 0; i < f->n; i++) {
        const uintptr_t at = (uintptr_t)nnc_weight_memory_get(f->memory, i);
        first = at < first ? at : first;
        last = at + f->bytes[i] > last ? at + f->bytes[i] : last;
    }
    const size_t page = nnc_pages_small();
    first &= ~(uintptr_t)(page - 1);
    const size_t n = (last - first + page - 1) / page;
    unsigned char *const is_there = calloc(n, 1);
    uint64_t pages = 0;
    ck_assert_int_eq(mincore((void *)first, n * page, is_there), 0);
    for (size_t i = 0; i < n; i++)
        pages += is_there[i] & 1;
    free(is_there);
    return pages * page;
}

static bool has_reserves(void)
{
    void *const pages = nnc_pages_reserve(1);
    nnc_pages_unreserve(pages, 1);
    return pages != NULL;
}

static uint64_t class_bytes(uint32_t i)
{
    return 128 + 64 * (i % 7) + (i % 11 == 0 ? 36 * KIB : 0);
}

static uint64_t layer_bytes(uint32_t i)
{
    (void)i;
    return 36 * KIB + 64;
}

/* Blocks come and go in an order that a generator chooses; each round checks all bytes. */
START_TEST(blocks_keep_their_bytes)
{
    no_mappings = _i; /* the second time: from the heap */
    struct fixture f = make(MAX_BLOCKS, class_bytes, UNITS);
    uint32_t seed = 20260101;
    for (int round = 0; round < 60; round++) {
        bool wishes[MAX_BLOCKS];
        const uint32_t every = 2 + round % 5; /* at times few are there, at times half */
        for (uint32_t i = 0; i < f.n; i++) {
            seed = seed * 1664525 + 1013904223;
            wishes[i] = (seed >> 16) % every == 0;
        }
        wish(&f, wishes);
    }
    nnc_weight_memory_destroy(f.memory);
    no_mappings = false;
}
END_TEST

/* Units of 5.3 MiB each, of blocks as large as a layer's. */
START_TEST(memory_follows_what_is_wanted)
{
    static const struct {
        uint32_t units, every; /* of so many units each block, each second, ... */
    } wishes[] = {{4, 1}, {1, 1}, {0, 1}, {2, 1}, {4, 9}, {1, 50}, {4, 1}, {0, 1}};
    if (!has_reserves())
        return; /* a sanitizer's build: the heap, which it watches */
    struct fixture f = make(MAX_BLOCKS, layer_bytes, UNITS);
    for (size_t k = 0; k < sizeof wishes / sizeof *wishes; k++) {
        uint64_t bytes = 0, n = 0;
        bool wanted[MAX_BLOCKS];
        for (uint32_t i = 0; i < f.n; i++) {
            wanted[i] = f.unit[i] < wishes[k].units && i / UNITS % wishes[k].every == 0;
            bytes += wanted[i] ? f.bytes[i] : 0;
            n += wanted[i];
        }
        wish(&f, wanted);
        const uint64_t there = resident(&f);
        const uint64_t most = bytes + (n ? NNC_LARGE_PAGE + 2 * n * nnc_pages_small() : 0);
        ck_assert_msg(there >= bytes && there <= most,
                      "wish %zu: %llu bytes wanted, %llu there, at most %llu expected", k,
                      (unsigned long long)bytes, (unsigned long long)there,
                      (unsigned long long)most);
    }
    nnc_weight_memory_destroy(f.memory);
}
END_TEST

/* Blocks of one unit lie one after the other, whatever lies between them in the file. */
START_TEST(units_lie_together)
{
    if (!has_reserves())
        return;
    struct fixture f = make(40, class_bytes, UNITS);
    for (uint32_t i = UNITS; i < f.n; i++) {
        const char *const before =
            (const char *)nnc_weight_memory_get(f.memory, i - UNITS);
        ck_assert_ptr_eq(before + nnc_align(f.bytes[i - UNITS], 64),
                         nnc_weight_memory_get(f.memory, i));
    }
    nnc_weight_memory_destroy(f.memory);
}
END_TEST

START_TEST(pages_are_had_or_not)
{
    static const struct {
        uint64_t bytes;
        bool possible;
    } sizes[] = {{0, true},           {1, true},           {4096, true},
                 {MIB + 1, true},     {2 * MIB, true},     {5 * MIB + 3, true},
                 {UINT64_MAX, false}};
    const bool reserves = has_reserves();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *const pages = nnc_pages_alloc(sizes[i].bytes);
        ck_assert_msg(!pages == !sizes[i].possible, "%llu bytes",
                      (unsigned long long)sizes[i].bytes);
        if (pages && sizes[i].bytes)
            memset(pages, 1, sizes[i].bytes);
        nnc_pages_free(pages, sizes[i].bytes);
    }
    no_mappings = true;
    ck_assert_ptr_null(nnc_pages_reserve(1));
    ck_assert(!reserves || !nnc_pages_alloc(5 * MIB));
    no_mappings = false;
}
END_TEST

/* A model without weights. */
START_TEST(nothing_has_a_place_too)
{
    struct nnc_weight_memory *const memory = nnc_weight_memory_create(0, NULL, NULL, 1);
    ck_assert_ptr_nonnull(memory);
    nnc_weight_memory_settle(memory);
    nnc_weight_memory_destroy(memory);
    nnc_weight_memory_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("weight memory");
    TCase *const all = tcase_create("all");
    tcase_add_loop_test(all, blocks_keep_their_bytes, 0, 2);
    tcase_add_test(all, memory_follows_what_is_wanted);
    tcase_add_test(all, units_lie_together);
    tcase_add_test(all, pages_are_had_or_not);
    tcase_add_test(all, nothing_has_a_place_too);
    tcase_set_timeout(all, 120);
    suite_add_tcase(suite, all);
    SRunner *const runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
