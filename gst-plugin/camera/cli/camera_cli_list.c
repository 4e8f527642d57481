/* SPDX-License-Identifier: MIT */

#include "camera_cli.h"

#include "../camera_find.h"

#include <stdio.h>

#define LAUNCH "gst-launch-1.0 nnccamsrc device=%s ! videoconvert ! autovideosink"

static void print_camera(const struct nnc_camera_entry *entry, bool json)
{
    const struct nnc_camera_identity *const identity = &entry->identity;
    char word[NNC_CAMERA_PATH_SIZE * 2], launch[NNC_CAMERA_PATH_SIZE * 3];

    snprintf(launch, sizeof launch, LAUNCH,
             camera_cli_quote(entry->path, word, sizeof word));
    if (json) {
        json_t *const object = camera_cli_identity(identity, entry->path);
        json_object_set_new(object, "launch", camera_cli_string(launch));
        camera_cli_print_json(object);
        return;
    }
    printf("%s  %s (driver %s, at %s%s%s)\n    %s\n", entry->path, identity->card,
           identity->driver, identity->bus, *identity->serial ? ", serial number " : "",
           identity->serial, launch);
}

int camera_cli_list(const struct camera_cli_options *options)
{
    struct nnc_camera_entry entries[NNC_CAMERA_MAX_ENTRIES];
    const unsigned n = nnc_camera_list(&nnc_v4l2_kernel, entries);

    for (unsigned i = 0; i < n; i++)
        print_camera(&entries[i], options->json);
    return n ? CAMERA_CLI_OK
             : camera_cli_fail("there is no camera that this user may open");
}
