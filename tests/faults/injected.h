/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_INJECTED_H
#define TESTS_FAULTS_INJECTED_H

/* The calls by which the core asks the system for something, made to fail on demand:
 * memory, files, threads. Needs the linker's --wrap for each of them (meson.build).
 * Calls are counted by kind; the one with the number `fault.at`, counted from when
 * fault_begin was called, fails, or that and all after it. */

#include <stdbool.h>
#include <stddef.h>

enum fault_kind { FAULT_NONE, FAULT_MEMORY, FAULT_FILE, FAULT_THREAD };

/* In the place of an errno: fewer bytes are read than were asked for. */
enum { FAULT_SHORT = -1 };

void fault_begin(enum fault_kind kind, unsigned long at, bool always, int number);

/* No more faults; answers how many calls of the kind there were since the begin. */
unsigned long fault_end(void);

/* Blocks of memory that are there now. */
long fault_live_blocks(void);

/* For libraries that take an allocator; whether it was refused memory since the begin. */
bool fault_struck_library(void);
void *fault_malloc(size_t size);
void fault_free(void *block);

#endif
