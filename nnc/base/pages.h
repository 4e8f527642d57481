/* SPDX-License-Identifier: MIT */
#ifndef NNC_BASE_PAGES_H
#define NNC_BASE_PAGES_H

/* Memory in pages, for what is large. The first touch of a page costs more than writing it:
 * 20 MB in pages of 4 KiB take 17 ms to fill for the first time and 2 ms ever after, in pages
 * of 2 MiB 4 ms. Large pages are a wish that systems may refuse; nothing depends on them.
 * Builds with AddressSanitizer take everything from the heap, which it watches. Threads: any,
 * where parts do not overlap. */

#include <stdbool.h>
#include <stdint.h>

enum { NNC_LARGE_PAGE = 2 * 1024 * 1024 };
uint32_t nnc_pages_small(void); /* bytes of a small one */

/* A buffer, in large pages if it has the size of one; not zeroed. NULL when memory is short. */
void *nnc_pages_alloc(uint64_t bytes);
void nnc_pages_free(void *pages, uint64_t bytes); /* as was asked for; NULL is fine */

/* Addresses, aligned to a large page, that become memory where they are touched, in small
 * pages. NULL if they cannot be had, then or in this build at all. */
void *nnc_pages_reserve(uint64_t bytes);
void nnc_pages_unreserve(void *pages, uint64_t bytes); /* NULL is fine */

/* In a reserve: whether a large page is one, if it is touched from now on; and what gives the
 * memory of whole small pages back, after which they hold anything. */
void nnc_pages_choose(void *large_page, bool large);
void nnc_pages_drop(void *pages, uint64_t bytes);

#endif
