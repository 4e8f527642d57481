/* SPDX-License-Identifier: MIT */
/* Formats errors. Everything that came from outside passes through `escape` here, so no
 * control byte of a hostile file reaches a terminal or a log. */

#include "error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Length of the valid, printable UTF-8 sequence at `s`, 0 if it is none. */
static unsigned printable_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f;
    const unsigned n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
    if (!n || s[0] > 0xf4)
        return 0;
    for (unsigned i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) /* C1 control characters */
        return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
        return 0;
    return n;
}

static void escape(char *out, size_t size, const char *in)
{
    const unsigned char *s = (const unsigned char *)in;
    size_t used = 0;
    while (*s) {
        const unsigned n = printable_length(s);
        const size_t need = n ? n : 4;
        if (used + need + 4 > size) { /* keep room for the dots */
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (n)
            memcpy(out + used, s, n);
        else
            snprintf(out + used, 5, "\\x%02x", *s);
        used += need;
        s += n ? n : 1;
    }
    out[used] = 0;
}

static enum nnc_status fail(struct nnc_error *error, enum nnc_status status,
                            const char *object, uint64_t offset, bool has_offset,
                            const char *format, va_list arguments)
{
    if (!error)
        return status;
    char raw[sizeof error->message + 256];
    vsnprintf(raw, sizeof raw, format, arguments);
    error->status = status;
    error->offset = offset;
    escape(error->object, sizeof error->object, object ? object : "");
    escape(error->message, sizeof error->message - (has_offset ? 32 : 0), raw);
    if (has_offset) {
        const size_t used = strlen(error->message);
        snprintf(error->message + used, sizeof error->message - used, " (offset %llu)",
                 (unsigned long long)offset);
    }
    return status;
}

enum nnc_status nnc_fail(struct nnc_error *error, enum nnc_status status, const char *object,
                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail(error, status, object, 0, false, format, arguments);
    va_end(arguments);
    return status;
}

enum nnc_status nnc_fail_at(struct nnc_error *error, enum nnc_status status,
                            const char *object, uint64_t offset, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail(error, status, object, offset, true, format, arguments);
    va_end(arguments);
    return status;
}

void nnc_error_prefix(struct nnc_error *error, const char *prefix)
{
    if (!error)
        return;
    char rest[sizeof error->message], head[128];
    memcpy(rest, error->message, sizeof rest);
    escape(head, sizeof head, prefix);
    const int used = snprintf(error->message, sizeof error->message, "%s: ", head);
    escape(error->message + used, sizeof error->message - (size_t)used, rest);
}

enum nnc_status nnc_fail_nomem(struct nnc_error *error, uint64_t bytes)
{
    return nnc_fail(error, NNC_NOMEM, NULL, "out of memory: %llu bytes could not be had",
                    (unsigned long long)bytes);
}

const char *nnc_status_name(enum nnc_status status)
{
    static const char *const names[] = {
        [NNC_OK] = "ok",
        [NNC_NOT_FOUND] = "not-found",
        [NNC_PERM] = "perm",
        [NNC_PATH] = "path",
        [NNC_EXTDATA] = "extdata",
        [NNC_IO] = "io",
        [NNC_CHANGED] = "changed",
        [NNC_NOMEM] = "nomem",
        [NNC_TRUNCATED] = "truncated",
        [NNC_PARSE] = "parse",
        [NNC_VERSION] = "version",
        [NNC_TYPE] = "type",
        [NNC_SHAPE] = "shape",
        [NNC_ARITY] = "arity",
        [NNC_DUPLICATE] = "duplicate",
        [NNC_DANGLING] = "dangling",
        [NNC_CYCLE] = "cycle",
        [NNC_VALUE] = "value",
        [NNC_TAXONOMY] = "taxonomy",
        [NNC_OVERFLOW] = "overflow",
        [NNC_LIMIT] = "limit",
        [NNC_UNSUPPORTED] = "unsupported",
        [NNC_TASK] = "task",
        [NNC_STATE] = "state",
        [NNC_BAD_IMAGE] = "bad-image",
        [NNC_INTERNAL] = "internal",
    };
    const size_t i = (size_t)status;
    return i < sizeof names / sizeof *names ? names[i] : "unknown";
}
