/* SPDX-License-Identifier: MIT */
/* Places are counted out once. Then two things are known of every page: how much of a large
 * one is wanted, and how many wanted blocks touch a small one. */

#include "weight_memory.h"

#include "../base/memory.h"
#include "../base/pages.h"

#include <stdlib.h>

/* How much of all large pages together may be wanted by nobody, and from which size on one
 * costs less than its small ones. */
enum { ALIGNMENT = 64, MOST_UNUSED = NNC_LARGE_PAGE, LEAST_LARGE = NNC_LARGE_PAGE / 4 };

struct large_page {
    uint32_t bytes;   /* that are wanted */
    bool changed;     /* since the pages were settled */
    bool left;        /* something in it, likewise */
    bool in_use;      /* when they were settled: it had something */
    bool large;
};

struct nnc_weight_memory {
    uint32_t n;
    uint64_t *offset, *bytes; /* [n] */
    uint64_t size;            /* of the reserve */
    uint8_t *reserve;
    struct large_page *large; /* [n_large] */
    uint32_t n_large;
    uint64_t unused;          /* bytes of those that are large which nobody wants */
    uint16_t *users;          /* [small pages] wanted blocks that touch it */
    uint32_t page_bytes;
    float **heap;             /* [n] where there is no reserve */
};

/* The trunk first, then unit after unit; those that fill large pages begin with one. */
static bool place(struct nnc_weight_memory *m, const uint32_t *unit, uint32_t n_units)
{
    uint64_t *const next = nnc_alloc(n_units, sizeof *next); /* sizes first, then places */
    if (!next)
        return false;
    for (uint32_t i = 0; i < m->n; i++)
        next[unit[i]] += nnc_align((size_t)m->bytes[i], ALIGNMENT);
    for (uint32_t u = 0; u < n_units; u++) {
        const uint64_t bytes = next[u];
        if (bytes >= NNC_LARGE_PAGE)
            m->size = nnc_align((size_t)m->size, NNC_LARGE_PAGE);
        next[u] = m->size;
        m->size += bytes;
    }
    for (uint32_t i = 0; i < m->n; i++) {
        m->offset[i] = next[unit[i]];
        next[unit[i]] += nnc_align((size_t)m->bytes[i], ALIGNMENT);
    }
    free(next);
    return true;
}

static bool reserve(struct nnc_weight_memory *m)
{
    m->page_bytes = nnc_pages_small();
    m->n_large = (uint32_t)(nnc_align((size_t)m->size, NNC_LARGE_PAGE) / NNC_LARGE_PAGE);
    m->large = nnc_alloc(m->n_large, sizeof *m->large);
    m->users = nnc_alloc((uint64_t)m->n_large * NNC_LARGE_PAGE / m->page_bytes,
                         sizeof *m->users);
    m->reserve = m->size ? nnc_pages_reserve(m->size) : NULL;
    if (!m->reserve)
        m->heap = nnc_alloc(m->n, sizeof *m->heap);
    return m->large && m->users && (m->reserve || m->heap);
}

struct nnc_weight_memory *nnc_weight_memory_create(uint32_t n, const uint64_t *bytes,
                                                   const uint32_t *unit, uint32_t n_units)
{
    struct nnc_weight_memory *const m = nnc_alloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->n = n;
    m->offset = nnc_alloc(n, sizeof *m->offset);
    m->bytes = nnc_alloc(n, sizeof *m->bytes);
    bool enough = m->offset && m->bytes;
    if (enough) {
        for (uint32_t i = 0; i < n; i++)
            m->bytes[i] = bytes[i];
        enough = place(m, unit, n_units) && reserve(m);
    }
    if (enough)
        return m;
    nnc_weight_memory_destroy(m);
    return NULL;
}

