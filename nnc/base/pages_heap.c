/* SPDX-License-Identifier: MIT */
/* Pages from the heap, for AddressSanitizer: a buffer's end is where it was asked to be, and
 * there are no reserves, in which nothing would be seen of one part's end. */

#include "pages.h"

#include <stdlib.h>

uint32_t nnc_pages_small(void)
{
    return 4096;
}

void *nnc_pages_alloc(uint64_t bytes)
{
    return bytes > PTRDIFF_MAX ? NULL : malloc(bytes ? (size_t)bytes : 1);
}

void nnc_pages_free(void *pages, uint64_t bytes)
{
    (void)bytes;
    free(pages);
}

void *nnc_pages_reserve(uint64_t bytes)
{
    (void)bytes;
    return NULL;
}

void nnc_pages_unreserve(void *pages, uint64_t bytes)
{
    (void)pages;
    (void)bytes;
}

void nnc_pages_choose(void *large_page, bool large)
{
    (void)large_page;
    (void)large;
}

void nnc_pages_drop(void *pages, uint64_t bytes)
{
    (void)pages;
    (void)bytes;
}
