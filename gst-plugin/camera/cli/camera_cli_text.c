/* SPDX-License-Identifier: MIT */

#include "camera_cli.h"

#include "../camera_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int camera_cli_fail(const char *message)
{
    fprintf(stderr, "nnc-camera: %s\n", message);
    return CAMERA_CLI_FAILED;
}

int camera_cli_open(const struct camera_cli_options *options, struct nnc_camera *camera,
                    struct nnc_camera_offers *offers)
{
    char path[NNC_CAMERA_PATH_SIZE];
    struct nnc_camera_error error;

    if (nnc_camera_find(&nnc_v4l2_kernel, options->device, path, &error) ||
        nnc_camera_open(camera, &nnc_v4l2_kernel, path, &error))
        return camera_cli_fail(error.message);
    if (!nnc_camera_modes_read_all(camera, &nnc_v4l2_converter, offers, &error))
        return CAMERA_CLI_OK;
    nnc_camera_close(camera);
    nnc_camera_offers_clear(offers);
    return camera_cli_fail(error.message);
}

void camera_cli_print_json(json_t *object)
{
    char *const line = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);

    if (line)
        puts(line);
    free(line);
    json_decref(object);
}

json_t *camera_cli_string(const char *text)
{
    json_t *string = json_string(text);

    if (string)
        return string;
    char *const plain = strdup(text);
    for (char *c = plain; c && *c; c++)
        if ((unsigned char)*c > 126)
            *c = '?';
    string = json_string(plain ? plain : "");
    free(plain);
    return string;
}

json_t *camera_cli_identity(const struct nnc_camera_identity *identity, const char *path)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "device", camera_cli_string(path),
                     "name", camera_cli_string(identity->card), "driver",
                     camera_cli_string(identity->driver), "bus",
                     camera_cli_string(identity->bus), "serial",
                     camera_cli_string(identity->serial));
}

void camera_cli_print_rate(struct nnc_camera_rate rate, char *text, size_t size)
{
    snprintf(text, size, "%.5g", rate.d ? (double)rate.n / rate.d : 0.0);
}

const char *camera_cli_quote(const char *text, char *word, size_t size)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789/._-:+,=@";
    size_t n = 0;

    if (*text && !text[strspn(text, plain)]) {
        snprintf(word, size, "%s", text);
        return word;
    }
    n += (size_t)snprintf(word, size, "'");
    for (; *text && n + 6 < size; text++)
        n += (size_t)snprintf(word + n, size - n, *text == '\'' ? "'\\''" : "%c", *text);
    snprintf(word + n, size - n, "'");
    return word;
}
