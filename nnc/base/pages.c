/* SPDX-License-Identifier: MIT */
/* Pages from the system. Mappings are made larger than asked for and trimmed, so that they
 * begin where a large page can. */

#include "pages.h"

#include "memory.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

uint32_t nnc_pages_small(void)
{
    return (uint32_t)sysconf(_SC_PAGESIZE);
}

static void *map(uint64_t bytes, int flags)
{
    if (bytes > PTRDIFF_MAX - 2 * (uint64_t)NNC_LARGE_PAGE)
        return NULL;
    const size_t size = nnc_align((size_t)bytes, NNC_LARGE_PAGE);
    uint8_t *const all = mmap(NULL, size + NNC_LARGE_PAGE, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    const size_t before = nnc_align((size_t)(uintptr_t)all, NNC_LARGE_PAGE) - (uintptr_t)all;
    if (before)
        munmap(all, before);
    munmap(all + before + size, NNC_LARGE_PAGE - before);
    return all + before;
}

static void unmap(void *pages, uint64_t bytes)
{
    munmap(pages, nnc_align((size_t)bytes, NNC_LARGE_PAGE));
}

void *nnc_pages_alloc(uint64_t bytes)
{
    if (bytes < NNC_LARGE_PAGE)
        return malloc(bytes ? (size_t)bytes : 1);
    void *const pages = map(bytes, 0);
    if (pages)
        madvise(pages, nnc_align((size_t)bytes, NNC_LARGE_PAGE), MADV_HUGEPAGE);
    return pages;
}

void nnc_pages_free(void *pages, uint64_t bytes)
{
    if (bytes < NNC_LARGE_PAGE)
        free(pages);
    else if (pages)
        unmap(pages, bytes);
}

void *nnc_pages_reserve(uint64_t bytes)
{
    void *const pages = map(bytes, MAP_NORESERVE);
    if (pages) /* else systems that always give large pages give more than is needed */
        madvise(pages, nnc_align((size_t)bytes, NNC_LARGE_PAGE), MADV_NOHUGEPAGE);
    return pages;
}

void nnc_pages_unreserve(void *pages, uint64_t bytes)
{
    if (pages)
        unmap(pages, bytes);
}

void nnc_pages_choose(void *large_page, bool large)
{
    madvise(large_page, NNC_LARGE_PAGE, large ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

void nnc_pages_drop(void *pages, uint64_t bytes)
{
    madvise(pages, (size_t)bytes, MADV_DONTNEED);
}
