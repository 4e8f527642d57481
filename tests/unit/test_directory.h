/* SPDX-License-Identifier: MIT */
#ifndef TEST_DIRECTORY_H
#define TEST_DIRECTORY_H

/* A directory of its own for every test that writes files; the two functions at the end are
 * its checked fixture. Include it in one file of a program. */

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char directory[] = "/tmp/nnc-test-XXXXXX";

/* A path in the directory; four of them are there at a time. */
static inline const char *in_directory(const char *name)
{
    static char path[4][128];
    static unsigned turn;
    char *out = path[turn++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", directory, name);
    return out;
}

static inline uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is missing", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static inline void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(in_directory(name), "wb");
    ck_assert(file && fwrite(bytes, 1, size, file) == size);
    fclose(file);
}

static inline void copy_file(const char *from, const char *name)
{
    size_t size;
    uint8_t *bytes = read_file(from, &size);
    write_file(name, bytes, size);
    free(bytes);
}

static inline void make_directory(void)
{
    memcpy(directory + sizeof directory - 7, "XXXXXX", 6);
    ck_assert(mkdtemp(directory) != NULL);
}

static inline void remove_directory(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

#endif