void nnc_weight_memory_destroy(struct nnc_weight_memory *m)
{
    if (!m)
        return;
    nnc_pages_unreserve(m->reserve, m->size);
    for (uint32_t i = 0; m->heap && i < m->n; i++)
        free(m->heap[i]);
    free(m->heap);
    free(m->offset);
    free(m->bytes);
    free(m->large);
    free(m->users);
    free(m);
}

/* Notes in all pages of a block that it is wanted, or is not any more. */
static void count(struct nnc_weight_memory *m, uint32_t i, bool wanted)
{
    const uint64_t begin = m->offset[i], end = begin + m->bytes[i];
    for (uint64_t page = begin / m->page_bytes; page * m->page_bytes < end; page++)
        m->users[page] = (uint16_t)(m->users[page] + (wanted ? 1 : -1));
    for (uint64_t at = begin; at < end;) {
        struct large_page *const large = &m->large[at / NNC_LARGE_PAGE];
        const uint64_t next = (at / NNC_LARGE_PAGE + 1) * NNC_LARGE_PAGE;
        const uint32_t part = (uint32_t)((next < end ? next : end) - at);
        large->bytes = wanted ? large->bytes + part : large->bytes - part;
        if (large->large)
            m->unused = wanted ? m->unused - part : m->unused + part;
        large->changed = true;
        large->left |= !wanted;
        at = next;
    }
}

void nnc_weight_memory_want(struct nnc_weight_memory *m, uint32_t i)
{
    if (m->reserve)
        count(m, i, true);
}

void nnc_weight_memory_leave(struct nnc_weight_memory *m, uint32_t i)
{
    if (m->reserve) {
        count(m, i, false);
        return;
    }
    free(m->heap[i]);
    m->heap[i] = NULL;
}

/* Gives back the small pages of a large one that nobody has anything in. */
static void drop_unused(struct nnc_weight_memory *m, uint32_t k)
{
    const uint32_t pages = NNC_LARGE_PAGE / m->page_bytes;
    const uint16_t *const users = m->users + (size_t)k * pages;
    uint8_t *const begin = m->reserve + (uint64_t)k * NNC_LARGE_PAGE;
    for (uint32_t page = 0; page < pages; page++) {
        const uint32_t first = page;
        while (page < pages && !users[page])
            page++;
        if (page > first)
            nnc_pages_drop(begin + (size_t)first * m->page_bytes,
                           (uint64_t)(page - first) * m->page_bytes);
    }
}

/* A page becomes large only before it is touched: what is there already would have to move. */
static bool should_be_large(const struct nnc_weight_memory *m, const struct large_page *page)
{
    if (page->large)
        return page->bytes && m->unused <= MOST_UNUSED;
    return !page->in_use && page->bytes >= LEAST_LARGE &&
           m->unused + (NNC_LARGE_PAGE - page->bytes) <= MOST_UNUSED;
}

static void settle(struct nnc_weight_memory *m, uint32_t k)
{
    struct large_page *const page = &m->large[k];
    if (page->large != should_be_large(m, page)) {
        const uint32_t unused = NNC_LARGE_PAGE - page->bytes;
        page->large = !page->large;
        m->unused = page->large ? m->unused + unused : m->unused - unused;
        nnc_pages_choose(m->reserve + (uint64_t)k * NNC_LARGE_PAGE, page->large);
    }
    if (page->left && !page->large)
        drop_unused(m, k);
    page->in_use = page->bytes > 0;
    page->changed = page->left = false;
}

void nnc_weight_memory_settle(struct nnc_weight_memory *m)
{
    for (uint32_t k = 0; m->reserve && k < m->n_large; k++)
        if (m->large[k].changed)
            settle(m, k);
}

float *nnc_weight_memory_get(struct nnc_weight_memory *m, uint32_t i)
{
    if (m->reserve)
        return (float *)(void *)(m->reserve + m->offset[i]);
    if (!m->heap[i])
        m->heap[i] = nnc_alloc_aligned(m->bytes[i]);
    return m->heap[i];
}
