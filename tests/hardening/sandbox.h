/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HARDENING_SANDBOX_H
#define TESTS_HARDENING_SANDBOX_H

/* A filter of system calls for this process, all its threads included, for good. What is
 * not allowed ends the process by SIGSYS. Linux on x86-64 and 64-bit ARM. */

#include <stdbool.h>

/* No network, no program or process started, no other process touched, nothing written:
 * no file opened for writing, made, renamed, removed, cut or given other rights. */
enum sandbox { SANDBOX_READING, /* files may be opened to be read */
               SANDBOX_CLOSED   /* no file may be opened; no memory made to run as code */ };

/* False where the kernel has no such filters. */
bool sandbox_enter(enum sandbox kind);

/* Mappings of this process that may run as code: how many, and whether one of them may be
 * written too. */
unsigned sandbox_count_code(bool *writable);

#endif
