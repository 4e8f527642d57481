// SPDX-License-Identifier: MIT
/* Output of the command. Nine significant digits are what a float needs to come back to
 * the same bits; jansson prints them when told so. The rest is dress for terminals. */

#include "print.h"

#include "cli.h"

#include <glib.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLOAT_DIGITS = 9 };

static void keep_one_line(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
    }
}

void cli_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    keep_one_line(text);
    fflush(stdout);
    fprintf(stderr, "nnc: %s\n", text);
    g_free(text);
}

const char *cli_count(double count, char *text, size_t size)
{
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        const double value = count / units[i].unit;
        /* 999.95 k would round to "1000 k" */
        if (value < 0.99995)
            continue;
        const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        g_snprintf(text, size, "%.*f %s", decimals, value, units[i].name);
        return text;
    }
    g_snprintf(text, size, "%.0f", count);
    return text;
}

const char *cli_bar(double share, unsigned width, char *text)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    const double clamped = share > 0 ? (share < 1 ? share : 1) : 0;
    unsigned left = (unsigned)lround(clamped * width * 8);
    char *end = text;
    for (unsigned cell = 0; cell < width; cell++) {
        const unsigned now = left < 8 ? left : 8;
        end = stpcpy(end, eighths[now]);
        left -= now;
    }
    return text;
}

void cli_print_padded(const char *text, int width)
{
    const long length = g_utf8_strlen(text, -1);
    printf("%s%*s", text, length < width ? (int)(width - length) : 0, "");
}

static const char *attribute(const char *code)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? code : "";
}

const char *cli_bold(void)
{
    return attribute("\033[1m");
}

const char *cli_dim(void)
{
    return attribute("\033[2m");
}

const char *cli_green(void)
{
    return attribute("\033[32m");
}

const char *cli_plain(void)
{
    return attribute("\033[0m");
}

json_t *cli_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *cli_json_string(const char *text)
{
    char *valid = g_utf8_make_valid(text, -1);
    json_t *string = json_string(valid);
    g_free(valid);
    return string;
}

int cli_json_print(json_t *object)
{
    const int failed =
        !object ||
        json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(FLOAT_DIGITS));
    json_decref(object);
    if (failed) {
        cli_error("writing the result failed");
        return CLI_FAILED;
    }
    putchar('\n');
    return CLI_OK;
}
