/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_STRUCTURES_H
#define TESTS_FUZZ_STRUCTURES_H

/* Structures as strangers may send them: mostly of the right name, with fields of names
 * that mean something or nothing, of any type, with values in and out of range. Threads:
 * single. */

#include "dice.h"

#include <gst/gst.h>

/* The caller's. */
GstStructure *make_structure(struct dice *dice);

/* A text as it may stand in a field: entries that mean something, mostly; always UTF-8, which
 * GStreamer asks of fields. To be freed. */
gchar *make_text(struct dice *dice);

#endif
