/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_INJECTED_H
#define TESTS_FAULTS_INJECTED_H

/* The calls by which core and elements ask the system for something, made to fail on
 * demand: memory, files, threads; with injected_io.c what is done with files that are open.
 * Needs the linker's --wrap for each of them (meson.build).
 * Calls are counted by kind; the one with the number `fault.at`, counted from when
 * fault_begin was called, fails, or that and all after it. */

#include <stdbool.h>
#include <stddef.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_MEMORY,
    FAULT_FILE, /* open, stat, pread */
    FAULT_THREAD,
    FAULT_READ, /* from here on: injected_io.c */
    FAULT_WRITE,
    FAULT_CLOSE,
    FAULT_POLL,
    FAULT_EVENTFD,
    FAULT_SOCKET, /* injected_sockets.c */
};

/* In the place of an errno: fewer bytes are read or written than were asked for. */
enum { FAULT_SHORT = -1 };

void fault_begin(enum fault_kind kind, unsigned long at, bool always, int number);

/* No more faults; answers how many calls of the kind there were since the begin. */
unsigned long fault_end(void);

/* For what takes the place of a call: whether this one fails, and how. */
bool fault_strikes(enum fault_kind kind);
int fault_number(void);

/* Blocks of memory that are there now. */
long fault_live_blocks(void);

/* For libraries that take an allocator; whether it was refused memory since the begin. */
bool fault_struck_library(void);
void *fault_malloc(size_t size);
void fault_free(void *block);

#endif
