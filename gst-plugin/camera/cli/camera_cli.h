/* SPDX-License-Identifier: MIT */
#ifndef NNC_CAMERA_CLI_H
#define NNC_CAMERA_CLI_H

/* What the sub-commands of `nnc-camera` share. */

#include "../camera_choice.h"

#include <jansson.h>

enum { CAMERA_CLI_OK = 0, CAMERA_CLI_FAILED = 1, CAMERA_CLI_USAGE = 2 };

struct camera_cli_options {
    const char *device; /* as for nnc_camera_find(); NULL: the first */
    const char *model;
    uint32_t width, height;      /* 0: by the model, or the usual size */
    struct nnc_camera_rate rate; /* n 0: the usual one */
    bool json;
};

int camera_cli_list(const struct camera_cli_options *options);
int camera_cli_modes(const struct camera_cli_options *options);
int camera_cli_probe(const struct camera_cli_options *options);

/* One line on stderr; answers CAMERA_CLI_FAILED. */
int camera_cli_fail(const char *message);

/* Finds and opens the camera of the options and reads its modes; says what went wrong. */
int camera_cli_open(const struct camera_cli_options *options, struct nnc_camera *camera,
                    struct nnc_camera_offers *offers);

/* Prints `object` as one line and frees it. */
void camera_cli_print_json(json_t *object);
json_t *camera_cli_identity(const struct nnc_camera_identity *identity, const char *path);
/* Drivers' texts need not be UTF-8. */
json_t *camera_cli_string(const char *text);

/* "30", "29.97". */
void camera_cli_print_rate(struct nnc_camera_rate rate, char *text, size_t size);
/* `text` as one word for a shell; answers `word`. */
const char *camera_cli_quote(const char *text, char *word, size_t size);

#endif
