/* SPDX-License-Identifier: MIT */
#ifndef NNC_CLI_PRINT_H
#define NNC_CLI_PRINT_H

/* How the command speaks: errors as one line on stderr, numbers for people, and JSON
 * whose floats read back to the same bits. */

#include <jansson.h>
#include <nnc/nnc.h>

#include <stddef.h>

/* "nnc: ..." and a line end on stderr; line ends and control bytes inside become '?'. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Large counts with a unit prefix: "1.51 M"; `text` is returned. */
const char *cli_count(double count, char *text, size_t size);

/* A bar of exactly `width` cells, filled to `share` (0..1) in eighths of a cell. `text`
 * needs 3 * width + 1 bytes and is returned. */
const char *cli_bar(double share, unsigned width, char *text);

/* Pads with spaces by characters, not bytes. */
void cli_print_padded(const char *text, int width);

/* Terminal attributes, empty where stdout is no terminal or NO_COLOR is set. */
const char *cli_bold(void);
const char *cli_dim(void);
const char *cli_green(void);
const char *cli_plain(void);

/* A real number, null where it is not finite; a string, with bytes that are no UTF-8
 * replaced (file names may hold any). */
json_t *cli_json_real(double value);
json_t *cli_json_string(const char *text);

/* Prints one object as one line with 9 significant digits, and releases it. Answers an
 * exit code. */
int cli_json_print(json_t *object);

#endif
